/* SPDX-License-Identifier: MIT */
/* Registers and return addresses, of the kernel in a panic and of user threads that die. Addresses
 * are plain: tools turn them into names with the ELF file at hand. */
#include "arch/console.h"
#include "arch/context.h"
#include "arch/mmu.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/instructions.h"
#include "arch/x86_64/ist.h"
#include "core/cpu.h"
#include "core/log.h"
#include "lib/checked.h"

void arch_frame_print(const struct user_frame *f, unsigned line)
{
    switch (line) {
    case 0:
        log_info("  rip %016lx  rsp %016lx  flags %08lx  vector %lu  error %lx", f->rip, f->rsp,
                 f->rflags, f->vector & 0xff, f->error_code);
        return;
    case 1:
        log_info("  rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx", f->rax, f->rbx, f->rcx,
                 f->rdx);
        return;
    case 2:
        log_info("  rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx", f->rsi, f->rdi, f->rbp, f->r8);
        return;
    case 3:
        log_info("  r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx", f->r9, f->r10, f->r11, f->r12);
        return;
    default:
        log_info("  r13 %016lx  r14 %016lx  r15 %016lx", f->r13, f->r14, f->r15);
    }
}

/* Reads from a stack of this CPU, or that of the first steps. */
static bool kernel_read(MAYBE_UNUSED const void *context, uint64_t address, uint64_t *ret_value)
{
    const uint64_t boot_start = (uint64_t)arch_direct_map(image_physical(image_end));
    const uint64_t slot = CPU_AREA_BASE + (uint64_t)cpu_id() * CPU_AREA_SLOT;

    if (!is_aligned(address, 8) ||
        (!range_has(boot_start, (uint64_t)(boot_end - image_end), address) &&
         !(range_has(slot, CPU_AREA_SLOT, address) && x86_is_stack_page(address)))) {
        return false;
    }
    *ret_value = *(const uint64_t *)address;
    return true;
}

/* Appends the return addresses to a trace of one address; returns how many it has then. */
static unsigned trace(uint64_t frame_pointer, arch_trace_read *read, const void *context,
                      uint64_t *ret_trace)
{
    unsigned count = 1;
    uint64_t next;

    while (count < ARCH_TRACE_MAX && read(context, frame_pointer, &next) &&
           read(context, frame_pointer + 8, &ret_trace[count]) && ret_trace[count] != 0) {
        count++;
        if (next <= frame_pointer) {
            break;
        }
        frame_pointer = next;
    }
    return count;
}

unsigned arch_frame_trace(const struct user_frame *frame, arch_trace_read *read,
                          const void *context, uint64_t *ret_trace)
{
    ret_trace[0] = frame->rip;
    return trace(frame->rbp, read, context, ret_trace);
}

void arch_backtrace_print(void)
{
    const struct user_frame *frame = cpu_self()->arch.panic_frame;
    uint64_t addresses[ARCH_TRACE_MAX];
    unsigned count;

    if (frame != NULL) {
        for (unsigned line = 0; line < ARCH_FRAME_LINES; line++) {
            arch_frame_print(frame, line);
        }
        log_info("  cr2 %016lx  cr3 %016lx", cr2_read(), cr3_read());
        log_info("  at   %016lx", frame->rip);
    }
    count = trace(frame != NULL ? frame->rbp : (uint64_t)__builtin_frame_address(0), kernel_read,
                  NULL, addresses);
    for (unsigned i = 1; i < count; i++) {
        log_info("  from %016lx", addresses[i]);
    }
}
