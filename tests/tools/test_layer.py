"""tools/check-layer passes our layer, and refuses copies of it that are broken in one place each."""

import json
import pathlib
import shutil
import sys
import tempfile
import textwrap
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from bitbake_recipe import ParseError, Recipe  # noqa: E402
from test_checks import load  # noqa: E402

CHECK = load("check-layer")
WITH_DATA = {"MENDER_FEATURES": "mender-image"}
RECIPE = "recipes-mender/two-path/two-path_0.1.0.bb"


class LayerCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="two-path-layer-")
        cls.addClassCleanup(folder.cleanup)
        cls.scratch = folder.name  # shared: what Meson installed with the same options is installed once

    def findings(self, variables=None, file=RECIPE, replace=None, rename=None):
        """What the check says of a copy of the layer in which `replace`, (old, new), was done to `file`."""
        layer = pathlib.Path(tempfile.mkdtemp(dir=self.scratch)) / "meta-two-path"
        shutil.copytree(CHECK.LAYER, layer)
        if replace:
            text = (layer / file).read_text()
            self.assertIn(replace[0], text)
            (layer / file).write_text(text.replace(*replace))
        if rename:
            (layer / file).rename(layer / rename)
        return CHECK.findings(layer, self.scratch, variables)

    def refused(self, wanted, **change):
        self.assertIn(wanted, "\n".join(self.findings(**change)))


class Whole(LayerCase):
    def test_our_layer_passes(self):
        self.assertEqual([], self.findings())

    def test_settings_go_into_the_file_that_the_module_reads(self):
        layer = CHECK.Layer()
        variables = {"TWO_PATH_MODE": "push", "TWO_PATH_PUSH_ADDRESS": "eth0", "TWO_PATH_STALL_TIMEOUT": "60",
                     "TWO_PATH_HOURS": '["22:00-05:00"]', "TWO_PATH_ALLOW_DOWNGRADE": "true"}
        staging = CHECK.Staging(layer, self.scratch, {**WITH_DATA, **variables})
        self.assertEqual([], list(CHECK.module_takes_its_settings(staging)))
        self.assertEqual(json.loads((staging.image / "etc/two-path/two-path.conf").read_text()),
                         {"mode": "push", "push_address": "eth0", "stall_timeout": 60, "hours": ["22:00-05:00"],
                          "allow_downgrade": True, "state_dir": "/data/two-path",
                          "check_update_command": ["mender-update", "check-update"]})

    def test_the_state_folder_is_on_the_data_partition_where_there_is_one(self):
        layer = CHECK.Layer()
        image = CHECK.Staging(layer, self.scratch, WITH_DATA).image
        self.assertEqual(str((image / "var/lib/two-path").readlink()), "/data/two-path")
        self.assertTrue((image / "data/two-path").is_dir())
        image = CHECK.Staging(layer, self.scratch, {}).image
        self.assertTrue((image / "var/lib/two-path").is_dir())
        self.assertFalse((image / "data").exists())

    def test_the_older_client_is_asked_by_its_name(self):
        staging = CHECK.Staging(CHECK.Layer(), self.scratch, {"TWO_PATH_CLIENT": "mender-client"})
        self.assertIn("mender-client", staging.recipe.words("RDEPENDS:two-path"))
        self.assertEqual(json.loads((staging.image / "etc/two-path/two-path.conf").read_text())["check_update_command"],
                         ["mender", "check-update"])

    def test_a_certificate_is_installed_and_named(self):
        authority = pathlib.Path(self.scratch) / "ca.pem"
        authority.write_text("certificate")
        staging = CHECK.Staging(CHECK.Layer(), self.scratch, {"TWO_PATH_CA_FILE": str(authority)})
        settings = json.loads((staging.image / "etc/two-path/two-path.conf").read_text())
        self.assertEqual((staging.image / settings["server_certificate"][1:]).read_text(), "certificate")
        self.assertEqual([], list(CHECK.every_file_is_in_one_package(staging)))

    def test_a_setting_that_the_module_refuses_is_found(self):
        self.refused("two-path.conf: the module says: ", variables={"TWO_PATH_MODE": "sideways"})


