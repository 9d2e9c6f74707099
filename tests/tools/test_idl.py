# SPDX-License-Identifier: MIT
"""The compiler of interfaces, build/tools/idl/idl, on the files of tests/idl.

With IDL_UPDATE=1 in the environment the expected outputs are written instead of compared.
"""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IDL = ROOT / "build" / "tools" / "idl" / "idl"
CASES = ROOT / "tests" / "idl"
UPDATE = "IDL_UPDATE" in os.environ


def idl(*arguments, folder=CASES):
    run = subprocess.run([IDL, *arguments], cwd=folder, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")
    return run.returncode, run.stdout


class IdlTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return self.folder / name

    def assert_golden(self, path, text):
        if UPDATE:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        self.assertEqual(path.read_text(), text, f"{path.name}: see IDL_UPDATE")


class ErrorTest(IdlTest):
    def test_every_wrong_file_is_explained(self):
        for path in sorted((CASES / "errors").glob("*.idl")):
            if path.stem == "lexer_good":
                continue
            with self.subTest(path.name):
                status, output = idl("c", "-o", self.folder, f"errors/{path.name}")
                self.assertEqual(status, 1, output)
                self.assert_golden(path.with_suffix(".errors"), output)

    def test_every_message_is_tried(self):
        shown = "\n".join(path.read_text() for path in (CASES / "errors").glob("*.errors"))
        for source in sorted((ROOT / "tools" / "idl").glob("*.c")):
            for call in re.findall(r"diagnostic_error\([^,]+,[^\"]*?((?:\"(?:[^\"\\]|\\.)*\"\s*)+)",
                                   source.read_text()):
                text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', call)).replace('\\"', '"')
                pattern = re.sub(r"%[0-9.]*(?:ll)?[a-z]", "\0", text)
                pattern = re.escape(pattern).replace("\0", ".*").replace("\\\0", ".*")
                if pattern.strip(".*"):
                    with self.subTest(f"{source.name}: {text}"):
                        self.assertTrue(re.search(pattern, shown), "no case shows it")

    def test_missing_file_is_said(self):
        status, output = idl("c", "nowhere.idl")
        self.assertEqual(status, 1)
        self.assertIn("cannot be read", output)

    def test_many_errors_end(self):
        lines = "".join(f"const c{i} : u8 = 300;\n" for i in range(100))
        status, output = idl("c", self.write("many.idl", "library quay.many;\n" + lines))
        self.assertEqual(status, 1)
        self.assertEqual(output.count("error:"), 20)


class OutputTest(IdlTest):
    def test_generated_c_is_as_expected(self):
        status, output = idl("c", "-o", self.folder, "clock.idl")
        self.assertEqual((status, output), (0, ""))
        for name in ("clock.h", "clock.c"):
            self.assert_golden(CASES / "golden" / f"{name}.txt",
                               (self.folder / name).read_text())

    def test_other_outputs_are_as_expected(self):
        for command in ("json", "markdown", "wireshark", "vectors", "summary", "test"):
            with self.subTest(command):
                status, output = idl(command, "clock.idl")
                self.assertEqual(status, 0, output)
                self.assert_golden(CASES / "golden" / f"clock.{command}.txt", output)

    def test_generated_c_is_clean_with_gcc_and_usable_from_cxx(self):
        status, output = idl("c", "-o", self.folder, "probe.idl")
        self.assertEqual((status, output), (0, ""))
        (self.folder / "idl").symlink_to(self.folder)
        include = ["-I", self.folder, "-I", ROOT / "libsys/include", "-I", ROOT / "include/abi"]
        warnings = ["-Wall", "-Wextra", "-Wconversion", "-Wno-sign-conversion", "-Wshadow",
                    "-Wcast-qual", "-Wcast-align", "-Werror", "-fsyntax-only"]
        uses = self.write("uses.cc", '#include <idl/probe.h>\n'
                          'int64_t call(handle_t to, uint64_t *sum);\n'
                          'int64_t call(handle_t to, uint64_t *sum)\n'
                          '{ return qy_probe_add(to, 1, 2, sum, DEADLINE_NEVER); }\n')
        for command in (["gcc", "-std=gnu11", *warnings, *include, self.folder / "probe.c"],
                        ["clang++-14", "-std=c++17", *warnings, *include, uses]):
            run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True)
            self.assertEqual(run.returncode, 0, run.stdout)

    def test_json_holds_every_declaration(self):
        status, output = idl("json", "probe.idl")
        self.assertEqual(status, 0)
        library = json.loads(output)
        self.assertEqual(library["library"], "quay.probe")
        record = next(decl for decl in library["declarations"] if decl["name"] == "record")
        offsets = {field.get("name"): field["offset"] for field in record["members"]}
        self.assertEqual((record["size"], offsets["color"], offsets["mode"]), (72, 24, 28))

    def test_markdown_names_every_method_and_type(self):
        _, output = idl("markdown", "probe.idl")
        for word in ("### greet", "## Table settings", "`optional<u32>`", "Deadline: 50 ms",
                     "Removed in version 2"):
            self.assertIn(word, output)

    def test_wireshark_script_is_lua(self):
        _, output = idl("wireshark", "probe.idl")
        self.assertIn("quay_protocols['quay.probe.probe'] = {", output)
        compiler = shutil.which("luac") or shutil.which("luac5.2") or shutil.which("luac5.4")
        if compiler:
            script = self.write("probe.lua", output)
            subprocess.run([compiler, "-p", script], check=True)


