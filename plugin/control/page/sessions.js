// The sessions as the server last told them, and how fast their bytes move.

import { FINAL, sentOf } from "./states.js";

const WINDOW = 8000; // of the rate, ms
const STALLED = 4000;
const MOST = 2000;

/** Says `change` after each change. */
export class Sessions extends EventTarget {
  #byId = new Map();
  #samples = new Map();

  /** Takes one event of the server. */
  apply(name, data) {
    if (name === "snapshot") {
      this.#byId = new Map(data.sessions.map((session) => [session.id, session]));
      for (const session of data.sessions) this.#sample(session);
    } else if (name === "session") {
      this.#byId.set(data.id, data);
      this.#sample(data);
      this.#makeRoom();
    } else if (name === "progress") {
      for (const [id, moved] of Object.entries(data.sessions)) {
        const session = this.#byId.get(id);
        if (!session) continue;
        Object.assign(session, moved);
        this.#sample(session);
      }
    } else {
      return;
    }
    this.dispatchEvent(new Event("change"));
  }

  get(id) {
    return this.#byId.get(id);
  }

  /** Newest first. */
  all() {
    return [...this.#byId.values()].sort((a, b) => (a.opened < b.opened ? 1 : a.opened > b.opened ? -1 : 0));
  }

  /** Bytes a second just now. */
  rate(id, now) {
    const samples = this.#samples.get(id);
    if (!samples || samples.length < 2) return 0;
    const [first, last] = [samples[0], samples[samples.length - 1]];
    if (now - last.time > STALLED) return 0;
    return (1000 * (last.sent - first.sent)) / (last.time - first.time);
  }

  #sample(session) {
    if (FINAL.has(session.state)) {
      this.#samples.delete(session.id);
      return;
    }
    const now = performance.now();
    const sent = sentOf(session);
    const samples = (this.#samples.get(session.id) ?? []).filter((one) => now - one.time < WINDOW && one.sent <= sent);
    const last = samples[samples.length - 1];
    if (!last || now - last.time > 200) samples.push({ time: now, sent });
    this.#samples.set(session.id, samples);
  }

  #makeRoom() {
    if (this.#byId.size <= MOST) return;
    const oldest = this.all().findLast((session) => FINAL.has(session.state));
    if (oldest) this.#byId.delete(oldest.id);
  }
}
