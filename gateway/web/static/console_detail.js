// One node opened: what is wrong and what to do, the actions, how it is, its log, its wiring.
import * as api from "./console_api.js";
import { bars, fill, h, icon, say } from "./console_dom.js";
import { doneBytes, percent, uptimeMs } from "./console_list.js";
import { Log } from "./console_log.js";
import { barsOf, isEsp32, isUpdating } from "./console_state.js";
import { Wiring } from "./console_wiring.js";
import { ago, either, kilobytes, span, t } from "./console_words.js";

const IDENTIFY_S = 10;
const COPIED_MS = 2000;

export class Detail {
  /** `shared`: close(), refresh(), mayAct(), utcOffsetMs. */
  constructor(id, shared) {
    this.id = id;
    this.shared = shared;
    this.identifyUntil = 0;
    this.complaint = "";
    this.shownProblems = "";
    this.shownFacts = "";
    this.log = new Log(id, shared.utcOffsetMs);
    this.wiring = new Wiring(id);
    this.build();
    this.timer = setInterval(() => this.countDown(), 250);
  }

  build() {
    this.mark = h("span", { class: "mark" });
    this.title = h("h2", { tabindex: "-1" });
    this.under = h("p", { class: "quiet" });
    this.back = h("button", { type: "button", class: "button back", onclick: this.shared.close });
    this.back.append(icon("back"));
    this.word = h("strong", { class: "state-word" });
    this.problems = h("div", { class: "problems", role: "status" });
    this.identify = h("button", {
      type: "button",
      class: "button is-main",
      dataset: { action: "identify" },
      onclick: () => this.act(() => this.askIdentify()),
    });
    this.identifyText = h("span");
    this.identify.append(icon("blink"), this.identifyText);
    this.choice = h("select", {
      dataset: { action: "release" },
      onchange: () => this.shared.refresh(),
    });
    this.updateButton = h("button", {
      type: "button",
      class: "button",
      dataset: { action: "update" },
      onclick: () => this.act(() => this.askUpdate()),
    });
    this.updateText = h("span");
    this.updateButton.append(icon("update"), this.updateText);
    this.choiceLabel = h("label", { class: "choice" }, h("span"), this.choice);
    this.updateRow = h("div", { class: "update-row" }, this.choiceLabel, this.updateButton);
    this.updateNote = h("p", { class: "quiet" });
    this.progress = h("progress", { max: 1, value: 0 });
    this.progressText = h("p", { class: "progress-text", role: "status" });
    this.said = h("p", { class: "complaint", role: "alert", hidden: true });
    this.facts = h("dl", { class: "facts" });
    this.element = h(
      "article",
      { class: "detail" },
      h(
        "header",
        { class: "detail-head" },
        this.back,
        this.mark,
        h("div", { class: "detail-title" }, this.title, this.under),
        this.word,
      ),
      this.problems,
      h(
        "section",
        { class: "panel actions" },
        this.identify,
        h("div", { class: "update" }, this.updateRow, this.updateNote),
        h("div", { class: "progress-row" }, this.progressText, this.progress),
        this.said,
      ),
      h("section", { class: "panel" }, this.facts),
      this.log.element,
      this.wiring.element,
    );
  }

  // ---- what is asked for

  async act(ask) {
    this.complaint = "";
    try {
      await ask();
    } catch (problem) {
      if (!(problem instanceof api.Problem)) throw problem;
      this.complaint = t("not_done") + either(problem.zh, problem.en);
    }
    this.said.hidden = !this.complaint;
    say(this.said, this.complaint);
    this.shared.refresh();
  }

  async askIdentify() {
    const { seconds } = await api.identify(this.id, IDENTIFY_S);
    this.identifyUntil = performance.now() + seconds * 1000;
    this.countDown();
  }

  async askUpdate() {
    await api.update(this.id, Number(this.choice.value));
  }

  countDown() {
    const left = Math.ceil((this.identifyUntil - performance.now()) / 1000);
    say(this.identifyText, left > 0 ? t("identifying", { left }) : t("identify"));
    this.identify.toggleAttribute("data-busy", left > 0);
  }

  // ---- what is shown

  /** `cut`: the gateway is silent, so nothing can be asked of it. */
  show(view, releases, cut) {
    const { node, state, problems } = view;
    const worst = problems[0];
    this.element.dataset.state = state;
    this.element.dataset.level = worst && worst.level !== "info" ? worst.level : "good";
    this.mark.replaceChildren(icon(node.kind));
    const where = node.window_label ? t("window", { label: node.window_label }) : t("hall_devices");
    say(this.title, `${t(`kind_${node.kind}`)} · ${where}`);
    say(this.under, `${node.id} · ${node.board}`);
    say(this.word, t(`state_${state}`));
    this.back.setAttribute("aria-label", t("back"));
    this.back.title = t("back");
    this.showProblems(problems);
    this.showActions(node, releases, cut);
    this.showFacts(node);
    this.log.show(cut);
    this.countDown();
  }

  /** The language has changed. */
  words() {
    this.shownProblems = this.shownFacts = "";
    this.wiring.words();
  }

  showProblems(problems) {
    const key = JSON.stringify(problems);
    if (key === this.shownProblems) return;
    this.shownProblems = key;
    fill(
      this.problems,
      problems.map((each) =>
        h(
          "section",
          { class: "problem", dataset: { level: each.level, what: each.what } },
          icon(each.level === "info" ? "update" : "warning"),
          h(
            "div",
            {},
            h("strong", {}, each.text),
            h("p", {}, h("b", {}, `${t("next_step")}: `), each.step),
            each.command && commandLine(each.command),
          ),
        ),
      ),
    );
  }

