/* SPDX-License-Identifier: MIT */
#include "deliver.h"
#include <idl/proc.h>
#include "wait.h"

void parent_tell(const struct process *child, int32_t code, uint32_t value)
{
    struct process *parent = child->parent;
    struct process_page *page = parent->machine.page;
    if (page == NULL) {
        return; /* process 1, which looks at nobody */
    }
    (void)__atomic_fetch_add(&page->children, 1, __ATOMIC_SEQ_CST); /* pairs with `waiting` */
    if (__atomic_load_n(&page->waiting, __ATOMIC_SEQ_CST) != 0) {
        machine_wake(&parent->machine);
    }
    bool is_stop = code == CODE_STOPPED || code == CODE_CONTINUED;
    uint32_t flags = __atomic_load_n(&page->flags, __ATOMIC_RELAXED);
    if (!is_stop || (flags & PROCESS_NO_CHILD_STOP) == 0) {
        const struct process_signal signal = {code, child->pid, value};
        (void)signal_send(parent, SIGNAL_CHLD, &signal); /* it cannot fail: it does not queue up */
    }
}

void process_stop(struct process *process, uint32_t number)
{
    if (process->state != PROCESS_RUNNING) {
        return;
    }
    process->state = PROCESS_STOPPED;
    process->status = (int32_t)STATUS_STOPPED(number);
    process->has_stopped = true;
    process->has_continued = false;
    machine_stop(&process->machine, true);
    parent_tell(process, CODE_STOPPED, number);
}

static void process_end(struct process *process, uint32_t number)
{
    process->killer = process->killer != 0 ? process->killer : number;
    machine_kill(&process->machine);
}

static void process_continue(struct process *process)
{
    if (process->state != PROCESS_STOPPED) {
        return;
    }
    struct process_page *page = process->machine.page;
    process->state = PROCESS_RUNNING;
    process->has_stopped = false;
    process->has_continued = true;
    uint32_t fatal = signal_fatal(page);
    if (fatal != 0) {
        process_end(process, fatal);
    } else if (signal_is_due(page)) {
        machine_kick(&process->machine); /* before it runs */
    }
    machine_stop(&process->machine, false);
    parent_tell(process, CODE_CONTINUED, SIGNAL_CONT);
}

uint32_t signal_send(struct process *process, uint32_t number, const struct process_signal *signal)
{
    struct process_page *page = process->machine.page;
    if (process == process_system()) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    if (page == NULL) {
        return 0;
    }
    if (number == SIGNAL_CONT) {
        signal_forget(page, SIGNALS_STOP);
        process_continue(process);
    } else if ((signal_bit(number) & SIGNALS_STOP) != 0) {
        signal_forget(page, signal_bit(SIGNAL_CONT));
    }
    switch (signal_fate(page, number, process->state == PROCESS_STOPPED)) {
    case SIGNAL_FATE_DROP:
        break;
    case SIGNAL_FATE_PEND:
        if (!signal_put(page, number, signal)) {
            return QY_PROC_FAILURE_AGAIN;
        }
        /* Unblocked meanwhile: either the process sees it pending then, or we see that here. */
        if (signal_is_due(page) && process->state == PROCESS_RUNNING) {
            machine_kick(&process->machine);
        }
        break;
    case SIGNAL_FATE_KICK:
        if (!signal_put(page, number, signal)) {
            return QY_PROC_FAILURE_AGAIN;
        }
        machine_kick(&process->machine);
        break;
    case SIGNAL_FATE_END:
        process_end(process, number);
        break;
    case SIGNAL_FATE_HALT:
        if (number == SIGNAL_STOP || !group_is_orphaned(process->group)) {
            process_stop(process, number);
        }
        break;
    }
    return 0;
}

void signal_send_group(struct group *group, uint32_t number, const struct process_signal *signal)
{
    LIST_EACH(each, &group->members)
    {
        struct process *process = LIST_ENTRY(each, struct process, members);
        (void)signal_send(process, number, signal); /* the others get it all the same */
    }
}