class FormatTest(IdlTest):
    def format(self, text):
        status, output = idl("fmt", self.write("text.idl", text))
        self.assertEqual(status, 0, output)
        return output

    def test_ragged_file_gets_the_one_form(self):
        ragged = ("library   quay.x ;// why\n\n\n\nconst a:u8=1;enum e:u8{a=1;\n\n// between\n b = 2;};"
                  "protocol p{ @idempotent @deadline( 2s )\n1:read ( a : u8 )->( b:vector< u8,4 > );"
                  "};\n")
        self.assertEqual(self.format(ragged), """library quay.x; // why

const a : u8 = 1;
enum e : u8 {
    a = 1;

    // between
    b = 2;
};
protocol p {
    @idempotent @deadline(2s)
    1: read(a: u8) -> (b: vector<u8, 4>);
};
""")

    def test_all_interfaces_have_it(self):
        for path in [*(ROOT / "include" / "idl").glob("*.idl"), *CASES.glob("*.idl")]:
            with self.subTest(path.name):
                self.assertEqual(idl("fmt", "--check", path), (0, ""))

    def test_other_form_is_said(self):
        status, output = idl("fmt", "--check", self.write("x.idl", "library  quay.x;"))
        self.assertEqual(status, 1)
        self.assertIn("idl fmt would change it", output)


class CheckTest(IdlTest):
    BEFORE = """library quay.x;
enum mood : u8 { good = 1; };
flexible enum color : u8 { red = 1; };
struct point { x: u32; y: u32; };
table options : 64 { 1: depth: u32; };
protocol p { 1: read(at: point) -> (color: color); 2: write(mood: mood, options: options); };
"""

    def check(self, old, new, *options):
        summary = self.folder / "summary"
        summary.unlink(missing_ok=True)
        idl("check", "--update", "-s", summary, self.write("x.idl", self.BEFORE))
        self.assertIn(old, self.BEFORE)
        path = self.write("x.idl", self.BEFORE.replace(old, new))
        return idl("check", *options, "-s", summary, path)

    def test_same_interface_passes(self):
        self.assertEqual(self.check("x: u32", "x: u32"), (0, ""))

    def test_every_incompatible_change_is_named(self):
        for old, new, said in (
                ("x: u32; y: u32;", "y: u32; x: u32;", "struct point"),
                ("at: point", "at: u64", "method p.1"),
                ("-> (color: color)", "", "method p.1"),
                ("2: write", "3: write", "method p.2 is gone"),
                ("good = 1;", "good = 1; bad = 2;", "enum mood"),
                ("red = 1;", "red = 2;", "enum color.red"),
                ("1: depth: u32;", "1: depth: u64;", "table options.depth"),
                (" : 64", " : 65", "table options"),
                ("2: write(mood: mood, options: options);", "", "method p.2 is gone")):
            with self.subTest(new):
                status, output = self.check(old, new, "--update")
                self.assertEqual(status, 1, output)
                self.assertIn("incompatible: " + said, output)

    def test_addition_is_recorded_on_demand(self):
        for old, new in (("red = 1;", "red = 1; blue = 2;"),
                         ("1: depth: u32;", "1: depth: u32; 2: width: u8;"),
                         ("1: read", "3: other(); 1: read"),
                         ("protocol p { 1: read", "@version(2) protocol p { @removed(2) 1: read")):
            with self.subTest(new):
                status, output = self.check(old, new)
                self.assertEqual(status, 1)
                self.assertIn("--update", output)
                self.assertEqual(self.check(old, new, "--update"), (0, ""))


if __name__ == "__main__":
    unittest.main()
