# SPDX-License-Identifier: MIT
"""A sequence diagram: a column per program, a row per moment, from top to bottom.

A full arrow is a call, a dashed one its answer, a bar the time that a server has a call. Rows are
as far apart as they need for their text, not as time goes: that stands at the left, and where much
of it passes, in between.
"""
import trace_file
from trace_calls import all_of
from trace_svg import FAINT, INK, MUTED, RED, Palette, Svg, mono_width, shortened
from trace_text import Lines, duration

GUTTER, MARGIN, SIZE = 104, 28, 11
ROW, BREAK = 32, 30
HEAD_TOP, HEAD = 78, 34
TALL = 1000  # names stand at the end as well
COLUMN_MIN, COLUMN_MAX, LABEL_MAX = 150, 340, 64
BAR = 10
MARK_KINDS = (trace_file.NOTICE, trace_file.FAULT, trace_file.PROCESS_START,
              trace_file.PROCESS_END, trace_file.CHANNEL_SEND, trace_file.CHANNEL_RECEIVE)

SENT, RECEIVED, REPLIED, ENDED, MARK = range(5)


class Row:
    """Events that are drawn at one height: a call and its arrival if nothing is in between."""

    def __init__(self, time):
        self.time, self.events = time, []
        self.y = 0


class Mark:
    def __init__(self, record, process, text):
        self.time, self.process, self.text = record.time, process, text
        self.is_bad = record.kind == trace_file.FAULT


def marks_of(trace, protocols, first, last, is_shown, is_all):
    """What else happened to the programs of the picture; if all calls are in it also what became of
    them."""
    lines = Lines(trace, protocols)
    for record in trace.records:
        is_now = first <= record.time and (record.time <= last or (
            is_all and record.kind in (trace_file.FAULT, trace_file.PROCESS_END)))
        if record.kind not in MARK_KINDS or not is_now or not lines.is_rare(record):
            continue
        if record.kind == trace_file.NOTICE:
            process = trace.ports.get(record.object, 0)
        elif record.kind in (trace_file.PROCESS_START, trace_file.PROCESS_END):
            process = record.object
        else:
            process = trace.thread_process(record.thread)
        if not is_shown(process):
            continue
        what = {trace_file.NOTICE: f"notice 0x{record.badge:x}",
                trace_file.PROCESS_START: "starts", trace_file.PROCESS_END: "ends",
                trace_file.FAULT: f"fault {record.method} at 0x{record.object:x}"}.get(record.kind)
        yield Mark(record, process, what or " ".join(lines.told(record)).split(" ", 1)[1])


