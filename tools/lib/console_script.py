# SPDX-License-Identifier: MIT
"""Scripts that type at the serial console and check what appears.

One statement per line; empty lines and lines that start with # are skipped.

    expect REGEX       wait until the output after the last match has a match
    also REGEX         the same, but in any order with the expect before: search where that began
    type TEXT          type TEXT and the Enter key
    until REGEX type TEXT   for what settles: type TEXT, and again whenever half a second brings
                       no output, until what came since has a match
    send TEXT          type TEXT alone; \\n \\r \\t \\e \\\\ and \\xHH are understood, as in type
    not REGEX          from here on REGEX must not appear, up to the end of the run
    timeout SECONDS    how long each later statement may wait (default 20)
    debugcon REGEX     wait until the debug console (port 0xe9) has shown a match
    idle SECONDS PERCENT   watch for SECONDS: QEMU may use PERCENT of one host core
    tap                wait for a plan `1..N`, demand N lines `ok` and no `not ok`
    exit CODE          QEMU must end by itself with this status

${CPUS}, ${BOOT}, ${KERNEL} and ${MEMORY} stand for the machine's settings (MEMORY in MiB).
REGEX is a Python regular expression; ^ and $ match at line ends. Terminal escape sequences and
carriage returns are taken out of the output before it is compared.
"""
import os
import re
import select
import time
from dataclasses import dataclass

ESCAPE_SEQUENCE = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|[()][0-9A-B]|[=>78c])|\r")
# An escape sequence that the last read has cut in two.
ESCAPE_START = re.compile(r"\x1b(\[[0-9;?]*[ -/]*|[()])?$")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "e": "\x1b", "\\": "\\"}
VERBS = ("expect", "also", "type", "until", "send", "not", "timeout", "debugcon", "idle", "tap",
         "exit")
DEFAULT_TIMEOUT = 20
# How long `until` lets the machine be silent before it types its line again.
SILENCE = 0.5

TAP_PLAN = re.compile(r"^(?:.*[ \t])?1\.\.(\d+)[ \t]*\n", re.M)
TAP_OK = re.compile(r"^(?:(?!.*\bnot ok).*[ \t])?ok (\d+)\b.*\n", re.M)
TAP_NOT_OK = re.compile(r"^(?:.*[ \t])?not ok \d+\b.*\n", re.M)


class ScriptError(Exception):
    """A script that cannot be read; the text names file and line."""


class Failed(Exception):
    """What the script asked for did not happen."""


@dataclass
class Step:
    line: int
    verb: str
    text: str
    value: object


def unescape(text):
    def one(match):
        code = match[1]
        if code[0] == "x":
            return chr(int(code[1:], 16))
        return ESCAPES[code]
    return re.sub(r"\\(x[0-9a-fA-F]{2}|[nrte\\])", one, text)


def read(path, settings=None):
    """The steps of the script at PATH; SETTINGS maps the names in ${NAME} to their values."""
    def setting(match):
        if settings is None:
            return match[0]
        if match[1] not in settings:
            raise ScriptError(f"{where}: {match[0]} is none of {', '.join(settings)}")
        return str(settings[match[1]])
    steps = []
    with open(path) as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            verb, _, text = line.strip(" ").partition(" ")
            where = f"{path}:{number}"
            text = re.sub(r"\$\{([A-Z]+)\}", setting, text)
            if verb not in VERBS:
                raise ScriptError(f"{where}: {verb!r} is none of {', '.join(VERBS)}")
            if not text and verb not in ("type", "tap"):
                raise ScriptError(f"{where}: {verb} needs an argument")
            try:
                steps.append(Step(number, verb, text, parse(verb, text)))
            except (ValueError, re.error) as error:
                raise ScriptError(f"{where}: {verb} {text}: {error}") from None
    if not steps:
        raise ScriptError(f"{path}: the script is empty, it would check nothing")
    return steps


def parse(verb, text):
    if verb in ("expect", "also", "not", "debugcon"):
        return re.compile(text, re.M)
    if verb in ("type", "send"):
        return unescape(text).encode("latin-1", "replace")
    if verb == "until":
        regex, found, line = text.partition(" type ")
        if not found:
            raise ValueError("takes REGEX type TEXT")
        return re.compile(regex, re.M), unescape(line).encode("latin-1", "replace") + b"\r"
    if verb == "timeout":
        return float(text)
    if verb == "exit":
        return int(text)
    if verb == "tap":
        if text:
            raise ValueError("takes no argument")
        return None
    seconds, percent = text.split()
    return float(seconds), float(percent)


