# SPDX-License-Identifier: MIT
"""tools/core and gdb, with a core file that Quay has written."""
import io
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))
import console_script  # noqa: E402
import machine  # noqa: E402
import process  # noqa: E402
import tree  # noqa: E402

SCRIPT = r"""
timeout 60
not KERNEL PANIC
expect root#
type stty -echo; PS1='ready> '
expect ready>
type crash
expect crash: core: /tmp/cores/crash\.\d+
expect ready>
type call stumbler.increment 1
expect crash: core: /tmp/cores/stumbler\.\d+
expect ready>
type threads
expect crash: threads \(pid \d+, thread \d+\): ended by SIGSEGV
also crash: #0 +[0-9a-f]{16} give_up\+
also crash: #1 +[0-9a-f]{16} main\+
also crash: core: /tmp/cores/threads\.\d+
type echo next
expect ^next
type base64 /tmp/cores/stumbler.*
expect ^f0VMR
expect ready>
type poweroff
exit 0
"""


def crashed(folder):
    """Boots, lets a program and a driver crash; the serial log and the trace."""
    log, trace = folder / "serial.log", folder / "trace"
    script = folder / "script"
    script.write_text(SCRIPT)
    box = machine.Machine(boot="direct", image="crashes", cpus=2, memory="64M",
                          append="trace-stream=fault")
    command = box.command(folder) + ["-serial", "stdio", "-serial", f"file:{trace}",
                                     "-monitor", "none"]
    with open(log, "wb") as output, process.Process(command, stdin=-1, stdout=-1) as qemu:
        failure, _ = console_script.run_script(qemu, console_script.read(script), output)
    return failure, log, trace


class KernelTest(unittest.TestCase):
    def test_addresses_of_a_panic_get_names(self):
        names = subprocess.run(["nm", tree.KERNELS["release"]], text=True, stdout=subprocess.PIPE,
                               check=True).stdout
        address = next(line.split()[0] for line in names.splitlines()
                       if line.endswith(" kernel_main"))
        line = f"[    0.1]   from {int(address, 16) + 5:016x}\nat nothing\n"
        run = subprocess.run([ROOT / "tools" / "core", "--kernel"], input=line, text=True,
                             stdout=subprocess.PIPE, check=True)
        self.assertIn("kernel_main+0x4", run.stdout)
        self.assertIn("at nothing", run.stdout)


@unittest.skipUnless(shutil.which("gdb") and shutil.which("qemu-system-x86_64") and
                     tree.image("crashes").exists(), "gdb, QEMU or the image is not there")
class CoreTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(dir=tree.BUILD))
        cls.failure, cls.log, cls.trace = crashed(cls.folder)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def run_core(self, *arguments):
        run = subprocess.run([ROOT / "tools" / "core", *arguments], text=True, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             stdin=subprocess.DEVNULL)
        self.assertEqual(run.returncode, 0, run.stdout)
        return run.stdout

    def assert_driver(self, text):
        self.assertRegex(text, r"SIGSEGV")
        self.assertRegex(text, r"#0 +registers_write")
        self.assertRegex(text, r"#1 .* in device_reset \(\) at .*stumbler\.c:\d+")
        self.assertRegex(text, r"#\d+ +.*counter_increment")

    def test_script_passed(self):
        self.assertIsNone(self.failure, self.log.read_text(errors="replace")[-2000:])

    def test_core_in_base64_on_the_serial_line(self):
        self.assert_driver(self.run_core("--log", self.log))

    def test_cores_come_by_the_second_serial_port(self):
        cores = self.folder / "cores"
        subprocess.run([ROOT / "tools" / "trace", self.trace, "--cores", cores], check=False,
                       stdout=subprocess.DEVNULL)
        files = {file.name.split(".")[0]: file for file in cores.iterdir()}
        self.assertEqual(set(files), {"crash", "stumbler", "threads"})
        self.assert_driver(self.run_core("--batch", files["stumbler"]))
        text = self.run_core("--batch", files["crash"])
        self.assertRegex(text, r"#0 +touch")
        self.assertRegex(text, r"#4 .* in main \(.*crash/main\.c:\d+")
        text = self.run_core("--batch", files["threads"])
        self.assertRegex(text, r"SIGSEGV")
        self.assertRegex(text, r"#0 +(0x[0-9a-f]+ in )?give_up \(.*reason=2.5")
        self.assertRegex(text, r"#1 .* main \(.*crashes/threads\.c:\d+")
        self.assertRegex(text, r"#0 +(0x[0-9a-f]+ in )?spinner")
        self.assertRegex(text, r"in qy_futex|in posix_|#0 +posix_|qy_thread")  # who sleeps


if __name__ == "__main__":
    unittest.main()
