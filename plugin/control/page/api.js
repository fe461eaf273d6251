// The server's API with the operator's token. The token lives in this tab only, and is sent in a header: no cookie is
// ever set or sent, so no other site can act through this page.

const BASE = "/api/management/v1";
const KEY = "two-path.token";

export class Refused extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail || body.error || `the server answered ${status}`);
    this.status = status;
    this.reason = body.reason ?? "";
    this.retryAfter = retryAfter;
  }
}

export function isLoggedIn() {
  return sessionStorage.getItem(KEY) !== null;
}

export function forgetToken() {
  sessionStorage.removeItem(KEY);
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

async function exchange(path, options, authorization) {
  const answer = await fetch(BASE + path, {
    ...options,
    headers: { Authorization: authorization, ...options.headers },
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
  });
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, body, Number(answer.headers.get("Retry-After")) || 0);
}

/** Any path of the management API; throws Refused for what the server refuses, TypeError when it is not reached. */
export function request(path, options = {}) {
  return exchange(path, options, `Bearer ${sessionStorage.getItem(KEY) ?? ""}`);
}

/** JSON of two-path's own API. */
export async function get(path) {
  return (await request(`/two-path${path}`)).json();
}

export async function logIn(email, password) {
  const answer = await exchange("/useradm/auth/login", { method: "POST" }, `Basic ${base64(`${email}:${password}`)}`);
  sessionStorage.setItem(KEY, (await answer.text()).trim());
}

/** Also ends the token at the server, if that can be reached. */
export async function logOut() {
  const ended = request("/useradm/auth/logout", { method: "POST" }).catch(() => null);
  forgetToken();
  await ended;
}
