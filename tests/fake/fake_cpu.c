/* SPDX-License-Identifier: MIT */
/*
 * The CPUs of the fake machine: fibers, entries into the kernel, interrupts, choice points.
 *
 * An entry starts at the top of its CPU's stack and ends in leave(), which never returns there:
 * what is on the stack is abandoned, as on the real CPU. In between it may switch to the
 * simulator's stack at choice points and be taken up again later.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/console.h"
#include "arch/time.h"
#include "arch/upcalls.h"
#include "sched/redirect.h"
#include "syscall/sys_port_fast.h"
#include "machine.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define FIBER_ASAN 1
#endif
#endif
#ifndef FIBER_ASAN
#define FIBER_ASAN 0
#endif

struct fake_machine fake_machine;
struct cpu *fake_cpu_record = &fake_machine.cpus[0].record;

bool (*fake_user_hook)(struct fake_thread *thread, unsigned cpu);
bool (*fake_may_act_hook)(struct fake_thread *thread);
void (*fake_done_hook)(struct fake_thread *thread);
void (*fake_failure_hook)(void);

static struct {
    void *sp; /* of the simulator's stack, while a fiber runs */
    void *asan_fake_stack;
    const void *stack_bottom;
    size_t stack_size;
} simulator;

/* --- failures --------------------------------------------------------------------------------- */

static const char *const state_names[] = {"off", "starting", "kernel", "user", "idle", "halted"};

/* Those that want a CPU. */
static void print_threads(void)
{
    for (const struct fake_thread *each = fake_machine.threads; each != NULL; each = each->next) {
        const struct thread *thread = each->thread;

        if (thread == NULL || !(thread->flags & THREAD_STARTED) ||
            (thread->flags & (THREAD_DEAD | THREAD_IDLE)) || (thread->wait & THREAD_WAITING)) {
            continue;
        }
        fprintf(stderr, "  t%lu: %s, CPU %u of %lx, priority %u (%u), flags %x\n",
                (unsigned long)each->id,
                thread->on_cpu                        ? "runs"
                : list_is_linked(&thread->ready_link) ? "ready"
                                                      : "on its way",
                thread->cpu, (unsigned long)thread->affinity, thread->priority,
                thread->base_priority, thread->flags);
    }
}

void fake_fail(const char *format, ...)
{
    static bool failing;
    va_list arguments;

    if (failing) {
        abort();
    }
    failing = true;
    fflush(stdout);
    fprintf(stderr, "\nFAKE MACHINE: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nseed %lu, step %lu, time %ld ns\n", (unsigned long)fake_machine.config.seed,
            (unsigned long)fake_machine.steps, (long)fake_machine.now);
    for (unsigned i = 0; i < fake_machine.cpu_count; i++) {
        struct fake_cpu *cpu = &fake_machine.cpus[i];

        fprintf(stderr, "%c CPU %u: %s, entry %d, locks %u, ipis %x, timer %ld, ready %d\n",
                cpu == fake_machine.self ? '>' : ' ', i, state_names[cpu->state], cpu->entry,
                cpu->record.locks_held, cpu->ipis,
                cpu->timer == DEADLINE_NEVER ? -1 : (long)cpu->timer, cpu->record.ready_top);
    }
    print_threads();
    if (fake_failure_hook != NULL) {
        fake_failure_hook();
    }
    if (strlen(fake_log()) > 0) {
        const char *log = fake_log();
        size_t length = strlen(log);

        fprintf(stderr, "--- kernel log (end)\n%s", log + (length > 3000 ? length - 3000 : 0));
    }
    fflush(stderr);
    abort();
}

uint64_t fake_random(void)
{
    uint64_t z = (fake_machine.random_state += 0x9e3779b97f4a7c15ul);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ul;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebul;
    return z ^ (z >> 31);
}

uint64_t fake_seed(void)
{
    return fake_machine.config.seed;
}

/* --- fibers ----------------------------------------------------------------------------------- */

