/** One window: its LED sign, the officer, the overtime lamp, the call pad, the rating pad. */
import { html, memo } from "./lib.js";
import { Digits } from "./digits.js";
import { Face, Icon } from "./icons.js";
import { LedPanel } from "./leds.js";
import { useKey } from "./press.js";
import { send } from "./send.js";
import { t } from "./words.js";

/** @typedef {import("./types.js").Window} Booth */

const KEYS = ["next", "recall", "start", "finish", "missed", "hold", "transfer", "pause", "help"];

/** @param {{node: string, place: number, name: string, down: boolean}} props */
function KeyView({ node, place, name, down }) {
  const label = t(`key_${name}`);
  return html`<button type="button" data-key=${name}
    class=${`key key-${name} ${down ? "is-down" : ""}`}
    aria-label=${`${label} ${place + 1}`} ...${useKey(node, place)}>
    <span class="key-digit" aria-hidden="true">${place + 1}</span>
    <${Icon} name=${name} /><span class="key-name">${label}</span>
  </button>`;
}
const Key = memo(KeyView);

/** @param {{booth: Booth}} props */
function Cable({ booth }) {
  const { cable } = booth.pad;
  const words = t(cable ? "pull_cable" : "plug_cable");
  return html`<button type="button" class=${`cable ${cable ? "" : "is-out"}`} aria-pressed=${!cable}
    title=${words} aria-label=${`${t("window")} ${booth.label}: ${words}`}
    onClick=${() => send("fault", { kind: "cable", window: booth.id, broken: cable })}>
    <${Icon} name=${cable ? "plug" : "unplug"} /></button>`;
}

/** @param {{booth: Booth}} props */
function PadView({ booth }) {
  const { pad } = booth;
  const node = `${booth.id}-pad`;
  const bad = !pad.online || !pad.fresh;
  return html`<div class=${`pad ${bad ? "is-stale" : ""}`} data-light=${pad.light}>
    <div class="pad-top">
      <div class="display" data-text=${pad.text} role="img" aria-label=${pad.text.trim() || "—"}>
        <${Digits} segments=${pad.segments} /></div>
      <div class="status"><i class="status-led"></i><span>${t(`light_${pad.light}`)}</span>
        <${Cable} booth=${booth} /></div>
    </div>
    <div class="keys">${KEYS.map(
      (name, place) => html`<${Key} node=${node} place=${place} name=${name}
      down=${pad.keys[place]} language=${document.documentElement.lang} />`,
    )}</div>
    ${bad && html`<span class="badge">${t(pad.cable ? "offline" : "cut")}</span>`}
  </div>`;
}
const Pad = memo(PadView);

/** @param {{node: string, grade: number, rating: import("./types.js").Rating}} props */
function RatingFace({ node, grade, rating }) {
  const chosen = ["thanks", "identify"].includes(rating.mode) && rating.grade === grade;
  return html`<button type="button" class=${`face face-${grade} ${chosen ? "is-chosen" : ""} ${
    rating.keys[grade - 1] ? "is-down" : ""
  }`} aria-label=${t(`face_${grade}`)} title=${t(`face_${grade}`)}
    data-grade=${grade} ...${useKey(node, grade - 1)}><${Face} grade=${grade} /></button>`;
}

/** @param {{booth: Booth}} props */
function RatingView({ booth }) {
  const { rating } = booth;
  const words =
    rating.mode === "open"
      ? `${rating.number} ${t("rate")}`
      : rating.mode === "thanks"
        ? t("thanks")
        : "";
  return html`<div class=${`rating is-${rating.mode}`} data-mode=${rating.mode}>
    <div class="faces">${[1, 2, 3, 4, 5].map(
      (grade) => html`<${RatingFace} grade=${grade}
      node=${`${booth.id}-rating`} rating=${rating} />`,
    )}</div>
    ${words && html`<span class="rating-words">${words}</span>`}
  </div>`;
}
const Rating = memo(RatingView);

/** @param {{booth: Booth, mode: string, officer: {name: string} | null}} props */
function Officer({ booth, mode, officer }) {
  return html`<div class="officer">
    <span class="portrait"><${Icon} name="person" /></span>
    <span class="officer-name">${officer ? officer.name : t("nobody")}
      <small>${booth.services.map((prefix) => html`<i>${prefix}</i>`)}</small></span>
    ${
      mode === "closed" && !officer
        ? html`<button type="button" class="sign-in" disabled=${!booth.pad.online}
          aria-label=${`${t("window")} ${booth.label} ${t("sign_in")} ${booth.suggested}`}
          onClick=${() => send("sign_in", { window: booth.id })}>${t("sign_in")}</button>`
        : html`<span class=${`state state-${mode}`}>${t(`mode_${mode}`)}</span>`
    }
  </div>`;
}

/**
 * @param {{booth: Booth, account: import("./types.js").WindowView | undefined}} props
 */
function WindowBoothView({ booth, account }) {
  const { sign, lamp } = booth;
  const mode = account ? account.mode : "closed";
  return html`<article class=${`booth ${mode === "closed" ? "is-closed" : ""}`}
    data-window=${booth.id}
    aria-label=${`${t("window")} ${booth.label}`}>
    <i class=${`lamp lamp-${lamp.lit ? lamp.colour : "off"}`} data-colour=${lamp.colour}
      data-blinking=${lamp.blinking} title=${t("lamp")}></i>
    <div class="booth-head">
      <span class="plate">${booth.label}</span>
      <div class=${`sign ${sign.online && sign.fresh ? "" : "is-stale"}`}>
        <${LedPanel} leds=${sign} colour="255, 92, 60" scaled=${true}
          name=${`${t("window")} ${booth.label}`} />
      </div>
    </div>
    <${Officer} booth=${booth} mode=${mode} officer=${account ? account.officer : null} />
    <${Pad} booth=${booth} language=${document.documentElement.lang} />
    <${Rating} booth=${booth} language=${document.documentElement.lang} />
  </article>`;
}

export const WindowBooth = memo(WindowBoothView);
