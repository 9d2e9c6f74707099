/* SPDX-License-Identifier: MIT */
/* proc as its clients see it: processes that fork, wait, and send signals to each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <quay/host.h>
#include <stdlib.h>
#include <string.h>
#include "../../servers/proc/alarms.h"
#include "../../servers/proc/deliver.h"
#include "../../servers/proc/life.h"
#include "../../servers/proc/methods.h"
#include "../../servers/proc/wait.h"
#include "fake_machine.h"

#define NEVER DEADLINE_NEVER
#define ROOM  1000u

static struct qy_subscriber subscribers[4];
static struct qy_server server = {
    .dispatch = qy_proc_dispatch,
    .handlers = &proc_handlers,
    .subscribers = subscribers,
    .subscriber_max = 4,
};

static struct {
    handle_t control, inspect;
    int32_t shell;   /* leads a session */
    int32_t started; /* what idle lets start */
} the;

static handle_t session_of(int32_t pid)
{
    return qy_host_session(&server, process_badge(process_find(pid)));
}

static int32_t newest(void)
{
    int32_t pid = 0;
    for (uint32_t i = 1; i < PROCESS_MAX; i++) {
        const struct process *process = process_at(i);
        pid = process != NULL && process->state == PROCESS_STARTING ? process->pid : pid;
    }
    return pid;
}

static void idle_start(void)
{
    (void)qy_proc_started(session_of(newest()), NEVER);
}

static void idle_fail(void)
{
    (void)qy_proc_start_failed(session_of(newest()), ENOENT, NEVER);
}

static void idle_fail_oddly(void)
{
    (void)qy_proc_start_failed(session_of(newest()), 12345, NEVER);
}

static void idle_die(void)
{
    fake_end(newest(), 1);
}

static int64_t spawn(handle_t session, uint32_t flags, int32_t pgid, int32_t *ret_pid)
{
    static struct process_start start;
    return qy_proc_spawn(session, flags, pgid, &start, sizeof start, HANDLE_INVALID, HANDLE_INVALID,
                         HANDLE_INVALID, HANDLE_INVALID, HANDLE_INVALID, HANDLE_INVALID,
                         HANDLE_INVALID, HANDLE_INVALID, ret_pid, NEVER);
}

static int32_t forked(int32_t parent)
{
    int32_t pid = 0;
    assert_int_equal(qy_proc_fork(session_of(parent), 1, 2, 3, &pid, NEVER), 0);
    return pid;
}

static int64_t wait_of(int32_t parent, int32_t which, uint32_t options, int32_t *ret_pid,
                       int32_t *ret_status)
{
    uint64_t cpu_ns, memory_bytes;
    return qy_proc_wait(session_of(parent), which, options, ret_pid, ret_status, &cpu_ns,
                        &memory_bytes, NEVER);
}

static int64_t send(int32_t from, int32_t which, uint32_t number)
{
    return qy_proc_kill(session_of(from), which, number, NEVER);
}

static int setup(void **state)
{
    (void)state;
    qy_host_reset();
    fake_machine_reset(ROOM);
    table_init();
    alarms_init();
    life_init(&server);
    the.control = qy_host_session(&server, QY_PROC_ACCESS_INSPECT | QY_PROC_ACCESS_CONTROL);
    the.inspect = qy_host_session(&server, QY_PROC_ACCESS_INSPECT);
    qy_host_idle = idle_start;
    assert_int_equal(spawn(the.control, QY_PROC_SPAWN_FLAGS_SESSION, 0, &the.shell), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    qy_host_idle = NULL;
    fake_machine_reset(ROOM);
    return 0;
}

/* --- spawn and fork ------------------------------------------------------------------------ */

static void test_spawn_is_answered_when_the_program_is_loaded(void **state)
{
    (void)state;
    int32_t pid;
    assert_int_equal(spawn(session_of(the.shell), 0, 0, &pid), 0);
    const struct process_page *page = &fake_of(pid)->page;
    assert_int_equal(page->pid, pid);
    assert_int_equal(page->parent, the.shell);
    assert_int_equal(page->group, the.shell);
    assert_int_equal(page->session, the.shell);
}

static void test_spawn_of_a_bad_file_leaves_nothing(void **state)
{
    (void)state;
    int32_t pid, status;
    qy_host_idle = idle_fail;
    assert_int_equal(spawn(session_of(the.shell), 0, 0, &pid), ENOENT);
    assert_int_equal(fake_of(newest())->kills, 1);
    fake_end_killed(newest());
    qy_host_idle = idle_fail_oddly;
    assert_int_equal(spawn(session_of(the.shell), 0, 0, &pid), ENOEXEC);
    fake_end_killed(newest());
    qy_host_idle = idle_die;
    assert_int_equal(spawn(session_of(the.shell), 0, 0, &pid), EIO);
    assert_int_equal(wait_of(the.shell, -1, 0, &pid, &status), QY_PROC_FAILURE_NO_CHILD);
    assert_int_equal(fake_count(), 1);
    assert_int_equal(fake_of(the.shell)->page.children, 0);
}

static void test_spawn_refuses_a_start_block_that_is_none(void **state)
{
    (void)state;
    static uint8_t large[PROCESS_START_MAX + 1];
    int32_t pid;
    const uint64_t sizes[] = {0, sizeof(struct process_start) - 1, sizeof large};
    const int64_t errors[] = {EINVAL, EINVAL, E2BIG};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            qy_proc_spawn(the.control, 0, 0, large, sizes[i], 0, 0, 0, 0, 0, 0, 0, 0, &pid, NEVER),
            errors[i]);
    }
    assert_int_equal(fake_count(), 1);
}

