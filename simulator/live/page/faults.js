/** The panel that breaks things, and the hall's account of how it heals. */
import { html, memo, useState } from "./lib.js";
import { Icon } from "./icons.js";
import { send } from "./send.js";
import { clockText } from "./topbar.js";
import { either, t } from "./words.js";

/** @typedef {import("./types.js").Entry} Entry */

const BROKER_SECONDS = [5, 15, 40];

/**
 * @param {{icon: string, label: string, broken: boolean, name: string, onClick: () => void,
 *   disabled?: boolean, children?: unknown}} props
 */
function Breaker({ icon, label, broken, name, onClick, disabled, children }) {
  return html`<div class=${`breaker ${broken ? "is-broken" : ""}`}>
    <button type="button" data-fault=${name} title=${t(`fault_${name}_long`)}
      aria-pressed=${broken} disabled=${disabled} onClick=${onClick}>
      <${Icon} name=${icon} /><span>${label}</span></button>${children}</div>`;
}

/** @param {{windows: import("./types.js").Window[]}} props */
function CableBreaker({ windows }) {
  const [chosen, setChosen] = useState(windows[0] ? windows[0].id : "");
  const booth = windows.find((one) => one.id === chosen) || windows[0];
  const broken = !!booth && !booth.pad.cable;
  return html`<${Breaker} icon=${broken ? "plug" : "unplug"} name="cable" broken=${broken}
    label=${t(broken ? "fault_cable_back" : "fault_cable")}
    onClick=${() => send("fault", { kind: "cable", window: booth.id, broken: !broken })}>
    <select aria-label=${t("window")} value=${chosen}
      onChange=${(/** @type {any} */ event) => setChosen(event.currentTarget.value)}>
      ${windows.map((one) => html`<option value=${one.id}>${
        either(`${one.label}号`, `No.${one.label}`)}</option>`)}
    </select></${Breaker}>`;
}

/** @param {{broker: string, back: number}} props */
function BrokerBreaker({ broker, back }) {
  const [seconds, setSeconds] = useState(BROKER_SECONDS[1]);
  const down = broker !== "up";
  const left = Math.ceil(back / 1000);
  return html`<${Breaker} icon="broker" name="broker" broken=${down} disabled=${down}
    label=${down ? `${left} ${t("fault_broker_down")}` : t("fault_broker")}
    onClick=${() => send("fault", { kind: "broker", seconds })}>
    <select aria-label=${t("fault_for")} value=${seconds}
      onChange=${(/** @type {any} */ event) => setSeconds(Number(event.currentTarget.value))}>
      ${BROKER_SECONDS.map((one) => html`<option value=${one}>${one} ${t("seconds")}</option>`)}
    </select></${Breaker}>`;
}

/** @param {{log: Entry[], offset: number}} props */
function LogView({ log, offset }) {
  return html`<ol class="log" aria-live="polite" aria-label=${t("log")} tabindex="0">
    ${log.length === 0 && html`<li class="entry entry-heal"><span>${t("log_empty")}</span></li>`}
    ${log.map(
      (entry) => html`<li class=${`entry entry-${entry.kind}`} key=${entry.id}>
      <time>${clockText(entry.at_ms, offset)}</time>
      <span>${either(entry.zh, entry.en)}</span></li>`,
    )}
  </ol>`;
}
const Log = memo(LogView);

/**
 * @param {{gateway: string, broker: string, back: number, kiosk: import("./types.js").Kiosk,
 *   windows: import("./types.js").Window[], log: Entry[], offset: number, language: string}} props
 */
function FaultsView({ gateway, broker, back, kiosk, windows, log, offset, language }) {
  const out = kiosk.paper === "out";
  const open = kiosk.cover === "open";
  const dead = gateway !== "up";
  return html`<section class="faults panel" aria-label=${t("break_things")}>
    <h2>${t("break_things")}<small>${t("break_hint")}</small></h2>
    <div class="breakers">
      <${CableBreaker} windows=${windows} />
      <${BrokerBreaker} broker=${broker} back=${back} />
      <${Breaker} icon="gateway" name="gateway" broken=${dead} disabled=${dead}
        label=${t(dead ? "fault_gateway_down" : "fault_gateway")}
        onClick=${() => send("fault", { kind: "gateway" })} />
      <${Breaker} icon="paper" name="paper" broken=${out}
        label=${t(out ? "fault_paper_back" : "fault_paper")}
        onClick=${() => send("fault", { kind: "paper", broken: !out })} />
      <${Breaker} icon="cover" name="cover" broken=${open}
        label=${t(open ? "fault_cover_back" : "fault_cover")}
        onClick=${() => send("fault", { kind: "cover", broken: !open })} />
    </div>
    <${Log} log=${log} offset=${offset} language=${language} />
  </section>`;
}

export const Faults = memo(FaultsView);
