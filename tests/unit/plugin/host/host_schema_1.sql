-- As a two-path-server of schema 1 left it: one update that was committed, and one that has begun.
BEGIN TRANSACTION;
CREATE TABLE artifact_device_types (
    artifact    TEXT NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    device_type TEXT NOT NULL,
    PRIMARY KEY (artifact, device_type)
) STRICT, WITHOUT ROWID;
INSERT INTO "artifact_device_types" VALUES('2ad6fc52-897d-4362-8ec8-a60ee7a26117','test-device');
INSERT INTO "artifact_device_types" VALUES('4e6b9226-715d-48c0-a581-0df46caa55ac','test-device');
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
INSERT INTO "artifacts" VALUES(1,'4e6b9226-715d-48c0-a581-0df46caa55ac','old-2.0','{}','{"id":"4e6b9226-715d-48c0-a581-0df46caa55ac","name":"old-2.0","description":"two-path release old-2.0","device_types_compatible":["test-device"],"info":{"format":"mender","version":3},"signed":false,"updates":[{"type_info":{"type":"two-path"},"files":[{"name":"1dbd33bbd4172143ade07d92e1fc8601e4f97d67735c5aec86464855ac9711b9.blake2b512","checksum":"9a14169948c40104e686c5e3ab6aacc96946f195e1a1183af3ffc624498d7337","size":192,"date":"1970-01-01T00:00:00.000Z"},{"name":"1dbd33bbd4172143ade07d92e1fc8601e4f97d67735c5aec86464855ac9711b9.sha256","checksum":"726fbb3d7822c7642863bbd255166f78ef407f231cb1b3d6058e4512317c3441","size":96,"date":"1970-01-01T00:00:00.000Z"}],"metadata":{"two_path":{"format":1,"release":"old-2.0","version":"2.0","stream":"tracer","sequence":1795633375,"installer":{"type":"tracer","type_info":{"type":"tracer","artifact_provides":{"rootfs-image.tracer.version":"old-2.0"},"clears_artifact_provides":["rootfs-image.tracer.*"]},"meta_data":{},"reboot":"as-installer"},"block_size":1048576,"files":{"00":{"name":"payload-2.0","size":3145728,"sha256":"1dbd33bbd4172143ade07d92e1fc8601e4f97d67735c5aec86464855ac9711b9","encoding":"none","wire":{"size":3145728,"sha256":"1dbd33bbd4172143ade07d92e1fc8601e4f97d67735c5aec86464855ac9711b9","blocks":{"sha256":"726fbb3d7822c7642863bbd255166f78ef407f231cb1b3d6058e4512317c3441","blake2b512":"9a14169948c40104e686c5e3ab6aacc96946f195e1a1183af3ffc624498d7337"}}}},"version_file":"/opt/app/VERSION:APP_VERSION"}},"meta_data":[{"Key":"two_path","Value":{"format":1,"release":"old-2.0","version":"2.0","stream":"tracer","sequence":1795633375,"installer":{"type":"tracer","type_info":{"type":"tracer","artifact_provides":{"rootfs-image.tracer.version":"old-2.0"},"clears_artifact_provides":["rootfs-image.tracer.*"]},"meta_data":{},"reboot":"as-installer"},"block_size":1048576,"files":{"00":{"name":"payload-2.0","size":3145728,"sha256":"1dbd33bbd4172143ade07d92e1fc8601e4f97d67735c5aec86464855ac9711b9","encoding":"none","wire":{"size":3145728,"sha256":"1dbd33bbd4172143ade07d92e1fc8601e4f97d67735c5aec86464855ac9711b9","blocks":{"sha256":"726fbb3d7822c7642863bbd255166f78ef407f231cb1b3d6058e4512317c3441","blake2b512":"9a14169948c40104e686c5e3ab6aacc96946f195e1a1183af3ffc624498d7337"}}}},"version_file":"/opt/app/VERSION:APP_VERSION"}}]}],"artifact_provides":{"artifact_name":"old-2.0","rootfs-image.tracer.version":"old-2.0"},"artifact_depends":{"device_type":["test-device"]},"size":5632,"modified":"2026-11-25T19:02:55.294Z","clears_artifact_provides":["rootfs-image.tracer.*"]}','8aba10638e1819654e92c34f28c202206d84a4e9e37266534d094d3bcdb064e4',5632,1795633375294);
INSERT INTO "artifacts" VALUES(2,'2ad6fc52-897d-4362-8ec8-a60ee7a26117','old-3.0','{}','{"id":"2ad6fc52-897d-4362-8ec8-a60ee7a26117","name":"old-3.0","description":"two-path release old-3.0","device_types_compatible":["test-device"],"info":{"format":"mender","version":3},"signed":false,"updates":[{"type_info":{"type":"two-path"},"files":[{"name":"1bebdc8a3a95b4c97173f75ff0f7d78fc3ec6099491e76839051cf149e53f62b.blake2b512","checksum":"c89416320387994e848c4ff50af21844075ece99d51c422d4ceeb489226c1cba","size":64,"date":"1970-01-01T00:00:00.000Z"},{"name":"1bebdc8a3a95b4c97173f75ff0f7d78fc3ec6099491e76839051cf149e53f62b.sha256","checksum":"1d3e4c39b806468dd71c6b58e546d3688241b9f6dcae9e18c3c30aed50afe8bb","size":32,"date":"1970-01-01T00:00:00.000Z"}],"metadata":{"two_path":{"format":1,"release":"old-3.0","version":"3.0","stream":"tracer","sequence":1795633377,"installer":{"type":"tracer","type_info":{"type":"tracer","artifact_provides":{"rootfs-image.tracer.version":"old-3.0"},"clears_artifact_provides":["rootfs-image.tracer.*"]},"meta_data":{},"reboot":"as-installer"},"block_size":1048576,"files":{"00":{"name":"payload-3.0","size":70000,"sha256":"1bebdc8a3a95b4c97173f75ff0f7d78fc3ec6099491e76839051cf149e53f62b","encoding":"none","wire":{"size":70000,"sha256":"1bebdc8a3a95b4c97173f75ff0f7d78fc3ec6099491e76839051cf149e53f62b","blocks":{"sha256":"1d3e4c39b806468dd71c6b58e546d3688241b9f6dcae9e18c3c30aed50afe8bb","blake2b512":"c89416320387994e848c4ff50af21844075ece99d51c422d4ceeb489226c1cba"}}}},"version_file":"/opt/app/VERSION:APP_VERSION"}},"meta_data":[{"Key":"two_path","Value":{"format":1,"release":"old-3.0","version":"3.0","stream":"tracer","sequence":1795633377,"installer":{"type":"tracer","type_info":{"type":"tracer","artifact_provides":{"rootfs-image.tracer.version":"old-3.0"},"clears_artifact_provides":["rootfs-image.tracer.*"]},"meta_data":{},"reboot":"as-installer"},"block_size":1048576,"files":{"00":{"name":"payload-3.0","size":70000,"sha256":"1bebdc8a3a95b4c97173f75ff0f7d78fc3ec6099491e76839051cf149e53f62b","encoding":"none","wire":{"size":70000,"sha256":"1bebdc8a3a95b4c97173f75ff0f7d78fc3ec6099491e76839051cf149e53f62b","blocks":{"sha256":"1d3e4c39b806468dd71c6b58e546d3688241b9f6dcae9e18c3c30aed50afe8bb","blake2b512":"c89416320387994e848c4ff50af21844075ece99d51c422d4ceeb489226c1cba"}}}},"version_file":"/opt/app/VERSION:APP_VERSION"}}]}],"artifact_provides":{"artifact_name":"old-3.0","rootfs-image.tracer.version":"old-3.0"},"artifact_depends":{"device_type":["test-device"]},"size":5632,"modified":"2026-11-25T19:02:57.191Z","clears_artifact_provides":["rootfs-image.tracer.*"]}','80978804bc7d5b1e39d32e049a4b2f164ed2fd583a0c4d84d1f2ccd50402a4ba',5632,1795633377191);
CREATE TABLE attributes (
    device  TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,                   -- JSON
    updated INTEGER NOT NULL,
    PRIMARY KEY (device, name)
) STRICT, WITHOUT ROWID;
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
INSERT INTO "auth_sets" VALUES('db08f4df-0716-4df0-9a15-5e2559ae4446','6e2a12ed-b0ac-4986-88da-b4f5bacdc22b','-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEU49D2W85E5rPuwCGjiiPTrrAlJ6t
rluuV+5ZH/7W70mZZSh64rMhOHmyPRpv6Ws6sK5fGIK4sGtjZE6/HxzZzw==
-----END PUBLIC KEY-----
','accepted','61f32117-89e2-436f-a4b1-2cb791adc7e6',1795633375128,1795633375128,0);
CREATE TABLE deployment_logs (
    deployment TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    device     TEXT NOT NULL,
    lines      TEXT NOT NULL,
    PRIMARY KEY (deployment, device)
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
INSERT INTO "deployments" VALUES(1,'f74be785-66d6-4a43-a91d-142e391a11f2','old-2.0','old-2.0','eeec063e6f41a58cd7cd9dc6c59c52f39ec5969716fcfa41ea504805cc605690',NULL,0,1795633375319,1795633376570);
INSERT INTO "deployments" VALUES(2,'2833993f-8e51-4424-9729-3a5ee13882d9','old-3.0','old-3.0','eeec063e6f41a58cd7cd9dc6c59c52f39ec5969716fcfa41ea504805cc605690',NULL,0,1795633377225,NULL);
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
INSERT INTO "device_deployments" VALUES('2833993f-8e51-4424-9729-3a5ee13882d9','6e2a12ed-b0ac-4986-88da-b4f5bacdc22b','downloading','','2ad6fc52-897d-4362-8ec8-a60ee7a26117',1795633377225,1795633377236,NULL);
INSERT INTO "device_deployments" VALUES('f74be785-66d6-4a43-a91d-142e391a11f2','6e2a12ed-b0ac-4986-88da-b4f5bacdc22b','success','','4e6b9226-715d-48c0-a581-0df46caa55ac',1795633375319,1795633375326,1795633376570);
CREATE TABLE devices (
    id            TEXT PRIMARY KEY NOT NULL,
    identity      TEXT NOT NULL UNIQUE,      -- SHA-256 of identity_data, hex
    identity_data TEXT NOT NULL,             -- JSON with sorted keys
    group_name    TEXT,
    created       INTEGER NOT NULL,
    updated       INTEGER NOT NULL,          -- of anything an operator sees in lists
    checked_in    INTEGER NOT NULL
) STRICT;
INSERT INTO "devices" VALUES('6e2a12ed-b0ac-4986-88da-b4f5bacdc22b','2bc0ff94765a0f6e3a13af3f1b820533471010340856010e959cd588a305e71b','{"mac":"00476db8-92da-4831-8a1c-d5681f9bf27a"}',NULL,1795633375128,1795633375128,1795633375128);
CREATE TABLE user_tokens (
    id      TEXT PRIMARY KEY NOT NULL,       -- the token's jti
    user    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires INTEGER NOT NULL
) STRICT;
INSERT INTO "user_tokens" VALUES('10686859-f9ca-46b6-a969-0434d47dea9a','dcac8bf5-c8a4-480c-bd7b-18fb6d5abbfb',1796238175000);
INSERT INTO "user_tokens" VALUES('894b2379-cd0e-4ade-995b-024c1c27f865','dcac8bf5-c8a4-480c-bd7b-18fb6d5abbfb',1796238177000);
CREATE TABLE users (
    id       TEXT PRIMARY KEY NOT NULL,
    email    TEXT NOT NULL UNIQUE,           -- lower case
    password TEXT NOT NULL,                  -- scrypt$LOG2N$R$P$SALT$HASH
    created  INTEGER NOT NULL
) STRICT;
INSERT INTO "users" VALUES('dcac8bf5-c8a4-480c-bd7b-18fb6d5abbfb','operator@example.com','scrypt$15$8$3$6dSbiJB07gDRN1GeE34CsQ==$RC9UmXrJ2idHgVrL8hhQfTEH625iGxK6UzXDLaDUkgk=',1795633374421);
CREATE INDEX devices_by_group ON devices (group_name);
CREATE INDEX auth_sets_by_status ON auth_sets (status, asked);
CREATE VIEW device_statuses AS
SELECT id,
       CASE WHEN EXISTS (SELECT 1 FROM auth_sets WHERE device = devices.id AND status = 'accepted') THEN 'accepted'
            WHEN EXISTS (SELECT 1 FROM auth_sets WHERE device = devices.id AND status = 'pending') THEN 'pending'
            ELSE 'rejected' END AS status
FROM devices;
CREATE INDEX artifacts_by_name ON artifacts (name);
CREATE INDEX active_device_deployments ON device_deployments (device) WHERE finished IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('artifacts',2);
INSERT INTO "sqlite_sequence" VALUES('deployments',2);
COMMIT;
PRAGMA user_version=1;
