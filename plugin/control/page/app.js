// Puts the page together: login or views, the address after # decides which, and one line to the server feeds them.

import { Refused, forgetToken, isLoggedIn, logOut, request } from "./api.js";
import { setText } from "./dom.js";
import { EventStream } from "./event_stream.js";
import { Load } from "./load.js";
import { Login } from "./login.js";
import { Releases } from "./releases.js";
import { SessionDetail } from "./session_detail.js";
import { SessionList } from "./session_list.js";
import { Sessions } from "./sessions.js";

const [main, views, line, leave, skip] = ["main", "views", "line", "leave", "skip"].map((id) => document.getElementById(id));

let sessions = null;
let list = null;
let stream = null;
let view = null; // what update() and read() are called of
let lineState = { state: "connecting" };
let due = false;

function isUnauthorized(error) {
  return error instanceof Refused && error.status === 401;
}

function onError(error) {
  if (isUnauthorized(error)) showLogin("Your login has ended. Log in again.");
}

// The line to the server

function showLine() {
  const seconds = Math.max(1, Math.ceil((lineState.until - Date.now()) / 1000));
  const why = lineState.error instanceof Refused ? `Not live: ${lineState.error.message}` : "Connection lost";
  const texts = { connecting: "◌ Connecting", live: "● Live", lost: `✕ ${why}, trying again in ${seconds} s` };
  line.dataset.state = lineState.state;
  // The countdown is for the eye; read out once is enough.
  line.setAttribute("aria-live", lineState.state === "lost" && line.dataset.told ? "off" : "polite");
  line.dataset.told = lineState.state === "lost" ? "true" : "";
  setText(line, texts[lineState.state]);
}

function onLine(next) {
  if (lineState.state === "lost" && next.state === "connecting") return; // still lost, until something came
  const healed = lineState.state !== "live" && next.state === "live";
  lineState = next;
  showLine();
  if (healed) view?.read?.();
}

function onEvent(name, data) {
  if (name === "end") onError(new Refused(401, data));
  else sessions.apply(name, data);
}

// Views

function show(element, title) {
  main.replaceChildren(element);
  document.title = `${title} – two-path`;
}

function focusTitle() {
  main.querySelector("h2[tabindex], h1[tabindex]")?.focus();
}

function showLogin(why = "") {
  stream?.stop();
  stream = view = null;
  forgetToken();
  views.hidden = line.hidden = leave.hidden = true;
  const login = new Login(why, start);
  show(login.element, "Log in");
  login.focus();
}

function showSessions(id) {
  const detail = id ? new SessionDetail(sessions, id, onError) : null;
  const split = document.createElement("div");
  split.className = id ? "split with-detail" : "split";
  split.append(list.element, ...(detail ? [detail.element] : []));
  view = { update: () => { list.update(); detail?.update(); }, read: () => detail?.read() };
  show(split, id ? "Session" : "Sessions");
  list.select(id);
}

/** A part of the address; anybody can type one that means nothing. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function route(focus) {
  if (!isLoggedIn()) return;
  const [, name, id] = location.hash.split("/");
  if (name === "releases") {
    view = new Releases(sessions, onError);
    show(view.element, "Releases");
  } else if (name === "load") {
    view = new Load(sessions);
    show(view.element, "Load");
  } else {
    showSessions(id ? decoded(id) : null);
  }
  for (const link of views.querySelectorAll("a")) {
    if (link.hash === `#/${name || "sessions"}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (focus) focusTitle();
}

function refresh() {
  due = false;
  view?.update();
}

function refreshSoon() {
  if (due) return;
  due = true;
  requestAnimationFrame(refresh);
}

function start() {
  sessions = new Sessions();
  sessions.addEventListener("change", refreshSoon);
  list = new SessionList(sessions);
  lineState = { state: "connecting" };
  views.hidden = line.hidden = leave.hidden = false;
  showLine();
  stream = new EventStream({
    connect: (signal) => request("/two-path/events", { signal }),
    isFinal: isUnauthorized, onEvent, onLine, onFinal: onError,
  });
  stream.run();
  route(true);
}

addEventListener("hashchange", () => route(true));
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && location.hash.startsWith("#/sessions/")) location.hash = "#/sessions";
});
leave.addEventListener("click", () => {
  logOut();
  showLogin();
});
skip.addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
setInterval(() => {
  if (!stream) return;
  if (lineState.state === "lost") showLine();
  refreshSoon();
}, 1000);

if (isLoggedIn()) start();
else showLogin();
