-- Artifacts of releases that wait for their signature; they go when the framework has the release.
CREATE TABLE unsigned_artifacts (
    release  TEXT PRIMARY KEY NOT NULL REFERENCES releases (name) ON DELETE CASCADE,
    artifact TEXT NOT NULL -- the .mender, base64
) STRICT;