class Sequence:
    def __init__(self, trace, protocols, calls, marks):
        self.trace, self.protocols, self.calls = trace, protocols, calls
        seen = dict.fromkeys(process for call in calls
                             for process in (call.client_process, call.server_process))
        servers = {call.server_process for call in calls}
        # {process: its place}; who serves nobody stands at the left.
        self.columns = {process: place for place, process in enumerate(
            sorted(seen, key=lambda process: process in servers))}
        self.rows = self.rows_of(marks)
        self.palette = Palette(calls)

    def rows_of(self, marks):
        events = [(mark.time, MARK, 0, mark) for mark in marks]
        for call in self.calls:
            for kind, time in ((SENT, call.begin), (RECEIVED, call.received),
                               (REPLIED, call.replied), (ENDED, call.ended)):
                if time is not None:
                    events.append((time, kind, call.number, call))
        # Of one moment what ends comes first, the inner before the outer.
        order = {REPLIED: 0, ENDED: 1, MARK: 2, SENT: 3, RECEIVED: 4}
        events.sort(key=lambda each: (each[0], order[each[1]],
                                      each[2] if each[1] in (SENT, RECEIVED) else -each[2]))
        rows = []
        for time, kind, _, what in events:
            before = rows[-1].events[-1] if rows else None
            joins = before is not None and before[1] is what and (before[0], kind) in (
                (SENT, RECEIVED), (REPLIED, ENDED))
            if not joins:
                rows.append(Row(time))
            rows[-1].events.append((kind, what))
        return rows

    # --- labels ------------------------------------------------------------------------------

    def call_label(self, call):
        return self.protocols.request_text(call)

    def reply_label(self, call):
        took = duration(call.total_ns) if call.is_whole else ""
        reply = self.protocols.reply_text(call)
        return " · ".join(part for part in (took, reply) if part)

    # --- places ------------------------------------------------------------------------------

    def widths(self):
        """Of the spaces between columns: as their labels need, within bounds."""
        spaces = [COLUMN_MIN] * max(0, len(self.columns) - 1)
        for call in sorted(self.calls, key=self.distance):
            first, last = sorted((self.columns[call.client_process],
                                  self.columns[call.server_process]))
            if first == last:
                continue
            longest = max(self.call_label(call), self.reply_label(call), key=len)
            need = min(mono_width(shortened(longest, LABEL_MAX), SIZE) + 3 * BAR + 12,
                       COLUMN_MAX * (last - first))
            lacking = need - sum(spaces[first:last])
            for i in range(first, last):
                spaces[i] += max(0, lacking / (last - first))
        return spaces

    def distance(self, call):
        return abs(self.columns[call.client_process] - self.columns[call.server_process])

    def breaks(self):
        """So long a time between two rows is told."""
        gaps = sorted(b.time - a.time for a, b in zip(self.rows, self.rows[1:]))
        if not gaps:
            return float("inf")
        return max(20 * gaps[len(gaps) // 2], (self.rows[-1].time - self.rows[0].time) // 8, 1000)


class Picture:
    def __init__(self, sequence, title, subtitle):
        self.sequence, self.svg = sequence, Svg()
        self.title, self.subtitle = title, subtitle
        spaces = sequence.widths()
        self.x = {}
        at = MARGIN + GUTTER + 60
        for process, place in sequence.columns.items():
            self.x[process] = at
            at += spaces[place] if place < len(spaces) else 0
        self.width = max(at + COLUMN_MIN, 640)
        self.bottom = 0

    def draw(self):
        """Lifelines below bars below arrows."""
        body = self.rows_place()
        lines, self.svg = self.svg, Svg()
        self.svg.text(MARGIN, 36, self.title, "h")
        self.svg.text(MARGIN, 58, self.subtitle, "s")
        self.heads(HEAD_TOP)
        self.lifelines()
        if body > TALL:
            self.heads(body)
            body += HEAD
        self.svg.parts += lines.parts
        self.bars()
        for row in self.sequence.rows:
            self.row(row)
        return self.svg.whole(self.width, body + 24, self.title,
                              ".w { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; "
                              "stroke-linejoin: round; }\n")

    def rows_place(self):
        y, limit, before = HEAD_TOP + HEAD + 14, self.sequence.breaks(), None
        for row in self.sequence.rows:
            if before is not None and row.time - before > limit:
                y += BREAK
                self.pause(y - 2, row.time - before)
            y += ROW
            row.y = y
            before = row.time
        self.bottom = y + 22
        return self.bottom

    def pause(self, y, ns):
        left, right = MARGIN + GUTTER, self.width - MARGIN
        self.svg.shape("rect", x=left, y=y - 9, width=right - left, height=18, rx=9, fill="#f3f5f8")
        self.svg.text((left + right) / 2, y + 4, f"{duration(ns)} later", "s", text_anchor="middle")

    def heads(self, y):
        svg, sequence = self.svg, self.sequence
        for process, x in self.x.items():
            line, fill = sequence.palette.of(process)
            name = shortened(sequence.trace.process_name(process), 18)
            width = max(84, mono_width(name, 13) + 24)
            svg.shape("rect", x=f"{x - width / 2:.1f}", y=y, width=f"{width:.1f}", height=HEAD,
                      rx=7, fill=fill, stroke=line, title=f"process {process}")
            svg.text(x, y + 22, name, "b", text_anchor="middle")

    def lifelines(self):
        for x in self.x.values():
            self.svg.shape("line", x1=f"{x:.1f}", y1=HEAD_TOP + HEAD, x2=f"{x:.1f}", y2=self.bottom,
                           stroke=FAINT, stroke_width=1.4)

    # --- bars --------------------------------------------------------------------------------

    def bars(self):
        """Those of one program that are open at a time stand beside each other."""
        self.offset, self.taken = {}, {}
        open_bars = {}
        starts, ends = {}, {}
        for row in self.sequence.rows:
            for kind, call in row.events:
                if kind == RECEIVED:
                    places = open_bars.setdefault(call.server_process, {})
                    place = next(i for i in range(len(places) + 1) if i not in places.values())
                    places[call] = place
                    self.offset[call] = place * (BAR - 3)
                    self.taken[call] = row
                    starts[call] = row.y
                elif kind in (REPLIED, ENDED) and call in starts and call not in ends:
                    open_bars[call.server_process].pop(call, None)
                    ends[call] = row.y
        for call, y in starts.items():
            line, fill = self.sequence.palette.of(call.server_process)
            x = self.x[call.server_process] - BAR / 2 + self.offset[call]
            end = ends.get(call, self.cut_y(call))
            self.svg.shape("rect", x=f"{x:.1f}", y=y, width=BAR, height=max(end - y, 3), rx=2,
                           fill=fill, stroke=line,
                           stroke_dasharray=None if call in ends else "3 3",
                           title=f"{self.sequence.call_label(call)}\n{duration(call.server_ns)} in "
                           "the server" + ("" if call in ends else ", unfinished"))

    def cut_y(self, call):
        """Where a call is over that has no end: its client does something else."""
        return next((row.y for row in self.sequence.rows if row.time >= call.end),
                    self.bottom - 6)

    def edge(self, process, towards, call=None, is_client=False):
        """Where an arrow touches a program: the side of its bar that is nearer."""
        x = self.x[process]
        held = call.parent if is_client and call is not None else call
        offset = self.offset.get(held) if held is not None else None
        if offset is None:
            return x
        x += offset
        return x + BAR / 2 if towards > x else x - BAR / 2

    # --- rows --------------------------------------------------------------------------------

    def row(self, row):
        since = row.time - self.sequence.trace.start_ns
        self.svg.text(MARGIN + GUTTER - 14, row.y + 4, f"{since / 1e6:.3f} ms", "q",
                      text_anchor="end")
        kinds = [kind for kind, _ in row.events]
        what = row.events[0][1]
        if MARK in kinds:
            self.mark(row, what)
        elif SENT in kinds:
            self.call(row, what)
        elif REPLIED in kinds or ENDED in kinds:
            self.reply(row, what, REPLIED in kinds)

    def mark(self, row, mark):
        x, color = self.x[mark.process], RED if mark.is_bad else MUTED
        y = row.y
        self.svg.shape("path", d=f"M{x:.1f} {y - 5} l5 5 l-5 5 l-5 -5 z", fill=color)
        self.svg.text(x + 12, y + 4, shortened(mark.text, 40), "e w" if mark.is_bad else "q w",
                      title=mark.text)

    def call(self, row, call):
        """To where the server took it, which may be further down."""
        taken = self.taken.get(call, row)
        towards = self.x[call.server_process]
        x1 = self.edge(call.client_process, towards, call, True)
        x2 = self.edge(call.server_process, x1, call)
        self.arrow(x1, row.y, x2, taken.y, INK, None, self.sequence.call_label(call), "m w",
                   call.client_process == call.server_process)

    def reply(self, row, call, is_replied):
        """From the server; only an end, where the answer has no row, is none of its own."""
        if not is_replied and call.replied is not None:
            return
        color = RED if call.is_error else MUTED
        towards = self.x[call.client_process]
        x1 = self.edge(call.server_process, towards, call)
        x2 = self.edge(call.client_process, x1, call, True)
        self.arrow(x1, row.y, x2, row.y, color, "5 4", self.sequence.reply_label(call),
                   "e w" if call.is_error else "q w", call.client_process == call.server_process)

    def arrow(self, x1, y1, x2, y2, color, dash, label, css, is_own):
        svg = self.svg
        if is_own:
            svg.shape("path", d=f"M{x1:.1f} {y1} h34 v10 h-28", fill="none", stroke=color,
                      stroke_dasharray=dash)
            tip, side, y2 = x1 + 6, -1, y1 + 10
            room, left, anchor = LABEL_MAX, x1 + 42, "start"
            text_y = y1 + 8
        else:
            svg.shape("line", x1=f"{x1:.1f}", y1=y1, x2=f"{x2:.1f}", y2=y2, stroke=color,
                      stroke_width=1.3, stroke_dasharray=dash)
            tip, side = x2, 1 if x2 > x1 else -1
            room = int((abs(x2 - x1) - 14) / mono_width("x", SIZE))
            left, anchor = min(x1, x2) + 8, "start"
            if side < 0:
                left, anchor = max(x1, x2) - 8, "end"
            text_y = y1 - 6
        svg.shape("path", d=f"M{tip:.1f} {y2} l{-8 * side} -4 v8 z", fill=color)
        if label:
            svg.text(left, text_y, shortened(label, min(room, LABEL_MAX)), css, title=label,
                     text_anchor=anchor)


def sequence(trace, protocols, roots, name, limit):
    calls = all_of(roots)
    shown = calls[:limit]
    if not shown:
        return None
    columns = {process for call in shown for process in (call.client_process, call.server_process)}
    last = max(time for call in shown for time in (call.begin, call.received, call.replied,
                                                   call.ended) if time is not None)
    marks = list(marks_of(trace, protocols, shown[0].begin, last, columns.__contains__,
                          len(shown) == len(calls)))[:limit]
    made = Sequence(trace, protocols, shown, marks)
    subtitle = (f"{len(shown)} calls in {duration(made.rows[-1].time - made.rows[0].time)}" +
                (f"; {len(calls) - len(shown)} more are left out: choose with --process, --method, "
                 "--from, --to, or take more with --limit" if len(calls) > len(shown) else ""))
    return Picture(made, f"{name}: who called whom", subtitle).draw()
