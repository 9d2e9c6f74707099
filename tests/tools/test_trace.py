# SPDX-License-Identifier: MIT
"""tools/trace, on files that trace_writer.py makes."""
import json
import random
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "tools"), str(ROOT / "tools" / "lib")]
import trace_calls  # noqa: E402
import trace_file  # noqa: E402
import trace_flame  # noqa: E402
import trace_pcapng  # noqa: E402
import trace_perfetto  # noqa: E402
import trace_protocols  # noqa: E402
import trace_sequence  # noqa: E402
import trace_text  # noqa: E402
from trace_writer import INTERFACES, Interfaces, Writer  # noqa: E402

TOOL = ROOT / "tools" / "trace"
ERRNO = ROOT / "include" / "abi" / "quay" / "abi" / "errno.h"
IDL = ROOT / "build" / "tools" / "idl"
SVG = "{http://www.w3.org/2000/svg}"
NO_SUCH_FILE = 2
READ = 0x10000000


class TraceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.interfaces = Interfaces()
        cls.protocols = trace_protocols.Protocols([INTERFACES], ERRNO)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.writer = Writer(self.interfaces)

    def open_path(self, path):
        return {"flags": READ, "mode": 0, "path": list(path.encode())}

    def requests(self):
        """ls opens a file, for which vfs asks fs twice, and writes; sh waits for a key."""
        writer = self.writer
        sh, ls = writer.process(40, "sh"), writer.process(50, "ls")
        vfs, fs = writer.process(10, "vfs", port=11), writer.process(20, "fs", port=21)
        console = writer.process(30, "console", port=31)
        flow = ls << 32 | 50
        writer.call("file.read", sh, console, 31, 10, None, request={"offset": 0, "count": 1},
                    cpu=1)
        writer.call("dir.open", ls, vfs, 11, 100, 260, taken=104, flow=flow,
                    request=self.open_path("/etc/motd"), reply={"description": True, "kind": 1})
        writer.call("fs.lookup", vfs, fs, 21, 110, 150, flow=flow, status=NO_SUCH_FILE,
                    request={"node": 1, "root": 1, "follow": True, "path": list(b"etc/motd")})
        writer.call("fs.hold", vfs, fs, 21, 160, 240, taken=185, flow=flow, request={"node": 7})
        for i in range(4):
            writer.call("file.write", ls, console, 31, 300 + 100 * i, 340 + 100 * i, flow=flow,
                        server_cpu=1, request={"offset": 0, "data": list(b"Hello\n")},
                        reply={"count": 6})
        writer.record(trace_file.NOTICE, 620, console, object=31, badge=0x11, value=1)
        writer.record(trace_file.SWITCH, 100, ls, value=1)
        writer.record(trace_file.SWITCH, 104, vfs, object=ls, value=6)
        writer.record(trace_file.SWITCH, 260, ls, object=vfs, value=3)
        writer.record(trace_file.PROCESS_END, 800, ls, object=50, value=2**64 - 3)
        return writer.whole()

    def understood(self, data, **choice):
        trace = trace_file.Trace(data)
        chosen = trace_calls.Choice(trace, self.protocols, **choice)
        return trace, chosen, chosen.roots(trace_calls.calls_of(trace))

    def write(self, data, name="x.trace"):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def run_tool(self, *words, status=0):
        run = subprocess.run([TOOL, *words], capture_output=True, text=True, cwd=self.folder)
        self.assertNotIn("Traceback", run.stderr)
        self.assertEqual(run.returncode, status, run.stderr + run.stdout)
        return run


