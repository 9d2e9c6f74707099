/* SPDX-License-Identifier: MIT */
#include "wait.h"
#include <idl/proc.h>
#include "signals.h"

int32_t wait_status(int64_t exit_code, uint32_t killer)
{
    if (exit_code == CODE_KILLED_BY_KERNEL || exit_code == CODE_FAULTED) {
        uint32_t other = exit_code == CODE_FAULTED ? SIGNAL_SEGV : SIGNAL_KILL;
        return (int32_t)STATUS_SIGNALED(killer != 0 ? killer : other);
    }
    if ((exit_code & ~0x7fl) == PROCESS_EXIT_SIGNAL && exit_code != PROCESS_EXIT_SIGNAL) {
        return (int32_t)STATUS_SIGNALED(exit_code);
    }
    return (int32_t)STATUS_EXITED(exit_code);
}

static bool is_meant(const struct process *parent, const struct process *child, int32_t which)
{
    if (which > 0) {
        return child->pid == which;
    }
    if (which == -1) {
        return true;
    }
    return child->group->pgid == (which == 0 ? parent->group->pgid : -which);
}

/* Whether there is something to tell of this child. */
static bool news_of(struct process *child, uint32_t options, struct wait_news *ret_news)
{
    bool is_kept = (options & QY_PROC_WAIT_OPTIONS_KEEP) != 0;
    int32_t status = child->status;
    if (child->state == PROCESS_ENDED) {
        if ((options & QY_PROC_WAIT_OPTIONS_NOT_ENDED) != 0) {
            return false;
        }
    } else if (child->has_stopped && (options & QY_PROC_WAIT_OPTIONS_STOPPED) != 0) {
        child->has_stopped = is_kept;
    } else if (child->has_continued && (options & QY_PROC_WAIT_OPTIONS_CONTINUED) != 0) {
        child->has_continued = is_kept;
        status = STATUS_CONTINUED;
    } else {
        return false;
    }
    *ret_news = (struct wait_news){child, status, child->state == PROCESS_ENDED};
    return true;
}

bool wait_look(const struct process *parent, int32_t which, uint32_t options,
               struct wait_news *ret_news)
{
    bool has_any = false;
    *ret_news = (struct wait_news){0};
    LIST_EACH(each, &parent->children)
    {
        struct process *child = LIST_ENTRY(each, struct process, siblings);
        if (child->state != PROCESS_STARTING && is_meant(parent, child, which)) {
            has_any = true;
            if (news_of(child, options, ret_news)) {
                return true;
            }
        }
    }
    return has_any;
}
