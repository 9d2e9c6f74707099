# SPDX-License-Identifier: MIT
"""The compiler of interfaces, build/tools/idl/idl, on the files of tests/idl.

With IDL_UPDATE=1 in the environment the expected outputs are written instead of compared.
"""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "idl"))
import binding  # noqa: E402

IDL = ROOT / "build" / "tools" / "idl" / "idl"
CASES = ROOT / "tests" / "idl"
INTERFACES = [*sorted((ROOT / "include" / "idl").glob("*.idl")), CASES / "probe.idl"]
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
        for command in ("json", "markdown", "wireshark", "vectors", "summary", "test", "fuzz",
                        "dictionary"):
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
                          '{ return qy_probe_add(to, 1, 2, sum, DEADLINE_NEVER); }\n'
                          'static void done(struct qy_call *) {}\n'
                          'void start(struct qy_caller *caller, struct qy_probe_add_call *call);\n'
                          'void start(struct qy_caller *caller, struct qy_probe_add_call *call)\n'
                          '{ call->call.done = done; call->a = 1; qy_probe_add_start(caller, call); }\n'
                          'bool batch(struct qy_batch *batch);\n'
                          'bool batch(struct qy_batch *batch)\n'
                          '{ return qy_probe_add_add(batch, 1, 2); }\n')
        for command in (["gcc", "-std=gnu11", *warnings, *include, self.folder / "probe.c"],
                        ["clang++-14", "-std=c++17", *warnings, *include, uses],
                        ["g++", "-std=c++17", *warnings, *include, uses]):
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


def vectors(path):
    """The lines of `idl vectors`: protocol, method, number, word, kind, bytes, why."""
    for line in idl("vectors", path)[1].splitlines():
        protocol, method, number, word, kind, payload, *why = line.split(" ", 6)
        data = b"" if payload == "-" else bytes.fromhex(payload)
        yield protocol, method, int(number), word, kind, data, " ".join(why)


def handles(message, is_full):
    count = 0
    for param in message["params"]:
        kind = param["type"]["kind"]
        count += kind == "handle"
        count += kind == "optional" and is_full and param["type"]["element"]["kind"] == "handle"
    return count


class JsonTest(IdlTest):
    @classmethod
    def setUpClass(cls):
        # All of them: a library may use types of others.
        cls.libraries = {path: json.loads(idl("json", path)[1]) for path in INTERFACES}

    def messages(self, path):
        library = self.libraries[path]
        found = {}
        for declaration in library["declarations"]:
            for method in declaration.get("methods", []):
                protocol = f"{library['library']}.{declaration['name']}"
                found[protocol, method["name"]] = method
        return binding.Library(*self.libraries.values()), found


class NumberTest(JsonTest):
    """Methods are told apart by their numbers alone, whatever protocol they are of."""

    def test_no_two_protocols_have_one_number(self):
        taken = {}
        for library in self.libraries.values():
            for declaration in library["declarations"]:
                if declaration["kind"] == "protocol":
                    name = f"{library['library']}.{declaration['name']}"
                    number = declaration["number"]
                    self.assertIn(number, range(1, 0x7fff), name)
                    self.assertEqual(taken.setdefault(number, name), name,
                                     "one of the two must get another name")
        self.assertGreater(len(taken), 15)

    def test_a_number_is_the_hash_of_the_name_and_the_ordinal(self):
        library, methods = self.messages(CASES / "probe.idl")
        value = 0x811c9dc5
        for byte in b"quay.probe.probe":
            value = (value ^ byte) * 0x01000193 % 2**32
        number = value % 0x7ffe + 1
        self.assertEqual(library.declarations["quay.probe", "probe"]["number"], number)
        for method in methods.values():
            self.assertEqual(method["number"], number << 16 | method["ordinal"])