static void test_fork_inherits_what_a_copy_has(void **state)
{
    (void)state;
    struct process_page *page = &fake_of(the.shell)->page;
    page->blocked = 1;
    page->ignored = 2;
    page->caught = 4;
    page->pending = 8;
    page->flags = PROCESS_EXECUTED | PROCESS_NO_CHILD_STOP;
    const struct process_page *copy = &fake_of(forked(the.shell))->page;
    assert_int_equal(copy->blocked, 1);
    assert_int_equal(copy->ignored, 2);
    assert_int_equal(copy->caught, 4);
    assert_int_equal(copy->pending, 0);
    assert_int_equal(copy->flags, PROCESS_NO_CHILD_STOP);
}

static void test_forks_end_in_errors_and_lose_nothing(void **state)
{
    (void)state;
    int32_t pids[PROCESS_MAX], pid, status;
    uint32_t count = 0;
    int64_t error;
    while ((error = qy_proc_fork(session_of(the.shell), 1, 2, 3, &pids[count], NEVER)) == 0) {
        qy_host_reset();
        count++;
    }
    assert_int_equal(error, EAGAIN);
    assert_int_equal(count, PROCESS_MAX - 2);
    for (uint32_t i = 0; i < count; i++) {
        fake_end_killed(pids[i]);
        assert_int_equal(wait_of(the.shell, -1, 0, &pid, &status), 0);
        assert_int_equal(pid, pids[i]);
        qy_host_reset();
    }
    assert_int_equal(fake_count(), 1);
    fake_machine_reset(0); /* no memory either */
}

static void test_fork_without_memory_leaves_nothing(void **state)
{
    (void)state;
    int32_t pid, status;
    for (uint32_t i = 0; i < ROOM - 1 && fake_count() < 20; i++) {
        (void)forked(the.shell);
    }
    uint32_t before = fake_count();
    assert_int_equal(qy_proc_fork(session_of(the.shell), 0, 2, 3, &pid, NEVER),
                     QY_PROC_FAILURE_INVALID);
    assert_int_equal(fake_count(), before);
    assert_int_equal(wait_of(the.shell, -1, 0, &pid, &status), 0);
    assert_int_equal(pid, 0);
}

/* --- waiting ------------------------------------------------------------------------------- */

static void test_wait_tells_each_end_once(void **state)
{
    (void)state;
    int32_t first = forked(the.shell), second = forked(the.shell), pid, status;
    assert_int_equal(wait_of(the.shell, -1, 0, &pid, &status), 0);
    assert_int_equal(pid, 0);
    fake_of(the.shell)->page.waiting = 1;
    fake_end(second, 3);
    assert_int_equal(fake_of(the.shell)->wakes, 1);
    assert_int_equal(fake_of(the.shell)->page.children, 1);
    assert_int_equal(wait_of(the.shell, first, 0, &pid, &status), 0);
    assert_int_equal(pid, 0);
    assert_int_equal(wait_of(the.shell, -1, QY_PROC_WAIT_OPTIONS_KEEP, &pid, &status), 0);
    assert_int_equal(pid, second);
    assert_int_equal(wait_of(the.shell, second, 0, &pid, &status), 0);
    assert_int_equal(status, 3 << 8);
    assert_int_equal(wait_of(the.shell, second, 0, &pid, &status), QY_PROC_FAILURE_NO_CHILD);
}

