/** The whole hall on one screen: wall in the middle, kiosk left, duty desk right, windows below. */
import { html, render, useEffect, useState } from "./lib.js";
import { useFrames } from "./stream.js";
import { onComplaint } from "./send.js";
import { either, rememberedLanguage, setLanguage, t } from "./words.js";
import { TopBar } from "./topbar.js";
import { Hints, NoticeBar } from "./notices.js";
import { Kiosk } from "./kiosk.js";
import { Wall } from "./wall.js";
import { Desk } from "./desk.js";
import { Faults } from "./faults.js";
import { WindowBooth } from "./window.js";

/** @typedef {import("./words.js").Language} Language */

const COMPLAINT_MS = 5000;
const FAST_RATE = 10;

function Hall() {
  const [language, chooseLanguage] = useState(rememberedLanguage());
  const [complaint, setComplaint] = useState("");
  const { frame, cut, arrived } = useFrames();
  setLanguage(language);
  useEffect(() => {
    /** @type {number | undefined} */
    let timer;
    onComplaint((text) => {
      clearTimeout(timer);
      setComplaint(text);
      timer = setTimeout(() => setComplaint(""), COMPLAINT_MS);
    });
  }, []);
  if (!frame) {
    return html`<main class="loading-hall" aria-busy="true">
      <p>${cut ? t("stream_cut") : "正在打开大厅… Opening the hall…"}</p></main>`;
  }
  const other = language === "zh" ? "en" : "zh";
  document.title = `${either(frame.hall.name_zh, frame.hall.name_en)} · hallkit`;
  const officers = frame.view?.windows || [];
  const fast = frame.clock_rate > FAST_RATE ? "is-fast" : "";
  return html`<div class=${`hall ${cut ? "is-cut" : ""} ${fast}`} data-frame=${frame.id}>
    <${TopBar} frame=${frame} arrived=${arrived} language=${language}
      onLanguage=${() => chooseLanguage(/** @type {Language} */ (other))} />
    <${NoticeBar} cut=${cut} complaint=${complaint} />
    <main class="stage">
      <${Kiosk} kiosk=${frame.kiosk} language=${language} />
      <div class="middle">
        <${Wall} wall=${frame.wall} voice=${frame.voice} now=${frame.now_ms} arrived=${arrived}
          queued=${frame.view ? frame.view.announcements.length : 0} language=${language} />
        <${Hints} frame=${frame} language=${language} />
      </div>
      <div class="side">
        <${Desk} view=${frame.view} old=${frame.view_age_ms > 4000} language=${language} />
        <${Faults} gateway=${frame.gateway} broker=${frame.broker} back=${frame.broker_back_ms}
          kiosk=${frame.kiosk} windows=${frame.windows} log=${frame.log}
          offset=${frame.utc_offset_ms} language=${language} />
      </div>
      <section class="windows" aria-label=${t("windows")}>
        ${frame.windows.map(
          (booth, place) => html`<${WindowBooth} key=${booth.id} booth=${booth}
          account=${officers[place]} language=${language} />`,
        )}
      </section>
    </main>
  </div>`;
}

const root = document.getElementById("hall");
if (root) {
  root.textContent = "";
  render(html`<${Hall} />`, root);
}
