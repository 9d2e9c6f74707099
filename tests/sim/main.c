/* SPDX-License-Identifier: MIT */
/*
 * The simulator's runs. Each run is a machine of its own in a child process, with a seed that says
 * everything about it; --seed repeats one in this process.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "machine.h"
#include "mm/inject.h"
#include "model.h"
#include "object/process.h"
#include "sim.h"

/* In a test run's worth of calls, less success would mean that little is tested but errors. */
#define ENOUGH          1000000u
#define SUCCESS_LEAST   30u
#define RUN_SECONDS_MAX 60u /* of CPU time */

static struct {
    uint64_t calls_total, calls_per_run, first_seed, runs;
    unsigned cpus, choice, failures;
    unsigned serial; /* 1: always with the model, 2: never, 0: every second seed */
    bool single, verbose;
} options = {
    .calls_total = 1000000,
    .calls_per_run = 20000,
    .first_seed = 1,
    .failures = 3,
};

/* --- one run ---------------------------------------------------------------------------------- */

static bool may_generate = true;
static bool is_serial; /* one call at a time, compared with the model */
static bool may_fail;  /* allocations may: not what init begins with */

/* Whether a CPU is in the kernel, or about to be. */
static bool is_kernel_busy(void)
{
    bool busy = false;

    for (unsigned i = 0; i < fake_machine.cpu_count; i++) {
        const struct fake_cpu *cpu = &fake_machine.cpus[i];

        busy |= cpu->state == CPU_KERNEL || cpu->ipis != 0;
    }
    return busy;
}

/* Whether the call of a thread has to run again from its beginning. */
static bool restarts(const struct fake_thread *fake)
{
    return fake->kind == FAKE_SYSCALL && !(fake->thread->wait & THREAD_WAITING) &&
           fake->thread->frame.rip == FAKE_SYSCALL_IP;
}

/* Whether some call, or what follows from one, is still under way. */
static bool is_busy(const struct fake_thread *self, bool *ret_starved)
{
    bool busy = is_kernel_busy();

    *ret_starved = false;
    for (const struct fake_thread *each = fake_machine.threads; each != NULL; each = each->next) {
        const struct thread *thread = each->thread;

        if (thread == NULL || each == self || (thread->flags & THREAD_DEAD)) {
            continue;
        }
        if ((thread->flags & THREAD_KILLED) || restarts(each)) {
            busy = *ret_starved = true; /* must run before it is over */
        }
    }
    return busy;
}

static struct {
    koid_t koids[512];
    unsigned count;
    bool alive[512];
} known;

static bool note_process(struct process *process, void *context)
{
    (void)context;
    for (unsigned i = 0; i < known.count; i++) {
        if (known.koids[i] == process->object.koid) {
            known.alive[i] = true;
            return true;
        }
    }
    FAKE_CHECK(known.count < 512);
    known.alive[known.count] = true;
    known.koids[known.count++] = process->object.koid;
    return true;
}

static void note_processes(void)
{
    memset(known.alive, 0, sizeof(known.alive));
    (void)job_visit_processes(0, note_process, NULL);
    for (unsigned i = 0; i < known.count;) {
        if (known.alive[i]) {
            i++;
            continue;
        }
        model_process_ended(known.koids[i]);
        known.koids[i] = known.koids[known.count - 1];
        known.alive[i] = known.alive[--known.count];
    }
}

static struct fake_registers rest_until(time_ns_t when)
{
    return (struct fake_registers){.rax = SYS_thread_sleep, .rdi = (uint64_t)when};
}

static bool may_act(struct fake_thread *fake)
{
    struct sim_thread *thread = world_thread(fake);
    bool starved;

    if (!is_serial || fake->kind != FAKE_SYSCALL) {
        return true;
    }
    if (restarts(fake)) {
        return !is_kernel_busy(); /* others may have to run again too: they would never agree */
    }
    if (is_busy(fake, &starved)) {
        if (starved && !thread->resting && !world_is_init(fake)) {
            /* Who has to run may need this CPU: it goes first, and the chosen call comes later. */
            thread->parked = fake->registers;
            thread->parked_number = thread->number;
            thread->is_parked = thread->resting = true;
            thread->number = SYS_thread_sleep;
            fake->registers = rest_until(fake_now() + 20000);
        }
        return thread->resting;
    }
    {
        const struct fake_registers *r = &fake->registers;

        if (world_is_init(fake)) {
            thread->number = r->rax;
            thread->argument[0] = r->rdi;
            thread->argument[1] = r->rsi;
            thread->argument[2] = r->rdx;
            thread->argument[3] = r->r10;
            thread->argument[4] = r->r8;
            thread->argument[5] = r->r9;
        }
        note_processes();
        model_issue(thread);
    }
    return true;
}

