/**
 * Everything the page asks for. Touches and key edges must arrive in the order they were made, so
 * requests go one after the other; a failure is told to whoever listens, never swallowed.
 */

/** @type {Promise<unknown>} */
let last = Promise.resolve();

/** @type {(text: string) => void} */
let complain = () => {};

/** @param {(text: string) => void} listener */
export function onComplaint(listener) {
  complain = listener;
}

/**
 * @param {string} what  the last part of the address: press, touch, fault, ...
 * @param {Record<string, unknown>} body
 * @returns {Promise<boolean>} whether it was taken
 */
export function send(what, body) {
  const request = last.then(async () => {
    try {
      const answer = await fetch(`live/${what}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        keepalive: true,
      });
      if (!answer.ok) {
        const problem = await answer.json().catch(() => ({}));
        complain(problem.detail || `${answer.status} ${answer.statusText}`);
      }
      return answer.ok;
    } catch (error) {
      complain(String(error));
      return false;
    }
  });
  last = request;
  return request;
}
