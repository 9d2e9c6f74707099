# SPDX-License-Identifier: MIT
"""How tools/test judges the output of a host test."""
import tempfile
import unittest

import fake_tree  # makes tools/lib importable
import testing


class UnitTestJudge(unittest.TestCase):
    def judge(self, text, status=0):
        test = testing.UnitTest("unit/x", {"cmd": ["x"], "timeout": 60})
        with tempfile.NamedTemporaryFile("w+", dir=fake_tree.ROOT / "build") as log:
            log.write(text)
            log.flush()
            return test.judge(log, status)

    def test_cmocka_counts(self):
        result = self.judge("[==========] 3 test(s) run.\n[  PASSED  ] 3 test(s).\n")
        self.assertEqual((result.status, result.note), ("passed", "3 cases"))

    def test_cmocka_failure(self):
        text = "[  PASSED  ] 2 test(s).\n[  FAILED  ] 1 test(s), listed below:\n"
        self.assertEqual(self.judge(text).status, "failed")

    def test_tap_counts(self):
        result = self.judge("ok 1 - a\nok 2 - b\n1..2\n")
        self.assertEqual((result.status, result.note), ("passed", "2 cases"))

    def test_tap_failure_or_missing_case(self):
        self.assertEqual(self.judge("ok 1 - a\nnot ok 2 - b\n1..2\n").status, "failed")
        self.assertEqual(self.judge("1..2\nok 1 - a\n").status, "failed")

    def test_no_cases_do_not_pass(self):
        for text in ("", "1..0\n", "all is well\n", "[  PASSED  ] 0 test(s).\n"):
            self.assertEqual(self.judge(text).status, "failed", text)

    def test_bad_status_does_not_pass(self):
        self.assertEqual(self.judge("[  PASSED  ] 3 test(s).\n", 1).status, "failed")
        self.assertEqual(self.judge("[  PASSED  ] 3 test(s).\n", -11).note, "killed by signal 11")


if __name__ == "__main__":
    unittest.main()
