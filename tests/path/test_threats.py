"""What somebody on the second path can try, one test for each row of docs/security.md that no other file shows."""

import base64
import os
import re
import socket
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import artifacts  # noqa: E402
from fault_relay import FaultRelay  # noqa: E402
from faults import Fault  # noqa: E402
from impostor import Impostor  # noqa: E402
from path_case import MIB, RELAY  # noqa: E402
from plugin import EMAIL, PASSWORD  # noqa: E402
from push_case import STRANGER, PushCase  # noqa: E402
from relay_case import SESSIONS, RelayCase, Talker, prover  # noqa: E402

THIEF = "127.0.0.9"
THIRD_PARTY = "127.0.0.88"


def heard(relay, direction, word):
    return [line.decode().split() for line in relay.lines(direction) if line.startswith(word)]


def certification_forms(secret):
    return secret.encode(), base64.urlsafe_b64decode(secret + "=")


def found(secrets, memory):
    """Those whose second half is there: what is given back loses its beginning first."""
    return [secret for secret in secrets if secret[len(secret) // 2:] in memory]


def taken(connection):
    """What a thief's connection brings until it ends."""
    connection.settimeout(30)
    try:
        return b"".join(iter(lambda: connection.recv(65536), b""))
    except ConnectionResetError:
        return b""


class Credentials(RelayCase):
    """Who hears everything that crosses the second path."""

    def test_sniffed_credential_opens_nothing_while_its_session_lives(self):
        def use_what_was_heard(relay):
            (_, user), = heard(relay, "up", b"USER")
            (_, proof), = heard(relay, "up", b"PASS")
            return [self.log_in(user, lambda challenge: proof),  # replayed
                    self.log_in(user, lambda challenge: challenge.split()[-1])]  # the plugin's own proof, reflected

        answers = self.during_a_transfer(use_what_was_heard)
        self.assertEqual([answer[:3] for answer in answers], ["530", "530"])

    def test_replay_of_certification_opens_nothing_after_the_transfer(self):
        secret, = self.during_a_transfer(lambda relay: self.live_secrets())
        id = self.session()["id"]
        user = f"{id}.{'A' * 22}"

        def assert_dead():
            self.assertEqual(self.live_secrets(), [])
            self.assertEqual(self.log_in(user, prover(user, secret))[:3], "530")

        assert_dead()
        self.as_device("PUT", f"{SESSIONS}/{id}/certification", {"stored": True})  # the step that gave it life
        assert_dead()
        self.plugin.kill()
        self.plugin.start()
        assert_dead()

    @unittest.skipIf("ASAN_OPTIONS" in os.environ, "a sanitizer keeps what was given back")
    def test_core_dump_of_the_plugin_holds_no_certification_and_no_password_after_use(self):
        (secret,), before = self.during_a_transfer(lambda relay: (self.live_secrets(), self.plugin.memory()))
        self.assertTrue(found(certification_forms(secret), before))
        self.plugin.command("login", "--server", self.plugin.url, "--ca", self.plugin.certificate, EMAIL,
                            text_input=PASSWORD + "\n")
        another = "tr0ub4dor and three, but longer"
        body = {"email": "second@example.com", "password": another}
        self.assertEqual(201, self.plugin.request("POST", "/api/management/v1/useradm/users", body)[0])
        spent = [*certification_forms(secret), PASSWORD.encode(), another.encode(),
                 base64.b64encode(f"{EMAIL}:{PASSWORD}".encode())]
        end = time.monotonic() + 20  # the last answer's connection has to come to its end first
        while (left := found(spent, self.plugin.memory())) and time.monotonic() < end:
            pass
        self.assertFalse(left)

    def test_replay_of_a_session_by_an_impostor_is_recognised_before_anything_is_given_away(self):
        artifact = self.publish()
        self.deploy()
        with self.relay() as relay:
            self.update(artifact).call("Download", check=0)
        recorded = relay.lines("down")
        self.device = self.new_device()
        self.deployment = self.deploy()
        update = self.update(artifact)
        with Impostor(RELAY, self.plugin.ftp_port, recorded) as impostor:
            self.assert_download_refused(update, "certification_mismatch")
        self.assertTrue(impostor.heard)
        self.assertFalse([line for line in impostor.heard if line.startswith((b"PASS", b"SIZE", b"RETR"))])

    def test_impostor_without_the_certification_gets_no_further_than_its_first_word(self):
        artifact = self.publish()
        nonce = b"A" * 22
        self.device.configure(stall_timeout=1)
        for answer, reason in ((b"331 certify " + nonce + b" " + b"B" * 43, "certification_mismatch"),
                               (b"331 certify " + nonce + b" " + b"B" * 400, "certification_mismatch"),
                               (b"331 Who are you?", "certification_mismatch"),
                               (b"230 Come in", "second_path_unreachable")):
            with self.subTest(answer):
                self.deployment = self.deploy()
                update = self.update(artifact)
                with Impostor(RELAY, self.plugin.ftp_port, [b"220 Ready.\r\n", answer + b"\r\n"]) as impostor:
                    self.assert_download_refused(update, reason)
                self.device.report(self.deployment, "failure")
                self.assertTrue(impostor.heard)
                self.assertEqual({line.split()[0] for line in impostor.heard} - {b"USER", b"QUIT"}, set())


class Content(RelayCase):
    """Who changes what crosses the second path."""

    settings = {**RelayCase.settings, "session.redeploy": 0}

    def ready_with_two_files(self):
        self.release = f"{self.name}-2.0"
        files = {name: name.encode() * 2 * MIB for name in "ab"}
        whole = artifacts.write(self.device.folder / "whole.mender", "tracer", self.release, files)
        artifact = self.device.folder / "small.mender"
        self.plugin.command("publish", whole, "--version", "2.0", "--output", artifact,
                            "--version-file", f"{self.device.installed}/VERSION:APP_VERSION")
        self.plugin.command("publish", "--upload", artifact)
        self.deployment = self.deploy()
        return self.update(artifact)

    def test_mix_and_match_of_files_of_one_release_is_tampering(self):
        update = self.ready_with_two_files()
        first, second = (file["id"].encode() for file in self.files())

        def swap(direction, line):
            if direction != "up" or not line.startswith((b"SIZE", b"RETR")):
                return line
            word, name = line.split()
            return word + b" " + {first: second, second: first}[name] + b"\r\n"

        relay = self.relay(change_line=swap)
        self.assert_download_refused(update, "tampered")
        self.recovers(relay)

    def test_mix_and_match_of_block_lists_is_not_believed(self):
        def swap(lists):
            one, other = (name for name in lists if name.endswith("sha256"))
            lists[one], lists[other] = lists[other], lists[one]

        update = self.ready_with_two_files()
        update.change_lists(swap)
        relay = self.relay()
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        self.assertIn("bad_block_list", update.log)
        self.assertEqual((relay.data_connections, self.calls()), (0, []))

    def files(self):
        return self.plugin.get(f"/api/management/v1/two-path/releases/{self.release}")["files"]

    def test_partial_bundle_of_files_is_not_installed(self):
        update = self.ready_with_two_files()
        second = self.files()[1]["id"].encode()
        relay = self.relay(change_line=lambda _way, line: None if second in line else line)
        self.device.configure(stall_timeout=1)
        self.assert_download_refused(update, "second_path_unreachable")
        self.assertEqual(relay.passed, 2 * MIB)  # the first file was whole
        self.recovers(relay)

    def test_endless_data_behind_the_last_byte_is_left(self):
        class Endless(Fault):
            always = True

            def strike(self, link):
                link.pass_rest()
                while True:  # until the receiver has gone
                    link.give(bytes(64 * 1024))

        update = self.ready()
        self.relay(FaultRelay, fault=Endless(3 * MIB, 3 * MIB, MIB))
        self.assert_download_refused(update, "tampered")

    def test_endless_data_in_place_of_a_reply_is_left(self):
        update = self.ready()
        self.device.configure(stall_timeout=1)
        with Impostor(RELAY, self.plugin.ftp_port, [b"220-Welcome\r\n" * 10_000_000]) as impostor:
            self.assert_download_refused(update, "second_path_unreachable")
        self.assertLess(impostor.most, 8 * MIB)  # what the kernel holds on the way


class DataConnections(RelayCase):
    def test_data_connection_theft_gets_nothing_and_the_owner_everything(self):
        thieves = []

        def be_first(direction, line):
            """The port is told in clear; the device hears of it when the thief is connected."""
            if direction == "down" and (port := re.match(rb"229 .*\(\|\|\|(\d+)\|\)", line)):
                thieves.append(socket.create_connection((self.plugin.address, int(port[1])), 30,
                                                        source_address=(THIEF, 0)))
            return line

        update = self.ready()
        relay = self.relay(change_line=be_first)
        update.call("Download", check=0)
        thief, = thieves
        with thief:
            self.assertEqual(taken(thief), b"")
        self.assertEqual(relay.data_connections, 1)

    def third_party(self):
        listener = socket.create_server((THIRD_PARTY, 0))
        listener.setblocking(False)
        self.addCleanup(listener.close)
        return listener, listener.getsockname()[1]

    def assert_left_alone(self, listener):
        with self.assertRaises(BlockingIOError):
            listener.accept()

    def test_bounce_of_the_plugin_to_a_third_party_is_refused(self):
        victim, port = self.third_party()
        self.publish()
        self.deploy()
        session, secret = self.open_session()
        file = self.opening()["files"][0]
        high, low = divmod(port, 256)
        with Talker(self.plugin) as talker:
            user = f"{session}.{'A' * 22}"
            self.assertEqual(talker.log_in(user, prover(user, secret))[:3], "230")
            self.assertEqual(talker.say("TYPE I")[:3], "200")
            for command in (f"PORT {THIRD_PARTY.replace('.', ',')},{high},{low}", f"EPRT |1|{THIRD_PARTY}|{port}|",
                            f"PORT 127,0,0,1,{high},{low}"):
                self.assertRegex(talker.say(command), "^5")
            self.assertEqual(talker.say(f"RETR {file}")[:3], "425")
        self.assert_left_alone(victim)

    def test_bounce_of_the_device_to_a_third_party_is_not_gone_along_with(self):
        victim, port = self.third_party()
        high, low = divmod(port, 256)
        named = THIRD_PARTY.replace(".", ",")
        replies = {b"229": b"500 What?\r\n", b"227": f"227 Entering passive mode ({named},{high},{low}).\r\n".encode()}

        def name_the_victim(direction, line):
            return replies.get(line[:3], line) if direction == "down" else line

        update = self.ready()
        self.device.configure(stall_timeout=1)
        with socket.create_server((RELAY, port)) as expected:
            relay = self.relay(change_line=name_the_victim)
            expected.settimeout(60)
            process = update.start("Download")
            expected.accept()[0].close()  # to the address that the first path named
            self.assert_download_refused(update, "second_path_unreachable", process)
        self.assertTrue([line for line in relay.lines("up") if line.startswith(b"PASV")])
        self.assert_left_alone(victim)


class PushedData(PushCase):
    def test_data_connection_theft_brings_the_device_nothing(self):
        thieves = []

        def be_first(direction, line):
            if direction == "down" and (port := re.match(rb"229 .*\(\|\|\|(\d+)\|\)", line)):
                try:
                    thief = self.network.server.connect(self.network.device.address, int(port[1]), source=STRANGER)
                    thief.sendall(b"junk" * 1024)
                    thieves.append(thief)
                except ConnectionError as refused:
                    thieves.append(refused)
            return line

        update = self.update(self.publish())
        self.deploy()
        self.relay(change_line=be_first)
        update.call("Download", check=0)
        self.assertTrue(thieves)
        self.assertEqual(self.session()["fetched_twice"], 0)


if __name__ == "__main__":
    unittest.main()
