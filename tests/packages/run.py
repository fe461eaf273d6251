"""Holds the Debian packages to their promises on a clean Debian, and closes with one line: N passed, N failed.

Each test boots a machine of its own. Called by tools/check-packages, in a mount namespace of its own.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/packages")]
sys.dont_write_bytecode = True

import artifacts  # noqa: E402
from clean_debian import Machine, clean_root, dependencies  # noqa: E402
from mender_server import MenderServer  # noqa: E402
import packaged  # noqa: E402
import unpacked  # noqa: E402

EMAIL, PASSWORD = "operator@example.com", "correct horse battery staple"
SERVER_CONF, STATE = "/etc/two-path/two-path-server.conf", "/var/lib/two-path-server"
DEVICE_STATE = "/var/lib/two-path"
INVENTORY = "/usr/share/doc/mender-client/examples/mender-inventory-update-modules"

# Runs under the restrictions of the service's unit, in place of the server: every folder is tried.
PROBE = """#!/bin/sh
find / -path /proc -prune -o -type d -print 2> /dev/null | while read -r folder; do
    if (: > "$folder/probe") 2> /dev/null; then echo "wrote $folder"; rm -f "$folder/probe"; fi
done > {report}
"""
PROBE_DROP_IN = """[Service]
Type=oneshot
Restart=no
ExecStart=
ExecStart=/usr/local/bin/probe
"""

BESIDE_MENDER = """[host]
type = mender
[mender]
url = {url}
token_file = /etc/two-path/mender-token
ca_file = /etc/two-path/mender.pem
"""
SIGNING = """sign_command = /etc/two-path/sign
artifact_key = /etc/two-path/artifact-verify-key.pem
"""
# What it may do goes to the service's log, the signature to the service.
SIGN = """#!/bin/sh
cat /proc/self/status >&2
openssl dgst -sha256 -sign /etc/two-path/sign-key.pem | base64 -w0
"""

packages = {}  # name: path of the .deb


def older(package, folder):
    """The same package as version 0.0.9, with another line in its configuration files."""
    tree = pathlib.Path(folder) / "older"
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = tree / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^Version: .*$", "Version: 0.0.9", control.read_text()))
    for conffile in (tree / "DEBIAN" / "conffiles").read_text().split():
        with open(tree / conffile.lstrip("/"), "a", encoding="utf-8") as file:
            file.write("\n# of 0.0.9\n")
    target = pathlib.Path(folder) / f"older_{pathlib.Path(package).name}"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, target], check=True, capture_output=True)
    return target


def log_in(machine):
    machine.run("two-path", "login", "--server", "https://updates.example.com:8443", "--ca",
                f"{STATE}/tls/certificate.pem", EMAIL, text_input=PASSWORD + "\n")


def bring_up_server(machine, package=None):
    """docs/operations.md, "The first day": from nothing to an operator who is logged in."""
    machine.install(package or packages["two-path-server"])
    machine.write(SERVER_CONF, machine.path(SERVER_CONF).read_text().replace("#name = updates", "name = updates"))
    machine.write("/etc/hosts", "127.0.0.1 localhost updates.example.com\n")
    machine.run("systemctl", "enable", "--now", "two-path-server")
    machine.run("two-path-server", "create-user", EMAIL, text_input=PASSWORD + "\n")
    log_in(machine)


class Packages(unittest.TestCase):
    def test_lintian_finds_no_error(self):
        done = subprocess.run(["lintian", "--fail-on", "error", "--allow-root", *packages.values()], text=True,
                              capture_output=True, check=False)
        print(done.stdout, end="")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_no_program_has_debug_symbols(self):
        for package in packages.values():
            with self.subTest(package.name), tempfile.TemporaryDirectory() as folder:
                subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
                programs = [path for path in pathlib.Path(folder).rglob("*")
                            if path.is_file() and not path.is_symlink() and path.read_bytes()[:4] == b"\x7fELF"]
                self.assertTrue(programs)
                for program in programs:
                    sections = subprocess.run(["readelf", "--sections", "--wide", program], check=True,
                                              capture_output=True, text=True).stdout
                    self.assertNotRegex(sections, r"\.(debug_info|symtab)\b")


    def test_each_command_has_a_man_page_and_completions(self):
        found = {name: subprocess.run(["dpkg-deb", "--contents", path], check=True, capture_output=True,
                                      text=True).stdout for name, path in packages.items()}
        for package, command, section in (("two-path-server", "two-path-server", 8), ("two-path-server", "two-path", 1),
                                          ("two-path-device", "two-path-device", 1)):
            for path in (rf"/usr/s?bin/{command}", rf"/usr/share/man/man{section}/{command}\.{section}\.gz",
                         rf"/usr/share/bash-completion/completions/{command}"):
                self.assertRegex(found[package], rf"(?m) \.{path}( ->.*)?$")


class OnMachine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="two-path-packages-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.machine = Machine(self.folder, clean)
        self.addCleanup(self.machine.stop)
        self.machine.start()

    def systemctl(self, *arguments, check=True):
        return self.machine.run("systemctl", *arguments, check=check).stdout.strip()

    def left(self, *names):
        """Files and folders whose path contains one of these; not dpkg's own notes."""
        pattern = "|".join(map(re.escape, names))
        found = self.machine.run("find", "/", "-xdev", "-path", "/root", "-prune", "-o", "-regextype", "posix-extended",
                                 "-regex", f".*({pattern}).*", "-print").stdout.split()
        return [path for path in found if not path.startswith(("/var/lib/dpkg/", "/var/log/"))]