static void test_wait_by_group_and_of_others_children(void **state)
{
    (void)state;
    int32_t child = forked(the.shell), grandchild = forked(child), pid, status;
    assert_int_equal(qy_proc_group_set(session_of(the.shell), child, 0, NEVER), 0);
    fake_end(child, 0x10f);
    assert_int_equal(wait_of(the.shell, 0, 0, &pid, &status), QY_PROC_FAILURE_NO_CHILD);
    assert_int_equal(wait_of(the.shell, grandchild, 0, &pid, &status), QY_PROC_FAILURE_NO_CHILD);
    assert_int_equal(wait_of(the.shell, -child, 0, &pid, &status), 0);
    assert_int_equal(pid, child);
    assert_int_equal(status, 15);
    assert_int_equal(wait_of(the.shell, INT32_MIN, 0, &pid, &status), QY_PROC_FAILURE_NO_CHILD);
}

static void test_status_of_every_end(void **state)
{
    (void)state;
    assert_int_equal(wait_status(0, 0), 0);
    assert_int_equal(wait_status(255, 0), 0xff00);
    assert_int_equal(wait_status(-1, 0), 0xff00);
    assert_int_equal(wait_status(PROCESS_EXIT_SIGNAL | 6, 0), 6);
    assert_int_equal(wait_status(PROCESS_EXIT_SIGNAL, 0), 0);
    assert_int_equal(wait_status(-1000, 0), SIGNAL_KILL);
    assert_int_equal(wait_status(-1000, 15), 15);
    assert_int_equal(wait_status(-1001, 0), SIGNAL_SEGV);
    assert_int_equal(wait_status(-1001, SIGNAL_FPE), SIGNAL_FPE);
    assert_int_equal(wait_status(7, 15), 7 << 8); /* it ended itself first */
}

static void test_children_of_the_dead_are_process_1s(void **state)
{
    (void)state;
    int32_t child = forked(the.shell), running = forked(child), ended = forked(child), pid, status;
    fake_end(ended, 0);
    fake_end(child, 0);
    assert_int_equal(fake_of(running)->page.parent, 1);
    assert_null(process_find(ended));
    fake_end(running, 0);
    assert_null(process_find(running));
    assert_int_equal(wait_of(the.shell, -1, 0, &pid, &status), 0);
    assert_int_equal(pid, child);
}

static void test_who_ignores_sigchld_has_no_ended_children(void **state)
{
    (void)state;
    int32_t child = forked(the.shell), pid, status;
    fake_of(the.shell)->page.ignored = signal_bit(SIGNAL_CHLD);
    fake_end(child, 0);
    assert_int_equal(wait_of(the.shell, -1, 0, &pid, &status), QY_PROC_FAILURE_NO_CHILD);
    child = forked(the.shell);
    fake_of(the.shell)->page.ignored = 0;
    fake_of(the.shell)->page.flags = PROCESS_NO_CHILD_WAIT;
    fake_end(child, 0);
    assert_int_equal(wait_of(the.shell, -1, 0, &pid, &status), QY_PROC_FAILURE_NO_CHILD);
}

/* --- signals ------------------------------------------------------------------------------- */

static void test_fate_of_a_signal(void **state)
{
    (void)state;
    struct process_page page = {0};
    assert_int_equal(signal_fate(&page, 15, false), SIGNAL_FATE_END);
    assert_int_equal(signal_fate(&page, SIGNAL_CHLD, false), SIGNAL_FATE_DROP);
    assert_int_equal(signal_fate(&page, SIGNAL_WINCH, true), SIGNAL_FATE_DROP);
    assert_int_equal(signal_fate(&page, SIGNAL_TSTP, false), SIGNAL_FATE_HALT);
    assert_int_equal(signal_fate(&page, 15, true), SIGNAL_FATE_PEND);
    assert_int_equal(signal_fate(&page, 64, false), SIGNAL_FATE_END);
    page.blocked = page.ignored = page.caught = UINT64_MAX;
    assert_int_equal(signal_fate(&page, SIGNAL_KILL, true), SIGNAL_FATE_END);
    assert_int_equal(signal_fate(&page, SIGNAL_STOP, false), SIGNAL_FATE_HALT);
    assert_int_equal(signal_fate(&page, 15, false), SIGNAL_FATE_PEND);
    page.blocked = 0;
    assert_int_equal(signal_fate(&page, 15, false), SIGNAL_FATE_DROP);
    page.ignored = 0;
    assert_int_equal(signal_fate(&page, 15, false), SIGNAL_FATE_KICK);
    assert_int_equal(signal_fate(&page, 15, true), SIGNAL_FATE_PEND);
}

