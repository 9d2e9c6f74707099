# SPDX-License-Identifier: MIT
"""A trace for ui.perfetto.dev and chrome://tracing: the JSON form of Chrome's trace events.

A track per thread: below a call that it makes the time it waits, below one that it serves the time
it works, with an arrow from the one to the other. A track per CPU: who runs.
"""
import json

import trace_file
from trace_text import Lines

CPUS = 1 << 30  # as a process, beside those that are


def microseconds(trace, time_ns):
    return (time_ns - trace.start_ns) / 1000


class Events:
    def __init__(self, trace, protocols):
        self.trace, self.protocols = trace, protocols
        self.made = []
        self.tracks = {}  # slices by (process, thread), which must lie within each other

    def add(self, phase, name, time_ns, process, thread, **more):
        self.made.append({"ph": phase, "name": name, "ts": microseconds(self.trace, time_ns),
                          "pid": process, "tid": thread, **more})

    def slice(self, name, category, begin_ns, end_ns, process, thread, arguments):
        self.tracks.setdefault((process, thread), []).append(
            (begin_ns, -end_ns, len(self.tracks), name, category, arguments))

    # --- what there is -----------------------------------------------------------------------

    def call(self, call):
        protocols = self.protocols
        name = protocols.method_name(call.method)
        arguments = {
            "request": protocols.parameters(call.method, False, call.request,
                                            call.request_length),
            "answer": protocols.reply_text(call), "port": call.port, "badge": f"0x{call.badge:x}",
            "flow": f"0x{call.flow:x}", "until_taken_us": call.queued_ns / 1000}
        if call.sent is not None:
            self.slice(f"{name} > {call.server_name}", "call", call.sent, call.end,
                       call.client_process, call.client, arguments)
        if call.received is None:
            return
        end = call.replied if call.replied is not None else call.end
        self.slice(f"{name} < {call.client_name}", "serve", call.received, max(end, call.received),
                   call.server_process, call.server, arguments)
        if call.sent is not None:
            flow = {"cat": "flow", "id": call.number}
            self.add("s", name, call.sent, call.client_process, call.client, **flow)
            self.add("f", name, max(call.received, call.sent), call.server_process, call.server,
                     bp="e", **flow)

    def events(self, choice):
        lines = Lines(self.trace, self.protocols)
        running = {}  # by CPU: since when, who
        for record in self.trace.records:
            if not choice.has_time(record.time):
                continue
            if record.kind == trace_file.SWITCH:
                self.run_end(running, record)
                running[record.cpu] = (record.time, record.thread)
            elif record.kind == trace_file.INTERRUPT:
                self.add("i", f"interrupt {record.method}", record.time, CPUS, record.cpu, s="t",
                         cat="interrupt")
            else:
                self.instant(record, lines.told(record))

    def run_end(self, running, record):
        since, thread = running.get(record.cpu, (record.time, 0))
        if thread != 0 and since < record.time:
            self.slice(self.trace.thread_name(thread, since), "run", since, record.time, CPUS,
                       record.cpu, {"then": trace_file.state_name(record.value)})

    def instant(self, record, told):
        if told is None:
            return
        name = {trace_file.NOTICE: "notice", trace_file.CHANNEL_SEND: "send",
                trace_file.CHANNEL_RECEIVE: "receive", trace_file.FAULT: "fault",
                trace_file.PROCESS_START: "process starts", trace_file.PROCESS_END: "process ends",
                trace_file.THREAD_START: "thread starts", trace_file.THREAD_END: "thread ends",
                trace_file.HANDLE: "handle", trace_file.LOCK_WAIT: "lock",
                trace_file.USER: "user"}[record.kind]
        process = (record.object if record.kind in (trace_file.PROCESS_START,
                                                    trace_file.PROCESS_END)
                   else self.trace.thread_process(record.thread))
        self.add("i", name, record.time, process, record.thread, s="t", cat=name,
                 args={"who": told[0], "what": told[1]})

    # --- tracks ------------------------------------------------------------------------------

    def slices(self):
        """A slice that begins in another and ends behind it cannot be on its track: calls that are
        answered in another order than they came. They get tracks of their own."""
        for (process, thread), slices in self.tracks.items():
            open_ends = []
            for number, (begin, end, _, name, category, arguments) in enumerate(sorted(
                    slices, key=lambda each: each[:2])):
                end = -end
                while open_ends and open_ends[-1] <= begin:
                    open_ends.pop()
                if open_ends and end > open_ends[-1]:
                    own = {"cat": "put off", "id": f"{process}.{thread}.{number}"}
                    self.add("b", name, begin, process, thread, args=arguments, **own)
                    self.add("e", name, end, process, thread, **own)
                    continue
                open_ends.append(end)
                self.add("X", name, begin, process, thread, cat=category,
                         dur=(end - begin) / 1000, args=arguments)

    def names(self):
        used = sorted({(event["pid"], event["tid"]) for event in self.made})
        heads = []

        def name(kind, process, thread, value):
            heads.append({"ph": "M", "name": kind, "pid": process, "tid": thread,
                          "args": {"name": value}})
        for process in sorted({process for process, _ in used}):
            is_cpus = process == CPUS
            name("process_name", process, 0,
                 "CPUs" if is_cpus else self.trace.process_name(process))
            heads.append({"ph": "M", "name": "process_sort_index", "pid": process, "tid": 0,
                          "args": {"sort_index": -1 if is_cpus else process}})
        for process, thread in used:
            name("thread_name", process, thread,
                 f"CPU {thread}" if process == CPUS else f"thread {thread}")
        self.made[:0] = heads


def perfetto(trace, protocols, choice, calls):
    events = Events(trace, protocols)
    for call in calls:
        events.call(call)
    events.events(choice)
    events.slices()
    events.names()
    lines = ",\n".join(json.dumps(event, separators=(",", ":")) for event in events.made)
    return f'{{"displayTimeUnit":"ns","traceEvents":[\n{lines}\n]}}\n'
