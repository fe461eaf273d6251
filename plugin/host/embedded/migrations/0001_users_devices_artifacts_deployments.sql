-- Times are UNIX milliseconds. Ids are UUIDs, as Mender's API has them.

CREATE TABLE users (
    id       TEXT PRIMARY KEY NOT NULL,
    email    TEXT NOT NULL UNIQUE,           -- lower case
    password TEXT NOT NULL,                  -- scrypt$LOG2N$R$P$SALT$HASH
    created  INTEGER NOT NULL
) STRICT;

-- A user's bearer token is good while its row is here; logging out removes it.
CREATE TABLE user_tokens (
    id      TEXT PRIMARY KEY NOT NULL,       -- the token's jti
    user    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires INTEGER NOT NULL
) STRICT;

CREATE TABLE devices (
    id            TEXT PRIMARY KEY NOT NULL,
    identity      TEXT NOT NULL UNIQUE,      -- SHA-256 of identity_data, hex
    identity_data TEXT NOT NULL,             -- JSON with sorted keys
    group_name    TEXT,
    created       INTEGER NOT NULL,
    updated       INTEGER NOT NULL,          -- of anything an operator sees in lists
    checked_in    INTEGER NOT NULL
) STRICT;
CREATE INDEX devices_by_group ON devices (group_name);

-- One key of one device, and whether it may come in.
CREATE TABLE auth_sets (
    id         TEXT PRIMARY KEY NOT NULL,
    device     TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    public_key TEXT NOT NULL,                -- PEM, as OpenSSL writes it
    status     TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'rejected')),
    token      TEXT NOT NULL UNIQUE,         -- jti of its bearer tokens; a new one at each change of status
    created    INTEGER NOT NULL,
    asked      INTEGER NOT NULL,             -- its last request, to ten minutes
    decided    INTEGER NOT NULL DEFAULT 0,   -- 1: the operator has set its status, so it is not forgotten
    UNIQUE (device, public_key)
) STRICT;
CREATE INDEX auth_sets_by_status ON auth_sets (status, asked);

CREATE VIEW device_statuses AS
SELECT id,
       CASE WHEN EXISTS (SELECT 1 FROM auth_sets WHERE device = devices.id AND status = 'accepted') THEN 'accepted'
            WHEN EXISTS (SELECT 1 FROM auth_sets WHERE device = devices.id AND status = 'pending') THEN 'pending'
            ELSE 'rejected' END AS status
FROM devices;

-- What a device says of itself.
CREATE TABLE attributes (
    device  TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,                   -- JSON
    updated INTEGER NOT NULL,
    PRIMARY KEY (device, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL UNIQUE,
    name     TEXT NOT NULL,
    depends  TEXT NOT NULL,                  -- JSON with sorted keys, device_type left out
    document TEXT NOT NULL,                  -- JSON, as the API shows it
    sha256   TEXT NOT NULL UNIQUE,           -- of the file, which is named so
    size     INTEGER NOT NULL,               -- of the file, bytes
    modified INTEGER NOT NULL
) STRICT;
CREATE INDEX artifacts_by_name ON artifacts (name);

CREATE TABLE artifact_device_types (
    artifact    TEXT NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    device_type TEXT NOT NULL,
    PRIMARY KEY (artifact, device_type)
) STRICT, WITHOUT ROWID;

CREATE TABLE deployments (
    sequence      INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which devices take them
    id            TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    artifact_name TEXT NOT NULL,
    targets       TEXT NOT NULL,             -- SHA-256 of the sorted device ids: tells a deployment made twice
    group_name    TEXT,
    forced        INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    finished      INTEGER
) STRICT;

CREATE TABLE device_deployments (
    deployment TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    device     TEXT NOT NULL,                -- no reference: history outlives a decommissioned device
    status     TEXT NOT NULL,
    substate   TEXT NOT NULL,
    artifact   TEXT,                         -- what the device was told to install; no reference, as above
    created    INTEGER NOT NULL,
    started    INTEGER,
    finished   INTEGER,
    PRIMARY KEY (deployment, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX active_device_deployments ON device_deployments (device) WHERE finished IS NULL;

CREATE TABLE deployment_logs (
    deployment TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    device     TEXT NOT NULL,
    lines      TEXT NOT NULL,
    PRIMARY KEY (deployment, device)
) STRICT, WITHOUT ROWID;
