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

#define DOOR_ARGUMENTS                                                                             \
    MAYBE_UNUSED uint64_t a1, MAYBE_UNUSED uint64_t a2, MAYBE_UNUSED uint64_t a3,                  \
        MAYBE_UNUSED uint64_t a4, MAYBE_UNUSED uint64_t a5

#define DOOR(name) int64_t sys_##name(MAYBE_UNUSED uint64_t a0, DOOR_ARGUMENTS)

/* A door whose first argument is a handle: what follows gets the `struct noun *noun` behind it if
 * the handle is of this type and has these rights, and is not run otherwise. */
#define DOOR_OF(name, noun, type, rights)                                                          \
    DOOR_LOOKUP(sys_##name, on_##name, noun, noun##_of, type, rights, door_lookup)

/* The same for the doors that are called most. */
#define DOOR_FAST_OF(name, noun, type, rights)                                                     \
    DOOR_LOOKUP(sys_##name, on_##name, noun, noun##_of, type, rights, door_lookup_fast)

#define DOOR_LOOKUP(door, behind, noun, noun_of, type, rights, lookup)                             \
    static int64_t behind(MAYBE_UNUSED struct noun *noun, DOOR_ARGUMENTS);                         \
    int64_t door(uint64_t a0, DOOR_ARGUMENTS)                                                      \
    {                                                                                              \
        struct object *found;                                                                      \
        int status = lookup(a0, type, rights, &found);                                             \
                                                                                                   \
        return UNLIKELY(status != 0) ? status : behind(noun_of(found), a1, a2, a3, a4, a5);        \
    }                                                                                              \
    static int64_t behind(MAYBE_UNUSED struct noun *noun, DOOR_ARGUMENTS)

/* For types without a struct of their own, or any type. */
static inline struct object *object_of(struct object *object)
{
    return object;
}

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

/* The first handle of a new object, whose reference it takes over, for the current process: the end
 * of a call that makes one. */
static inline int64_t door_new(struct object *object, rights_t rights)
{
    return handle_create(thread_current()->table, object, rights);
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
