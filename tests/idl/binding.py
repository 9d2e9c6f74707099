# SPDX-License-Identifier: MIT
"""A binding made from the JSON form alone: what `idl json` and `idl vectors` tell must be enough to
write one for another language. Values are dict, list, int, bool, str, bytes and None; a union is a
pair (number, value); members of flexible unions that are not known are (number, bytes)."""
import struct


class Refused(Exception):
    """These bytes are not what the interface says."""


def need(condition, what):
    if not condition:
        raise Refused(what)


def integer_size(kind):
    return int(kind[1:]) // 8


class Library:
    def __init__(self, *libraries):
        self.declarations = {(library["library"], declaration["name"]): declaration
                             for library in libraries for declaration in library["declarations"]}

    def named(self, kind):
        return self.declarations[kind["library"], kind["name"]]

    # --- values with a fixed place -----------------------------------------------------------

    def decode(self, kind, data):
        """The value of a type in exactly its bytes."""
        need(len(data) == kind["size"], "too short")
        return getattr(self, "decode_" + ("integer" if kind["kind"][1:].isdigit()
                                          else kind["kind"]))(kind, data)

    def encode(self, kind, value):
        made = getattr(self, "encode_" + ("integer" if kind["kind"][1:].isdigit()
                                          else kind["kind"]))(kind, value)
        return made + bytes(kind["size"] - len(made))

    @staticmethod
    def decode_integer(kind, data):
        return int.from_bytes(data, "little", signed=kind["kind"][0] == "i")

    @staticmethod
    def encode_integer(kind, value):
        return value.to_bytes(integer_size(kind["kind"]), "little", signed=kind["kind"][0] == "i")

    @staticmethod
    def decode_bool(_, data):
        need(data[0] <= 1, "a bool that is neither 0 nor 1")
        return data[0] == 1

    @staticmethod
    def encode_bool(_, value):
        return bytes([value])

    def decode_enum(self, kind, data):
        declaration = self.named(kind)
        value = self.decode_integer({"kind": declaration["of"]}, data)
        members = [int(member["value"]) for member in declaration["members"]]
        need("flexible" in declaration or value in members, "no member")
        return value

    def encode_enum(self, kind, value):
        return self.encode_integer({"kind": self.named(kind)["of"]}, value)

    def decode_bits(self, kind, data):
        declaration = self.named(kind)
        value = int.from_bytes(data, "little")
        mask = 0
        for member in declaration["members"]:
            mask |= int(member["value"])
        need("flexible" in declaration or value & ~mask == 0, "an unknown bit")
        return value

    encode_bits = encode_enum

    def decode_struct(self, kind, data):
        values = {}
        for member in self.named(kind)["members"]:
            part = data[member["offset"]:member["offset"] + member["size"]]
            if "name" in member:
                values[member["name"]] = self.decode(member["type"], part)
            else:
                need(not any(part), "reserved bytes")
        return values

    def encode_struct(self, kind, value):
        made = bytearray(kind["size"])
        for member in self.named(kind)["members"]:
            if "name" in member:
                part = self.encode(member["type"], value[member["name"]])
                made[member["offset"]:member["offset"] + member["size"]] = part
        return bytes(made)

    def decode_union(self, kind, data):
        declaration = self.named(kind)
        number, zero = struct.unpack_from("<II", data)
        need(zero == 0, "the tag's reserved bytes")
        for member in declaration["members"]:
            if member["ordinal"] == number:
                end = 8 + member["size"]
                need(not any(data[end:]), "bytes behind the member")
                return number, self.decode(member["type"], data[8:end])
        need("flexible" in declaration, "no such member")
        return number, data[8:]

    def encode_union(self, kind, value):
        number, inner = value
        for member in self.named(kind)["members"]:
            if member["ordinal"] == number:
                inner = self.encode(member["type"], inner)
        return struct.pack("<II", number, 0) + inner

    @staticmethod
    def decode_text(data):
        need(0 not in data, "a zero inside")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise Refused("not UTF-8") from None

    def decode_string(self, kind, data):
        text, zero, rest = data.partition(b"\0")
        need(zero and not any(rest), "a string without its end")
        return self.decode_text(text)

    @staticmethod
    def encode_string(_, value):
        return value.encode()

    def elements(self, kind, data):
        size = kind["element"]["size"]
        return [self.decode(kind["element"], data[at:at + size])
                for at in range(0, len(data), size)]

    def decode_array(self, kind, data):
        return self.elements(kind, data)

    def encode_array(self, kind, value):
        return b"".join(self.encode(kind["element"], element) for element in value)

    def decode_vector(self, kind, data):
        count = int.from_bytes(data[-4:], "little")
        need(count <= kind["count"], "a count beyond its bound")
        used = count * kind["element"]["size"]
        need(not any(data[used:-4]), "bytes behind the elements")
        return self.elements(kind, data[:used])

    def encode_vector(self, kind, value):
        made = self.encode_array(kind, value)
        return made + bytes(kind["size"] - 4 - len(made)) + struct.pack("<I", len(value))

    def decode_optional(self, kind, data):
        size = kind["element"]["size"]
        need(data[size] <= 1, "`has` is neither 0 nor 1")
        if data[size] == 0:
            need(not any(data), "a value that is not there")
            return None
        return self.decode(kind["element"], data[:size])

    def encode_optional(self, kind, value):
        return b"" if value is None else self.encode(kind["element"], value) + b"\1"

    # --- tables --------------------------------------------------------------------------------

    def decode_table(self, kind, data):
        members = {member["ordinal"]: member for member in self.named(kind)["members"]}
        values, last, at = {}, 0, 0
        while at < len(data):
            need(at + 4 <= len(data), "half a field")
            number, size = struct.unpack_from("<HH", data, at)
            need(number > last, "fields out of order")
            part = data[at + 4:at + 4 + size]
            need(len(part) == size, "a field that is cut off")
            if number in members:
                need(size == members[number]["size"], "a field of another size")
                values[members[number]["name"]] = self.decode(members[number]["type"], part)
            last, at = number, at + 4 + size
        return values

    def encode_table(self, kind, values):
        made = b""
        for member in sorted(self.named(kind)["members"], key=lambda member: member["ordinal"]):
            if member["name"] in values:
                part = self.encode(member["type"], values[member["name"]])
                made += struct.pack("<HH", member["ordinal"], len(part)) + part
        return made

    # --- messages ------------------------------------------------------------------------------

    def decode_message(self, message, data, handle_count=0):
        """The parameters by name; of a handle or lease, whether it is there."""
        need(len(data) >= message["fixed_size"], "shorter than the fixed part")
        values, counts, there = {}, {}, {}
        for slot in message["fixed"]:
            part = data[slot["offset"]:slot["offset"] + slot["size"]]
            number = int.from_bytes(part, "little")
            if slot["role"] == "reserved":
                need(number == 0, "reserved bytes")
            elif slot["role"] == "has":
                need(number <= 1, "`has` is neither 0 nor 1")
                there[slot["param"]] = number == 1
            elif slot["role"] == "count":
                counts[slot["param"]] = number
            else:
                values[slot["param"]] = part
        at = message["fixed_size"]
        for param in message["params"]:
            name, kind = param["name"], param["type"]
            bare = kind["element"] if kind["kind"] == "optional" else kind
            if name in counts:
                at, values[name] = self.decode_tail(kind, counts[name], data, at)
            elif there.get(name) is False and name in values:
                need(not any(values[name]), "a value that is not there")
                values[name] = None
            elif bare["kind"] in ("handle", "lease"):
                values[name] = there.get(name, True)
                handle_count -= bare["kind"] == "handle" and values[name]
            else:
                values[name] = self.decode(bare, values[name])
        need(at == len(data), "bytes behind the message")
        need(handle_count == 0, "more or fewer handles")
        return values

    def decode_tail(self, kind, count, data, at):
        size = count * (kind["element"]["size"] if kind["kind"] == "vector" else 1)
        need(count <= kind["count" if kind["kind"] != "table" else "room"], "beyond its bound")
        need(at + size <= len(data), "beyond the message")
        part = data[at:at + size]
        if kind["kind"] == "string":
            return at + size, self.decode_text(part)
        return at + size, (self.elements(kind, part) if kind["kind"] == "vector"
                           else self.decode_table(kind, part))

    def encode_message(self, message, values):
        kinds = {param["name"]: param["type"] for param in message["params"]}
        tails = {}
        for name, kind in kinds.items():
            if kind["kind"] in ("string", "table"):
                tails[name] = getattr(self, "encode_" + kind["kind"])(kind, values[name])
            elif kind["kind"] == "vector":
                tails[name] = self.encode_array(kind, values[name])
        fixed = bytearray(message["fixed_size"])
        for slot in message["fixed"]:
            kind, value = kinds.get(slot.get("param")), values.get(slot.get("param"))
            if slot["role"] == "has":
                part = bytes([value not in (None, False)])
            elif slot["role"] == "count":
                count = len(value if kind["kind"] == "vector" else tails[slot["param"]])
                part = count.to_bytes(2, "little")
            elif slot["role"] == "value" and value is not None:
                bare = kind["element"] if kind["kind"] == "optional" else kind
                part = self.encode(bare, value)
            else:
                part = bytes(slot["size"])
            fixed[slot["offset"]:slot["offset"] + slot["size"]] = part
        return bytes(fixed) + b"".join(tails.values())
