-- What people keep in the user interface, and the tokens that their programs use.

ALTER TABLE users ADD COLUMN updated INTEGER NOT NULL DEFAULT 0;       -- 0: never
ALTER TABLE users ADD COLUMN logged_in INTEGER;                        -- the last time

-- A personal access token has a name; a login has none.
ALTER TABLE user_tokens ADD COLUMN name TEXT;
ALTER TABLE user_tokens ADD COLUMN created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user_tokens ADD COLUMN used INTEGER;                       -- the last time, to ten minutes
CREATE UNIQUE INDEX personal_tokens ON user_tokens (user, name) WHERE name IS NOT NULL;

CREATE TABLE settings (
    owner   TEXT PRIMARY KEY NOT NULL,       -- a user's id, or '' for everybody's
    content TEXT NOT NULL                    -- JSON
) STRICT, WITHOUT ROWID;

-- What operators say of a device.
CREATE TABLE tags (
    device      TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    value       TEXT NOT NULL,               -- JSON
    description TEXT NOT NULL,
    updated     INTEGER NOT NULL,
    PRIMARY KEY (device, name)
) STRICT, WITHOUT ROWID;

-- What operators say of a release: all artifacts of one name.
CREATE TABLE release_notes (
    release TEXT PRIMARY KEY NOT NULL,
    notes   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE release_tags (
    release TEXT NOT NULL,
    tag     TEXT NOT NULL,
    PRIMARY KEY (release, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX release_tags_by_tag ON release_tags (tag);
