"""The checks must refuse what they are there for: a check that finds nothing looks the same as a clean tree."""

import importlib.machinery
import importlib.util
import pathlib
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"


def load(name):
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(TOOLS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class Idioms(unittest.TestCase):
    def findings(self, code):
        idioms = load("check-idioms")
        return [finding for _, finding in idioms.check_coroutines(idioms.IGNORED.sub(idioms.blank, code))]

    def test_bad_forms_are_refused(self):
        for code in ("if (co_await f()) g();",
                     "if (auto x = co_await f(a,\n    b); x) g();",
                     "while (!(co_await f())) g();",
                     "switch (co_await f()) {}",
                     "co_await f([this] { g(); });",
                     "auto x = co_await f(a, [&, n = 1](int i) { return i; });",
                     "co_await f(Options{1, 2});",
                     "co_await f({.size = 1},\n    use_awaitable);",
                     "co_await g(a[1], [x](auto) {});"):
            with self.subTest(code):
                self.assertEqual(1, len(self.findings(code)))

    def test_good_forms_pass(self):
        for code in ("co_await f(into(ec)); if (ec) { g({1, 2}); }",
                     "auto n = co_await socket.async_read(buffer(data[i], list[j]), into(ec));",
                     "// if (co_await f())\n",
                     "co_await f(\"if (co_await g()) [x]{1}\");",
                     "co_await f([] { return Options{1}; });",
                     "co_await sleep(std::chrono::milliseconds{60});",
                     "co_await f(T{}); for (auto x : y) g();",
                     "g([this]() -> awaitable<void> { co_await f(); });"):
            with self.subTest(code):
                self.assertEqual([], self.findings(code))

    def test_sleeping_tests_are_refused(self):
        sleep = load("check-idioms").SLEEP
        for line in ("    time.sleep(1)\n", "std::this_thread::sleep_for(1s);", "sleep 5\n", 'run("sleep 5")',
                     "a; sleep 0.1"):
            self.assertTrue(sleep.search(line), line)
        for line in ("# never a sleep", "def test_a_sleeping_device(self):", "sleeper = 1"):
            self.assertFalse(sleep.search(line), line)


class Layout(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.layout = load("check-layout")
        self.layout.ROOT = pathlib.Path(folder.name)

    def tree(self, files):
        for name, content in files.items():
            path = self.layout.ROOT / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return [finding for path in self.layout.sources()
                for check in (self.layout.check_folders, self.layout.check_paths) for finding in check(path)]

    def test_an_arrow_against_the_picture_is_refused(self):
        found = self.tree({"ftp/a.hpp": '#include "protocol/b.hpp"\n', "protocol/b.hpp": "",
                           "plugin/c.hpp": '#include "ftp/a.hpp"\n'})
        self.assertEqual(["ftp/a.hpp:1: ftp/ must not include protocol/ (protocol/b.hpp)"], found)

    def test_control_must_not_reach_bulk_even_by_a_detour(self):
        found = self.tree({"plugin/control/a.cpp": '#include "plugin/state/b.hpp"\n',
                           "plugin/state/b.hpp": '#include "plugin/bulk/c.hpp"\n', "plugin/bulk/c.hpp": ""})
        self.assertEqual(["plugin/control/a.cpp: control/ reaches bulk/ through "
                          "plugin/state/b.hpp -> plugin/bulk/c.hpp"], found)

    def test_only_the_daemon_sees_both(self):
        files = {"plugin/bulk/a.hpp": "", "plugin/control/b.hpp": ""}
        both = '#include "plugin/bulk/a.hpp"\n#include "plugin/control/b.hpp"\n'
        self.assertEqual([], self.tree({**files, "plugin/daemon.cpp": both}))
        self.assertEqual(1, len(self.tree({**files, "plugin/state/store.cpp": both})))



class Promises(unittest.TestCase):
    FEATURES = "| promise | `test_it_holds`, unit `what_is_in_cpp_holds`, class `Holding` |\n"
    THREATS = "| **Endless data** of a server | who | what | stops | `test_endless_data_is_left` |\n"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.promises = load("check-promises")
        self.promises.ROOT = pathlib.Path(folder.name)
        self.write("tests/path/test_a.py", "class Holding:\n    def test_it_holds(self):\n"
                                           "    def test_endless_data_is_left(self):\n")
        self.write("tests/unit/a_test.cpp", "BOOST_AUTO_TEST_CASE(what_is_in_cpp_holds) {\n")

    def write(self, name, content):
        path = self.promises.ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def findings(self, features=FEATURES, threats=THREATS):
        self.write("docs/features.md", features)
        self.write("docs/security.md", threats)
        return self.promises.findings()

    def test_what_is_shown_passes(self):
        self.assertEqual([], self.findings())
        self.assertEqual([], self.findings(features="`test_it_...` shows it, and so does unit suite `what_*`.\n"))

    def test_a_test_that_is_not_there_is_named(self):
        for name in ("`test_it_fails`", "`what_is_in_rust_holds`", "unit `what`", "class `Failing`", "`test_they_...`"):
            with self.subTest(name):
                self.assertEqual(1, len(self.findings(features=f"| promise | `test_it_holds`, {name} |\n")))
        self.assertEqual(1, len(self.findings(threats=self.THREATS.replace(" |\n", ", `test_of_more` |\n"))))

    def test_a_threat_without_a_test_of_its_name_is_named(self):
        self.assertEqual(["docs/security.md:1: no test is named after `Endless data`"],
                         self.findings(threats="| **Endless data** | who | `test_it_holds` |\n"))
        self.assertEqual(["docs/security.md: no threat is listed"], self.findings(threats="Nothing.\n"))


if __name__ == "__main__":
    unittest.main()
