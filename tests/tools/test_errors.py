# SPDX-License-Identifier: MIT
import unittest

from fake_tree import SPDX, CheckTest


PAGE = "# x\n\n## Rights\n\nNone.\n\n## Errors\n\n| error | when |\n|---|---|\n{}\n## Blocking\n\nNever.\n"
ROW = "| `{}` | sometimes, not as `EIO` |\n"


class ErrorsTest(CheckTest):
    check = "errors"

    def setUp(self):
        super().setUp()
        self.write("include/abi/quay/abi/errno.h",
                   SPDX + "#define EBADF 9\n#define EINVAL 22\n#define EMFILE 24\n")
        self.write("tests/sim/errors.def", SPDX + "#define HANDLE EBADF\nERRORS(event_signal, HANDLE,\n"
                   "       EINVAL)\nERRORS(thread_yield)\n")
        self.page("EBADF", "EINVAL")
        self.write("docs/syscalls/thread_yield.md", "# x\n\n## Errors\n\nNone.\n")

    def page(self, *errors):
        self.write("docs/syscalls/event_signal.md",
                   PAGE.format("".join(ROW.format(error) for error in errors)))

    def test_same_errors_pass(self):
        self.assert_passes()

    def test_full_handle_table_may_be_on_the_page_alone(self):
        self.page("EBADF", "EINVAL", "EMFILE")
        self.assert_passes()

    def test_error_that_the_page_forgets_is_found(self):
        self.page("EBADF")
        self.assert_finds("does not say EINVAL")

    def test_error_that_never_comes_is_found(self):
        self.page("EBADF", "EINVAL", "EIO")
        self.assert_finds("says EIO, which")

    def test_two_errors_in_one_row_are_both_read(self):
        self.page("EBADF`, `EINVAL")
        self.assert_passes()

    def test_unknown_error_is_found(self):
        self.write("include/abi/quay/abi/errno.h", SPDX + "#define EBADF 9\n")
        self.assert_finds("EINVAL is not in")

    def test_missing_page_is_found(self):
        (self.root / "docs/syscalls/thread_yield.md").unlink()
        self.assert_finds("thread_yield.md: missing")

    def test_empty_table_is_found(self):
        self.write("tests/sim/errors.def", SPDX)
        self.assert_finds("no calls found")


if __name__ == "__main__":
    unittest.main()