class DecodeTest(TraceTest):
    """Payloads, against the tool that uses libsys's code for the same."""

    def test_every_message_is_told_as_the_target_tells_it(self):
        for path in sorted((ROOT / "include" / "idl").glob("*.idl")):
            lines = subprocess.run([IDL / "idl", "vectors", path], capture_output=True, text=True,
                                   check=True).stdout.splitlines()
            messages = [line.split(" ") for line in lines if line.split(" ")[4] != "refused"]
            sent = "".join(f"{each[0]} {each[1]} {each[2]} {each[3]} 0 {each[5]}\n"
                           for each in messages)
            tables = INTERFACES / f"{path.stem}.tables"
            told = subprocess.run([IDL / "idl-decode", tables], input=sent, capture_output=True,
                                  text=True, check=True).stdout.splitlines()
            for each, line in zip(messages, told, strict=True):
                with self.subTest(line):
                    data = b"" if each[5] == "-" else bytes.fromhex(each[5])
                    is_event, is_reply = each[3] == "event", each[3] == "reply"
                    name = self.protocols.method_name(int(each[2]), is_event)
                    text = self.protocols.parameters(int(each[2]), is_reply, data, len(data),
                                                     is_event, False)
                    self.assertEqual(f"{name}{' -> ' if is_reply else ''}({text})", line)

    def test_a_payload_that_is_cut_off_is_told_as_far_as_it_goes(self):
        number = self.interfaces.number("dir.open")
        data = self.interfaces.request("dir.open", **self.open_path("/etc/motd"))
        texts = [self.protocols.parameters(number, False, data[:count], len(data))
                 for count in range(len(data) + 1)]
        self.assertEqual(texts[0], "21 bytes")
        self.assertEqual(texts[4], "flags = read, mode = ...")
        self.assertEqual(texts[15], 'flags = read, mode = 0, path = "/et"...')
        self.assertEqual(texts[-1], 'flags = read, mode = 0, path = "/etc/motd"')

    def test_what_is_too_short_is_malformed(self):
        number = self.interfaces.number("dir.open")
        self.assertEqual(self.protocols.parameters(number, False, b"\0\0\0\0", 4),
                         "flags = 0, ... malformed")

    def test_what_is_not_known_has_numbers(self):
        protocols = self.protocols
        first = self.interfaces.number("dir.open") & ~0xffff
        self.assertEqual(protocols.method_name(0x7fff), "0x7fff")
        self.assertEqual(protocols.method_name(first | 999), "dir.999")
        self.assertEqual(protocols.method_name(0x7ffffffe), "describe")
        self.assertEqual(protocols.error_name(first | 64, NO_SUCH_FILE), "no_such_file")
        self.assertEqual(protocols.error_name(first | 64, -512), "EPEER_DIED")
        self.assertEqual(protocols.error_name(first | 64, 9999), "error 9999")


