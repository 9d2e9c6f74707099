# SPDX-License-Identifier: MIT
"""A trace of the booted system, all the way from the kernel's rings to what tools/trace shows."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))
import console_script  # noqa: E402
import machine  # noqa: E402
import process  # noqa: E402

TOOL = ROOT / "tools" / "trace"
SCRIPT = """timeout 60
expect quay:/root# 
type sleep 2; echo $((6 * 7))
expect ^42
type poweroff
exit 0
"""


class LiveTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """As tools/run --trace-file does."""
        process.exit_on_signals()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        (cls.folder / "script").write_text(SCRIPT)
        box = machine.Machine(boot="direct", image="boot", cpus=2, memory="128M",
                              append="trace-stream=all")
        command = box.command(cls.folder) + ["-serial", "stdio", "-monitor", "none", "-no-reboot",
                                             "-serial", f"file:{cls.folder}/live.trace"]
        with open(cls.folder / "serial.log", "w+b") as log, process.Process(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as qemu:
            failure, _ = console_script.run_script(qemu, console_script.read(cls.folder / "script"),
                                                   log)
            if failure:
                log.seek(0)
                raise AssertionError(f"{failure}\n{log.read().decode(errors='replace')}")

    def run_tool(self, *words):
        run = subprocess.run([TOOL, *words, "live.trace"], capture_output=True, text=True,
                             cwd=self.folder)
        told = [line for line in run.stderr.splitlines() if "records were lost" not in line]
        self.assertEqual((run.returncode, told), (0, []))
        return run.stdout

    def test_a_program_s_calls_and_what_servers_called_for_it_have_their_names(self):
        lines = self.run_tool("--text", "--process", "sleep").splitlines()
        what = [line[22:].strip() for line in lines]
        opened = [i for i, line in enumerate(what)
                  if line.startswith("sleep > vfs") and 'path = "/bin/sleep") -> ' in line]
        self.assertEqual(len(opened), 1, "\n".join(lines))
        self.assertIn("dir.open(flags = read, mode = 0,", what[opened[0]])
        self.assertTrue(what[opened[0]].endswith("kind = regular"), what[opened[0]])
        self.assertRegex(what[opened[0] + 1], r"^vfs > fs-tmp +fs\.open\(")
        self.assertTrue(lines[opened[0] + 1][22:].startswith("  vfs"))
        self.assertFalse(any("malformed" in line for line in lines))

    def test_lives_notices_and_who_ran_are_told(self):
        text = self.run_tool("--all")
        for pattern in (r"sleep +process \d+ starts$", r"sleep +process \d+ ends, exit code 0$",
                        r"notice > console +key ", r"handle 0x[0-9a-f]+ of object \d+ closed$",
                        r"CPU \d +sleep/\d+ runs; ", r"CPU \d +interrupt \d+$",
                        r"fault 14 at rip 0x[0-9a-f]+, address 0x[0-9a-f]+$"):
            self.assertRegex(text, re.compile(pattern, re.M))
        self.run_tool("--perfetto", "all.json")
        events = json.loads((self.folder / "all.json").read_text())["traceEvents"]
        self.assertLessEqual({"CPU 0", "CPU 1"}, {event["args"]["name"] for event in events
                                                  if event["name"] == "thread_name"})

    def test_the_table_has_every_server(self):
        table = self.run_tool("--latency").splitlines()
        rows = {line.split()[0]: line.split() for line in table[1:]}
        self.assertLessEqual({"dir.open", "fs.open", "file.write", "tty.set_group", "proc.fork",
                              "proc.wait", "serial.write"}, set(rows))
        self.assertFalse([name for name in rows if name.startswith("0x")])
        self.assertGreater(int(rows["dir.open"][1]), 3)

    def test_other_outputs_are_what_others_read(self):
        self.run_tool("--perfetto", "o.json", "--pcapng", "o.pcapng", "--sequence", "s.svg",
                      "--flame", "f.svg", "--process", "sleep")
        events = json.loads((self.folder / "o.json").read_text())["traceEvents"]
        names = {event["name"] for event in events}
        self.assertLessEqual({"dir.open > vfs", "dir.open < sleep"}, names)
        for picture in ("s.svg", "f.svg"):
            texts = [element.text for element in xml.parse(self.folder / picture).getroot().iter(
                "{http://www.w3.org/2000/svg}text")]
            self.assertTrue(any("vfs" in text for text in texts), picture)
        shown = subprocess.run(["tshark", "-X", "lua_script:o.lua", "-r", "o.pcapng", "-O", "quay",
                                "-Y", 'quay.source == "sleep" && quay.method == "open"'],
                               cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn('path: "/bin/sleep"', shown.stdout)
        self.assertIn("To: vfs", shown.stdout)
        self.assertNotIn("Lua", shown.stdout + shown.stderr)


if __name__ == "__main__":
    unittest.main()
