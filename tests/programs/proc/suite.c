/* SPDX-License-Identifier: MIT */
#include <quay/clock.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process.h>
#include <quay/text.h>
#include <quay/thread.h>
#include "../../../servers/proc/signals.h"
#include "../shared/tap.h"
#include "event.h"
#include "layer.h"

#define WUNTRACED  2u
#define WCONTINUED 8u
#define BOMB_MAX   2000

/* What main.c gave, kept in memory: a copy has another page. */
static handle_t given[PROCESS_HANDLES_MAX];

static handle_t control(void)
{
    return given[0];
}

static handle_t inspect(void)
{
    return given[1];
}

static handle_t event(void)
{
    return given[2];
}

static void page_set(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST); /* proc looks at it with each signal */
}

static int64_t send(int64_t pid, uint32_t number)
{
    return qy_proc_kill(proc(), (int32_t)pid, number, DEADLINE_NEVER);
}

/* What a child that runs `body` ends with. */
static int32_t child_status(void (*body)(void))
{
    int32_t status = -1;
    int64_t pid = layer_fork();
    if (pid == 0) {
        body();
        layer_exit(0);
    }
    return layer_wait((int32_t)pid, 0, &status) == pid ? status : -1;
}

/* A copy that sleeps until it is ended. */
static int64_t sleeper(void)
{
    int64_t pid = layer_fork();
    while (pid == 0) {
        (void)qy_thread_sleep(DEADLINE_NEVER);
    }
    return pid;
}

static uint32_t process_count(void)
{
    uint32_t count = 0;
    struct qy_proc_record record;
    int64_t status = 0;
    for (uint32_t i = 0; status != QY_PROC_FAILURE_INVALID; i++) {
        status = qy_proc_get(inspect(), i, &record, DEADLINE_NEVER);
        count += status == 0;
    }
    return count;
}

/* --- spawn and fork ------------------------------------------------------------------------ */

static void test_spawn(void)
{
    int32_t status = -1;
    int64_t pid = layer_spawn(proc(), 0, 0, "exit 7");
    tap_ok(pid > 1 && pid < FORK_FAILED, "spawn gives a pid");
    tap_equal(layer_wait((int32_t)pid, 0, &status), pid, "wait gives the child");
    tap_equal(status, 7 << 8, "its exit status");
    tap_equal(layer_wait(-1, 0, &status), -QY_PROC_FAILURE_NO_CHILD, "there is no other child");

    uint32_t before = process_count();
    tap_equal(layer_spawn(proc(), 0, 0, "bad"), FORK_FAILED + ENOEXEC, "a bad file is ENOEXEC");
    tap_equal(layer_spawn(proc(), 0, 0, "dies"), FORK_FAILED + EIO,
              "one that ends while it starts");
    tap_equal(layer_wait(-1, 0, &status), -QY_PROC_FAILURE_NO_CHILD, "neither is a child");
    (void)qy_thread_sleep(qy_deadline_after(50 * QY_MILLISECOND)); /* until they are gone */
    tap_equal(process_count(), before, "nothing is left of both");

    pid = layer_spawn(proc(), 0, 0, "fault 16");
    (void)layer_wait((int32_t)pid, 0, &status);
    tap_equal(status, SIGNAL_SEGV, "a fault that nobody serves is SIGSEGV");
}

static void exit_3(void)
{
    layer_exit(3);
}

static void signal_exit(void)
{
    layer_exit(PROCESS_EXIT_SIGNAL | 15);
}

static uint32_t shared_word = 1;

static void word_change(void)
{
    shared_word = 2;
    layer_exit((int64_t)shared_word);
}

static void page_check(void)
{
    const struct process_page *page = qy_process_page();
    struct qy_proc_identity identity;
    bool is_right = qy_proc_relations(proc(), 0, &identity, DEADLINE_NEVER) == 0 &&
                    identity.pid == page->pid && identity.ppid == page->parent &&
                    identity.pgid == page->group && identity.sid == page->session &&
                    qy_process_info(page->process).status == 0;
    layer_exit(is_right ? 0 : 1);
}

static void grandchild(void)
{
    int32_t status = -1;
    int64_t pid = layer_fork();
    if (pid == 0) {
        layer_exit(5);
    }
    layer_exit(layer_wait(-1, 0, &status) == pid && status == 5 << 8 ? 0 : 1);
}

