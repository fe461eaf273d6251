-- Imports from a Mender server: each is written before it is acted on, so that the next start takes it up again.
CREATE TABLE imports (
    release  TEXT PRIMARY KEY NOT NULL,       -- the one with the whole artifact
    options  TEXT NOT NULL,                   -- what the operator said of its twin, as JSON
    attempts INTEGER NOT NULL,                -- begun, the first included
    changed  INTEGER NOT NULL,                -- when the last attempt began, or the import ended
    registered INTEGER NOT NULL DEFAULT 0,  -- 1: its twin was, by this import
    state    TEXT NOT NULL,                   -- running, waiting, done, awaits_signature, failed
    reason   TEXT,                            -- of the last failure
    detail   TEXT NOT NULL DEFAULT ''
) STRICT;
-- What imports brought into the catalog: until a release has it, or it is freed.
CREATE TABLE import_payloads (
    release TEXT NOT NULL REFERENCES imports (release) ON DELETE CASCADE,
    id      TEXT NOT NULL,
    PRIMARY KEY (release, id)
) STRICT, WITHOUT ROWID;