#if !defined(__x86_64__)
#error "the fiber switch is written for x86-64 hosts"
#endif

/* Saves what C functions preserve on the stack, and goes on with another stack. */
void fiber_switch(void **ret_old_sp, void *new_sp);
__asm__(".text\n"
        ".globl fiber_switch\n"
        "fiber_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n");

static void to_simulator(bool for_good)
{
    struct fake_cpu *cpu = fake_machine.self;

    fake_machine.self = NULL;
#if FIBER_ASAN
    if (for_good) {
        __asan_handle_no_return(); /* unpoisons what is left on this stack */
    }
    __sanitizer_start_switch_fiber(for_good ? NULL : &cpu->asan_fake_stack, simulator.stack_bottom,
                                   simulator.stack_size);
#else
    (void)for_good;
#endif
    fiber_switch(&cpu->saved_sp, simulator.sp);
#if FIBER_ASAN
    __sanitizer_finish_switch_fiber(cpu->asan_fake_stack, &simulator.stack_bottom,
                                    &simulator.stack_size);
#endif
}

static void to_fiber(struct fake_cpu *cpu)
{
    void *fake_stack = NULL;

    fake_machine.self = cpu;
    fake_cpu_record = &cpu->record;
#if FIBER_ASAN
    __sanitizer_start_switch_fiber(&fake_stack, cpu->stack, FAKE_STACK_SIZE);
#endif
    fiber_switch(&simulator.sp, cpu->saved_sp);
#if FIBER_ASAN
    __sanitizer_finish_switch_fiber(fake_stack, NULL, NULL);
#endif
    (void)fake_stack;
}

/* The end of every entry. */
NORETURN static void leave(enum fake_cpu_state state)
{
    struct fake_cpu *cpu = fake_machine.self;

    if (state != CPU_HALTED && cpu->record.locks_held != 0) {
        fake_fail("CPU %u leaves the kernel with %u locks held", cpu->record.id,
                  cpu->record.locks_held);
    }
    cpu->state = state;
    to_simulator(true);
    abort();
}

static void enter_syscall(struct fake_cpu *cpu);

NORETURN static void fiber_main(void)
{
    struct fake_cpu *cpu = fake_machine.self;

#if FIBER_ASAN
    __sanitizer_finish_switch_fiber(NULL, &simulator.stack_bottom, &simulator.stack_size);
#endif
    switch (cpu->entry) {
    case ENTRY_MAIN:
        kernel_main(fake_boot_info());
    case ENTRY_CPU_MAIN:
        cpu_register(&cpu->record);
        kernel_cpu_main();
    case ENTRY_SYSCALL:
        enter_syscall(cpu);
        break;
    case ENTRY_PAGE_FAULT:
        upcall_page_fault(cpu->entry_argument[0], (unsigned)cpu->entry_argument[1]);
        break;
    case ENTRY_EXCEPTION:
        upcall_exception((unsigned)cpu->entry_argument[0], cpu->entry_argument[1]);
        break;
    case ENTRY_FPU:
        cpu->record.current->arch.fpu_state = upcall_fpu_alloc();
        if (cpu->record.current->arch.fpu_state == NULL) {
            upcall_exception(7, 0);
        }
        break;
    case ENTRY_TIMER:
        cpu->record.interrupt_count++;
        upcall_timer();
        break;
    case ENTRY_IRQ:
        cpu->record.interrupt_count++;
        upcall_irq((uint32_t)cpu->entry_argument[0]);
        break;
    case ENTRY_RESCHEDULE:
        cpu->record.interrupt_count++;
        upcall_reschedule();
        break;
    case ENTRY_SYNC:
        cpu->record.interrupt_count++;
        upcall_sync();
        break;
    }
    arch_resume();
}