static void test_fork(void)
{
    tap_equal(child_status(exit_3), 3 << 8, "a copy ends, and is waited for");
    tap_equal(child_status(signal_exit), 15, "an exit code says that it was a signal");
    tap_equal(child_status(word_change), 2 << 8, "the copy has its own memory");
    tap_equal(shared_word, 1, "and we ours");
    tap_equal(child_status(page_check), 0, "its page tells who it is");
    tap_equal(child_status(grandchild), 0, "a copy of a copy");
}

/* --- waiting ------------------------------------------------------------------------------- */

static void test_wait(void)
{
    int32_t status = -1;
    int64_t first = sleeper(), second = sleeper();
    tap_equal(layer_wait(-1, WAIT_NOHANG, &status), 0, "nothing to tell yet");
    tap_equal(layer_wait(1, WAIT_NOHANG, &status), -QY_PROC_FAILURE_NO_CHILD, "not a child");
    (void)send(second, SIGNAL_KILL);
    tap_equal(layer_wait(-1, 0, &status), second, "the one that ended");
    tap_equal(status, SIGNAL_KILL, "by a signal");
    tap_equal(layer_wait((int32_t)second, 0, &status), -QY_PROC_FAILURE_NO_CHILD, "told once");
    (void)send(first, 15);
    tap_equal(layer_wait(0, 0, &status), first, "a child of our group");
    tap_equal(status, 15, "SIGTERM ends by default");
}

/* --- signals ------------------------------------------------------------------------------- */

static void catch_usr1(void)
{
    page_set(&qy_process_page()->caught, signal_bit(10));
    layer_exit(layer_signal_wait(signal_bit(10)));
}

static void queue_three(void)
{
    struct process_page *page = qy_process_page();
    page_set(&page->blocked, signal_bit(40));
    for (uint64_t i = 1; i <= 3; i++) {
        (void)qy_proc_queue(proc(), page->pid, 40, -1, i, DEADLINE_NEVER);
    }
    uint64_t sum = 0, order = 0;
    for (uint32_t i = 0; i < PROCESS_QUEUE_MAX; i++) {
        sum += page->queue[i].order != 0 ? page->queue[i].signal.value : 0;
        order += page->queue[i].order != 0;
    }
    layer_exit(page->pending == signal_bit(40) && sum == 6 && order == 3 ? 0 : 1);
}

static void queue_full(void)
{
    struct process_page *page = qy_process_page();
    page_set(&page->blocked, signal_bit(40));
    int64_t status = 0;
    uint32_t count = 0;
    for (; status == 0 && count < 1000; count++) {
        status = qy_proc_queue(proc(), page->pid, 40, -1, 0, DEADLINE_NEVER);
    }
    layer_exit(status == QY_PROC_FAILURE_AGAIN && count == PROCESS_QUEUE_MAX + 1 ? 0 : 1);
}

/* A kick may take it back before proc has it. */
static void alarm_set(uint64_t first_ns, uint64_t period_ns, uint64_t *ret_left,
                      uint64_t *ret_period)
{
    int64_t status;
    do {
        status =
            qy_proc_alarm_set(proc(), first_ns, period_ns, ret_left, ret_period, DEADLINE_NEVER);
    } while (status == -EINTR);
}

static void alarm_wait(void)
{
    uint64_t left, period;
    page_set(&qy_process_page()->caught, signal_bit(SIGNAL_ALRM));
    alarm_set(20 * 1000000, 20 * 1000000, &left, &period);
    uint32_t rings = 0;
    while (rings < 3) {
        rings += layer_signal_wait(signal_bit(SIGNAL_ALRM)) == SIGNAL_ALRM;
    }
    alarm_set(0, 0, &left, &period);
    layer_exit(left > 0 && left <= 20 * 1000000 && period == 20 * 1000000 ? 0 : 1);
}

static void alarm_end(void)
{
    uint64_t left, period;
    alarm_set(1000000, 0, &left, &period);
    for (;;) { /* it runs, and is ended all the same */
    }
}

