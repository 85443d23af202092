// All nodes as rows, grouped by window. Rows stay the same elements, so that focus and eyes keep
// their place while what they say changes.
import { bars, h, icon, say } from "./console_dom.js";
import { barsOf, FILTERS, isUpdating } from "./console_state.js";
import { span, t } from "./console_words.js";

/** One node. `choose(id)` is called when it is opened. */
class Row {
  constructor(node, choose) {
    this.id = node.id;
    this.mark = h("span", { class: "mark" });
    this.kind = h("span", { class: "row-kind" });
    this.name = h("span", { class: "row-name" }, node.id);
    this.word = h("span", { class: "row-word" });
    this.facts = h("span", { class: "row-facts" });
    this.problem = h("span", { class: "row-problem" });
    this.signal = h("span", { class: "row-signal" });
    this.element = h(
      "a",
      {
        class: "row",
        href: `#${node.id}`,
        dataset: { node: node.id },
        onclick: (event) => {
          event.preventDefault();
          choose(node.id);
        },
      },
      this.mark,
      h("span", { class: "row-who" }, this.kind, this.name),
      this.word,
      this.signal,
      this.facts,
      this.problem,
    );
    this.shown = "";
  }

  show(view, chosen) {
    const { node, state, problems } = view;
    if (chosen && !this.element.hasAttribute("aria-current")) {
      this.element.scrollIntoView({ block: "nearest" });
    }
    const worst = problems[0];
    const level = worst && worst.level !== "info" ? worst.level : "good";
    this.element.toggleAttribute("aria-current", chosen);
    const facts = factsOf(node);
    // "Lost" needs no second word, but for since when.
    const problem = worst && worst.what !== "never" ? worst.text : "";
    const key = JSON.stringify([state, level, problem, facts, barsOf(node), t("nodes")]);
    if (key === this.shown) return;
    this.shown = key;
    this.element.dataset.state = state;
    this.element.dataset.level = level;
    this.mark.replaceChildren(icon(level !== "good" && state === "online" ? "warning" : state));
    say(this.kind, t(`kind_${node.kind}`));
    say(this.word, t(`state_${state}`));
    say(this.facts, facts);
    say(this.problem, problem);
    this.problem.dataset.level = worst ? worst.level : "";
    const dbm = node.health ? node.health.signal_dbm : null;
    const label = dbm === null ? t("no_radio") : `${t("signal")} ${dbm} dBm`;
    const lit = node.online ? barsOf(node) : null;
    this.signal.replaceChildren(...(lit === null ? [] : [bars(lit, label)]));
  }
}

/** Release, uptime and outbox in one line; for a node that is away what is known of it. */
function factsOf(node) {
  const facts = [];
  const { health } = node;
  if (isUpdating(node)) facts.push(`${t(`update_${node.update.state}`)} ${percent(node.update)}`);
  if (health && health.release > 0) facts.push(`${t("release")} ${health.release}`);
  else if (node.firmware) facts.push(node.firmware);
  if (health && health.trial) facts.push(t("trial"));
  if (health && node.online) facts.push(`${t("uptime")} ${span(uptimeMs(node))}`);
  if (node.online) {
    const age = node.outbox_age_ms;
    facts.push(`${t("outbox")} ${age > 0 ? span(age) : t("outbox_empty")}`);
  }
  return facts.join(" · ");
}

export const uptimeMs = (node) => node.health.uptime_s * 1000 + node.health.at_ms_ago;

/** A node that has all of it tells no numbers any more. */
export const doneBytes = (update) =>
  ["ready", "trial", "confirmed"].includes(update.state) ? update.total_bytes : update.done_bytes;

export const percent = (update) =>
  update.total_bytes ? `${Math.floor((100 * doneBytes(update)) / update.total_bytes)} %` : "";

