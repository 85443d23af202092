/** The duty desk: who waits for what, by the gateway's own account. */
import { html, memo } from "./lib.js";
import { Icon } from "./icons.js";
import { send } from "./send.js";
import { either, t } from "./words.js";

/** @typedef {import("./types.js").View} View */

const CHIPS_MAX = 5;

/** @param {number | null} ms */
function minutes(ms) {
  return ms === null || ms === undefined ? "–" : (ms / 60000).toFixed(ms < 600000 ? 1 : 0);
}

/** @param {{label: string, value: string | number, unit?: string, name?: string}} props */
function Figure({ label, value, unit, name }) {
  return html`<div class="figure" data-figure=${name}><dt>${label}</dt>
    <dd>${value}${unit && html`<small>${unit}</small>`}</dd></div>`;
}

/** @param {{view: View}} props */
function Lines({ view }) {
  return html`<ul class="lines">${view.services.map(
    (service) => html`<li key=${service.code}
    data-service-line=${service.code}><span class="prefix">${service.prefix}</span>
    <span class="line-name">${either(service.name_zh, service.name_en)}</span>
    <b class=${service.waiting ? "" : "is-zero"}>${service.waiting}</b></li>`,
  )}</ul>`;
}

/**
 * Who is called next, in the order of the line.
 * @param {{view: View}} props
 */
function Line({ view }) {
  const more = view.waiting.length - CHIPS_MAX;
  return html`<div class="line"><span>${t("next_up")}</span>
    ${view.waiting.length === 0 && html`<i class="nobody">${t("nobody_in_line")}</i>`}
    ${view.waiting.slice(0, CHIPS_MAX).map((one) => html`<i key=${one.ticket}>${one.number}</i>`)}
    ${more > 0 && html`<i class="more">+${more}</i>`}</div>`;
}

/** @param {{view: View | null, old: boolean}} props */
function DeskView({ view, old }) {
  if (!view) return html`<section class="desk panel is-stale"><h2>${t("desk")}</h2></section>`;
  const { totals } = view;
  return html`<section class=${`desk panel ${old ? "is-old" : ""}`} aria-label=${t("desk")}
    data-seq=${view.seq}>
    <h2>${t("desk")}${old && html`<span class="badge">${t("gateway_cut")}</span>`}</h2>
    <dl class="figures">
      <${Figure} name="issued" label=${t("issued")} value=${totals.issued} />
      <${Figure} name="waiting" label=${t("waiting")} value=${totals.waiting} />
      <${Figure} name="served" label=${t("served")} value=${totals.served} />
      <${Figure} name="wait" label=${t("average_wait")} unit=${t("minutes")}
        value=${minutes(totals.average_wait_ms)} />
      <${Figure} name="rating" label=${t("average_rating")}
        value=${totals.ratings.average === null ? "–" : totals.ratings.average.toFixed(1)} />
    </dl>
    <${Lines} view=${view} />
    <${Line} view=${view} />
    ${
      view.missed.length > 0 &&
      html`<div class="missed"><span>${t("missed")}</span>
      ${view.missed.slice(-4).map(
        (one) => html`<button type="button" title=${t("bring_back")}
        aria-label=${`${one.number} ${t("bring_back")}`} key=${one.ticket}
        onClick=${() => send("return", { ticket: one.ticket })}>
        <${Icon} name="back" />${one.number}</button>`,
      )}</div>`
    }
  </section>`;
}

export const Desk = memo(DeskView);
