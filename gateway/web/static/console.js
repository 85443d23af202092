// The technician's console: asks the gateway how every node is, every two seconds, and shows it.
// When the gateway is silent it says so; what is old never looks new.
import * as api from "./console_api.js";
import { Detail } from "./console_detail.js";
import { fill, h, icon, say } from "./console_dom.js";
import { List } from "./console_list.js";
import { isOutdated, isUpdating, viewOf } from "./console_state.js";
import { currentLanguage, either, firstLanguage, setLanguage, t } from "./console_words.js";

const ASK_MS = 2000;
const RELEASES_MS = 20000;
const CUT_MS = 5000;
const NOTE_MS = 10000;
const WRITERS = ["technician", "admin"];
const READERS = [...WRITERS, "chief"];

const { hallZh, hallEn, utcOffsetMs } = document.body.dataset;

class Console {
  constructor(root) {
    this.root = root;
    this.nodes = null;
    this.askedAt = 0; // of the answer shown, performance.now()
    this.clockAt = 0; // the same, Date.now()
    this.releases = [];
    this.releasesAt = -RELEASES_MS;
    this.role = "public";
    this.detail = null;
    this.bulkNote = null; // what came of an order for many, for a while
    this.timer = 0;
    this.list = new List((id) => this.choose(id));
    this.build();
    addEventListener("hashchange", () => this.follow());
    addEventListener("keydown", (event) => this.key(event));
    setInterval(() => this.markAge(), 500);
  }

  build() {
    this.hallName = h("h1");
    this.title = h("span", { class: "bar-title" });
    this.live = h("span", { class: "live", role: "status" });
    this.language = h("button", {
      type: "button",
      class: "button language",
      onclick: () => this.speak(currentLanguage() === "zh" ? "en" : "zh"),
    });
    this.leave = h("button", { type: "button", class: "button leave", onclick: () => this.out() });
    this.banner = h("p", { class: "banner", role: "alert", hidden: true });
    this.loading = h("p", { class: "loading quiet" });
    this.pane = h("div", { class: "pane" });
    this.signIn = new SignIn(() => this.begin());
    this.main = h("main", { class: "stage" }, this.list.element, this.pane);
    fill(
      this.root,
      h(
        "header",
        { class: "bar" },
        h("img", { class: "logo", src: "/static/console.svg", alt: "" }),
        h("div", { class: "bar-names" }, this.hallName, this.title),
        this.live,
        this.language,
        this.leave,
      ),
      this.banner,
      this.signIn.element,
      this.loading,
      this.main,
    );
    this.words();
  }

  speak(language) {
    setLanguage(language);
    this.words();
    if (this.detail) this.detail.words();
    this.draw();
  }

  words() {
    say(this.hallName, either(hallZh, hallEn));
    say(this.title, t("console"));
    document.title = `${t("console")} · ${either(hallZh, hallEn)}`;
    say(this.language, t("other_language"));
    this.language.lang = currentLanguage() === "zh" ? "en" : "zh-CN";
    this.leave.replaceChildren(icon("leave"), h("span", {}, t("sign_out")));
    say(this.loading, t("loading"));
    this.signIn.words();
    this.markAge();
  }

  // ---- who looks

  async begin() {
    clearTimeout(this.timer);
    try {
      this.role = (await api.session()).role;
    } catch {
      this.root.dataset.view = "loading"; // until the gateway answers
      this.timer = setTimeout(() => this.begin(), ASK_MS);
      return;
    }
    if (!READERS.includes(this.role)) {
      this.ask(this.role === "public" ? "" : t("role_needed", { role: this.role }));
      return;
    }
    this.signIn.close();
    await this.refresh();
  }

  ask(why) {
    clearTimeout(this.timer);
    this.nodes = null;
    this.root.dataset.view = "sign-in";
    this.closeDetail();
    this.signIn.open(why);
    this.markAge();
  }

  async out() {
    try {
      await api.signOut();
    } catch (problem) {
      say(this.banner, either(problem.zh, problem.en));
      return;
    }
    this.ask("");
  }

  // ---- how the nodes are

  async refresh() {
    clearTimeout(this.timer);
    const turn = {};
    this.turn = turn;
    try {
      const nodes = await api.nodes();
      if (turn !== this.turn) return; // a later question was asked
      this.nodes = nodes;
      this.root.dataset.view = "nodes";
      this.askedAt = performance.now();
      this.clockAt = Date.now();
      if (this.askedAt - this.releasesAt > RELEASES_MS) {
        this.releases = await api.releases();
        this.releasesAt = performance.now();
      }
      this.draw();
      this.follow();
    } catch (problem) {
      if (!(problem instanceof api.Problem)) throw problem;
      if (problem.status === 401 || problem.status === 403) {
        this.begin();
        return;
      }
    }
    this.markAge();
    if (turn === this.turn) this.timer = setTimeout(() => this.refresh(), ASK_MS);
  }

  isCut() {
    return this.nodes !== null && performance.now() - this.askedAt > CUT_MS;
  }

  markAge() {
    const cut = this.isCut();
    if (cut !== this.wasCut) {
      this.wasCut = cut;
      this.root.toggleAttribute("data-cut", cut);
      this.banner.hidden = !cut;
      this.draw();
    }
    this.live.hidden = this.nodes === null;
    say(this.live, cut ? "" : t("fresh"));
    if (cut) {
      const time = new Date(this.clockAt + Number(utcOffsetMs)).toISOString().slice(11, 19);
      say(this.banner, t("cut", { time }));
    }
  }

