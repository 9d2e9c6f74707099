/* SPDX-License-Identifier: MIT */
#include <quay/caller.h>
#include <quay/port.h>
#include <quay/text.h>

static struct qy_call *take(struct qy_call **first)
{
    struct qy_call *call = *first;
    if (call != NULL) {
        *first = call->next;
    }
    return call;
}

static void append(struct qy_call **first, struct qy_call **last, struct qy_call *call)
{
    call->next = NULL;
    if (*first == NULL) {
        *first = call;
    } else {
        (*last)->next = call;
    }
    *last = call;
}

/* The caller's mutex is held, and released while `done` runs. */
static void deliver_locked(struct qy_caller *caller, struct qy_call *call)
{
    if (call->done != NULL) {
        qy_mutex_unlock(&caller->mutex);
        call->done(call); /* the structure may be gone, or in use again, from here on */
        qy_mutex_lock(&caller->mutex);
    }
    caller->unfinished--;
    qy_condition_broadcast(&caller->changed);
}

static void work(void *argument)
{
    struct qy_caller *caller = argument;
    qy_mutex_lock(&caller->mutex);
    for (;;) {
        struct qy_call *call = take(&caller->first);
        if (call == NULL && caller->is_ending) {
            break;
        }
        if (call == NULL) {
            (void)qy_condition_wait(&caller->changed, &caller->mutex, DEADLINE_NEVER);
            continue;
        }
        qy_mutex_unlock(&caller->mutex);
        call->make(call);
        qy_mutex_lock(&caller->mutex);
        if (caller->port == HANDLE_INVALID) {
            deliver_locked(caller, call);
        } else {
            append(&caller->made_first, &caller->made_last, call);
            (void)qy_port_notify(caller->port, caller->bits); /* else nobody is there to deliver */
        }
    }
    qy_mutex_unlock(&caller->mutex);
}

int64_t qy_caller_start(struct qy_caller *caller, uint32_t thread_count, handle_t port,
                        uint64_t bits)
{
    *caller = (struct qy_caller){.port = port, .bits = bits};
    if (thread_count == 0 || thread_count > QY_CALLER_THREADS_MAX) {
        return -EINVAL;
    }
    for (; caller->thread_count < thread_count; caller->thread_count++) {
        int status = qy_thread_create(work, caller, 0, &caller->threads[caller->thread_count]);
        if (status < 0) {
            qy_caller_end(caller);
            return status;
        }
    }
    return 0;
}

void qy_caller_submit(struct qy_caller *caller, struct qy_call *call)
{
    qy_mutex_lock(&caller->mutex);
    append(&caller->first, &caller->last, call);
    caller->unfinished++;
    qy_condition_broadcast(&caller->changed);
    qy_mutex_unlock(&caller->mutex);
}

void qy_caller_deliver(struct qy_caller *caller)
{
    struct qy_call *call;
    qy_mutex_lock(&caller->mutex);
    while ((call = take(&caller->made_first)) != NULL) {
        deliver_locked(caller, call);
    }
    qy_mutex_unlock(&caller->mutex);
}

int qy_caller_wait(struct qy_caller *caller, time_ns_t deadline)
{
    int status = 0;
    qy_mutex_lock(&caller->mutex);
    while (caller->unfinished > 0 && status == 0) {
        status = qy_condition_wait(&caller->changed, &caller->mutex, deadline);
    }
    status = caller->unfinished == 0 ? 0 : status;
    qy_mutex_unlock(&caller->mutex);
    return status;
}

void qy_caller_end(struct qy_caller *caller)
{
    qy_mutex_lock(&caller->mutex);
    caller->is_ending = true;
    qy_condition_broadcast(&caller->changed);
    qy_mutex_unlock(&caller->mutex);
    for (uint32_t i = 0; i < caller->thread_count; i++) {
        (void)qy_thread_join(caller->threads[i], DEADLINE_NEVER); /* it cannot time out */
    }
    caller->thread_count = 0;
    qy_caller_deliver(caller);
}
