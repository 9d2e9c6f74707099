# SPDX-License-Identifier: MIT
import subprocess
import unittest

from fake_tree import SPDX, CheckTest


class SizeTest(CheckTest):
    check = "size"

    def build_kernel(self, data_bytes):
        self.write("kernel/lib/a.c", SPDX + "int a;\n\nint b;\n")
        self.write("data.c", f"char data[{data_bytes}] = {{1}}; int main(void) {{ return 0; }}\n")
        (self.root / "build").mkdir(exist_ok=True)
        subprocess.run(["gcc", "-o", self.root / "build/kernel.elf", self.root / "data.c"],
                       check=True)

    def test_small_kernel_passes_and_lines_are_code_only(self):
        self.build_kernel(100)
        status, output = self.run_check()
        self.assertEqual(status, 0, output)
        self.assertIn(" 2 lines: goal 12000", output)

    def test_large_kernel_is_found(self):
        self.build_kernel(200000)
        self.assert_finds("more than 131072")

    def test_too_many_lines_are_found(self):
        self.build_kernel(100)
        self.write("kernel/lib/b.c", "int c;\n" * 20000)
        self.assert_finds("lines, more than")

    def test_missing_kernel_is_found(self):
        self.write("kernel/lib/a.c", SPDX + "int a;\n")
        self.assert_finds("is not there")


if __name__ == "__main__":
    unittest.main()
