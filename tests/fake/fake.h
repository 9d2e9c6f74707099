/* SPDX-License-Identifier: MIT */
/*
 * The fake machine: the whole kernel above the CPU layer, on simulated CPUs in one host thread.
 *
 * Each simulated CPU runs kernel code on a stack of its own (a fiber). At choice points (taking and
 * releasing a spinlock, every atomic operation of kernel code, arch_cpu_relax) the machine may go
 * on with another CPU instead; who goes on comes from the seed and from nothing else, so a run
 * repeats exactly. Interrupts between CPUs stay pending until the CPU is in user mode or idle, and
 * may come late. Time stands still unless the machine or the test moves it.
 *
 *            +-- fake_step: picks a CPU --------------------------------+
 *            |                                                         |
 *     CPU in the kernel        CPU in user mode              CPU idle  |
 *     goes on to its next      interrupt pending: enters     interrupt |
 *     choice point or end      request of its thread: does it pending  |
 *            |                                                         |
 *            +---------------------------------------------------------+
 *
 * User mode is played by requests: a test gives a thread a system call, a memory access or an
 * exception to do as soon as it is on a CPU in user mode. A simulator gives a function that is
 * asked for the next request.
 *
 * One boot per process: the kernel's globals are not reset. FAKE_TEST_MAIN runs each test in a
 * child process of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <quay/abi/errno.h>
#include <quay/abi/ipc.h>
#include <quay/abi/job.h>
#include <quay/abi/memory.h>
#include <quay/abi/object.h>
#include <quay/abi/syscalls.h>
#include <quay/abi/types.h>
#include "lib/compiler.h"

struct thread;
struct user_frame;

struct fake_config {
    unsigned cpus;       /* 0: 1 */
    size_t memory_bytes; /* 0: 16 MiB */
    uint64_t seed;       /* 0: 1 */
    unsigned choice;     /* switch at one choice point in this many; 0: never */
    bool verbose;        /* print the kernel's log as it comes */
    const char *command_line;
};

/* Where init's own memory lies, and the call instruction of every thread. */
#define FAKE_CODE       0x10000000000ul /* one page, readable and executable */
#define FAKE_DATA       0x10000400000ul /* FAKE_DATA_SIZE bytes, zero, readable and writable */
#define FAKE_DATA_SIZE  0x10000ul
#define FAKE_SYSCALL_IP (FAKE_CODE + 0x100)

enum fake_request_kind {
    FAKE_NONE,
    FAKE_SYSCALL,
    FAKE_READ,
    FAKE_WRITE,
    FAKE_EXEC,
    FAKE_EXCEPTION,
    FAKE_FPU, /* the first use of floating point */
};

/* Registers of a call, in and out, in the order of ipc.h. */
struct fake_registers {
    uint64_t rax, rdi, rsi, rdx, r10, r8, r9;
    uint64_t rbx, rbp, r12, r13, r14, r15;
};

enum fake_state {
    FAKE_FREE,    /* nothing to do */
    FAKE_REQUEST, /* has a request, not begun */
    FAKE_CALL,    /* in a system call, or in a fault of its request */
    FAKE_DONE,    /* the last request has ended: results are in `registers` */
    FAKE_DEAD,    /* the kernel has freed the thread's record */
};

/* A thread as its user mode sees it. Lives until the end of the process. */
struct fake_thread {
    struct thread *thread; /* NULL when dead */
    enum fake_state state;
    enum fake_request_kind kind;
    struct fake_registers registers;
    uint64_t address, value; /* of an access: 8 bytes aligned, in or out */
    uint32_t restarts;       /* of the call under way */
    uint64_t fault_ip;       /* where the access under way has faulted; 0: nowhere */
    unsigned id;             /* 1, 2, ... */
    void *owner;             /* the test's own */
    struct fake_thread *next;
};

/* --- the machine ------------------------------------------------------------------------------ */

/* Boots: memory, CPUs, kernel_main with an archive that holds a small init, until all are idle or
 * in user mode. NULL stands for the defaults. */
void fake_boot(const struct fake_config *config);

/* One step of one CPU; false if no CPU has anything to do before time moves. */
bool fake_step(void);

/* Steps until nothing happens any more; time does not move. */
void fake_settle(void);

/* Settles, and moves time from timer to timer, until nothing is armed or `limit_ns` have passed. */
void fake_run_for(time_ns_t limit_ns);

/* Moves time to the next armed timer; false if there is none. */
bool fake_time_to_next_timer(void);

time_ns_t fake_now(void);
void fake_time_add(time_ns_t ns);

/* Changes how often choice points switch. */
void fake_set_choice(unsigned one_in);

/* Asked whenever a thread is in user mode without a request; makes one and returns true, or false:
 * it spins. */
extern bool (*fake_user_hook)(struct fake_thread *thread, unsigned cpu);

/* Asked before a thread begins its request, or begins it again: false makes it wait. */
extern bool (*fake_may_act_hook)(struct fake_thread *thread);

/* Told when a thread's request has ended, on the CPU it runs on. */
extern void (*fake_done_hook)(struct fake_thread *thread);

/* Called before a failure aborts: what else to print. */
extern void (*fake_failure_hook)(void);

