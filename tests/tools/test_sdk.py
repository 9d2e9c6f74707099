# SPDX-License-Identifier: MIT
"""Servers outside of the tree: `meson install`, quay-new, and what it makes, built, tested, booted."""
import unittest

from sdk import ROOT, SdkTest


class SdkUseTest(SdkTest):
    def setUp(self):
        super().setUp()
        self.run_in(ROOT, "meson", "install", "--no-rebuild", "-C", ROOT / "build", "--destdir",
                    self.home / "sdk")
        self.prefix = self.home / "sdk" / "usr" / "local"
        self.bin = self.prefix / "bin"

    def test_new_server_is_built_tested_and_booted(self):
        self.run_in(self.home, self.bin / "quay-new", "server", "my_note")
        folder = self.home / "my_note"
        left = [path.name for path in folder.rglob("*") if path.is_file()
                and ("NAME" in path.name or "NAME" in path.read_text() or "@SHARE" in path.read_text())]
        self.assertEqual(left, [])
        self.run_in(folder, "meson", "setup", "--cross-file",
                    self.prefix / "share" / "quay" / "cross.ini", "build")
        self.run_in(folder, "meson", "test", "-C", "build", "--print-errorlogs")
        log = (folder / "build" / "meson-logs" / "testlog.txt").read_text()
        for shown in ("test_set_is_told_to_subscribers", 'text = "hello there"', "my_note died"):
            self.assertIn(shown, log)

    def test_nothing_of_this_tree_is_installed(self):
        for path in self.prefix.rglob("*"):
            if path.is_file() and path.suffix in (".pc", ".ini", ".h", ".py", ".build", ".md"):
                self.assertNotIn(str(ROOT), path.read_text().replace(str(self.prefix), ""), path)

    def test_wrong_names_are_refused(self):
        for name, why in (("Note", "a-z"), ("int", "word of C"), ("names", "has a server"),
                          ("a" * 16, "1 to 15")):
            with self.subTest(name):
                self.assertIn(why, self.run_in(self.home, self.bin / "quay-new", "server", name,
                                               status=1))
        (self.home / "taken").mkdir()
        (self.home / "taken" / "file").touch()
        self.assertIn("not an empty folder",
                      self.run_in(self.home, self.bin / "quay-new", "server", "taken", status=1))

    def test_script_that_fails_says_where(self):
        script = self.home / "script"
        script.write_text("timeout 20\nexpect quay> \ntimeout 1\nexpect never\n")
        shown = self.run_in(self.home, self.bin / "quay-run", "--script", script, status=1)
        self.assertIn("script: ", shown.splitlines()[-1])
        self.assertIn("never", shown.splitlines()[-1])
        self.assertIn("no such file", self.run_in(self.home, self.bin / "quay-run", "nothing.img",
                                                  status=1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
