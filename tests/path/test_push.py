"""Push: the device listens, the plugin comes. The claims again, and what is push's own."""

import json
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import test_claims  # noqa: E402
from capture import is_tls  # noqa: E402
from path_case import MIB  # noqa: E402
from push_case import PORTS, STRANGER, PushCase  # noqa: E402


class PushClaims(PushCase, test_claims.Claims):
    """Those of pull, where they say the same; the others are said anew."""

    def test_C3_a_second_certification_information_that_differs_ends_the_second_path(self):
        def forge(direction, line):
            return b"PASS " + b"A" * 43 + b"\r\n" if direction == "up" and line.startswith(b"PASS ") else line

        update = self.ready()
        relay = self.relay(change_line=forge)
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        self.assertTrue([line for line in relay.lines("down") if line.startswith(b"530")])
        self.assertFalse([line for line in relay.lines("down") if line.startswith(b"230")])
        self.assertEqual(relay.data_connections, 0)
        self.assert_refused(update, "certification_mismatch")

    def test_C4_the_payload_crosses_only_after_the_comparison_succeeded(self):
        def forge(direction, line):
            return b"230 " + b"A" * 43 + b"\r\n" if direction == "down" and line.startswith(b"230 ") else line

        update = self.ready()
        self.device.configure(stall_timeout=1)
        relay = self.relay(change_line=forge)
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        self.assertEqual(relay.data_connections, 0)
        self.assertFalse([line for line in relay.lines("up") if line.startswith((b"SIZE", b"STOR"))])
        self.assertNotIn("transferring", self.states())
        noted = [event["detail"] for event in self.plugin.events(self.session()["id"]) if event["step"] == "push"]
        self.assertTrue(noted)
        self.assert_refused(update, "certification_refused")

    def test_C5_after_the_transfer_the_certification_is_dead_on_both_sides(self):
        update = self.ready()
        relay = self.relay()
        update.call("Download", check=0)
        self.assertEqual(self.states()[3:5], ["transferred", "invalidated"])
        self.assertEqual(self.live_secrets(), [])
        self.assertNotIn("certification", json.loads((self.device.state / "record.json").read_text()))
        self.assertTrue(relay.lines("up"))

    def test_C5_the_port_closes_with_the_transfer(self):
        (self.device.installed / "hold-Download").touch()
        update = self.ready()
        process = update.start("Download")
        update.read_until(process, "holding Download")  # the installer is at work, the module runs
        self.assertIsNone(self.connect(), "the device still listens")
        update.kill(process)

    test_C5_while_it_lives_the_certification_opens_the_second_path = None

    def test_C5_a_recorded_login_opens_nothing_while_the_device_listens(self):
        answers = []

        def replay(_connection, _offset, part):
            if not answers:
                login = [line for line in relay.lines("up") if line.startswith((b"USER", b"PASS"))]
                with self.connect() as connection:
                    lines = connection.makefile("rb")
                    answers.append(lines.readline())
                    for line in login:
                        connection.sendall(line)
                        answers.append(lines.readline())
            return part

        update = self.ready()
        relay = self.relay(change=replay)
        update.call("Download", check=0)
        self.assertEqual([answer[:3] for answer in answers], [b"220", b"331", b"530"])

    def test_C6_C7_the_ordered_update_is_told_to_whoever_ordered_it(self):
        update = self.ready()
        update.install()
        update.call("ArtifactVerifyReboot", check=0)
        update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        self.device.report(self.deployment, "success")
        session = self.session()
        self.assertEqual((session["state"], session["mode"], session["deployment"]),
                         ("committed", "push", self.deployment))
        told = self.plugin.get(f"/api/management/v1/deployments/deployments/{self.deployment}/devices")
        self.assertEqual(told[0]["status"], "success")

    def test_C8_C9_C10_the_first_path_is_TLS_and_the_second_clear_and_without_a_secret(self):
        secrets = []
        update = self.ready()
        relay = self.relay(change=lambda _connection, _offset, part: secrets.extend(self.live_secrets()) or part)
        with self.network.server.capture() as capture:
            update.call("Download", check=0)
        first, second = [], []
        for flow, content in capture.flows().items():
            is_first = self.plugin.https_port in (flow.source_port, flow.target_port)
            (first if is_first else second).append(content)
        self.assertTrue(relay.lines("up"))
        self.assertTrue(first)
        for content in first:
            self.assertTrue(is_tls(content), content[:100])
        payload = (self.device.folder / "payload-2.0").read_bytes()
        self.assertTrue([content for content in second if payload[:MIB] in content])
        self.assertTrue([content for content in second if content.startswith(b"USER ")])
        for content in second:
            self.assertNotIn(secrets[0].encode(), content)
            self.assertNotIn(self.device.token.encode(), content)


