# SPDX-License-Identifier: MIT
"""A trace file (docs/trace-format.md): chunks with what the kernel noted, and with names.

A file may end anywhere, have chunks that are not known, and damage: what is whole is read, and
Trace.warnings tells what is missing.
"""
import heapq
import struct

MAGIC = b"QYTRACE1"
VERSION = 1
CHUNK = struct.Struct("<II")
RECORD = struct.Struct("<BBBBIqQQQQIiQ")  # struct trace_record of include/abi/quay/abi/trace.h
DATA = struct.Struct("<BBHI56s")          # struct trace_data

(DATA_KIND, CALL, CALL_RECEIVED, REPLY, REPLY_RECEIVED, NOTICE, CHANNEL_SEND, CHANNEL_RECEIVE,
 SWITCH, FAULT, INTERRUPT, PROCESS_START, PROCESS_END, THREAD_START, THREAD_END, HANDLE, LOCK_WAIT,
 USER, KIND_COUNT) = range(19)

KIND_MAX = 0xffff  # of chunks, known or not
LENGTHS = {1: (32).__eq__, 2: lambda length: length > 8 and length % RECORD.size == 8,
           3: (40).__eq__, 4: (16).__eq__, 5: (16).__eq__, 6: (16).__eq__, 7: (40).__eq__,
           8: (16).__lt__, 9: (16).__eq__}
CORE_BYTES_MAX = 1 << 34  # beyond that it is no core file but damage

USER_NAME = 0x7fff0001  # method of a USER record that says what the program is called from now on

THREAD_STATES = ("new", "running", "ready", "receiving", "queued", "calling", "waiting", "locked",
                 "kernel", "dead", "sleeping")  # as libsys/thread_text.c


def state_name(state):
    return THREAD_STATES[state] if state < len(THREAD_STATES) else "?"


class Unusable(Exception):
    """This file is no trace, or none that this program understands."""


class Record:
    __slots__ = ("kind", "cpu", "data_count", "handle_count", "method", "time", "thread", "flow",
                 "object", "badge", "length", "status", "value", "data")

    def __init__(self, fields):
        (self.kind, self.cpu, self.data_count, self.handle_count, self.method, self.time,
         self.thread, self.flow, self.object, self.badge, self.length, self.status,
         self.value) = fields
        self.data = b""


class Core:
    """A core file as it was sent, in pieces that may come in any order."""

    def __init__(self, process, name):
        self.process, self.name = process, name
        self.pieces = []
        self.size = None  # known at its end

    def is_whole(self):
        at = 0
        for offset, data in sorted(self.pieces, key=lambda piece: piece[0]):
            if offset > at:
                return False
            at = max(at, offset + len(data))
        return self.size is not None and at >= self.size


def text_of(data):
    """A name as it lies in a field of fixed size; without what a terminal would take for orders."""
    text = data.split(b"\0")[0].decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def name_said(record):
    return text_of(struct.pack("<QQ", record.badge, record.value))


def is_good(data, at):
    """Whether a chunk of this format is here, as far as its head tells."""
    if at + CHUNK.size > len(data):
        return at == len(data)
    kind, length = CHUNK.unpack_from(data, at)
    return (at + CHUNK.size + length <= len(data) and kind in LENGTHS and
            LENGTHS[kind](length))


