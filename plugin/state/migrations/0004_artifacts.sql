-- What the framework has of a release: its artifact, and since when that is gone.
ALTER TABLE releases ADD COLUMN artifact TEXT; -- its id there; null: never seen there
ALTER TABLE releases ADD COLUMN gone INTEGER;  -- null: it is there
