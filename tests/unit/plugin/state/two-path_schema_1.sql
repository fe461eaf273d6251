-- As a two-path-server of schema 1 left it: one update that was committed, and one that has begun.
BEGIN TRANSACTION;
CREATE TABLE certifications (
    session TEXT PRIMARY KEY NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    secret  TEXT NOT NULL,                    -- base64url
    expires INTEGER NOT NULL
) STRICT;
INSERT INTO "certifications" VALUES('vhwW7c70PuDY3--cEe9xTw','ULcNGILTVrJ6cmBC6kvE_S0OZdLIiHf1CubrN22MUJI',1795633497339);
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
INSERT INTO "events" VALUES('44LKCnuzWPNM68htlx5dlA',1,1795633375671,'opened','opened','device','');
INSERT INTO "events" VALUES('44LKCnuzWPNM68htlx5dlA',2,1795633375688,'stored','certified','device','');
INSERT INTO "events" VALUES('44LKCnuzWPNM68htlx5dlA',3,1795633375694,'login','transferring','device','127.0.0.1');
INSERT INTO "events" VALUES('44LKCnuzWPNM68htlx5dlA',4,1795633375762,'transferred','transferred','device','ftp');
INSERT INTO "events" VALUES('44LKCnuzWPNM68htlx5dlA',5,1795633375819,'invalidated','invalidated','device','');
INSERT INTO "events" VALUES('44LKCnuzWPNM68htlx5dlA',6,1795633376160,'installed','installed','device','');
INSERT INTO "events" VALUES('44LKCnuzWPNM68htlx5dlA',7,1795633376330,'restarted','restarted','device','boot 1403369a-645e-4e5d-b276-07cfb5406890');
INSERT INTO "events" VALUES('44LKCnuzWPNM68htlx5dlA',8,1795633376339,'version_equal','confirmed','device','expected 2.0, the device reports 2.0');
INSERT INTO "events" VALUES('44LKCnuzWPNM68htlx5dlA',9,1795633376552,'committed','committed','device','');
INSERT INTO "events" VALUES('vhwW7c70PuDY3--cEe9xTw',1,1795633377339,'opened','opened','device','');
INSERT INTO "events" VALUES('vhwW7c70PuDY3--cEe9xTw',2,1795633377355,'stored','certified','device','');
CREATE TABLE release_files (
    release TEXT NOT NULL REFERENCES releases (name) ON DELETE CASCADE,
    id      TEXT NOT NULL,                    -- SHA-256 of the encoded bytes
    name    TEXT NOT NULL,
    size    INTEGER NOT NULL,                 -- encoded bytes
    PRIMARY KEY (release, name)
) STRICT;
INSERT INTO "release_files" VALUES('old-2.0','1dbd33bbd4172143ade07d92e1fc8601e4f97d67735c5aec86464855ac9711b9','payload-2.0',3145728);
INSERT INTO "release_files" VALUES('old-3.0','1bebdc8a3a95b4c97173f75ff0f7d78fc3ec6099491e76839051cf149e53f62b','payload-3.0',70000);
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
INSERT INTO "releases" VALUES('old-2.0','2.0',1,'tracer',1795633375,1048576,0,'{"two_path":{"format":1,"release":"old-2.0","version":"2.0","stream":"tracer","sequence":1795633375,"installer":{"type":"tracer","type_info":{"type":"tracer","artifact_provides":{"rootfs-image.tracer.version":"old-2.0"},"clears_artifact_provides":["rootfs-image.tracer.*"]},"meta_data":{},"reboot":"as-installer"},"block_size":1048576,"files":{"00":{"name":"payload-2.0","size":3145728,"sha256":"1dbd33bbd4172143ade07d92e1fc8601e4f97d67735c5aec86464855ac9711b9","encoding":"none","wire":{"size":3145728,"sha256":"1dbd33bbd4172143ade07d92e1fc8601e4f97d67735c5aec86464855ac9711b9","blocks":{"sha256":"726fbb3d7822c7642863bbd255166f78ef407f231cb1b3d6058e4512317c3441","blake2b512":"9a14169948c40104e686c5e3ab6aacc96946f195e1a1183af3ffc624498d7337"}}}},"version_file":"/opt/app/VERSION:APP_VERSION"}}',1795633375250);
INSERT INTO "releases" VALUES('old-3.0','3.0',1,'tracer',1795633377,1048576,0,'{"two_path":{"format":1,"release":"old-3.0","version":"3.0","stream":"tracer","sequence":1795633377,"installer":{"type":"tracer","type_info":{"type":"tracer","artifact_provides":{"rootfs-image.tracer.version":"old-3.0"},"clears_artifact_provides":["rootfs-image.tracer.*"]},"meta_data":{},"reboot":"as-installer"},"block_size":1048576,"files":{"00":{"name":"payload-3.0","size":70000,"sha256":"1bebdc8a3a95b4c97173f75ff0f7d78fc3ec6099491e76839051cf149e53f62b","encoding":"none","wire":{"size":70000,"sha256":"1bebdc8a3a95b4c97173f75ff0f7d78fc3ec6099491e76839051cf149e53f62b","blocks":{"sha256":"1d3e4c39b806468dd71c6b58e546d3688241b9f6dcae9e18c3c30aed50afe8bb","blake2b512":"c89416320387994e848c4ff50af21844075ece99d51c422d4ceeb489226c1cba"}}}},"version_file":"/opt/app/VERSION:APP_VERSION"}}',1795633377163);
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
INSERT INTO "sessions" VALUES('44LKCnuzWPNM68htlx5dlA',1,'0.1.0','sC6ZuHtPtnWq8wzuLfLqNw','6e2a12ed-b0ac-4986-88da-b4f5bacdc22b','f74be785-66d6-4a43-a91d-142e391a11f2','old-2.0','2.0',1,0,'plugin','pull',NULL,'sha256,blake2b512','1.0','test-device','ff475473-521b-48b8-9e40-70d66241a655',1048576,3145728,1795633375671,1795633376552,'committed',NULL,'','','eb_KLV4IMPrAcUUfLercvg','1403369a-645e-4e5d-b276-07cfb5406890',1,'2.0',3145728,3145728,0,0,0.047753819,9.52099999999998607147e-03,'sha256','ftp');
INSERT INTO "sessions" VALUES('vhwW7c70PuDY3--cEe9xTw',1,'0.1.0','EAoPYy1MevP5zQ80gM05BA','6e2a12ed-b0ac-4986-88da-b4f5bacdc22b','2833993f-8e51-4424-9729-3a5ee13882d9','old-3.0','3.0',1,0,'plugin','pull',NULL,'sha256','2.0','test-device','boot-2',1048576,70000,1795633377339,1795633377355,'certified',NULL,'','',NULL,'',0,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX release_files_by_id ON release_files (id);
CREATE INDEX sessions_by_device ON sessions (device, opened);
CREATE INDEX sessions_by_release ON sessions (release, opened);
CREATE INDEX sessions_by_opened ON sessions (opened);
CREATE INDEX sessions_unfinished ON sessions (changed)
    WHERE state NOT IN ('committed', 'rolled_back', 'failed', 'expired', 'aborted');
COMMIT;
PRAGMA user_version=1;
