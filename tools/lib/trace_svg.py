# SPDX-License-Identifier: MIT
"""What the pictures of a trace are drawn with: shapes, and a color for each program."""
from html import escape

SANS = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"
MONO = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"
MONO_WIDTH = 0.602  # of a letter, in its size

INK, MUTED, FAINT, RED, PAPER = "#1f2430", "#6b7280", "#d5d9e0", "#c62f3b", "#ffffff"

# Line, and a fill on which ink can be read.
COLORS = (("#3b6ea8", "#cfe0f3"), ("#c9731a", "#fbdcb8"), ("#3f8f3f", "#cfeacb"),
          ("#8a5aa8", "#e5d5f0"), ("#2f8f8a", "#c5e8e4"), ("#a8782f", "#efe0b9"),
          ("#c0507a", "#f7d3e0"), ("#5b6bc0", "#d8dcf6"), ("#7a7f3a", "#e4e6c2"),
          ("#4f7f9f", "#d3e5ee"), ("#b0483e", "#f6d0ca"), ("#6a8f2c", "#deecc0"),
          ("#9a4fb0", "#efd3f5"), ("#2f7f5f", "#c6e6d6"), ("#8f6a5a", "#eadbd3"),
          ("#39759a", "#c9e2f2"))
NOBODY = ("#8b93a1", "#e8ebf0")


class Palette:
    """Colors for the programs of calls, in the order in which they appear."""

    def __init__(self, calls):
        self.given = {0: NOBODY}
        for call in calls:
            self.of(call.client_process)
            self.of(call.server_process)

    def of(self, process):
        return self.given.setdefault(process, COLORS[(len(self.given) - 1) % len(COLORS)])


def shortened(text, letters):
    return text if len(text) <= letters else text[:max(0, letters - 1)] + "…"


def mono_width(text, size):
    return len(text) * size * MONO_WIDTH


class Svg:
    def __init__(self):
        self.parts = []

    def add(self, text):
        self.parts.append(text)

    def shape(self, name, title=None, **attributes):
        words = "".join(f' {key.replace("_", "-")}="{escape(str(value))}"'
                        for key, value in attributes.items() if value is not None)
        self.add(f"<{name}{words}/>" if title is None else
                 f"<{name}{words}><title>{escape(title)}</title></{name}>")

    def text(self, x, y, text, css="m", title=None, **attributes):
        words = "".join(f' {key.replace("_", "-")}="{escape(str(value))}"'
                        for key, value in attributes.items() if value is not None)
        inner = escape(text) + (f"<title>{escape(title)}</title>" if title else "")
        self.add(f'<text x="{x:.1f}" y="{y:.1f}" class="{css}"{words}>{inner}</text>')

    def whole(self, width, height, title, css="", script=""):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
                f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">\n'
                f"<title>{escape(title)}</title>\n<style>\n"
                f"text {{ fill: {INK}; }}\n"
                f".h {{ font: 600 18px {SANS}; }}\n"
                f".s {{ font: 12px {SANS}; fill: {MUTED}; }}\n"
                f".b {{ font: 600 13px {SANS}; }}\n"
                f".m {{ font: 11px {MONO}; }}\n"
                f".q {{ font: 11px {MONO}; fill: {MUTED}; }}\n"
                f".e {{ font: 11px {MONO}; fill: {RED}; }}\n{css}</style>\n"
                f'<rect width="100%" height="100%" fill="{PAPER}"/>\n' +
                "\n".join(self.parts) + (f"\n<script><![CDATA[\n{script}]]></script>" if script
                                         else "") + "\n</svg>\n")
