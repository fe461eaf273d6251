"""What Mender's API documents promise of answers, as JSON schemas (the management APIs of useradm, devauth, inventory
and deployments, docs.mender.io/api). Members that are not named here are allowed, as there."""

TIME = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$"}
UUID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
TEXTS = {"type": "array", "items": TEXT}


def shape(required, **optional):
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


def list_of(items, **more):
    return {"type": "array", "items": items, **more}


ERROR = shape({"error": {**TEXT, "minLength": 1}, "request_id": TEXT})

USER = shape({"id": UUID, "email": TEXT, "created_ts": TIME, "updated_ts": TIME}, login_ts=TIME)
TOKEN = shape({"id": UUID, "name": TEXT, "created_ts": TIME, "expiration_date": TIME}, last_used=TIME)

DEVICE_STATUS = {"enum": ["pending", "accepted", "rejected", "preauthorized", "noauth"]}
AUTH_SET = shape({"id": UUID, "pubkey": TEXT, "identity_data": {"type": "object"}, "status": DEVICE_STATUS, "ts": TIME})
DEVICE = shape({"id": UUID, "identity_data": {"type": "object"}, "status": DEVICE_STATUS, "created_ts": TIME,
                "updated_ts": TIME, "auth_sets": list_of(AUTH_SET), "decommissioning": {"type": "boolean"}},
               check_in_time=TIME)

PLAIN = {"type": ["string", "number", "boolean"]}
ATTRIBUTE = shape({"name": TEXT, "scope": {"enum": ["identity", "inventory", "system", "tags", "monitor"]},
                   "value": {"anyOf": [PLAIN, list_of(PLAIN)]}}, description=TEXT, timestamp=TIME)
INVENTORY = shape({"id": UUID, "attributes": list_of(ATTRIBUTE), "updated_ts": TIME})
FILTERABLE = shape({"name": TEXT, "scope": TEXT, "count": COUNT})

FILE = shape({"name": TEXT, "checksum": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "size": COUNT, "date": TIME})
PAYLOAD = shape({"type_info": shape({"type": TEXT}), "files": list_of(FILE)},
                meta_data=list_of(shape({"Key": TEXT, "Value": {}})))  # a list: mender-cli reads it so
ARTIFACT = shape({"id": UUID, "name": TEXT, "description": TEXT, "device_types_compatible": TEXTS,
                  "info": shape({"format": {"const": "mender"}, "version": {"const": 3}}), "signed": {"type": "boolean"},
                  "updates": list_of(PAYLOAD), "artifact_provides": {"type": "object"},
                  "artifact_depends": {"type": "object"}, "size": COUNT, "modified": TIME},
                 clears_artifact_provides=TEXTS)
RELEASE = shape({"name": TEXT, "modified": TIME, "tags": TEXTS, "notes": TEXT, "artifacts": list_of(ARTIFACT),
                 "artifacts_count": COUNT})

STATISTICS = shape({name: COUNT for name in [
    "success", "pending", "failure", "downloading", "installing", "rebooting", "noartifact", "already-installed",
    "aborted", "pause_before_installing", "pause_before_rebooting", "pause_before_committing", "decommissioned"]})
DEPLOYMENT = shape({"id": UUID, "name": TEXT, "artifact_name": TEXT, "created": TIME,
                    "status": {"enum": ["pending", "inprogress", "finished"]}, "device_count": COUNT,
                    "max_devices": COUNT, "artifacts": list_of(UUID), "type": {"const": "software"},
                    "statistics": shape({"status": STATISTICS, "total_size": COUNT})},
                   finished=TIME, groups=TEXTS, force_installation={"type": "boolean"})
DEVICE_DEPLOYMENT = shape({"id": UUID, "status": {"enum": list(STATISTICS["properties"])}, "created": TIME,
                           "log": {"type": "boolean"}}, started=TIME, finished=TIME, deleted=TIME, substate=TEXT,
                          image=ARTIFACT)
HISTORY = shape({"id": UUID, "deployment": DEPLOYMENT, "device": DEVICE_DEPLOYMENT})