static void test_standard_signals_are_one_and_real_time_ones_queue_up(void **state)
{
    (void)state;
    struct process_page page = {0};
    const struct process_signal first = {-1, 7, 1}, second = {-1, 8, 2};
    assert_true(signal_put(&page, 10, &first));
    assert_true(signal_put(&page, 10, &second));
    assert_int_equal(page.info[10].pid, 7);
    assert_int_equal(page.pending, signal_bit(10));
    for (uint32_t i = 0; i < PROCESS_QUEUE_MAX; i++) {
        assert_true(signal_put(&page, 32 + i % 33, &first));
        assert_true(i == 0 || page.queue[i].order > page.queue[i - 1].order);
    }
    assert_false(signal_put(&page, 64, &first));
    page.queue[3].order = 0;
    assert_true(signal_put(&page, 64, &second));
    assert_int_equal(page.queue[3].number, 64);
}

static void test_signals_go_where_they_are_sent(void **state)
{
    (void)state;
    int32_t first = forked(the.shell), second = forked(the.shell);
    assert_int_equal(send(first, second, 15), 0);
    assert_int_equal(fake_of(second)->kills, 1);
    assert_int_equal(fake_of(first)->kills, 0);
    assert_int_equal(send(first, -1, SIGNAL_KILL), 0);
    assert_int_equal(fake_of(the.shell)->kills, 1);
    assert_int_equal(fake_of(first)->kills, 0);
    assert_int_equal(send(first, 0, 15), 0);
    assert_int_equal(fake_of(first)->kills, 1);
    fake_end_killed(second);
    assert_int_equal(process_find(second)->status, 15);
    assert_int_equal(send(first, second, 15), 0); /* it has ended, and is there */
}

static void test_hostile_numbers_are_errors(void **state)
{
    (void)state;
    const int32_t nobody[] = {2, 30000, INT32_MAX, -2, -30000, INT32_MIN, -INT32_MAX};
    for (size_t i = 0; i < sizeof nobody / sizeof nobody[0]; i++) {
        if (nobody[i] != the.shell && nobody[i] != -the.shell) {
            assert_int_equal(send(the.shell, nobody[i], 15), QY_PROC_FAILURE_NO_SUCH_PROCESS);
        }
    }
    assert_int_equal(send(the.shell, 1, 15), QY_PROC_FAILURE_NOT_PERMITTED);
    assert_int_equal(send(the.shell, -1, 0), QY_PROC_FAILURE_NO_SUCH_PROCESS);
    assert_int_equal(send(the.shell, the.shell, 65), QY_PROC_FAILURE_INVALID);
    assert_int_equal(send(the.shell, the.shell, UINT32_MAX), QY_PROC_FAILURE_INVALID);
    handle_t shell = session_of(the.shell);
    assert_int_equal(qy_proc_queue(shell, the.shell, 10, 0, 0, NEVER), QY_PROC_FAILURE_INVALID);
    assert_int_equal(qy_proc_queue(shell, 1, 10, -1, 0, NEVER), QY_PROC_FAILURE_NOT_PERMITTED);
    assert_int_equal(qy_proc_stop(shell, 15, NEVER), QY_PROC_FAILURE_INVALID);
    assert_int_equal(qy_proc_stop(shell, 0, NEVER), QY_PROC_FAILURE_INVALID);
    assert_int_equal(qy_proc_stop(shell, UINT32_MAX, NEVER), QY_PROC_FAILURE_INVALID);
    assert_int_equal(qy_proc_alarm_set(shell, UINT64_MAX, 0, &(uint64_t){0}, &(uint64_t){0}, NEVER),
                     QY_PROC_FAILURE_INVALID);
    assert_int_equal(qy_proc_group_set(shell, 0, -5, NEVER), QY_PROC_FAILURE_INVALID);
}

