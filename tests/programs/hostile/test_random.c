/* SPDX-License-Identifier: MIT */
/*
 * Random calls from a process that nobody would miss: numbers, handles and addresses drawn from
 * those that are nearly right. The process may die of it, as it asks for; the system may not.
 */
#include "hostile.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/thread.h>
#include "../shared/self_spawn.h"

#define CHILDREN 8
#define CALLS    3000

/* Children of one kind, each given some time. */
static void children_run(const char *role, time_ns_t time, const char *what)
{
    for (uint64_t seed = 1; seed <= CHILDREN; seed++) {
        int64_t job = qy_job_create(qy_self_job());
        (void)qy_job_set_limit((handle_t)job, JOB_MEMORY, 8ul << 20);
        (void)qy_job_set_limit((handle_t)job, JOB_THREADS, 50);
        handle_t child = HANDLE_INVALID;
        if (tap_equal(self_spawn(role, seed, (handle_t)job, NULL, 0, &child), 0, "%s, seed %lu",
                      what, seed)) {
            int64_t signals = qy_object_wait(child, SIGNAL_EXITED, qy_deadline_after(time));
            qy_printf("# %s, code %ld\n", signals < 0 ? "still at it" : "ended",
                      (long)qy_process_info(child).second);
            tap_equal(qy_job_kill((handle_t)job), 0, "its job is ended");
            tap_equal(qy_object_wait(child, SIGNAL_EXITED, qy_deadline_after(PATIENT)),
                      SIGNAL_EXITED, "and it is gone");
        }
        discard((int64_t)child);
        discard(job);
    }
}

void test_random(void)
{
    children_run("random", 2 * QY_SECOND, "a process that makes random calls");
    children_run("redirect", QY_SECOND / 10, "a process that redirects to somewhere");
}

static uint64_t random_state;

static uint64_t random_next(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return random_state >> 29;
}

/* Values that the kernel might take for something. */
static uint64_t value_draw(const handle_t *handles, uint32_t count)
{
    static const uint64_t edges[] = {
        0,         1,          2,        8,          4095,      4096,       8192,
        USER_BASE, USER_LIMIT, UNMAPPED, UINT32_MAX, INT64_MAX, UINT64_MAX, 0xffff800000000000};
    switch (random_next() % 4) {
    case 0:
        return edges[random_next() % (sizeof edges / sizeof edges[0])];
    case 1:
        return random_next() % 64;
    default:
        return handles[random_next() % count];
    }
}

static bool is_excluded(uint32_t number)
{
    return number == SYS_process_exit || number == SYS_thread_exit || number == SYS_debug_log ||
           number == SYS_thread_redirect; /* it would make no more calls */
}

static void kick_for_ever(void *argument)
{
    for (;;) {
        (void)qy_thread_kick(*(const handle_t *)argument, 0);
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND));
    }
}

/* A library anywhere, with an exit window anywhere, and kicks. */
static int redirect_somewhere(void)
{
    struct qy_thread *self = qy_thread_self(), *kicker;
    uint64_t *words = (uint64_t *)&qy_buffer()->redirect;
    uint64_t arguments[ARGUMENTS] = {0};
    const handle_t here = (handle_t)(uintptr_t)redirect_somewhere;

    for (unsigned i = 0; i < sizeof(struct redirect) / 8; i++) {
        words[i] = value_draw(&here, 1);
    }
    (void)qy_thread_create(kick_for_ever, &self->handle, 0, &kicker); /* or without kicks */
    (void)call_raw(SYS_thread_redirect, (uint64_t[ARGUMENTS]){true});
    for (;;) {
        (void)call_raw(random_next() % 2 == 0 ? SYS_thread_resume : SYS_thread_yield, arguments);
    }
}

int child_main(const char *role, uint64_t number)
{
    if (qy_streq(role, "unmapped")) {
        uint64_t arguments[ARGUMENTS] = {UNMAPPED, 8, 0, 0, 0, 0};
        if (rows[number].number == SYS_process_create) {
            arguments[0] = qy_self_job();
            arguments[1] = UNMAPPED;
            arguments[2] = 8;
        }
        (void)call_raw(rows[number].number, arguments); /* does not come back */
        return 1;
    }
    if (qy_streq(role, "deaf")) {
        struct qy_received io = {0};
        (void)qy_port_reply_receive(qy_bootstrap_handle(BOOTSTRAP_PORT, NULL), &io, DEADLINE_NEVER);
        /* Only one of the tests gives us this event. */
        (void)qy_event_signal(qy_bootstrap_handle(BOOTSTRAP_MEMORY, "taken"), 0, 1);
        return (int)qy_thread_sleep(DEADLINE_NEVER);
    }
    if (qy_streq(role, "caller")) {
        struct qy_message message = {0};
        return (int)qy_port_call(qy_bootstrap_handle(BOOTSTRAP_SESSION, NULL), &message,
                                 DEADLINE_NEVER);
    }
    if (!qy_streq(role, "random") && !qy_streq(role, "redirect")) {
        return 99;
    }
    random_state = number;
    if (qy_streq(role, "redirect")) {
        return redirect_somewhere();
    }
    int64_t port = qy_port_create(qy_self_job(), 2);
    const handle_t handles[] = {
        qy_self_job(),
        qy_self_process(),
        qy_self_aspace(),
        qy_thread_self()->handle,
        (handle_t)port,
        qy_session_create((handle_t)port, 1, 0).second,
        (handle_t)qy_event_create(qy_self_job()),
        (handle_t)qy_timer_create(qy_self_job()),
        (handle_t)qy_memory_create(qy_self_job(), 4 * PAGE_SIZE, 0),
    };
    const uint32_t count = sizeof handles / sizeof handles[0];
    for (int i = 0; i < CALLS; i++) {
        const struct row *row = &rows[random_next() % row_count];
        uint64_t arguments[ARGUMENTS];
        for (int n = 0; n < ARGUMENTS; n++) {
            arguments[n] = value_draw(handles, count);
        }
        if (!is_excluded(row->number)) {
            (void)call_raw(row->number, arguments); /* anything may be the answer */
        }
    }
    return 0;
}
