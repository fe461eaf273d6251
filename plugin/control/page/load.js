// What each path carried and what it cost, as the devices of the sessions shown here reported.

import { h, setText } from "./dom.js";
import { bytes, duration, rate } from "./format.js";
import { kindOf, pathOf } from "./states.js";

const GIB = 2 ** 30;

function groupsOf(sessions) {
  const groups = new Map();
  for (const session of sessions) {
    if (session.bytes === undefined) continue;
    const key = `${pathOf(session)} ${session.mode}`;
    const group = groups.get(key) ?? { path: pathOf(session), mode: session.mode, count: 0, bytes: 0, carried: 0, seconds: 0, cpu: 0, twice: 0 };
    group.count += 1;
    group.bytes += session.bytes;
    group.carried += session.bytes - session.resumed;
    group.seconds += session.seconds;
    group.cpu += session.cpu_seconds;
    group.twice += session.fetched_twice;
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.bytes - a.bytes);
}

function row(group, most) {
  return h("tr", {},
    h("th", { scope: "row" }, group.path),
    h("td", { "data-label": "Mode" }, group.mode),
    h("td", { class: "number", "data-label": "Sessions" }, String(group.count)),
    h("td", { class: "number", "data-label": "Bytes" }, h("meter", { min: 0, max: Math.max(most, 1), value: group.bytes, "aria-hidden": "true" }), bytes(group.bytes)),
    h("td", { class: "number", "data-label": "Mean rate" }, group.seconds > 0 ? rate(group.carried / group.seconds) : "–"),
    h("td", { class: "number", "data-label": "CPU on devices" }, duration(group.cpu)),
    h("td", { class: "number", "data-label": "CPU per GiB" }, group.carried > 0 ? duration((group.cpu * GIB) / group.carried) : "–"),
    h("td", { class: "number", "data-label": "Fetched twice" }, bytes(group.twice)));
}

export class Load {
  #shown = "";

  constructor(sessions) {
    this.sessions = sessions;
    this.now = h("p", { class: "figure" });
    this.note = h("p", { class: "dim" });
    this.rows = h("tbody", {});
    const heads = ["Path", "Mode", "Sessions", "Bytes", "Mean rate", "CPU on devices", "CPU per GiB", "Fetched twice"];
    this.table = h("table", { "aria-labelledby": "load-title" }, h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col" }, name)))), this.rows);
    this.element = h("section", { class: "page", "aria-labelledby": "load-title" },
      h("h1", { id: "load-title", tabindex: "-1" }, "Load of the paths"), this.now, this.table, this.note);
    this.update();
  }

  read() {}

  update() {
    const all = this.sessions.all();
    const moving = all.filter((session) => kindOf(session) === "moving");
    const together = moving.reduce((sum, session) => sum + this.sessions.rate(session.id, performance.now()), 0);
    setText(this.now, moving.length === 0 ? "Nothing moves now." : `${moving.length} ${moving.length === 1 ? "transfer" : "transfers"} now, ${rate(together)} together.`);
    const groups = groupsOf(all);
    const text = JSON.stringify(groups);
    if (text === this.#shown) return;
    this.#shown = text;
    const count = groups.reduce((sum, group) => sum + group.count, 0);
    this.table.hidden = count === 0;
    this.rows.replaceChildren(...groups.map((group) => row(group, groups[0].bytes)));
    setText(this.note, count === 0 ? "No transfer of the sessions shown here has ended yet." :
      `Of ${count} ${count === 1 ? "transfer" : "transfers"} among the ${all.length} sessions shown here, as the devices reported. CPU is of all the update module's processes.`);
  }
}
