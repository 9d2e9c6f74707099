/* SPDX-License-Identifier: MIT */
#include "report.h"
#include <quay/text.h>

static const char *signal_text(uint32_t signal)
{
    static const char *const names[] = {
        [3] = "SIGQUIT", [4] = "SIGILL",   [5] = "SIGTRAP",  [6] = "SIGABRT",  [7] = "SIGBUS",
        [8] = "SIGFPE",  [11] = "SIGSEGV", [24] = "SIGXCPU", [25] = "SIGXFSZ", [31] = "SIGSYS",
    };
    return signal < sizeof names / sizeof names[0] && names[signal] != NULL ? names[signal]
                                                                            : "a signal";
}

static const char *kind_text(uint32_t kind)
{
    switch (kind) {
    case EXCEPTION_DIVIDE:
        return "division by zero or overflow";
    case EXCEPTION_DEBUG:
        return "a breakpoint or a step";
    case EXCEPTION_BREAKPOINT:
        return "int3";
    case EXCEPTION_OPCODE:
        return "an instruction that is none";
    case EXCEPTION_PROTECTION:
        return "a protected instruction, or an address that is none";
    default:
        return "an exception of the CPU";
    }
}

static const char *access_text(uint32_t access)
{
    return access == EXCEPTION_WRITE  ? "write to"
           : access == EXCEPTION_EXEC ? "call of"
                                      : "read of";
}

static const char *reason_text(int64_t code)
{
    switch (code) {
    case -EACCES:
        return "not permitted there";
    case -ENOMEM:
        return "no memory left for the page";
    case -EFAULT:
        return "nothing is mapped there";
    default:
        return qy_error_text(code);
    }
}

static void head_print(const struct target *target)
{
    const struct exception_message *exception = &target->exception;
    char who[80];
    (void)qy_snprintf(who, sizeof who, "%s (%s %d, thread %lu)", target->name, /* it fits */
                      target->is_posix ? "pid" : "process", target->pid, exception->thread);
    if (target->signal != 0) {
        qy_log("error: %s: ended by %s (%u)", who, signal_text(target->signal), target->signal);
    } else if (exception->kind == EXCEPTION_PAGE_FAULT) {
        qy_log("error: %s: page fault: %s 0x%lx: %s", who, access_text(exception->access),
               exception->address, reason_text(exception->code));
    } else {
        qy_log("error: %s: %s (exception %u, code 0x%lx)", who, kind_text(exception->kind),
               exception->kind, (unsigned long)exception->code);
    }
}

static void registers_print(const struct thread_registers *r)
{
    qy_log("  rip %016lx  rsp %016lx  rbp %016lx", r->rip, r->rsp, r->rbp);
    qy_log("  rax %016lx  rbx %016lx  rcx %016lx", r->rax, r->rbx, r->rcx);
    qy_log("  rdx %016lx  rsi %016lx  rdi %016lx", r->rdx, r->rsi, r->rdi);
    qy_log("  r8  %016lx  r9  %016lx  r10 %016lx", r->r8, r->r9, r->r10);
    qy_log("  r11 %016lx  r12 %016lx  r13 %016lx", r->r11, r->r12, r->r13);
    qy_log("  r14 %016lx  r15 %016lx  flags %08lx", r->r14, r->r15, r->rflags);
}

/* Which function an address is in. That of a return address is the one that calls, which may be the
 * last thing in it: so the byte before counts. */
static bool function_find(const struct target *target, const struct symbols *symbols,
                          uint64_t address, bool is_return, const char **ret_name,
                          uint64_t *ret_offset, const struct image **ret_image)
{
    uint64_t at = address - (is_return ? 1 : 0);
    const struct image *image = *ret_image = target_image(target, at);
    if (image == NULL || image->program == NULL ||
        !symbols_name(symbols, image->program, image->base, at, ret_name, ret_offset)) {
        return false;
    }
    *ret_offset += is_return ? 1 : 0;
    return true;
}

static void frame_print(const struct target *target, const struct symbols *symbols, uint32_t number,
                        uint64_t address)
{
    const struct image *image;
    const char *name;
    uint64_t offset;
    if (function_find(target, symbols, address, number > 0, &name, &offset, &image)) {
        qy_log("error: #%-2u %016lx %.60s+0x%lx (%s)", number, address, name, offset,
               image->program->name);
    } else if (image != NULL) {
        qy_log("error: #%-2u %016lx ? (image at 0x%lx)", number, address, image->base);
    } else {
        qy_log("error: #%-2u %016lx ?", number, address);
    }
}

/* A function that has not made its frame yet. */
static enum backtrace_top top_of(const struct target *target, const struct symbols *symbols)
{
    const struct exception_message *exception = &target->exception;
    const struct image *image;
    const char *name;
    uint64_t offset;
    if (!function_find(target, symbols, exception->registers.rip, false, &name, &offset, &image)) {
        bool is_wild = exception->kind == EXCEPTION_PAGE_FAULT &&
                       exception->access == EXCEPTION_EXEC && target->signal == 0;
        return is_wild || image == NULL ? BACKTRACE_CALLED : BACKTRACE_FRAME;
    }
    return offset == 0 ? BACKTRACE_CALLED : offset == 1 ? BACKTRACE_PUSHED : BACKTRACE_FRAME;
}

void report(struct target *target, const struct symbols *symbols)
{
    uint64_t addresses[BACKTRACE_MAX];
    head_print(target);
    registers_print(&target->exception.registers);
    uint32_t count = backtrace(&target->exception.registers, top_of(target, symbols), target_read,
                               target, addresses);
    for (uint32_t i = 0; i < count; i++) {
        frame_print(target, symbols, i, addresses[i]);
    }
    if (count == BACKTRACE_MAX) {
        qy_log("error: (and perhaps more)");
    }
}