class Server(OnMachine):
    def shown(self, name):
        return self.systemctl("show", "--value", f"--property={name}", "two-path-server")

    def bring_up(self, package=None):
        bring_up_server(self.machine, package)

    def open_files(self, pid):
        return int(re.search(r"Max open files +\d+ +(\d+)", self.machine.run("cat", f"/proc/{pid}/limits").stdout)[1])

    def publish(self, name):
        self.machine.write("/root/payload", "2.0\n")
        self.machine.run("two-path", "publish", "/root/payload", "--name", name, "--version", "2.0", "--device-type",
                         "board", "--installer", "single-file", "--dest-dir", "/opt", "--version-file", "/opt/payload")

    def releases(self):
        return self.machine.run("two-path", "releases").stdout

    def probe(self):
        """Where a program may write that runs as the unit runs the server."""
        report = f"{STATE}/probe-report"
        self.machine.write("/usr/local/bin/probe", PROBE.format(report=report), 0o755)
        self.machine.write("/etc/systemd/system/two-path-server.service.d/probe.conf", PROBE_DROP_IN)
        self.systemctl("daemon-reload")
        self.systemctl("start", "two-path-server")
        return self.machine.path(report).read_text().splitlines()

    def test_it_neither_runs_nor_listens_before_it_is_configured(self):
        self.machine.install(packages["two-path-server"])
        self.assertEqual(self.systemctl("is-active", "two-path-server", check=False), "inactive")
        self.assertEqual(self.systemctl("is-enabled", "two-path-server", check=False), "disabled")
        self.assertFalse(self.machine.path(STATE).exists())
        self.assertIn("the configuration is good", self.machine.run("two-path-server", "--check-config").stdout)

    def test_the_service_runs_as_its_own_user_and_with_nothing_else(self):
        self.bring_up()
        self.publish("app-2.0")
        self.assertIn("app-2.0", self.releases())
        status = self.machine.run("cat", f"/proc/{self.shown('MainPID')}/status").stdout
        user = self.machine.run("id", "--user", "two-path").stdout.strip()
        self.assertNotEqual(user, "0")
        for line in (rf"Uid:(\s+{user}){{4}}", r"NoNewPrivs:\s+1", r"Seccomp:\s+2",
                     r"CapBnd:\s+0*400", r"CapEff:\s+0*400"):  # bit 10: CAP_NET_BIND_SERVICE
            self.assertRegex(status, line)
        state = self.machine.run("stat", "--format=%U %a", STATE).stdout.strip()
        self.assertEqual(state, "two-path 700")
        # A machine may have less to give.
        self.assertEqual(self.open_files(self.shown("MainPID")), min(65536, self.open_files(1)))

    def test_systemd_finds_the_service_little_exposed(self):
        self.machine.install(packages["two-path-server"])
        said = self.machine.run("systemd-analyze", "security", "--no-pager", "two-path-server").stdout
        exposure = float(re.search(r"Overall exposure level for two-path-server\.service: ([0-9.]+)", said)[1])
        self.assertLessEqual(exposure, 1.5, said)

    def test_the_service_can_write_nowhere_else(self):
        self.machine.install(packages["two-path-server"])
        self.machine.run("mkdir", "--mode=777", "/srv/open")
        wrote = self.probe()
        elsewhere = [line for line in wrote if not re.match(rf"wrote ({STATE}|/tmp|/var/tmp)$", line)]
        self.assertIn(f"wrote {STATE}", wrote)
        self.assertEqual(elsewhere, [])
        # Without the unit's restrictions its user could: the probe finds what there is to find.
        self.machine.run("setpriv", "--reuid=two-path", "--regid=two-path", "--clear-groups", "/usr/local/bin/probe")
        freely = self.machine.path(f"{STATE}/probe-report").read_text().splitlines()
        self.assertIn("wrote /srv/open", freely)
        self.assertIn("wrote /dev/shm", freely)

    def test_settings_are_read_again_without_a_restart(self):
        self.bring_up()
        before = self.shown("MainPID")
        self.systemctl("reload", "two-path-server")
        self.assertEqual((self.shown("MainPID"), self.shown("ActiveState")), (before, "active"))
        self.machine.write(SERVER_CONF, self.machine.path(SERVER_CONF).read_text() + "nonsense = 1\n")
        self.systemctl("restart", "two-path-server", check=False)
        self.assertEqual(self.shown("ExecMainStatus"), "3")
        self.assertEqual(self.shown("NRestarts"), "0", "a wrong configuration does not get better by itself")

    def test_an_upgrade_keeps_configuration_and_state(self):
        self.bring_up(older(packages["two-path-server"], self.folder))
        self.publish("app-2.0")
        certificate = self.machine.path(f"{STATE}/tls/certificate.pem").read_text()
        conf, before = self.machine.path(SERVER_CONF).read_text(), self.shown("MainPID")
        self.machine.install(packages["two-path-server"])
        self.assertEqual(self.shown("ActiveState"), "active")
        self.assertNotEqual(self.shown("MainPID"), before, "the old program still runs")
        self.assertEqual(self.systemctl("is-enabled", "two-path-server"), "enabled")
        self.assertEqual(self.machine.path(SERVER_CONF).read_text(), conf)
        self.assertNotIn("of 0.0.9", self.machine.path(SERVER_CONF + ".dpkg-dist").read_text())
        self.assertEqual(self.machine.path(f"{STATE}/tls/certificate.pem").read_text(), certificate)
        self.assertIn("app-2.0", self.releases())  # with the login of before
        log_in(self.machine)

    def test_an_upgrade_starts_nothing_that_did_not_run(self):
        self.machine.install(older(packages["two-path-server"], self.folder))
        self.machine.install(packages["two-path-server"])
        self.assertEqual(self.systemctl("is-active", "two-path-server", check=False), "inactive")
        self.assertNotIn("of 0.0.9", self.machine.path(SERVER_CONF).read_text(), "nobody had changed it")

    def test_remove_keeps_the_state_and_purge_deletes_all_but_the_operators_own(self):
        self.bring_up()
        self.publish("app-2.0")
        self.machine.write("/etc/two-path/mender-token", "made by an operator")
        self.machine.run("dpkg", "--remove", "two-path-server")
        self.assertEqual(self.systemctl("is-active", "two-path-server", check=False), "inactive")
        self.assertFalse(self.machine.path("/usr/sbin/two-path-server").exists())
        self.assertTrue(self.machine.path(SERVER_CONF).exists())
        self.machine.install(packages["two-path-server"])
        self.systemctl("start", "two-path-server")
        self.assertIn("app-2.0", self.releases())
        self.machine.run("dpkg", "--purge", "two-path-server")
        self.assertEqual(self.left("two-path"), ["/etc/two-path", "/etc/two-path/mender-token"])


