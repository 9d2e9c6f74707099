/* SPDX-License-Identifier: MIT */
/*
 * What random threads start from. init, which the test plays, makes a job for all of them with a
 * memory limit, and in it a job for each family of processes. Every first process of a family gets
 * handles to its own job, process, thread and address space, and to ports, sessions, events, timers
 * and memory that all families share. init keeps the roots of the shared ones, so they outlive the
 * families; what the threads make themselves comes and goes.
 */
#include <stdlib.h>
#include <quay/abi/bootstrap.h>
#include "sched/thread.h"
#include "sim.h"

#define FAMILIES     6u
#define SHARED_MAX   16u
#define PORTS        3u
#define SHARED_WORDS 0x10000ul
#define MEMORY_LIMIT (6ul << 20)

static struct {
    struct fake_balance before;
    handle_t job;
    handle_t family[FAMILIES];
    unsigned next_family;
    handle_t shared[SHARED_MAX];
    unsigned shared_count;
    handle_t memory;
    handle_t owner[PORTS];
} world;

static handle_t must(int64_t result)
{
    if (result < 0) {
        fake_fail("the simulator's init: a call returned %ld (%s)", (long)result,
                  table_error_name(result));
    }
    return (handle_t)result;
}

bool world_is_init(const struct fake_thread *thread)
{
    return thread == fake_init_thread();
}

struct sim_thread *world_thread(struct fake_thread *fake)
{
    if (fake->owner == NULL) {
        struct sim_thread *thread = calloc(1, sizeof(*thread));

        FAKE_CHECK(thread != NULL);
        thread->fake = fake;
        fake->owner = thread;
    }
    return fake->owner;
}

static void share(handle_t handle)
{
    FAKE_CHECK(world.shared_count < SHARED_MAX);
    world.shared[world.shared_count++] = handle;
}

static void make_shared(void)
{
    struct fake_thread *init = fake_init_thread();

    for (unsigned i = 0; i < PORTS; i++) {
        handle_t port = must(fake_call(init, SYS_port_create, world.job, 2 + i));

        share(port);
        /* The owner handle stays out of the pool: only the client's can call. */
        world.owner[i] = must(fake_call(init, SYS_session_create, port, 100 + i, i));
        share(fake_result2(init));
        share(must(fake_call(init, SYS_event_create, world.job)));
    }
    share(must(fake_call(init, SYS_channel_create, world.job, 3, 128, 0)));
    share(fake_result2(init));
    share(must(fake_call(init, SYS_timer_create, world.job)));
    world.memory = must(fake_call(init, SYS_memory_create, world.job, 4 * PAGE_SIZE, 0));
    share(world.memory);
}

static void give(const struct fake_process *process, handle_t handle)
{
    (void)fake_call(fake_init_thread(), SYS_handle_grant, process->process, handle, RIGHTS_SAME,
                    HANDLE_COPY);
}

/* The oldest family makes room. */
static void family_end(unsigned place)
{
    struct fake_thread *init = fake_init_thread();

    if (world.family[place] != 0) {
        must(fake_call(init, SYS_job_kill, world.family[place]));
        must(fake_call(init, SYS_handle_close, world.family[place]));
        world.family[place] = 0;
    }
}

/* Each process has a large page of its own, as long as there is memory. */
static void add_large(const struct fake_process *process, handle_t family)
{
    struct fake_thread *init = fake_init_thread();
    int64_t memory = fake_call(init, SYS_memory_create, family, LARGE_SIZE, MEMORY_LARGE);

    if (memory > 0) {
        (void)fake_call(init, SYS_aspace_map, process->aspace, (handle_t)memory, 0, SIM_LARGE,
                        LARGE_SIZE, MAP_READ | MAP_WRITE | MAP_FIXED);
        give(process, (handle_t)memory);
        must(fake_call(init, SYS_handle_close, (handle_t)memory));
    }
}

