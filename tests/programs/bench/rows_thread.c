/* SPDX-License-Identifier: MIT */
/*
 * Threads. thread_create: making a thread and starting it, so that it is ready to run.
 * thread_destroy: killing that thread, which has not run yet, and closing its handle; what is freed
 * later, after a grace period, is not in the figure.
 */
#include "bench.h"
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/thread.h>

#define THREADS 300

void rows_thread(void)
{
    static uint64_t destroys[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        int64_t thread, status;
        MEASURE(i, {
            thread = qy_sys_thread_create(qy_self_process());
            status = qy_thread_start((handle_t)thread, (uint64_t)(uintptr_t)sleeper_thread,
                                     (uint64_t)(uintptr_t)caller_constants, 0);
        });
        must(thread < 0 ? thread : status, "thread_create");
        uint64_t create = samples[i];
        MEASURE(i, {
            status = qy_thread_kill((handle_t)thread);
            status |= qy_handle_close((handle_t)thread);
        });
        must(status, "thread_kill");
        destroys[i] = samples[i];
        samples[i] = create;
        (void)qy_thread_yield(); /* lets a grace period pass now and then */
    }
    samples_print("thread_create", THREADS, 1);
    for (uint32_t i = 0; i < THREADS; i++) {
        samples[i] = destroys[i];
    }
    samples_print("thread_destroy", THREADS, 1);
}
