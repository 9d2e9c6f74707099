# SPDX-License-Identifier: MIT
"""What a manifest says: entries as the structures of include/idl/manifest.idl, in the order of their
start, or errors."""
import re
from dataclasses import dataclass, field

KINDS = {"server", "session", "found"}
NAME_MAX, PROGRAM_MAX = 15, 39
UNLIMITED = 2**64 - 1
NONE = 2**32 - 1
MILLISECOND = 10**6
PERIOD_NS = 100 * MILLISECOND
SIZES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
TIMES = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}

# Names that init serves itself, with their badges.
INIT_NAMES = {"servers": 0x103, "manifest": 0x200}

# What runs a session, and the names whose sessions it is given.
SESSION_PROGRAM = "servers/session"
SESSION_GETS = ("proc_control", "vfs")
SESSION_DEFAULTS = {"kept_bytes": 4096, "deaths_max": 0, "delay_min_ns": 100 * MILLISECOND,
                    "delay_max_ns": 10000 * MILLISECOND}

# Rights of a resource (include/abi/quay/abi/object.h), by the word of `grants resource`.
RIGHTS = {"irq": 1 << 16, "io": 1 << 17, "memory": 1 << 18, "figures": 1 << 19, "power": 1 << 20,
          "trace": 1 << 21}
RIGHTS_BASIC = 15

# Statements that may stand in each kind of block, and how often: once, or any number of times.
ONCE = {"program", "arguments", "kept", "memory", "processes", "threads", "cpu", "priority",
        "restart", "delay", "give-up", "stop", "tokens"}
MANY = {"serves", "needs", "uses", "binds", "after", "gets", "grants"}
NOT_IN = {"session": {"kept", "tokens", "serves", "grants", "gets", "after"},
          "found": {"program", "arguments", "serves", "after", "grants", "gets"},
          "server": set()}
GRANTS = {"io", "irq", "physical", "framebuffer", "acpi", "archive", "names", "resource", "job",
          "view", "exceptions"}
LIMITS = {"serves": 8, "needs": 24, "binds": 8, "grants": 12, "arguments": 256, "entries": 40}


@dataclass
class Entry:
    """One block, as it is understood; `words` has where each thing stands."""
    block: object
    name: str
    kind: str
    program: str = ""
    arguments: list = field(default_factory=list)
    serves: list = field(default_factory=list)      # (name, badge)
    needs: list = field(default_factory=list)       # (word, is_ordered)
    binds: list = field(default_factory=list)       # words
    after: list = field(default_factory=list)       # words
    gets: list = field(default_factory=list)        # (word of name, badge or None)
    grants: list = field(default_factory=list)      # (kind, value, count, name, word)
    numbers: dict = field(default_factory=dict)
    restart: str = "always"


DEFAULTS = {"kept_bytes": 0, "memory_bytes_max": UNLIMITED, "processes_max": UNLIMITED,
            "threads_max": UNLIMITED, "cpu_time_max": UNLIMITED, "priority_max": UNLIMITED,
            "delay_min_ns": MILLISECOND, "delay_max_ns": 1000 * MILLISECOND,
            "window_ns": 60000 * MILLISECOND, "stop_ns": 2000 * MILLISECOND, "deaths_max": 10, "tokens": 32}


