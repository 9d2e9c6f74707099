/* SPDX-License-Identifier: MIT */
/*
 * Waiting for children. proc answers at once; until it has something to tell, we sleep on the word
 * of the process page that it changes with each change of a child.
 */
#include <idl/proc.h>
#include <quay/futex.h>
#include <quay/process_page.h>
#include "call.h"
#include "guest.h"
#include "proc_call.h"
#include "rusage.h"
#include "signal.h"

#define WNOHANG    1u
#define WSTOPPED   2u
#define WEXITED    4u
#define WCONTINUED 8u
#define WNOWAIT    0x01000000u
#define WANYHOW    0xe0000000u /* __WALL, __WCLONE, __WNOTHREAD: all the same here */

struct news {
    int32_t pid; /* 0: nothing yet */
    int32_t status;
    uint64_t cpu_ns, memory_bytes;
};

static int64_t sleep_while(struct process_page *page, uint32_t seen)
{
    int64_t status;

    if (posix_signal_waits()) {
        return -EINTR;
    }
    (void)__atomic_fetch_add(&page->waiting, 1, __ATOMIC_SEQ_CST); /* pairs with proc's look */
    status = qy_futex_wait(&page->children, seen, DEADLINE_NEVER);
    (void)__atomic_fetch_sub(&page->waiting, 1, __ATOMIC_SEQ_CST);
    return status == -EAGAIN ? 0 : status;
}

static int64_t wait_for(int32_t which, uint32_t options, bool is_polled, struct news *ret_news)
{
    struct process_page *page = qy_process_page();
    uint32_t tries = 0;
    int64_t status = 0;

    while (status == 0) {
        const uint32_t seen = __atomic_load_n(&page->children, __ATOMIC_SEQ_CST);

        status = qy_proc_wait(page->proc, which, options, &ret_news->pid, &ret_news->status,
                              &ret_news->cpu_ns, &ret_news->memory_bytes, DEADLINE_NEVER);
        if (status == 0) {
            if (ret_news->pid != 0 || is_polled) {
                return 0;
            }
            status = sleep_while(page, seen);
        } else if (status != -EINTR && posix_proc_again(status, &tries)) {
            status = 0;
        }
    }
    return posix_error(status);
}

int64_t posix_wait4(uint64_t pid, uint64_t ret_status, uint64_t options, uint64_t ret_usage)
{
    struct news news;

    if ((options & ~(uint64_t)(WNOHANG | WSTOPPED | WCONTINUED | WANYHOW)) != 0) {
        return -EINVAL;
    }
    const int64_t status = wait_for((int32_t)pid, (uint32_t)options & (WSTOPPED | WCONTINUED),
                                    (options & WNOHANG) != 0, &news);
    if (status < 0 || news.pid == 0) {
        return status;
    }
    if ((ret_status != 0 && guest_write(ret_status, &news.status, sizeof news.status) < 0) ||
        (ret_usage != 0 && posix_usage_put(ret_usage, news.cpu_ns, news.memory_bytes) < 0)) {
        return -EFAULT;
    }
    return news.pid;
}

/* siginfo_t as waitid fills it. */
static int64_t info_put(uint64_t address, const struct news *news)
{
    const int32_t status = news->status;
    struct linux_siginfo info = {0};

    if (news->pid != 0) {
        info.number = LINUX_SIGCHLD;
        info.pid = news->pid;
        if (status == 0xffff) {
            info.code = 6; /* CLD_CONTINUED */
            info.status = LINUX_SIGCONT;
        } else if ((status & 0xff) == 0x7f) {
            info.code = 5; /* CLD_STOPPED */
            info.status = status >> 8;
        } else {
            info.code = (status & 0x7f) != 0 ? 2 : 1; /* CLD_KILLED, CLD_EXITED */
            info.status = (status & 0x7f) != 0 ? status & 0x7f : status >> 8;
        }
    }
    return guest_write(address, &info, sizeof info);
}

int64_t posix_waitid(uint64_t kind, uint64_t id, uint64_t ret_info, uint64_t options,
                     uint64_t ret_usage)
{
    /* P_ALL, P_PID, P_PGID */
    const int32_t which = kind == 0 ? -1 : kind == 1 ? (int32_t)id : -(int32_t)id;
    const uint32_t told = WSTOPPED | WEXITED | WCONTINUED;
    struct news news;

    if ((options & ~(uint64_t)(WNOHANG | told | WNOWAIT | WANYHOW)) != 0 || (options & told) == 0 ||
        kind > 2 || (kind == 1 && (int32_t)id <= 0) || (kind == 2 && (int32_t)id < 0)) {
        return -EINVAL;
    }
    uint32_t asked = (uint32_t)options & (WSTOPPED | WCONTINUED | WNOWAIT);
    asked |= (options & WEXITED) != 0 ? 0 : QY_PROC_WAIT_OPTIONS_NOT_ENDED;
    const int64_t status = wait_for(which, asked, (options & WNOHANG) != 0, &news);
    if (status < 0) {
        return status;
    }
    if ((ret_info != 0 && info_put(ret_info, &news) < 0) ||
        (ret_usage != 0 && posix_usage_put(ret_usage, news.cpu_ns, news.memory_bytes) < 0)) {
        return -EFAULT;
    }
    return 0;
}
