/* SPDX-License-Identifier: MIT */
/* System calls that stay in the process. One sample: one call. */
#include "bench.h"
#include <quay/bootstrap.h>
#include <quay/channel.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/system.h>
#include <quay/thread.h>

#define CALLS       1000
#define REVOKES     200
#define DESCENDANTS 8

/* The shortest way in and out: a call that reads a constant. */
static void null_measure(void)
{
    for (uint32_t i = 0; i < CALLS; i++) {
        MEASURE(i, (void)qy_abi_version()); /* cannot fail */
    }
    samples_print("null", CALLS, 1);
}

/* The same where a library in the process answers, as for a foreign program. */
static void redirect_measure(void)
{
    static uint64_t stack[16];
    struct redirect *redirect = &qy_buffer()->redirect;
    int64_t answers = 0, status;

    *redirect = (struct redirect){
        .start = (uint64_t)(uintptr_t)library_start,
        .end = (uint64_t)(uintptr_t)library_end,
        .entry = (uint64_t)(uintptr_t)library_entry,
        .stack = (uint64_t)(uintptr_t)(stack + 16),
        .exit_start = (uint64_t)(uintptr_t)library_exit,
        .exit_end = (uint64_t)(uintptr_t)library_exit_end,
    };
    status = qy_thread_set_base(1, (uint64_t)(uintptr_t)redirect);
    status |= qy_thread_redirect(true);
    for (uint32_t i = 0; i < CALLS; i++) {
        MEASURE(i, answers += qy_syscall0(39));
    }
    status |= library_leave();
    must(status | qy_thread_set_base(1, 0), "thread_redirect");
    must(answers == 7 * CALLS ? 0 : -EINVAL, "the library's answers");
    samples_print("redirect_call", CALLS, 1);
}

static void signal_measure(handle_t event)
{
    int64_t failed = 0;
    for (uint32_t i = 0; i < CALLS; i++) {
        MEASURE(i, failed |= qy_event_signal(event, 1, 1).status);
    }
    must(failed, "event_signal");
    samples_print("event_signal", CALLS, 1);
}

/* One message in and out again, by one thread. */
static void channel_measure(void)
{
    struct qy_result channel = qy_channel_create(qy_self_job(), 4, IPC_REGISTER_BYTES, 0);
    must(channel.status, "channel_create");
    struct qy_message message = {.header = IPC_HEADER(1, IPC_REGISTER_BYTES, 0)};
    int64_t failed = 0;
    for (uint32_t i = 0; i < CALLS; i++) {
        MEASURE(i, failed |= qy_channel_send((handle_t)channel.status, &message) |
                             qy_channel_receive(channel.second, &message));
    }
    must(failed, "channel_send, channel_receive");
    samples_print("channel_64", CALLS, 1);
}

/* A handle is duplicated and the duplicate closed; each is measured by itself. */
static void dup_close_measure(handle_t event)
{
    static uint64_t closes[CALLS];
    for (uint32_t i = 0; i < CALLS; i++) {
        int64_t copy;
        MEASURE(i, copy = qy_handle_dup(event, RIGHTS_SAME));
        must(copy, "handle_dup");
        uint64_t dup = samples[i];
        int64_t status;
        MEASURE(i, status = qy_handle_close((handle_t)copy));
        must(status, "handle_close");
        closes[i] = samples[i];
        samples[i] = dup;
    }
    samples_print("handle_dup", CALLS, 1);
    for (uint32_t i = 0; i < CALLS; i++) {
        samples[i] = closes[i];
    }
    samples_print("handle_close", CALLS, 1);
}

/* A duplicate with eight duplicates of its own is revoked; the emptied slots are closed after. */
static void revoke_measure(handle_t event)
{
    int64_t root = qy_handle_dup(event, RIGHTS_SAME);
    must(root, "handle_dup");
    for (uint32_t i = 0; i < REVOKES; i++) {
        int64_t copies[DESCENDANTS];
        for (uint32_t n = 0; n < DESCENDANTS; n++) {
            copies[n] = qy_handle_dup((handle_t)root, RIGHTS_SAME);
            must(copies[n], "handle_dup");
        }
        int64_t status;
        MEASURE(i, status = qy_handle_revoke((handle_t)root));
        must(status, "handle_revoke");
        for (uint32_t n = 0; n < DESCENDANTS; n++) {
            must(qy_handle_close((handle_t)copies[n]), "handle_close");
        }
    }
    samples_print("revoke_8", REVOKES, 1);
}

void rows_handle(void)
{
    int64_t event = qy_event_create(qy_self_job());
    must(event, "event_create");
    null_measure();
    redirect_measure();
    signal_measure((handle_t)event);
    channel_measure();
    dup_close_measure((handle_t)event);
    revoke_measure((handle_t)event);
}