void fake_enter(struct fake_cpu *cpu, enum fake_entry entry, uint64_t a, uint64_t b)
{
    void **sp;

    cpu->entry = entry;
    cpu->entry_argument[0] = a;
    cpu->entry_argument[1] = b;
    cpu->state = CPU_KERNEL;
    cpu->asan_fake_stack = NULL;
    if (cpu->record.current != NULL && cpu->record.current->frame.cs != 0) {
        cpu->record.current->frame.vector = entry == ENTRY_SYSCALL ? 0 : 0x100;
    }

    /* What fiber_switch pops: six registers and a return address; then fiber_main as if called. */
    sp = (void **)cpu->stack + FAKE_STACK_SIZE / sizeof(void *);
    *--sp = NULL; /* what called it: the stack is aligned as after a call */
    *--sp = (void *)(uintptr_t)fiber_main;
    for (unsigned i = 0; i < 6; i++) {
        *--sp = NULL;
    }
    cpu->saved_sp = sp;
    to_fiber(cpu);
}

/* --- choice points ---------------------------------------------------------------------------- */

void fake_set_choice(unsigned one_in)
{
    fake_machine.config.choice = one_in;
}

void fake_choice(void)
{
    struct fake_cpu *cpu = fake_machine.self;

    if (cpu == NULL || fake_machine.config.choice == 0 || !fake_machine.booted ||
        fake_machine.cpu_count == 1) {
        return;
    }
    if (fake_random() % fake_machine.config.choice == 0) {
        to_simulator(false);
    }
}

#define PANIC_TICK_NS 100000

void arch_cpu_relax(void)
{
    struct fake_cpu *cpu = fake_machine.self;

    if (cpu != NULL) {
        if (fake_machine.expect_panic) {
            fake_machine.now += PANIC_TICK_NS; /* it waits for stopped CPUs by the clock */
        }
        cpu->spinning = true;
        to_simulator(false);
        cpu->spinning = false;
    }
}

void (*fake_lock_hook)(const uint32_t *word);

bool arch_spin_acquire(uint32_t *word)
{
    bool has_waited = false;

    if (fake_lock_hook != NULL) {
        fake_lock_hook(word);
    }
    fake_choice();
    while (*word != 0) {
        if (fake_machine.self == NULL) {
            fake_fail("a lock is held that the simulator needs");
        }
        has_waited = true;
        arch_cpu_relax();
    }
    *word = 1;
    return has_waited;
}

bool arch_spin_try(uint32_t *word)
{
    fake_choice();
    if (*word != 0) {
        return false;
    }
    *word = 1;
    return true;
}

void arch_spin_release(uint32_t *word)
{
    FAKE_CHECK(*word == 1);
    *word = 0;
    fake_choice();
}

/* --- entries and exits ------------------------------------------------------------------------ */

struct thread *arch_current(void)
{
    return fake_cpu_record->current;
}

/* The registers as the entry code has them before it saves any: what a fast path must not read in
 * the frame is not there. */
static struct user_frame registers_take(struct user_frame *frame)
{
    struct user_frame registers = *frame;
    uint64_t *words[] = {&frame->r15, &frame->r14, &frame->r13, &frame->r12, &frame->rbp,
                         &frame->rbx, &frame->r10, &frame->r9,  &frame->r8,  &frame->rax,
                         &frame->rdx, &frame->rsi, &frame->rdi};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        *words[i] = 0xdeadbeefdeadbeef;
    }
    return registers;
}

/* The fast paths of port_call and port_reply_receive, as the assembly calls them: the payload stays
 * in the registers, the receiver's special registers come out of its frame. */
static bool enter_fast(struct fake_cpu *cpu, struct thread *thread)
{
    struct user_frame *frame = &thread->frame;
    uint64_t number = frame->rax;
    struct user_frame registers;
    struct thread *next;

    if (number != SYS_port_reply_receive && (number != SYS_port_call || frame->r10 != 0)) {
        return false;
    }
    registers = registers_take(frame);
    next = number == SYS_port_call
               ? sys_port_call_fast(registers.rdi, registers.rsi, (time_ns_t)registers.rdx, thread)
               : sys_port_reply_receive_fast(registers.rdi, registers.rsi, (time_ns_t)registers.rdx,
                                             thread, registers.r10);
    if (next == NULL) {
        FAKE_CHECK(cpu->record.current == thread);
        *frame = registers;
        return false;
    }
    FAKE_CHECK(cpu->record.current == next && next != thread);
    frame_ipc_copy_words(&next->frame, &registers);
    next->frame.rsi = registers.rsi;
    next->frame.rax = 0;
    if (number == SYS_port_reply_receive) {
        next->frame.rdi = next->frame.rdx = next->frame.r10 = 0;
    }
    fake_machine.fast_count++;
    return true;
}