static void test_badge_of_a_process_that_has_gone_is_nobody(void **state)
{
    (void)state;
    int32_t child = forked(the.shell), pid, status;
    handle_t old = session_of(child);
    handle_t forged = qy_host_session(&server, (uint64_t)UINT32_MAX << 32 | UINT32_MAX);
    fake_end(child, 0);
    assert_int_equal(qy_proc_kill(old, the.shell, 9, NEVER), QY_PROC_FAILURE_NOT_PERMITTED);
    (void)wait_of(the.shell, child, 0, &pid, &status);
    (void)forked(the.shell); /* in the same place */
    assert_int_equal(qy_proc_kill(old, the.shell, 9, NEVER), QY_PROC_FAILURE_NOT_PERMITTED);
    assert_int_equal(qy_proc_fork(old, 1, 2, 3, &pid, NEVER), QY_PROC_FAILURE_NOT_PERMITTED);
    assert_int_equal(qy_proc_kill(forged, the.shell, 9, NEVER), QY_PROC_FAILURE_NOT_PERMITTED);
    assert_int_equal(fake_of(the.shell)->kills, 0);
}

/* --- stop and continue --------------------------------------------------------------------- */

static void test_stop_and_continue_are_told(void **state)
{
    (void)state;
    int32_t child = forked(the.shell), pid, status;
    fake_of(the.shell)->page.caught = signal_bit(SIGNAL_CHLD);
    assert_int_equal(send(the.shell, child, SIGNAL_STOP), 0);
    assert_true(fake_of(child)->is_stopped);
    assert_int_equal(fake_of(the.shell)->page.info[SIGNAL_CHLD].code, CODE_STOPPED);
    assert_int_equal(wait_of(the.shell, -1, 0, &pid, &status), 0);
    assert_int_equal(pid, 0);
    assert_int_equal(wait_of(the.shell, -1, QY_PROC_WAIT_OPTIONS_STOPPED, &pid, &status), 0);
    assert_int_equal(status, SIGNAL_STOP << 8 | 0x7f);
    assert_int_equal(send(the.shell, child, 15), 0);
    assert_int_equal(fake_of(child)->kills, 0);
    assert_int_equal(send(the.shell, child, SIGNAL_CONT), 0);
    assert_false(fake_of(child)->is_stopped);
    assert_int_equal(fake_of(child)->kills, 1); /* what came meanwhile */
    assert_int_equal(wait_of(the.shell, -1, QY_PROC_WAIT_OPTIONS_CONTINUED, &pid, &status), 0);
    assert_int_equal(status, STATUS_CONTINUED);
}

static void test_orphaned_group_is_not_stopped_and_is_freed(void **state)
{
    (void)state;
    int32_t leader = forked(the.shell), member = forked(leader);
    assert_int_equal(qy_proc_group_set(session_of(leader), 0, 0, NEVER), 0);
    assert_int_equal(qy_proc_group_set(session_of(leader), member, leader, NEVER), 0);
    assert_int_equal(send(the.shell, -leader, SIGNAL_TSTP), 0);
    assert_true(fake_of(member)->is_stopped);
    fake_of(member)->page.caught = signal_bit(SIGNAL_HUP);
    fake_end_killed(leader); /* nobody is left who would continue the other one */
    assert_false(fake_of(member)->is_stopped);
    assert_int_equal(fake_of(member)->page.pending, signal_bit(SIGNAL_HUP));
    assert_int_equal(send(the.shell, member, SIGNAL_TSTP), 0);
    assert_false(fake_of(member)->is_stopped);
}

static void test_group_that_was_always_orphaned_is_left_alone(void **state)
{
    (void)state;
    int32_t stopped = forked(the.shell), other = forked(the.shell);
    assert_int_equal(send(the.shell, stopped, SIGNAL_STOP), 0);
    fake_end(other, 0);
    assert_true(fake_of(stopped)->is_stopped);
    assert_int_equal(fake_of(the.shell)->kills, 0);
}

/* --- a new instance ------------------------------------------------------------------------ */

