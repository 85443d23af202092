// The gateway over REST. Every answer is a value or a Problem; every action has its own key.

const TIMEOUT_MS = 5000;

/** What the gateway refused, in both languages; status 0: it did not answer at all. */
export class Problem extends Error {
  constructor(status, zh, en) {
    super(en);
    this.status = status;
    this.zh = zh;
    this.en = en;
  }
}

async function call(method, path, body) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  // Randomness without a secure context: a hall's gateway is plain HTTP on its own network.
  if (method === "POST") {
    const random = crypto.getRandomValues(new Uint32Array(4));
    headers["Idempotency-Key"] = [...random].map((part) => part.toString(36)).join("");
  }
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new Problem(0, "网关没有回应", "The gateway does not answer.");
  }
  const text = await answer.text();
  let content = {};
  try {
    content = text ? JSON.parse(text) : {};
  } catch {
    content = {};
  }
  if (answer.ok) return content;
  const told = `${answer.status} ${answer.statusText}`;
  throw new Problem(answer.status, content.detail_zh || told, content.detail_en || told);
}

const at = (node) => `/api/v1/nodes/${encodeURIComponent(node)}`;

export const session = () => call("GET", "/api/v1/session");
export const signIn = (token) => call("POST", "/api/v1/session", { token });
export const signOut = () => call("DELETE", "/api/v1/session");
export const nodes = async () => (await call("GET", "/api/v1/nodes")).nodes;
export const releases = async () => (await call("GET", "/api/v1/releases")).releases;
export const identify = (node, seconds) => call("POST", `${at(node)}/identify`, { seconds });
export const update = (node, release) => call("POST", `${at(node)}/update`, { release });
export const wiring = (node) => call("GET", `${at(node)}/wiring`);
export const picture = (node) => `${at(node)}/wiring.svg`;
export const lines = (node) => call("GET", `${at(node)}/log`);
export const lineStream = (node, after) =>
  new EventSource(`/api/v1/nodes/log/stream?node=${encodeURIComponent(node)}&after=${after}`);
