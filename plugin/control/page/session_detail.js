// One session: how far it is, why it failed and what to do, what happened when, and what it cost.

import { get } from "./api.js";
import { facts, h, setText } from "./dom.js";
import { bytes, clock, dayAndClock, duration, rate } from "./format.js";
import { progressText } from "./session_list.js";
import { kindOf, meaningOf, pathOf, sentOf, shapeOf } from "./states.js";

function failureOf(session) {
  if (!session.reason) return null;
  const again = session.redeployment;
  return h("section", { class: "failure", "aria-labelledby": "failure-title" },
    h("h3", { id: "failure-title" }, "Why: ", h("code", {}, session.reason)),
    session.meaning && h("p", { class: "sentence meaning" }, session.meaning),
    session.advice && h("p", { class: "advice" }, h("strong", {}, "What to do: "), session.advice),
    facts([
      ["Where", session.stage],
      ["Detail", session.detail],
      ["Version found", session.reported_version],
      ["Ordered again", again && (again.deployment ? `deployment ${again.deployment}` : "as soon as the deployment has failed")],
      ["Kept on the device", again && bytes(again.kept)],
    ]));
}

function loadOf(session) {
  if (session.bytes === undefined) return null;
  return h("section", {}, h("h3", {}, "Load"), facts([
    ["Verified", bytes(session.bytes)],
    ["Path", pathOf(session)],
    ["Time", duration(session.seconds)],
    ["Rate", session.seconds > 0 ? rate((session.bytes - session.resumed) / session.seconds) : ""],
    ["CPU on the device", duration(session.cpu_seconds)],
    ["Digest", session.digest],
    ["Kept from before", session.resumed > 0 ? bytes(session.resumed) : ""],
    ["Fetched twice", session.fetched_twice > 0 ? bytes(session.fetched_twice) : ""],
  ]));
}

function aboutOf(session) {
  return h("section", {}, h("h3", {}, "About"), facts([
    ["Device", session.device],
    ["Device type", session.device_type],
    ["Version before", session.device_version],
    ["Version sent", session.version],
    ["Release", session.release],
    ["Deployment", session.deployment],
    ["Session", session.id],
    ["Certification made by", session.issuer],
    ["Mode", session.mode],
    ["Digests offered", session.digests.join(", ")],
    ["Update module", session.module_version],
    ["Opened", dayAndClock(session.opened)],
    ["Last change", dayAndClock(session.changed)],
  ]));
}

function timeLineOf(events) {
  return events.map((event, index) => {
    const since = index > 0 ? (Date.parse(event.time) - Date.parse(events[index - 1].time)) / 1000 : null;
    const kind = kindOf(event);
    return h("li", { "data-kind": kind },
      h("span", { class: "shape", "aria-hidden": "true" }, shapeOf(kind)),
      h("time", { datetime: event.time, title: dayAndClock(event.time) }, clock(event.time)),
      h("span", { class: "since" }, since === null ? "" : `+${duration(since)}`),
      h("span", { class: "word" }, event.step === event.state ? event.state : `${event.step.replaceAll("_", " ")} (${event.state})`),
      h("span", { class: "cause" }, `by the ${event.cause}`),
      event.detail && h("span", { class: "what" }, event.detail));
  });
}

export class SessionDetail {
  #seen = "";
  #missed = false; // what was asked for did not come
  #asked = false;

  constructor(sessions, id, onError) {
    this.sessions = sessions;
    this.id = id;
    this.onError = onError;
    this.title = h("h2", { id: "session-title", tabindex: "-1" }, "Session");
    this.shape = h("span", { class: "shape", "aria-hidden": "true" });
    this.state = h("span", { class: "word" });
    this.meaning = h("p", { class: "dim" });
    this.bar = h("progress", { "aria-label": "bytes sent" });
    this.progress = h("p", { class: "progress" });
    this.timeLine = h("ol", { class: "time-line" });
    this.body = h("div", { class: "parts" });
    this.badge = h("p", { class: "badge" }, this.shape, this.state);
    this.element = h("article", { class: "detail", "aria-labelledby": "session-title" },
      h("a", { class: "back", href: "#/sessions" }, "← All sessions"),
      this.title, this.badge, this.meaning, this.bar, this.progress, this.body);
    this.update();
  }

  update() {
    const session = this.sessions.get(this.id);
    if (!session) {
      this.#ask();
      return;
    }
    const kind = kindOf(session);
    this.element.dataset.kind = kind;
    setText(this.title, `${session.release} on ${session.device}`);
    setText(this.shape, shapeOf(kind));
    setText(this.state, session.state);
    setText(this.meaning, meaningOf(session));
    this.bar.max = Math.max(session.total, 1);
    this.bar.value = Math.min(sentOf(session), session.total);
    // Later the load tells more: what was kept from before never crossed the paths.
    this.bar.hidden = this.progress.hidden = session.total === 0 || !["moving", "failed", "stopped"].includes(kind);
    setText(this.progress, `${progressText(session, this.sessions.rate(this.id, performance.now()))} · ${pathOf(session)} · ${session.mode}`);
    const seen = `${session.state} ${session.changed} ${JSON.stringify(session.redeployment ?? null)}`;
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.body.replaceChildren(...[
      failureOf(session),
      h("section", {}, h("h3", {}, "Time line"), this.timeLine),
      loadOf(session),
      aboutOf(session),
    ].filter(Boolean));
    this.#readEvents();
  }

  /** The line is back: what did not come is asked for again. */
  read() {
    if (this.#missed) {
      this.#missed = this.#asked = false;
      this.#seen = "";
    }
    this.update();
  }

  /** One that is older than what the server told of. */
  async #ask() {
    if (this.#asked) return;
    this.#asked = true;
    try {
      this.sessions.apply("session", await get(`/sessions/${encodeURIComponent(this.id)}`));
    } catch (error) {
      this.#missed = true;
      setText(this.title, error.status === 404 ? "No session has this id" : "This session could not be read");
      this.onError(error);
    }
  }

  async #readEvents() {
    try {
      this.timeLine.replaceChildren(...timeLineOf(await get(`/sessions/${encodeURIComponent(this.id)}/events`)));
    } catch (error) {
      this.#missed = true;
      this.onError(error);
    }
  }
}
