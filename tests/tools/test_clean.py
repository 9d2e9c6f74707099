# SPDX-License-Identifier: MIT
import unittest

from fake_tree import CheckTest


class CleanTest(CheckTest):
    check = "clean"

    def test_sources_pass(self):
        self.write("kernel/a.c", "int a; /* net/work/x and https://x/home/y */\n")
        self.assert_passes()

    def test_binary_is_found(self):
        self.write("logo", b"\x7fELF\x00")
        self.assert_finds("logo: is a binary file")

    def test_generated_file_is_found(self):
        self.write("kernel/a.o", "x")
        self.assert_finds("is a generated file")

    def test_machine_path_is_found(self):
        self.write("tools/x", "cd /ho" + "me/someone/quay\n")
        self.assert_finds("tools/x:1: has a path of this machine")

    def test_large_file_is_found(self):
        self.write("data.txt", "x" * 300000)
        self.assert_finds("larger than")


if __name__ == "__main__":
    unittest.main()
