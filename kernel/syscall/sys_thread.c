/* SPDX-License-Identifier: MIT */
#include "syscall/door.h"

#include "arch/cpu.h"

DOOR(thread_create)
{
    struct object *process;
    struct handle_entry *entry;
    struct thread *thread;
    int error = door_lookup(a0, OBJECT_PROCESS, RIGHT_MANAGE, &process);

    UNUSED5();
    if (error != 0) {
        return error;
    }
    error = handle_reserve(thread_current()->table, &entry);
    if (error != 0) {
        return error;
    }
    error = thread_create(process_of(process), &thread);
    if (error != 0) {
        handle_unreserve(entry);
        return error;
    }
    return (int64_t)handle_install(entry, &thread->object, RIGHTS_THREAD);
}

DOOR(thread_start)
{
    struct object *thread;
    int error = door_lookup(a0, OBJECT_THREAD, RIGHT_MANAGE, &thread);

    UNUSED2();
    if (error != 0) {
        return error;
    }
    return sched_return(thread_start(thread_of(thread), a1, a2, a3));
}

DOOR(thread_exit)
{
    UNUSED6();
    return thread_exit_current();
}

DOOR(thread_kill)
{
    struct object *thread;
    int error = door_lookup(a0, OBJECT_THREAD, RIGHT_MANAGE, &thread);

    UNUSED5();
    if (error != 0) {
        return error;
    }
    thread_kill(thread_of(thread));
    return thread_of(thread) == thread_current() ? thread_exit_current() : 0;
}

DOOR(thread_yield)
{
    UNUSED6();
    return sched_yield();
}

DOOR(thread_set_priority)
{
    struct object *thread;
    int error = door_lookup(a0, OBJECT_THREAD, RIGHT_MANAGE, &thread);

    UNUSED4();
    if (error != 0) {
        return error;
    }
    if (a1 > PRIORITY_MAX) {
        return -EINVAL;
    }
    thread_set_base_priority(thread_of(thread), (uint8_t)a1);
    return sched_return(0);
}

DOOR(thread_set_affinity)
{
    struct object *thread;
    int error = door_lookup(a0, OBJECT_THREAD, RIGHT_MANAGE, &thread);

    UNUSED4();
    if (error != 0) {
        return error;
    }
    if ((a1 & ((1ul << cpu_count()) - 1)) == 0) {
        return -EINVAL;
    }
    sched_set_affinity(thread_of(thread), a1);
    /* If that was us and this CPU is not in it, the interrupt sent moves us on the way out. */
    return 0;
}

DOOR(thread_buffer)
{
    uint64_t address;
    int error;

    UNUSED5();
    error = thread_make_buffer(thread_current(), a0, &address);
    return error != 0 ? error : (int64_t)address;
}

DOOR(thread_set_base)
{
    UNUSED4();
    if (a0 > 1 || a1 >= USER_LIMIT) {
        return -EINVAL;
    }
    arch_thread_set_base(&thread_current()->arch, (unsigned)a0, a1);
    return 0;
}
