# SPDX-License-Identifier: MIT
"""The programs that make parts of the image: mkarchive, asm-offsets and mkfont."""
import gzip
import struct
import subprocess
import tempfile
import unittest
import zlib
from pathlib import Path

from fake_tree import ROOT


class ImageTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=ROOT / "build")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_tool(self, *command):
        run = subprocess.run([ROOT / "tools" / command[0], *command[1:]], cwd=self.folder, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return run.returncode, run.stdout

    def make_archive(self, **files):
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        status, output = self.run_tool("mkarchive", "a.img", *[f"{name}={name}" for name in files])
        self.assertEqual(status, 0, output)
        return (self.folder / "a.img").read_bytes()


class ArchiveTest(ImageTest):
    def test_layout_is_that_of_the_header(self):
        image = self.make_archive(second=b"two" * 2000, first=b"one")
        magic, size, count, crc, reserved = struct.unpack_from("<QQIIQ", image)
        header = (ROOT / "include/abi/quay/abi/archive.h").read_text()
        self.assertIn(f"{magic:#x}ul", header)
        self.assertEqual((size, count, reserved), (len(image), 2, 0))
        self.assertEqual(size % 4096, 0)
        table = image[:20] + bytes(4) + image[24:32 + 2 * 64]
        self.assertEqual(crc, zlib.crc32(table))
        entries = [struct.unpack_from("<40sQQQ", image, 32 + 64 * index) for index in range(2)]
        self.assertEqual([entry[0].rstrip(b"\0") for entry in entries], [b"first", b"second"])
        for name, offset, length, _ in entries:
            self.assertEqual(offset % 4096, 0)
        _, offset, length, _ = entries[1]
        self.assertEqual(image[offset:offset + length], b"two" * 2000)

    def test_list_shows_names_and_sizes(self):
        self.make_archive(init=b"x" * 5)
        self.assertEqual(self.run_tool("mkarchive", "--list", "a.img")[1].split(),
                         ["5", "0x1000", "init"])

    def test_list_refuses_damage(self):
        image = bytearray(self.make_archive(init=b"x" * 5))
        image[33] ^= 1
        (self.folder / "a.img").write_bytes(image)
        self.assertEqual(self.run_tool("mkarchive", "--list", "a.img")[0], 1)
        (self.folder / "a.img").write_bytes(image[:100])
        self.assertEqual(self.run_tool("mkarchive", "--list", "a.img")[0], 1)

    def test_bad_names_are_refused(self):
        (self.folder / "f").write_bytes(b"x")
        for arguments in (["=f"], ["f"], ["n" * 40 + "=f"], ["a=f", "a=f"]):
            self.assertEqual(self.run_tool("mkarchive", "a.img", *arguments)[0], 1, arguments)


class OffsetsTest(ImageTest):
    def make_header(self, source):
        (self.folder / "offsets.c").write_text(source)
        return self.run_tool("asm-offsets", "o.h", "o.d", "offsets.c", "clang-14",
                             "--target=x86_64-linux-gnu", "-O2")

    def test_values_become_constants(self):
        status, output = self.make_header(
            '#define VALUE(n, v) __asm__ volatile("\\n.ascii \\"@" #n " %c0\\"" : : "i"(v))\n'
            "struct s { char a; long b; };\n"
            "void f(void) { VALUE(S_B, __builtin_offsetof(struct s, b)); VALUE(LOW, -3); }\n")
        self.assertEqual(status, 0, output)
        header = (self.folder / "o.h").read_text()
        self.assertIn(".set S_B, 8\n", header)
        self.assertIn(".set LOW, -3\n", header)
        self.assertIn("offsets.c", (self.folder / "o.d").read_text())

    def test_source_without_values_fails(self):
        self.assertEqual(self.make_header("int x;\n")[0], 1)

    def test_source_with_an_error_fails(self):
        self.assertNotEqual(self.make_header("int x\n")[0], 0)


class FontTest(ImageTest):
    def make_font(self, magic=0x0436, first=0x20, last=0x7e):
        table = b"".join(struct.pack("<HH", code, 0xffff) for code in range(first, last + 1))
        glyphs = b"".join(bytes([index]) * 16 for index in range(256))
        (self.folder / "f.psf.gz").write_bytes(
            gzip.compress(struct.pack("<HBB", magic, 2, 16) + glyphs + table))
        return self.run_tool("mkfont", "font.c", "f.psf.gz")

    def test_glyphs_are_found_by_their_characters(self):
        self.assertEqual(self.make_font(first=0x1e), (0, ""))
        lines = (self.folder / "font.c").read_text().splitlines()
        rows = [line for line in lines if line.startswith("    {")]
        self.assertEqual(len(rows), 95)
        self.assertEqual(rows[0], "    {" + ", ".join(["0x02"] * 16) + "},")

    def test_what_is_no_such_font_is_refused(self):
        self.assertEqual(self.make_font(magic=1)[0], 1)
        self.assertEqual(self.make_font(last=0x60)[0], 1)
        status, output = self.run_tool("mkfont", "font.c", "missing.psf.gz")
        self.assertEqual(status, 1)
        self.assertIn("tools/setup", output)


if __name__ == "__main__":
    unittest.main()