static bool user_hook(struct fake_thread *fake, unsigned cpu)
{
    bool init_waits = fake_init_thread()->state == FAKE_REQUEST;
    bool starved = false;
    struct sim_thread *thread;

    if (world_is_init(fake) || (!may_generate && !init_waits)) {
        return false;
    }
    if (is_serial && is_busy(fake, &starved) && !starved && !init_waits) {
        return false;
    }
    thread = world_thread(fake);
    thread->cpu = cpu;
    fake_time_add((time_ns_t)sim_random(400));
    if (starved || (init_waits && (!may_generate || sim_chance(50)))) {
        /* Somebody else must get a CPU. */
        struct fake_registers rest = rest_until(fake_now() + (may_generate ? 20000 : 10000000));

        thread->resting = true;
        thread->number = SYS_thread_sleep;
        fake_request_call(fake, &rest);
        return true;
    }
    thread->resting = false;
    generate_request(thread);
    if (may_fail && sim_chance(2)) {
        inject_fail_after(1 + sim_random(4)); /* of whoever comes first */
    }
    if (thread->number != UINT64_MAX) {
        log_begin_call(thread);
    }
    return true;
}

static void done_hook(struct fake_thread *fake)
{
    struct sim_thread *thread = fake->owner;
    int64_t result = (int64_t)fake->registers.rax;

    if (thread != NULL && thread->is_parked) {
        thread->is_parked = thread->resting = false;
        thread->number = thread->parked_number;
        fake_request_call(fake, &thread->parked);
        return;
    }
    if (thread != NULL && is_serial && thread->number != UINT64_MAX) {
        model_done(thread);
    }
    if (thread == NULL || world_is_init(fake) || thread->number == UINT64_MAX || thread->resting) {
        return;
    }
    log_end_call(thread, result);
    table_count(thread->number, result);
    thread->calls++;
    if (!table_is_documented(thread->number, result)) {
        fake_fail("%s returned %s, which its page does not say", table_call_name(thread->number),
                  table_error_name(result));
    }
    if (thread->number == SYS_port_reply_receive && result == RECEIVED_CALL) {
        generate_note_token(thread, fake->registers.r10, fake->registers.rsi);
    }
}

static void look_around(void)
{
    may_generate = false;
    fake_settle();
    invariants_check();
    may_generate = true;
}

static void add_process(unsigned threads)
{
    may_fail = false;
    inject_fail_after(0);
    world_add_process(threads);
    may_fail = true;
}

static void run(uint64_t seed)
{
    const struct fake_config config = {
        .cpus = options.cpus != 0 ? options.cpus : 1 + (unsigned)(seed / 2 % 4),
        .memory_bytes = 24ul << 20,
        .seed = seed,
        .choice = 0,
        .verbose = options.verbose,
        .command_line = "log=warn",
    };
    uint64_t steps = 0, next_look = 1000, idle_since = 0;
    unsigned idle_jumps = 0;

    fake_failure_hook = log_dump;
    sim_seed(seed);
    fake_boot(&config);
    is_serial = options.serial == 1 || (options.serial == 0 && seed % 2 == 0);
    fake_may_act_hook = may_act;
    fake_done_hook = done_hook;
    if (is_serial) {
        generate_plain_messages();
        model_begin(fake_init_thread());
    }
    world_create(3, 3);
    fake_user_hook = user_hook;
    may_fail = true;
    fake_set_choice(options.choice != 0 ? options.choice : 4u << (seed / 8 % 4));
    while (table_calls() < options.calls_per_run) {
        if (!fake_step()) {
            idle_jumps = table_calls() == idle_since ? idle_jumps + 1 : 0;
            idle_since = table_calls();
            if (!fake_time_to_next_timer() || idle_jumps > 20) {
                add_process(3); /* everybody waits for everybody */
                idle_jumps = 0;
            }
        }
        if (++steps % 512 == 0 && world_threads_alive() < 6) {
            add_process(2);
        }
        if (table_calls() >= next_look) {
            next_look += 1000;
            look_around();
        }
    }
    may_generate = may_fail = false;
    inject_fail_after(0);
    fake_settle();
    invariants_check();
    is_serial = false;
    table_note_compared(model_checked());
    world_destroy();
}

