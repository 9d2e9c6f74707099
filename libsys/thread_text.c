/* SPDX-License-Identifier: MIT */
#include <quay/thread_text.h>
#include <quay/text.h>

const char *qy_thread_state_text(uint8_t state)
{
    static const char *const texts[] = {
        "new",     "running", "ready",  "receiving", "queued",   "calling",
        "waiting", "locked",  "kernel", "dead",      "sleeping",
    };
    return state < sizeof texts / sizeof texts[0] ? texts[state] : "?";
}

bool qy_thread_is_waiting(const struct system_thread *thread)
{
    return thread->state != THREAD_STATE_NEW && thread->state != THREAD_STATE_RUNNING &&
           thread->state != THREAD_STATE_READY && thread->state != THREAD_STATE_DEAD;
}

void qy_thread_wait_print(const struct system_thread *thread, const char *whom)
{
    qy_printf("%-12.24s %6lu  ", thread->name, thread->koid);
    switch (thread->state) {
    case THREAD_STATE_WAIT_RECEIVE:
        qy_printf("for a call or notice on port %lu", thread->waits_for);
        break;
    case THREAD_STATE_WAIT_SEND:
        qy_printf("for %s to take its call 0x%lx, port %lu", whom, thread->method,
                  thread->waits_for);
        break;
    case THREAD_STATE_WAIT_REPLY:
        qy_printf("for %s to answer its call 0x%lx, port %lu", whom, thread->method,
                  thread->waits_for);
        break;
    case THREAD_STATE_WAIT_OBJECT:
        qy_printf("for object %lu", thread->waits_for);
        break;
    case THREAD_STATE_WAIT_FUTEX:
        qy_printf("on a futex");
        break;
    case THREAD_STATE_WAIT_KERNEL:
        qy_printf("for an unmap, or the report of its fault");
        break;
    case THREAD_STATE_WAIT_SLEEP:
        qy_printf("for time to pass");
        break;
    default:
        qy_printf("for nothing: %s", qy_thread_state_text(thread->state));
        break;
    }
}
