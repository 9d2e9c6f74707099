# SPDX-License-Identifier: MIT
"""What the tests of the SDK share: it is installed for them, as a user does."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class SdkTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name)
        # A user's environment: nothing of this one's build may help.
        self.environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}

    def run_in(self, folder, *command, status=0):
        run = subprocess.run([str(word) for word in command], cwd=folder, env=self.environment,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
        self.assertEqual(run.returncode, status, f"{command}:\n{run.stdout}")
        return run.stdout
