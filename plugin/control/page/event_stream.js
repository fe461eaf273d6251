// Server-sent events over fetch: EventSource cannot send the Authorization header.

/** Splits a body into its events {name, data}; a comment, the server's sign of life, has no name. */
async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = { name: "", data: "" };
      for (const line of text.slice(0, end).split("\n")) {
        if (line.startsWith("event: ")) event.name = line.slice(7);
        if (line.startsWith("data: ")) event.data += line.slice(6);
      }
      text = text.slice(end + 2);
      yield event;
    }
  }
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15000;
const SILENCE = 40000; // the server speaks every 15 s

/** One connection that comes again when it is lost, each time after a longer pause, and at once when the browser says
 * that the network is back. A page that nobody sees lets go of it until somebody does: a browser has six connections to
 * a server, and keeps pages that were left, whose place here others may need.
 *
 * connect(signal)    gives the Response; what it throws and `isFinal` confirms ends everything
 * onEvent(name, data), onFinal(error)
 * onLine({state: "connecting" | "live" | "lost", until?, error?})   with `lost`: when it is tried again, and what was thrown
 */
export class EventStream {
  constructor({ connect, isFinal, onEvent, onLine, onFinal }) {
    Object.assign(this, { connect, isFinal, onEvent, onLine, onFinal });
    this.failures = 0;
    this.stopped = false;
    this.wake = () => {};
    this.online = () => this.wake();
    this.looked = () => (document.hidden ? this.controller?.abort() : this.wake());
    addEventListener("online", this.online);
    document.addEventListener("visibilitychange", this.looked);
  }

  async run() {
    while (!this.stopped) {
      if (document.hidden) {
        await this.rest();
        continue;
      }
      this.onLine({ state: "connecting" });
      let thrown = null;
      try {
        await this.read();
      } catch (error) {
        thrown = error;
        if (!this.stopped && this.isFinal(error)) {
          this.stop();
          this.onFinal(error);
        }
      }
      if (!this.stopped && !document.hidden) await this.pause(thrown);
    }
  }

  stop() {
    this.stopped = true;
    this.controller?.abort();
    this.wake();
    removeEventListener("online", this.online);
    document.removeEventListener("visibilitychange", this.looked);
  }

  async read() {
    const controller = new AbortController();
    this.controller = controller;
    let watch = setTimeout(() => controller.abort(), SILENCE);
    try {
      const answer = await this.connect(controller.signal);
      for await (const { name, data } of eventsOf(answer.body)) {
        clearTimeout(watch);
        watch = setTimeout(() => controller.abort(), SILENCE);
        this.failures = 0;
        this.onLine({ state: "live" });
        if (name) this.onEvent(name, JSON.parse(data));
      }
    } finally {
      clearTimeout(watch);
      controller.abort();
    }
  }

  /** Until somebody looks, or stop(). */
  async rest() {
    this.failures = 0;
    await new Promise((resolve) => (this.wake = resolve));
    this.wake = () => {};
  }

  async pause(error) {
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.failures);
    const wait = longest * (0.5 + Math.random() / 2); // so that not all come at once
    this.failures += 1;
    this.onLine({ state: "lost", until: Date.now() + wait, error });
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = () => {};
  }
}
