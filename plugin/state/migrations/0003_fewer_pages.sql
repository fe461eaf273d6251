-- A step of a session writes as few pages as it can: each is written to the log, and synced, before its answer leaves.

-- By what does not change from step to step.
DROP INDEX sessions_unfinished;
CREATE INDEX sessions_unfinished ON sessions (opened)
    WHERE state NOT IN ('committed', 'rolled_back', 'failed', 'expired', 'aborted');

-- In the order of their key, without an index beside the table.
CREATE TABLE ordered_events (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number  INTEGER NOT NULL,                 -- from 1
    time    INTEGER NOT NULL,
    step    TEXT NOT NULL,
    state   TEXT NOT NULL,                    -- after it
    cause   TEXT NOT NULL,                    -- who or what: device, operator, plugin, host
    detail  TEXT NOT NULL,
    PRIMARY KEY (session, number)
) STRICT, WITHOUT ROWID;
INSERT INTO ordered_events SELECT session, number, time, step, state, cause, detail FROM events;
DROP TABLE events;
ALTER TABLE ordered_events RENAME TO events;