class BesideMender(OnMachine):
    """docs/operations.md, "With a Mender server", which is a stand-in on the machine's own loopback."""

    def setUp(self):
        super().setUp()
        with self.machine.network():
            self.mender = MenderServer(self.folder / "mender")
        self.addCleanup(self.mender.stop)
        self.machine.install(packages["two-path-server"])
        self.machine.write("/etc/two-path/mender.pem", self.mender.certificate.read_text())
        self.write_secret("/etc/two-path/mender-token", self.mender.new_access_token())

    def write_secret(self, path, text):
        self.machine.run("install", "-m", "640", "-o", "root", "-g", "two-path", "/dev/stdin", path, text_input=text)

    def bring_up(self, settings=""):
        self.machine.write(SERVER_CONF, BESIDE_MENDER.format(url=self.mender.url) + settings)
        self.machine.run("two-path-server", "--check-config")
        self.systemctl("enable", "--now", "two-path-server")
        self.mender.plugin = ("localhost", 8443, self.machine.path(f"{STATE}/tls/certificate.pem"))
        self.machine.run("two-path", "login", "--server", self.mender.url, "--ca", "/etc/two-path/mender.pem", EMAIL,
                         text_input=PASSWORD + "\n")

    def imported(self, *options):
        """The twin of a release, as Mender has it then: (what it says of it, its file)."""
        artifact = artifacts.write_single_file(self.folder / "full.mender", "app-2.0", b"2.0\n", options=options)
        self.mender.artifacts.add(artifact.read_bytes())
        self.machine.run("two-path", "import", "app-2.0", "--version", "2.0", "--no-version-check")
        [twin] = self.mender.artifacts.named("app-2.0+two-path")
        file = self.folder / "twin.mender"
        file.write_bytes(self.mender.artifacts.content[twin["id"]])
        return twin, file

    def log(self):
        return self.machine.run("journalctl", "--output=cat", "--unit=two-path-server").stdout

    def test_the_service_reaches_mender_with_a_token_that_its_group_may_read(self):
        self.bring_up()
        twin, _ = self.imported()
        self.assertFalse(twin["signed"])

    def test_the_operators_command_signs_under_the_units_restrictions(self):
        private, public = artifacts.key_pair(self.folder, "release")
        self.machine.install(unpacked.download("openssl", self.folder))
        self.machine.write("/etc/two-path/artifact-verify-key.pem", public.read_text())
        self.write_secret("/etc/two-path/sign-key.pem", private.read_text())
        self.machine.write("/etc/two-path/sign", SIGN, 0o755)
        self.bring_up(SIGNING)
        _, file = self.imported("-k", private)
        subprocess.run(["mender-artifact", "validate", "-k", public, file], check=True, capture_output=True)
        user = self.machine.run("id", "--user", "two-path").stdout.strip()
        for line in (rf"Uid:(\s+{user}){{4}}", r"NoNewPrivs:\s+1", r"Seccomp:\s+2"):
            self.assertRegex(self.log(), line)


