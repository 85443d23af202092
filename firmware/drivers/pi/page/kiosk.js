/**
 * The touch page of the ticket kiosk. It shows what its node says and nothing else; a touch goes to
 * the node, which decides. Chinese first; whoever chose English has it until nobody has touched the
 * screen for LANGUAGE_MS.
 */
import { byId, drawIcon, drawIcons, make, makeIcon, say } from "./dom.js";
import { follow, quietMs, send } from "./link.js";
import { WORDS, currentLanguage, setLanguage, t } from "./words.js";

const LANGUAGE_MS = 30_000;
// A button stays pressed until the screen answers, at most so long.
const PRESSED_MS = 1500;

/**
 * @typedef {[code: string, zh: string, en: string, waiting: number | null]} Service
 * @typedef {{mode: string, detail: any[], paper: string}} Screen
 */

/** @type {import("./link.js").Picture | null} */
let picture = null;
/** @type {Service[]} */
let services = [];
let gone = false;
let putAway = ""; // the number whose card somebody has put away

/** The mode to show: the node's, unless the page knows better. */
function modeNow() {
  if (gone) return "gone";
  if (!picture) return "starting";
  const { mode, detail } = picture.screen;
  return mode === "printed" && detail[0] === putAway ? "ready" : mode;
}

function render() {
  const mode = modeNow();
  const zh = currentLanguage() === "zh";
  /** @type {Screen} */
  const screen = picture ? picture.screen : { mode, detail: [], paper: "unknown" };
  document.body.dataset.mode = mode;
  for (const section of document.querySelectorAll("[data-for]")) {
    const shown = (section.getAttribute("data-for") || "").split(" ").includes(mode);
    section.toggleAttribute("hidden", !shown);
  }
  byId("low").hidden = screen.paper !== "low" || mode === "gone";
  if (picture) {
    say(byId("hall"), zh ? picture.title.zh : picture.title.en);
    say(byId("paper-hall"), picture.title.zh);
  }
  if (mode === "ready" || mode === "reserve") renderServices(mode, zh);
  else if (mode === "asking" || mode.startsWith("print")) renderTicket(mode, screen.detail, zh);
  else renderMessage(mode, screen.detail);
}

/**
 * How many wait is null while the node gives out its reserve: then it does not know.
 * @param {string} mode
 * @param {boolean} zh
 */
function renderServices(mode, zh) {
  say(byId("choose-more"), t(mode === "ready" ? "choose_more" : "reserve_more"));
  const box = byId("services");
  box.dataset.count = String(services.length);
  const codes = services.map((service) => service[0]).join(" ");
  if (box.dataset.codes !== codes) {
    box.dataset.codes = codes;
    box.replaceChildren(...services.map(([code]) => makeButton(code)));
  }
  services.forEach(([, nameZh, nameEn, waiting], place) => {
    const button = /** @type {HTMLElement} */ (box.children[place]);
    const [name, other, count] = /** @type {HTMLElement[]} */ ([...button.children]);
    say(name, zh ? nameZh : nameEn);
    say(other, zh ? nameEn : nameZh);
    button.classList.toggle("is-free", waiting === 0);
    say(/** @type {HTMLElement} */ (count.children[1]), waiting ? String(waiting) : "");
    const words = waiting === null ? "reserve_count" : waiting ? "ahead" : "nobody_ahead";
    say(/** @type {HTMLElement} */ (count.children[2]), t(words));
    drawIcon(count.children[0], waiting === null ? "unplug" : waiting ? "people" : "finish");
  });
}

/** @param {string} code */
function makeButton(code) {
  const count = make("span", "count", makeIcon("people"), make("b", ""), make("span", ""));
  const button = make("button", "service", make("b", "name"), make("span", "other"), count);
  const push = makeIcon("go");
  push.classList.add("push");
  button.append(push);
  button.setAttribute("type", "button");
  button.dataset.service = code;
  button.addEventListener("click", () => {
    button.classList.add("is-pressed");
    setTimeout(() => button.classList.remove("is-pressed"), PRESSED_MS);
    send("/touch", { service: code });
  });
  return button;
}

/**
 * @param {string} mode
 * @param {any[]} detail
 * @param {boolean} zh
 */
function renderTicket(mode, detail, zh) {
  const asked = services.find((service) => service[0] === detail[0]);
  const number = mode === "asking" ? "" : detail[0];
  say(byId("above"), t(mode));
  say(byId("number"), mode === "asking" && asked ? asked[zh ? 1 : 2] : number);
  byId("number").classList.toggle("is-name", mode === "asking");
  say(byId("below"), t(`${mode}_more`));
  say(byId("paper-number"), number);
  byId("again").hidden = mode !== "printed";
}

/**
 * @param {string} mode
 * @param {any[]} detail
 */
function renderMessage(mode, detail) {
  const [icon, headline, more] = message(mode, detail);
  drawIcon(byId("message-icon"), icon);
  say(byId("headline"), mode === "identify" ? detail[0] : t(headline));
  say(byId("more"), more ? t(more) : "");
  const waits = mode === "paper_out" ? detail[3] : "";
  byId("safe").hidden = !waits;
  if (waits) byId("safe").replaceChildren(t("is_safe"), make("b", "", waits));
}

/**
 * @param {string} mode
 * @param {any[]} detail
 * @returns {[icon: string, headline: string, more: string]}
 */
function message(mode, detail) {
  if (mode === "paper_out") {
    const [paper, cover, fault] = detail;
    if (cover === "open") return ["cover", "cover_open", "to_desk"];
    if (paper === "out") return ["paper", "paper_out", "to_desk"];
    if (fault === "cutter") return ["cut", "cutter", "to_desk"];
    return ["unplug", "printer_offline", "to_desk"];
  }
  if (mode === "refused") {
    const why = `why_${detail[0]}`;
    if (detail[0] === "offline" || detail[0] === "closed") return message(detail[0], []);
    return ["close", "refused", why in WORDS ? why : "refused_more"];
  }
  if (mode === "offline") return ["unplug", "offline", "offline_more"];
  if (mode === "closed") return ["door", "closed", "closed_more"];
  if (mode === "identify") return ["touch", "", "identify_more"];
  if (mode === "gone") return ["back", "gone", "gone_more"];
  return ["touch", "starting", ""];
}

byId("language").addEventListener("click", () => {
  setLanguage(currentLanguage() === "zh" ? "en" : "zh");
  render();
});
byId("again").addEventListener("click", () => {
  putAway = picture ? picture.screen.detail[0] : "";
  render();
});
addEventListener("contextmenu", (event) => event.preventDefault());
setInterval(() => {
  if (currentLanguage() !== "zh" && quietMs() > LANGUAGE_MS) {
    setLanguage("zh");
    render();
  }
}, 1000);

drawIcons();
setLanguage("zh");
render();
follow(
  (next) => {
    picture = next;
    const { mode, detail } = next.screen;
    if (mode === "ready") services = detail;
    if (mode === "reserve") {
      services = detail.map((/** @type {any[]} */ [code, zh, en]) => [code, zh, en, null]);
    }
    if (next.screen.mode !== "printed") putAway = "";
    render();
  },
  (silent) => {
    gone = silent;
    render();
  },
);
