# SPDX-License-Identifier: MIT
"""A trace as lines, in the order of time: calls, indented below what they were made for, and what
else happened. And the table of methods."""
import trace_file
from trace_calls import all_of

UNITS = ((1, "ns"), (1000, "us"), (1_000_000, "ms"), (1_000_000_000, "s"))
WHO_COLUMNS = 30


def duration(ns):
    """Three digits that say something: 812 ns, 1.23 us, 45.6 ms."""
    for unit_ns, unit in UNITS:
        value = ns / unit_ns
        if value < 999.5 or unit == "s":
            digits = 0 if unit == "ns" or value >= 99.95 else 1 if value >= 9.995 else 2
            return f"{value:.{digits}f} {unit}"
    return ""


def moment(trace, time_ns):
    return f"{(time_ns - trace.start_ns) / 1e6:11.3f}"


class Lines:
    def __init__(self, trace, protocols):
        self.trace, self.protocols = trace, protocols

    def line(self, time_ns, took, depth, who, what):
        indent = "  " * min(depth, 8)
        return f"{moment(self.trace, time_ns)} {took:>8}  {indent + who:{WHO_COLUMNS}} {what}"

    def call(self, call):
        who = f"{call.client_name} > {call.server_name}"
        reply = self.protocols.reply_text(call)
        return self.line(call.begin, duration(call.total_ns) if call.is_whole else "-", call.depth,
                         who, self.protocols.request_text(call) + (f" -> {reply}" if reply else ""))

    @staticmethod
    def is_rare(record):
        """Not what every program does all the time."""
        return (record.kind not in (trace_file.HANDLE, trace_file.SWITCH, trace_file.INTERRUPT) and
                (record.kind != trace_file.FAULT or record.status != 0))

    def told(self, record):
        """Who, and what. None: calls say it all."""
        say = {trace_file.NOTICE: self.notice, trace_file.CHANNEL_SEND: self.channel,
               trace_file.CHANNEL_RECEIVE: self.channel, trace_file.FAULT: self.fault,
               trace_file.PROCESS_START: self.life, trace_file.PROCESS_END: self.life,
               trace_file.THREAD_START: self.life, trace_file.THREAD_END: self.life,
               trace_file.HANDLE: self.handle, trace_file.LOCK_WAIT: self.lock,
               trace_file.USER: self.user, trace_file.SWITCH: self.switch,
               trace_file.INTERRUPT: self.interrupt}.get(record.kind)
        return say(record) if say else None

    def thread_process_name(self, record):
        return self.trace.process_name(self.trace.thread_process(record.thread), record.time)

    def notice(self, record):
        target = self.trace.process_name(self.trace.ports.get(record.object, 0), record.time)
        return (f"notice > {target}",
                f"key 0x{record.badge:x}, signals 0x{record.value:x}, port {record.object}")

    def channel(self, record):
        arrow = ">" if record.kind == trace_file.CHANNEL_SEND else "<"
        name = self.protocols.method_name(record.method, True)
        text = self.protocols.parameters(record.method, False, record.data, record.length, True)
        who = f"{self.thread_process_name(record)} {arrow} channel {record.object}"
        return who, f"{name}({text})"

    def fault(self, record):
        return (self.trace.thread_name(record.thread, record.time),
                f"fault {record.method} at rip 0x{record.object:x}, address 0x{record.value:x}" +
                (f": {self.protocols.error_name(0, record.status)}" if record.status else ""))

    def life(self, record):
        trace = self.trace
        if record.kind == trace_file.PROCESS_START:
            return trace.process_name(record.object, record.time), f"process {record.object} starts"
        if record.kind == trace_file.PROCESS_END:
            code = record.value - (1 << 64 if record.value >> 63 else 0)
            return (trace.process_name(record.object, record.time),
                    f"process {record.object} ends, exit code {code}")
        verb = "starts" if record.kind == trace_file.THREAD_START else "ends"
        return trace.process_name(record.badge, record.time), f"thread {record.object} {verb}"

    def handle(self, record):
        verb = {1: "made", 2: "closed", 3: "revoked"}.get(record.method, "changed")
        return (self.thread_process_name(record),
                f"handle 0x{record.value:x} of object {record.object} {verb}")

    def lock(self, record):
        return (f"CPU {record.cpu}",
                f"waits for the lock at 0x{record.value:x}, taken at 0x{record.object:x}")

    def switch(self, record):
        state = trace_file.state_name(record.value)
        return (f"CPU {record.cpu}", self.thread_or_idle(record.thread, record.time) +
                f" runs; {self.thread_or_idle(record.object, record.time)} is {state}")

    def thread_or_idle(self, thread, time):
        return self.trace.thread_name(thread, time) if thread else "nobody"

    def interrupt(self, record):
        return f"CPU {record.cpu}", f"interrupt {record.method}"

    def user(self, record):
        if record.method == trace_file.USER_NAME:
            return (self.trace.thread_name(record.thread, record.time),
                    f"is called {trace_file.name_said(record)} now")
        return (self.trace.thread_name(record.thread, record.time),
                f"says {record.method}, 0x{record.badge:x}, 0x{record.value:x}")


def text(trace, protocols, choice, roots, with_events=True, with_all=False):
    lines = Lines(trace, protocols)
    told = [(call.begin, call.number, lines.call(call)) for call in all_of(roots)]
    if with_events:
        for number, record in enumerate(trace.records):
            is_shown = choice.has_time(record.time) and (with_all or lines.is_rare(record))
            event = lines.told(record) if is_shown else None
            if event is not None:
                told.append((record.time, number, lines.line(record.time, "", 0, *event)))
    told.sort(key=lambda each: each[:2])
    head = f"{'ms':>11} {'took':>8}  {'who':{WHO_COLUMNS}} what"
    return "\n".join([head] + [line.rstrip() for _, _, line in told]) + "\n"


# --- the table of methods ----------------------------------------------------------------------


def percentile(ordered, percent):
    """The smallest of them that is not below so many percent of all."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def rows(protocols, calls):
    """[name, calls, errors, median, p99, longest, total, median in the server, of waiting]"""
    methods = {}
    for call in calls:
        methods.setdefault(call.method, []).append(call)
    made = []
    for method, of_it in methods.items():
        whole = [call for call in of_it if call.is_whole]
        took, served, queued = (sorted(getattr(call, what) for call in whole)
                                for what in ("total_ns", "server_ns", "queued_ns"))
        times = [percentile(took, 50), percentile(took, 99), took[-1], sum(took),
                 percentile(served, 50), percentile(queued, 50)] if whole else [None] * 6
        made.append([protocols.method_name(method), len(of_it),
                     sum(call.is_error for call in of_it), *times])
    return sorted(made, key=lambda row: -(row[6] or 0))


def latency(protocols, calls):
    heads = ["method", "calls", "errors", "median", "p99", "longest", "total", "in server",
             "until taken"]
    cells = [[row[0], *(str(count) for count in row[1:3]),
              *("-" if ns is None else duration(ns) for ns in row[3:])]
             for row in rows(protocols, calls)]
    widths = [max(len(line[i]) for line in [heads] + cells) for i in range(len(heads))]
    return "".join("  ".join(
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(line, widths))).rstrip() + "\n"
        for line in [heads] + cells)