class FirstDay(OnMachine):
    """docs/operations.md, "The first day", as it is written, server and device on one machine, with the real client
    as Debian starts it."""

    # Two changes: a machine without a network has Debian's package as a file, and the day would else take an hour.
    HERE = {"apt install mender-client": "apt install ./mender-client_*.deb",
            '"ServerURL"': '"UpdatePollIntervalSeconds": 5, "RetryPollIntervalSeconds": 5, "ServerURL"'}

    def test_from_nothing_to_the_first_confirmed_device(self):
        self.machine.write("/etc/hosts", "127.0.0.1 localhost updates.example.com\n")
        self.machine.write("/etc/apt/apt.conf.d/90-no-network-and-nobody",
                           'APT::Install-Recommends "false";\nAPT::Get::Assume-Yes "true";\n')
        for package in (unpacked.download("mender-client", self.folder), *packages.values()):
            shutil.copy(package, self.machine.path("/srv"))
        for command, remarks in self.commands():
            if command.startswith("editor "):
                self.edit(command.split()[1], remarks)
                continue
            if command == "two-path devices":
                self.wait_for_the_device()
            self.machine.run("bash", "-ec", f"cd /srv; {command}",
                             text_input=PASSWORD + "\n" if EMAIL in command else "")
        self.assertEqual(self.machine.path("/opt/app/VERSION").read_text(), "2.0\n")
        sessions = json.loads(self.machine.run("two-path", "sessions", "--json").stdout)
        self.assertEqual([session["state"] for session in sessions], ["committed"])
        self.assertRegex(self.machine.run("two-path-device", "status").stdout, r"committed +directory, sequence \d+")

    def commands(self):
        """(command, what the remarks beside and below it say), in turn."""
        text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
        for here, there in self.HERE.items():
            self.assertIn(here, text)
            text = text.replace(here, there)
        day = text.split("\n### The first day\n")[1].split("\n### ")[0].replace("\\\n", " ")
        found = []
        for line in re.findall(r"(?m)^ {7}(.+)$", day):
            command, _, remark = line.strip().partition("# ")
            if command:
                found.append((command.strip(), [remark]))
            else:
                found[-1][1].append(remark)
        self.assertGreater(len(found), 15)
        return found

    def edit(self, path, remarks):
        """A whole file in JSON, or `[section] key = value`."""
        if path.endswith("mender.conf"):
            self.machine.write(path, "\n".join(remarks))
            return
        text = self.machine.path(path).read_text()
        for remark in remarks:
            section, setting = re.fullmatch(r"(\[\w+\]) (.*)", remark).groups()
            self.assertEqual(text.count(f"\n{section}\n"), 1)
            text = text.replace(f"\n{section}\n", f"\n{section}\n{setting}\n")
        self.machine.write(path, text)

    def wait_for_the_device(self):
        for _ in range(600):
            if json.loads(self.machine.run("two-path", "devices", "--json").stdout):
                return
            threading.Event().wait(0.1)  # the server tells nobody that a device has come


