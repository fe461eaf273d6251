"""A Mender server as the host: whole updates with its deployments, and what becomes of sessions when it fails."""

import concurrent.futures
import json
import sys
import threading
import time
import unittest
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from mender_case import MenderCase  # noqa: E402
from path_case import MIB, RELAY  # noqa: E402
from relay import Relay  # noqa: E402

STATES = ["opened", "certified", "transferring", "transferred", "invalidated", "installed", "restarted", "confirmed",
          "committed"]
ACTIVE = r"/deployments/devices/[^/]+\?status=active"


class HostCase(MenderCase):
    settings = {"ftp.advertise": RELAY}

    def relay(self, change=lambda _connection, _offset, part: part):
        relay = Relay(self.plugin.address, self.plugin.ftp_port, RELAY, change=change)
        self.addCleanup(relay.__exit__)
        return relay

    def ready(self, **options):
        update = self.update(self.publish(**options))
        self.deployment = self.deploy()
        return update


class MenderHost(HostCase):
    def test_a_whole_update_is_confirmed_and_committed(self):
        update = self.ready()
        self.relay()
        self.assertEqual(update.install(), "Automatic")
        self.finish_update(update, self.deployment)
        self.assertEqual(self.states(), STATES)
        session = self.session()
        self.assertEqual((session["deployment"], session["device"]), (self.deployment, self.device.id))
        self.assertEqual(self.mender.deployments.find(self.deployment)["parts"][self.device.id]["status"], "success")
        # A poll with parameters could have failed the deployment.
        polls = [request for request in self.mender.requests if request[1].endswith("/deployments/next")]
        self.assertIn(("GET", "/api/devices/v1/deployments/device/deployments/next"), polls)
        self.assertFalse([request for request in self.mender.requests if "/deployments/next?" in request[1]])

    def test_what_is_not_deployed_to_the_device_is_refused(self):
        update = self.update(self.publish())
        other = self.new_device()
        self.plugin.command("deploy", self.release, "--device", other.id)
        other.next_deployment()
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        self.assertIn("not_deployed: ", update.log)
        self.assertEqual(self.plugin.sessions(device=self.device.id), [])

    def test_another_artifact_of_the_releases_name_is_refused(self):
        update = self.ready()
        image = self.mender.deployments.find(self.deployment)["parts"][self.device.id]["image"]
        image["id"] = str(uuid.uuid4())
        image["updates"][0]["files"][0]["checksum"] = "0" * 64
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        self.assertIn("is not the release published here", update.log)

    def test_a_server_without_metadata_and_lists_of_statistics_serves_as_well(self):
        self.mender.artifacts.metadata = self.mender.deployments.lists_of_statistics = False
        self.addCleanup(setattr, self.mender.artifacts, "metadata", True)
        self.addCleanup(setattr, self.mender.deployments, "lists_of_statistics", True)
        update = self.ready()
        self.aborts(update, lambda: self.plugin.command("deployments", "abort", self.deployment))

    def aborts(self, update, act):
        """`act` while the first bytes have passed; the session ends, and no login works any more."""
        acted = threading.Event()

        def end(_connection, _offset, part):
            if not acted.is_set():
                acted.set()
                act()
                self.await_end_of("transferring")
            return part

        relay = self.relay(end)
        process = update.start("Download")
        try:
            update.read_until(process, "Download: ")
        finally:
            update.kill(process)
        self.assertEqual(relay.data_connections, 1)
        session = self.session()
        self.assertEqual((session["state"], session["reason"]), ("aborted", "aborted"))
        return session

    def test_an_abort_in_mender_kills_the_certification(self):
        update = self.ready(size=32 * MIB)
        session = self.aborts(update, lambda: self.plugin.command("deployments", "abort", self.deployment))
        self.assertEqual(session["detail"], "the deployment was aborted")

    def test_a_device_rejected_in_mender_gets_no_more_bytes(self):
        update = self.ready(size=32 * MIB)
        session = self.aborts(update, lambda: self.mender.reject(self.device.id))
        self.assertEqual(session["detail"], "the device is not accepted any more")

    def test_a_device_that_mender_gave_up_gets_no_more_bytes(self):
        update = self.ready(size=32 * MIB)
        session = self.aborts(update, lambda: self.mender.decommission(self.device.id))
        self.assertEqual(session["detail"], "the device is not accepted any more")

    def test_a_list_that_does_not_end_is_given_up_and_asked_for_anew(self):
        update = self.ready(size=32 * MIB)
        self.device.configure(stall_timeout=30)

        def abort():
            same = [{"id": str(uuid.uuid4()), "status": "aborted"} for _ in range(500)]
            fault = self.mender.fault("/devices/list", status=200, body=same)
            self.plugin.command("deployments", "abort", self.deployment)
            while fault.hits < 4:
                self.wait_for_the_next_look()
            self.mender.heal()

        self.aborts(update, abort)
        self.assertFalse([target for _, target in self.mender.requests if "/devices/list" in target
                          and "page=3&" in target])

    def test_a_mender_server_that_goes_down_loses_no_session(self):
        update = self.ready()
        since = len(self.plugin.log())
        down = threading.Event()

        def go_down(_connection, _offset, part):
            if not down.is_set():
                down.set()
                self.mender.go_down()
                self.wait_for_status(503)  # what was known of the token is forgotten
            return part

        self.device.configure(stall_timeout=30)
        self.relay(go_down)
        process = update.start("Download")
        # The bytes need no Mender; the next step does, and waits.
        since = self.wait_for_log("the Mender server does not serve: ", since)
        self.wait_for_log("/transfer 503", since)
        self.mender.heal()
        update.finish(process, "Download", check=0)
        self.wait_for_log("serves again", since)
        update.call("ArtifactInstall", check=0)
        self.device.restart()
        self.finish_update(update, self.deployment)
        self.assertEqual(self.states(), STATES)


