/* SPDX-License-Identifier: MIT */
/* Callers (<quay/caller.h>) without threads: a call is made when it is submitted. */
#include <quay/caller.h>

int64_t qy_caller_start(struct qy_caller *caller, uint32_t thread_count, handle_t port,
                        uint64_t bits)
{
    *caller = (struct qy_caller){.thread_count = thread_count, .port = port, .bits = bits};
    return 0;
}

void qy_caller_submit(struct qy_caller *caller, struct qy_call *call)
{
    call->make(call);
    call->next = NULL;
    if (caller->made_first == NULL) {
        caller->made_first = call;
    } else {
        caller->made_last->next = call;
    }
    caller->made_last = call;
    caller->unfinished++;
    if (caller->port == HANDLE_INVALID) {
        qy_caller_deliver(caller);
    }
}

void qy_caller_deliver(struct qy_caller *caller)
{
    while (caller->made_first != NULL) {
        struct qy_call *call = caller->made_first;
        caller->made_first = call->next;
        caller->unfinished--;
        if (call->done != NULL) {
            call->done(call);
        }
    }
}

int qy_caller_wait(struct qy_caller *caller, time_ns_t deadline)
{
    (void)deadline;
    return caller->unfinished == 0 ? 0 : -ETIMEDOUT;
}

void qy_caller_end(struct qy_caller *caller)
{
    qy_caller_deliver(caller);
}
