/**
 * The calling wall on a television: the newest call large, the ones before it below, in both
 * languages at once because nobody can touch it. It shows what its node says and nothing else.
 */
import { byId, drawIcons, make, say } from "./dom.js";
import { follow } from "./link.js";

/**
 * @typedef {[number: string, window: string, fresh: boolean]} Call
 * @typedef {{mode: string, rows: Call[], waiting: number, notice: string}} Screen
 */

const ROWS_MAX = 6;
const LONG_NOTICE = 22;
// How many signs a plate holds in its large type.
const LONG_WINDOW = 2;

/** @type {Record<string, [zh: string, en: string]>} */
const MESSAGES = {
  welcome: ["欢迎，请先取号", "Welcome. Please take a ticket first"],
  stale: ["信息更新中，请稍候", "Being updated, please wait. Listen for your number"],
  gone: ["信息更新中，请稍候", "This display is coming back, please wait"],
  starting: ["正在启动…", "Starting…"],
};

/** @type {import("./link.js").Picture | null} */
let picture = null;
let gone = false;

function render() {
  /** @type {Screen} */
  const screen = picture ? picture.screen : { mode: "starting", rows: [], waiting: 0, notice: "" };
  const known = !gone && screen.mode === "live";
  const calls = known ? screen.rows : [];
  const mode = gone ? "gone" : known && !calls.length ? "welcome" : screen.mode;
  document.body.dataset.mode = mode;
  document.body.dataset.calls = String(Math.min(calls.length, ROWS_MAX + 1));
  if (picture) say(byId("hall"), picture.title.zh);
  byId("waiting").hidden = !known;
  say(byId("count"), String(screen.waiting));
  byId("hero").hidden = !calls.length;
  byId("message").hidden = calls.length > 0;
  if (calls.length) renderHero(calls[0]);
  else message(mode, screen).forEach((text, place) => say(byId(place ? "more" : "headline"), text));
  renderRows(calls.slice(1, 1 + ROWS_MAX));
  byId("notice").hidden = !known || !screen.notice;
  say(byId("notice-text"), screen.notice);
  byId("notice").classList.toggle("is-long", screen.notice.length > LONG_NOTICE);
}

/**
 * @param {string} mode
 * @param {Screen} screen
 * @returns {[headline: string, more: string]}
 */
function message(mode, screen) {
  if (mode === "identify") return [screen.notice, "这块屏的节点名 · The name of this display's node"];
  return MESSAGES[mode];
}

/** @param {Call} call */
function renderHero([number, window, fresh]) {
  const hero = byId("hero");
  const call = `${number} ${window}`;
  hero.classList.toggle("is-new", fresh);
  if (hero.dataset.call === call) return;
  hero.dataset.call = call;
  say(byId("hero-number"), number);
  byId("hero-window").replaceChildren(...plate(window));
  // The same element again, as if it were another one: its arrival is played anew.
  hero.classList.remove("is-arriving");
  void hero.offsetWidth;
  hero.classList.add("is-arriving");
}

/** @param {Call[]} calls */
function renderRows(calls) {
  const box = byId("rows");
  const text = calls.map(([number, window]) => `${number} ${window}`).join("\n");
  if (box.dataset.calls !== text) {
    box.dataset.calls = text;
    box.replaceChildren(
      ...calls.map(([number, window]) => {
        const row = make("li", "row", make("b", "number", number), make("p", "plate"));
        row.lastElementChild?.append(...plate(window));
        return row;
      }),
    );
  }
  calls.forEach(([, , fresh], place) => box.children[place].classList.toggle("is-new", fresh));
}

/**
 * "3" is window number 3; a window with a name goes by its name.
 * @param {string} window
 */
function plate(window) {
  const label = make("b", window.length > LONG_WINDOW ? "is-long" : "", window);
  const zh = /^\d+$/.test(window) ? "号窗口" : "窗口";
  return [label, make("span", "", zh, make("small", "", "Window"))];
}

drawIcons();
render();
follow(
  (next) => {
    picture = next;
    render();
  },
  (silent) => {
    gone = silent;
    render();
  },
);