static void enter_syscall(struct fake_cpu *cpu)
{
    struct thread *thread = cpu->record.current;
    struct user_frame *frame = &thread->frame;
    uint64_t number = frame->rax;
    syscall_fn *door = number <= SYSCALL_NUMBER_MAX ? syscall_doors[syscall_index[number]] : NULL;
    int64_t result = -ENOSYS;

    if (redirect_enter(thread, REDIRECT_SYSCALL, 0, 0) || enter_fast(cpu, thread)) {
        leave(CPU_USER);
    }
    if (door != NULL) {
        result = door(frame_argument(frame, 0), frame_argument(frame, 1), frame_argument(frame, 2),
                      frame_argument(frame, 3), frame_argument(frame, 4), frame_argument(frame, 5));
    }
    if (result != SYSCALL_RESUME) {
        if (cpu->record.current != thread) {
            fake_fail("system call %lu returned a value to another thread", (unsigned long)number);
        }
        frame_set_result(frame, result);
        leave(CPU_USER);
    }
}

void arch_resume(void)
{
    struct fake_cpu *cpu = fake_machine.self;

    FAKE_CHECK(cpu->record.current != NULL);
    if (cpu->record.current->frame.cs == 0) {
        FAKE_CHECK(cpu->record.locks_held == 0);
        upcall_idle();
    }
    leave(CPU_USER);
}

uint32_t arch_cpus_start(void)
{
    for (unsigned i = 1; i < fake_machine.cpu_count; i++) {
        struct fake_cpu *cpu = &fake_machine.cpus[i];

        for (cpu->state = CPU_STARTING; cpu->state == CPU_STARTING || cpu->state == CPU_KERNEL;) {
            to_simulator(false);
        }
    }
    return fake_machine.cpu_count;
}

void arch_selftest(void)
{
}

size_t arch_fpu_state_size(void)
{
    return 512;
}

/* As FXRSTOR: bits of MXCSR that the CPU does not have. */
bool arch_fpu_set(struct arch_thread *thread, const void *state)
{
    FAKE_CHECK(thread->fpu_state != NULL);
    if (((const uint32_t *)state)[6] & ~0xffbfu) {
        return false;
    }
    memcpy(thread->fpu_state, state, 512);
    return true;
}

void arch_thread_set_base(struct arch_thread *thread, unsigned which, uint64_t base)
{
    uint64_t *slot = which == 0 ? &thread->fs_base : &thread->gs_base;

    FAKE_CHECK(base < USER_LIMIT);
    *slot = base;
}

void arch_thread_set_redirect(struct arch_thread *thread, struct redirect *redirect)
{
    thread->redirect = redirect;
}

void arch_thread_set_breakpoint(struct arch_thread *thread, unsigned index, uint64_t address,
                                uint32_t kind, uint32_t size_bytes)
{
    FAKE_CHECK(index < 4 && kind < 4 && address < USER_LIMIT && size_bytes <= 8);
    thread->breakpoints[index] = kind == 0 ? 0 : address;
}

void arch_thread_set_bases(struct arch_thread *thread, uint64_t fs_base, uint64_t gs_base)
{
    thread->fs_base = fs_base;
    thread->gs_base = gs_base;
}

void arch_idle_wait(void)
{
    leave(CPU_IDLE);
}

void arch_halt(void)
{
    if (!fake_machine.expect_panic) {
        fake_fail("the kernel has stopped this CPU");
    }
    fake_machine.panicked = true;
    leave(CPU_HALTED);
}

