# SPDX-License-Identifier: MIT
import unittest

from fake_tree import SPDX, CheckTest


LEDGER = "include/abi/quay/abi/syscalls.def"
GOLDEN = "tests/abi/syscalls.golden"
CLOSE = 'SYSCALL(1, handle_close, (handle_t handle), "close a handle")\n'
DUP = 'SYSCALL(2, handle_dup, (handle_t handle), "copy a handle")\n'
PAGE = "# x\n\n## Rights\n\nNone.\n\n## Errors\n\nEBADF\n"


class LedgerTest(CheckTest):
    check = "ledger"

    def setUp(self):
        super().setUp()
        self.write(LEDGER, SPDX + CLOSE)
        self.write(GOLDEN, "1 handle_close\n")
        self.write("docs/syscalls/handle_close.md", PAGE)

    def test_complete_ledger_passes(self):
        self.assert_passes()

    def test_call_without_a_golden_line_is_found(self):
        self.write(LEDGER, SPDX + CLOSE + DUP)
        self.write("docs/syscalls/handle_dup.md", PAGE)
        self.assert_finds("2 handle_dup is not in it")

    def test_append_adds_the_golden_line(self):
        self.write(LEDGER, SPDX + CLOSE + DUP)
        self.write("docs/syscalls/handle_dup.md", PAGE)
        self.assert_passes("--append")
        self.assertIn("2 handle_dup\n", (self.root / GOLDEN).read_text())
        self.assert_passes()

    def test_removed_call_is_found_and_append_does_not_hide_it(self):
        self.write(LEDGER, SPDX + DUP)
        self.write("docs/syscalls/handle_dup.md", PAGE)
        self.assert_finds("1 handle_close is published", "--append")
        self.assertEqual((self.root / GOLDEN).read_text(), "1 handle_close\n")

    def test_renumbered_call_is_found(self):
        self.write(LEDGER, SPDX + CLOSE.replace("(1,", "(3,"))
        self.assert_finds("1 handle_close is published")

    def test_number_used_twice_is_found(self):
        self.write(LEDGER, SPDX + CLOSE + DUP.replace("(2,", "(1,"))
        self.assert_finds("1 does not come after 1")

    def test_malformed_line_is_found(self):
        self.write(LEDGER, SPDX + CLOSE + "SYSCALL(2, HandleDup)\n")
        self.assert_finds("want SYSCALL")

    def test_missing_page_is_found(self):
        (self.root / "docs/syscalls/handle_close.md").unlink()
        self.assert_finds("every call has a page")

    def test_page_without_errors_is_found(self):
        self.write("docs/syscalls/handle_close.md", "# x\n\n## Rights\n\nNone.\n\n## Errors\n\n")
        self.assert_finds("no section Errors")

    def test_empty_ledger_is_found(self):
        self.write(LEDGER, SPDX)
        self.write(GOLDEN, "")
        self.assert_finds("no system calls found")


if __name__ == "__main__":
    unittest.main()