static void test_new_instance_knows_what_the_last_one_knew(void **state)
{
    (void)state;
    static uint64_t memory[TABLE_BYTES / 8];
    memset(memory, 0, sizeof memory);
    fake_machine_reset(ROOM);
    assert_false(table_use(memory));
    assert_int_equal(spawn(the.control, QY_PROC_SPAWN_FLAGS_SESSION, 0, &the.shell), 0);
    int32_t job = forked(the.shell), member = forked(job), zombie = forked(the.shell);
    int32_t gone = forked(the.shell), lost = forked(the.shell), pid, status;
    uint64_t left, period;
    (void)qy_proc_group_set(session_of(job), 0, 0, NEVER);
    (void)qy_proc_group_set(session_of(job), member, job, NEVER);
    (void)send(the.shell, member, SIGNAL_STOP);
    (void)qy_proc_alarm_set(session_of(job), 700, 0, &left, &period, NEVER);
    (void)qy_proc_terminal_set(the.control, the.shell, 5, NEVER);
    fake_end(zombie, 4);
    fake_of(gone)->has_exited = true;
    fake_of(gone)->exit_code = 6;
    free(fake_of(lost));
    (void)machine_forget(process_find(lost)->index);
    fake_timer = DEADLINE_NEVER;

    alarms_init();
    life_init(&server);
    assert_true(table_use(memory));
    life_restore();
    assert_int_equal(process_find(member)->ppid, job);
    assert_ptr_equal(process_find(member)->group, process_find(job)->group);
    assert_int_equal(process_find(job)->group->pgid, job);
    assert_int_equal(process_find(job)->group->session->terminal, 5);
    assert_int_equal(process_find(member)->state, PROCESS_STOPPED);
    assert_int_equal(fake_timer, 700);
    assert_int_equal(wait_of(the.shell, zombie, 0, &pid, &status), 0);
    assert_int_equal(status, 4 << 8);
    assert_int_equal(wait_of(the.shell, gone, 0, &pid, &status), 0);
    assert_int_equal(status, 6 << 8);
    assert_int_equal(wait_of(the.shell, lost, 0, &pid, &status), 0);
    assert_int_equal(status, SIGNAL_KILL);
    assert_int_equal(fake_of(the.shell)->page.children, 3);
    assert_true(forked(member) > lost);
}

static void test_handles_are_put_again_when_the_keeper_has_died(void **state)
{
    (void)state;
    int32_t first = forked(the.shell), second = forked(the.shell);
    assert_true(fake_is_kept(first));
    fake_keeper_die();
    assert_false(fake_is_kept(first));
    (void)forked(the.shell);
    assert_true(fake_is_kept(first) && fake_is_kept(second) && fake_is_kept(the.shell));
    fake_keeper_die();
    fake_end(first, 0);
    assert_true(fake_is_kept(second) && fake_is_kept(the.shell));
    assert_false(fake_is_kept(first));
    fake_keeper_die();
    life_keep_all(); /* as the notice of its death has it */
    assert_true(fake_is_kept(second) && fake_is_kept(the.shell));
}

static void test_new_instance_survives_any_table(void **state)
{
    (void)state;
    static uint64_t memory[TABLE_BYTES / 8];
    memset(memory, 0, sizeof memory);
    fake_machine_reset(ROOM);
    (void)table_use(memory);
    uint64_t magic = memory[0];
    for (uint32_t seed = 1; seed < 200; seed++) {
        for (size_t i = 0; i < sizeof memory / 8; i++) {
            uint64_t word = seed * 0x9e3779b97f4a7c15ul + i * 0xbf58476d1ce4e5b9ul;
            memory[i] = (word ^ word >> 29) & (seed % 2 == 0 ? 0xffff0000ffff : 0x700000007);
        }
        memory[0] = magic;
        assert_true(table_use(memory));
        for (uint32_t i = 0; i < PROCESS_MAX; i++) {
            const struct process *process = process_at(i);
            assert_true(process == NULL || process_find(process->pid) == process);
        }
    }
    table_init();
}

/* --- groups and sessions ------------------------------------------------------------------- */

static void test_groups_as_posix_says(void **state)
{
    (void)state;
    int32_t child = forked(the.shell), grandchild = forked(child), sid;
    handle_t shell = session_of(the.shell), own = session_of(child);
    assert_int_equal(qy_proc_group_set(shell, 0, 0, NEVER), QY_PROC_FAILURE_NOT_PERMITTED);
    assert_int_equal(qy_proc_group_set(shell, grandchild, 0, NEVER),
                     QY_PROC_FAILURE_NO_SUCH_PROCESS);
    assert_int_equal(qy_proc_group_set(shell, child, 77, NEVER), QY_PROC_FAILURE_NOT_PERMITTED);
    fake_of(child)->page.flags = PROCESS_EXECUTED;
    assert_int_equal(qy_proc_group_set(shell, child, child, NEVER), QY_PROC_FAILURE_NO_ACCESS);
    assert_int_equal(qy_proc_group_set(own, 0, 0, NEVER), 0);
    assert_int_equal(fake_of(child)->page.group, child);
    assert_int_equal(qy_proc_session_new(own, &sid, NEVER), QY_PROC_FAILURE_NOT_PERMITTED);
    assert_int_equal(qy_proc_session_new(session_of(grandchild), &sid, NEVER), 0);
    assert_int_equal(fake_of(grandchild)->page.session, grandchild);
    assert_int_equal(qy_proc_group_set(own, grandchild, child, NEVER),
                     QY_PROC_FAILURE_NOT_PERMITTED);
    assert_int_equal(qy_proc_group_session(the.inspect, grandchild, &sid, NEVER), 0);
    assert_int_equal(sid, grandchild);
}

