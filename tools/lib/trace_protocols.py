# SPDX-License-Identifier: MIT
"""Numbers of methods become names, and payloads text, by the JSON form of the interfaces
(`idl json`; the build leaves it in build/include/idl).

A trace has the first bytes of a payload only: text ends with `...` where they end.
"""
import json
import re
import struct

RESERVED = {0x7fffffff: "subscribe", 0x7ffffffe: "describe", 0x7ffffffd: "statistics",
            0x7ffffffc: "batch", 0x7ffffffb: "inbox"}  # libsys/include/quay

# A fault that is told to a handler is a call with the number of `describe` and the registers
# (include/abi/quay/abi/exception.h); it gets a number of its own here.
DESCRIBE, EXCEPTION = 0x7ffffffe, 0xfffffffe
EXCEPTION_BYTES_MIN = 64
RESERVED[EXCEPTION] = "exception"
EXCEPTION_ANSWERS = {1: "kill", 2: "pass"}

BRIEF_TEXT, BRIEF_ELEMENTS = 60, 8


class Cut(Exception):
    """The bytes end here; what there is of the value."""

    def __init__(self, text=""):
        super().__init__(text)
        self.text = text


class Malformed(Exception):
    """This is not what the interface says."""


def errors_of(header):
    """{number: name} from include/abi/quay/abi/errno.h."""
    return {int(number): name for name, number in re.findall(
        r"^#define (E[A-Z0-9_]+) +(\d+)", header.read_text(), re.M)}


class Protocols:
    """Of all JSON files of some folders."""

    def __init__(self, folders, errno_header=None):
        self.declarations = {}
        self.protocols = {}  # full name, short name, by number
        self.methods = {}    # by number; those of events in `events`
        self.events = {}
        self.errors = errors_of(errno_header) if errno_header and errno_header.exists() else {}
        for folder in folders:
            for path in sorted(folder.glob("*.json")):
                self.add(json.loads(path.read_text()))

    def add(self, library):
        for declaration in library["declarations"]:
            self.declarations[library["library"], declaration["name"]] = declaration
            if declaration["kind"] != "protocol" or "number" not in declaration:
                continue
            full = f"{library['library']}.{declaration['name']}"
            self.protocols[declaration["number"]] = (full, declaration["name"])
            for method in declaration["methods"]:
                (self.events if "event" in method else self.methods)[method["number"]] = method

    def protocol_full_name(self, number):
        """"quay.dir.dir", of a number of a method; of one that is not known its number."""
        found = self.protocols.get(number >> 16)
        return found[0] if found else f"0x{number >> 16:x}"

    def method_name(self, number, is_event=False):
        """"dir.open"; what is not known by its numbers."""
        if number in RESERVED and not is_event:
            return RESERVED[number]
        if is_event and number == 0:
            return "lost"
        method = (self.events if is_event else self.methods).get(number)
        protocol = self.protocols.get(number >> 16)
        if protocol is None:
            return f"0x{number:x}"
        return f"{protocol[1]}.{method['name'] if method else number & 0xffff}"

    def error_name(self, number, status):
        """What an answer to this method says went wrong."""
        method = self.methods.get(number)
        if number == EXCEPTION and status in EXCEPTION_ANSWERS:
            return EXCEPTION_ANSWERS[status]
        if status > 0 and method and "error" in method:
            members = self.declarations[method["error_library"], method["error"]]["members"]
            for member in members:
                if int(member["value"]) == status:
                    return member["name"]
        return self.errors.get(abs(status), f"error {abs(status)}")

    # --- messages ----------------------------------------------------------------------------

    def parameters(self, number, is_reply, data, length, is_event=False, is_brief=True):
        """"flags = read, path = "/etc"", of the first bytes of a payload."""
        method = (self.events if is_event else self.methods).get(number)
        if length is None:
            return "..."
        if method is None or (is_reply and "reply" not in method):
            return f"{length} bytes" if length else ""
        if length and not data:
            return f"{length} bytes"
        message = method["reply" if is_reply else "request"]
        parts = []
        decoder = Decoder(self, data, length, is_brief)
        try:
            for name, text in decoder.message(message):
                parts.append(f"{name} = {text}")
        except Cut as cut:
            parts.append(cut.text + "...")
        except Malformed:
            parts.append("... malformed")
        return ", ".join(parts)

    def request_text(self, call):
        name = self.method_name(call.method)
        return f"{name}({self.parameters(call.method, False, call.request, call.request_length)})"

    def reply_text(self, call):
        """"(kind = directory)", "not_found", "" if there is nothing to tell."""
        if call.ended is None and call.replied is None:
            return "unfinished"
        if call.status != 0:
            return self.error_name(call.method, call.status)
        return self.parameters(call.method, True, call.reply, call.reply_length)


def quoted(text):
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}"
                         for letter in text) + '"'


def is_text(data, is_brief):
    """Letters and line feeds; if people are to read it also what is nearly that, as the orders of a
    terminal are."""
    letters = sum(32 <= byte < 127 or byte == 10 for byte in data)
    return letters == len(data) > 0 or (is_brief and 0 not in data and letters > len(data) * 2 / 3)


