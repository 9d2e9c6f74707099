# SPDX-License-Identifier: MIT
"""tools/compose: what it refuses, and that no input brings it down."""
import random
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))
import manifest_check  # noqa: E402
import manifest_file  # noqa: E402
import manifest_graph  # noqa: E402
import manifest_text  # noqa: E402

LAYOUT = ROOT / "build" / "manifest-layout.json"
PROGRAMS = {"servers/a", "servers/b", "servers/c", "servers/proc", "servers/session",
            "bin/sh"}


def understood(text, programs=PROGRAMS):
    errors = manifest_text.Errors("m", text)
    blocks = manifest_text.parse(text, errors, manifest_check.KINDS)
    ordered, checker = manifest_check.understand(blocks, programs, errors)
    return ordered, checker, errors


class Compose(unittest.TestCase):
    def refused(self, text, *lines):
        errors = understood(text)[2]
        report = errors.report() if errors.count else "nothing was wrong"
        for line in lines:
            self.assertIn(line, report)

    def accepted(self, text):
        ordered, checker, errors = understood(text)
        self.assertEqual(errors.messages, [])
        return ordered, checker

    def test_servers_start_after_what_they_need(self):
        ordered, _ = self.accepted("server a { needs b; after c; } server b { serves b; uses x; } "
                                   "server c { serves x, y badge 7; }")
        self.assertEqual([entry.name for entry in ordered], ["b", "c", "a"])

    def test_circle_is_shown(self):
        self.refused("server a { serves a; needs b; }\nserver b { serves b; needs a; }",
                     "m:2:28: error: a circle: a needs b needs a", "`uses` in place of `needs`")

    def test_unknown_words_are_shown_with_their_place(self):
        self.refused("server a {\n    serves alpha;\n    needs alpah;\n}\nserver b { kept 4Q; }",
                     "m:3:11: error: nobody serves or binds the name `alpah`",
                     "    3 |     needs alpah;\n      |           ^~~~~\nhelp: perhaps `alpha`",
                     "m:5:17: error: `Q` is no unit here", "2 errors")
        self.refused("server a { need b; }", "m:1:12: error: `need`", "perhaps `needs`")
        self.refused("sever a { }", "perhaps `server`")
        self.refused("server a { grants io 0x3f8; }", "grants io FIRST COUNT [NAME];")
        self.refused("server a { gets nothing; }", "nobody provides `nothing`")
        self.refused("server a { grants resource iq; }", "perhaps `irq`")

    def test_unknown_program_is_an_error_at_its_path(self):
        self.refused("server a { program servers/aa; }",
                     "m:1:20: error: there is no program `servers/aa` in the archive",
                     "perhaps `servers/a`")
        self.refused("session s { program /bin/shh; }", "perhaps `/bin/sh`")

    def test_session_needs_proc_and_vfs_and_is_last(self):
        self.refused("session s { program /bin/sh; }",
                     "a session needs a server of the name `proc_control`",
                     "a session needs a server of the name `vfs`")
        self.refused("session s { program /bin/sh; grants irq 4; }", "a block `session` has none")
        ordered, checker = self.accepted(
            "session s { program /bin/sh; needs x; } server proc { serves proc_control badge 3; } "
            "server a { serves vfs, x; }")
        self.assertEqual(ordered[-1].name, "s")
        made = manifest_check.encode(ordered, checker)[-1]
        self.assertEqual([(grant["name"], grant["value"]) for grant in made["grants"]],
                         [("proc_control", 3), ("vfs", 1)])
        self.assertEqual(made["deaths_max"], 0)

    def test_device_has_one_driver(self):
        self.refused("server a { grants io 0x3f8 8; } server b { grants io 0x3ff 1; }",
                     "`b` gets what `a` has already")
        self.refused("server a { grants irq 4; } server b { grants irq 4; }", "has already")
        self.accepted("server a { grants io 0x60 1 data; grants io 0x64 1 control; }")

    def test_nothing_is_there_twice(self):
        self.refused("server a { } server a { }", "`a` is there twice")
        self.refused("server a { serves x; } server b { serves x; }", "served by `a` already")
        self.refused("server a { kept 4K; kept 8K; }", "`kept` is there twice")
        self.refused("server a { serves servers; }", "init serves `servers` itself")

    def test_numbers_have_bounds(self):
        for text in ("kept 0", "kept 2G", "priority 256", "cpu 1us", "grants irq 256",
                     "grants io 0xffff 2", "give-up 0 inside 1s", "delay 2s 1s", "stop 61s",
                     "grants physical 0xfed00001 4096", "restart sometimes", "program \"\"",
                     "kept 99999999999999999999999", "kept 0x"):
            self.refused(f"server a {{ {text}; }}", "error")

    def test_several_errors_and_no_more_than_twenty(self):
        text = "\n".join(f"server s{i} {{ needs nobody; }}" for i in range(30))
        self.refused(text, "more errors are not shown")

    def test_compiled_form_is_what_the_interface_says(self):
        ordered, checker = self.accepted(
            'server a { serves x badge 3; kept 4K; grants io 0x3f8 8; arguments "one" two; '
            'restart on-failure; } server b { gets x; needs x; memory 1M; }')
        layout = manifest_file.Layout(LAYOUT)
        made = manifest_file.compiled(manifest_check.encode(ordered, checker), layout)
        size, head = layout.size("entry"), layout.size("head")
        self.assertEqual(len(made), head + 2 * size)
        self.assertEqual(int.from_bytes(made[20:24], "little"), zlib.crc32(made[head:]))
        self.assertIn(b"one\0two\0", made[head:head + size])
        members = {item["name"]: item["offset"] for item in layout.types["entry"]["members"]
                   if "name" in item}
        second = made[head + size:]
        self.assertEqual(second[members["memory_bytes_max"]:][:8], (1 << 20).to_bytes(8, "little"))
        self.assertEqual(second[members["after"]:][:8], (1).to_bytes(8, "little"))

    def test_graph_tells_who_holds_what(self):
        ordered, checker = self.accepted("server a { serves x; grants irq 4; } server b { gets x; }")
        text = manifest_graph.dot(ordered, checker)
        self.assertIn('"b" -> "a" [style=solid];', text)
        self.assertIn('"a" -> "interrupt 4" [style=solid];', text)
        self.assertEqual(manifest_graph.reached(ordered, checker)["b"], {"a", "interrupt 4"})

    def test_graph_is_drawn(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "boot.svg"
            run = subprocess.run([ROOT / "tools" / "compose", ROOT / "boot/boot.manifest", "--graph",
                                  path], capture_output=True, text=True, check=False)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertIn("<svg", path.read_text())
            self.assertIn(">proc<", path.read_text())

    def test_manifests_of_the_tree_are_sound(self):
        for name in ("boot", "monitor"):
            run = subprocess.run([ROOT / "tools" / "compose", ROOT / "boot" / f"{name}.manifest"],
                                 capture_output=True, text=True, check=False)
            self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_no_input_brings_it_down(self):
        """Changed manifests and any bytes: an answer, and at the places where errors are."""
        random.seed(1)
        words = [" ", "\n", "{", "}", ";", ",", "|", "\"", "//", "*", "server", "needs", "grants",
                 "io", "0x", "1", "K", "view", "session", "found", "badge", "a", "\0", "\u00e9"]
        sources = [(ROOT / "boot" / f"{name}.manifest").read_text() for name in
                   ("boot", "monitor")]
        refused = 0
        for _ in range(3000):
            text = random.choice(sources)
            for _ in range(random.randrange(1, 6)):
                at = random.randrange(len(text) + 1)
                text = text[:at] + random.choice(words) * random.choice((0, 1, 1, 1, 40)) + \
                    text[at + random.randrange(12):]
            ordered, checker, errors = understood(text, None)
            refused += errors.count > 0
            if errors.count:
                errors.report()
            else:
                manifest_file.compiled(manifest_check.encode(ordered, checker),
                                       manifest_file.Layout(LAYOUT))
                manifest_graph.dot(ordered, checker)
        self.assertGreater(refused, 1000)

    def test_exit_status_and_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "m"
            path.write_bytes(b"server a {\xff needs b; }")
            run = subprocess.run([ROOT / "tools" / "compose", path], capture_output=True, text=True,
                                 check=False)
            self.assertEqual(run.returncode, 1)
            self.assertIn(":1:11: error:", run.stderr)
            run = subprocess.run([ROOT / "tools" / "compose", path.with_name("none")],
                                 capture_output=True, text=True, check=False)
            self.assertNotEqual(run.returncode, 0)
            self.assertNotIn("Traceback", run.stderr)


if __name__ == "__main__":
    unittest.main()
