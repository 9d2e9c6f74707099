# SPDX-License-Identifier: MIT
"""Where requests spent their time across servers, as a flame graph that hangs down.

At the top stands who called; below each call are the calls that were made for it, as wide as they
took. What is empty below a call its server spent itself; gray is the time until a server took the
call. A click shows a part in the whole width.
"""
from trace_calls import all_of
from trace_svg import MUTED, NOBODY, Palette, Svg, mono_width, shortened
from trace_text import duration

WIDTH, MARGIN, ROW, SIZE = 1240, 24, 22, 11
TOP = 84
QUEUED = -1

SCRIPT = """
var all = Array.from(document.querySelectorAll('g.f'));
var width = %d, margin = %d, letter = %.3f;
function place(from, part) {
  all.forEach(function (g) {
    var x = (g.dataset.x - from) / part * width, w = g.dataset.w / part * width;
    var left = Math.max(x, 0), right = Math.min(x + w, width);
    g.style.display = right - left < 0.3 ? 'none' : '';
    var box = g.querySelector('rect'), text = g.querySelector('text');
    box.setAttribute('x', margin + left);
    box.setAttribute('width', Math.max(right - left - 1, 0.4));
    text.setAttribute('x', margin + left + 5);
    var room = Math.floor((right - left - 10) / letter), full = g.dataset.t;
    text.firstChild.data = room < 3 ? '' : full.length <= room ? full
      : full.slice(0, room - 1) + '\\u2026';
  });
}
all.forEach(function (g) {
  g.addEventListener('click', function () { place(+g.dataset.x, +g.dataset.w); });
});
"""


class Frame:
    def __init__(self, process, name):
        self.process, self.name = process, name
        self.ns = self.self_ns = self.count = self.errors = 0
        self.below = {}

    def get(self, process, name):
        return self.below.setdefault((process, name), Frame(process, name))

    @property
    def width_ns(self):
        """Calls that a server makes at the same time may take longer than it does."""
        return max(self.ns, sum(frame.width_ns for frame in self.below.values()))


class Flame:
    def __init__(self, trace, protocols, roots):
        self.trace, self.protocols, self.calls = trace, protocols, all_of(roots)
        self.top = Frame(0, "all requests")
        for call in roots:
            client = self.top.get(call.client_process, call.client_name)
            for frame in (self.top, client):
                frame.ns += call.total_ns
                frame.count += 1
            self.add(client, call)

    def add(self, frame, call):
        left = [(frame, call)]
        while left:
            above, call = left.pop()
            server = call.server_name
            method = self.protocols.method_name(call.method)
            frame = above.get(call.server_process,
                              method if method.startswith(server + ".") else f"{server} {method}")
            frame.ns += call.total_ns
            frame.count += 1
            frame.errors += call.is_error
            queued = min(call.queued_ns, call.total_ns)
            if queued:
                waiting = frame.get(QUEUED, f"until {server} took it")
                waiting.ns += queued
                waiting.self_ns += queued
                waiting.count += 1
            nested = [child for child in call.children if child.is_whole]
            frame.self_ns += max(0, call.total_ns - queued - sum(child.total_ns
                                                                 for child in nested))
            left += [(frame, child) for child in nested]

    def own_times(self):
        """{process: nanoseconds} that were spent there and nowhere below; QUEUED: on the way."""
        times, left = {}, [self.top]
        while left:
            frame = left.pop()
            left += frame.below.values()
            if frame.self_ns:
                times[frame.process] = times.get(frame.process, 0) + frame.self_ns
        return times


