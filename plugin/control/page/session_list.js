// The list of sessions: a row each, which is a link to what happened.

import { h, setText } from "./dom.js";
import { ago, duration, partOf, percent, rate } from "./format.js";
import { FINAL, kindOf, pathOf, sentOf, shapeOf } from "./states.js";

const FILTERS = {
  all: ["All", () => true],
  running: ["Running", (session) => !FINAL.has(session.state)],
  failed: ["Failed", (session) => kindOf(session) === "failed"],
  done: ["Done", (session) => kindOf(session) === "done"],
};

/** `42.1 of 73.4 MiB · 57 % · 3.2 MiB/s · 10 s left`; what only a moving transfer has is left out for others. */
export function progressText(session, perSecond) {
  const sent = Math.min(sentOf(session), session.total);
  const parts = [partOf(sent, session.total), `${percent(sent, session.total)} %`];
  if (kindOf(session) === "moving") {
    parts.push(rate(perSecond));
    if (perSecond > 0) parts.push(`${duration((session.total - sent) / perSecond)} left`);
  }
  return parts.join(" · ");
}

class Row {
  constructor(session) {
    this.shape = h("span", { class: "shape", "aria-hidden": "true" });
    this.state = h("span", { class: "word" });
    this.device = h("span", { class: "device" }, session.device);
    this.release = h("span", { class: "release" }, session.release);
    this.versions = h("span", { class: "versions" }, `${session.device_version || "?"} → ${session.version}`);
    this.bar = h("progress", { "aria-label": "bytes sent", max: Math.max(session.total, 1) });
    this.progress = h("span", { class: "progress" });
    this.way = h("span", { class: "way" });
    this.time = h("time", {});
    this.why = h("span", { class: "why" });
    this.link = h("a", { href: `#/sessions/${encodeURIComponent(session.id)}` },
      h("span", { class: "badge" }, this.shape, this.state), this.device, this.release, this.versions,
      this.bar, this.progress, this.way, this.why, this.time);
    this.element = h("li", {}, this.link);
  }

  update(session, selected, perSecond, now) {
    const kind = kindOf(session);
    this.element.dataset.kind = kind;
    if (selected) this.link.setAttribute("aria-current", "true");
    else this.link.removeAttribute("aria-current");
    setText(this.shape, shapeOf(kind));
    setText(this.state, session.state);
    this.bar.hidden = this.progress.hidden = session.total === 0 || kind !== "moving";
    this.bar.value = Math.min(sentOf(session), session.total);
    setText(this.progress, progressText(session, perSecond));
    setText(this.way, `${pathOf(session)} · ${session.mode}`);
    setText(this.why, session.reason ?? "");
    this.why.hidden = !session.reason;
    setText(this.time, ago(session.changed, now));
    this.time.dateTime = session.changed;
  }
}

export class SessionList {
  #rows = new Map();
  #filter = "all";
  #selected = null;

  constructor(sessions) {
    this.sessions = sessions;
    this.counts = new Map();
    const choices = Object.entries(FILTERS).map(([key, [name]]) => {
      const count = h("span", { class: "count" });
      this.counts.set(key, count);
      const input = h("input", { type: "radio", name: "filter", value: key, checked: key === "all", onchange: () => this.#choose(key) });
      return h("label", {}, input, h("span", {}, `${name} `, count));
    });
    this.search = h("input", { type: "search", placeholder: "Device, release, reason", "aria-label": "Search", oninput: () => this.update() });
    this.list = h("ul", { class: "sessions" });
    this.empty = h("p", { class: "empty" });
    this.element = h("section", { class: "list", "aria-labelledby": "sessions-title" },
      h("h1", { id: "sessions-title", tabindex: "-1" }, "Sessions"),
      h("div", { class: "tools" }, h("fieldset", { class: "segments" }, h("legend", { class: "unseen" }, "Show"), choices), this.search),
      this.list, this.empty);
  }

  select(id) {
    this.#selected = id;
    this.update();
  }

  #choose(key) {
    this.#filter = key;
    this.update();
  }

  update() {
    const all = this.sessions.all();
    for (const [key, count] of this.counts) setText(count, String(all.filter(FILTERS[key][1]).length));
    const words = this.search.value.trim().toLowerCase();
    const shown = all.filter(FILTERS[this.#filter][1]).filter((session) =>
      [session.device, session.release, session.version, session.reason ?? "", session.state].some((text) => text.toLowerCase().includes(words)));
    const now = Date.now();
    const elements = shown.map((session) => {
      if (!this.#rows.has(session.id)) this.#rows.set(session.id, new Row(session));
      const row = this.#rows.get(session.id);
      row.update(session, session.id === this.#selected, this.sessions.rate(session.id, performance.now()), now);
      return row.element;
    });
    this.#arrange(elements);
    const known = new Set(all.map((session) => session.id));
    for (const id of this.#rows.keys()) if (!known.has(id)) this.#rows.delete(id);
    this.empty.hidden = shown.length > 0;
    setText(this.empty, all.length > 0 ? "No session matches." : "No session yet. Publish a release and deploy it: two-path publish, two-path deploy.");
  }

  /** Moves only what is not at its place, so that the focus stays where it is. */
  #arrange(elements) {
    elements.forEach((element, index) => {
      if (this.list.children[index] !== element) this.list.insertBefore(element, this.list.children[index] ?? null);
    });
    while (this.list.children.length > elements.length) this.list.lastElementChild.remove();
  }
}
