/** What the page itself has to say: it is cut off, something was refused, and how to begin. */
import { html, memo, useEffect, useState } from "./lib.js";
import { Icon } from "./icons.js";
import { t } from "./words.js";

/** @typedef {import("./types.js").Frame} Frame */

const FAREWELL_MS = 12000;

/** @param {{cut: boolean, complaint: string}} props */
export function NoticeBar({ cut, complaint }) {
  if (!cut && !complaint) return null;
  const text = cut ? t("stream_cut") : t("refused_request") + complaint;
  return html`<div class=${`notice ${cut ? "is-bad" : ""}`} role="alert">${text}</div>`;
}

/**
 * The three steps; each is ticked off when the hall shows that it was done.
 * @param {{frame: Frame}} props
 */
function HintsView({ frame }) {
  const [closed, setClosed] = useState(false);
  const view = frame.view;
  const done = [
    !!view && view.totals.issued > 0,
    !!view && view.windows.some((one) => one.officer),
    !!view && view.calls.length > 0,
  ];
  const step = done.indexOf(false);
  useEffect(() => {
    const timer = step === -1 ? setTimeout(() => setClosed(true), FAREWELL_MS) : undefined;
    return () => clearTimeout(timer);
  }, [step]);
  if (closed || !view || frame.mode === "day") return null;
  const steps = /** @type {[string, string][]} */ ([
    ["hint_touch", "touch"],
    ["hint_sign_in", "badge"],
    ["hint_next", "next"],
  ]);
  return html`<aside class="hints" aria-label=${t("welcome")}>
    <ol>${steps.map(
      ([key, icon], place) => html`<li class=${done[place] ? "is-done" : ""}
      aria-current=${place === step ? "step" : undefined}>
      <span class="step-mark">${done[place] ? html`<${Icon} name="finish" />` : place + 1}</span>
      <span>${t(key)}</span><${Icon} name=${icon} /></li>`,
    )}</ol>
    <button type="button" class="quiet-button" onClick=${() => setClosed(true)}>${
      t("hint_close")}</button>
  </aside>`;
}

export const Hints = memo(HintsView);
