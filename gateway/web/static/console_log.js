// The log of one node: what is kept of it, then live. It follows the newest line unless somebody
// has scrolled up to read.
import { lines, lineStream } from "./console_api.js";
import { h, say } from "./console_dom.js";
import { lineText } from "./console_lines.js";
import { t } from "./console_words.js";

const LINES_MAX = 200; // as many as the gateway keeps
const AGAIN_MS = 3000;

export class Log {
  constructor(node, utcOffsetMs) {
    this.node = node;
    this.offset = utcOffsetMs;
    this.last = 0;
    this.closed = false;
    this.title = h("h3");
    this.state = h("span", { class: "log-state", role: "status" });
    this.list = h("ol", { class: "log", tabindex: "0", "aria-live": "polite" });
    this.empty = h("p", { class: "quiet" });
    this.element = h(
      "section",
      { class: "panel log-panel" },
      h("div", { class: "panel-head" }, this.title, this.state),
      this.list,
      this.empty,
    );
    this.kept = [];
    this.cut = true; // from the stream
    this.silent = false; // the gateway answers nothing, whatever the stream believes
    this.words();
    this.open();
  }

  async open() {
    if (this.closed) return;
    try {
      const found = await lines(this.node);
      if (this.closed) return;
      for (const line of found.lines) this.take(line);
      this.follow(Math.max(this.last, found.last));
    } catch {
      this.markCut(true);
      setTimeout(() => this.open(), AGAIN_MS);
    }
  }

  follow(after) {
    this.stream = lineStream(this.node, after);
    this.stream.addEventListener("open", () => this.markCut(false));
    this.stream.addEventListener("line", (event) => this.take(JSON.parse(event.data)));
    this.stream.addEventListener("error", () => {
      this.markCut(true);
      // The browser comes back by itself, except after some answers.
      if (this.stream.readyState === EventSource.CLOSED) setTimeout(() => this.open(), AGAIN_MS);
    });
  }

  take(line) {
    if (line.n <= this.last) return;
    this.last = line.n;
    const follows = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    const text = h("span");
    const level = h("b");
    const time = new Date(line.at_ms + this.offset).toISOString().slice(11, 19);
    const item = h(
      "li",
      { dataset: { level: line.level, n: line.n }, title: line.text },
      h("time", {}, time),
      level,
      text,
    );
    this.kept.push({ line, item, text, level });
    this.list.append(item);
    while (this.kept.length > LINES_MAX) this.kept.shift().item.remove();
    this.words();
    if (follows) this.list.scrollTop = this.list.scrollHeight;
  }

  markCut(cut) {
    this.cut = cut;
    this.words();
  }

  /** `silent`: the gateway does not answer. */
  show(silent) {
    this.silent = silent;
    this.words();
  }

  words() {
    const cut = this.cut || this.silent;
    say(this.title, t("log"));
    say(this.state, t(cut ? "log_cut" : "log_live"));
    this.state.dataset.cut = String(cut);
    this.list.setAttribute("aria-label", t("log"));
    this.list.hidden = this.kept.length === 0;
    this.empty.hidden = this.kept.length > 0;
    say(this.empty, t("log_empty"));
    for (const { line, text, level } of this.kept) {
      say(text, lineText(line.text));
      say(level, t(`level_${line.level}`));
    }
  }

  close() {
    this.closed = true;
    if (this.stream) this.stream.close();
  }
}