class Decoder:
    def __init__(self, protocols, data, length, is_brief):
        self.declarations, self.data = protocols.declarations, data
        self.is_whole = len(data) >= length
        self.is_brief = is_brief

    def bytes_at(self, at, size):
        part = self.data[at:at + size]
        if len(part) < size:
            raise Cut() if not self.is_whole else Malformed()
        return part

    def message(self, message):
        """(name, text) of each parameter."""
        slots = {(slot["role"], slot.get("param")): slot for slot in message["fixed"]}
        tail = message["fixed_size"]
        for param in message["params"]:
            name, kind = param["name"], param["type"]
            try:
                if ("count", name) in slots:
                    count = int.from_bytes(self.slot(slots["count", name]), "little")
                    size = count * (kind["element"]["size"] if kind["kind"] == "vector" else 1)
                    text = self.tail(kind, count, tail, size)
                    tail += size
                elif ("has", name) in slots and self.slot(slots["has", name]) == b"\0":
                    text = "none"
                elif ("value", name) in slots:
                    bare = kind["element"] if kind["kind"] == "optional" else kind
                    text = self.value(bare, slots["value", name]["offset"])
                else:
                    text = self.beside(kind["element"] if kind["kind"] == "optional" else kind)
            except Cut as cut:
                raise Cut(f"{name} = {cut.text}") from None
            yield name, text

    def slot(self, slot):
        return self.bytes_at(slot["offset"], slot["size"])

    def beside(self, kind):
        """What no payload has: a handle, lent memory."""
        if not self.is_brief:
            return f"({kind['text']})"
        return f"({kind.get('object') or kind['text']})"

    def tail(self, kind, count, at, size):
        if kind["kind"] == "vector":
            return self.elements(kind["element"], at, count)
        is_cut = at + size > len(self.data)
        if is_cut and self.is_whole:
            raise Malformed()
        if kind["kind"] == "table":
            self.bytes_at(at, size)
            return self.table(kind, at, size)
        return self.text(self.data[at:at + size], is_cut)

    def text(self, data, is_cut=False):
        text = data.decode("utf-8", "replace")
        is_short = not self.is_brief or len(text) <= BRIEF_TEXT
        shown = quoted(text if is_short else text[:BRIEF_TEXT]) + ("" if is_short else "...")
        if is_cut:
            raise Cut(shown if is_short else shown[:-3])
        return shown

    # --- values ------------------------------------------------------------------------------

    def value(self, kind, at):
        name = kind["kind"]
        if name[1:].isdigit():
            return str(int.from_bytes(self.bytes_at(at, kind["size"]), "little",
                                      signed=name[0] == "i"))
        return getattr(self, name)(kind, at)

    def named(self, kind):
        return self.declarations[kind["library"], kind["name"]]

    def bool(self, _, at):
        return "true" if self.bytes_at(at, 1) != b"\0" else "false"

    def enum(self, kind, at):
        declaration = self.named(kind)
        value = int.from_bytes(self.bytes_at(at, kind["size"]), "little",
                               signed=declaration["of"][0] == "i")
        return next((member["name"] for member in declaration["members"]
                     if int(member["value"]) == value), str(value))

    def bits(self, kind, at):
        value = int.from_bytes(self.bytes_at(at, kind["size"]), "little")
        names = []
        for member in self.named(kind)["members"]:
            bits = int(member["value"])
            if bits and value & bits == bits:
                names.append(member["name"])
                value &= ~bits
        return "|".join(names + [hex(value)] * (value != 0)) or "0"

    def struct(self, kind, at):
        parts = []
        for member in self.named(kind)["members"]:
            if "name" in member:
                try:
                    text = self.value(member["type"], at + member["offset"])
                except Cut as cut:
                    start = ",".join(parts + [f"{member['name']}={cut.text}"])
                    raise Cut("{" + start) from None
                parts.append(f"{member['name']}={text}")
        return "{" + ",".join(parts) + "}"

    def union(self, kind, at):
        number = int.from_bytes(self.bytes_at(at, 4), "little")
        for member in self.named(kind)["members"]:
            if member["ordinal"] == number:
                return f"{member['name']}:{self.value(member['type'], at + 8)}"
        return f"(member {number})"

    def table(self, kind, at, size):
        members = {member["ordinal"]: member for member in self.named(kind)["members"]}
        parts, end = [], at + size
        while at < end:
            number, length = struct.unpack("<HH", self.bytes_at(at, 4))
            if at + 4 + length > end:
                raise Malformed()
            if number in members:
                member = members[number]
                if length != member["size"]:
                    raise Malformed()
                parts.append(f"{member['name']}={self.value(member['type'], at + 4)}")
            at += 4 + length
        return "{" + ",".join(parts) + "}"

    def string(self, kind, at):
        return self.text(self.bytes_at(at, kind["size"]).split(b"\0")[0])

    def elements(self, element, at, count):
        if element["kind"] == "u8":
            part = self.data[at:at + count]
            is_cut = len(part) < count
            if is_cut and self.is_whole:
                raise Malformed()
            if is_text(part, self.is_brief):
                return self.text(part, is_cut)
        shown = min(count, BRIEF_ELEMENTS) if self.is_brief else count
        parts = []
        for i in range(shown):
            try:
                parts.append(self.value(element, at + i * element["size"]))
            except Cut as cut:
                raise Cut("[" + ",".join(parts + [cut.text])) from None
        return f"[{','.join(parts + ['...'] * (shown < count))}]"

    def array(self, kind, at):
        return self.elements(kind["element"], at, kind["count"])

    def vector(self, kind, at):
        count = int.from_bytes(self.bytes_at(at + kind["size"] - 4, 4), "little")
        if count > kind["count"]:
            raise Malformed()
        return self.elements(kind["element"], at, count)

    def optional(self, kind, at):
        size = kind["element"]["size"]
        if self.bytes_at(at + size, 1) == b"\0":
            return "none"
        return self.value(kind["element"], at)