class Tokens(MenderCase):
    def refused(self, answer, status=401):
        self.assertEqual(answer[0], status)
        self.assertEqual(json.loads(answer[2])["reason"], "unauthorized")

    def test_a_users_token_is_no_devices_and_a_devices_is_no_users(self):
        self.assertEqual(self.ask()[0], 404)
        self.refused(self.ask(self.plugin.token))
        self.refused(self.plugin.direct("GET", "/api/management/v1/two-path/sessions", self.device.token))
        status, _, _ = self.plugin.direct("GET", "/api/management/v1/two-path/sessions", self.plugin.token)
        self.assertEqual(status, 200)

    def test_what_is_no_token_of_the_server_is_refused(self):
        for token in ("", "x", "a.b.c", self.device.token[:-8] + "AAAAAAAA",
                      self.mender.tokens.issue("device", "../users/me")):
            self.refused(self.ask(token))

    def test_strangers_make_the_plugin_ask_so_often_and_no_more(self):
        self.addCleanup(self.restart_plugin)
        asked, begun = len(self.mender.requests), time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(8) as strangers:
            statuses = list(strangers.map(lambda number: self.ask(self.junk(number))[0], range(200)))
        self.assertEqual(set(statuses), {401, 503})
        self.assertLessEqual(len(self.mender.requests) - asked, 51 + 2 * (time.monotonic() - begun))
        self.wait_for_status(404)  # the next may ask after half a second

    def test_a_token_is_asked_about_once_in_a_while(self):
        self.ask()
        asked = len(self.mender.requests)
        for _ in range(20):
            self.assertEqual(self.ask()[0], 404)
        self.assertLess(len(self.mender.requests) - asked, 20)

    def test_a_revoked_token_is_refused_within_seconds(self):
        self.assertEqual(self.ask()[0], 404)
        self.mender.reject(self.device.id)
        self.wait_for_status(401, within=8)

    def test_a_revoked_operator_is_refused_within_seconds(self):
        token = self.mender.new_access_token()
        path = "/api/management/v1/two-path/sessions"
        self.assertEqual(self.plugin.direct("GET", path, token)[0], 200)
        self.mender.tokens.revoke(token)
        end = time.monotonic() + 8
        while self.plugin.direct("GET", path, token)[0] != 401:
            self.assertLess(time.monotonic(), end)
            self.wait_for_the_next_look()


