# SPDX-License-Identifier: MIT
"""The compiled manifest. The layout is the interface compiler's (idl json include/idl/manifest.idl),
so this file knows no offset."""
import json
import struct
import zlib

INTEGERS = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q"}


class Layout:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            declarations = json.load(file)["declarations"]
        self.types = {item["name"]: item for item in declarations}

    def constant(self, name):
        return int(self.types[name]["value"])

    def size(self, name):
        return self.types[name]["size"]

    def encode(self, name, value):
        """A structure as bytes; what VALUE does not have is zero."""
        item = self.types[name]
        made = bytearray(item["size"])
        for member in item["members"]:
            if member.get("name") in value:  # what is reserved has none
                content = self.encode_type(member["type"], value[member["name"]])
                made[member["offset"]:member["offset"] + len(content)] = content
        return bytes(made)

    def encode_type(self, kind, value):
        if kind["kind"] in INTEGERS:
            return struct.pack("<" + INTEGERS[kind["kind"]], value)
        if kind["kind"] == "enum":
            members = self.types[kind["name"]]["members"]
            number = next(int(item["value"]) for item in members if item["name"] == value)
            return number.to_bytes(kind["size"], "little")
        if kind["kind"] == "string":
            content = value.encode()
            assert len(content) <= kind["count"], value
            return content.ljust(kind["size"], b"\0")
        if kind["kind"] == "array":
            if isinstance(value, bytes):
                content = value
            else:
                content = b"".join(self.encode_type(kind["element"], item) for item in value)
            assert len(content) <= kind["size"]
            return content
        return self.encode(kind["name"], value)


def compiled(entries, layout):
    body = b"".join(layout.encode("entry", entry) for entry in entries)
    return layout.encode("head", {
        "magic": layout.constant("magic"), "version": layout.constant("version"),
        "entry_bytes": layout.size("entry"), "entry_count": len(entries),
        "checksum": zlib.crc32(body)}) + body
