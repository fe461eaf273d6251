// The login, with the account of the device-management framework.

import { Refused, logIn } from "./api.js";
import { h } from "./dom.js";

function explain(error) {
  if (!(error instanceof Refused)) return "The server cannot be reached. Check the connection and try again.";
  if (error.status === 401) return "Wrong e-mail address or password.";
  if (error.status === 429) return `Too many attempts. Try again in ${error.retryAfter || 10} s.`;
  return `The server refused the login: ${error.message}`;
}

export class Login {
  /** `why`: what the operator should know first; may be empty. */
  constructor(why, onDone) {
    this.onDone = onDone;
    this.email = h("input", { id: "email", type: "email", autocomplete: "username", required: true });
    this.password = h("input", { id: "password", type: "password", autocomplete: "current-password", required: true });
    this.button = h("button", { type: "submit" }, "Log in");
    this.problem = h("p", { class: "problem", role: "alert" }, why);
    this.element = h("form", { class: "login", novalidate: true, "aria-labelledby": "login-title", onsubmit: (event) => this.#submit(event) },
      h("h1", { id: "login-title", tabindex: "-1" }, "Log in"),
      h("p", { class: "dim" }, "With your account on this update server."),
      this.problem,
      h("label", { for: "email" }, "E-mail address"), this.email,
      h("label", { for: "password" }, "Password"), this.password,
      this.button);
  }

  focus() {
    this.email.focus();
  }

  async #submit(event) {
    event.preventDefault();
    if (this.button.disabled) return;
    for (const input of [this.email, this.password]) {
      if (input.value !== "") continue;
      this.problem.textContent = "E-mail address and password are needed.";
      input.focus();
      return;
    }
    this.button.disabled = true;
    this.problem.textContent = "";
    try {
      await logIn(this.email.value.trim(), this.password.value);
      this.onDone();
    } catch (error) {
      this.problem.textContent = explain(error);
      this.password.value = "";
      this.password.focus();
    } finally {
      this.button.disabled = false;
    }
  }
}
