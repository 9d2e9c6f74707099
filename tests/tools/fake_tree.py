# SPDX-License-Identifier: MIT
"""A small tree in build/ for a check to look at."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))

SPDX = "/* SPDX-License-Identifier: MIT */\n"


class CheckTest(unittest.TestCase):
    """Tests of the program tools/checks/CHECK on trees made by write()."""
    check = ""

    def setUp(self):
        (ROOT / "build" / "logs").mkdir(parents=True, exist_ok=True)
        self.root = Path(tempfile.mkdtemp(dir=ROOT / "build" / "logs", prefix="tree-"))
        self.addCleanup(shutil.rmtree, self.root)

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def run_check(self, *options):
        run = subprocess.run([ROOT / "tools" / "checks" / self.check, "--root", self.root, *options],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
        return run.returncode, run.stdout

    def assert_passes(self, *options):
        status, output = self.run_check(*options)
        self.assertEqual(status, 0, output)

    def assert_finds(self, text, *options):
        status, output = self.run_check(*options)
        self.assertEqual(status, 1, output)
        self.assertIn(text, output)
