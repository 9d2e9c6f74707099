/* SPDX-License-Identifier: MIT */
#include "alarms.h"

static struct {
    struct link list;
} alarms_state;

void alarms_init(void)
{
    list_init(&alarms_state.list);
}

static struct process *process_of(struct link *link)
{
    return LIST_ENTRY(link, struct process, alarms);
}

/* Before the first that comes later. */
static void insert(struct process *process)
{
    struct link *at = alarms_state.list.next;
    while (at != &alarms_state.list && process_of(at)->alarm_deadline <= process->alarm_deadline) {
        at = at->next;
    }
    list_add(at, &process->alarms);
}

void alarm_set(struct process *process, time_ns_t deadline, uint64_t period_ns)
{
    list_remove(&process->alarms);
    process->alarm_deadline = deadline;
    process->alarm_period_ns = period_ns;
    if (deadline != DEADLINE_NEVER) {
        insert(process);
    }
}

bool alarm_get(const struct process *process, time_ns_t now, uint64_t *ret_left_ns)
{
    bool is_set = !list_is_empty(&process->alarms);
    *ret_left_ns = 0;
    if (is_set) { /* one that is due is not over yet: 0 would say so */
        *ret_left_ns =
            process->alarm_deadline > now ? (uint64_t)(process->alarm_deadline - now) : 1;
    }
    return is_set;
}

time_ns_t alarms_next(void)
{
    return list_is_empty(&alarms_state.list) ? DEADLINE_NEVER
                                             : process_of(alarms_state.list.next)->alarm_deadline;
}

struct process *alarm_take(time_ns_t now)
{
    if (alarms_next() > now || list_is_empty(&alarms_state.list)) {
        return NULL;
    }
    struct process *process = process_of(alarms_state.list.next);
    uint64_t period_ns = process->alarm_period_ns;
    time_ns_t next = DEADLINE_NEVER;
    if (period_ns > 0) { /* periods do not drift; those that were missed are one */
        uint64_t missed = (uint64_t)(now - process->alarm_deadline) / period_ns;
        uint64_t ahead;
        if (__builtin_mul_overflow(missed + 1, period_ns, &ahead) ||
            ahead > (uint64_t)(DEADLINE_NEVER - process->alarm_deadline)) {
            ahead = (uint64_t)(DEADLINE_NEVER - process->alarm_deadline);
        }
        next = process->alarm_deadline + (time_ns_t)ahead;
    }
    alarm_set(process, next, period_ns);
    return process;
}