void arch_reset(void)
{
    fake_machine.panicked = true;
    leave(CPU_HALTED);
}

void arch_ipi_send(uint64_t cpu_mask, enum arch_ipi kind)
{
    for (unsigned i = 0; i < fake_machine.cpu_count; i++) {
        if (cpu_mask >> i & 1) {
            fake_machine.cpus[i].ipis |= 1u << kind;
        }
    }
    fake_choice();
}

void arch_thread_init(struct arch_thread *thread)
{
    struct fake_thread *fake = calloc(1, sizeof(*fake));

    FAKE_CHECK(fake != NULL);
    fake->thread = CONTAINER_OF(thread, struct thread, arch);
    fake->id = fake_machine.threads == NULL ? 1 : fake_machine.threads->id + 1;
    fake->next = fake_machine.threads;
    fake_machine.threads = fake;
    *thread = (struct arch_thread){.fake = fake};
}

void arch_thread_fini(struct arch_thread *thread)
{
    if (thread->fake == NULL) {
        return;
    }
    for (unsigned i = 0; i < fake_machine.cpu_count; i++) {
        if (fake_machine.cpus[i].record.current == thread->fake->thread) {
            fake_fail("thread freed while CPU %u runs it", i);
        }
    }
    if (thread->fpu_state != NULL) {
        upcall_fpu_free(thread);
        thread->fpu_state = NULL;
    }
    thread->fake->thread = NULL;
    thread->fake->state = FAKE_DEAD;
    thread->fake = NULL;
}

unsigned arch_frame_trace(const struct user_frame *frame, arch_trace_read *read,
                          const void *context, uint64_t *ret_trace)
{
    ret_trace[0] = frame->rip;
    return read(context, frame->rbp, &ret_trace[1]) ? 2 : 1;
}

void arch_frame_print(const struct user_frame *frame, unsigned number)
{
    char line[80];

    if (number != 0) {
        return;
    }
    snprintf(line, sizeof(line), "rip %lx rsp %lx rax %lx\n", (unsigned long)frame->rip,
             (unsigned long)frame->rsp, (unsigned long)frame->rax);
    fake_log_append(line, strlen(line));
}

/* --- time, lines, ports, console -------------------------------------------------------------- */

time_ns_t arch_time_now(void)
{
    return fake_machine.now;
}

void arch_timer_set(time_ns_t deadline)
{
    /* Tests call the kernel outside all fibers too, as the boot CPU. */
    struct fake_cpu *cpu = fake_machine.self != NULL ? fake_machine.self : &fake_machine.cpus[0];

    cpu->timer = deadline;
}

uint64_t arch_time_tsc_hz(void)
{
    return 1000000000;
}

int arch_irq_setup(uint32_t line)
{
    if (line >= FAKE_IRQ_COUNT) {
        return -EINVAL;
    }
    fake_machine.irq_masked |= 1u << line;
    return 0;
}

static void irq_deliver(uint32_t line)
{
    if ((fake_machine.irq_level >> line & 1) && !(fake_machine.irq_masked >> line & 1)) {
        fake_machine.irq_masked |= 1u << line;
        fake_machine.irq_level &= ~(1u << line);
        fake_machine.cpus[0].irqs |= 1u << line;
    }
}

void arch_irq_mask(uint32_t line)
{
    fake_machine.irq_masked |= 1u << line;
}

void arch_irq_unmask(uint32_t line)
{
    fake_machine.irq_masked &= ~(1u << line);
    irq_deliver(line);
}

uint32_t arch_irq_count(void)
{
    return FAKE_IRQ_COUNT;
}

void fake_irq_raise(uint32_t line)
{
    fake_machine.irq_level |= 1u << line;
    irq_deliver(line);
}

bool fake_irq_is_masked(uint32_t line)
{
    return fake_machine.irq_masked >> line & 1;
}