class Reader:
    """Reads one block."""

    def __init__(self, errors, entry):
        self.errors, self.entry = errors, entry

    def number(self, word, units, least, most, what):
        match = re.fullmatch(r"(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})([A-Za-z]*)", word.text)
        if word.kind != "word" or not match:
            self.errors.add(word, f"want {what}, not `{word.text}`")
            return least
        digits, unit = match[1], match[2]
        if digits[:2].lower() == "0x":
            value = int(digits, 16)
        else:
            value = int(digits)
        if unit not in units:
            known = ", ".join(unit for unit in units if unit)
            self.errors.add(word, f"`{unit}` is no unit here",
                            f"a number, or one with {known} behind it" if known else "")
            return least
        value *= units[unit]
        if not least <= value <= most:
            self.errors.add(word, f"{word.text} is out of range: {what} from {least} to {most}")
            return least
        return value

    def words(self, statement, least, most, usage):
        """The words of a statement without commas."""
        words = [word for part in statement.parts for word in part]
        if len(statement.parts) > 1 or not least <= len(words) <= most:
            self.errors.add(statement.name, f"`{statement.name.text}` is used wrongly",
                            f"{statement.name.text} {usage};")
            return None
        return words

    def name(self, word, wild=False):
        if wild and word.text == "*":
            return True
        if word.kind == "word" and re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", word.text) and \
                len(word.text) <= NAME_MAX:
            return True
        self.errors.add(word, f"`{word.text}` is no name: want 1 to {NAME_MAX} of a-z, 0-9, `_`, "
                        "`.` and `-`")
        return False

    def read(self):
        seen = {}
        known = (ONCE | MANY) - NOT_IN[self.entry.kind]
        for statement in self.entry.block.statements:
            word = statement.name
            if word.text not in known:
                where = f"a block `{self.entry.kind}` has none" if word.text in ONCE | MANY \
                    else "it is no statement"
                self.errors.unknown(word, f"`{word.text}`: {where}", known)
                continue
            if word.text in ONCE and word.text in seen:
                self.errors.add(word, f"`{word.text}` is there twice")
            seen[word.text] = word
            getattr(self, "read_" + word.text.replace("-", "_"))(statement)
        entry = self.entry
        for what, items in (("serves", entry.serves), ("needs", entry.needs),
                            ("binds", entry.binds), ("grants", entry.grants + entry.gets)):
            if len(items) > LIMITS[what]:
                self.errors.add(entry.block.name, f"`{entry.name}` has more than {LIMITS[what]} "
                                f"of `{what}`")

    def read_program(self, statement):
        words = self.words(statement, 1, 1, "PATH")
        if words:
            path = words[0].text
            if not 0 < len(path.encode()) <= PROGRAM_MAX or not path.isprintable():
                self.errors.add(words[0], f"a path has 1 to {PROGRAM_MAX} bytes")
                return
            self.entry.program = path

    def read_arguments(self, statement):
        words = self.words(statement, 1, 15, "TEXT...")
        self.entry.arguments = [word.text for word in words or []]
        if words and sum(len(word.text.encode()) + 1 for word in words) > LIMITS["arguments"]:
            self.errors.add(words[0], f"arguments of more than {LIMITS['arguments']} bytes")

    def badged(self, statement, badge_max):
        """(word of the name, badge or None) of each `NAME [badge NUMBER]`."""
        for part in statement.parts:
            if not part or len(part) not in (1, 3) or len(part) == 3 and part[1].text != "badge":
                self.errors.add(part[0] if part else statement.name,
                                f"`{statement.name.text}` is used wrongly",
                                f"{statement.name.text} NAME [badge NUMBER], ...;")
                continue
            badge = None if len(part) == 1 else \
                self.number(part[2], {"": 1}, 0, badge_max, "a badge")
            if self.name(part[0]):
                yield part[0], badge

    def read_serves(self, statement):
        self.entry.serves += [(word, 1 if badge is None else badge)
                              for word, badge in self.badged(statement, 2**32 - 1)]

    def names(self, statement, wild):
        for part in statement.parts:
            if len(part) != 1:
                self.errors.add(part[0] if part else statement.name,
                                f"`{statement.name.text}` is used wrongly",
                                f"{statement.name.text} NAME, ...;")
            elif self.name(part[0], wild):
                yield part[0]

    def read_needs(self, statement):
        self.entry.needs += [(word, True) for word in self.names(statement, True)]

    def read_uses(self, statement):
        self.entry.needs += [(word, False) for word in self.names(statement, True)]

    def read_binds(self, statement):
        self.entry.binds += list(self.names(statement, True))

    def read_after(self, statement):
        self.entry.after += list(self.names(statement, False))

    def read_gets(self, statement):
        self.entry.gets += self.badged(statement, UNLIMITED)

    def read_grants(self, statement):
        words = self.words(statement, 1, 12, "KIND [VALUE]...")
        if not words:
            return
        kind, values = words[0], words[1:]
        if kind.text not in GRANTS:
            self.errors.unknown(kind, f"`{kind.text}` is nothing that can be granted", GRANTS)
            return
        forms = {"io": (2, 3, "FIRST COUNT [NAME]"), "irq": (1, 2, "LINE [NAME]"),
                 "physical": (2, 3, "ADDRESS BYTES [NAME]"), "job": (1, 1, "NAME"),
                 "view": (2, 2, "ENTRY NAME"), "resource": (1, 11, "RIGHT | ...")}
        least, most, usage = forms.get(kind.text, (0, 0, ""))
        if not least <= len(values) <= most:
            self.errors.add(kind, f"`grants {kind.text}` is used wrongly",
                            f"grants {kind.text}{' ' + usage if usage else ''};")
            return
        getattr(self, "grant_" + kind.text, self.grant_plain)(kind, values)

    def grant(self, kind, value=0, count=0, name="", of=None):
        self.entry.grants.append((kind.text, value, count, name, of or kind))

    def thing_name(self, words):
        return words[0].text if words and self.name(words[0]) else ""

    def grant_plain(self, kind, values):
        self.grant(kind)

    def grant_io(self, kind, values):
        first = self.number(values[0], {"": 1}, 0, 65535, "an I/O port")
        count = self.number(values[1], {"": 1}, 1, 65536 - first, "a number of I/O ports")
        self.grant(kind, first, count, self.thing_name(values[2:]))

    def grant_irq(self, kind, values):
        line = self.number(values[0], {"": 1}, 0, 255, "an interrupt line")
        self.grant(kind, line, 0, self.thing_name(values[1:]))

    def grant_physical(self, kind, values):
        address = self.number(values[0], {"": 1}, 0, 2**52 - 4096, "an address")
        count = self.number(values[1], SIZES, 4096, 2**40, "a number of bytes")
        if (address | count) % 4096:
            self.errors.add(values[0], "physical memory begins and ends at a page (4096 bytes)")
        self.grant(kind, address, count, self.thing_name(values[2:]))

    def grant_job(self, kind, values):
        if self.name(values[0]):
            self.grant(kind, name=values[0].text)

    def grant_view(self, kind, values):
        if self.name(values[0]) and self.name(values[1]):
            self.grant(kind, name=values[1].text, of=values[0])

    def grant_resource(self, kind, values):
        rights = 0
        for word in values:
            if word.kind == "sign" and word.text == "|":
                continue
            if word.text not in RIGHTS:
                self.errors.unknown(word, f"`{word.text}` is no right of a resource", RIGHTS)
            rights |= RIGHTS.get(word.text, 0)
        self.grant(kind, rights | RIGHTS_BASIC)

    def one(self, statement, key, units, least, most, what):
        words = self.words(statement, 1, 1, what.upper().replace("A ", "", 1))
        if words:
            self.entry.numbers[key] = self.number(words[0], units, least, most, what)

    def read_kept(self, statement):
        self.one(statement, "kept_bytes", SIZES, 1, 2**30, "a number of bytes")

    def read_memory(self, statement):
        self.one(statement, "memory_bytes_max", SIZES, 2**16, 2**50, "a number of bytes")

    def read_tokens(self, statement):
        self.one(statement, "tokens", {"": 1}, 1, 65536, "a number")

    def read_processes(self, statement):
        self.one(statement, "processes_max", {"": 1}, 1, 10**6, "a number")

    def read_threads(self, statement):
        self.one(statement, "threads_max", {"": 1}, 1, 10**6, "a number")

    def read_cpu(self, statement):
        self.one(statement, "cpu_time_max", TIMES, MILLISECOND, 255 * PERIOD_NS,
                 "a time in each 100ms")

    def read_priority(self, statement):
        self.one(statement, "priority_max", {"": 1}, 0, 255, "a priority")

    def read_stop(self, statement):
        self.one(statement, "stop_ns", TIMES, 0, 60 * 10**9, "a time")

    def read_restart(self, statement):
        ways = ("always", "never", "on-failure")
        words = self.words(statement, 1, 1, " | ".join(ways))
        if words and words[0].text not in ways:
            self.errors.unknown(words[0], f"`{words[0].text}` is none of {', '.join(ways)}", ways)
        elif words:
            self.entry.restart = words[0].text

    def read_delay(self, statement):
        words = self.words(statement, 2, 2, "LEAST MOST")
        if words:
            least = self.number(words[0], TIMES, 0, 3600 * 10**9, "a time")
            most = self.number(words[1], TIMES, least, 3600 * 10**9, "a time")
            self.entry.numbers.update(delay_min_ns=least, delay_max_ns=most)

    def read_give_up(self, statement):
        words = self.words(statement, 3, 3, "DEATHS within TIME")
        if words and words[1].text == "within":
            deaths = self.number(words[0], {"": 1}, 0, 64, "a number of deaths")
            window = self.number(words[2], TIMES, 1, 24 * 3600 * 10**9, "a time")
            self.entry.numbers.update(deaths_max=deaths, window_ns=window)
        elif words:
            self.errors.add(words[1], f"want `within`, not `{words[1].text}`")


