/* SPDX-License-Identifier: MIT */
#include "object/futex.h"
#include "lib/checked.h"
#include "syscall/door.h"

/* 0, -EINVAL for a word that is not aligned, -EFAULT for one outside user space. */
static int check_word(uint64_t address)
{
    if (!is_aligned(address, sizeof(uint32_t))) {
        return -EINVAL;
    }
    return door_range_ok(address, sizeof(uint32_t)) ? 0 : -EFAULT;
}

DOOR(futex_wait)
{
    int status = check_word(a0);

    if (status == 0 && (time_ns_t)a2 < 0) {
        status = -EINVAL;
    }
    return status != 0 ? status : futex_wait(uaddr_of(a0), (uint32_t)a1, (time_ns_t)a2);
}

DOOR(futex_wake)
{
    int status = check_word(a0);

    return status != 0 ? status : futex_wake(uaddr_of(a0), (uint32_t)a1);
}

DOOR(futex_requeue)
{
    uint32_t moved = 0;
    int64_t status = check_word(a0);

    if (status == 0) {
        status = check_word(a3);
    }
    if (status == 0) {
        status = futex_requeue(uaddr_of(a0), (uint32_t)a1, (uint32_t)a2, uaddr_of(a3), (uint32_t)a4,
                               &moved);
    }
    if (status < 0) {
        return status;
    }
    frame_set_result2(&thread_current()->frame, moved);
    return sched_return(status);
}
