# SPDX-License-Identifier: MIT
"""Writes traces (docs/trace-format.md), for tests of what reads them."""
import json
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "idl"), str(ROOT / "tools" / "lib")]
import binding  # noqa: E402
import trace_file  # noqa: E402

INTERFACES = ROOT / "build" / "include" / "idl"


class Interfaces:
    """Payloads of real messages, encoded as the JSON form says."""

    def __init__(self, folder=INTERFACES):
        self.libraries = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
        self.binding = binding.Library(*self.libraries)
        self.methods = {f"{declaration['name']}.{method['name']}": method
                        for library in self.libraries for declaration in library["declarations"]
                        for method in declaration.get("methods", [])}

    def number(self, name):
        return self.methods[name]["number"]

    def request(self, name, **values):
        return self.binding.encode_message(self.methods[name]["request"], values)

    def reply(self, name, **values):
        return self.binding.encode_message(self.methods[name]["reply"], values)


class Writer:
    """Processes are made with process(), which gives the koid of a thread. Times are in
    microseconds."""

    def __init__(self, interfaces=None, cpu_count=2, payload_max=224):
        self.interfaces = interfaces or Interfaces()
        self.payload_max = payload_max
        self.chunks = []
        self.records = {}  # by CPU
        self.chunk(1, struct.pack("<8sIIqq", trace_file.MAGIC, 1, cpu_count, 1_000_000_000,
                                  1_700_000_000_000_000_000))

    def chunk(self, kind, body):
        self.chunks.append(struct.pack("<II", kind, len(body)) + body + bytes(-len(body) % 8))

    def process(self, koid, name, job=1, thread=None, port=None):
        self.chunk(3, struct.pack("<QQ24s", koid, job, name.encode()))
        thread = thread or koid + 1
        self.chunk(4, struct.pack("<QQ", thread, koid))
        if port:
            self.chunk(5, struct.pack("<QQ", port, koid))
        return thread

    def record(self, kind, us, thread, cpu=0, data=b"", handles=0, method=0, flow=0, object=0,
               badge=0, length=None, status=0, value=0):
        pieces = [data[at:at + 56] for at in range(0, min(len(data), self.payload_max), 56)]
        made = trace_file.RECORD.pack(
            kind, cpu, len(pieces), handles, method, 1_000_000_000 + round(us * 1000), thread, flow,
            object, badge, len(data) if length is None else length, status, value)
        for number, piece in enumerate(pieces):
            made += trace_file.DATA.pack(0, cpu, 56 * number, len(piece), piece)
        self.records.setdefault(cpu, []).append(made)

    def call(self, name, client, server, port, begin, end, taken=None, replied=None, flow=None,
             request=None, reply=None, status=0, cpu=0, server_cpu=None, **more):
        """All four moments of a call, in the order of time only if others do not come between:
        sort() puts them right."""
        number = self.interfaces.number(name)
        flow = flow if flow is not None else client << 32
        data = self.interfaces.request(name, **(request or {}))
        is_answered = status == 0 and end is not None
        answer = self.interfaces.reply(name, **(reply or {})) if is_answered else b""
        server_cpu = cpu if server_cpu is None else server_cpu
        shared = {"method": number, "flow": flow, "object": port}
        self.record(trace_file.CALL, begin, client, cpu, data, **shared, **more)
        if server is not None:
            self.record(trace_file.CALL_RECEIVED, begin + 1 if taken is None else taken, server,
                        server_cpu, length=len(data), value=client, **shared)
            if replied is not False and end is not None:
                self.record(trace_file.REPLY, end - 1 if replied is None else replied, server,
                            server_cpu, answer, value=client, status=status, **shared)
        if end is not None:
            self.record(trace_file.REPLY_RECEIVED, end, client, cpu, length=len(answer),
                        value=client, status=status, **shared)

    def whole(self, per_chunk=7):
        """The file; records of a CPU in the order of their times, as the machine writes them."""
        chunks = list(self.chunks)
        for cpu, records in self.records.items():
            records.sort(key=lambda record: struct.unpack_from("<q", record, 8))
            for at in range(0, len(records), per_chunk):
                body = struct.pack("<II", cpu, 0) + b"".join(records[at:at + per_chunk])
                chunks.append(struct.pack("<II", 2, len(body)) + body + bytes(-len(body) % 8))
        return b"".join(chunks)
