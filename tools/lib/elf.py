# SPDX-License-Identifier: MIT
"""What our tools have to know of a linked program: its build id, its functions, where they lie."""
import struct

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
SEGMENT = struct.Struct("<IIQQQQQQ")
SYMBOL = struct.Struct("<IBBHQQ")
NOTE = struct.Struct("<III")

SEGMENT_LOAD, SEGMENT_NOTE = 1, 4
SECTION_SYMBOLS = 2
FLAG_ALLOC, FLAG_EXEC = 2, 4
TYPE_NONE, TYPE_FUNCTION = 0, 2
NOTE_BUILD_ID = 3


class ElfError(Exception):
    """A file that is not what it should be; the text names it."""


def build_id_in(notes):
    """The build id among the notes of a PT_NOTE, or b''."""
    at = 0
    while at + NOTE.size <= len(notes):
        name_size, size, kind = NOTE.unpack_from(notes, at)
        name = notes[at + NOTE.size:at + NOTE.size + name_size]
        start = at + NOTE.size + (name_size + 3 & -4)
        if kind == NOTE_BUILD_ID and name == b"GNU\0":
            return bytes(notes[start:start + size])
        at = start + (size + 3 & -4)
    return b""


class Elf:
    def __init__(self, path):
        self.path = str(path)
        with open(path, "rb") as file:
            self.bytes = file.read()
        try:
            self.read()
        except struct.error:
            raise ElfError(f"{path}: cut off") from None

    def read(self):
        if self.bytes[:6] != b"\x7fELF\x02\x01":
            raise ElfError(f"{self.path}: not a 64-bit ELF file")
        (_, self.type, _, _, self.entry, segments, sections, _, _, _, segment_count, _,
         section_count, _) = HEADER.unpack_from(self.bytes)
        self.segments = [SEGMENT.unpack_from(self.bytes, segments + i * SEGMENT.size)
                         for i in range(segment_count)]
        self.sections = [SECTION.unpack_from(self.bytes, sections + i * SECTION.size)
                         for i in range(section_count)]
        self.build_id = b""
        for kind, _, offset, _, _, size, _, _ in self.segments:
            if kind == SEGMENT_NOTE:
                self.build_id = self.build_id or build_id_in(self.bytes[offset:offset + size])

    def base(self):
        """Where the first byte of the image lies."""
        return min(segment[3] & -4096 for segment in self.segments if segment[0] == SEGMENT_LOAD)

    def text_end(self):
        return max(address + size for _, _, flags, address, _, size, *_ in self.sections
                   if flags & FLAG_EXEC)

    def functions(self):
        """(address, name) of each function, one an address, in order of address."""
        found = {}
        for _, kind, _, _, offset, size, link, _, _, _ in self.sections:
            if kind != SECTION_SYMBOLS:
                continue
            names = self.sections[link][4]
            for at in range(offset, offset + size, SYMBOL.size):
                name, info, _, section, value, _ = SYMBOL.unpack_from(self.bytes, at)
                if info & 15 not in (TYPE_NONE, TYPE_FUNCTION) or \
                        not 0 < section < len(self.sections) or \
                        not self.sections[section][2] & FLAG_EXEC:
                    continue
                text = self.bytes[names + name:self.bytes.index(b"\0", names + name)]
                if text and not text.startswith(b".L"):
                    # A function before a label, a global before a local.
                    rank = (info & 15 == TYPE_FUNCTION, info >> 4, text)
                    found[value] = max(found.get(value, (False, 0, b"")), rank)
        return [(address, rank[2]) for address, rank in sorted(found.items())]
