# SPDX-License-Identifier: MIT
"""tools/gdb/quay.py against QEMU's gdb server: the system is booted, stopped, looked at, and goes on."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))
import console_script  # noqa: E402
import machine  # noqa: E402
import process  # noqa: E402

GDB_SECONDS = 120
BOOT = "timeout 60\nexpect quay:/root# \n"
GO_ON = "timeout 60\ntype echo $((6 * 7))\nexpect ^42\ntype poweroff\nexit 0\n"


class GdbTest(unittest.TestCase):
    def setUp(self):
        process.exit_on_signals()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = open(self.folder / "serial.log", "w+b")
        self.addCleanup(self.log.close)
        # A path of a socket has at most 107 characters.
        socket = self.folder / "gdb"
        box = machine.Machine(boot="direct", cpus=2)
        command = box.command(self.folder) + [
            "-serial", "stdio", "-monitor", "none", "-no-reboot", "-gdb", "chardev:gdb",
            "-chardev", f"socket,id=gdb,path={socket},server=on,wait=off"]
        self.qemu = process.Process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.qemu.__enter__()
        self.addCleanup(self.qemu.__exit__)
        self.socket = socket

    def console(self, script):
        path = self.folder / "script"
        path.write_text(script)
        failure, _ = console_script.run_script(self.qemu, console_script.read(path), self.log)
        if failure:
            self.log.seek(0)
            self.fail(f"{failure}\n{self.log.read().decode(errors='replace')}")

    def gdb(self, *commands):
        """What gdb prints for the commands, the machine being stopped meanwhile."""
        line = ["gdb", "-nx", "-q", "-batch", "-x", ROOT / "tools" / "gdb" / "quay.py",
                "-ex", f"quay attach {self.socket}"]
        for command in commands:
            line += ["-ex", command]
        with open(self.folder / "gdb.log", "w+b") as log:
            status = process.run(line, log, GDB_SECONDS)
            log.seek(0)
            shown = log.read().decode(errors="replace")
        self.assertIsNotNone(status, f"gdb takes more than {GDB_SECONDS} seconds:\n{shown}")
        return shown

    def line(self, shown, pattern):
        match = re.search(pattern, shown, re.M)
        self.assertIsNotNone(match, f"no line {pattern} in:\n{shown}")
        return match

    def test_commands(self):
        self.console(BOOT + "type (exec sleep 100) &\nexpect root# $\n")
        shown = self.gdb("quay processes", "quay threads", "quay ports", "quay handles figures",
                         "quay symbols sh", "quay symbols vfs", "info line main",
                         "quay symbols nobody", "quay threads vfs sh", "quay threads vfs")
        self.line(shown, r"^ +\d+ +\d+ +1 +\d+ +\d+ KiB  running  init$")
        self.line(shown, r"^ +\d+ +\d+ +1 +\d+ +\d+ KiB  running  sh$")
        # It was forked by a shell: the kernel knows no other name.
        self.line(shown, r"^ +\d+ +\d+ +1 +\d+ +\d+ KiB  running  sleep$")
        self.line(shown, r"^ +\d+ +100  vfs +for a call or notice on port \d+$")
        port = self.line(shown, r"^ +\d+ +100  sh +for console to answer its call file\.read\w*,"
                                r" port (\d+)$")[1]
        self.line(shown, rf"^ +{port} +1 +0 +1  console$")
        self.line(shown, r"^ +0x\d000\d+  resource +\d+ +0x")
        self.line(shown, r"^sh: build/.*(sh\.posix|\.debug)$")
        self.line(shown, r"^vfs: build/.*(vfs\.user|\.debug)$")
        self.line(shown, r"^Line \d+ of \".*servers/vfs/main\.c\" .*<main>")
        self.line(shown, r"^nobody: no such process; quay processes lists them$")
        self.line(shown, r"^usage: quay threads \[PROCESS\]$")
        thread = re.findall(r"^ +(\d+) +100  vfs ", shown, re.M)[-1]

        shown = self.gdb(f"quay backtrace {thread}", "quay backtrace 1")
        self.line(shown, rf"^vfs, thread {thread}: for a call or notice on port \d+$")
        self.line(shown, r"^#0  0x0000010000\w+ \w+\+0x\w+")
        self.line(shown, r"^#\d+  0x0000010000\w+ main\+0x\w+ \(servers/vfs/main\.c:\d+\)")
        self.line(shown, r"^1: no such process")
        self.console(GO_ON)

    def test_before_the_kernel_runs(self):
        """The first look may come while the firmware is at work, or at the first instruction."""
        shown = self.gdb("quay processes", "quay help")
        self.assertNotIn("Traceback", shown)

    def test_breakpoint_in_the_kernel_and_symbols_follow(self):
        self.console(BOOT)
        with open(self.folder / "late", "w") as file:
            file.write("hbreak job_visit_processes\ncontinue\nbacktrace 1\ninfo line main\ndelete\n")
        self.qemu.popen.stdin.write(b"sleep 1; waits | tail -n 1\r")
        self.qemu.popen.stdin.flush()
        shown = self.gdb(f"source {self.folder / 'late'}")
        self.line(shown, r"^#0 .*job_visit_processes \(")
        self.line(shown, r"servers/.*\.c\" starts at address .*<main>")  # who called
        self.console(GO_ON)


if __name__ == "__main__":
    unittest.main(verbosity=2)
