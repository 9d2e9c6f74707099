/* SPDX-License-Identifier: MIT */
#include "fake_machine.h"
#include <quay/server.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "../../servers/proc/life.h"

static struct {
    uint32_t room, count;
    koid_t next_koid;
    struct machine kept[PROCESS_MAX];
} fake_state;

time_ns_t fake_timer, fake_now;
static bool fake_keeper_died;

void fake_machine_reset(uint32_t room)
{
    for (uint32_t i = 1; i < PROCESS_MAX; i++) {
        struct process *process = process_at(i);
        if (process != NULL) {
            free(process->machine.page);
            process->machine.page = NULL;
        }
    }
    fake_state.room = room;
    fake_state.count = 0;
    fake_state.next_koid = 1000;
    fake_timer = DEADLINE_NEVER;
    fake_now = 0;
}

static struct fake_process *fake(const struct machine *machine)
{
    return (struct fake_process *)machine->page;
}

struct fake_process *fake_of(int32_t pid)
{
    return fake(&process_find(pid)->machine);
}

uint32_t fake_count(void)
{
    return fake_state.count;
}

static int64_t make(struct machine *machine)
{
    if (fake_state.count == fake_state.room) {
        return -ENOMEM;
    }
    fake_state.count++;
    struct fake_process *made = calloc(1, sizeof *made);
    made->threads = 1;
    *machine = (struct machine){.job = 1,
                                .process = 2,
                                .job_koid = fake_state.next_koid++,
                                .process_koid = fake_state.next_koid++,
                                .page = &made->page,
                                .page_bytes = PAGE_SIZE};
    return 0;
}

int64_t machine_spawn(struct machine *machine, const struct machine_limits *limits, uint64_t badge,
                      const struct qy_lease *start, handle_t *handles)
{
    (void)limits;
    (void)badge;
    (void)start;
    (void)handles;
    return make(machine);
}

int64_t machine_fork(struct machine *machine, const struct machine_limits *limits, uint64_t badge,
                     const struct machine *source)
{
    (void)limits;
    (void)badge;
    (void)source;
    return make(machine);
}

bool machine_keep(const struct machine *machine, uint64_t key)
{
    assert(key < PROCESS_MAX);
    fake_state.kept[key] = *machine;
    bool has_died = fake_keeper_died;
    fake_keeper_died = false;
    return has_died;
}

bool machine_forget(uint64_t key)
{
    fake_state.kept[key] = (struct machine){0};
    bool has_died = fake_keeper_died;
    fake_keeper_died = false;
    return has_died;
}

void fake_keeper_die(void)
{
    memset(fake_state.kept, 0, sizeof fake_state.kept);
    fake_keeper_died = true;
}

bool fake_is_kept(int32_t pid)
{
    return fake_state.kept[process_find(pid)->index].page != NULL;
}

void machine_keep_own(void)
{
}

int64_t machine_restore(struct machine *machine, uint64_t key, size_t page_bytes)
{
    (void)page_bytes;
    *machine = fake_state.kept[key];
    return machine->page != NULL ? 0 : -ENOENT;
}

bool machine_has_exited(const struct machine *machine)
{
    return fake(machine)->has_exited;
}

int64_t machine_go(struct machine *machine)
{
    fake(machine)->is_started = true;
    return 0;
}

int64_t machine_go_at(struct machine *machine, uint64_t entry, uint64_t stack, uint64_t argument)
{
    (void)stack;
    (void)argument;
    if (entry == 0) { /* as the kernel refuses an address outside of user space */
        machine_release(machine);
        return -EINVAL;
    }
    return machine_go(machine);
}

void machine_kill(const struct machine *machine)
{
    fake(machine)->kills++;
}

int64_t machine_exit_code(const struct machine *machine)
{
    return fake(machine)->exit_code;
}

void machine_release(struct machine *machine)
{
    free(machine->page);
    *machine = (struct machine){0};
    fake_state.count--;
}

void machine_stop(const struct machine *machine, bool is_stopped)
{
    fake(machine)->is_stopped = is_stopped;
}

void machine_kick(const struct machine *machine)
{
    fake(machine)->kicks++;
}

void machine_thread_set(struct machine *machine, handle_t thread)
{
    machine->thread = thread;
}

void machine_wake(const struct machine *machine)
{
    fake(machine)->wakes++;
}

void machine_figures(struct machine *machine, struct machine_figures *ret_figures)
{
    uint32_t threads = machine->page != NULL ? fake(machine)->threads : 0;
    *ret_figures = (struct machine_figures){.cpu_ns = 100, .memory_bytes = 4096, threads};
}

koid_t machine_job(struct machine *machine)
{
    return machine->job_koid;
}

koid_t machine_process(struct machine *machine)
{
    return machine->process_koid;
}

int64_t machine_limit(const struct machine *machine, const struct machine_limits *limits)
{
    fake(machine)->memory_limit = limits->memory_bytes;
    return 0;
}

int64_t machine_read(const struct machine *machine, uint64_t address, void *to, uint64_t size)
{
    static const char text[] = "sh\0-c\0true";
    (void)machine;
    if (address != 0x5000) {
        return -EIO;
    }
    size = size < sizeof text ? size : sizeof text;
    memcpy(to, text, size);
    return (int64_t)size;
}

int64_t machine_open(const struct machine *machine)
{
    (void)machine;
    return -ENOMEM;
}

void machine_timer_set(time_ns_t deadline)
{
    fake_timer = deadline;
}

time_ns_t machine_now(void)
{
    return fake_now;
}

void fake_end(int32_t pid, int64_t exit_code)
{
    struct process *process = process_find(pid);
    fake(&process->machine)->exit_code = exit_code;
    life_ended(process);
}

void fake_end_killed(int32_t pid)
{
    fake_end(pid, -1000);
}