class CallsTest(TraceTest):
    def test_calls_know_what_they_were_made_for_and_their_times(self):
        _, _, roots = self.understood(self.requests())
        opened = roots[1]
        self.assertEqual([self.protocols.method_name(call.method) for call in roots],
                         ["file.read", "dir.open"] + 4 * ["file.write"])
        self.assertEqual([self.protocols.method_name(call.method) for call in opened.children],
                         ["fs.lookup", "fs.hold"])
        self.assertEqual((opened.total_ns, opened.queued_ns, opened.server_ns),
                         (160_000, 4_000, 155_000))
        self.assertFalse(roots[0].is_whole)

    def test_records_of_two_cpus_are_in_one_order(self):
        client, server = self.writer.process(1, "a"), self.writer.process(5, "b", port=6)
        for i in range(20):
            self.writer.call("counter.read", client, server, 6, 10 * i, 10 * i + 9, cpu=i % 2,
                             server_cpu=1 - i % 2, reply={"value": i})
        trace, _, roots = self.understood(self.writer.whole())
        times = [record.time for record in trace.records]
        self.assertEqual(times, sorted(times))
        self.assertEqual(len(roots), 20)
        self.assertTrue(all(call.is_whole for call in roots))

    def test_a_call_that_is_put_off_keeps_its_place(self):
        """The server takes two and answers the first one last."""
        writer = self.writer
        one, two = writer.process(1, "one"), writer.process(3, "two")
        server = writer.process(5, "server", port=6)
        other = writer.process(8, "other", port=9)
        writer.call("counter.read", one, server, 6, 10, 90, reply={"value": 1}, flow=1)
        writer.call("counter.read", two, server, 6, 20, 60, reply={"value": 2}, flow=2)
        writer.call("counter.read", server, other, 9, 70, 80, reply={"value": 3}, flow=1)
        _, _, roots = self.understood(writer.whole())
        self.assertEqual([len(call.children) for call in roots], [1, 0])
        self.assertEqual(roots[0].children[0].flow, 1)

    def test_a_call_whose_beginning_or_end_is_lost_is_told_as_far_as_it_goes(self):
        data = self.requests()
        whole = trace_file.Trace(data)
        for missing in range(len(whole.records)):
            trace = trace_file.Trace(data)
            del trace.records[missing]
            calls = trace_calls.calls_of(trace)
            for call in calls:
                self.assertLessEqual(call.begin, call.end)
                self.assertGreaterEqual(min(call.total_ns, call.queued_ns, call.server_ns), 0)
            self.assertIn(len(calls), (8, 9))

    def test_choices(self):
        data = self.requests()

        def names(**choice):
            _, _, roots = self.understood(data, **choice)
            return [self.protocols.method_name(call.method)
                    for call in trace_calls.all_of(roots)]
        self.assertEqual(names(process="ls", method="dir.*"), ["dir.open", "fs.lookup", "fs.hold"])
        self.assertEqual(names(process="vfs"), ["fs.lookup", "fs.hold"])
        self.assertEqual(names(process="40"), ["file.read"])
        self.assertEqual(names(without="file.*"), ["dir.open", "fs.lookup", "fs.hold"])
        self.assertEqual(names(without="dir.open", process="ls"), 4 * ["file.write"])
        start = 1_000_000_000
        self.assertEqual(names(begin_ns=start + 350_000, end_ns=start + 550_000),
                         2 * ["file.write"])