class BindingTest(JsonTest):
    def test_vectors_can_be_told_apart_by_the_json_form_alone(self):
        for path in INTERFACES:
            library, methods = self.messages(path)
            for protocol, method, _, word, kind, data, why in vectors(path):
                message = methods[protocol, method]["reply" if word == "reply" else "request"]
                with self.subTest(f"{protocol}.{method} {word} {kind} {why}"):
                    if kind == "refused":
                        with self.assertRaises(binding.Refused):
                            library.decode_message(message, data, handles(message, True))
                    else:
                        count = handles(message, kind == "full")
                        values = library.decode_message(message, data, count)
                        self.assertEqual(library.encode_message(message, values), data)

    def test_fields_of_a_newer_table_are_skipped(self):
        library, methods = self.messages(CASES / "probe.idl")
        message = methods["quay.probe.probe", "configure"]["reply"]
        data = bytes.fromhex("0d00" "01000400" "2a000000" "09000100" "ff")
        self.assertEqual(library.decode_message(message, data), {"settings": {"depth": 42}})


class DecodeTest(JsonTest):
    """The tables that are made for tracing, against the values that the binding finds."""

    def text(self, library, kind, value):
        def of_all(values, element):
            return [self.text(library, element, each) for each in values]
        name = kind["kind"]
        if value is None:
            return "none"
        if name == "bool":
            return "true" if value else "false"
        if name == "optional":
            return self.text(library, kind["element"], value)
        if name in ("vector", "array"):
            is_text = value and kind["element"]["kind"] == "u8" and all(
                32 <= byte < 127 or byte == 10 for byte in value)
            return (self.quoted(bytes(value).decode()) if is_text
                    else f"[{','.join(of_all(value, kind['element']))}]")
        if name == "string":
            return self.quoted(value)
        if name in ("handle", "lease"):
            return f"({kind['text']})"
        if name not in ("enum", "bits", "struct", "union", "table"):
            return str(value)
        return getattr(self, "text_" + name)(library, library.named(kind)["members"], value)

    @staticmethod
    def quoted(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    def text_enum(self, _, members, value):
        return next((each["name"] for each in members if int(each["value"]) == value), str(value))

    def text_bits(self, _, members, value):
        names = []
        for member in members:
            bits = int(member["value"])
            if bits and value & bits == bits:
                names.append(member["name"])
                value &= ~bits
        return "|".join(names + [hex(value)] * (value != 0)) or "0"

    def text_struct(self, library, members, value):
        return "{" + ",".join(f"{each['name']}={self.text(library, each['type'], value[each['name']])}"
                              for each in members if each.get("name") in value) + "}"

    def text_union(self, library, members, value):
        for member in members:
            if member["ordinal"] == value[0]:
                return f"{member['name']}:{self.text(library, member['type'], value[1])}"
        return f"(member {value[0]})"

    def text_table(self, library, members, value):
        return self.text_struct(library, sorted(members, key=lambda each: each["ordinal"]), value)

    def line(self, library, message, values, is_reply):
        shown = ", ".join(f"{param['name']} = " + (
            "none" if values[param["name"]] is False and param["type"]["kind"] == "optional"
            else self.text(library, param["type"], values[param["name"]]))
            for param in message["params"])
        return f"{' -> ' if is_reply else ''}({shown})"

    def decode(self, path, lines):
        tables = self.folder / "tables"
        status, output = idl("tables", "-o", tables, path)
        self.assertEqual((status, output), (0, ""))
        run = subprocess.run([ROOT / "build/tools/idl/idl-decode", tables], input="".join(lines),
                             capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return run.stdout.splitlines()

    def test_every_message_of_every_protocol_is_told_as_text(self):
        for path in INTERFACES:
            library, methods = self.messages(path)
            right = [each for each in vectors(path) if each[4] != "refused"]
            lines = [f"{each[0]} {each[1]} {each[2]} {each[3]} 0 {each[5].hex() or '-'}\n"
                     for each in right]
            for (protocol, method, _, word, kind, data, _), told in zip(
                    right, self.decode(path, lines), strict=True):
                message = methods[protocol, method]["reply" if word == "reply" else "request"]
                with self.subTest(f"{protocol}.{method} {word} {kind}"):
                    values = library.decode_message(message, data, handles(message, kind == "full"))
                    self.assertEqual(told, f"{protocol.rpartition('.')[2]}.{method}" +
                                     self.line(library, message, values, word == "reply"))

    def test_wrong_messages_and_unknown_ones_are_told_too(self):
        path = CASES / "probe.idl"
        wrong = [each for each in vectors(path) if each[4] == "refused"]
        told = self.decode(path, [f"{each[0]} {each[1]} {each[2]} {each[3]} 0 "
                                  f"{each[5].hex() or '-'}\n" for each in wrong])
        self.assertEqual(len(told), len(wrong))
        self.assertTrue(all(line.startswith("probe.") for line in told))
        number = next(each[2] for each in vectors(path) if each[1] == "add")
        changed = number // 65536 * 65536 + 64
        told = self.decode(path, [f"probe add {number} reply 1024 -\n",
                                  f"probe add {number} reply 2 -\n",
                                  f"probe add {number} reply 512 -\n",
                                  "probe x 4711 request 0 0011\n",
                                  "probe x 2147483646 request 0 00000000\n",
                                  f"probe add {number} request 0 00\n",
                                  "probe x 0 event 0 0500000000000000\n",
                                  f"probe changed {changed} event 0 07000000\n"])
        self.assertEqual(told, ["probe.add -> too_odd", "probe.add -> missing",
                                "probe.add -> error 512: the other side died (EPEER_DIED)",
                                "probe.0x1267(2 bytes)", "probe.(describe)(4 bytes)",
                                "probe.add( ...) is malformed", "probe.(lost)(8 bytes)",
                                "probe.changed(what = 7)"])

    def test_damaged_tables_are_refused(self):
        tables = self.folder / "tables"
        idl("tables", "-o", tables, CASES / "probe.idl")
        whole = tables.read_bytes()
        for damaged in (whole[:-8], b"x" + whole[1:], whole + b"x", b""):
            tables.write_bytes(damaged)
            run = subprocess.run([ROOT / "build/tools/idl/idl-decode", tables], input="",
                                 capture_output=True, text=True)
            self.assertEqual(run.returncode, 1)
            self.assertIn("no tables", run.stderr)


def packet(direction, protocol, method, status, payload):
    """As tools/idl/wireshark.c describes it."""
    return (b"QYIP" + bytes([direction, len(protocol), 2, 0]) + protocol.encode() + b"me" +
            struct.pack("<IQQQ", 0, 1 << 63 | 7, 7, 1500) +
            struct.pack("<IHHI", status if direction == 1 else method, len(payload), 0, method) +
            payload)


def pcapng(packets):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        size = struct.pack("<I", len(body) + 12)
        return struct.pack("<I", kind) + size + body + size
    blocks = [block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)),
              block(1, struct.pack("<HHI", 147, 0, 0))]
    for data in packets:
        blocks.append(block(6, struct.pack("<IIIII", 0, 0, 0, len(data), len(data)) + data))
    return b"".join(blocks)


