-- Whether one device is accepted, without a look at all that are.
CREATE INDEX auth_sets_by_device ON auth_sets (device, status);
