/* SPDX-License-Identifier: MIT */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/process.h>
#include <quay/thread.h>
#include "../shared/self_spawn.h"

static int64_t exit_wait(handle_t child)
{
    return qy_object_wait(child, SIGNAL_EXITED, qy_deadline_after(PATIENT));
}

static void test_exit(void)
{
    handle_t child = HANDLE_INVALID;
    tap_equal(self_spawn("exit", 42, qy_self_job(), NULL, 0, &child), 0, "a child");
    tap_equal(exit_wait(child), SIGNAL_EXITED, "ends");
    struct qy_result info = qy_process_info(child);
    tap_equal(info.status, 1, "process_info says so");
    tap_equal((int64_t)info.second, 42, "and with what code");
    tap_equal((int64_t)info.third, (int64_t)qy_handle_info(child).third, "and its koid");
    tap_ok(qy_sys_thread_create(child) < 0, "it takes no new thread");
    discard((int64_t)child);
}

static void test_kill(void)
{
    handle_t child = HANDLE_INVALID;
    tap_equal(self_spawn("spin", 0, qy_self_job(), NULL, 0, &child), 0, "a child that computes");
    tap_equal(qy_process_info(child).status, 0, "runs");
    tap_equal(qy_process_kill(child), 0, "process_kill");
    tap_equal(exit_wait(child), SIGNAL_EXITED, "ends it");
    tap_equal(qy_process_kill(child), 0, "killing the dead is harmless");
    discard((int64_t)child);

    tap_equal(self_spawn("sleep", 0, qy_self_job(), NULL, 0, &child), 0, "a child that sleeps");
    (void)qy_thread_sleep(qy_deadline_after(SHORTLY));
    tap_equal(qy_process_kill(child), 0, "process_kill");
    tap_equal(exit_wait(child), SIGNAL_EXITED, "ends it");
    discard((int64_t)child);
}

static void test_fault(void)
{
    handle_t child = HANDLE_INVALID;
    tap_equal(self_spawn("fault", 0, qy_self_job(), NULL, 0, &child), 0, "a child that faults");
    tap_equal(exit_wait(child), SIGNAL_EXITED, "is ended");
    tap_ok((int64_t)qy_process_info(child).second < 0, "with a code that says it was not its will");
    discard((int64_t)child);
    tap_equal(self_spawn("stack", 0, qy_self_job(), NULL, 0, &child), 0,
              "a child that overruns its stack");
    tap_equal(exit_wait(child), SIGNAL_EXITED, "is ended by the guard page");
    tap_ok((int64_t)qy_process_info(child).second < 0, "not by its will");
    discard((int64_t)child);
}

static void test_grant(void)
{
    struct qy_result made = qy_process_create(qy_self_job(), "empty", 5);
    tap_ok(made.status > 0 && made.second > 0, "process_create gives a process and its space");
    handle_t process = (handle_t)made.status;
    int64_t event = qy_event_create(qy_self_job());
    tap_ok(qy_handle_grant(process, (handle_t)event, RIGHT_WAIT, HANDLE_COPY) > 0,
           "handle_grant copies");
    tap_equal(qy_handle_info((handle_t)event).status, OBJECT_EVENT, "ours stays");
    tap_ok(qy_handle_grant(process, (handle_t)event, RIGHTS_SAME, HANDLE_MOVE) > 0, "and moves");
    tap_equal(qy_handle_info((handle_t)event).status, -EBADF, "ours is gone");
    tap_equal(qy_process_kill(process), 0, "a process that never ran can be killed");
    tap_equal(exit_wait(process), SIGNAL_EXITED, "and has ended");
    discard(made.status);
    discard((int64_t)made.second);

    handle_t child = HANDLE_INVALID;
    tap_equal(self_spawn("sleep", 0, qy_self_job(), NULL, 0, &child), 0, "a child that runs");
    event = qy_event_create(qy_self_job());
    tap_equal(qy_handle_grant(child, (handle_t)event, RIGHTS_SAME, HANDLE_COPY), -EBUSY,
              "is granted nothing more");
    (void)qy_process_kill(child);
    (void)exit_wait(child);
    discard(event);
    discard((int64_t)child);
}

static void test_bad_program(void)
{
    static const uint8_t nonsense[100] = {0x7f, 'E', 'L', 'F'};
    const struct qy_spawn spawn = {
        .job = qy_self_job(), .name = "bad", .image = nonsense, .image_bytes = sizeof nonsense};
    tap_equal(qy_spawn(&spawn, NULL), -ENOEXEC, "what is no program is not started");
}

void test_processes(void)
{
    test_exit();
    test_kill();
    test_fault();
    test_grant();
    test_bad_program();
}
