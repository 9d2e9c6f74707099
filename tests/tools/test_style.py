# SPDX-License-Identifier: MIT
import unittest

from fake_tree import SPDX, CheckTest


class StyleTest(CheckTest):
    check = "style"

    def test_good_files_pass(self):
        self.write("kernel/lib/list.h", SPDX + "#pragma once\n#if 1\n#endif\n")
        self.write("kernel/lib/list.c", SPDX + "int x;\n")
        self.assert_passes()

    def test_missing_license_line_is_found(self):
        self.write("kernel/lib/list.c", "int x;\n")
        self.assert_finds("first line")

    def test_missing_pragma_once_is_found(self):
        self.write("kernel/lib/list.h", SPDX)
        self.assert_finds("#pragma once")

    def test_conditional_in_a_source_is_found(self):
        self.write("kernel/lib/list.c", SPDX + "#ifdef DEBUG\n#endif\n")
        self.assert_finds("kernel/lib/list.c:2: no #if")

    def test_conditional_in_the_cpu_layer_passes(self):
        self.write("kernel/arch/x86_64/idt.c", SPDX + "#ifdef DEBUG\n#endif\n")
        self.assert_passes()

    def test_typedef_of_a_struct_is_found(self):
        self.write("kernel/lib/list.h", SPDX + "#pragma once\ntypedef struct list list_t;\n")
        self.assert_finds("no typedef")

    def test_name_that_says_nothing_is_found(self):
        self.write("libsys/util.c", SPDX)
        self.assert_finds("does not tell")

    def test_directive_that_the_kernel_has_not_is_found(self):
        self.write("kernel/mm/frame.c", SPDX + 'void f(void)\n{\n    panic("%5lu: %s (%.*s)",\n'
                   '          n % 7, "100%%; %x", 3, text);\n}\n')
        self.assert_finds("kernel/mm/frame.c:4: %.*s) is not in")

    def test_directives_that_the_kernel_has_pass(self):
        self.write("kernel/mm/frame.c", SPDX + 'void f(void)\n{\n    log_info("%08lx %d%% %c%p",\n'
                   '             n % 7, 1, 2, text);\n}\n')
        self.assert_passes()

    def test_long_file_is_found(self):
        self.write("libsys/heap.c", SPDX + "\n" * 600)
        self.assert_finds("601 lines")


if __name__ == "__main__":
    unittest.main()