class TextTest(TraceTest):
    def test_lines_say_who_called_whom_and_what_came_of_it(self):
        text = self.run_tool(self.write(self.requests())).stdout
        lines = [re.sub(" +", " ", line.strip()) for line in text.splitlines()]
        for line in (
                '0.100 160 us ls > vfs dir.open(flags = read, mode = 0, path = "/etc/motd") -> '
                'description = (session), kind = regular',
                '0.110 40.0 us vfs > fs fs.lookup(node = 1, root = 1, follow = true, path = '
                '"etc/motd") -> no_such_file',
                "0.160 80.0 us vfs > fs fs.hold(node = 7)",
                "0.010 - sh > console file.read(offset = 0, count = 1) -> unfinished",
                '0.300 40.0 us ls > console file.write(offset = 0, data = "Hello\\n") -> count = 6',
                "0.620 notice > console key 0x11, signals 0x1, port 31",
                "0.800 ls process 50 ends, exit code -3"):
            self.assertIn(line, lines)
        self.assertIn("  ls > vfs                       dir.open(", text)
        self.assertIn("    vfs > fs                     fs.hold(", text)

    def test_names_that_come_late_or_twice(self):
        writer = self.writer
        writer.record(trace_file.PROCESS_START, 1, 2, object=70, badge=9, data=b"late")
        writer.record(trace_file.THREAD_START, 2, 2, object=71, badge=70)
        writer.record(trace_file.FAULT, 3, 71, object=0x401000, value=0x10, method=14,
                      status=-14)
        writer.process(80, "twin")
        writer.process(90, "twin")
        writer.record(trace_file.USER, 4, 91, method=5, badge=6, value=7)
        text = self.run_tool(self.write(writer.whole())).stdout
        self.assertIn("late/71                        fault 14 at rip 0x401000, address 0x10: "
                      "EFAULT", text)
        self.assertIn("twin 90/91                     says 5, 0x6, 0x7", text)

    def test_a_program_that_becomes_another_has_the_name_of_the_time(self):
        writer = self.writer
        shell = writer.process(1, "getty")
        server = writer.process(5, "b", port=6)
        data = writer.whole()
        for i, name in enumerate(("sh", "sh")):
            later = Writer(self.interfaces)
            later.chunks = []
            later.call("counter.read", shell, server, 6, 10 + 20 * i, 20 + 20 * i,
                       reply={"value": 1})
            data += later.whole()
            later.chunks, later.records = [], {}
            later.process(1, name)
            data += later.whole()
        text = self.run_tool(self.write(data)).stdout
        self.assertIn("getty > b ", text)
        self.assertIn("sh > b ", text)
        self.assertEqual(trace_file.Trace(data).process_name(1), "getty, sh")

    def test_records_may_be_older_than_the_start_and_calls_without_their_beginning(self):
        client, server = self.writer.process(1, "a"), self.writer.process(5, "b", port=6)
        number = self.interfaces.number("counter.increment")
        self.writer.record(trace_file.REPLY, -500, server, method=number, object=6, value=client,
                           data=self.interfaces.reply("counter.increment", value=7))
        self.writer.record(trace_file.REPLY_RECEIVED, -499, client, method=number, object=6,
                           value=client)
        text = self.run_tool(self.write(self.writer.whole())).stdout
        self.assertIn("  0.000        -  a > b                          "
                      "counter.increment(...) -> value = 7\n", text)

    def test_what_there_is_much_of_is_told_on_demand(self):
        thread = self.writer.process(1, "a")
        for kind, more in ((trace_file.SWITCH, {"object": 99, "value": 3}),
                           (trace_file.INTERRUPT, {"method": 33}),
                           (trace_file.FAULT, {"method": 14}),
                           (trace_file.HANDLE, {"method": 2, "object": 7, "value": 0x51})):
            self.writer.record(kind, kind, thread, **more)
        path = self.write(self.writer.whole())
        self.assertEqual(len(self.run_tool(path).stdout.splitlines()), 1)
        text = self.run_tool(path, "--all").stdout
        for line in ("a/2 runs; thread 99 is receiving", "interrupt 33", "fault 14 at rip 0x0",
                     "handle 0x51 of object 7 closed"):
            self.assertIn(line, text)

    def test_a_call_is_over_when_its_thread_ends_or_calls_again(self):
        client, server = self.writer.process(1, "a"), self.writer.process(5, "b", port=6)
        for begin in (10, 30):
            self.writer.call("counter.read", client, server, 6, begin, None)
        self.writer.record(trace_file.THREAD_END, 70, client, object=client, badge=1)
        self.writer.record(trace_file.NOTICE, 900, server, object=6)
        _, _, roots = self.understood(self.writer.whole())
        self.assertEqual([(call.is_whole, call.total_ns) for call in roots],
                         [(False, 20_000), (False, 40_000)])

    def test_a_thread_without_a_name_has_that_of_its_flow(self):
        server = self.writer.process(5, "b", port=6)
        self.writer.process(70, "gone", thread=9)
        for thread in (71, 73):
            self.writer.call("counter.read", thread, server, 6, thread, thread + 5,
                             flow=thread << 32 | thread - 1, reply={"value": 1})
        text = self.run_tool(self.write(self.writer.whole())).stdout
        self.assertIn("gone > b ", text)
        self.assertIn("process 72 > b ", text)

    def test_latency_table(self):
        writer = self.writer
        client, server = writer.process(1, "a"), writer.process(5, "b", port=6)
        for i in range(100):
            begin = 1000 * i
            writer.call("counter.read", client, server, 6, begin, begin + 10 + i,
                        taken=begin + 2, replied=begin + 9 + i, reply={"value": 1})
        writer.call("counter.increment", client, server, 6, 200_000, 200_500, request={"by": 1},
                    status=512)
        _, _, roots = self.understood(writer.whole())
        rows = trace_text.rows(self.protocols, trace_calls.all_of(roots))
        self.assertEqual(rows[0], ["counter.read", 100, 0, 59_000, 108_000, 109_000,
                                   sum(10_000 + 1000 * i for i in range(100)), 56_000, 2_000])
        self.assertEqual(rows[1][:4], ["counter.increment", 1, 1, 500_000])
        table = self.run_tool(self.write(writer.whole()), "--latency").stdout.splitlines()
        self.assertEqual(table[0].split()[:5], ["method", "calls", "errors", "median", "p99"])
        self.assertEqual(table[1].split()[:7],
                         ["counter.read", "100", "0", "59.0", "us", "108", "us"])

    def test_durations(self):
        for ns, text in ((0, "0 ns"), (812, "812 ns"), (1234, "1.23 us"), (99_960, "100 us"),
                         (999_999, "1.00 ms"), (45_600_000, "45.6 ms"), (7.89e9, "7.89 s"),
                         (3.6e12, "3600 s")):
            self.assertEqual(trace_text.duration(ns), text)