static void test_signals(void)
{
    int32_t status = -1;
    int64_t pid = layer_fork();
    if (pid == 0) {
        catch_usr1();
    }
    (void)qy_thread_sleep(qy_deadline_after(20 * QY_MILLISECOND)); /* until it catches */
    tap_equal(send(pid, 10), 0, "a signal is sent");
    (void)layer_wait((int32_t)pid, 0, &status);
    tap_equal(status, 10 << 8, "and caught, by a thread that was asleep");
    tap_equal(child_status(queue_three), 0, "real-time signals queue up");
    tap_equal(child_status(queue_full), 0, "as many as there is room for, then EAGAIN");
    tap_equal(child_status(alarm_wait), 0, "an alarm with a period");
    tap_equal(child_status(alarm_end), SIGNAL_ALRM, "an alarm that nobody catches");

    struct process_page *page = qy_process_page();
    page_set(&page->caught, signal_bit(SIGNAL_CHLD));
    page_set(&page->pending, 0);
    (void)child_status(exit_3);
    tap_equal(layer_signal_wait(signal_bit(SIGNAL_CHLD)), SIGNAL_CHLD, "SIGCHLD of a child's end");
    tap_ok(page->info[SIGNAL_CHLD].code == CODE_EXITED && page->info[SIGNAL_CHLD].value == 3,
           "what it tells");
    page_set(&page->caught, 0);
    page_set(&page->ignored, signal_bit(SIGNAL_CHLD));
    tap_equal(child_status(exit_3), -1, "who ignores SIGCHLD has nobody to wait for");
    page_set(&page->ignored, 0);

    tap_equal(send(1, 15), QY_PROC_FAILURE_NOT_PERMITTED, "process 1 gets no signals");
    tap_equal(send(30000, 15), QY_PROC_FAILURE_NO_SUCH_PROCESS, "nobody there");
    tap_equal(send(-30000, 15), QY_PROC_FAILURE_NO_SUCH_PROCESS, "no such group");
    tap_equal(send(page->pid, 65), QY_PROC_FAILURE_INVALID, "no such signal");
    tap_equal(send(page->pid, 0), 0, "signal 0 only looks");
    tap_equal(send(INT32_MIN, 15), QY_PROC_FAILURE_NO_SUCH_PROCESS, "the number without negative");
}

/* --- stop and continue --------------------------------------------------------------------- */

static uint64_t cpu_of(int64_t pid)
{
    struct qy_proc_record record;
    for (uint32_t i = 0;
         qy_proc_get(inspect(), i, &record, DEADLINE_NEVER) != QY_PROC_FAILURE_INVALID; i++) {
        if (record.identity.pid == pid) {
            return record.cpu_ns;
        }
        record.identity.pid = 0;
    }
    return 0;
}

static void test_stop(void)
{
    int32_t status = -1;
    int64_t pid = layer_fork();
    while (pid == 0) { /* runs for ever */
    }
    (void)qy_thread_sleep(qy_deadline_after(30 * QY_MILLISECOND)); /* it gets time */
    tap_equal(send(pid, SIGNAL_STOP), 0, "stop one that runs");
    tap_equal(layer_wait((int32_t)pid, WAIT_NOHANG, &status), 0, "not told to who does not ask");
    tap_equal(layer_wait((int32_t)pid, WUNTRACED, &status), pid, "told to who asks");
    tap_equal(status, SIGNAL_STOP << 8 | 0x7f, "stopped by SIGSTOP");
    (void)qy_thread_sleep(qy_deadline_after(30 * QY_MILLISECOND)); /* it is off its CPU now */
    uint64_t before = cpu_of(pid);
    (void)qy_thread_sleep(qy_deadline_after(50 * QY_MILLISECOND)); /* and stays so */
    tap_ok(before > 0 && cpu_of(pid) == before, "it does not run");
    tap_equal(send(pid, 15), 0, "SIGTERM waits");
    tap_equal(layer_wait((int32_t)pid, WAIT_NOHANG, &status), 0, "until it goes on");
    tap_equal(send(pid, SIGNAL_CONT), 0, "continue");
    (void)layer_wait((int32_t)pid, 0, &status);
    tap_equal(status, 15, "then it ends it");

    pid = sleeper();
    (void)send(pid, SIGNAL_STOP);
    (void)send(pid, SIGNAL_CONT);
    tap_equal(layer_wait((int32_t)pid, WUNTRACED | WCONTINUED, &status), pid, "continued is told");
    tap_equal(status, 0xffff, "as such");
    (void)send(pid, SIGNAL_TSTP);
    tap_equal(layer_wait((int32_t)pid, WUNTRACED | WAIT_NOHANG, &status), 0,
              "SIGTSTP stops nobody in an orphaned group");
    (void)send(pid, SIGNAL_STOP);
    (void)send(pid, SIGNAL_KILL);
    (void)layer_wait((int32_t)pid, 0, &status);
    tap_equal(status, SIGNAL_KILL, "SIGKILL ends a stopped one");
}