class Push(PushCase):
    def ready(self, **publish):
        artifact = self.publish(**publish)
        self.deployment = self.deploy()
        return self.update(artifact)

    def held(self, update, at):
        """Starts Download behind a relay that stands still after `at` bytes; gives process, relay and release."""
        reached, go = threading.Event(), threading.Event()

        def hold(_connection, offset, part):
            if offset >= at:
                reached.set()
                go.wait(60)
            return part

        relay = self.relay(change=hold)
        self.addCleanup(go.set)
        process = update.start("Download")
        self.assertTrue(reached.wait(60), "no data came")
        return process, relay, go.set

    def test_a_transfer_that_is_cut_goes_on_where_it_was(self):
        def cut(connection, offset, part):
            return None if connection == 0 and offset >= 6 * MIB else part

        update = self.ready(size=12 * MIB)
        relay = self.relay(change=cut)
        update.call("Download", check=0)
        self.assertGreater(relay.data_connections, 1)
        self.assertLess(relay.passed, 14 * MIB)
        self.assertIn(b"REST", b"".join(relay.lines("up")))
        asked, stored = ([line for line in relay.lines("up") if line.startswith(word)] for word in (b"SIZE", b"STOR"))
        self.assertEqual(len(asked), len(stored) + 1)  # once before each, and at the end

    def test_a_block_that_is_tampered_with_once_is_sent_again(self):
        def tamper(connection, offset, part):
            return bytes([part[0] ^ 1]) + part[1:] if connection == 0 and offset == 0 else part

        update = self.ready(size=4 * MIB)
        relay = self.relay(change=tamper)
        update.call("Download", check=0)
        self.assertTrue([line for line in relay.lines("down") if line.startswith(b"451")])

    def test_a_block_that_is_tampered_with_and_thanked_for_is_sent_again(self):
        def tamper(connection, offset, part):
            return bytes([part[0] ^ 1]) + part[1:] if connection == 0 and offset == 0 else part

        def thank(_direction, line):
            return b"226 Stored.\r\n" if line.startswith(b"451") else line

        update = self.ready(size=MIB // 2)  # one block
        relay = self.relay(change=tamper, change_line=thank)
        update.call("Download", check=0)
        self.assertTrue([line for line in relay.lines("down") if line.startswith(b"451")])

    def test_tampering_without_end_ends_the_update(self):
        def tamper(_connection, offset, part):
            return bytes([part[0] ^ 1]) + part[1:] if offset == 0 else part

        update = self.ready()
        self.relay(change=tamper)
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        update.call("Cleanup", check=0)
        self.assert_refused(update, "tampered")
        self.assertEqual(self.calls(), [])

    def test_a_killed_module_keeps_its_blocks_and_takes_the_rest_by_pull(self):
        update = self.ready(size=24 * MIB)
        process, relay, go = self.held(update, 20 * MIB)
        update.kill(process)
        relay.__exit__()
        go()
        update.call("Cleanup", check=0)
        self.device.report(self.deployment, "failure")
        self.plugin.command("deploy", self.release, "--device", self.device.id)
        self.device.report(self.device.next_deployment(), "downloading")
        self.device.configure(mode="pull")
        again = self.update(self.device.folder / f"{self.release}.mender")
        again.call("Download", check=0)
        session = self.session()
        self.assertEqual(session["mode"], "pull")
        self.assertGreaterEqual(session["resumed"], 4 * MIB)

    def test_a_killed_plugin_comes_again_when_it_is_back(self):
        update = self.ready(size=12 * MIB)
        process, relay, go = self.held(update, 6 * MIB)
        self.plugin.kill()
        self.plugin.start()
        go()
        update.finish(process, "Download", check=0)
        self.assertLess(relay.passed, 16 * MIB)  # 6 + 12, had it begun anew
        self.assertEqual(self.session()["state"], "invalidated")

    def test_a_plugin_that_is_stopped_cuts_and_comes_again(self):
        update = self.ready(size=12 * MIB)
        process, relay, go = self.held(update, 6 * MIB)
        self.assertEqual(self.plugin.stop(timeout=15, meanwhile=go), 0)
        self.plugin.start()
        update.finish(process, "Download", check=0)
        self.assertLess(relay.passed, 16 * MIB)

    def test_an_aborted_deployment_closes_the_port(self):
        update = self.ready(size=12 * MIB)
        process, _, go = self.held(update, 2 * MIB)
        status, _, _ = self.plugin.request("PUT", f"/api/management/v1/deployments/deployments/{self.deployment}/status",
                                           {"status": "aborted"})
        self.assertEqual(status, 204)
        self.await_end_of("transferring")
        go()
        code, _ = update.finish(process, "Download")
        self.assertEqual(code, 1)
        self.assertIn("aborted", update.log)
        self.assertIsNone(self.connect())

    def test_strangers_are_not_let_in_and_do_not_disturb(self):
        update = self.ready(size=12 * MIB)
        process, _, go = self.held(update, 2 * MIB)
        if connection := self.connect(source=STRANGER):
            with connection:
                try:
                    self.assertEqual(connection.recv(100), b"")
                except ConnectionResetError:
                    pass
        go()
        update.finish(process, "Download", check=0)

    def test_the_plugin_is_not_aimed_at_anyone_else(self):
        artifact = self.publish()
        device = self.network.device.address
        for address, named in [("127.0.0.1", "not an address of a device"), ("10.77.0.1", "not an address of a device"),
                               ("169.254.1.1", "not an address of a device"), ("192.0.2.7", "push_networks")]:
            with self.subTest(address):
                deployment = self.deploy()
                self.device.configure(push_address=address, push_listen=device)
                update = self.update(artifact)
                code, _ = update.call("Download")
                self.assertEqual(code, 1)
                self.assertIn("forbidden", update.log)
                self.assertIn(named, update.log)
                update.call("Cleanup", check=0)
                self.device.report(deployment, "failure")

    def test_a_data_port_outside_the_operators_range_is_not_gone_to(self):
        def aim(direction, line):
            return b"229 Entering extended passive mode (|||39999|).\r\n" if line.startswith(b"229") else line

        self.plugin.set(ftp__push_ports=f"{PORTS[0]}-{PORTS[-1]}")
        self.addCleanup(self.plugin.set, ftp__push_ports="1024-65535")
        self.plugin.stop()
        self.plugin.start()
        update = self.ready()
        relay = self.relay(change_line=aim)
        update.call("Download")
        self.assertTrue([line for line in relay.lines("down") if line.startswith(b"229")])
        self.assertFalse([line for line in relay.lines("up") if line.startswith(b"STOR")])

    def test_a_port_outside_the_operators_range_is_refused(self):
        update = self.ready()
        self.device.configure(push_ports="50000-50009")
        self.plugin.set(ftp__push_ports=f"{PORTS[0]}-{PORTS[-1]}")
        self.addCleanup(self.plugin.set, ftp__push_ports="1024-65535")
        self.plugin.stop()
        self.plugin.start()
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        self.assertIn("push_ports", update.log)

    def restart_with(self, **settings):
        """Until the test's end."""
        self.plugin.kill()
        self.plugin.set(**settings)
        self.plugin.start()

    def narrowed_while_a_session_is_under_way(self, **narrowed):
        self.addCleanup(self.restart_with, ftp__push="true", ftp__push_ports="1024-65535")
        update = self.ready(size=12 * MIB)
        self.device.configure(stall_timeout=1)
        process, relay, go = self.held(update, 6 * MIB)
        self.restart_with(**narrowed)
        go()
        code, _ = update.finish(process, "Download")
        self.assertEqual(code, 1)
        self.assertEqual(len([line for line in relay.lines("up") if line.startswith(b"USER")]), 1)

    def test_narrowed_ports_hold_for_sessions_under_way(self):
        self.narrowed_while_a_session_is_under_way(ftp__push_ports="50000-50009")

    def test_switching_push_off_holds_for_sessions_under_way(self):
        self.narrowed_while_a_session_is_under_way(ftp__push="false")


class Off(PushCase):
    settings = {}

    def test_push_is_off_unless_the_operator_switches_it_on(self):
        artifact = self.publish()
        self.deploy()
        update = self.update(artifact)
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        self.assertIn("unsupported", update.log)
        self.assertIn("use mode `pull`", update.log)


if __name__ == "__main__":
    unittest.main()