class PerfettoTest(TraceTest):
    def events(self, data):
        trace, choice, roots = self.understood(data)
        made = json.loads(trace_perfetto.perfetto(trace, self.protocols, choice,
                                                  trace_calls.all_of(roots)))
        return made["traceEvents"]

    def assert_slices_nest(self, events):
        tracks = {}
        for event in events:
            if event["ph"] == "X":
                begin = round(event["ts"] * 1000)
                tracks.setdefault((event["pid"], event["tid"]), []).append(
                    (begin, begin + round(event["dur"] * 1000)))
        for slices in tracks.values():
            for a in slices:
                for b in slices:
                    self.assertTrue(a[1] <= b[0] or b[1] <= a[0] or (a[0] <= b[0] and b[1] <= a[1])
                                    or (b[0] <= a[0] and a[1] <= b[1]), (a, b))

    def test_every_call_is_a_slice_of_both_with_an_arrow(self):
        events = self.events(self.requests())
        slices = {(event["name"], event["pid"]): event for event in events if event["ph"] == "X"}
        waited, served = slices["dir.open > vfs", 50], slices["dir.open < ls", 10]
        self.assertEqual((waited["ts"], waited["dur"]), (100.0, 160.0))
        self.assertEqual((served["ts"], served["dur"]), (104.0, 155.0))
        self.assertEqual(waited["args"]["request"], 'flags = read, mode = 0, path = "/etc/motd"')
        starts = {event["id"]: event for event in events if event["ph"] == "s"}
        ends = {event["id"]: event for event in events if event["ph"] == "f"}
        self.assertEqual(set(starts), set(ends))
        self.assertEqual(len(starts), 8)
        self.assert_slices_nest(events)
        names = {event["pid"]: event["args"]["name"] for event in events
                 if event["name"] == "process_name"}
        self.assertEqual(names[50], "ls")
        self.assertEqual(names[trace_perfetto.CPUS], "CPUs")
        self.assertIn(("vfs/11", trace_perfetto.CPUS), slices)

    def test_calls_answered_out_of_order_get_tracks_of_their_own(self):
        writer = self.writer
        server = writer.process(5, "server", port=6)
        for i in range(4):
            client = writer.process(10 + 2 * i, f"c{i}")
            writer.call("counter.read", client, server, 6, 10 * i, 100 + 10 * i,
                        reply={"value": i})
        events = self.events(writer.whole())
        self.assert_slices_nest(events)
        self.assertEqual(sum(event["ph"] == "b" for event in events),
                         sum(event["ph"] == "e" for event in events))
        self.assertEqual(sum(event["ph"] == "b" for event in events), 3)


