-- Results owed to the external unit (`[webhook] url`): written by the step that ended the session, gone once told.
CREATE TABLE notices (
    session  TEXT PRIMARY KEY NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    body     TEXT NOT NULL,                   -- JSON, as it is signed and sent
    since    INTEGER NOT NULL,                -- when telling began, or began again
    due      INTEGER NOT NULL,                -- when it is told next
    attempts INTEGER NOT NULL DEFAULT 0,
    error    TEXT NOT NULL DEFAULT '',        -- of the last attempt
    dead     INTEGER NOT NULL DEFAULT 0       -- 1: given up; the operator decides
) STRICT;
CREATE INDEX notices_due ON notices (due) WHERE dead = 0;
CREATE INDEX notices_dead ON notices (since) WHERE dead = 1;