class Device(OnMachine):
    def setUp(self):
        super().setUp()
        self.mender = unpacked.download("mender-client", self.folder)
        # No server is there to talk to.
        self.machine.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)

    def test_the_mender_client_finds_the_module_and_calls_it(self):
        self.machine.install(self.mender, packages["two-path-device"])
        modules = self.machine.run("sh", INVENTORY).stdout.split()
        self.assertIn("update_modules=two-path", modules)
        self.assertIn("update_modules=directory", modules)
        artifact = self.machine.path("/root/release.mender")
        subprocess.run(["mender-artifact", "write", "module-image", "--type", "two-path", "--artifact-name", "app-2.0",
                        "--device-type", "board", "--output-path", artifact], check=True, capture_output=True)
        for path, text in (("/etc/mender/artifact_info", "artifact_name=app-1.0\n"),
                           ("/root/mender/device_type", "device_type=board\n"),
                           ("/etc/mender/mender.conf", '{"ServerURL": "https://updates.example.com:8443"}')):
            self.machine.write(path, text)
        said = self.machine.run("mender", "--no-syslog", "--data", "/root/mender", "install", "/root/release.mender",
                                check=False).stdout
        self.assertIn("two-path: Download: bad_descriptor", said)  # the module's own word: nothing was published here

    def test_people_find_the_command_and_state_scripts_call_it(self):
        self.machine.install(packages["two-path-device"])
        status = self.machine.run("two-path-device", "status").stdout
        self.assertRegex(status, r"update +none under way")
        scripts = self.machine.path("/etc/mender/scripts")
        self.assertEqual((scripts / "version").read_text().strip(), "3")
        for name in ("Idle_Enter_50_two-path", "Sync_Enter_50_two-path"):
            self.machine.run(f"/etc/mender/scripts/{name}")

    def test_the_start_notification_is_sent_at_each_boot_that_an_update_waits_for(self):
        self.machine.install(packages["two-path-device"])
        service = "two-path-start"
        self.assertEqual(self.systemctl("is-enabled", service), "enabled")
        self.systemctl("start", service)
        self.assertEqual(self.systemctl("show", "-P", "ConditionResult", service), "no")
        # It is no record, which only the program can tell.
        self.machine.write(DEVICE_STATE + "/record.json", "{}")
        self.systemctl("start", service)
        self.machine.run("timeout", "60", "sh", "-c", f"while systemctl -q is-active {service}; do sleep 0.1; done")
        self.assertEqual(self.systemctl("show", "-P", "Result", service), "success")
        self.assertTrue(self.machine.path(DEVICE_STATE + "/record.json.corrupt").exists())

    def test_an_upgrade_keeps_the_state(self):
        self.machine.install(older(packages["two-path-device"], self.folder))
        self.machine.run("two-path-device", "busy", "on")
        self.machine.install(packages["two-path-device"])
        self.assertIn("on", self.machine.run("two-path-device", "busy").stdout)
        self.assertEqual(self.machine.path("/etc/mender/scripts/version").read_text().strip(), "3")

    def test_remove_keeps_the_state_and_purge_deletes_everything(self):
        self.machine.install(packages["two-path-device"])
        self.machine.run("two-path-device", "busy", "on")
        self.assertTrue(self.machine.path(DEVICE_STATE).exists())
        self.machine.run("dpkg", "--remove", "two-path-device")
        self.assertTrue(self.machine.path(DEVICE_STATE).exists())
        self.machine.run("/etc/mender/scripts/Idle_Enter_50_two-path")  # kept as configuration, and holds up nobody
        self.machine.run("dpkg", "--purge", "two-path-device")
        self.assertEqual(self.left("two-path", "/etc/mender"), [])

    def test_both_packages_share_a_machine_and_no_state(self):
        self.machine.install(packages["two-path-server"], packages["two-path-device"])
        self.machine.run("two-path-device", "busy", "on")
        self.machine.run("systemctl", "start", "two-path-server")
        self.machine.run("dpkg", "--purge", "two-path-server")
        self.assertIn("on", self.machine.run("two-path-device", "busy").stdout)


def main():
    global clean
    parser = argparse.ArgumentParser(prog="tools/check-packages", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--packages", type=pathlib.Path, metavar="FOLDER", help="check these; default: build them")
    parser.add_argument("--only", metavar="PATTERN", help="only tests with this in their name")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="two-path-packages-") as folder:
        packages.update(packaged.find(options.packages) if options.packages else packaged.build(folder))
        mender = unpacked.download("mender-client", pathlib.Path(folder))
        clean = clean_root({"dbus"}.union(*map(dependencies, [*packages.values(), mender])))
        loader = unittest.TestLoader()
        loader.testNamePatterns = [f"*{options.only}*"] if options.only else None
        outcome = unittest.TextTestRunner(verbosity=2).run(loader.loadTestsFromModule(sys.modules["__main__"]))
    failed = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - failed} passed, {failed} failed")
    return 0 if outcome.testsRun and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
