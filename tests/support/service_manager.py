"""Starts a plugin again when it ends, as a service manager does."""

import os
import select
import threading

ATTEMPTS = 10


class ServiceManager:
    """`ended`: called when the plugin has ended, before it is started again."""

    def __init__(self, plugin, ended=lambda: None):
        self.starts = 0
        self._plugin = plugin
        self._ended = ended
        self._changed = threading.Condition()
        self._failure = None
        self._until, self._leave = os.pipe()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self):
        """The plugin's end comes after."""
        os.close(self._leave)
        self._thread.join()
        os.close(self._until)

    def wait_for(self, starts, timeout=60):
        """Until the plugin was started anew so often in all."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._failure or self.starts >= starts, timeout):
                raise TimeoutError("the plugin has not ended")
        if self._failure:
            raise self._failure

    def _watch(self):
        while self._wait_for_its_end():
            self._plugin.kill()
            self._ended()
            failure = self._start()
            with self._changed:
                self.starts += 1
                self._failure = failure
                self._changed.notify_all()
            if failure:
                return

    def _wait_for_its_end(self):
        end = os.pidfd_open(self._plugin.pid)
        try:
            ready, _, _ = select.select([end, self._until], [], [])
            return self._until not in ready
        finally:
            os.close(end)

    def _start(self):
        """None, or why it does not start."""
        for attempt in range(ATTEMPTS):
            try:
                self._plugin.start()
                return None
            except RuntimeError as why:
                failure = why
        return failure