class Troubles(HostCase):
    """Each device is new, so that nothing is known of its token."""

    def told_to_come_again(self, within=3.5):
        begun = time.monotonic()
        status, headers, body = self.ask()
        self.assertLess(time.monotonic() - begun, within)
        self.assertEqual((status, json.loads(body)["reason"]), (503, "unavailable"))
        self.assertGreater(int(headers["Retry-After"]), 0)

    def test_a_slow_server_is_not_waited_for(self):
        self.mender.fault("/deployments/next", delay=20)
        self.told_to_come_again()

    def test_a_server_that_is_down_or_answers_5xx_is_asked_again_meanwhile(self):
        for how in ({"close": True}, {"status": 500}, {"status": 503, "headers": {"Retry-After": "60"}}):
            with self.subTest(how):
                fault = self.mender.fault("/deployments/next", **how)
                self.told_to_come_again()
                self.assertGreater(fault.hits, 2)
                self.assertLess(fault.hits, 20)
                self.mender.heal()
                self.wait_for_status(404)
                self.device = self.new_device()

    def test_a_proxys_400_is_no_proof_of_a_token(self):
        self.mender.fault("/deployments/next", status=400, body=b"<html>400 Request Header Or Cookie Too Large</html>")
        self.told_to_come_again()
        self.mender.heal()
        self.wait_for_status(404)

    def test_a_short_trouble_is_not_told_to_the_device(self):
        fault = self.mender.fault("/deployments/next", status=502)
        threading.Timer(0.5, self.mender.heal).start()
        self.assertEqual(self.ask()[0], 404)
        self.assertGreater(fault.hits, 0)

    def test_a_server_that_answers_429_is_left_alone_for_as_long_as_it_says(self):
        self.plugin.command("publish", __file__, "--name", self.name, "--version", "1", "--installer", "tracer",
                            "--device-type", self.device.device_type, "--no-version-check")
        fault = self.mender.fault(ACTIVE, status=429, headers={"Retry-After": "2"})
        body = {"protocol": 1, "module_version": "0.1.0", "formats": [1], "attempt": "A" * 22, "release": self.name,
                "files": [], "issuer": "plugin", "mode": "pull", "digests": ["sha256"], "version": "1",
                "device_type": "test-device", "boot_id": "b"}

        def opens():
            return self.plugin.direct("POST", "/api/devices/v1/two-path/sessions", self.device.token,
                                      json.dumps(body))[0]

        self.assertEqual(opens(), 503)
        for _ in range(5):
            self.assertEqual(opens(), 503)
        self.assertEqual(fault.hits, 2)  # the first question waited for two seconds, and asked once more
        self.mender.heal()
        end = time.monotonic() + 10
        while opens() == 503:
            self.assertLess(time.monotonic(), end)
            self.wait_for_the_next_look()

    def test_a_429_to_a_strangers_token_is_a_pause_for_all_and_one_line_in_the_log(self):
        since = len(self.plugin.log())
        fault = self.mender.fault("/deployments/next", status=429, headers={"Retry-After": "60"})
        self.told_to_come_again(within=1.5)
        for number in range(20):
            self.assertEqual(self.ask(self.junk(number))[0], 503)
        self.assertEqual(fault.hits, 1)
        asked = len(self.mender.requests)
        self.assertEqual(self.plugin.direct("GET", "/api/management/v1/two-path/sessions", self.plugin.token)[0], 503)
        self.assertEqual(len(self.mender.requests), asked)
        log = self.plugin.log()[since:]
        self.assertEqual(log.count("does not serve: "), 1)
        self.assertNotIn("answers the question", log)
        self.mender.heal()
        self.restart_plugin()  # who wants to wait for a minute

    def test_an_access_token_that_mender_refuses_is_told_and_can_be_replaced(self):
        since = len(self.plugin.log())
        update = self.ready()
        self.mender.tokens.revoke(self.plugin.token)
        process = update.start("Download")
        since = self.wait_for_log("refuses the personal access token of " + str(self.plugin.token_file), since)
        self.wait_for_log("/sessions 503", since)
        self.plugin.write_token(self.mender.new_access_token())
        self.relay()
        update.finish(process, "Download", check=0)
        self.assertNotIn(self.plugin.token, self.plugin.log())
        self.assertEqual(self.session()["state"], "invalidated")

    def test_the_plugin_starts_while_mender_is_down(self):
        self.mender.go_down()
        self.assertEqual(self.plugin.stop(), 0)
        self.plugin.start()
        self.mender.heal()
        self.wait_for_status(404)