  draw() {
    if (!this.nodes) return;
    const views = this.nodes.map((node) => viewOf(node, this.releases));
    this.list.show(views, this.detail ? this.detail.id : "");
    this.drawBulk(views);
    if (this.detail) {
      const view = views.find((each) => each.node.id === this.detail.id);
      if (view) this.detail.show(view, this.releases, this.isCut());
    }
  }

  // ---- one node

  choose(id) {
    if (location.hash === `#${id}`) this.follow();
    else location.hash = id;
  }

  /** Show the node that the address names. */
  follow() {
    const id = decodeURIComponent(location.hash.slice(1));
    if (!this.nodes || (this.detail && this.detail.id === id)) return;
    this.closeDetail();
    if (this.nodes.some((node) => node.id === id)) {
      this.detail = new Detail(id, {
        close: () => this.back(),
        refresh: () => this.refresh(),
        mayAct: () => WRITERS.includes(this.role),
        utcOffsetMs: Number(utcOffsetMs),
      });
      this.pane.append(this.detail.element);
      this.root.dataset.open = "true";
      this.pane.scrollTop = 0;
      this.draw();
      this.detail.title.focus({ preventScroll: true });
    }
    this.draw();
  }

  back() {
    const id = this.detail ? this.detail.id : "";
    history.replaceState(null, "", location.pathname + location.search);
    this.closeDetail();
    this.draw();
    const row = document.querySelector(`.row[data-node="${CSS.escape(id)}"]`);
    if (row) row.focus();
  }

  closeDetail() {
    if (this.detail) this.detail.close();
    this.detail = null;
    delete this.root.dataset.open;
  }

  key(event) {
    const typing = event.target instanceof HTMLElement && event.target.closest("input, select");
    if (event.key === "Escape" && this.detail && !document.querySelector("dialog[open]")) {
      this.back();
    } else if (event.key === "/" && !typing && this.nodes) {
      event.preventDefault();
      this.list.search.focus();
    }
  }

  // ---- many nodes

  drawBulk(views) {
    const due = views
      .map((view) => view.node)
      .filter((node) => node.online && isOutdated(node, this.releases) && !isUpdating(node));
    const may = this.list.filter === "outdated" && due.length > 0 && WRITERS.includes(this.role);
    const release = may ? this.releases[0].release : 0;
    const key = [due.length, release, this.bulkNote, currentLanguage()].join();
    if (key === this.bulkKey) return;
    this.bulkKey = key;
    this.list.bulk.hidden = !may && !this.bulkNote;
    const words = { count: due.length, release };
    const start = () => this.confirmBulk(words);
    fill(
      this.list.bulk,
      may &&
        h(
          "button",
          { type: "button", class: "button is-main", onclick: start },
          icon("update"),
          t("update_all", words),
        ),
      this.bulkNote && h("p", { role: "status" }, t("ordered_all", this.bulkNote)),
    );
  }

  confirmBulk(words) {
    const dialog = h("dialog", { class: "dialog" });
    const end = () => {
      dialog.close();
      dialog.remove();
    };
    const yes = async () => {
      end();
      await this.updateAll(words.release);
    };
    fill(
      dialog,
      h("p", {}, t("update_all_sure", words)),
      h(
        "div",
        { class: "dialog-buttons" },
        h("button", { type: "button", class: "button", onclick: end }, t("cancel")),
        h("button", { type: "button", class: "button is-main", onclick: yes }, t("yes_update")),
      ),
    );
    document.body.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  }

  async updateAll(release) {
    const due = this.nodes.filter((node) => node.online && isOutdated(node, this.releases));
    const ends = await Promise.allSettled(due.map((node) => api.update(node.id, release)));
    const failed = ends.filter((end) => end.status === "rejected").length;
    const note = { done: due.length - failed, failed };
    this.bulkNote = note;
    setTimeout(() => {
      if (this.bulkNote === note) this.bulkNote = null;
      this.draw();
    }, NOTE_MS);
    this.refresh();
  }
}

/** Asks for a token; the gateway keeps it in a cookie that no script can read. */
class SignIn {
  constructor(done) {
    this.done = done;
    this.label = h("span");
    this.token = h("input", {
      type: "password",
      name: "token",
      autocomplete: "current-password",
      spellcheck: "false",
      required: true,
    });
    this.button = h("button", { type: "submit", class: "button is-main" });
    this.hint = h("p", { class: "quiet" });
    this.complaint = h("p", { class: "complaint", role: "alert", hidden: true });
    this.element = h(
      "form",
      {
        class: "sign-in panel",
        hidden: true,
        onsubmit: (event) => {
          event.preventDefault();
          this.send();
        },
      },
      h("label", {}, this.label, this.token),
      this.button,
      this.complaint,
      this.hint,
    );
  }

  words() {
    say(this.label, t("token"));
    say(this.button, t("sign_in"));
    say(this.hint, t("token_hint"));
  }

  open(why) {
    this.element.hidden = false;
    this.complain(why);
    this.token.focus();
  }

  close() {
    this.element.hidden = true;
    this.token.value = "";
  }

  complain(text) {
    this.complaint.hidden = !text;
    say(this.complaint, text);
  }

  async send() {
    try {
      await api.signIn(this.token.value.trim());
    } catch (problem) {
      this.complain(either(problem.zh, problem.en));
      this.token.select();
      return;
    }
    this.done();
  }
}

setLanguage(firstLanguage());
new Console(document.getElementById("console")).begin();
