# SPDX-License-Identifier: MIT
"""docs/seeing.md: its commands are typed in one session of build/faults.img, in the order of the page, and
what it shows is what appears.

    ```quay       a command per prompt; ^^ alone in a line is that key. In the system
    ```gdb        a command per (gdb) prompt; the machine is stopped meanwhile
    ```console    a command per `$ ` line, in the tree

Each line that the page shows behind a command must appear, in this order; there may be others between
them. Numbers of more than one digit are any number, unless a command had it: where a later command has
the same one, it gets what appeared. `...` stands for anything, and ns, us and ms for each other.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))
import console_script  # noqa: E402
import machine  # noqa: E402
import process  # noqa: E402

PAGE = ROOT / "docs" / "seeing.md"
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
SIGNS = {"quay": "quay:/root# ", "gdb": "(gdb) ", "console": "$ "}
KEY = "^^"
NUMBER = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{16}\b|\d+\.\d+|\b\d\d+\b")
ANY_NUMBER = r"(0x[0-9a-f]+|\b[0-9a-f]{16}\b|\d+\.\d+|\d+)"
UNITS = ("ns", "us", "ms")
SECONDS = 60


def turns(text, sign):
    """What is typed, each with the lines behind it."""
    result = []
    for line in text.splitlines():
        if line.startswith(sign):
            result.append((line.removeprefix(sign), []))
        elif line == KEY:
            result.append((KEY, []))
        elif line != "...":
            result[-1][1].append(line)
    return result


class SeeingTest(unittest.TestCase):
    def setUp(self):
        process.exit_on_signals()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = open(self.folder / "serial.log", "w+b")
        self.addCleanup(self.log.close)
        self.socket = self.folder / "gdb"
        self.actual = {}  # number of the page: the one that appeared
        self.typed = set()  # numbers of commands, which mean themselves
        box = machine.Machine(boot="direct", cpus=2, image="faults")
        command = box.command(self.folder) + [
            "-serial", "stdio", "-monitor", "none", "-no-reboot", "-gdb", "chardev:gdb",
            "-chardev", f"socket,id=gdb,path={self.socket},server=on,wait=off"]
        qemu = process.Process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        qemu.__enter__()
        self.addCleanup(qemu.__exit__)
        self.console = console_script.Console(qemu, self.log, None, None, 5 * SECONDS)

    def test_page_works_as_written(self):
        count = dict.fromkeys(SIGNS, 0)
        self.wait(r"quay:/root# $", 0, "the prompt")
        for kind, text in BLOCK.findall(PAGE.read_text()):
            self.assertIn(kind, SIGNS, f"a block that nobody runs:\n{text}")
            count[kind] += 1
            typed = turns(text, SIGNS[kind])
            getattr(self, "run_" + kind)(typed)
        self.assertGreaterEqual(min(count.values()), 1, count)
        self.console.type(b"poweroff\r", "poweroff")
        self.console.exit(0, SECONDS, "the end")

    # --- what is typed, with the numbers of this run ---------------------------------------------

    def now(self, text):
        self.typed.update(set(NUMBER.findall(text)) - set(self.actual))
        return NUMBER.sub(lambda match: self.actual.get(match[0], match[0]), text)

    def pattern(self, line):
        """The line as a regular expression, with a group for each number."""
        parts, at = [], 0
        for match in re.finditer(NUMBER.pattern + r"|\b[num]s\b| +|\.\.\.", line):
            parts.append(re.escape(line[at:match.start()]))
            found = match[0]
            parts.append(" +" if found[0] == " " else ".*" if found == "..." else
                         "[num]s" if found in UNITS else
                         f"({found})" if found in self.typed else ANY_NUMBER)
            at = match.end()
        return "".join(parts) + re.escape(line[at:])

    def compare(self, what, lines, shown, prefix=""):
        """Each of LINES must stand in SHOWN, in this order."""
        rest = shown.splitlines()
        for line in lines:
            regex = re.compile(prefix + self.pattern(line) + " *")
            while rest and not regex.fullmatch(rest[0]):
                rest.pop(0)
            self.assertTrue(rest, f"{what}: no line\n{line}\nin:\n{shown}")
            self.actual.update(zip(NUMBER.findall(line), regex.fullmatch(rest.pop(0)).groups()))

    # --- where it is typed -----------------------------------------------------------------------

    def wait(self, regex, start, what):
        self.console.start = start
        self.console.expect(re.compile(regex, re.M), SECONDS, what)

    def run_quay(self, typed):
        console = self.console
        for number, (command, lines) in enumerate(typed):
            start = len(console.text)
            if command == KEY:
                console.type(b"\x1e", KEY)
                self.wait(self.pattern(lines[-1]) + " *$", start, f"{KEY}, then {lines[-1]}")
                self.compare(KEY, lines, console.text[start:], ".*")
            else:
                text = self.now(command)
                console.type(text.encode() + b"\r", command)
                # A line of the log may bring the prompt again before the command has begun.
                self.wait(re.escape(text) + r"\n", start, command)
                start = console.position
            if number + 1 < len(typed) and typed[number + 1][0] == KEY:
                end = time.monotonic() + 1  # the command is at work when the key comes
                while time.monotonic() < end:
                    console.pump(end - time.monotonic())
                continue
            self.wait(r"^quay:/root# $", start, command)
            if command != KEY:
                self.compare(command, lines, console.text[start:])

    def run_gdb(self, typed):
        line = ["gdb", "-nx", "-q", "-batch", "-x", ROOT / "tools" / "gdb" / "quay.py"]
        for command, _ in typed:
            command = command.replace("quay attach", f"quay attach {self.socket}")
            line += ["-ex", self.now(command)]
        self.host(line, typed)

    def run_console(self, typed):
        self.log.flush()
        for command, lines in typed:
            command = command.replace("build/run/serial.log", self.log.name)
            self.host(["bash", "-e", "-o", "pipefail", "-c", self.now(command)],
                      [(command, lines)])

    def host(self, line, typed):
        with open(self.folder / "host.log", "w+b") as log:
            status = process.run(line, log, SECONDS, cwd=ROOT)
            log.seek(0)
            shown = log.read().decode(errors="replace")
        self.assertEqual(status, 0, f"{typed[0][0]}: status {status}\n{shown}")
        self.compare(typed[0][0], [one for _, lines in typed for one in lines], shown)


if __name__ == "__main__":
    unittest.main(verbosity=2)