class Broken(LayerCase):
    def test_layer_conf(self):
        conf = "conf/layer.conf"
        for wanted, old, new in (("no BBFILE_PRIORITY_two-path", "BBFILE_PRIORITY_two-path", "BBFILE_PRIORITY_other"),
                                 ("must name core and mender", '"core mender"', '"core"'),
                                 ("kirkstone, which is not known to serve", '"scarthgap', '"kirkstone scarthgap'),
                                 ("BBFILE_PATTERN_two-path does not match", '"^${LAYERDIR}/"', '"^/elsewhere/"'),
                                 ("BBFILES does not find", "recipes-*/*/*.bb ", "recipes/*.bb "),
                                 ("not understood: BBFILES: x", "BBPATH .=", "BBFILES: x\nBBPATH .=")):
            with self.subTest(wanted):
                self.refused(wanted, file=conf, replace=(old, new))

    def test_names_and_what_must_equal_the_project(self):
        for wanted, old, new in (("MENDER_STATE_DIR: a variable of Mender's", "TWO_PATH_STATE_DIR", "MENDER_STATE_DIR"),
                                 ("LIC_FILES_CHKSUM must be", "md5=3b83", "md5=4b83"),
                                 ("LICENSE is not meson.build's", '"Apache-2.0"', '"MIT"'),
                                 ("nothing sets ${TYPO}", '"boost dbus', '"boost ${TYPO} dbus'),
                                 ("TWO_PATH_KEYS: hours is missing", "    hours issuer", "    issuer"),
                                 ("TWO_PATH_KEYS: nonsense is no key", "    hours issuer", "    hours nonsense issuer"),
                                 ("does not tell of TWO_PATH_NEW", "TWO_PATH_GIT ?=",
                                  'TWO_PATH_NEW ?= ""\nTWO_PATH_GIT ?=')):
            with self.subTest(wanted):
                self.refused(wanted, replace=(old, new))
        self.refused("the version is not meson.build's", rename="recipes-mender/two-path/two-path_0.2.0.bb")
        self.refused("tells of TWO_PATH_HOST", file="README.md", replace=("`TWO_PATH_SRCREV`", "`TWO_PATH_HOST`"))

    def test_where_the_sources_lie(self):
        line = "EXTERNALSRC_SYMLINKS"
        self.refused("S: its default differs", replace=(line, 'S = "${WORKDIR}"\n' + line))
        self.refused("UNPACKDIR: its default differs", replace=(line, 'UNPACKDIR = "${WORKDIR}"\n' + line))
        self.refused("SRC_URI must end with ;destsuffix=", replace=(";destsuffix=${BP}", ""))

    def test_packages(self):
        for wanted, old, new in (
                ("/usr/bin/two-path-device is in no package", "    ${bindir}/two-path-device \\\n", ""),
                ("mender-inventory-two-path is in two-path-inventory and two-path",
                 "    ${sysconfdir}/two-path \\\n", "    ${sysconfdir}/two-path ${datadir}/mender \\\n"),
                ("in no image is anything installed as /usr/bin/two-path-tool", "    ${bindir}/two-path-device",
                 "    ${bindir}/two-path-tool ${bindir}/two-path-device"),
                ("/usr/share/two-path/state-scripts/ArtifactInstall_Enter_50_two-path-ask is in no package",
                 "    rm -r ${D}${datadir}/two-path\n", ""),
                ("SYSTEMD_SERVICE:two-path-start: /usr/lib/systemd/system/two-path-begin.service is not installed",
                 '"two-path-start.service"', '"two-path-begin.service"'),
                ("INITSCRIPT_NAME:two-path-start: /etc/init.d/two-path-start is not installed",
                 "'DISTRO_FEATURES', 'systemd', 'false', 'true'", "'DISTRO_FEATURES', 'systemd', 'false', 'false'")):
            with self.subTest(wanted):
                self.refused(wanted, replace=(old, new))

    def test_needs(self):
        for wanted, old, new in (("DEPENDS lacks libarchive", "dbus libarchive", "dbus"),
                                 ("DEPENDS has curl", "dbus libarchive", "curl dbus libarchive"),
                                 ("RDEPENDS lacks dbus", '"${TWO_PATH_CLIENT} dbus"', '"${TWO_PATH_CLIENT}"')):
            with self.subTest(wanted):
                self.refused(wanted, replace=(old, new))

    def test_the_build_machines_tools(self):
        for wanted, old, new in (("MESON_TARGET: Meson knows no plugin/two-path", '"plugin/cli/two-path"',
                                  '"plugin/two-path"'),
                                 ("native: DEPENDS lacks libarchive", '"boost libarchive mender', '"boost mender'),
                                 ("two-path-artefact-gen", "cli/two-path-artifact-gen", "cli/two-path-artefact-gen")):
            with self.subTest(wanted):
                self.refused(wanted, replace=(old, new))

    def test_options_that_meson_does_not_know(self):
        self.refused('Unknown options: "plugins"', replace=("-Dplugin=", "-Dplugins="))


class Reader(unittest.TestCase):
    def read(self, text, base=None, overrides=()):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "x.bb")
            path.write_text(textwrap.dedent(text))
            return Recipe(path, base or {}, overrides)

    def test_assignments_as_bitbake_makes_them(self):
        recipe = self.read('''\
            A = "1 ${B}"
            B ??= "weak"
            C ?= "first"
            C ?= "second"
            D := "${A}"
            B = "2"
            D += "3"
            E = "x y z"
            E:append = " w"
            E:prepend:here = "v "
            E:prepend:there = "u "
            E:remove = "y"
            F = "plain"
            F:here = "overridden"
            G = "${@'yes' if d.getVar('F') == 'overridden' else 'no'}"
            H = "a \\
            b"
            ''', overrides=["here"])
        self.assertEqual({name: recipe.getVar(name) for name in "ABCDEFGH"},
                         {"A": "1 2", "B": "2", "C": "first", "D": "1 weak 3", "E": "v x z w", "F": "overridden",
                          "G": "yes", "H": "a b"})

    def test_what_is_not_understood_is_refused(self):
        for text in ("A = unquoted\n", "f() {\n    true\n", "include other.inc\n"):
            with self.subTest(text), self.assertRaises(ParseError):
                self.read(text)


if __name__ == "__main__":
    unittest.main()