def next_good(data, at):
    """Where two chunks follow each other, from here on; None: nowhere."""
    for at in range(at, len(data) - CHUNK.size, 8):
        if is_good(data, at):
            length = CHUNK.unpack_from(data, at)[1]
            if is_good(data, at + CHUNK.size + (length + 7) // 8 * 8):
                return at
    return None


class Trace:
    def __init__(self, data):
        self.warnings = []
        self.cpu_count = 0
        self.start_ns = None  # the first moment; times are shown from there
        self.wall_ns = 0      # of start_ns; 0: not known
        self.names = {}       # of processes: (from when, name), in this order
        self.jobs = {}
        self.threads = {}     # their processes
        self.ports = {}       # who receives there
        self.lost = {}        # records, by CPU
        self.cores = {}
        self._of_cpu = {}
        self._latest = None   # time of a record
        self._unknown_chunks = 0
        self._strays = 0
        self._damaged = []     # (where, how many bytes)
        self._chunks(data)
        self.records = self._sorted()
        self._begin()
        self._life()
        self._warn()

    # --- chunks ------------------------------------------------------------------------------

    def _chunks(self, data):
        readers = {1: self._start, 2: self._records, 3: self._process, 4: self._thread,
                   5: self._port, 6: self._lost, 7: self._core_begin, 8: self._core_data,
                   9: self._core_end}
        if not data:
            raise Unusable("is empty: nothing was traced")
        if data[8:16] != MAGIC[:len(data[8:16])] or data[:4] != b"\1\0\0\0"[:len(data[:4])]:
            raise Unusable("is no trace: it does not begin with a START chunk and "
                           f"{MAGIC.decode()}")
        at = 0
        while at < len(data):
            if at + CHUNK.size > len(data):
                self._cut(at, data)
                return
            kind, length = CHUNK.unpack_from(data, at)
            body = data[at + CHUNK.size:at + CHUNK.size + length]
            if len(body) < length or kind > KIND_MAX:
                good = next_good(data, at + CHUNK.size)
                if good is not None and self.start_ns is not None:
                    self._damaged.append((at, good - at))
                    at = good
                    continue
                self._cut(at, data)
                if kind == 2 and 8 <= len(body) < length:
                    self._records(body)
                return
            if kind not in readers:
                self._unknown_chunks += 1
            else:
                try:
                    readers[kind](body)
                except struct.error:
                    self._damaged.append((at, CHUNK.size + length))
            at += CHUNK.size + (length + 7) // 8 * 8

    def _cut(self, at, data):
        if self.start_ns is None:
            raise Unusable("is cut off in its START chunk")
        self.warnings.append(f"the file is cut off in the chunk at byte {at}, "
                             f"{len(data) - at} bytes before its end")

    def _start(self, body):
        magic, version, cpu_count, time_ns, wall_ns = struct.unpack_from("<8sIIqq", body)
        is_right = magic == MAGIC and version == VERSION
        if self.start_ns is not None:
            self._strays += not is_right  # another one: the trace server was started again
            return
        if not is_right:
            raise Unusable(f"is of version {version} of the format; this program knows {VERSION}")
        self.cpu_count, self.start_ns, self.wall_ns = cpu_count, time_ns, wall_ns

    def _records(self, body):
        cpu = struct.unpack_from("<I", body)[0]
        body = body[8:8 + (len(body) - 8) // RECORD.size * RECORD.size]
        records = self._of_cpu.setdefault(cpu, [])
        last, left = None, 0
        for index, fields in enumerate(RECORD.iter_unpack(body)):
            if fields[0] == DATA_KIND:
                if left == 0:
                    self._strays += 1
                    continue
                left -= 1
                _, _, offset, count, data = DATA.unpack_from(body, index * RECORD.size)
                if offset == len(last.data) and count <= len(data):
                    last.data += data[:count]
            elif fields[0] >= KIND_COUNT:
                self._strays += 1
            else:
                last, left = Record(fields), fields[2]
                records.append(last)
        if last is not None:
            self._latest = last.time if self._latest is None else max(self._latest, last.time)

    def _process(self, body):
        koid, job, name = struct.unpack_from("<QQ24s", body)
        known = self.names.setdefault(koid, [])
        if not known or known[-1][1] != text_of(name):
            known.append((self._latest or 0, text_of(name)))
        self.jobs[koid] = job

    def _thread(self, body):
        koid, process = struct.unpack_from("<QQ", body)
        self.threads[koid] = process

    def _port(self, body):
        koid, process = struct.unpack_from("<QQ", body)
        self.ports[koid] = process

    def _lost(self, body):
        cpu, _, count = struct.unpack_from("<IIQ", body)
        self.lost[cpu] = self.lost.get(cpu, 0) + count

    def _core_begin(self, body):
        process, number, _, name = struct.unpack_from("<QII24s", body)
        self.cores[number] = Core(process, text_of(name))

    def _core_data(self, body):
        number, _, offset = struct.unpack_from("<IIQ", body)
        if number in self.cores and offset + len(body) <= CORE_BYTES_MAX:
            self.cores[number].pieces.append((offset, body[16:]))
        else:
            self._strays += 1

    def _core_end(self, body):
        number, _, size = struct.unpack_from("<IIQ", body)
        if number in self.cores and size <= CORE_BYTES_MAX:
            self.cores[number].size = size
        else:
            self._strays += 1

    # --- what comes of them ------------------------------------------------------------------

    def _sorted(self):
        """All CPUs' in one order. Of records of one time, those that send come first."""
        return list(heapq.merge(*self._of_cpu.values(), key=lambda each: (each.time, each.kind)))

    def _begin(self):
        """The machine may have noted records before START was written."""
        first = min(self.records[0].time, self.start_ns) if self.records else self.start_ns
        self.wall_ns -= self.start_ns - first if self.wall_ns else 0
        self.start_ns = first

    def _life(self):
        """Names that the server had no time to tell."""
        for record in self.records:
            if record.kind == PROCESS_START:
                self.jobs.setdefault(record.object, record.badge)
                if record.data:
                    self.names.setdefault(record.object, [(0, text_of(record.data))])
            elif record.kind in (THREAD_START, THREAD_END):
                self.threads.setdefault(record.object, record.badge)
            elif record.kind == CALL and record.flow >> 32 == record.thread:
                self.threads.setdefault(record.thread, record.flow % 2**32)  # a flow has both
            elif record.kind == CALL_RECEIVED and record.thread in self.threads:
                self.ports.setdefault(record.object, self.threads[record.thread])
            elif record.kind == USER and record.method == USER_NAME:
                self._says_name(record)
        users = {}
        for koid, names in self.names.items():
            for _, name in names:
                users.setdefault(name, set()).add(koid)
        self._repeated = {name for name, koids in users.items() if len(koids) > 1}

    def _says_name(self, record):
        koid = self.threads.get(record.thread)
        if koid is not None:
            known = self.names.setdefault(koid, [])
            known.append((record.time, name_said(record)))
            known.sort()

    def _warn(self):
        if self._damaged:
            self.warnings.append(f"{sum(size for _, size in self._damaged)} bytes are damaged, the "
                                 f"first at byte {self._damaged[0][0]}; they are left out")
        if self._unknown_chunks:
            self.warnings.append(f"{self._unknown_chunks} chunks are of kinds that this program "
                                 "does not know; they are left out")
        if self._strays:
            self.warnings.append(f"{self._strays} records or pieces belong to nothing; they are "
                                 "left out")
        if sum(self.lost.values()):
            by_cpu = ", ".join(f"{count} of CPU {cpu}" for cpu, count in sorted(self.lost.items()))
            self.warnings.append(f"records were lost before they could be read: {by_cpu}")

    # --- names -------------------------------------------------------------------------------

    def process_name(self, koid, at=None):
        """What a process was called then, or all its names: exec gives it another. Behind one that
        several have stands the number."""
        names = self.names.get(koid)
        if not names:
            return f"process {koid}" if koid else "?"
        if at is None:
            had = list(dict.fromkeys(name for _, name in names))
        else:
            had = [next((name for since, name in reversed(names) if since <= at), names[0][1])]
        name = ", ".join(had)
        return f"{name} {koid}" if self._repeated.intersection(had) else name

    def thread_process(self, koid):
        return self.threads.get(koid, 0)

    def thread_name(self, koid, at=None):
        process = self.threads.get(koid)
        return f"thread {koid}" if process is None else f"{self.process_name(process, at)}/{koid}"

    def time_span(self):
        """First and last moment, at least a nanosecond."""
        last = self.records[-1].time if self.records else self.start_ns
        return self.start_ns, max(last, self.start_ns + 1)