static uint32_t width_mask(unsigned width_bytes)
{
    FAKE_CHECK(width_bytes == 1 || width_bytes == 2 || width_bytes == 4);
    return width_bytes == 4 ? UINT32_MAX : (1u << (8 * width_bytes)) - 1;
}

uint32_t arch_port_read(uint16_t port, unsigned width_bytes)
{
    return fake_machine.ports[port / 4] & width_mask(width_bytes);
}

void arch_port_write(uint16_t port, unsigned width_bytes, uint32_t value)
{
    fake_machine.ports[port / 4] = value & width_mask(width_bytes);
}

uint32_t fake_port_value(uint16_t port)
{
    return fake_machine.ports[port / 4];
}

void fake_port_set(uint16_t port, uint32_t value)
{
    fake_machine.ports[port / 4] = value;
}

static struct {
    char text[1 << 16];
    size_t length;
} fake_log_state;

const char *fake_log(void)
{
    return fake_log_state.text;
}

void fake_log_append(const char *text, size_t length)
{
    if (fake_machine.config.verbose) {
        fwrite(text, 1, length, stderr);
    }
    if (length >= sizeof(fake_log_state.text) / 2) {
        return;
    }
    if (fake_log_state.length + length >= sizeof(fake_log_state.text)) {
        size_t half = sizeof(fake_log_state.text) / 2;

        memmove(fake_log_state.text, fake_log_state.text + fake_log_state.length - half, half);
        fake_log_state.length = half;
    }
    for (size_t i = 0; i < length; i++) {
        /* Programs may log anything. */
        fake_log_state.text[fake_log_state.length++] = text[i] == 0 ? '.' : text[i];
    }
    fake_log_state.text[fake_log_state.length] = 0;
}

void arch_console_init(void)
{
}

void arch_debugcon_write(const char *text, size_t length)
{
    fake_log_append(text, length);
}

void arch_serial_write(const char *text, size_t length)
{
    (void)text;
    (void)length;
}

void arch_backtrace_print(void)
{
#if FIBER_ASAN
    if (!fake_machine.expect_panic) {
        __sanitizer_print_stack_trace();
    }
#endif
}

/* --- the machine ------------------------------------------------------------------------------ */

static struct fake_thread *fake_of(const struct fake_cpu *cpu)
{
    return cpu->record.current->arch.fake;
}

static void request_end(struct fake_thread *fake)
{
    fake->kind = FAKE_NONE;
    fake->state = FAKE_DONE;
    if (fake_done_hook != NULL) {
        fake_done_hook(fake);
    }
}

/* A thread has reached user mode with the request done? */
static void note_arrival(struct fake_cpu *cpu)
{
    struct fake_thread *fake = fake_of(cpu);
    const struct user_frame *frame = &cpu->record.current->frame;

    if (fake->state == FAKE_REQUEST && fake->fault_ip != 0 && frame->rip != fake->fault_ip) {
        fake->fault_ip = 0; /* its library was told of the fault */
        request_end(fake);
        return;
    }
    if (fake->state != FAKE_CALL || fake->kind != FAKE_SYSCALL) {
        return;
    }
    if (frame->rip == FAKE_SYSCALL_IP) {
        fake->state = FAKE_REQUEST; /* the instruction runs again, registers as they are */
        fake->restarts++;
        return;
    }
    if (frame->rip != FAKE_SYSCALL_IP + 2 && cpu->record.current->arch.redirect == NULL) {
        fake_fail("a thread continues at 0x%lx", (unsigned long)frame->rip);
    }
    fake->registers = (struct fake_registers){
        frame->rax, frame->rdi, frame->rsi, frame->rdx, frame->r10, frame->r8,  frame->r9,
        frame->rbx, frame->rbp, frame->r12, frame->r13, frame->r14, frame->r15,
    };
    request_end(fake);
}

static void load_frame(struct user_frame *frame, const struct fake_registers *r)
{
    frame->rax = r->rax;
    frame->rdi = r->rdi;
    frame->rsi = r->rsi;
    frame->rdx = r->rdx;
    frame->r10 = r->r10;
    frame->r8 = r->r8;
    frame->r9 = r->r9;
    frame->rbx = r->rbx;
    frame->rbp = r->rbp;
    frame->r12 = r->r12;
    frame->r13 = r->r13;
    frame->r14 = r->r14;
    frame->r15 = r->r15;
}

