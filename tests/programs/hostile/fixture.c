/* SPDX-License-Identifier: MIT */
#include "hostile.h"
#include <quay/bootstrap.h>
#include <quay/channel.h>
#include <quay/device.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/thread.h>

static struct {
    handle_t handles[OBJECT_TYPE_COUNT];
    uint32_t words[2];
    char text[600];
} fixture_state;

void discard(int64_t handle)
{
    (void)qy_handle_close((handle_t)handle); /* what was wrong with it the test has said */
}

static void put(enum object_type type, int64_t handle)
{
    fixture_state.handles[type] = handle > 0 ? (handle_t)handle : HANDLE_INVALID;
    if (handle <= 0 || qy_handle_info((handle_t)handle).status != (int64_t)type) {
        tap_equal(handle, 0, "a handle of type %d to test with", type);
    }
}

void fixture_make(void)
{
    handle_t resource = qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
    int64_t job = qy_job_create(qy_self_job());
    put(OBJECT_JOB, job);
    struct qy_result process = qy_process_create((handle_t)job, "fixture", 7);
    put(OBJECT_PROCESS, process.status);
    put(OBJECT_ASPACE, (int64_t)process.second);
    put(OBJECT_THREAD, qy_sys_thread_create((handle_t)process.status));
    put(OBJECT_MEMORY, qy_memory_create((handle_t)job, PAGE_SIZE, MEMORY_RESIZABLE));
    int64_t port = qy_port_create((handle_t)job, 4);
    put(OBJECT_PORT, port);
    put(OBJECT_SESSION, (int64_t)qy_session_create((handle_t)port, 1, 0).second);
    put(OBJECT_EVENT, qy_event_create((handle_t)job));
    put(OBJECT_TIMER, qy_timer_create((handle_t)job));
    struct qy_result channel = qy_channel_create((handle_t)job, 4, 8, 1);
    put(OBJECT_CHANNEL_SENDER, channel.status);
    put(OBJECT_CHANNEL_RECEIVER, (int64_t)channel.second);
    put(OBJECT_IRQ, qy_irq_create(resource, (handle_t)job, 7));
    put(OBJECT_IO, qy_io_create(resource, (handle_t)job, 0x80, 1));
    put(OBJECT_RESOURCE, (int64_t)resource);
}

handle_t fixture_handle(enum object_type type)
{
    return fixture_state.handles[type == OBJECT_NONE ? OBJECT_EVENT : type];
}

void fixture_arguments(const struct row *row, uint64_t arguments[ARGUMENTS])
{
    for (int i = 0; i < ARGUMENTS; i++) {
        const struct argument *argument = &row->arguments[i];
        switch (argument->kind) {
        case ARGUMENT_NONE:
            arguments[i] = 0;
            break;
        case ARGUMENT_HANDLE:
            arguments[i] = fixture_handle(argument->type);
            break;
        case ARGUMENT_VALUE:
            arguments[i] = argument->good;
            break;
        case ARGUMENT_TEXT:
            arguments[i] = (uint64_t)fixture_state.text;
            break;
        case ARGUMENT_WORD:
            arguments[i] = (uint64_t)&fixture_state.words[i / 3];
            break;
        }
    }
}