  showActions(node, releases, cut) {
    const may = this.shared.mayAct();
    this.identify.disabled = cut || !may || !node.online;
    this.identify.title = may ? t("identify_hint") : t("reads_only");
    const running = node.health ? node.health.release : 0;
    this.showReleases(releases, running);
    const over = isEsp32(node);
    this.updateRow.hidden = !over || releases.length === 0;
    this.updateNote.hidden = over && releases.length > 0;
    say(this.updateNote, t(over ? "no_releases" : "not_over_the_air"));
    say(this.updateText, t("update"));
    const same = Number(this.choice.value) === running && !node.health.trial;
    this.updateButton.disabled = cut || !may || !node.online || isUpdating(node) || same;
    this.updateButton.title = may ? "" : t("reads_only");
    this.showProgress(node);
  }

  showReleases(releases, running) {
    const key = JSON.stringify([releases, running, t("update")]);
    if (key === this.shownReleases) return;
    this.shownReleases = key;
    const chosen = this.choice.value;
    const option = (each, place) => {
      const marks = [place === 0 && t("newest"), each.release === running && t("running")];
      const mark = marks.filter(Boolean).join(", ");
      const words = `${each.release} · ${each.name}${mark ? ` (${mark})` : ""}`;
      return h("option", { value: each.release }, words);
    };
    fill(this.choice, releases.map(option));
    if (releases.some((each) => String(each.release) === chosen)) this.choice.value = chosen;
    say(this.choiceLabel.firstChild, t("update_to"));
  }

  showProgress(node) {
    const { update } = node;
    const row = this.progress.parentElement;
    row.hidden = !update;
    if (!update) return;
    row.dataset.state = update.state;
    const under = isUpdating(node);
    const when = under ? percent(update) : ago(update.at_ms_ago);
    say(
      this.progressText,
      [`${t("release")} ${update.release}: ${t(`update_${update.state}`)}`, when, update.why]
        .filter(Boolean)
        .join(" · "),
    );
    const whole = update.total_bytes || 1;
    this.progress.max = whole;
    this.progress.value = doneBytes(update);
    this.progress.hidden = !under && update.state !== "confirmed";
    this.progress.setAttribute("aria-label", t("update"));
  }

  showFacts(node) {
    const facts = factsOf(node);
    const labels = facts.map(([label]) => label).join();
    if (labels !== this.shownFacts) {
      this.shownFacts = labels;
      this.values = facts.map(() => h("span"));
      this.barsAt = h("span");
      fill(
        this.facts,
        facts.map(([label], place) =>
          h(
            "div",
            {},
            h("dt", {}, label),
            h("dd", {}, this.values[place], label === t("signal") && this.barsAt),
          ),
        ),
      );
    }
    facts.forEach(([, value, level], place) => {
      say(this.values[place], value === null ? "–" : value);
      this.values[place].closest("div").dataset.level = level || "";
    });
    this.barsAt.replaceChildren(signalOf(node) || "");
  }

  close() {
    clearInterval(this.timer);
    this.log.close();
    this.element.remove();
  }
}

function signalOf(node) {
  const dbm = node.health ? node.health.signal_dbm : null;
  return dbm === null ? null : bars(barsOf(node), `${dbm} dBm`);
}

/** [label, text or null, level]. */
function factsOf(node) {
  const { health } = node;
  const release = health && health.release > 0 ? String(health.release) : t("no_release");
  const trial = health && health.trial ? ` · ${t("trial")}` : "";
  const slot = health && health.slot !== "none" ? ` · ${t("slot")} ${health.slot}` : "";
  const fault =
    health && health.faults > 0
      ? `${health.fault} (${t("faults_in_a_row", { count: health.faults })})`
      : t("no_fault");
  const dbm = health ? health.signal_dbm : null;
  const seen = node.last_seen_ms_ago;
  const wanted = node.want_rev === null ? null : `${node.shown_rev ?? "–"} / ${node.want_rev}`;
  return [
    [t("release"), health ? release + slot + trial : null],
    [t("firmware"), node.firmware || null],
    [t("uptime"), health && node.online ? span(uptimeMs(node)) : null],
    [t("last_seen"), seen === null ? t("not_yet") : ago(seen)],
    [t("signal"), dbm === null ? t("no_radio") : `${dbm} dBm `],
    [t("outbox"), node.outbox_age_ms > 0 ? span(node.outbox_age_ms) : t("outbox_empty")],
    [t("fault_last"), health ? fault : null, health && health.faults > 0 ? "warn" : ""],
    [t("heap"), health && health.heap_free_bytes !== null
      ? kilobytes(health.heap_free_bytes)
      : null],
    [t("boot"), node.boot ? String(node.boot) : null],
    [t("shown"), wanted],
    [t("reports"), `${node.reports} / ${node.duplicates} / ${node.rejected}`],
  ];
}

function commandLine(command) {
  const label = h("span", {}, t("copy"));
  const button = h(
    "button",
    {
      type: "button",
      class: "button copy",
      onclick: () => {
        copy(command);
        say(label, t("copied"));
        setTimeout(() => say(label, t("copy")), COPIED_MS);
      },
    },
    icon("copy"),
    label,
  );
  return h("div", { class: "command" }, h("code", {}, command), button);
}

/** The clipboard of browsers is closed on plain HTTP; the old way is not. */
function copy(text) {
  const field = h("textarea", { class: "offscreen", readonly: true }, text);
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