class Console:
    """Runs a script against a QEMU process whose serial port is on its standard streams."""

    def __init__(self, process, log, debugcon, echo, limit):
        self.process = process
        self.log = log            # binary file that gets all output
        self.echo = echo          # binary file that gets it too, for a person who watches
        self.debugcon = debugcon  # path
        self.output = process.popen.stdout.fileno()
        os.set_blocking(self.output, False)
        self.pending = ""         # output that no complete escape sequence hides any more
        self.text = ""            # output so far, cleaned
        self.position = 0         # end of the last match in text
        self.start = 0            # where the search of the last expect began
        self.forbidden = []       # (regex, where in text it starts to count, line of the script)
        self.ended = False
        self.case_count = 0       # TAP results that were ok
        self.limit = limit
        self.end = time.monotonic() + limit

    def pump(self, seconds):
        """Take what QEMU has said, waiting at most this long for the first byte."""
        if time.monotonic() > self.end:
            raise Failed(f"the whole run took longer than {self.limit:g} seconds")
        if self.ended:
            time.sleep(min(seconds, 0.05))
            return
        readable, _, _ = select.select([self.output], [], [], max(seconds, 0))
        if not readable:
            return
        try:
            chunk = os.read(self.output, 65536)
        except BlockingIOError:
            return
        if not chunk:
            self.ended = True
            return
        self.log.write(chunk)
        self.log.flush()
        if self.echo:
            self.echo.write(chunk)
            self.echo.flush()
        self.pending += chunk.decode("utf-8", "replace")
        cut = ESCAPE_START.search(self.pending)
        end = cut.start() if cut else len(self.pending)
        self.text += ESCAPE_SEQUENCE.sub("", self.pending[:end])
        self.pending = self.pending[end:]
        self.check_forbidden()

    def check_forbidden(self):
        for regex, start, line in self.forbidden:
            match = regex.search(self.text, start)
            if match:
                raise Failed(f"line {line}: not {regex.pattern}: it did appear: {match[0]!r}")

    def wait(self, seconds, done, what):
        """Pump until DONE() returns something."""
        end = time.monotonic() + seconds
        while True:
            result = done()
            if result is not None:
                return result
            left = end - time.monotonic()
            if left <= 0:
                raise Failed(f"{what}: nothing for {seconds:g} seconds")
            if self.ended and self.process.popen.poll() is not None:
                result = done()
                if result is not None:
                    return result
                raise Failed(f"{what}: QEMU ended with status {self.process.popen.returncode}")
            self.pump(min(left, 0.25))

    def run(self, steps):
        timeout = DEFAULT_TIMEOUT
        for step in steps:
            what = f"line {step.line}: {step.verb} {step.text}".rstrip()
            if step.verb == "timeout":
                timeout = step.value
            elif step.verb == "expect":
                self.start = self.position
                self.expect(step.value, timeout, what)
            elif step.verb == "also":
                self.expect(step.value, timeout, what)
            elif step.verb == "until":
                self.until(*step.value, timeout, what)
            elif step.verb in ("type", "send"):
                self.type(step.value + (b"\r" if step.verb == "type" else b""), what)
            elif step.verb == "not":
                self.forbidden.append((step.value, len(self.text), step.line))
            elif step.verb == "debugcon":
                self.wait(timeout, lambda: self.in_debugcon(step.value), what)
            elif step.verb == "idle":
                self.idle(*step.value, what)
            elif step.verb == "tap":
                self.tap(timeout, what)
            elif step.verb == "exit":
                self.exit(step.value, timeout, what)
        self.pump(0.1)

    def expect(self, regex, timeout, what):
        match = self.wait(timeout, lambda: regex.search(self.text, self.start), what)
        self.position = max(self.position, match.end())

    def until(self, regex, keys, timeout, what):
        self.start = self.position
        seen, quiet_since = -1, 0

        def done():
            nonlocal seen, quiet_since
            match = regex.search(self.text, self.start)
            if match:
                return match
            if seen != len(self.text):
                seen, quiet_since = len(self.text), time.monotonic()
            elif time.monotonic() - quiet_since >= SILENCE:
                self.type(keys, what)
                quiet_since = time.monotonic()
            return None
        self.type(keys, what)
        self.position = self.wait(timeout, done, what).end()

    def type(self, keys, what):
        try:
            self.process.popen.stdin.write(keys)
            self.process.popen.stdin.flush()
        except BrokenPipeError:
            raise Failed(f"{what}: QEMU has ended") from None

    def in_debugcon(self, regex):
        if self.debugcon is None:
            raise Failed("this run has no debug console")
        with open(self.debugcon, errors="replace") as file:
            return regex.search(file.read().replace("\r", ""))

    def idle(self, seconds, percent, what):
        start, used = time.monotonic(), self.process.cpu_seconds()
        while time.monotonic() < start + seconds:
            self.pump(start + seconds - time.monotonic())
            if self.ended:
                raise Failed(f"{what}: QEMU ended")
        part = 100 * (self.process.cpu_seconds() - used) / (time.monotonic() - start)
        if part > percent:
            raise Failed(f"{what}: QEMU used {part:.1f} % of a core")

    def tap(self, timeout, what):
        """The plan may stand before or after the results; a log prefix may stand before each."""
        def done():
            self.bad = TAP_NOT_OK.search(self.text, self.position)
            plan = TAP_PLAN.search(self.text, self.position)
            oks = TAP_OK.findall(self.text, self.position)
            if self.bad or plan and len(oks) >= int(plan[1]):
                return plan, oks
            return None
        plan, oks = self.wait(timeout, done, what)
        if self.bad:
            raise Failed(f"{what}: {self.bad[0].strip()}")
        numbers = [int(number) for number in oks]
        if not numbers or numbers != list(range(1, int(plan[1]) + 1)):
            raise Failed(f"{what}: plan 1..{plan[1]}, but these results: {numbers}")
        self.case_count += len(numbers)
        self.position = max(plan.end(), *(match.end() for match in
                                          TAP_OK.finditer(self.text, self.position)))

    def exit(self, code, timeout, what):
        status = self.wait(timeout, self.process.popen.poll, what)
        while not self.ended:
            self.pump(0.1)
        if status != code:
            raise Failed(f"{what}: QEMU ended with status {status}")


def run_script(process, steps, log, debugcon=None, echo=None, limit=float("inf")):
    """Run STEPS in at most LIMIT seconds. Returns what did not happen in one line, or None, and the
    number of TAP cases."""
    console = Console(process, log, debugcon, echo, limit)
    try:
        console.run(steps)
        return None, console.case_count
    except Failed as failure:
        return str(failure), console.case_count