void world_add_process(unsigned threads)
{
    struct fake_thread *init = fake_init_thread();
    struct fake_process process;
    unsigned place = world.next_family++ % FAMILIES;
    int64_t result;

    family_end(place);
    result = fake_call(init, SYS_job_create, world.job);
    if (result < 0) {
        return; /* memory is short: the families that ended have not given theirs back yet */
    }
    world.family[place] = (handle_t)result;
    result = fake_call(init, SYS_process_create, world.family[place], FAKE_DATA, 4);
    if (result < 0) {
        return;
    }
    process.process = (handle_t)result;
    process.aspace = fake_result2(init);
    (void)fake_call(init, SYS_aspace_map, process.aspace, world.memory, 0, SHARED_WORDS,
                    4 * PAGE_SIZE, MAP_READ | MAP_WRITE | MAP_FIXED);
    add_large(&process, world.family[place]);
    give(&process, world.family[place]);
    give(&process, process.process);
    give(&process, process.aspace);
    (void)fake_call(init, SYS_handle_grant, process.process, fake_bootstrap(BOOTSTRAP_RESOURCE),
                    RIGHTS_SAME & ~RIGHT_POWER, HANDLE_COPY);
    for (unsigned i = 0; i < world.shared_count; i++) {
        give(&process, world.shared[i]);
    }
    for (unsigned i = 0; i < threads; i++) {
        result = fake_call(init, SYS_thread_create, process.process);
        if (result < 0) {
            break;
        }
        if (i == 0) {
            give(&process, (handle_t)result);
        }
        (void)fake_call(init, SYS_thread_start, (handle_t)result, FAKE_CODE, 0x20000, 0);
        must(fake_call(init, SYS_handle_close, (handle_t)result));
    }
    must(fake_call(init, SYS_handle_close, process.aspace));
    must(fake_call(init, SYS_handle_close, process.process));
}

/* init's own table grows to what it will ever need, so that it does not look like a leak. */
static void grow_init_table(void)
{
    struct fake_thread *init = fake_init_thread();
    handle_t handles[150];

    for (unsigned i = 0; i < 150; i++) {
        handles[i] =
            must(fake_call(init, SYS_handle_dup, fake_bootstrap(BOOTSTRAP_JOB), RIGHTS_SAME));
    }
    for (unsigned i = 0; i < 150; i++) {
        must(fake_call(init, SYS_handle_close, handles[i]));
    }
    for (uint64_t page = FAKE_DATA; page < FAKE_DATA + FAKE_DATA_SIZE; page += PAGE_SIZE) {
        FAKE_CHECK(fake_write(init, page, 0));
    }
}

void world_create(unsigned processes, unsigned threads)
{
    struct fake_thread *init = fake_init_thread();

    grow_init_table();
    /* The rings stay, so they are made before. */
    must(fake_call(init, SYS_handle_close,
                   must(fake_call(init, SYS_trace_open, fake_bootstrap(BOOTSTRAP_RESOURCE),
                                  fake_bootstrap(BOOTSTRAP_JOB), 64))));
    fake_balance(&world.before);
    world.job = must(fake_call(init, SYS_job_create, fake_bootstrap(BOOTSTRAP_JOB)));
    must(fake_call(init, SYS_job_set_limit, world.job, JOB_MEMORY, MEMORY_LIMIT));
    make_shared();
    for (unsigned i = 0; i < processes; i++) {
        world_add_process(threads);
    }
}

void world_destroy(void)
{
    struct fake_thread *init = fake_init_thread();

    must(fake_call(init, SYS_job_kill, world.job));
    for (unsigned i = 0; i < FAMILIES; i++) {
        family_end(i);
    }
    for (unsigned i = 0; i < world.shared_count; i++) {
        must(fake_call(init, SYS_handle_close, world.shared[i]));
    }
    for (unsigned i = 0; i < PORTS; i++) {
        must(fake_call(init, SYS_handle_close, world.owner[i]));
    }
    must(fake_call(init, SYS_handle_close, world.job));
    fake_run_for(1000000000);
    fake_balance_check(&world.before);
}
