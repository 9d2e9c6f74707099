# SPDX-License-Identifier: MIT
import tempfile
import unittest
from pathlib import Path

import fake_tree  # makes tools/lib importable
import machine
import scenario


class ScenarioTest(unittest.TestCase):
    def read(self, text):
        folder = tempfile.TemporaryDirectory(dir=fake_tree.ROOT / "build")
        self.addCleanup(folder.cleanup)
        path = Path(folder.name)
        (path / "scenario").write_text(text)
        (path / "script").write_text("expect x\n")
        (path / "other").write_text("expect x\n")
        return scenario.read(path)

    def test_each_run_line_is_a_test(self):
        runs = self.read("about a test\nrun direct release 1 level=quick\nrun bios debug 4\n"
                         "memory 48M\nappend log=debug\n")
        self.assertEqual([run.name.split("/")[1] for run in runs],
                         ["direct-release-1", "bios-debug-4"])
        self.assertEqual([run.level for run in runs], ["quick", "default"])
        self.assertEqual([run.machine.memory for run in runs], ["48M", "48M"])
        self.assertEqual(runs[1].machine.cpus, 4)

    def test_settings_of_a_run_line_win_and_are_in_its_name(self):
        run, = self.read("cpu max\nrun direct release 1 cpu=qemu64 script=other\n")
        self.assertEqual((run.machine.cpu, run.script), ("qemu64", "other"))
        self.assertTrue(run.name.endswith("direct-release-1-qemu64"))

    def test_mistakes_are_errors(self):
        for text in ("", "about x\n", "run direct release\n", "run floppy release 1\n",
                     "run direct fast 1\n", "run direct release many\n", "speed 3\nrun bios debug 1\n",
                     "level daily\nrun bios debug 1\n", "run uefi release 1\nmemory 32M\n",
                     "run bios release 1\nrun bios release 1\n", "memory much\nrun uefi debug 1\n",
                     "archive odd\nrun bios debug 1\n", "run bios debug 1 script=none\n"):
            with self.assertRaises(scenario.ScenarioError, msg=text):
                self.read(text)


class MachineTest(unittest.TestCase):
    def test_memory_sizes(self):
        self.assertEqual([machine.memory_mib(text) for text in ("64", "64M", "2G")], [64, 64, 2048])
        for text in ("", "0", "64K", "-1", "64MB"):
            with self.assertRaises(machine.MachineError):
                machine.memory_mib(text)


if __name__ == "__main__":
    unittest.main()
