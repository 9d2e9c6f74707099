# SPDX-License-Identifier: MIT
import unittest

from fake_tree import SPDX, CheckTest


class FormatTest(CheckTest):
    check = "format"

    def setUp(self):
        super().setUp()
        self.write(".clang-format", "BasedOnStyle: LLVM\nIndentWidth: 4\n")

    def test_formatted_file_passes(self):
        self.write("a.c", SPDX + "int a;\n")
        self.assert_passes()

    def test_badly_formatted_file_is_found_and_fixed(self):
        self.write("a.c", SPDX + "int   a ;\n")
        self.assert_finds("a.c:2")
        self.assert_passes("--fix")
        self.assertEqual((self.root / "a.c").read_text(), SPDX + "int a;\n")


if __name__ == "__main__":
    unittest.main()