class WiresharkTest(TraceTest):
    def dissect(self, *words):
        path = self.write(self.requests())
        self.run_tool(path, "--pcapng", "out.pcapng")
        run = subprocess.run(["tshark", "-X", "lua_script:out.lua", "-r", "out.pcapng", *words],
                             cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertNotIn("Lua", run.stdout + run.stderr)
        return run.stdout

    def test_methods_and_fields_have_their_names(self):
        shown = self.dissect("-O", "quay", "-Y", 'quay.method == "open"')
        for line in ("quay.dir.dir.open call", "From: ls", "To: vfs", "flags: read",
                     'path: "/etc/motd"', "Answer in: 7", "quay.dir.dir.open answer", "Call in: 2",
                     "Microseconds: 159", "kind: regular"):
            self.assertIn(line, shown)

    def test_all_packets_in_their_order(self):
        lines = self.dissect("-T", "fields", "-e", "_ws.col.Source", "-e", "_ws.col.Destination",
                             "-e", "_ws.col.Info").splitlines()
        self.assertEqual([line.split("\t") for line in lines[:9]], [
            ["sh", "console", "file.read call"], ["ls", "vfs", "dir.open call"],
            ["vfs", "fs", "fs.lookup call"], ["fs", "vfs", "fs.lookup answer: no_such_file"],
            ["vfs", "fs", "fs.hold call"], ["fs", "vfs", "fs.hold answer"],
            ["vfs", "ls", "dir.open answer"], ["ls", "console", "file.write call"],
            ["console", "ls", "file.write answer"]])
        self.assertEqual(len(lines), 15)

    def test_errors_can_be_looked_for(self):
        shown = self.dissect("-Y", "quay.error", "-T", "fields", "-e", "quay.error", "-e",
                             "quay.took")
        self.assertEqual(shown, "no_such_file\t39\n")

    def test_a_call_without_an_answer_and_one_that_is_cut_off(self):
        writer = self.writer
        client = writer.process(1, "a")
        writer.process(5, "b", port=6)
        writer.payload_max = 56
        writer.call("counter.read", client, None, 6, 10, 20, status=-512)
        writer.call("file.write", client, None, 6, 30, 40, status=-110,
                    request={"offset": 0, "data": list(range(200))})
        self.requests = writer.whole
        shown = self.dissect("-O", "quay")
        for line in ("quay.counter.counter.read no answer", "Error: EPEER_DIED",
                     "Error: ETIMEDOUT", "data: 000102"):
            self.assertIn(line, shown)

    def test_times_are_those_of_the_wall(self):
        shown = self.dissect("-T", "fields", "-e", "frame.time_epoch")
        self.assertEqual(shown.splitlines()[1], "1700000000.000100000")


class PictureTest(TraceTest):
    def draw(self, name, *words):
        path = self.write(self.requests())
        self.run_tool(path, f"--{name}", "out.svg", *words)
        return xml.parse(self.folder / "out.svg").getroot()

    @staticmethod
    def texts(root):
        return [element.text for element in root.iter(f"{SVG}text")]

    def test_sequence_has_every_program_call_and_answer(self):
        root = self.draw("sequence")
        texts = self.texts(root)
        for text in ("sh", "console", "ls", "vfs", "fs", "fs.hold(node = 7)", "ends",
                     "notice 0x11", "40.0 us · no_such_file", "8 calls in 790 us"):
            self.assertIn(text, texts)
        self.assertEqual(texts.count('file.write(offset = 0, data = "Hello\\n")'), 4)
        self.assertEqual(texts.count("40.0 us · count = 6"), 4)
        width, height = float(root.get("width")), float(root.get("height"))
        for element in root.iter(f"{SVG}text"):
            self.assertTrue(0 <= float(element.get("x")) <= width and
                            0 <= float(element.get("y")) <= height, element.text)

    def test_sequence_rows_go_down_and_bars_end_where_answers_begin(self):
        trace, _, roots = self.understood(self.requests())
        calls = trace_calls.all_of(roots)
        made = trace_sequence.Sequence(trace, self.protocols, calls, [])
        picture = trace_sequence.Picture(made, "", "")
        picture.draw()
        heights = [row.y for row in made.rows]
        self.assertEqual(heights, sorted(set(heights)))
        self.assertEqual(len(made.rows), 1 + 2 * 7)

    def test_sequence_of_many_calls_says_that_it_is_a_part(self):
        texts = self.texts(self.draw("sequence", "--limit", "3"))
        self.assertTrue(any("5 more are left out" in text for text in texts))
        self.assertFalse(any(text.startswith("file.write") for text in texts))

    def test_flame_is_as_wide_as_calls_took(self):
        root = self.draw("flame", "--process", "ls")
        frames = {}
        for group in root.iter(f"{SVG}g"):
            name = group.get("data-t").split(" · ")[0]
            frames[name] = max(frames.get(name, 0), float(group.get("data-w")))
        self.assertEqual(frames["all requests"], 1)
        self.assertAlmostEqual(frames["vfs dir.open"], 0.5)
        self.assertAlmostEqual(frames["fs.hold"], 0.25)
        self.assertAlmostEqual(frames["fs.lookup"], 0.125)
        self.assertAlmostEqual(frames["console file.write"], 0.5)
        self.assertAlmostEqual(frames["until fs took it"], 25 / 320)
        texts = self.texts(root)
        self.assertIn("5 requests, 320 us in all", texts)
        own = {text for text in texts if re.fullmatch(r"\d.* us · .* %", text)}
        self.assertEqual(own, {"156 us · 48.8 %", "94.0 us · 29.4 %", "36.0 us · 11.2 %",
                               "34.0 us · 10.6 %"})

    def test_flame_tells_what_has_no_end(self):
        texts = self.texts(self.draw("flame"))
        self.assertTrue(any("1 that had no end are left out" in text for text in texts))


class CoresTest(TraceTest):
    def test_cores_are_put_together(self):
        content = bytes(random.Random(1).randbytes(5000))
        writer = self.writer
        writer.chunk(7, struct.pack("<QII24s", 50, 1, 0, b"bin/ls"))
        writer.chunk(8, struct.pack("<IIQ", 1, 0, 3000) + content[3000:])
        writer.chunk(8, struct.pack("<IIQ", 1, 0, 0) + content[:3000])
        writer.chunk(9, struct.pack("<IIQ", 1, 0, len(content)))
        writer.chunk(7, struct.pack("<QII24s", 51, 2, 0, b"half"))
        writer.chunk(8, struct.pack("<IIQ", 2, 0, 2**63) + b"nowhere")
        writer.chunk(9, struct.pack("<IIQ", 2, 0, 2**63))
        writer.chunk(8, struct.pack("<IIQ", 2, 0, 100) + content[:50])
        run = self.run_tool(self.write(writer.whole()), "--cores", "cores")
        self.assertEqual((self.folder / "cores/bin_ls.50.1.core").read_bytes(), content)
        self.assertIn("5000 bytes\n", run.stdout)
        self.assertIn("half.51.2.core: half, process 51, 150 bytes, INCOMPLETE", run.stdout)
        run = self.run_tool(self.write(Writer(self.interfaces).whole()), "--cores", "none")
        self.assertEqual(run.stdout, "no core files in this trace\n")


class DamageTest(TraceTest):
    def test_files_that_are_no_traces_are_refused(self):
        for data, why in ((b"", "is empty"), (b"QYTRACE1" + bytes(100), "is no trace"),
                          (b"\x7fELF" + bytes(100), "is no trace"),
                          (struct.pack("<II8sIIqq", 1, 32, b"QYTRACE1", 2, 1, 0, 0), "version 2"),
                          (self.requests()[:20], "is cut off in its START chunk")):
            run = self.run_tool(self.write(data), status=1)
            self.assertIn(why, run.stderr)
            self.assertEqual(run.stdout, "")
        self.assertIn("No such file", self.run_tool("nowhere", status=1).stderr)
        self.assertIn("usage:", self.run_tool(status=2).stderr)
        self.assertIn("invalid positive", self.run_tool("x", "--limit", "0", status=2).stderr)

    def test_a_trace_without_calls_says_so(self):
        run = self.run_tool(self.write(self.writer.whole()), status=1)
        self.assertIn("no call and nothing else was traced", run.stderr)

    def test_a_file_that_is_cut_off_is_read_as_far_as_it_goes(self):
        data = self.requests()
        whole = len(trace_file.Trace(data).records)
        counts = []
        for size in range(40, len(data)):
            trace = trace_file.Trace(data[:size])
            counts.append(len(trace.records))
            trace_calls.calls_of(trace)
            self.assertLessEqual(len(trace.warnings), 2)
        self.assertEqual(counts, sorted(counts))
        self.assertEqual(counts[-1], whole - 1)
        run = self.run_tool(self.write(data[:-5]))
        self.assertIn("the file is cut off in the chunk at byte", run.stderr)
        self.assertIn("dir.open(", run.stdout)

    def test_what_is_lost_or_not_known_is_counted(self):
        self.writer.chunk(6, struct.pack("<IIQ", 1, 0, 77))
        self.writer.chunk(4711, b"whatever")
        self.writer.chunk(5, b"short")
        run = self.run_tool(self.write(self.requests()))
        for words in ("records were lost before they could be read: 77 of CPU 1",
                      "1 chunks are of kinds that this program does not know",
                      "13 bytes are damaged, the first at byte"):
            self.assertIn(words, run.stderr)

    def test_what_lies_behind_damage_is_read(self):
        data = self.requests()
        whole = len(trace_file.Trace(data).records)
        places, at = [], 0
        while at < len(data):
            kind, length = struct.unpack_from("<II", data, at)
            places += [at] if kind == 2 else []
            at += 8 + (length + 7) // 8 * 8
        at = places[1]
        damaged = data[:at] + struct.pack("<II", 0xdeadbeef, 12) + data[at + 8:]
        trace = trace_file.Trace(damaged)
        self.assertIn(f"bytes are damaged, the first at byte {at}", trace.warnings[0])
        self.assertTrue(whole - 8 < len(trace.records) < whole, (len(trace.records), whole))
        self.run_tool(self.write(damaged))

    def test_no_garbage_brings_it_down(self):
        data = self.requests()
        choose = random.Random(6)
        for _ in range(300):
            damaged = bytearray(data)
            for _ in range(choose.choice((1, 3, 30))):
                at = choose.randrange(32, len(damaged))
                damaged[at] = choose.choice((0, 1, 0x7f, 0xff, choose.randrange(256)))
            if choose.random() < 0.2:
                del damaged[choose.randrange(32, len(damaged)):][:choose.randrange(1, 100)]
            trace, choice, roots = self.understood(bytes(damaged))
            calls = trace_calls.all_of(roots)
            trace_text.text(trace, self.protocols, choice, roots)
            trace_text.latency(self.protocols, calls)
            json.loads(trace_perfetto.perfetto(trace, self.protocols, choice, calls))
            trace_pcapng.pcapng(trace, self.protocols, choice, calls)
            picture = trace_sequence.sequence(trace, self.protocols, roots, "x", 50)
            if picture is not None:
                xml.fromstring(picture)
            xml.fromstring(trace_flame.flame(trace, self.protocols, roots, "x"))

    def test_a_folder_without_interfaces_is_said(self):
        run = self.run_tool(self.write(self.requests()), "--interfaces", self.folder)
        self.assertIn("has no interfaces", run.stderr)
        self.assertIn("-> no_such_file".replace("no_such_file", "ENOENT"), run.stdout)

    def test_standard_input_and_a_reader_that_has_enough(self):
        path = self.write(self.requests())
        run = subprocess.run(f"{TOOL} - < {path} | head -1", shell=True, capture_output=True,
                             text=True)
        self.assertEqual(run.stderr, "")
        self.assertIn("who", run.stdout)


if __name__ == "__main__":
    unittest.main()
