/* SPDX-License-Identifier: MIT */
#include "syscall/door.h"

#include "object/debug.h"
#include "object/exception.h"
#include "object/port.h"
#include "vm/aspace.h"

DOOR_OF(exception_bind, object, OBJECT_NONE, RIGHT_MANAGE)
{
    struct object *port = NULL;
    int status = a1 == HANDLE_INVALID ? 0 : door_lookup(a1, OBJECT_PORT, RIGHT_BIND, &port);

    return status != 0 ? status : exception_bind(object, port == NULL ? NULL : port_of(port), a2);
}

/* A handle to the thread, or to its process, whose exception the token is for. */
static NOINLINE int64_t handle_of(struct port *port, uint64_t token, bool is_process)
{
    struct thread *thread;
    int status = exception_thread(port, token, &thread);

    if (status != 0 || !is_process) {
        return status != 0 ? status : door_new(&thread->object, RIGHTS_THREAD);
    }
    struct object *process = &thread->process->object;

    object_ref(process);
    object_unref(&thread->object);
    return door_new(process, RIGHTS_PROCESS);
}

DOOR_OF(exception_thread, port, OBJECT_PORT, RIGHT_RECV)
{
    return handle_of(port, a1, false);
}

DOOR_OF(exception_process, port, OBJECT_PORT, RIGHT_RECV)
{
    return handle_of(port, a1, true);
}

DOOR_OF(process_thread, process, OBJECT_PROCESS, RIGHT_MANAGE | RIGHT_READ_STATE)
{
    struct thread *thread = process_thread_after(process, a1);

    return thread == NULL ? -ESRCH : door_new(&thread->object, RIGHTS_THREAD);
}

DOOR_OF(thread_suspend, thread, OBJECT_THREAD, RIGHT_WRITE_STATE)
{
    if (a1 > 1) {
        return -EINVAL;
    }
    sched_suspend(thread, a1 == 1);
    return sched_return(0); /* if that was us, the interrupt stops us on the way out */
}

DOOR_OF(thread_read_state, thread, OBJECT_THREAD, RIGHT_READ_STATE)
{
    struct thread *current = thread_current();

    return current->buffer == NULL ? -ENO_BUFFER
                                   : thread_registers_read(thread, current->buffer_payload);
}

DOOR_OF(thread_write_state, thread, OBJECT_THREAD, RIGHT_WRITE_STATE)
{
    struct thread *current = thread_current();

    return current->buffer == NULL ? -ENO_BUFFER
                                   : thread_registers_write(thread, current->buffer_payload);
}

DOOR_OF(thread_read_fpu, thread, OBJECT_THREAD, RIGHT_READ_STATE)
{
    struct thread *current = thread_current();

    return current->buffer == NULL ? -ENO_BUFFER
                                   : door_result(thread_fpu_read(thread, current->buffer_payload));
}

DOOR_OF(thread_write_fpu, thread, OBJECT_THREAD, RIGHT_WRITE_STATE)
{
    struct thread *current = thread_current();

    return current->buffer == NULL ? -ENO_BUFFER
                                   : door_result(thread_fpu_write(thread, current->buffer_payload));
}

DOOR_OF(thread_set_breakpoint, thread, OBJECT_THREAD, RIGHT_WRITE_STATE)
{
    return thread_breakpoint_set(
        thread, (struct breakpoint){.index = a1, .address = a2, .kind = a3, .size_bytes = a4});
}

static int64_t copy(struct process *process, uint64_t theirs, uint64_t ours, uint64_t size,
                    bool to_process)
{
    if (size != 0 && !door_range_ok(ours, size)) {
        return -EFAULT;
    }
    return door_result(process_copy(process, theirs, ours, size, to_process));
}

DOOR_OF(process_mapping, process, OBJECT_PROCESS, RIGHT_READ_STATE)
{
    uint64_t start, end;
    uint32_t flags;
    int status = aspace_mapping(process->aspace, a1, &start, &end, &flags);

    if (status == 0) {
        frame_set_result2(&thread_current()->frame, end);
        frame_set_result3(&thread_current()->frame, flags);
    }
    return status != 0 ? status : (int64_t)start;
}

DOOR_OF(process_read, process, OBJECT_PROCESS, RIGHT_READ_STATE)
{
    return copy(process, a1, a2, a3, false);
}

DOOR_OF(process_write, process, OBJECT_PROCESS, RIGHT_WRITE_STATE)
{
    return copy(process, a1, a2, a3, true);
}
