/* SPDX-License-Identifier: MIT */
#include "session.h"
#include <idl/proc.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/process.h>
#include <quay/text.h>
#include <quay/thread.h>

#define SIGNAL_HANG_UP   1
#define SIGNAL_KILL      9
#define SIGNAL_TERMINATE 15
#define EVERYBODY        (-1)

#define END_WITHIN QY_SECOND
#define END_LOOK   (10 * QY_MILLISECOND)

static handle_t given(const char *name)
{
    return qy_bootstrap_handle(BOOTSTRAP_SESSION, name);
}

static int fail(const char *what, int64_t status)
{
    qy_log("%s: %s", what, qy_error_text(status));
    return status > 0 ? -(int)status : (int)status;
}

/* --- starting ------------------------------------------------------------------------------ */

/* Whether what the last instance has started runs still. */
static bool old_find(const struct kept *kept, handle_t *ret_process)
{
    if (kept->pid == 0 ||
        qy_proc_open(given("proc_control"), kept->pid, ret_process, DEADLINE_NEVER) != 0) {
        return false;
    }
    if (qy_handle_info(*ret_process).third == kept->process) {
        return true;
    }
    (void)qy_handle_close(*ret_process); /* another one, with the same pid */
    return false;
}

static int new_start(struct kept *kept, int count, char *const *arguments, handle_t *ret_process)
{
    static _Alignas(8) uint8_t block[SESSION_START_BYTES];
    handle_t proc = given("proc_control"), root = given("vfs"), process;
    int32_t pid;
    int64_t status = session_start_make((void *)block, sizeof block, count, arguments);
    if (status < 0) {
        return fail("arguments", status);
    }
    status = qy_proc_spawn(proc, QY_PROC_SPAWN_FLAGS_SESSION, 0, block, (uint64_t)status, root,
                           root, given("names"), HANDLE_INVALID, HANDLE_INVALID, HANDLE_INVALID,
                           HANDLE_INVALID, HANDLE_INVALID, &pid, DEADLINE_NEVER);
    if (status != 0) {
        return fail(arguments[0], status);
    }
    status = qy_proc_open(proc, pid, &process, DEADLINE_NEVER);
    if (status != 0) {
        return fail("the program that was started", status); /* it has ended already */
    }
    kept->process = (koid_t)qy_handle_info(process).third;
    __atomic_store_n(&kept->pid, pid, __ATOMIC_RELEASE);
    *ret_process = process;
    return 0;
}

int session_open(struct kept *kept, int count, char *const *arguments, handle_t *ret_process)
{
    if (old_find(kept, ret_process)) {
        return 0;
    }
    kept->pid = 0;
    return new_start(kept, count, arguments, ret_process);
}

/* --- ending -------------------------------------------------------------------------------- */

static bool is_anybody_there(void)
{
    return qy_proc_kill(given("proc_control"), EVERYBODY, 0, qy_deadline_after(END_WITHIN)) == 0;
}

static void signal_all(uint32_t signal)
{
    /* It fails if there is nobody, or proc has ended: nothing is left to be done then. */
    (void)qy_proc_kill(given("proc_control"), EVERYBODY, signal, qy_deadline_after(END_WITHIN));
}

void session_end(void)
{
    time_ns_t deadline = qy_deadline_after(END_WITHIN);
    signal_all(SIGNAL_TERMINATE);
    signal_all(SIGNAL_HANG_UP); /* shells do not end for the other one */
    while (is_anybody_there() && qy_clock_read() < deadline) {
        (void)qy_thread_sleep(qy_deadline_after(END_LOOK)); /* it only sleeps */
    }
    signal_all(SIGNAL_KILL);
}
