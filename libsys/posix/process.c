/* SPDX-License-Identifier: MIT */
/* Who this process is, what it has used, and what it may use. */
#include "process.h"
#include <idl/proc.h>
#include <quay/clock.h>
#include "call.h"
#include "guest.h"
#include "proc_call.h"
#include "raise.h"
#include "rusage.h"
#include "time.h"

#define SECOND 1000000000ul

void posix_process_start(const struct process_start *start)
{
    posix_signal_start(start->blocked, start->ignored);
    if ((start->mask & PROCESS_START_MASK) != 0) {
        (void)posix_umask(start->mask);
    }
}

void posix_process_fork(void)
{
    posix_signal_fork();
}

QY_NORETURN void posix_process_crash(uint32_t number)
{
    struct process_page *page = qy_process_page();
    uint32_t none = 0;

    if (page->proc == HANDLE_INVALID) {
        posix_process_end(PROCESS_EXIT_SIGNAL | number); /* nobody is there */
    }
    if (__atomic_compare_exchange_n(&page->fatal_signal, &none, number, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST)) {
        __atomic_store_n(&page->fatal_registers, (uint64_t)(uintptr_t)&posix_redirect()->registers,
                         __ATOMIC_SEQ_CST);
        __builtin_trap();
    }
    (void)qy_thread_sleep(DEADLINE_NEVER); /* another thread is being looked at */
    posix_process_end(PROCESS_EXIT_SIGNAL | number);
}

/* --- pids, groups, sessions ------------------------------------------------------------------ */

int64_t posix_getpid(void)
{
    return qy_process_page()->pid;
}

int64_t posix_getppid(void)
{
    return __atomic_load_n(&qy_process_page()->parent, __ATOMIC_RELAXED);
}

int64_t posix_getpgrp(void)
{
    return __atomic_load_n(&qy_process_page()->group, __ATOMIC_RELAXED);
}

static int64_t relations(uint64_t pid, struct qy_proc_identity *ret_identity)
{
    return POSIX_PROC(qy_proc_relations, (int32_t)pid, ret_identity);
}

int64_t posix_getpgid(uint64_t pid)
{
    struct qy_proc_identity identity;

    if ((int32_t)pid == 0 || (int32_t)pid == qy_process_page()->pid) {
        return posix_getpgrp();
    }
    const int64_t status = relations(pid, &identity);
    return status == 0 ? identity.pgid : status;
}

int64_t posix_getsid(uint64_t pid)
{
    struct qy_proc_identity identity;

    if ((int32_t)pid == 0 || (int32_t)pid == qy_process_page()->pid) {
        return __atomic_load_n(&qy_process_page()->session, __ATOMIC_RELAXED);
    }
    const int64_t status = relations(pid, &identity);
    return status == 0 ? identity.sid : status;
}

int64_t posix_setpgid(uint64_t pid, uint64_t pgid)
{
    return POSIX_PROC(qy_proc_group_set, (int32_t)pid, (int32_t)pgid);
}

int64_t posix_setsid(void)
{
    int32_t sid;
    const int64_t status = POSIX_PROC(qy_proc_session_new, &sid);

    return status == 0 ? sid : status;
}

/* --- figures --------------------------------------------------------------------------------- */

/* The kernel counts the time of threads, and does not tell user time apart. */
int64_t posix_usage_put(uint64_t address, uint64_t cpu_ns, uint64_t memory_bytes)
{
    const struct {
        struct linux_timeval user, system;
        int64_t max_rss_kib, others[13];
    } usage = {
        .user = {(int64_t)(cpu_ns / SECOND), (int64_t)(cpu_ns % SECOND / 1000)},
        .max_rss_kib = (int64_t)(memory_bytes / 1024),
    };

    _Static_assert(sizeof usage == 144, "struct rusage");
    return guest_write(address, &usage, sizeof usage);
}

static int64_t figures(uint64_t *ret_cpu_ns, uint64_t *ret_children_ns, uint64_t *ret_memory)
{
    return POSIX_PROC(qy_proc_figures, ret_cpu_ns, ret_children_ns, ret_memory);
}

int64_t posix_cpu_time(int64_t *ret_ns)
{
    uint64_t own, children, memory;
    const int64_t status = figures(&own, &children, &memory);

    if (status == 0) {
        *ret_ns = (int64_t)own;
    }
    return status;
}

