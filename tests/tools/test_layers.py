# SPDX-License-Identifier: MIT
import unittest

from fake_tree import SPDX, CheckTest


class LayersTest(CheckTest):
    check = "layers"

    def include(self, path, include):
        self.write(path, f"{SPDX}#include {include}\n")

    def test_downward_includes_pass(self):
        self.include("kernel/object/port.c", '"sched/thread.h"')
        self.include("kernel/sched/thread.c", '"arch/cpu.h"')
        self.include("kernel/arch/x86_64/idt.c", '"core/log.h"')
        self.include("kernel/lib/list.h", "<stdint.h>")
        self.include("libsys/call.c", "<quay/abi/ipc.h>")
        self.include("servers/serial/main.c", '"ns16550.h"')
        self.assert_passes()

    def test_upward_include_is_found_with_its_line(self):
        self.write("kernel/mm/frame.c", SPDX + "\n" + '#include "sched/thread.h"\n')
        self.assert_finds("kernel/mm/frame.c:3: includes sched/thread.h: mm may not include sched")

    def test_lib_knows_no_cpu(self):
        self.include("kernel/lib/list.h", '"arch/cpu.h"')
        self.assert_finds("lib may not include arch")

    def test_generic_code_knows_no_x86(self):
        self.include("kernel/sched/thread.c", '"arch/x86_64/idt.h"')
        self.assert_finds("sched may not include arch/x86_64")

    def test_cpu_layer_stays_below_mm(self):
        self.include("kernel/arch/x86_64/mmu.c", '"mm/frame.h"')
        self.assert_finds("arch/x86_64 may not include mm")

    def test_hosted_header_in_the_kernel_is_found(self):
        self.include("kernel/core/log.c", "<stdio.h>")
        self.assert_finds("written from kernel/")

    def test_include_without_a_layer_is_found(self):
        self.include("kernel/core/log.c", '"log.h"')
        self.assert_finds("written from kernel/")

    def test_door_that_knows_another_door_is_found(self):
        self.include("kernel/syscall/sys_port.c", '"syscall/sys_event.h"')
        self.assert_finds("a door does not know another door")

    def test_server_that_reaches_into_the_kernel_is_found(self):
        self.include("servers/init/main.c", '"../../kernel/lib/list.h"')
        self.assert_finds("servers stays in its own folder")

    def test_abi_that_includes_a_layer_is_found(self):
        self.include("include/abi/quay/abi/ipc.h", '"lib/list.h"')
        self.assert_finds("the ABI includes nothing but itself")

    def test_unknown_folder_is_found(self):
        self.include("kernel/misc/x.c", '"lib/list.h"')
        self.assert_finds("is in no layer")

    def test_exception_that_is_not_needed_is_found(self):
        self.include("kernel/mm/frame.c", '"lib/list.h"')
        self.write("tools/checks/layers.exceptions", "kernel/mm/frame.c lib/list.h\n")
        self.assert_finds("not needed")

    def test_exception_list_cannot_grow(self):
        self.include("kernel/mm/frame.c", '"sched/thread.h"')
        self.write("tools/checks/layers.exceptions", "kernel/mm/frame.c sched/thread.h\n")
        self.assert_finds("may only shrink")


if __name__ == "__main__":
    unittest.main()
