/** The LED wall and, below it, the announcement: its words light up as they are spoken. */
import { html, memo, useEffect, useState } from "./lib.js";
import { Icon } from "./icons.js";
import { LedPanel } from "./leds.js";
import { follow } from "./sound.js";
import { either, t } from "./words.js";

/** @typedef {import("./types.js").Announcement} Announcement */

/** @type {Record<string, string>} */
const HANZI = {
  qing: "请",
  hao: "号",
  dao: "到",
  chuangkou: "窗口",
  chongfu: "重复呼叫",
  shi: "十",
  yao: "1",
};
const STEP_MS = 80;

/**
 * @param {{voice: import("./types.js").Voice, now: number, arrived: number, queued: number}} props
 */
function Spoken({ voice, now, arrived, queued }) {
  const playing = voice.playing;
  const shown = playing || voice.last;
  const [elapsed, setElapsed] = useState(0);
  useEffect(() => {
    const offset = now - arrived;
    if (!playing) {
      follow(null, 0);
      return undefined;
    }
    const step = () => {
      const since = performance.now() + offset - playing.started_ms;
      setElapsed(since);
      follow(playing, since);
    };
    step();
    const timer = setInterval(step, STEP_MS);
    return () => clearInterval(timer);
  }, [playing && playing.job]);
  const state = playing ? "speaking" : shown ? "last_call" : "quiet";
  return html`<div class=${`spoken ${playing ? "is-speaking" : ""}`} aria-live="polite">
    <span class="spoken-icon"><${Icon} name="recall" /></span>
    <div class="spoken-text">
      <span class="spoken-state">${t(state)}${
        queued > 1 ? ` · ${queued - 1} ${t("in_line")}` : ""}</span>
      ${
        shown &&
        html`<p class="tokens" data-job=${shown.job} data-number=${shown.number}>
        ${shown.tokens.map((token, place) =>
          token === "pause"
            ? html`<i class="breath"></i>`
            : html`<span class=${tokenClass(shown, place, playing ? elapsed : -1)}>${
                token === "chime" ? html`<${Icon} name="chime" />` : HANZI[token] || token
              }</span>`,
        )}
      </p>`
      }
      ${shown && shown.number && html`<span class="spoken-english">${
        either("", `Ticket ${shown.number}, window ${shown.window}`)}</span>`}
    </div>
  </div>`;
}

/**
 * @param {Announcement} shown
 * @param {number} place
 * @param {number} elapsed  -1 when nothing is being said
 */
function tokenClass(shown, place, elapsed) {
  if (elapsed < 0) return "token";
  const next = shown.starts_ms[place + 1] ?? shown.length_ms;
  if (elapsed >= next) return "token was";
  return elapsed >= shown.starts_ms[place] ? "token now" : "token";
}

/**
 * @param {{wall: import("./types.js").Leds, voice: import("./types.js").Voice, now: number,
 *   arrived: number, queued: number}} props
 */
function WallView({ wall, voice, now, arrived, queued }) {
  const bad = !wall.online || !wall.fresh;
  return html`<section class=${`wall ${bad ? "is-stale" : ""}`} aria-label=${t("wall")}
    data-online=${wall.online} data-fresh=${wall.fresh}>
    <div class="cabinet">
      <${LedPanel} leds=${wall} colour="255, 150, 40" name=${t("wall")} />
      ${bad && html`<span class="badge">${t("offline")}</span>`}
    </div>
    <${Spoken} voice=${voice} now=${now} arrived=${arrived} queued=${queued} />
  </section>`;
}

export const Wall = memo(WallView);