class Checker:
    """Looks at all entries together."""

    def __init__(self, entries, programs, errors):
        self.entries, self.programs, self.errors = entries, programs, errors
        self.by_name, self.server_of = {}, {}

    def check(self):
        if len(self.entries) > LIMITS["entries"]:
            self.errors.add(self.entries[LIMITS["entries"]].block.name,
                            f"more than {LIMITS['entries']} blocks")
        self.collect()
        for entry in self.entries:
            self.check_program(entry)
            self.check_names(entry)
            if entry.kind == "session":
                self.check_session(entry)
        self.check_devices()
        return self.order()

    def check_session(self, entry):
        for name in SESSION_GETS:
            if name not in self.server_of:
                self.errors.add(entry.block.name, f"a session needs a server of the name `{name}`")
        if self.programs is not None and SESSION_PROGRAM not in self.programs:
            self.errors.add(entry.block.name, f"a session needs `{SESSION_PROGRAM}` in the archive")

    def collect(self):
        for entry in self.entries:
            if entry.name in self.by_name:
                self.errors.add(entry.block.name, f"`{entry.name}` is there twice")
            self.by_name.setdefault(entry.name, entry)
            for word, _ in entry.serves:
                if word.text in INIT_NAMES:
                    self.errors.add(word, f"init serves `{word.text}` itself")
                elif word.text in self.server_of:
                    other = self.server_of[word.text].name
                    self.errors.add(word, f"`{word.text}` is served by `{other}` already")
                self.server_of.setdefault(word.text, entry)

    def check_program(self, entry):
        if entry.kind == "found" or self.programs is None:
            return
        path = entry.program
        if entry.kind == "session" and path.startswith("/bin/"):
            path = path[1:]  # /bin is the folder of that name of the archive
        if path not in self.programs:
            word = next((statement.parts[0][0] for statement in entry.block.statements
                         if statement.name.text == "program" and statement.parts[0]),
                        entry.block.name)
            known = self.programs if entry.kind == "server" else \
                {"/" + name for name in self.programs if name.startswith("bin/")}
            self.errors.unknown(word, f"there is no program `{entry.program}` in the archive",
                                known)

    def check_names(self, entry):
        bound = {word.text for other in self.entries for word in other.binds}
        known = set(self.server_of) | set(INIT_NAMES) | bound - {"*"}
        for word in [word for word, _ in entry.needs]:
            if word.text not in known and word.text != "*":
                self.errors.unknown(word, f"nobody serves or binds the name `{word.text}`", known)
        for word, _ in entry.gets:
            if word.text not in set(self.server_of) | set(INIT_NAMES):
                self.errors.unknown(word, f"nobody provides `{word.text}`: no server has this "
                                    "name for its port", set(self.server_of) | set(INIT_NAMES))
        for word in entry.after:
            if word.text not in self.by_name:
                self.errors.unknown(word, f"there is no block `{word.text}`", self.by_name)
        for kind, _, _, _, word in entry.grants:
            if kind == "view" and word.text not in self.by_name:
                self.errors.unknown(word, f"there is no block `{word.text}`", self.by_name)
        for word in entry.binds:
            owner = self.server_of.get(word.text)
            if owner is not None and owner is not entry:
                self.errors.add(word, f"`{word.text}` is served by `{owner.name}`")

    def check_devices(self):
        """A device has one driver."""
        taken = []
        for entry in self.entries:
            for kind, value, count, _, word in entry.grants:
                if kind not in ("io", "irq", "physical"):
                    continue
                end = value + max(count, 1)
                for other, other_kind, first, last in taken:
                    if other_kind == kind and value < last and first < end:
                        self.errors.add(word, f"`{entry.name}` gets what `{other}` has already")
                        break
                taken.append((entry.name, kind, value, end))

    def dependencies(self, entry):
        """Entries that must be started before, with the word that says so."""
        found = []
        for word in entry.after:
            found.append((self.by_name.get(word.text), word))
        for word, is_ordered in entry.needs:
            if is_ordered:
                found.append((self.server_of.get(word.text), word))
        if entry.kind == "session":
            found += [(other, entry.block.name) for other in self.entries
                      if other.kind == "server"]
        place = {other.name: index for index, other in enumerate(self.entries)}
        return sorted(((other, word) for other, word in found
                       if other is not None and other is not entry),
                      key=lambda item: place[item[0].name])

    def order(self):
        """The entries in the order of their start: dependencies first, else as they are written."""
        ordered, done, path = [], set(), []

        def visit(entry):
            stack = [(entry, iter(self.dependencies(entry)))]
            path.append(entry.name)
            while stack:
                current, rest = stack[-1]
                step = next(rest, None)
                if step is None:
                    stack.pop()
                    path.pop()
                    done.add(current.name)
                    ordered.append(current)
                    continue
                other, word = step
                if other.name in done:
                    continue
                if other.name in path:
                    ring = path[path.index(other.name):] + [other.name]
                    self.errors.add(word, f"a circle: {' needs '.join(ring)}",
                                    "`uses` in place of `needs` does not order the start")
                    done.add(other.name)
                    return False
                path.append(other.name)
                stack.append((other, iter(self.dependencies(other))))
            return True

        for entry in self.entries:
            if entry.name not in done and self.by_name.get(entry.name) is entry:
                del path[:]
                if not visit(entry):
                    return []
        return ordered


