/** The top bar: the hall's name, its clock, how fast time runs, sound, language. */
import { html, useEffect, useRef, useState } from "./lib.js";
import { Icon } from "./icons.js";
import { send } from "./send.js";
import { soundIsOn, switchSound } from "./sound.js";
import { either, t } from "./words.js";

/** @typedef {import("./types.js").Frame} Frame */

export const RATES = [1, 10, 60, 200, 600];
const TICK_MS = 100;

/**
 * Hours, minutes and seconds in the hall's own time zone.
 * @param {number} hallMs
 * @param {number} offsetMs
 */
export function clockText(hallMs, offsetMs) {
  return new Date(hallMs + offsetMs).toISOString().slice(11, 19);
}

/** @param {{frame: Frame, arrived: number}} props */
function Clock({ frame, arrived }) {
  const face = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const draw = () => {
      if (!face.current || frame.hall_ms === null) return;
      const passed = frame.gateway === "up" ? performance.now() - arrived : 0;
      const ahead = Math.min(passed, 3000) * frame.clock_rate;
      face.current.textContent = clockText(frame.hall_ms + ahead, frame.utc_offset_ms);
    };
    draw();
    const timer = setInterval(draw, TICK_MS);
    return () => clearInterval(timer);
  }, [frame.hall_ms, arrived, frame.clock_rate, frame.gateway]);
  const date = frame.view?.date || "";
  return html`<div class="clock" title=${t("hall_time")}>
    <time ref=${face} class="clock-face">--:--:--</time>
    <span class="clock-date">${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}</span>
  </div>`;
}

/** @param {{frame: Frame}} props */
function DayControls({ frame }) {
  const { day, mode, rate, paused } = frame;
  return html`<div class="day-controls">
    <div class="segmented" role="group" aria-label=${t("plays_itself")}>
      <button type="button" aria-pressed=${mode === "hand"}
        onClick=${() => send("mode", { mode: "hand" })}>
        <${Icon} name="hand" />${t("by_hand")}</button>
      <button type="button" aria-pressed=${mode === "day"}
        onClick=${() => send("mode", { mode: "day" })}>
        <${Icon} name="day" />${t("plays_itself")}</button>
    </div>
    <div class="segmented rates" role="group" aria-label=${t("speed")}>
      ${RATES.map(
        (step) => html`<button type="button" aria-pressed=${rate === step}
        onClick=${() => send("rate", { rate: step })}>${step}×</button>`,
      )}
    </div>
    ${
      mode === "day" &&
      html`<button type="button" class="quiet-button" aria-pressed=${paused}
      onClick=${() => send("pause", { paused: !paused })}>
      <${Icon} name=${paused ? "play" : "stop"} />${t(paused ? "go_on" : "pause_day")}</button>
      <div class="day-state" data-phase=${day.phase}>
        <strong>${t(`day_${day.phase}`)}</strong>
        <progress value=${day.arrived} max=${day.planned || 1}
          aria-label=${t("arrived")}></progress>
        <span>${day.arrived}/${day.planned}</span>
      </div>`
    }
  </div>`;
}

/**
 * @param {{frame: Frame, arrived: number, language: string, onLanguage: () => void}} props
 */
export function TopBar({ frame, arrived, language, onLanguage }) {
  const [sound, setSound] = useState(soundIsOn());
  return html`<header class="topbar">
    <div class="brand">
      <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
        <rect x="3" y="5" width="26" height="4" rx="2" />
        <rect x="3" y="14" width="16" height="4" rx="2" />
        <rect x="3" y="23" width="21" height="4" rx="2" />
        <circle cx="26" cy="16" r="3" /></svg>
      <h1>${either(frame.hall.name_zh, frame.hall.name_en)}</h1>
    </div>
    <${DayControls} frame=${frame} />
    <div class="bar-end">
      <${Clock} frame=${frame} arrived=${arrived} />
      <a class="quiet-button console" href="live/console" target="hallkit-console"
        title=${t("console_long")}><${Icon} name="tools" />${t("console")}</a>
      <button type="button" class="quiet-button sound" aria-pressed=${sound}
        onClick=${() => setSound(switchSound())}>
        <${Icon} name=${sound ? "sound" : "mute"} />${t(sound ? "sound_off" : "sound_on")}</button>
      <button type="button" class="quiet-button language" lang=${language === "zh" ? "en" : "zh-CN"}
        onClick=${onLanguage}>${t("other_language")}</button>
    </div>
  </header>`;
}
