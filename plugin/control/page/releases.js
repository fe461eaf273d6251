// The releases, and where their bytes are: in the catalog or missing from it, and on how many devices.

import { get } from "./api.js";
import { h } from "./dom.js";
import { bytes, dayAndClock } from "./format.js";

function fileRow(file, held) {
  const there = file.wire_size === 0 || held.get(file.id)?.size === file.wire_size;
  return h("li", { "data-kind": there ? "done" : "failed" },
    h("span", { class: "shape", "aria-hidden": "true" }, there ? "✓" : "✕"),
    h("span", { class: "word" }, there ? "in the catalog" : "missing: publish it again"),
    h("span", { class: "file" }, file.name),
    h("span", { class: "number" }, bytes(file.wire_size), file.encoding === "none" ? "" : `, ${file.encoding}`),
    h("code", { title: file.id }, file.id.slice(0, 12)));
}

function card(release, held, sessions) {
  const running = new Set(sessions.filter((one) => one.release === release.name && one.state === "committed").map((one) => one.device));
  return h("li", { class: "card" },
    h("h2", {}, release.name),
    h("p", { class: "dim" }, `version ${release.version} · ${release.stream} · installer ${release.installer} · published ${dayAndClock(release.published)}`),
    h("ul", { class: "files" }, release.files.map((file) => fileRow(file, held))),
    h("p", { class: "dim" }, running.size === 0 ? "Committed by no device in the sessions shown here." :
      `Committed by ${running.size} ${running.size === 1 ? "device" : "devices"} in the sessions shown here.`));
}

export class Releases {
  constructor(sessions, onError) {
    this.sessions = sessions;
    this.onError = onError;
    this.sum = h("p", { class: "dim" });
    this.list = h("ul", { class: "cards" });
    this.rest = h("section", { hidden: true });
    this.element = h("section", { class: "page", "aria-labelledby": "releases-title" },
      h("h1", { id: "releases-title", tabindex: "-1" }, "Releases"), this.sum, this.list, this.rest);
    this.read();
  }

  async read() {
    try {
      const [releases, payloads] = await Promise.all([get("/releases"), get("/payloads")]);
      this.#show(releases, payloads);
    } catch (error) {
      this.sum.textContent = "The releases could not be read; they are asked for again when the server is back.";
      this.onError(error);
    }
  }

  update() {}

  #show(releases, payloads) {
    const held = new Map(payloads.map((payload) => [payload.id, payload]));
    const total = payloads.reduce((sum, payload) => sum + payload.size, 0);
    this.sum.textContent = releases.length === 0 ? "No release yet. Make one with two-path publish." :
      `${releases.length} ${releases.length === 1 ? "release" : "releases"}; the catalog holds ${bytes(total)} in ${payloads.length} ${payloads.length === 1 ? "file" : "files"}.`;
    this.list.replaceChildren(...releases.map((release) => card(release, held, this.sessions.all())));
    const orphans = payloads.filter((payload) => payload.releases.length === 0);
    this.rest.hidden = orphans.length === 0;
    this.rest.replaceChildren(h("h2", {}, "In the catalog, but of no release"),
      h("ul", { class: "files plain" }, orphans.map((payload) => h("li", {}, h("code", {}, payload.id), h("span", { class: "number" }, bytes(payload.size))))));
  }
}
