# SPDX-License-Identifier: MIT
"""Calls, put together from records: who called whom, for whom, and when what happened.

    sent ---------> received ... calls made for it ... replied ---------> ended
    client          server                             server             client

A thread has one call under way at most, so the thread that calls says which one a record is of.
What a server calls while it serves belongs to the call it serves: the one of the same flow that its
thread received last and has not answered. Moments that are not in the trace are None.
"""
from fnmatch import fnmatchcase

import trace_file
import trace_protocols

SKEW_NS = 2000  # so far the clocks of two CPUs may be apart
DEPTH_MAX = 64   # of calls that were made for calls: more are no calls for others


class Call:
    __slots__ = ("client", "server", "port", "method", "flow", "badge", "sent", "received",
                 "replied", "ended", "request", "request_length", "reply", "reply_length", "status",
                 "handles", "deadline", "parent", "children", "last_ns", "client_process",
                 "server_process", "client_name", "server_name", "number", "depth")

    def __init__(self, client, record):
        self.client, self.server = client, None
        self.port, self.method = record.object, record.method
        self.flow, self.badge = record.flow, record.badge
        self.sent = self.received = self.replied = self.ended = None
        self.request = self.reply = b""
        self.reply_length = self.status = self.handles = 0
        self.request_length = None  # not known: its beginning is not in the trace
        self.deadline = self.last_ns = None
        self.parent, self.children, self.depth = None, [], 0

    @property
    def begin(self):
        return next(time for time in (self.sent, self.received, self.replied, self.ended)
                    if time is not None)

    @property
    def end(self):
        """When the client went on; of one that had not, when it did something else, or the end of
        the trace."""
        return self.ended if self.ended is not None else self.last_ns

    @property
    def is_whole(self):
        return self.sent is not None and self.ended is not None

    @property
    def is_error(self):
        return self.status != 0

    @property
    def total_ns(self):
        return self.end - self.begin

    @property
    def queued_ns(self):
        """Until the server took it."""
        if self.received is None:
            return self.total_ns
        return max(0, self.received - self.begin)

    @property
    def server_ns(self):
        """That the server had it."""
        if self.received is None:
            return 0
        return max(0, (self.replied if self.replied is not None else self.end) - self.received)


class Builder:
    def __init__(self, trace):
        self.trace = trace
        self.calls = []
        self.under_way = {}  # by the thread that called
        self.served = {}     # by the thread that serves: those it has not answered

    def begin(self, client, record):
        call = Call(client, record)
        self.cut(client, record.time)
        self.calls.append(call)
        self.under_way[client] = call
        for served in reversed(self.served.get(client, [])):
            if served.flow == record.flow and served.depth < DEPTH_MAX:
                call.parent, call.depth = served, served.depth + 1
                served.children.append(call)
                break
        return call

    def cut(self, client, time):
        """What this thread had under way is over, whatever became of it."""
        call = self.under_way.pop(client, None)
        if call is not None:
            call.last_ns = max(time, call.begin)
            self.forget(call)

    def get(self, client, record):
        """The call of this thread; one whose beginning is not in the trace begins here."""
        call = self.under_way.get(client)
        if call is not None and (call.port, call.method) == (record.object, record.method):
            return call
        return self.begin(client, record)

    def take(self, record):
        if record.kind == trace_file.CALL:
            call = self.under_way.get(record.thread)
            is_late = (call is not None and call.sent is None and call.port == record.object and
                       call.method == record.method and record.time - call.begin <= SKEW_NS)
            if not is_late:
                call = self.begin(record.thread, record)
            call.sent = record.time if not is_late else min(record.time, call.begin)
            call.request, call.request_length = record.data, record.length
            call.handles, call.deadline = record.handle_count, record.value
        elif record.kind == trace_file.CALL_RECEIVED:
            call = self.get(record.value, record)
            call.received, call.server, call.flow = record.time, record.thread, record.flow
            call.request_length = record.length
            self.served.setdefault(record.thread, []).append(call)
        elif record.kind == trace_file.REPLY:
            call = self.get(record.value, record)
            call.replied, call.status = record.time, record.status
            call.server = call.server if call.server is not None else record.thread
            call.reply, call.reply_length = record.data, record.length
            self.forget(call)
        elif record.kind == trace_file.REPLY_RECEIVED:
            call = self.get(record.thread, record)
            call.ended, call.status = record.time, record.status
            if call.reply_length == 0:
                call.reply_length = record.length
            self.forget(call)
            del self.under_way[record.thread]
        elif record.kind == trace_file.THREAD_END:
            self.cut(record.object, record.time)

    def forget(self, call):
        """Nobody serves it any more."""
        served = self.served.get(call.server, []) if call is not None else []
        if call in served:
            served.remove(call)


def calls_of(trace):
    """All calls in the order in which they began."""
    builder = Builder(trace)
    for record in trace.records:
        builder.take(record)
    last = trace.time_span()[1]
    for call in builder.calls:
        call.last_ns = call.last_ns if call.last_ns is not None else last
        if (call.method == trace_protocols.DESCRIBE and
                (call.request_length or 0) > trace_protocols.EXCEPTION_BYTES_MIN):
            call.method = trace_protocols.EXCEPTION
        call.client_process = trace.thread_process(call.client)
        call.client_name = trace.process_name(call.client_process, call.begin)
        call.server_process = (trace.thread_process(call.server) if call.server is not None
                               else 0) or trace.ports.get(call.port, 0)
        call.server_name = trace.process_name(call.server_process, call.begin)
    builder.calls.sort(key=lambda call: call.begin)
    for number, call in enumerate(builder.calls):
        call.number = number
        call.children.sort(key=lambda child: child.begin)
    return builder.calls


class Choice:
    """Which calls are shown: those that are chosen, and all that were made for them."""

    def __init__(self, trace, protocols, process=None, method=None, without=None, begin_ns=None,
                 end_ns=None):
        self.trace, self.protocols = trace, protocols
        self.process, self.method, self.without = process, method, without
        self.begin_ns, self.end_ns = begin_ns, end_ns

    def is_chosen(self, call):
        name = self.protocols.method_name(call.method)
        process = call.client_process
        return ((self.process is None or self.process == str(process) or
                 self.process is not None and fnmatchcase(self.name(call), self.process)) and
                (self.method is None or fnmatchcase(name, self.method)) and
                self.has_time(call.begin))

    def name(self, call):
        return call.client_name.removesuffix(f" {call.client_process}")

    def has_time(self, time):
        return ((self.begin_ns is None or time >= self.begin_ns) and
                (self.end_ns is None or time <= self.end_ns))

    def is_hidden(self, call):
        return self.without is not None and fnmatchcase(self.protocols.method_name(call.method),
                                                        self.without)

    def roots(self, calls):
        """The chosen ones that were made for none of the chosen; what is left out takes along what
        was made for it."""
        shown, hidden, roots = set(), set(), []
        for call in calls:
            if call.parent in hidden or self.is_hidden(call):
                hidden.add(call)
            elif call.parent in shown:
                shown.add(call)
                call.depth = call.parent.depth + 1
            elif self.is_chosen(call):
                shown.add(call)
                call.depth = 0
                roots.append(call)
        for call in shown:
            call.children = [child for child in call.children if child in shown]
        return roots


def all_of(roots):
    """Calls and those below them, in the order in which they began."""
    found, left = [], list(roots)
    while left:
        call = left.pop()
        found.append(call)
        left += call.children
    return sorted(found, key=lambda call: call.number)
