// What each state of a session means, and how it is shown: by a shape and a word, the colour only repeats them.

const KINDS = {
  waiting: { shape: "○", name: "waiting" },
  moving: { shape: "▶", name: "moving" },
  working: { shape: "◐", name: "installing" },
  done: { shape: "✓", name: "done" },
  failed: { shape: "✕", name: "failed" },
  stopped: { shape: "■", name: "stopped" },
};

const STATES = {
  opened: ["waiting", "The device has asked for the update; the certification is being set."],
  certified: ["waiting", "The certification is set on both sides; the device has not logged in on the second path yet."],
  transferring: ["moving", "Bytes are on their way; each block is checked before it is used."],
  transferred: ["working", "Every byte is there and verified."],
  invalidated: ["working", "The certification is dead on both sides; the installer works."],
  installed: ["working", "The installer has finished; a restart may follow."],
  restarted: ["working", "The device has restarted and was asked for its version."],
  confirmed: ["working", "The device runs the version that was sent."],
  committed: ["done", "The device runs the new version and keeps it."],
  mismatch: ["failed", "The device runs another version than the one that was sent; it rolls back."],
  rolled_back: ["failed", "The device went back to the software it had."],
  failed: ["failed", "The update did not succeed; the old software runs."],
  expired: ["failed", "Nobody spoke of this session for too long."],
  aborted: ["stopped", "The update was ended before it was done."],
};

export const FINAL = new Set(["committed", "rolled_back", "failed", "expired", "aborted"]);

export function kindOf(session) {
  return STATES[session.state]?.[0] ?? "waiting";
}

export function meaningOf(session) {
  return STATES[session.state]?.[1] ?? "";
}

export function shapeOf(kind) {
  return KINDS[kind].shape;
}

export function nameOf(kind) {
  return KINDS[kind].name;
}

/** Bytes that went out up to now, over both paths: after a fallback the second one's were in vain. */
export function sentOf(session) {
  return session.sent + (session.sent_https ?? 0);
}

/** `FTP`, `HTTPS`, `FTP + HTTPS`, ...: the path that the bytes took, or take. */
export function pathOf(session) {
  if (!session.path) return session.sent_https > 0 ? "FTP + HTTPS" : "FTP";
  const names = { ftp: "FTP", https: "HTTPS", kept: "kept" };
  return session.path.split("+").map((one) => names[one] ?? one).join(" + ");
}