int64_t posix_getrusage(uint64_t who, uint64_t ret_usage)
{
    const bool is_children = (int32_t)who == -1;
    uint64_t cpu_ns, children_ns, memory_bytes;

    if (!is_children && who != 0 && who != 1) { /* RUSAGE_THREAD is told as the process */
        return -EINVAL;
    }
    const int64_t status = figures(&cpu_ns, &children_ns, &memory_bytes);
    return status < 0 ? status
                      : posix_usage_put(ret_usage, is_children ? children_ns : cpu_ns,
                                        is_children ? 0 : memory_bytes);
}

#define TICK_NS (SECOND / 100) /* AT_CLKTCK */

int64_t posix_times(uint64_t ret_times)
{
    uint64_t cpu_ns, children_ns, memory_bytes;
    const int64_t status = figures(&cpu_ns, &children_ns, &memory_bytes);

    if (status < 0) {
        return status;
    }
    const uint64_t ticks[4] = {cpu_ns / TICK_NS, 0, children_ns / TICK_NS, 0};
    if (ret_times != 0 && guest_write(ret_times, ticks, sizeof ticks) < 0) {
        return -EFAULT;
    }
    return qy_clock_read() / (int64_t)TICK_NS;
}

/* --- limits ---------------------------------------------------------------------------------- */

enum {
    RLIMIT_DATA = 2,
    RLIMIT_STACK = 3,
    RLIMIT_CORE = 4,
    RLIMIT_NOFILE = 7,
    RLIMIT_AS = 9,
    RLIMIT_COUNT = 16,
};

#define STACK_LIMIT (8ul << 20)
#define FILES_LIMIT 1024ul

struct linux_rlimit {
    uint64_t soft, hard;
};

static bool is_memory(uint64_t which)
{
    return which == RLIMIT_AS || which == RLIMIT_DATA;
}

static int64_t limit_get(uint64_t pid, uint64_t which, struct linux_rlimit *ret_limit)
{
    uint64_t limit = UINT64_MAX, used;
    int64_t status = 0;

    if (is_memory(which)) {
        status = POSIX_PROC(qy_proc_limit_get, (int32_t)pid, QY_PROC_LIMIT_MEMORY, &limit, &used);
    } else if (which == RLIMIT_STACK) {
        limit = STACK_LIMIT;
    } else if (which == RLIMIT_NOFILE) {
        limit = FILES_LIMIT;
    } else if (which == RLIMIT_CORE) {
        limit = 0;
    }
    *ret_limit = (struct linux_rlimit){limit, limit};
    return status;
}

/* Only memory can be limited. Others can be set to what they are, which changes nothing. */
static int64_t limit_set(uint64_t pid, uint64_t which, const struct linux_rlimit *limit)
{
    struct linux_rlimit now;
    const int64_t status = limit_get(pid, which, &now);

    if (status < 0 || limit->soft > limit->hard) {
        return status < 0 ? status : -EINVAL;
    }
    if (!is_memory(which)) {
        return limit->hard > now.hard ? -EPERM : limit->soft < now.soft ? -EINVAL : 0;
    }
    return POSIX_PROC(qy_proc_limit_set, (int32_t)pid, QY_PROC_LIMIT_MEMORY, limit->soft);
}

int64_t posix_prlimit64(uint64_t pid, uint64_t which, uint64_t set, uint64_t old)
{
    struct linux_rlimit wanted, before;

    if (which >= RLIMIT_COUNT) {
        return -EINVAL;
    }
    if (set != 0 && guest_read(&wanted, set, sizeof wanted) < 0) {
        return -EFAULT;
    }
    int64_t status = limit_get(pid, which, &before);
    if (status == 0 && set != 0) {
        status = limit_set(pid, which, &wanted);
    }
    return status == 0 && old != 0 ? guest_write(old, &before, sizeof before) : status;
}

int64_t posix_getrlimit(uint64_t which, uint64_t limit)
{
    return posix_prlimit64(0, which, 0, limit);
}

int64_t posix_setrlimit(uint64_t which, uint64_t limit)
{
    return posix_prlimit64(0, which, limit, 0);
}