/* --- all runs --------------------------------------------------------------------------------- */

static bool child_run(uint64_t seed)
{
    /* CPU time, not the clock's: other work on this machine is not the run's fault. */
    const struct rlimit run_limit = {RUN_SECONDS_MAX, RUN_SECONDS_MAX};
    int pipes[2];
    int status = 0;
    pid_t child;

    if (pipe(pipes) != 0) {
        return false;
    }
    fflush(NULL);
    child = fork();
    if (child == 0) {
        close(pipes[0]);
        (void)setrlimit(RLIMIT_CPU, &run_limit);
        table_reset();
        run(seed);
        table_save(pipes[1]);
        exit(0);
    }
    close(pipes[1]);
    table_add(pipes[0]);
    close(pipes[0]);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void usage(void)
{
    printf("usage: sim [--calls N] [--per-run N] [--first-seed N] [--seed N] [--cpus N]\n"
           "           [--choice N] [--model 0|1] [--failures N] [--verbose]\n"
           "Runs random system calls on the fake machine. A failure prints its seed;\n"
           "sim --seed N (with the same other options) repeats it.\n");
}

static void parse(int argc, char **argv)
{
    static const struct option names[] = {
        {"calls", required_argument, NULL, 'c'},
        {"per-run", required_argument, NULL, 'p'},
        {"first-seed", required_argument, NULL, 'f'},
        {"seed", required_argument, NULL, 's'},
        {"cpus", required_argument, NULL, 'n'},
        {"choice", required_argument, NULL, 'x'},
        {"model", required_argument, NULL, 'm'},
        {"failures", required_argument, NULL, 'e'},
        {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
        uint64_t value = optarg == NULL ? 0 : strtoul(optarg, NULL, 0);

        switch (option) {
        case 'c':
            options.calls_total = value;
            break;
        case 'p':
            options.calls_per_run = value;
            break;
        case 'f':
            options.first_seed = value;
            break;
        case 's':
            options.first_seed = value;
            options.single = true;
            break;
        case 'n':
            options.cpus = (unsigned)value;
            break;
        case 'x':
            options.choice = (unsigned)value;
            break;
        case 'e':
            options.failures = (unsigned)value;
            break;
        case 'm':
            options.serial = value != 0 ? 1 : 2;
            break;
        case 'v':
            options.verbose = true;
            break;
        case 'h':
            usage();
            exit(0);
        default:
            usage();
            exit(2);
        }
    }
}

static double cpu_seconds(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_CHILDREN, &usage) != 0) {
        return 0;
    }
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    uint64_t failed = 0, runs = 0;
    bool is_good;

    parse(argc, argv);
    if (options.single) {
        run(options.first_seed);
        (void)table_print();
        return 0;
    }
    for (uint64_t seed = options.first_seed;
         table_calls() < options.calls_total && failed < options.failures; seed++) {
        runs++;
        if (!child_run(seed)) {
            failed++;
            printf("# seed %lu failed\n", (unsigned long)seed);
        }
    }
    (void)table_print();
    printf("# %lu runs, %lu failed\n", (unsigned long)runs, (unsigned long)failed);
    is_good = failed == 0 && (table_calls() < ENOUGH || table_success_percent() >= SUCCESS_LEAST);
    printf("%s 1 - %lu calls, %u %% succeeded, %.1f s of CPU time\n1..1\n",
           is_good ? "ok" : "not ok", (unsigned long)table_calls(), table_success_percent(),
           cpu_seconds());
    return is_good ? 0 : 1;
}