class Ordering(HostCase):
    settings = {"host.update_requests": "accepted", **HostCase.settings}

    def request(self, expected=0):
        self.device.configure(check_update_command=[])
        done = self.device.run_command("request-update")
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def orders(self):
        return [one for one in self.mender.deployments.all if one["devices"] == [self.device.id]]

    def test_a_device_orders_its_update_once_and_gets_it(self):
        self.device.device_type = self.name
        self.device.send_inventory()
        artifact = self.publish()
        self.request()
        self.request()
        [order] = self.orders()
        self.assertEqual((order["artifact_name"], order["name"]), (self.release, "asked for by the device"))
        self.relay()
        update, code, deployment = self.poll(artifact)
        self.assertEqual(code, 0)
        self.device.report(deployment, "success")
        self.assertEqual((deployment, self.session()["state"]), (order["id"], "committed"))
        self.device.artifact_name = self.release
        self.device.send_inventory()
        self.request(expected=5)
        self.assertEqual(len(self.orders()), 1)

    def test_nothing_is_ordered_for_a_device_of_another_type(self):
        self.device.device_type = self.name
        self.publish()
        self.device.device_type = "another"
        self.device.send_inventory()
        self.request(expected=5)
        self.assertEqual(self.orders(), [])

    def test_an_identical_deployment_that_was_made_meanwhile_is_the_answer(self):
        self.device.device_type = self.name
        self.device.send_inventory()
        self.publish()
        made = []

        def make():
            if not made:
                made.append(self.mender.deployments.create({
                    "name": "asked for by the device", "artifact_name": self.release, "devices": [self.device.id]}))

        fault = self.mender.fault("/deployments/deployments$", act=make)
        self.assertIn(self.release, self.request())
        self.assertEqual(fault.hits, 1)
        self.assertEqual([one["id"] for one in self.orders()], made)

    def test_an_order_behind_hundreds_of_others_is_the_answer(self):
        self.device.device_type = self.name
        self.device.send_inventory()
        self.publish(version="1.0", size=MIB)
        other = self.release
        self.publish(size=MIB)
        first = self.mender.deployments.create({"name": "first", "artifact_name": self.release,
                                                "devices": [self.device.id]})
        self.addCleanup(self.mender.deployments.all.clear)
        for number in range(500):
            self.mender.deployments.create({"name": f"other {number}", "artifact_name": other, "devices": ["another"]})
        self.assertIn(first, self.request())
        self.assertEqual([one["id"] for one in self.orders()], [first])

    def test_an_artifact_that_was_removed_meanwhile_is_not_found(self):
        self.device.device_type = self.name
        self.device.send_inventory()
        self.publish()
        artifact = self.mender.artifacts.named(self.release)[0]["id"]
        self.mender.fault("/deployments/deployments$", act=lambda: self.mender.artifacts.remove(artifact))
        self.request(expected=5)
        self.assertEqual(self.orders(), [])

    def test_a_transfer_that_was_cut_is_ordered_again(self):
        left = [20 * MIB]

        def cut(_connection, _offset, part):
            left[0] -= len(part)
            return part if left[0] > 0 else None

        self.device.device_type = self.name
        artifact = self.publish(size=24 * MIB)
        self.device.configure(stall_timeout=1)
        self.plugin.command("deploy", self.release, "--device", self.device.id)
        relay = self.relay(cut)
        _, code, deployment = self.poll(artifact)
        self.assertEqual(code, 1)
        failed = self.session()["id"]
        self.device.report(deployment, "failure")
        self.assertIn("ordered again, 1 of 3: deployment ", self.redeployment(failed))
        relay.__exit__()
        self.relay()
        _, code, again = self.poll(artifact)
        self.assertEqual(code, 0)
        self.assertNotEqual(again, deployment)
        self.assertEqual(self.session()["state"], "committed")


