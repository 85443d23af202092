/**
 * The page's line to its node: pictures down, touches and signs of life up. When nothing has come
 * for SILENT_MS the page says so, because an old picture must never look new. The page tells that
 * it lives only when the browser really draws; who does not draw is started again.
 */

const SILENT_MS = 3500;
const LOOK_MS = 500;
const REOPEN_MS = 3000;
const ALIVE_MS = 5000;
// Browsers that stay open for days grow; a quiet page begins anew after this.
const LIFE_MS = 20 * 3_600_000;
const QUIET_MS = 600_000;

let touchedAt = performance.now();
addEventListener("pointerdown", () => {
  touchedAt = performance.now();
});

/** @returns {number} milliseconds since somebody touched the screen */
export function quietMs() {
  return performance.now() - touchedAt;
}

/**
 * @typedef {{build: string, title: {zh: string, en: string}, screen: any}} Picture
 * @param {(picture: Picture) => void} onPicture  at once and at every change
 * @param {(gone: boolean) => void} onGone  the node is silent, or back
 */
export function follow(onPicture, onGone) {
  /** @type {EventSource | null} */
  let source = null;
  let heardAt = performance.now();
  let openedAt = 0;
  let gone = false;
  let build = "";
  const hear = () => {
    heardAt = performance.now();
    if (gone) onGone((gone = false));
  };
  const open = () => {
    source?.close();
    openedAt = performance.now();
    source = new EventSource("/screen");
    source.addEventListener("beat", hear);
    source.addEventListener("message", (event) => {
      const picture = JSON.parse(event.data);
      build ||= picture.build;
      if (picture.build !== build) return location.reload();
      hear();
      return onPicture(picture);
    });
  };
  open();
  setInterval(() => {
    const now = performance.now();
    if (now - heardAt > SILENT_MS && !gone) onGone((gone = true));
    // The browser's own patience grows, and some answers end it for good: begin anew.
    if (gone && now - openedAt > REOPEN_MS) open();
    if (now > LIFE_MS && quietMs() > QUIET_MS && !gone) location.reload();
  }, LOOK_MS);
  setInterval(() => requestAnimationFrame(() => send("/alive", { build })), ALIVE_MS);
  requestAnimationFrame(() => send("/alive", { build }));
}

/**
 * @param {string} path
 * @param {Record<string, string>} body
 * @returns {Promise<boolean>} whether the node took it
 */
export async function send(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return answer.ok;
  } catch {
    return false; // the node is gone; its silence is told by `follow`
  }
}
