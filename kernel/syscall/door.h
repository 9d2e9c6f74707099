/* SPDX-License-Identifier: MIT */
/*
 * What all doors share. A door decodes: looks the handles up, checks the arguments, copies user
 * memory in; reserves: slots and memory for results; and only then calls the behavior, after whose
 * first change of state it cannot fail any more.
 */
#pragma once

#include <quay/abi/errno.h>
#include <quay/abi/memory.h>
#include "arch/upcalls.h"
#include "arch/user.h"
#include "cap/handle.h"
#include "object/process.h"
#include "sched/sched.h"

#define DOOR(name)                                                                                 \
    int64_t sys_##name(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)

/* Marks the arguments that a door does not take. */
#define UNUSED1() ((void)a5)
#define UNUSED2() ((void)a4, (void)a5)
#define UNUSED3() ((void)a3, (void)a4, (void)a5)
#define UNUSED4() ((void)a2, (void)a3, (void)a4, (void)a5)
#define UNUSED5() ((void)a1, (void)a2, (void)a3, (void)a4, (void)a5)
#define UNUSED6() ((void)a0, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5)

/* The prototypes of all doors. */
#define SYSCALL(number, name, arguments, summary) syscall_fn sys_##name;
#include <quay/abi/syscalls.def>
#undef SYSCALL

/* A handle of the current process: 0 and the object, or handle_lookup's errors. */
MUST_USE static inline int door_lookup(handle_t handle, enum object_type type, rights_t rights,
                                       struct object **ret_object)
{
    return handle_lookup(thread_current()->table, handle, type, rights, ret_object);
}

/* The same for the doors that are called most. */
MUST_USE static ALWAYS_INLINE int door_lookup_fast(handle_t handle, enum object_type type,
                                                   rights_t rights, struct object **ret_object)
{
    return handle_lookup_fast(thread_current()->table, handle, type, rights, ret_object);
}

/* Whether user memory may be copied from there. */
static inline bool door_range_ok(uint64_t address, uint64_t size)
{
    return address >= USER_BASE && address < USER_LIMIT && size <= USER_LIMIT - address;
}

/* The call runs again from its beginning; what a bounded step left undone goes on there. */
static inline int64_t door_restart(void)
{
    frame_restart(&thread_current()->frame);
    return SYSCALL_RESUME;
}

/* A result of a function that may have helped along somebody else's work. */
static inline int64_t door_result(int64_t result)
{
    return UNLIKELY(result == -ERETRY) ? door_restart() : result;
}
