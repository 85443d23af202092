/** The ticket kiosk: a touch screen with the services, and the slot the paper comes out of. */
import { html, memo, useEffect, useRef } from "./lib.js";
import { Icon } from "./icons.js";
import { send } from "./send.js";
import { either, t } from "./words.js";

/** @typedef {import("./types.js").Kiosk} KioskState */

const BUTTON_MODES = ["ready", "reserve", "asking", "printing", "printed", "identify"];
/** @type {Record<string, string>} */
const MESSAGE_ICONS = { paper_out: "paper", offline: "unplug" };
const NAMED = ["printing", "printed", "identify"]; // the detail is a number, or the node

/** @param {{kiosk: KioskState}} props */
function Screen({ kiosk }) {
  if (BUTTON_MODES.includes(kiosk.mode)) {
    const busy = kiosk.mode === "asking" || kiosk.mode === "printing";
    return html`<div class="touch">
      <p class="touch-title">${kiosk.mode === "ready" ? t("choose") : t(`kiosk_${kiosk.mode}`)}
        ${NAMED.includes(kiosk.mode) && html`<strong>${kiosk.detail[0]}</strong>`}
        ${busy && html`<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>`}</p>
      <div class="touch-buttons">
        ${kiosk.services.map(
          (service) => html`<button type="button" class="touch-button"
          key=${service.code} data-service=${service.code}
          onClick=${() => send("touch", { node: kiosk.node, service: service.code })}>
          <span class="touch-name">${either(service.zh, service.en)}</span>
          <span class="touch-count">${
            service.waiting === null
              ? t("kiosk_reserve_count")
              : service.waiting
                ? html`<b>${service.waiting}</b>${t("people_waiting")}`
                : t("nobody_waiting")
          }</span>
        </button>`,
        )}
      </div>
    </div>`;
  }
  const more =
    kiosk.mode === "paper_out"
      ? t("kiosk_ask_staff")
      : kiosk.mode === "offline"
        ? t("kiosk_offline_more")
        : "";
  return html`<div class=${`touch touch-message is-${kiosk.mode}`}>
    <${Icon} name=${MESSAGE_ICONS[kiosk.mode] || "help"} />
    <p>${t(`kiosk_${kiosk.mode}`)}</p><small>${more}</small>
  </div>`;
}

/** @param {{kiosk: KioskState}} props */
function Slot({ kiosk }) {
  const viewer = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const paper = kiosk.ticket;
  const picture = paper ? `live/ticket/${paper.version}.png` : "";
  const name = paper ? `${paper.number}${paper.copy ? ` ${t("reprint")}` : ""}` : "";
  useEffect(() => {
    const box = viewer.current;
    if (!box) return undefined;
    const onClick = (/** @type {Event} */ event) => {
      if (event.target === box) box.close();
    };
    box.addEventListener("click", onClick);
    return () => box.removeEventListener("click", onClick);
  }, []);
  return html`<div class="slot">
    <div class=${`slot-mouth ${kiosk.busy ? "is-busy" : ""}`}><span>${t("slot")}</span>
      <i class="slot-led" data-paper=${kiosk.paper} data-cover=${kiosk.cover}></i></div>
    <div class="chute">
      ${
        paper
          ? html`<button type="button" class="paper" key=${paper.version}
          data-ticket=${paper.number}
          data-copy=${paper.copy} aria-label=${`${t("enlarge")} ${name}`}
          onClick=${() => viewer.current?.showModal()}>
          <img src=${picture} width=${paper.width} height=${paper.height} alt=${name} />
        </button>`
          : html`<p class="slot-empty">${t("no_ticket")}</p>`
      }
    </div>
    <dialog ref=${viewer} class="viewer" aria-label=${name}>
      ${paper && html`<img src=${picture} alt=${name}
        width=${paper.width} height=${paper.height} />`}
      <p>${t("printed_bytes")}${
        paper &&
        paper.url &&
        html` · <a href=${paper.url} target="_blank"
        rel="noreferrer">${t("phone_page")}</a>`
      }</p>
      <form method="dialog">
        <button class="quiet-button"><${Icon} name="close" />${t("close")}</button></form>
    </dialog>
  </div>`;
}

/** @param {{kiosk: KioskState}} props */
function KioskView({ kiosk }) {
  return html`<section class=${`kiosk ${kiosk.online && kiosk.fresh ? "" : "is-stale"}`}
    aria-label=${t("kiosk")} data-mode=${kiosk.mode}>
    <div class="kiosk-head"><h2>${t("kiosk")}</h2>
      ${!kiosk.online && html`<span class="badge">${t("offline")}</span>`}</div>
    <div class="kiosk-body"><${Screen} kiosk=${kiosk} /><${Slot} kiosk=${kiosk} /></div>
  </section>`;
}

export const Kiosk = memo(KioskView);
