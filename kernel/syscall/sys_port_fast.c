/* SPDX-License-Identifier: MIT */
/*
 * The doors of the fast path. The entry code calls them with the user's registers as arguments
 * before it has saved more than a few; a call that is declined goes on as an ordinary system call.
 */
#include "syscall/sys_port_fast.h"

#include "object/port_fast.h"

/* Not the handle of the last call: finds its slot, and remembers it for the next one. */
static COLD NEVER_INLINE PRESERVE_MOST void entry_find(struct thread *thread, handle_t handle)
{
    struct handle_entry *entry = handle_slot(thread->table, handle);

    thread->hot = entry != NULL && !(thread->flags & THREAD_KICKED) ? entry : &handle_none;
}

/* What a handle names, if it is live and good for this kind of call. An entry stays where it is as
 * long as its process lives, so remembering it is safe; that it is this handle is checked before
 * and after the rest is read, as handle.h asks for. */
static ALWAYS_INLINE bool fast_lookup(struct thread *thread, handle_t handle, enum object_type type,
                                      struct object **ret_object)
{
    const struct handle_entry *entry = thread->hot;

    if (UNLIKELY(__atomic_load_n(&entry->value, __ATOMIC_ACQUIRE) != handle)) {
        entry_find(thread, handle);
        entry = thread->hot;
        if (__atomic_load_n(&entry->value, __ATOMIC_ACQUIRE) != handle) {
            return false;
        }
    }
    *ret_object = __atomic_load_n(&entry->object, __ATOMIC_ACQUIRE);
    return __atomic_load_n(&entry->ipc_type, __ATOMIC_ACQUIRE) == type &&
           __atomic_load_n(&entry->value, __ATOMIC_ACQUIRE) == handle;
}

/* `length`: of a payload in the buffer, else 0. */
static ALWAYS_INLINE struct thread *call(handle_t handle, uint64_t length, time_ns_t deadline,
                                         struct thread *caller)
{
    struct object *session;

    if (UNLIKELY(!fast_lookup(caller, handle, OBJECT_SESSION, &session))) {
        return NULL;
    }
    return port_call_fast(session_of(session), deadline, caller, length);
}

static ALWAYS_INLINE struct thread *reply_receive(handle_t handle, uint64_t length,
                                                  time_ns_t deadline, struct thread *server,
                                                  uint64_t token)
{
    struct object *port;

    if (UNLIKELY(!fast_lookup(server, handle, OBJECT_PORT, &port))) {
        return NULL;
    }
    return port_reply_receive_fast(port_of(port), deadline, token, server, length);
}

/* More than registers hold; also what has handles or flags, which are above the length. */
static NEVER_INLINE struct thread *call_long(handle_t handle, uint64_t length, time_ns_t deadline,
                                             struct thread *caller)
{
    return length <= IPC_PAYLOAD_MAX ? call(handle, length, deadline, caller) : NULL;
}

static NEVER_INLINE struct thread *reply_receive_long(handle_t handle, uint64_t length,
                                                      time_ns_t deadline, struct thread *server,
                                                      uint64_t token)
{
    return length <= IPC_PAYLOAD_MAX ? reply_receive(handle, length, deadline, server, token)
                                     : NULL;
}

struct thread *sys_port_call_fast(handle_t handle, uint64_t header, time_ns_t deadline,
                                  struct thread *caller)
{
    uint64_t length = fast_length(header);

    caller->call_header = header; /* means nothing until it waits */
    return LIKELY(length <= IPC_REGISTER_BYTES) ? call(handle, 0, deadline, caller)
                                                : call_long(handle, length, deadline, caller);
}

struct thread *sys_port_reply_receive_fast(handle_t handle, uint64_t header, time_ns_t deadline,
                                           struct thread *server, uint64_t token)
{
    uint64_t length = fast_length(header);

    server->call_header = header; /* for the trace; means nothing until it calls */
    return LIKELY(length <= IPC_REGISTER_BYTES)
               ? reply_receive(handle, 0, deadline, server, token)
               : reply_receive_long(handle, length, deadline, server, token);
}