/* --- groups -------------------------------------------------------------------------------- */

static void session_try(void)
{
    int32_t sid = 0;
    struct process_page *page = qy_process_page();
    int64_t status = qy_proc_session_new(proc(), &sid, DEADLINE_NEVER);
    bool is_right =
        status == 0 && sid == page->pid && page->session == sid && page->group == sid &&
        qy_proc_session_new(proc(), &sid, DEADLINE_NEVER) == QY_PROC_FAILURE_NOT_PERMITTED;
    layer_exit(is_right ? 0 : 1);
}

static void test_groups(void)
{
    int32_t status = -1;
    int64_t first = sleeper(), second = sleeper();
    tap_equal(qy_proc_group_set(proc(), (int32_t)first, 0, DEADLINE_NEVER), 0,
              "a group of its own");
    tap_equal(qy_proc_group_set(proc(), (int32_t)second, (int32_t)first, DEADLINE_NEVER), 0,
              "another one joins it");
    tap_equal(qy_proc_group_set(proc(), (int32_t)second, 30000, DEADLINE_NEVER),
              QY_PROC_FAILURE_NOT_PERMITTED, "no such group to join");
    tap_equal(qy_proc_group_set(proc(), 1, 0, DEADLINE_NEVER), QY_PROC_FAILURE_NO_SUCH_PROCESS,
              "not our child");
    (void)send(first, SIGNAL_TSTP);
    tap_equal(layer_wait((int32_t)-first, WUNTRACED, &status), first,
              "SIGTSTP stops a job of ours");
    tap_equal(qy_proc_signal_group(control(), (int32_t)first, 2, DEADLINE_NEVER), 0,
              "the console sends SIGINT to the group");
    tap_equal(layer_wait((int32_t)-first, 0, &status), second, "who runs ends");
    (void)send(-first, SIGNAL_CONT);
    tap_equal(layer_wait((int32_t)-first, 0, &status), first, "who was stopped ends later");
    tap_equal(status, 2, "by SIGINT");
    tap_equal(child_status(session_try), 0, "a new session, once");
}

/* --- who may what -------------------------------------------------------------------------- */

static void test_rights(void)
{
    struct qy_proc_identity identity;
    struct qy_proc_record record;
    handle_t handle;
    uint64_t limit, used;
    tap_equal(qy_proc_identify(proc(), 1, &identity, DEADLINE_NEVER), QY_PROC_FAILURE_NOT_PERMITTED,
              "a process identifies nobody");
    tap_equal(qy_proc_signal_group(inspect(), 1, 9, DEADLINE_NEVER), QY_PROC_FAILURE_NOT_PERMITTED,
              "who inspects sends no signals");
    tap_equal(layer_spawn(inspect(), 0, 0, "exit 0"), FORK_FAILED + EPERM, "and starts nothing");
    tap_equal(qy_proc_open(inspect(), qy_process_page()->pid, &handle, DEADLINE_NEVER),
              QY_PROC_FAILURE_NOT_PERMITTED, "and opens nobody");
    tap_equal(qy_proc_get(inspect(), UINT32_MAX, &record, DEADLINE_NEVER), QY_PROC_FAILURE_INVALID,
              "no such place");
    koid_t job = (koid_t)qy_handle_info(qy_process_page()->job).third;
    tap_equal(qy_proc_identify(inspect(), job, &identity, DEADLINE_NEVER), 0,
              "a job is identified");
    tap_equal(identity.pid, qy_process_page()->pid, "as ours");
    tap_equal(qy_job_set_limit(qy_process_page()->job, JOB_MEMORY, 0), -EACCES,
              "nobody sets his own limits");
    tap_equal(qy_proc_limit_set(proc(), 0, QY_PROC_LIMIT_THREADS, 4, DEADLINE_NEVER), 0,
              "but lowers them through proc");
    tap_equal(qy_proc_limit_set(proc(), 0, QY_PROC_LIMIT_THREADS, 5, DEADLINE_NEVER),
              QY_PROC_FAILURE_NOT_PERMITTED, "and does not raise them");
    tap_ok(qy_proc_limit_get(proc(), 0, QY_PROC_LIMIT_THREADS, &limit, &used, DEADLINE_NEVER) ==
                   0 &&
               limit == 4 && used == 1,
           "limits are told");
}

/* --- another instance of proc -------------------------------------------------------------- */

static void event_await(uint64_t bit)
{
    while (qy_event_wait(event(), bit, 0, DEADLINE_NEVER).status < 0) {
        /* a signal */
    }
}

