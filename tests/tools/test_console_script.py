# SPDX-License-Identifier: MIT
"""A shell plays the machine: the script language and its failures."""
import io
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import fake_tree  # makes tools/lib importable
import console_script
import process


class ConsoleScriptTest(unittest.TestCase):
    def run_script(self, script, shell, limit=10):
        """What failed, or None, when SCRIPT talks to the shell program SHELL."""
        with tempfile.NamedTemporaryFile("w", dir=fake_tree.ROOT / "build") as file:
            file.write(script)
            file.flush()
            steps = console_script.read(file.name)
        with process.Process(["sh", "-c", shell], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE) as machine:
            failure, self.cases = console_script.run_script(machine, steps, io.BytesIO(),
                                                            limit=limit)
        return failure

    def test_dialog_passes(self):
        self.assertIsNone(self.run_script(
            "expect ^> $\ntype 2 + 2\nexpect ^4$\nexit 3\n",
            "stty -icrnl 2>/dev/null; printf '> '; head -c 6 >/dev/null; echo; echo 4; exit 3"))

    def test_missing_output_fails_after_the_timeout(self):
        failure = self.run_script("timeout 0.3\nexpect never\n", "echo something; sleep 9")
        self.assertEqual(failure, "line 2: expect never: nothing for 0.3 seconds")

    def test_expect_does_not_match_twice(self):
        failure = self.run_script("timeout 0.3\nexpect once\nexpect once\n", "echo once; sleep 9")
        self.assertIn("line 3", failure)

    def test_also_matches_in_any_order(self):
        script = "expect a\nexpect c\nalso b\nalso d\n"
        self.assertIsNone(self.run_script(script, "echo a; echo b; echo c; echo d; sleep 9"))
        self.assertIsNone(self.run_script(script, "echo a; echo d; echo c; echo b; sleep 9"))
        failure = self.run_script("timeout 0.3\n" + script, "echo b; echo a; echo c; echo d; sleep 9")
        self.assertIn("line 4: also b", failure)

    def test_until_repeats_its_line_until_it_matches(self):
        shell = "for n in 5 4 3; do head -c 2 >/dev/null; echo $n left; done; cat"
        self.assertIsNone(self.run_script("until ^3 left type x\n", shell))
        failure = self.run_script("timeout 1.2\nuntil ^2 left type x\n", shell)
        self.assertEqual(failure, "line 2: until ^2 left type x: nothing for 1.2 seconds")

    def test_until_types_once_when_that_is_enough(self):
        self.assertIsNone(self.run_script(
            "until ^first type x\nexpect ^0\n",
            "head -c 2 >/dev/null; echo first; timeout 1 head -c 1 | wc -c"))

    def test_early_end_fails_at_once(self):
        start = time.monotonic()
        failure = self.run_script("expect never\n", "exit 5")
        self.assertIn("ended with status 5", failure)
        self.assertLess(time.monotonic() - start, 5)

    def test_forbidden_output_fails(self):
        failure = self.run_script("not panic\nexpect done\n", "echo panic; sleep 0.3; echo done")
        self.assertIn("did appear", failure)

    def test_forbidden_output_after_the_last_step_fails(self):
        failure = self.run_script("not panic\nexpect done\nexit 0\n",
                                  "echo done; sleep 0.3; echo panic")
        self.assertIn("did appear", failure)

    def test_wrong_exit_status_fails(self):
        self.assertIn("ended with status 1", self.run_script("exit 0\n", "exit 1"))

    def test_escape_sequences_and_returns_are_ignored(self):
        self.assertIsNone(self.run_script(
            "expect ^plain text$\n",
            r"printf '\033[1mpl\033[0ma\033['; sleep 0.3; printf '31min text\r\n'; sleep 9"))

    def test_tap_counts_cases(self):
        self.assertIsNone(self.run_script(
            "tap\n", "echo '[ 0.1] ok 1 - a'; echo 'ok 2'; echo '1..2'; sleep 9"))
        self.assertEqual(self.cases, 2)

    def test_tap_not_ok_fails(self):
        failure = self.run_script("tap\n", "echo 'ok 1'; echo 'not ok 2 - b'; echo '1..2'; sleep 9")
        self.assertIn("not ok 2 - b", failure)

    def test_tap_missing_result_fails(self):
        failure = self.run_script("timeout 0.3\ntap\n", "echo '1..2'; echo 'ok 1'; sleep 9")
        self.assertIn("nothing for", failure)

    def test_tap_without_cases_fails(self):
        self.assertIn("plan 1..0", self.run_script("tap\n", "echo '1..0'; sleep 9"))

    def test_tap_wrong_number_fails(self):
        self.assertIn("[1, 3]", self.run_script("tap\n", "echo 'ok 1'; echo 'ok 3'; echo 1..2; cat"))

    def test_busy_machine_is_not_idle(self):
        self.assertIn("of a core", self.run_script("idle 0.5 20\n", "while :; do :; done"))
        self.assertIsNone(self.run_script("idle 0.5 20\n", "sleep 9"))

    def test_limit_of_the_whole_run(self):
        failure = self.run_script("timeout 60\nexpect never\n", "sleep 60", limit=0.3)
        self.assertIn("the whole run took longer", failure)

    def test_mistakes_name_file_and_line(self):
        for script in ("expct x\n", "expect (\n", "timeout x\n", "exit\n", "idle 3\n", "tap 3\n",
                       "until x\n", "until ( type x\n", "# nothing\n"):
            with self.assertRaises(console_script.ScriptError, msg=script):
                self.run_script(script, "true")

    def test_escapes_in_typed_text(self):
        self.assertEqual(console_script.unescape(r"a\tb\x03\\n"), "a\tb\x03\\n")


class ProcessTest(unittest.TestCase):
    def test_whole_group_ends_with_its_owner(self):
        with process.Process(["sh", "-c", "sleep 4711 & sleep 4711"]) as group:
            number = group.popen.pid
            time.sleep(0.2)
        limit = time.monotonic() + 10  # a killed process may take a moment to go
        while self.running_in_group(number) and time.monotonic() < limit:
            time.sleep(0.01)
        self.assertEqual(self.running_in_group(number), [])

    @staticmethod
    def running_in_group(number):
        """The processes of a group that are more than a zombie."""
        result = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, rest = stat.read_text().split(" (", 1)
            except OSError:
                continue
            state, _, group = rest.rsplit(") ", 1)[1].split()[:3]
            if int(group) == number and state != "Z":
                result.append(pid)
        return result

    def test_timeout_is_told_from_failure(self):
        self.assertIsNone(process.run(["sleep", "9"], subprocess.DEVNULL, 0.2))
        self.assertEqual(process.run(["false"], subprocess.DEVNULL, 5), 1)


if __name__ == "__main__":
    unittest.main()
