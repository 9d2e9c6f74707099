/* SPDX-License-Identifier: MIT */
#include "syscall/door.h"

#include "arch/cpu.h"
#include "sched/redirect.h"

DOOR_FAST_OF(thread_create, process, OBJECT_PROCESS, RIGHT_MANAGE)
{
    struct thread *thread;
    int status = thread_create(process, &thread);

    return status != 0 ? status : door_new(&thread->object, RIGHTS_THREAD);
}

DOOR_OF(thread_start, thread, OBJECT_THREAD, RIGHT_MANAGE)
{
    return sched_return(thread_start(thread, a1, a2, a3));
}

DOOR(thread_exit)
{
    return thread_exit_current();
}

DOOR_OF(thread_kill, thread, OBJECT_THREAD, RIGHT_MANAGE)
{
    thread_kill(thread);
    return thread == thread_current() ? thread_exit_current() : 0;
}

DOOR_OF(thread_kick, thread, OBJECT_THREAD, RIGHT_MANAGE)
{
    if ((time_ns_t)a1 < 0) {
        return -EINVAL;
    }
    thread_kick(thread, (time_ns_t)a1);
    return sched_return(0);
}

DOOR(thread_yield)
{
    return sched_yield();
}

DOOR_OF(thread_set_priority, thread, OBJECT_THREAD, RIGHT_MANAGE)
{
    if (a1 > PRIORITY_MAX) {
        return -EINVAL;
    }
    if (a1 > account_limit(thread->object.account, JOB_PRIORITY)) {
        return -EQUOTA;
    }
    thread_set_base_priority(thread, (uint8_t)a1);
    return sched_return(0);
}

DOOR_OF(thread_set_affinity, thread, OBJECT_THREAD, RIGHT_MANAGE)
{
    if ((a1 & ((1ul << cpu_count()) - 1)) == 0) {
        return -EINVAL;
    }
    sched_set_affinity(thread, a1);
    /* If that was us and this CPU is not in it, the interrupt sent moves us on the way out. */
    return 0;
}

DOOR(thread_buffer)
{
    uint64_t address;
    int status = thread_make_buffer(thread_current(), a0, &address);

    return status != 0 ? status : (int64_t)address;
}

DOOR(thread_set_base)
{
    if (a0 > 1 || a1 >= USER_LIMIT) {
        return -EINVAL;
    }
    arch_thread_set_base(&thread_current()->arch, (unsigned)a0, a1);
    return 0;
}

DOOR(thread_redirect)
{
    return a0 > 1 ? -EINVAL : redirect_set(a0 != 0);
}

DOOR(thread_resume)
{
    return redirect_resume();
}