def encode(ordered, checker):
    """The entries as plain structures of include/idl/manifest.idl."""
    place = {entry.name: index for index, entry in enumerate(ordered)}
    made = []
    for entry in ordered:
        defaults = dict(DEFAULTS, **SESSION_DEFAULTS) if entry.kind == "session" else DEFAULTS
        value = dict(defaults, **entry.numbers)
        after = 0
        for other, _ in checker.dependencies(entry):
            after |= 1 << place[other.name]
        grants = [{"kind": kind, "value": number, "count": count, "name": name,
                   "entry": place[word.text] if kind == "view" else NONE}
                  for kind, number, count, name, word in entry.grants]
        gets = [(word.text, badge) for word, badge in entry.gets]
        gets += [(name, None) for name in SESSION_GETS if entry.kind == "session"]
        for name, badge in gets:
            owner = checker.server_of.get(name)
            if badge is None:
                badge = INIT_NAMES[name] if owner is None else \
                    next(number for word, number in owner.serves if word.text == name)
            grants.append({"kind": "session", "value": badge, "count": 0, "name": name,
                           "entry": NONE if owner is None else place[owner.name]})
        arguments = b"".join(text.encode() + b"\0" for text in entry.arguments)
        value.update(
            kind=entry.kind, restart=entry.restart.replace("-", "_"), name=entry.name,
            program=entry.program, after=after, arguments=arguments,
            argument_count=len(entry.arguments),
            serves=[{"name": word.text, "badge": badge} for word, badge in entry.serves],
            needs=[{"name": word.text} for word, _ in entry.needs],
            binds=[{"name": word.text} for word in entry.binds], grants=grants)
        for what in ("serves", "needs", "binds", "grants"):
            value[what + "_count"] = len(value[what])
        made.append(value)
    return made


def understand(blocks, programs, errors):
    """(ordered entries, checker); programs None: not checked."""
    entries = []
    for block in blocks:
        kind = block.kind.text
        name = "found" if kind == "found" else block.name.text
        if kind != "found" and block.name is block.kind:
            errors.add(block.kind, f"the block has no name: {kind} NAME {{")
            continue
        entry = Entry(block, name, kind, program="" if kind == "found" else "servers/" + name)
        reader = Reader(errors, entry)
        if kind == "found" or reader.name(block.name):
            reader.read()
            entries.append(entry)
    checker = Checker(entries, programs, errors)
    return checker.check(), checker
