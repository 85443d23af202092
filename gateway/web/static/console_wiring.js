// How a node is wired: the pin-out of its board, drawn by the gateway, and the table beside it.
import { picture, wiring } from "./console_api.js";
import { fill, h, say } from "./console_dom.js";
import { either, has, t } from "./console_words.js";

export class Wiring {
  constructor(node) {
    this.node = node;
    this.found = null;
    this.problem = false;
    this.title = h("h3");
    this.board = h("span", { class: "quiet" });
    this.body = h("div", { class: "wiring" });
    this.element = h(
      "section",
      { class: "panel" },
      h("div", { class: "panel-head" }, this.title, this.board),
      this.body,
    );
    this.words();
    wiring(node).then(
      (found) => {
        this.found = found;
        this.words();
      },
      () => {
        this.problem = true;
        this.words();
      },
    );
  }

  words() {
    say(this.title, t("wiring"));
    if (this.problem) fill(this.body, h("p", { class: "quiet" }, t("wiring_none")));
    if (!this.found) return;
    const { found } = this;
    const label = either(found.label_zh, found.label_en);
    say(this.board, `${label} · ${found.board}`);
    const pins = found.wires.some((wire) => wire.pin !== null);
    const heads = pins ? ["pin", "wire", "part", "goes_to"] : ["wire", "goes_to"];
    fill(
      this.body,
      pins &&
        h(
          "a",
          { class: "picture", href: picture(this.node), target: "_blank", rel: "noreferrer" },
          h("img", { src: picture(this.node), alt: t("picture_of", { board: label }) }),
        ),
      h("p", { class: "supply" }, h("b", {}, `${t("supply")}: `), found.supply),
      h(
        "div",
        { class: "table-scroll", tabindex: "0", role: "region", "aria-label": t("wiring") },
        h(
          "table",
          { class: pins && "with-pins" },
          h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col" }, t(name))))),
          h("tbody", {}, found.wires.map((wire) => row(wire, pins))),
        ),
      ),
    );
  }
}

function row(wire, pins) {
  const key = `part_${wire.part}`;
  const part = has(key) ? t(key) : wire.part;
  return h(
    "tr",
    {},
    pins && h("td", { class: "pin" }, wire.pin === null ? "" : String(wire.pin)),
    h("td", {}, h("code", {}, wire.signal)),
    pins && h("td", {}, part),
    h("td", { lang: "en" }, wire.goes_to),
  );
}