/** The list with its filters. */
export class List {
  constructor(choose) {
    this.choose = choose;
    this.rows = new Map();
    this.filter = "all";
    this.words = "";
    this.views = [];
    this.chosen = "";
    this.chips = new Map();
    this.filters = h("div", { class: "filters", role: "group" });
    this.search = h("input", {
      class: "search",
      type: "search",
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => {
        this.words = this.search.value.trim().toLowerCase();
        this.draw();
      },
    });
    this.bulk = h("div", { class: "bulk" });
    this.groups = h("div", { class: "groups" });
    this.nothing = h("p", { class: "nothing", hidden: true });
    this.groupList = [];
    this.tools = h("div", { class: "tools" }, this.filters, this.search);
    this.element = h(
      "section",
      { class: "list" },
      this.tools,
      this.bulk,
      this.groups,
      this.nothing,
    );
    for (const [name] of FILTERS) {
      const count = h("b");
      const label = h("span");
      const chip = h(
        "button",
        {
          type: "button",
          class: "chip",
          dataset: { filter: name },
          onclick: () => {
            this.filter = name;
            this.draw();
          },
        },
        label,
        count,
      );
      this.chips.set(name, { chip, label, count });
      this.filters.append(chip);
    }
    this.groups.addEventListener("keydown", (event) => this.move(event));
  }

  /** Up and down, as in any list. */
  move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const rows = [...this.groups.querySelectorAll(".row:not([hidden])")].filter(
      (row) => row.offsetParent,
    );
    const next = rows[rows.indexOf(document.activeElement) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  }

  show(views, chosen) {
    this.views = views;
    this.chosen = chosen;
    const ids = views.map((view) => view.node.id).join(" ");
    if (ids !== this.ids) {
      this.ids = ids;
      this.build();
    }
    this.draw();
  }

  build() {
    this.rows.clear();
    this.groupList = [];
    const groups = new Map();
    for (const { node } of this.views) {
      const key = node.window || "";
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(node);
    }
    for (const nodes of groups.values()) {
      const title = h("h2");
      const rows = nodes.map((node) => {
        const row = new Row(node, this.choose);
        this.rows.set(node.id, row);
        return row;
      });
      const box = h("section", { class: "group" }, title, rows.map((row) => row.element));
      this.groupList.push({ title, rows, box, label: nodes[0].window_label });
    }
    this.groups.replaceChildren(...this.groupList.map((group) => group.box));
  }

  draw() {
    const takes = new Map(FILTERS);
    for (const [name, { chip, label, count }] of this.chips) {
      const found = this.views.filter(takes.get(name)).length;
      say(label, t(`filter_${name}`));
      say(count, String(found));
      chip.setAttribute("aria-pressed", String(this.filter === name));
      chip.toggleAttribute("data-some", found > 0);
      chip.hidden = found === 0 && name !== "all" && name !== "problem" && this.filter !== name;
    }
    this.search.placeholder = t("search");
    this.search.setAttribute("aria-label", t("search"));
    this.filters.setAttribute("aria-label", t("nodes"));
    let shown = 0;
    const byId = new Map(this.views.map((view) => [view.node.id, view]));
    for (const { title, rows, box, label } of this.groupList) {
      say(title, label === null ? t("hall_devices") : t("window", { label }));
      let some = false;
      for (const row of rows) {
        const view = byId.get(row.id);
        row.show(view, row.id === this.chosen);
        const fits = takes.get(this.filter)(view) && this.matches(view.node);
        row.element.hidden = !fits;
        some ||= fits;
        shown += fits ? 1 : 0;
      }
      box.hidden = !some;
    }
    this.nothing.hidden = shown > 0;
    say(this.nothing, t(this.filter === "problem" && !this.words ? "all_well" : "nothing_found"));
  }

  matches(node) {
    const text = `${node.id} ${t(`kind_${node.kind}`)} ${node.window_label || ""} ${node.board}`;
    return text.toLowerCase().includes(this.words);
  }
}
