/* SPDX-License-Identifier: MIT */
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/text.h>
#include "stack.h"
#include "start.h"

QY_NORETURN void qy_thread_main(struct qy_thread *thread)
{
    thread->entry(thread->argument);
    qy_thread_exit();
}

int qy_thread_create(void (*entry)(void *argument), void *argument, size_t stack_bytes,
                     struct qy_thread **ret_thread)
{
    if (stack_bytes > QY_STACK_MAX) {
        return -EINVAL;
    }
    stack_bytes = stack_bytes == 0 ? QY_STACK_DEFAULT : stack_bytes;
    stack_bytes = (stack_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    int64_t low = qy_stack_map(qy_self_job(), qy_self_aspace(), stack_bytes, true);
    if (low < 0) {
        return (int)low;
    }
    uint64_t top = (uint64_t)low + stack_bytes - QY_THREAD_RECORD;
    struct qy_thread *thread = (struct qy_thread *)(uintptr_t)top;
    *thread = (struct qy_thread){
        .self = thread,
        .entry = entry,
        .argument = argument,
        .base = (void *)(uintptr_t)((uint64_t)low - PAGE_SIZE),
        .size_bytes = stack_bytes + PAGE_SIZE,
    };
    int64_t handle = qy_sys_thread_create(qy_self_process());
    if (handle < 0) {
        qy_pages_unmap(thread->base, thread->size_bytes);
        return (int)handle;
    }
    thread->handle = (handle_t)handle;
    int64_t error = qy_thread_start(thread->handle, (uint64_t)(uintptr_t)qy_thread_begin, top,
                                    (uint64_t)thread);
    if (error < 0) {
        (void)qy_handle_close(thread->handle);
        qy_pages_unmap(thread->base, thread->size_bytes);
        return (int)error;
    }
    *ret_thread = thread;
    return 0;
}

int qy_thread_join(struct qy_thread *thread, time_ns_t deadline)
{
    int64_t signals = qy_object_wait(thread->handle, SIGNAL_EXITED, deadline);
    if (signals < 0) {
        return (int)signals;
    }
    (void)qy_handle_close(thread->handle);
    qy_pages_unmap(thread->base, thread->size_bytes);
    return 0;
}

struct message_buffer *qy_buffer(void)
{
    struct qy_thread *self = qy_thread_self();
    if (self->buffer == NULL) {
        int64_t address = qy_thread_buffer(0);
        if (address > 0) {
            self->buffer = (struct message_buffer *)(uintptr_t)address;
        }
    }
    return self->buffer;
}