static void do_access(struct fake_cpu *cpu, struct fake_thread *fake)
{
    unsigned access = fake->kind == FAKE_WRITE  ? FAULT_WRITE
                      : fake->kind == FAKE_EXEC ? FAULT_EXEC
                                                : FAULT_READ;
    unsigned fault;
    uint64_t *place = fake_translate(cpu, fake->address, access, &fault);

    if (place == NULL) {
        fake->restarts++;
        fake->fault_ip = cpu->record.current->frame.rip;
        fake_enter(cpu, ENTRY_PAGE_FAULT, fake->address, fault);
        return;
    }
    if (fake->kind == FAKE_WRITE) {
        *place = fake->value;
    } else {
        fake->value = *place;
    }
    fake->fault_ip = 0;
    request_end(fake);
}

/* The thread in user mode on this CPU does its request; false if it has none. */
static bool user_act(struct fake_cpu *cpu)
{
    struct fake_thread *fake = fake_of(cpu);
    struct user_frame *frame = &cpu->record.current->frame;

    if (fake->state != FAKE_REQUEST && fake_user_hook != NULL &&
        !fake_user_hook(fake, cpu->record.id)) {
        return false;
    }
    if (fake->state != FAKE_REQUEST) {
        return false;
    }
    if (fake_may_act_hook != NULL && !fake_may_act_hook(fake)) {
        return false;
    }
    switch (fake->kind) {
    case FAKE_NONE:
        return false;
    case FAKE_SYSCALL:
        if (frame->rip != FAKE_SYSCALL_IP) {
            fake->restarts = 0;
            load_frame(frame, &fake->registers);
        }
        fake->state = FAKE_CALL;
        frame->rip = FAKE_SYSCALL_IP + 2;
        fake_enter(cpu, ENTRY_SYSCALL, 0, 0);
        return true;
    case FAKE_READ:
    case FAKE_WRITE:
    case FAKE_EXEC:
        do_access(cpu, fake);
        return true;
    case FAKE_FPU:
        fake->kind = FAKE_NONE;
        fake->state = FAKE_DONE;
        if (cpu->record.current->arch.fpu_state == NULL) {
            fake_enter(cpu, ENTRY_FPU, 0, 0);
        }
        return true;
    case FAKE_EXCEPTION:
        fake->kind = FAKE_NONE;
        fake->state = FAKE_DONE;
        fake_enter(cpu, ENTRY_EXCEPTION, fake->address, fake->value);
        return true;
    }
    return false;
}

static bool interrupt_pending(const struct fake_cpu *cpu)
{
    return cpu->ipis != 0 || cpu->irqs != 0 || cpu->timer <= fake_machine.now;
}

static unsigned nth_bit(uint32_t bits, unsigned n)
{
    while (n-- > 0) {
        bits &= bits - 1;
    }
    return (unsigned)__builtin_ctz(bits);
}

/* Takes one of the pending interrupts, chosen by the seed. */
static void interrupt_take(struct fake_cpu *cpu)
{
    unsigned ipi_count = (unsigned)__builtin_popcount(cpu->ipis);
    unsigned irq_count = (unsigned)__builtin_popcount(cpu->irqs);
    unsigned timer_count = cpu->timer <= fake_machine.now ? 1 : 0;
    unsigned choice = (unsigned)(fake_random() % (ipi_count + irq_count + timer_count));

    if (choice < ipi_count) {
        unsigned kind = nth_bit(cpu->ipis, choice);

        cpu->ipis &= ~(1u << kind);
        if (kind == ARCH_IPI_STOP) {
            cpu->state = CPU_HALTED;
            return;
        }
        fake_enter(cpu, kind == ARCH_IPI_SYNC ? ENTRY_SYNC : ENTRY_RESCHEDULE, 0, 0);
        return;
    }
    choice -= ipi_count;
    if (choice < irq_count) {
        unsigned line = nth_bit(cpu->irqs, choice);

        cpu->irqs &= ~(1u << line);
        fake_enter(cpu, ENTRY_IRQ, line, 0);
        return;
    }
    cpu->timer = DEADLINE_NEVER;
    fake_enter(cpu, ENTRY_TIMER, 0, 0);
}