static void restart(void)
{
    (void)qy_event_signal(event(), EVENT_DONE, EVENT_RESTART);
    event_await(EVENT_DONE);
}

static void end_meanwhile(void)
{
    event_await(EVENT_DEAD);
    layer_exit(9);
}

static void alarm_meanwhile(void)
{
    uint64_t left, period;
    page_set(&qy_process_page()->caught, signal_bit(SIGNAL_ALRM));
    alarm_set(20 * 1000000, 0, &left, &period);
    event_await(EVENT_DEAD);
    layer_exit(layer_signal_wait(signal_bit(SIGNAL_ALRM)) == SIGNAL_ALRM ? 0 : 1);
}

static int64_t child(void (*body)(void))
{
    int64_t pid = layer_fork();
    if (pid == 0) {
        body();
        layer_exit(0);
    }
    return pid;
}

static int32_t status_of(int64_t pid)
{
    int32_t status = -1;
    return layer_wait((int32_t)pid, 0, &status) == pid ? status : -1;
}

static void test_restart(void)
{
    int32_t status = -1;
    struct qy_proc_identity before, after;
    int64_t plain = sleeper(), stopped = sleeper(), ended = child(exit_3);
    int64_t meanwhile = child(end_meanwhile), alarmed = child(alarm_meanwhile);
    (void)qy_proc_group_set(proc(), (int32_t)plain, 0, DEADLINE_NEVER);
    (void)qy_proc_relations(proc(), (int32_t)plain, &before, DEADLINE_NEVER);
    (void)send(stopped, SIGNAL_STOP);
    (void)qy_thread_sleep(qy_deadline_after(20 * QY_MILLISECOND)); /* until all is so */
    restart();
    tap_equal(qy_proc_relations(proc(), (int32_t)plain, &after, DEADLINE_NEVER), 0,
              "another instance of proc knows the process");
    tap_ok(memcmp(&before, &after, sizeof before) == 0, "its parent, group and session");
    tap_equal(layer_wait((int32_t)stopped, WUNTRACED, &status), stopped, "who has stopped");
    tap_equal(status_of(ended), 3 << 8, "who had ended");
    tap_equal(status_of(meanwhile), 9 << 8, "who has ended meanwhile");
    tap_equal(status_of(alarmed), 0, "whose alarm was to ring meanwhile");
    tap_equal(send(-plain, 15), 0, "it sends signals");
    tap_equal(status_of(plain), 15, "and hears of ends");
    (void)send(stopped, SIGNAL_CONT);
    (void)send(stopped, 15);
    tap_equal(status_of(stopped), 15, "and continues who had stopped");
    tap_equal(child_status(page_check), 0, "and forks");
    tap_equal(layer_wait(-1, WAIT_NOHANG, &status), -QY_PROC_FAILURE_NO_CHILD, "nothing is left");
}

/* --- too many ------------------------------------------------------------------------------ */

static void bomb(void)
{
    static int64_t pids[BOMB_MAX];
    uint32_t count = 0;
    int64_t pid = 1;
    while (count < BOMB_MAX && pid > 0 && pid < FORK_FAILED) {
        pid = sleeper();
        pids[count] = pid;
        count += pid > 0 && pid < FORK_FAILED;
    }
    qy_printf("# %u processes\n", count);
    tap_ok(pid == FORK_FAILED + EAGAIN || pid == FORK_FAILED + ENOMEM,
           "too many forks end in an error");
    uint32_t ended = 0;
    for (uint32_t i = 0; i < count; i++) {
        (void)send(pids[i], SIGNAL_KILL);
    }
    int32_t status;
    for (uint32_t i = 0; i < count; i++) {
        ended += layer_wait(-1, 0, &status) > 0 && status == SIGNAL_KILL;
    }
    tap_equal(ended, count, "every one is ended and waited for");
    tap_equal(layer_wait(-1, WAIT_NOHANG, &status), -QY_PROC_FAILURE_NO_CHILD, "no other child");
}

void suite(void)
{
    memcpy(given, qy_process_page()->handles, sizeof given);
    test_spawn();
    test_fork();
    test_wait();
    test_signals();
    test_stop();
    test_groups();
    test_rights();
    test_restart();
    uint32_t before = process_count();
    bomb();
    bomb();
    tap_equal(process_count(), before, "nothing is left of two fork bombs");
    layer_exit((int64_t)tap_end());
}
