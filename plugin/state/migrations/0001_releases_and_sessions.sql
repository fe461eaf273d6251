-- What an operator published. The descriptor is the whole truth; the columns beside it serve lists and queries.
CREATE TABLE releases (
    name          TEXT PRIMARY KEY NOT NULL,
    version       TEXT NOT NULL,
    version_check INTEGER NOT NULL,           -- 0: published with --no-version-check
    stream        TEXT NOT NULL,
    sequence      INTEGER NOT NULL,
    block_size    INTEGER NOT NULL,
    reboot_always INTEGER NOT NULL,
    descriptor    TEXT NOT NULL,              -- the meta-data, as JSON
    published     INTEGER NOT NULL            -- UNIX time, ms, like every time here
) STRICT;

CREATE TABLE release_files (
    release TEXT NOT NULL REFERENCES releases (name) ON DELETE CASCADE,
    id      TEXT NOT NULL,                    -- SHA-256 of the encoded bytes
    name    TEXT NOT NULL,
    size    INTEGER NOT NULL,                 -- encoded bytes
    PRIMARY KEY (release, name)
) STRICT;
CREATE INDEX release_files_by_id ON release_files (id);

-- One attempt to bring one device to one release.
CREATE TABLE sessions (
    id             TEXT PRIMARY KEY NOT NULL,
    -- as opened
    protocol       INTEGER NOT NULL,
    module_version TEXT NOT NULL,
    attempt        TEXT NOT NULL,
    device         TEXT NOT NULL,
    deployment     TEXT NOT NULL,
    release        TEXT NOT NULL,             -- no reference: sessions outlive releases
    version        TEXT NOT NULL,             -- the release's
    version_check  INTEGER NOT NULL,
    reboot_always  INTEGER NOT NULL,
    issuer         TEXT NOT NULL,
    mode           TEXT NOT NULL,
    receiver       TEXT,                      -- HOST:PORT; push only
    digests        TEXT NOT NULL,             -- names, comma between, fastest first
    device_version TEXT NOT NULL,             -- what the device ran at open
    device_type    TEXT NOT NULL,
    boot_id        TEXT NOT NULL,             -- at open
    block_size     INTEGER NOT NULL,
    total          INTEGER NOT NULL,          -- encoded bytes of all files
    opened         INTEGER NOT NULL,
    -- as it goes on
    changed        INTEGER NOT NULL,
    state          TEXT NOT NULL,
    reason         TEXT,
    detail         TEXT NOT NULL DEFAULT '',
    stage          TEXT NOT NULL DEFAULT '',
    nonce          TEXT,                      -- of the last request for the version
    nonce_boot_id  TEXT NOT NULL DEFAULT '',                   -- who was asked
    nonce_answered INTEGER NOT NULL DEFAULT 0,
    reported       TEXT,                      -- the version that the device read
    sent           INTEGER NOT NULL DEFAULT 0,-- bytes handed to the second path
    -- the device's transfer report
    bytes          INTEGER,
    fetched_twice  INTEGER,
    resumed        INTEGER,
    seconds        REAL,
    cpu_seconds    REAL,
    digest         TEXT,
    path           TEXT,
    UNIQUE (device, attempt)
) STRICT;
CREATE INDEX sessions_by_device ON sessions (device, opened);
CREATE INDEX sessions_by_release ON sessions (release, opened);
CREATE INDEX sessions_by_opened ON sessions (opened);
CREATE INDEX sessions_unfinished ON sessions (changed)
    WHERE state NOT IN ('committed', 'rolled_back', 'failed', 'expired', 'aborted');

-- The audit trail: what happened to a session, in order.
CREATE TABLE events (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number  INTEGER NOT NULL,                 -- from 1
    time    INTEGER NOT NULL,
    step    TEXT NOT NULL,
    state   TEXT NOT NULL,                    -- after it
    cause   TEXT NOT NULL,                    -- who or what: device, operator, plugin, host
    detail  TEXT NOT NULL,
    PRIMARY KEY (session, number)
) STRICT;

-- The first certification information while it lives; a row deleted is a certification dead. A table of its own,
-- so that a backup can leave it out.
CREATE TABLE certifications (
    session TEXT PRIMARY KEY NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    secret  TEXT NOT NULL,                    -- base64url
    expires INTEGER NOT NULL
) STRICT;