static void test_pid_of_a_group_is_not_given_again(void **state)
{
    (void)state;
    int32_t leader = forked(the.shell), pid, status;
    (void)qy_proc_group_set(session_of(leader), 0, 0, NEVER);
    int32_t member = forked(leader);
    fake_end(leader, 0);
    (void)wait_of(the.shell, leader, 0, &pid, &status);
    assert_null(process_find(leader));
    for (uint32_t i = 0; i < PID_MAX + 10u; i++) {
        struct process *made = process_add(process_find(the.shell));
        assert_int_not_equal(made->pid, leader);
        assert_in_range(made->pid, 2, PID_MAX);
        process_remove(made);
    }
    assert_int_equal(fake_of(member)->page.group, leader);
}

static void test_console_asks_about_the_background(void **state)
{
    (void)state;
    qy_proc_outcome_t outcome;
    struct qy_proc_identity identity;
    int32_t child = forked(the.shell);
    koid_t job = process_find(child)->machine.job_koid;
    (void)qy_proc_group_set(session_of(child), 0, 0, NEVER);
    assert_int_equal(qy_proc_identify(the.inspect, job, &identity, NEVER), 0);
    assert_int_equal(identity.pid, child);
    assert_false(identity.is_orphaned);
    assert_int_equal(qy_proc_identify(the.inspect, 5, &identity, NEVER),
                     QY_PROC_FAILURE_NO_SUCH_PROCESS);
    assert_int_equal(qy_proc_background(the.inspect, job, SIGNAL_TTIN, &outcome, NEVER),
                     QY_PROC_FAILURE_NOT_PERMITTED);
    assert_int_equal(qy_proc_background(the.control, job, SIGNAL_TTIN, &outcome, NEVER), 0);
    assert_int_equal(outcome, QY_PROC_OUTCOME_SENT);
    assert_true(fake_of(child)->is_stopped);
    fake_of(child)->page.blocked = signal_bit(SIGNAL_TTOU);
    assert_int_equal(qy_proc_background(the.control, job, SIGNAL_TTOU, &outcome, NEVER), 0);
    assert_int_equal(outcome, QY_PROC_OUTCOME_IGNORED);
    job = process_find(the.shell)->machine.job_koid;
    assert_int_equal(qy_proc_background(the.control, job, SIGNAL_TTIN, &outcome, NEVER), 0);
    assert_int_equal(outcome, QY_PROC_OUTCOME_ORPHANED);
}

/* --- alarms -------------------------------------------------------------------------------- */

static void test_alarms_come_in_order_and_do_not_drift(void **state)
{
    (void)state;
    int32_t child = forked(the.shell);
    uint64_t left, period;
    struct process *first = process_find(child), *second = process_find(the.shell);
    assert_int_equal(qy_proc_alarm_set(session_of(the.shell), 500, 0, &left, &period, NEVER), 0);
    assert_int_equal(qy_proc_alarm_set(session_of(child), 100, 100, &left, &period, NEVER), 0);
    assert_int_equal(left, 0);
    assert_int_equal(fake_timer, 100);
    assert_null(alarm_take(99));
    assert_ptr_equal(alarm_take(130), first);
    assert_int_equal(alarms_next(), 200);
    assert_ptr_equal(alarm_take(450), first);  /* 200, 300 and 400 are one */
    assert_ptr_equal(alarm_take(600), second); /* both are due at 500; it came first */
    assert_ptr_equal(alarm_take(600), first);
    assert_null(alarm_take(600));
    fake_now = 610;
    assert_int_equal(qy_proc_alarm_get(session_of(child), &left, &period, NEVER), 0);
    assert_int_equal(left, 90);
    assert_int_equal(period, 100);
    fake_end(child, 0);
    assert_int_equal(alarms_next(), DEADLINE_NEVER);
}

/* --- looking ------------------------------------------------------------------------------- */