class WiresharkTest(IdlTest):
    DIRECTIONS = {"request": 0, "reply": 1, "event": 2}

    def dissect(self, path, packets):
        script = self.write("script.lua", idl("wireshark", path)[1])
        capture = self.folder / "capture.pcapng"
        capture.write_bytes(pcapng(packets))
        run = subprocess.run(["tshark", "-X", f"lua_script:{script}", "-r", capture, "-O", "quay"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertNotIn("Lua", run.stdout + run.stderr)
        shown = re.split(r"^Frame .*\n", run.stdout, flags=re.M)[1:]
        self.assertEqual(len(shown), len(packets))
        return shown

    def test_every_message_is_shown(self):
        for path in INTERFACES:
            samples = [sample for sample in vectors(path) if sample[4] != "refused"]
            shown = self.dissect(path, [packet(self.DIRECTIONS[word], protocol, number, 0, data)
                                        for protocol, _, number, word, _, data, _ in samples])
            for (protocol, method, *_), text in zip(samples, shown):
                with self.subTest(f"{protocol}.{method}"):
                    self.assertTrue(text.startswith(f"{protocol}.{method} "), text)
                    self.assertNotIn("cut off", text)

    def test_values_are_shown_by_their_types(self):
        samples = {(method, word, kind): packet(self.DIRECTIONS[word], protocol, number, 0, data)
                   for protocol, method, number, word, kind, data, _ in vectors("probe.idl")}
        wanted = {
            ("add", "request", "full"): ["a: 1234605616436508552"],
            ("echo", "request", "full"): ["color: green", "active: true", "[1]: 30600",
                                          "mode: read | write | execute", "rank: 1432778632"],
            ("echo", "request", "least"): ["scores: none", "rank: not there"],
            ("greet", "request", "full"): ["name: \u00e9aaa"],
            ("configure", "request", "full"): ["depth: 1432778632", "x: 1432778632"],
            ("draw", "request", "full"): ["bytes: 8888", "corners: 8 elements", "flag: true"],
            ("give", "request", "least"): ["event: handle<event, signal>", "spare: not there"],
            ("changed", "event", "full"): ["what: 1432778632"],
        }
        shown = self.dissect("probe.idl", [samples[key] for key in wanted])
        for words, text in zip(wanted.values(), shown):
            for word in words:
                self.assertIn(word, text)

    def test_errors_and_what_cannot_be_decoded_are_said(self):
        numbers = {method: number for _, method, number, *_ in vectors("probe.idl")}
        add, total = numbers["add"], numbers["total"]
        whole = packet(0, "quay.probe.probe", add, 0, bytes(16))
        shown = self.dissect("probe.idl", [
            packet(1, "quay.probe.probe", add, 1024, b""),
            packet(0, "quay.probe.probe", 99, 0, b""),
            packet(0, "quay.other.other", 3, 0, b"abc"), whole[:-1],
            packet(0, "quay.probe.probe", total, 0, b"\xff\xff")])
        for word, text in zip(("Error: too_odd", "quay.probe.probe.0x63", "quay.other.other.0x3",
                               "cut off", "data: cut off"), shown):
            self.assertIn(word, text)


def own_words():
    """The words that the compiler knows, by kind, from its sources."""
    def found(pattern, name):
        return set(re.findall(pattern, (ROOT / "tools" / "idl" / name).read_text()))
    parser = "".join((ROOT / "tools" / "idl" / name).read_text()
                     for name in ("parser.c", "parser_words.c"))
    keywords = set(re.findall(r'parser_(?:at|take|expect)\(&?parser, "([a-z]+)"', parser))
    keywords |= set(re.findall(r'token_is\([^"]*, "([a-z]+)"', parser))
    return {
        "keyword": keywords | found(r'\{"([a-z]+)", DECL_', "parser.c"),
        "type": found(r'\{"([a-z0-9]+)", TYPE_', "parser.c"),
        "attribute": found(r'\{"([a-z]+)", PLACE_', "check_attributes.c"),
        "object": found(r'OBJECT\("([a-z_]+)"', "objects.c") | {"any"},
    }


class GrammarTest(unittest.TestCase):
    """Of docs/idl/grammar.md, with which the grammars of docs/editors are compared."""

    def test_the_compiler_has_words(self):
        words = own_words()
        self.assertLessEqual({"library", "using", "as", "protocol", "lease", "reserved", "true"},
                             words["keyword"])
        self.assertLessEqual({"u8", "string", "handle"}, words["type"])
        self.assertLessEqual({"batch", "copy"}, words["attribute"])

    def test_grammar_page_has_every_word_and_no_other(self):
        text = (ROOT / "docs" / "idl" / "grammar.md").read_text()
        words = own_words()
        for word in sorted(words["keyword"] | words["type"] | words["object"]):
            self.assertIn(f'"{word}"', text)
        for word in sorted(words["attribute"]):
            self.assertRegex(text, rf"(?m)^\|.*`@{word}[`(]")
        quoted = set(re.findall(r'"([a-z][a-z_0-9]*)"', text))
        self.assertLessEqual(quoted, words["keyword"] | words["type"] | words["object"])


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
