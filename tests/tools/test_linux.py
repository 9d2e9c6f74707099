# SPDX-License-Identifier: MIT
"""The archive that tools/bench --linux boots Linux with."""
import gzip
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "lib"))
import linux  # noqa: E402


def entries(archive):
    """What a "newc" archive has: (name, mode, content), by cpio(5) and not by what wrote it."""
    at = 0
    while True:
        assert archive[at:at + 6] == b"070701"
        numbers = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name_start = at + 110
        name = archive[name_start:name_start + numbers[11] - 1].decode()
        assert archive[name_start + numbers[11] - 1] == 0
        data = (name_start + numbers[11] + 3) & ~3
        if name == "TRAILER!!!":
            return
        yield name, numbers[1], archive[data:data + numbers[6]]
        at = (data + numbers[6] + 3) & ~3


class LinuxTest(unittest.TestCase):
    def test_initramfs_has_program_and_console(self):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "program"
            program.write_bytes(b"\x7fELF and so on")
            archive = linux.initramfs(program, Path(folder) / "archive.gz")
            found = {name: (mode, content)
                     for name, mode, content in entries(gzip.decompress(archive.read_bytes()))}
        self.assertEqual(found["init"], (0o100755, b"\x7fELF and so on"))
        self.assertEqual(found["dev/console"][0], 0o020600)
        self.assertEqual(sorted(found), ["dev", "dev/console", "init"])

    def test_fetching_that_fails_says_why(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(linux.LinuxError) as caught:
            linux._apt(folder, sys.executable, "-c", "print('no such package'); raise SystemExit(1)")
        self.assertIn("no such package", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