class Publishing(MenderCase):
    def publish_it(self, check=True):
        return self.plugin.command("publish", __file__, "--name", self.name, "--version", "1", "--installer", "tracer",
                                   "--device-type", "board", "--no-version-check", check=check)

    def registered(self):
        return [one["name"] for one in self.plugin.get("/api/management/v1/two-path/releases")]

    def test_the_payload_goes_to_the_plugin_and_the_descriptor_to_mender(self):
        self.publish_it()
        [artifact] = self.mender.artifacts.named(self.name)
        self.assertEqual(artifact["updates"][0]["type_info"], {"type": "two-path"})
        self.assertLess(artifact["size"], 64 * 1024)
        self.assertGreaterEqual(artifact["size"], 4096)  # client 3.4 takes nothing smaller
        self.assertIn(self.name, self.registered())
        self.plugin.command("releases", "remove", self.name)
        self.assertEqual(self.mender.artifacts.named(self.name), [])
        self.assertNotIn(self.name, self.registered())

    def test_what_mender_refuses_is_not_registered_either(self):
        for status, code in ((409, 6), (413, 2), (422, 2)):
            self.mender.fault("/deployments/artifacts$", status=status)
            done = self.publish_it(check=False)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            self.mender.heal()
            self.assertNotIn(self.name, self.registered())
        self.publish_it()
        done = self.publish_it(check=False)  # the same name and device type
        self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
        self.assertIn(self.name, self.registered())


    def test_what_mender_may_have_taken_stays_registered_and_can_be_published_again(self):
        for how, code in (({"status": 504}, 7), ({"close": True}, 7), ({"status": 504, "served": True}, 7)):
            with self.subTest(how):
                self.mender.fault("/deployments/artifacts$", **how)
                done = self.publish_it(check=False)
                self.assertEqual(done.returncode, code, done.stdout + done.stderr)
                self.mender.heal()
                self.assertIn(self.name, self.registered())
                self.assertIn("two-path releases remove " + self.name, done.stderr)
                self.plugin.command("releases", "remove", self.name)
                self.publish_it()
                self.assertEqual(len(self.mender.artifacts.named(self.name)), 1)
                self.plugin.command("releases", "remove", self.name)


class Deauth(HostCase):
    """Inside Mender's network: its verify endpoint, in plain HTTP."""

    algorithm = "EdDSA"

    @classmethod
    def settings_for(cls, mender):
        return {**cls.settings, "mender.verify": "deviceauth", "mender.verify_url": mender.verify_url}

    def test_tokens_are_verified_by_the_internal_service(self):
        update = self.ready()
        self.relay()
        update.install()
        self.finish_update(update, self.deployment)
        asked = [target for _, target in self.mender.requests]
        self.assertIn("/api/internal/v1/devauth/tokens/verify", asked)
        self.assertNotIn(("GET", "/api/devices/v1/deployments/device/deployments/next"), self.mender.requests)
        self.mender.reject(self.device.id)
        self.wait_for_status(401, within=8)


class Offline(HostCase):
    @classmethod
    def settings_for(cls, mender):
        return {**cls.settings, "mender.verify": "offline", "mender.verify_key": mender.tokens.public_key}

    def test_tokens_are_verified_by_their_signature_and_the_log_warns_of_revocation(self):
        self.assertIn("may still ask the plugin until its token expires", self.plugin.log())
        update = self.ready()
        self.relay()
        update.install()
        self.finish_update(update, self.deployment)
        self.assertEqual(self.ask(self.plugin.token)[0], 401)
        self.assertEqual(self.ask(self.mender.tokens.issue("device", self.device.id, lifetime=-1))[0], 401)
        self.mender.tokens.revoke_all_of(self.device.id)
        self.assertEqual(self.ask()[0], 404)


class OfflineEdDSA(Offline):
    algorithm = "EdDSA"


if __name__ == "__main__":
    unittest.main()