/* Prints the reason, the seed, the kernel's log and what each CPU does; then aborts. */
NORETURN void fake_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define FAKE_CHECK(condition)                                                                      \
    ((condition) ? (void)0 : fake_fail("%s:%d: %s", __FILE__, __LINE__, #condition))

/* Random numbers: of the machine (who goes on), and a stream for tests. */
uint64_t fake_random(void);
uint64_t fake_seed(void);

/* The next panic halts the machine instead of failing the test: fake_panicked tells, with text. */
void fake_expect_panic(void);
bool fake_panicked(void);

/* The kernel's log so far. */
const char *fake_log(void);

void fake_irq_raise(uint32_t line);
bool fake_irq_is_masked(uint32_t line);
uint32_t fake_port_value(uint16_t port);
void fake_port_set(uint16_t port, uint32_t value);
unsigned fake_cpu_count(void);

/* What runs on a CPU in user mode, NULL if it is idle or in the kernel. */
struct fake_thread *fake_on_cpu(unsigned cpu);

/* --- threads ---------------------------------------------------------------------------------- */

struct fake_thread *fake_init_thread(void);

/* The thread behind a handle of another one's process. */
struct fake_thread *fake_thread_of_handle(struct fake_thread *holder, handle_t thread);

/* Gives the thread something to do; it must have nothing. */
void fake_request_call(struct fake_thread *thread, const struct fake_registers *registers);
void fake_request_access(struct fake_thread *thread, enum fake_request_kind kind, uint64_t address,
                         uint64_t value);
void fake_request_exception(struct fake_thread *thread, unsigned vector, uint64_t error_code);

/* What fake_call and fake_wait return when the call has not come back. */
#define FAKE_BLOCKED INT64_MIN
#define FAKE_KILLED  (INT64_MIN + 1)

/* Runs the machine until the request has ended, the thread blocks, or it dies. Time moves only
 * while the thread is ready but does not get a CPU. Returns rax. */
int64_t fake_wait(struct fake_thread *thread);

/* A whole system call with up to six arguments. */
int64_t fake_call6(struct fake_thread *thread, uint64_t number, const uint64_t arguments[6]);
#define fake_call(thread, number, ...) fake_call6(thread, number, (const uint64_t[6]){__VA_ARGS__})

/* Results in rdx and rdi of the last call. */
uint64_t fake_result2(const struct fake_thread *thread);
uint64_t fake_result3(const struct fake_thread *thread);

/* port_call and port_reply_receive; `words` (8 of them, NULL: zeros) go in, and out if it came
 * back. */
int64_t fake_port_call(struct fake_thread *thread, handle_t session, uint64_t header,
                       time_ns_t deadline, uint64_t *words);
int64_t fake_reply_receive(struct fake_thread *thread, handle_t port, uint64_t header,
                           time_ns_t deadline, uint64_t token, uint64_t *words);

/* User memory, through the thread's page tables, faults and all: false if the thread died. */
bool fake_write(struct fake_thread *thread, uint64_t address, uint64_t value);
bool fake_read(struct fake_thread *thread, uint64_t address, uint64_t *ret_value);
bool fake_write_bytes(struct fake_thread *thread, uint64_t address, const void *data, size_t size);
bool fake_read_bytes(struct fake_thread *thread, uint64_t address, void *data, size_t size);

/* --- what a test starts from ------------------------------------------------------------------ */

/* Handles that init was given, by BOOTSTRAP_* kind; 0 if there is none. */
handle_t fake_bootstrap(uint32_t kind);

struct fake_process {
    handle_t process, aspace, thread; /* in init's table */
    struct fake_thread *main;
};

/* A process in the root job with one thread, started; `made by init`. */
void fake_process_create(struct fake_process *ret_process);

/* The same in a job that init has a handle to. */
void fake_process_create_in(handle_t job, struct fake_process *ret_process);

/* Another thread of it, started. */
struct fake_thread *fake_thread_create(const struct fake_process *process, handle_t *ret_handle);

/* init puts a copy of its handle into a process that is not started, see fake_process_new. */
void fake_process_new(handle_t job, struct fake_process *ret_process);
void fake_process_start(struct fake_process *process);
handle_t fake_grant(const struct fake_process *process, handle_t handle, rights_t rights);

/* --- leaks ------------------------------------------------------------------------------------ */

struct fake_balance {
    uint64_t frames_free;
    uint64_t objects[OBJECT_TYPE_COUNT];
    uint64_t slabs[32];
    uint64_t usage[JOB_RESOURCE_COUNT];
};

/* Lets every grace period end and measures. */
void fake_balance(struct fake_balance *ret_balance);

/* Fails if something is in use that was not at `before`. Frames that empty slabs keep are allowed
 * for. */
void fake_balance_check(const struct fake_balance *before);

/* Compares all TLBs with the page tables; for quiet moments: after fake_settle. */
void fake_tlb_check(void);

/* --- test programs ---------------------------------------------------------------------------- */

struct fake_test {
    const char *name;
    void (*run)(void **state);
};

/* Runs each test in a child process through cmocka, those whose name contains argv[1] if given. */
int fake_test_main(int argc, char **argv, const struct fake_test *tests, size_t count);

#define FAKE_TEST(function)                                                                        \
    {                                                                                              \
#function, function                                                                        \
    }
#define FAKE_TEST_MAIN(tests)                                                                      \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return fake_test_main(argc, argv, tests, sizeof(tests) / sizeof((tests)[0]));              \
    }
