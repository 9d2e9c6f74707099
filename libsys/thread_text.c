/* SPDX-License-Identifier: MIT */
#include <quay/thread_text.h>

const char *qy_thread_state_text(uint8_t state)
{
    static const char *const texts[] = {
        "new",     "running", "ready",  "receiving", "queued",   "calling",
        "waiting", "locked",  "kernel", "dead",      "sleeping", "suspended",
    };
    return state < sizeof texts / sizeof texts[0] ? texts[state] : "?";
}

bool qy_thread_is_waiting(const struct system_thread *thread)
{
    return thread->state != THREAD_STATE_NEW && thread->state != THREAD_STATE_RUNNING &&
           thread->state != THREAD_STATE_READY && thread->state != THREAD_STATE_DEAD;
}

void qy_thread_wait_put(const struct system_thread *thread, const char *whom, const char *method,
                        struct qy_text *text)
{
    qy_text_put(text, "%-12.24s %6lu  ", thread->name, thread->koid);
    switch (thread->state) {
    case THREAD_STATE_WAIT_RECEIVE:
        qy_text_put(text, "for a call or notice on port %lu", thread->waits_for);
        break;
    case THREAD_STATE_WAIT_SEND:
        qy_text_put(text, "for %s to take its call %s, port %lu", whom, method, thread->waits_for);
        break;
    case THREAD_STATE_WAIT_REPLY:
        qy_text_put(text, "for %s to answer its call %s, port %lu", whom, method,
                    thread->waits_for);
        break;
    case THREAD_STATE_WAIT_OBJECT:
        qy_text_put(text, "for object %lu", thread->waits_for);
        break;
    case THREAD_STATE_WAIT_FUTEX:
        qy_text_put(text, "on a futex");
        break;
    case THREAD_STATE_WAIT_KERNEL:
        qy_text_put(text, "for an unmap, or the report of its fault");
        break;
    case THREAD_STATE_WAIT_SLEEP:
        qy_text_put(text, "for time to pass");
        break;
    default:
        qy_text_put(text, "for nothing: %s", qy_thread_state_text(thread->state));
        break;
    }
}
