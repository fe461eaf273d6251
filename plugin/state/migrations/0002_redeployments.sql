-- Releases ordered again after a transfer that failed on the way; forgotten when the device has committed the release.
CREATE TABLE redeployments (
    session TEXT PRIMARY KEY NOT NULL REFERENCES sessions (id) ON DELETE CASCADE, -- whose transfer failed
    device  TEXT NOT NULL,
    release TEXT NOT NULL,
    failed  TEXT NOT NULL,                    -- the deployment that failed
    kept    INTEGER NOT NULL,                 -- verified bytes that the device kept
    since   INTEGER NOT NULL,
    ordered TEXT                              -- the new deployment; null: still to be ordered
) STRICT;
CREATE INDEX redeployments_by_device ON redeployments (device, release);
CREATE INDEX redeployments_due ON redeployments (since) WHERE ordered IS NULL;