/* One CPU's turn; false if it has nothing to do. */
static bool cpu_act(struct fake_cpu *cpu)
{
    switch (cpu->state) {
    case CPU_OFF:
    case CPU_HALTED:
        return false;
    case CPU_STARTING:
        fake_enter(cpu, ENTRY_CPU_MAIN, 0, 0);
        break;
    case CPU_KERNEL:
        to_fiber(cpu);
        break;
    case CPU_IDLE:
        if (!interrupt_pending(cpu)) {
            return false;
        }
        interrupt_take(cpu);
        break;
    case CPU_USER:
        /* An interrupt may still be on its way while the program goes on. */
        if (interrupt_pending(cpu) && fake_random() % 4 != 0) {
            interrupt_take(cpu);
        } else if (!user_act(cpu)) {
            if (!interrupt_pending(cpu)) {
                return false;
            }
            interrupt_take(cpu);
        }
        break;
    }
    if (cpu->state == CPU_USER) {
        note_arrival(cpu);
    }
    return true;
}

/* Whether nobody can go on because every CPU in the kernel waits for a lock. */
static void deadlock_check(unsigned spins)
{
    if (spins < 100000) {
        return;
    }
    fake_fail("deadlock, or a lock held for very long: CPUs have been spinning %u times", spins);
}

bool fake_step(void)
{
    static unsigned spins;
    unsigned first = (unsigned)(fake_random() % fake_machine.cpu_count);

    fake_machine.steps++;
    for (unsigned i = 0; i < fake_machine.cpu_count; i++) {
        struct fake_cpu *cpu = &fake_machine.cpus[(first + i) % fake_machine.cpu_count];

        if (cpu_act(cpu)) {
            spins = cpu->state == CPU_KERNEL && cpu->spinning ? spins + 1 : 0;
            deadlock_check(spins);
            return true;
        }
    }
    return false;
}

void fake_settle(void)
{
    for (uint64_t steps = 0; fake_step(); steps++) {
        if (steps > 10000000) {
            fake_fail("the machine never comes to rest");
        }
    }
}

bool fake_time_to_next_timer(void)
{
    time_ns_t next = DEADLINE_NEVER;

    for (unsigned i = 0; i < fake_machine.cpu_count; i++) {
        if (fake_machine.cpus[i].timer < next) {
            next = fake_machine.cpus[i].timer;
        }
    }
    if (next == DEADLINE_NEVER) {
        return false;
    }
    if (next > fake_machine.now) {
        fake_machine.now = next;
    }
    return true;
}

void fake_run_for(time_ns_t limit_ns)
{
    time_ns_t end = fake_machine.now + limit_ns;

    for (;;) {
        time_ns_t before = fake_machine.now;

        fake_settle();
        if (!fake_time_to_next_timer()) {
            return;
        }
        if (fake_machine.now > end) {
            fake_machine.now = before > end ? before : end;
            return;
        }
    }
}

time_ns_t fake_now(void)
{
    return fake_machine.now;
}

void fake_time_add(time_ns_t ns)
{
    fake_machine.now += ns;
}

void fake_expect_panic(void)
{
    fake_machine.expect_panic = true;
}

bool fake_panicked(void)
{
    return fake_machine.panicked;
}

unsigned fake_cpu_count(void)
{
    return fake_machine.cpu_count;
}

struct fake_thread *fake_on_cpu(unsigned cpu)
{
    return fake_machine.cpus[cpu].state == CPU_USER ? fake_of(&fake_machine.cpus[cpu]) : NULL;
}
