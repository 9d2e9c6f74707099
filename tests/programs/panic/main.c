/* SPDX-License-Identifier: MIT */
/* An init that ends, upon which the kernel panics; with records to be shown, another CPU that
 * computes and a thread that waits. */
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/event.h>
#include <quay/thread.h>
#include <quay/trace.h>

static handle_t event;

static void spin(void *argument)
{
    for (;;) {
        __asm__ volatile("" : : "r"(argument));
    }
}

static void wait(void *argument)
{
    (void)argument;
    (void)qy_event_wait(event, 1, 0, DEADLINE_NEVER);
}

int main(void)
{
    handle_t resource = qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
    struct qy_thread *threads[2];
    int64_t made = qy_event_create(qy_self_job());
    if (made < 0 || qy_trace_open(resource, qy_self_job(), 256) < 0 ||
        qy_trace_control(resource, TRACE_KIND(TRACE_USER)) < 0) {
        return 1;
    }
    event = (handle_t)made;
    if (qy_thread_create(wait, NULL, 0, &threads[0]) != 0 ||
        qy_thread_create(spin, NULL, 0, &threads[1]) != 0) {
        return 2;
    }
    (void)qy_thread_sleep(qy_deadline_after(100 * QY_MILLISECOND));
    for (uint32_t i = 1; i <= 150; i++) {
        (void)qy_trace_emit(i, 0xabc, 0);
    }
    return 3;
}