class Picture:
    def __init__(self, flame, title, subtitle):
        self.flame, self.svg = flame, Svg()
        self.palette = Palette(flame.calls)
        self.title, self.subtitle = title, subtitle
        self.depth = 0

    def color(self, process):
        return NOBODY if process == QUEUED else self.palette.of(process)

    def frame(self, frame, x, width, depth):
        """`x` and `width` as parts of the whole; the widest below first, gray in front."""
        left = [(frame, x, width, depth, 1.0)]
        while left:
            frame, x, width, depth, share = left.pop()
            if width * (WIDTH - 2 * MARGIN) < 0.25:
                continue
            self.depth = max(self.depth, depth)
            self.box(frame, x, width, depth, share)
            at = x
            for below in sorted(frame.below.values(), key=lambda each: (each.process != QUEUED,
                                                                        -each.width_ns)):
                part = width * below.width_ns / frame.width_ns if frame.width_ns else 0
                left.append((below, at, part, depth + 1,
                             below.width_ns / frame.width_ns if frame.width_ns else 0))
                at += part

    def box(self, frame, x, width, depth, share):
        inner = WIDTH - 2 * MARGIN
        line, fill = self.color(frame.process)
        left, pixels, y = MARGIN + x * inner, width * inner, TOP + depth * ROW
        room = int((pixels - 10) / mono_width("x", SIZE))
        label = f"{frame.name} · {duration(frame.ns)}"
        about = (f"{frame.name}\n{duration(frame.ns)} in {frame.count} "
                 f"{'call' if frame.count == 1 else 'calls'}, {100 * share:.1f} % of what is above"
                 f"\n{duration(frame.self_ns)} of it by itself" +
                 (f"\n{frame.errors} answered with an error" if frame.errors else ""))
        svg = self.svg
        svg.add(f'<g class="f" data-x="{x:.8f}" data-w="{width:.8f}" data-t="{escaped(label)}">')
        svg.shape("rect", x=f"{left:.2f}", y=y, width=f"{max(pixels - 1, 0.4):.2f}", height=ROW - 2,
                  rx=min(3, round(pixels / 3, 1)), fill=fill if pixels > 3 else line,
                  stroke=line if pixels > 3 else None, stroke_width=0.6, title=about)
        svg.text(left + 5, y + 14, shortened(label, room) if room >= 3 else " ",
                 "q" if frame.process == QUEUED else "m", pointer_events="none")
        svg.add("</g>")

    def shares(self, y):
        """Who spent how much, as bars."""
        svg, times = self.svg, self.flame.own_times()
        total = sum(times.values()) or 1
        svg.text(MARGIN, y, "Spent by itself", "b")
        y += 12
        for process, ns in sorted(times.items(), key=lambda each: -each[1]):
            line, fill = self.color(process)
            name = ("until the server took the call" if process == QUEUED
                    else self.flame.trace.process_name(process))
            bar = 440 * ns / total
            svg.text(MARGIN, y + 14, shortened(name, 30))
            svg.shape("rect", x=MARGIN + 220, y=y + 3, width=f"{max(bar, 1):.1f}", height=14, rx=3,
                      fill=fill, stroke=line, stroke_width=0.6)
            svg.text(MARGIN + 228 + max(bar, 1), y + 14,
                     f"{duration(ns)} · {100 * ns / total:.1f} %", "q")
            y += 22
        return y

    def draw(self):
        svg = self.svg
        svg.text(MARGIN, 36, self.title, "h")
        svg.text(MARGIN, 58, self.subtitle, "s")
        svg.text(WIDTH - MARGIN, 58, "a click shows a part in the whole width, one at the top all "
                 "again", "s", text_anchor="end")
        self.frame(self.flame.top, 0, 1, 0)
        y = TOP + (self.depth + 1) * ROW + 30
        bottom = self.shares(y)
        script = SCRIPT % (WIDTH - 2 * MARGIN, MARGIN, mono_width("x", SIZE))
        css = ("g.f { cursor: pointer; }\n"
               f"g.f:hover rect {{ stroke: {MUTED}; stroke-width: 1.6; }}\n")
        return svg.whole(WIDTH, bottom + 20, self.title, css, script)


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def flame(trace, protocols, roots, name):
    whole = [call for call in roots if call.is_whole]
    made = Flame(trace, protocols, whole)
    unfinished = len(roots) - len(whole)
    subtitle = (f"{len(whole)} requests, {duration(made.top.ns)} in all" +
                (f"; {unfinished} that had no end are left out" if unfinished else ""))
    return Picture(made, f"{name}: where requests spent their time", subtitle).draw()