static void test_records_and_command_lines(void **state)
{
    (void)state;
    struct qy_proc_record record;
    uint8_t text[4000];
    uint32_t count = 0, size;
    int64_t status;
    struct process_page *page = &fake_of(the.shell)->page;
    memcpy(page->name, "\x01shell name tha", 16); /* no zero, no text */
    for (uint32_t i = 0;
         (status = qy_proc_get(the.inspect, i, &record, NEVER)) != QY_PROC_FAILURE_INVALID; i++) {
        count += status == 0;
        if (status == 0 && record.identity.pid == the.shell) {
            assert_string_equal(record.name, "?shell name tha");
        }
    }
    assert_int_equal(count, 2);
    page->arguments = 0x5000;
    page->arguments_bytes = 6;
    assert_int_equal(qy_proc_command_line(the.inspect, the.shell, text, &size, NEVER), 0);
    assert_int_equal(size, 6);
    page->arguments_bytes = UINT64_MAX;
    assert_int_equal(qy_proc_command_line(the.inspect, the.shell, text, &size, NEVER), 0);
    page->arguments = UINT64_MAX;
    assert_int_equal(qy_proc_command_line(the.inspect, the.shell, text, &size, NEVER), 0);
    assert_int_equal(size, 0);
}

static void test_processes_may_not_do_what_servers_may(void **state)
{
    (void)state;
    handle_t shell = session_of(the.shell);
    struct qy_proc_identity identity;
    struct qy_proc_record record;
    handle_t process;
    int32_t sid;
    const int64_t refused = QY_PROC_FAILURE_NOT_PERMITTED;
    assert_int_equal(qy_proc_identify(shell, 1, &identity, NEVER), refused);
    assert_int_equal(qy_proc_signal_group(shell, the.shell, 15, NEVER), refused);
    assert_int_equal(qy_proc_group_session(shell, the.shell, &sid, NEVER), refused);
    assert_int_equal(qy_proc_terminal_set(shell, the.shell, 1, NEVER), refused);
    assert_int_equal(qy_proc_get(shell, 0, &record, NEVER), refused);
    assert_int_equal(qy_proc_open(shell, the.shell, &process, NEVER), refused);
    assert_int_equal(qy_proc_terminal_set(the.inspect, the.shell, 1, NEVER), refused);
    assert_int_equal(qy_proc_limit_set(shell, 1, QY_PROC_LIMIT_MEMORY, 0, NEVER), refused);
    assert_int_equal(qy_proc_limit_set(shell, 0, QY_PROC_LIMIT_MEMORY, 1000, NEVER), 0);
    assert_int_equal(fake_of(the.shell)->memory_limit, 1000);
    assert_int_equal(qy_proc_limit_set(shell, 0, QY_PROC_LIMIT_MEMORY, 1001, NEVER), refused);
    assert_int_equal(process_find(forked(the.shell))->memory_limit, 1000);
    assert_int_equal(qy_proc_signal_group(the.control, 1, 15, NEVER), 0); /* nobody hears it */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_spawn_is_answered_when_the_program_is_loaded),
        TEST(test_spawn_of_a_bad_file_leaves_nothing),
        TEST(test_spawn_refuses_a_start_block_that_is_none),
        TEST(test_fork_inherits_what_a_copy_has),
        TEST(test_forks_end_in_errors_and_lose_nothing),
        TEST(test_fork_without_memory_leaves_nothing),
        TEST(test_wait_tells_each_end_once),
        TEST(test_wait_by_group_and_of_others_children),
        TEST(test_status_of_every_end),
        TEST(test_children_of_the_dead_are_process_1s),
        TEST(test_who_ignores_sigchld_has_no_ended_children),
        TEST(test_fate_of_a_signal),
        TEST(test_standard_signals_are_one_and_real_time_ones_queue_up),
        TEST(test_signals_go_where_they_are_sent),
        TEST(test_hostile_numbers_are_errors),
        TEST(test_badge_of_a_process_that_has_gone_is_nobody),
        TEST(test_stop_and_continue_are_told),
        TEST(test_orphaned_group_is_not_stopped_and_is_freed),
        TEST(test_group_that_was_always_orphaned_is_left_alone),
        TEST(test_new_instance_knows_what_the_last_one_knew),
        TEST(test_handles_are_put_again_when_the_keeper_has_died),
        TEST(test_new_instance_survives_any_table),
        TEST(test_groups_as_posix_says),
        TEST(test_pid_of_a_group_is_not_given_again),
        TEST(test_console_asks_about_the_background),
        TEST(test_alarms_come_in_order_and_do_not_drift),
        TEST(test_records_and_command_lines),
        TEST(test_processes_may_not_do_what_servers_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
