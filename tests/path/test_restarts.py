"""Restarts that the installer does itself, and ends that come in the middle of one."""

import os
import signal
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import PathCase  # noqa: E402


class Restarts(PathCase):
    def ready(self, reboot, **publish):
        self.device = self.new_device(reboot=reboot)
        update = self.update(self.publish(**publish))
        self.deploy()
        update.install(restart=False)
        return update

    def hold(self, update, state):
        """The installer hangs in `state`; gives the module's process once it does."""
        marker = self.device.installed / f"hold-{state}"
        marker.touch()
        process = update.start(state)
        update.read_until(process, f"holding {state}")
        marker.unlink()
        return process

    def restart_in(self, update, state):
        """The installer restarts the device, which ends all that runs."""
        process = self.hold(update, state)
        os.killpg(process.pid, signal.SIGTERM)
        update.finish(process, state)
        self.device.restart()

    def commit(self, update):
        update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        self.assertEqual(self.session()["state"], "committed")
        self.assertEqual(self.installed_version(), "2.0")

    def test_an_installer_that_restarts_the_device_itself(self):
        update = self.ready("Yes")
        self.restart_in(update, "ArtifactReboot")
        self.assertEqual(self.session()["state"], "installed")
        update.call("ArtifactVerifyReboot", check=0)
        self.assertEqual(self.states()[-2:], ["restarted", "confirmed"])
        self.commit(update)

    def test_an_installer_that_restarts_something_else_than_the_device(self):
        update = self.ready("Yes")
        update.call("ArtifactReboot", check=0)
        update.call("ArtifactVerifyReboot", check=0)
        self.commit(update)

    def test_an_installer_that_answers_automatic_must_see_another_boot(self):
        update = self.ready("Automatic")
        code, _ = update.call("ArtifactVerifyReboot")
        self.assertEqual(code, 1)
        self.assertIn("out_of_order", update.log)
        code, _ = update.call("ArtifactCommit")
        self.assertEqual(code, 1)

    def test_a_restart_in_the_middle_of_a_rollback(self):
        update = self.ready("Yes", content_version="9.9")
        self.restart_in(update, "ArtifactReboot")
        code, _ = update.call("ArtifactVerifyReboot")
        self.assertEqual(code, 1)
        update.call("ArtifactRollback", check=0)
        self.restart_in(update, "ArtifactRollbackReboot")
        update.call("ArtifactVerifyRollbackReboot", check=0)
        update.call("ArtifactFailure", check=0)
        update.call("Cleanup", check=0)
        self.assert_refused(update, "version_mismatch")
        self.assertEqual(self.session()["state"], "rolled_back")

    def refuse_the_restart(self, update):
        """The installer says that the restart did not bring what it installed."""
        (self.device.modules / "tracer").write_text("#!/bin/sh\n[ $1 != ArtifactVerifyReboot ]\n")
        self.device.restart()
        code, _ = update.call("ArtifactVerifyReboot")
        self.assertEqual(code, 1)

    def test_a_boot_loader_that_went_back_to_the_old_software_is_told_as_a_mismatch(self):
        update = self.ready("Automatic")
        self.write_installed(self.device, "1.0")
        self.refuse_the_restart(update)
        session = self.session()
        self.assertEqual((session["state"], session["reason"], session["reported_version"]),
                         ("mismatch", "version_mismatch", "1.0"))
        update.roll_back()
        self.assertEqual(self.session()["state"], "rolled_back")
        self.assertIn("module tracer in ArtifactVerifyReboot: exit code 1", update.log)

    def test_an_installer_that_refuses_the_announced_version_is_no_mismatch(self):
        update = self.ready("Automatic")
        self.refuse_the_restart(update)
        session = self.session()
        self.assertEqual((session["state"], session["reason"]), ("failed", "inner_module_failed"))
        self.assertNotIn("confirmed", self.states())

    def test_an_installer_told_to_stop_in_install_has_failed(self):
        self.device = self.new_device()
        update = self.update(self.publish())
        self.deploy()
        update.call("Download", check=0)
        process = self.hold(update, "ArtifactInstall")
        os.killpg(process.pid, signal.SIGTERM)
        code, _ = update.finish(process, "ArtifactInstall")
        self.assertEqual(code, 1)
        update.roll_back()
        session = self.session()
        self.assertEqual((session["state"], session["reason"]), ("failed", "interrupted"))
        self.assertNotIn("redeployment", session)

    def test_a_commit_cut_by_the_power_that_the_client_gives_up_is_no_success(self):
        update = self.ready("No")
        process = self.hold(update, "ArtifactCommit")
        update.kill(process)
        self.device.restart()
        # An installer that cannot roll back is not asked to.
        update.call("ArtifactFailure", check=0)
        update.call("Cleanup", check=0)
        session = self.session()
        self.assertEqual((session["state"], session["reason"]), ("failed", "interrupted"))

    def test_a_start_notification_before_the_version_can_be_read_dooms_nothing(self):
        update = self.ready("Automatic")
        self.device.restart()
        version = self.device.installed / "VERSION"
        version.rename(version.with_name("later"))
        told = self.device.run_command("start-notification")
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("version_unreadable", told.stdout)
        self.assertEqual(self.session()["state"], "restarted")
        version.with_name("later").rename(version)
        update.call("ArtifactVerifyReboot", check=0)
        self.commit(update)

    def test_a_report_stays_owed_while_the_device_itself_cannot_send_it(self):
        update = self.ready("Automatic")
        self.device.restart()
        update.call("ArtifactVerifyReboot", check=0)
        certificate = self.plugin.certificate
        self.device.configure(server_certificate=str(self.device.folder / "no-such-file"))
        update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        self.device.run_command("report")
        self.assertEqual(self.session()["state"], "confirmed")
        self.device.configure(server_certificate=str(certificate))
        self.device.run_command("report")
        self.assertEqual(self.session()["state"], "committed")


if __name__ == "__main__":
    unittest.main()
