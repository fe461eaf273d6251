"""Who watches the sessions by server-sent events, as a program does."""

import http.client
import json
import ssl

EVENTS = "/api/management/v1/two-path/events"
MOST_WATCHERS = 32


class Watcher:
    """One that watches. `status` and `headers` of the answer; iterating gives its events as (name, data)."""

    def __init__(self, plugin, token=None, path=EVENTS):
        context = ssl.create_default_context(cafile=plugin.certificate)
        self._connection = http.client.HTTPSConnection(plugin.address, plugin.https_port, context=context, timeout=30)
        token = plugin.operator_token() if token is None else token
        self._connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        self.headers = self._answer.headers

    def close(self):
        self._answer.close()
        self._connection.close()

    def __iter__(self):
        name = None
        for line in self._answer:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)
