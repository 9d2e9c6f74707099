/* SPDX-License-Identifier: MIT */
/*
 * What the headers made from interface definitions stand on; they are usable from C++ too.
 *
 * A client's function qy_NAME_METHOD returns
 *     0    the call was answered, every ret_... is set
 *     > 0  what the server says went wrong: a member of the method's error enum
 *     < 0  there is no answer: the negative of an error number (<quay/abi/errno.h>), for example
 *          -EPEER_DIED, -ETIMEDOUT, or -EBAD_MESSAGE if an answer is not what its type says
 * and sets ret_... only if it returns 0. Handles given to it are gone, whatever it returns, unless
 * the interface says @copy.
 */
#pragma once

#include <stdbool.h>
#include <quay/abi/errno.h>
#include <quay/abi/ipc.h>
#include <quay/abi/object.h>

#ifdef __cplusplus
#define QY_STATIC_ASSERT(condition) static_assert(condition, #condition)
#define QY_C_BEGIN                  extern "C" {
#define QY_C_END                    }
#else
#define QY_STATIC_ASSERT(condition) _Static_assert(condition, #condition)
#define QY_C_BEGIN
#define QY_C_END
#endif

/* A structure that may lie where a message's words are. */
#define QY_ON_WIRE __attribute__((may_alias))

/* Apart, so that its variables do not make the short way longer. */
#define QY_APART __attribute__((noinline))

/* In place of a deadline: what the interface says (@deadline). */
#define QY_DEADLINE_DEFAULT ((time_ns_t)-1)

/* A method's number has its protocol's above bit 16, so that no server takes it for another's. */
#define QY_METHOD_PROTOCOL(method) ((method) >> 16)

/* No protocol's: what every server has beside (subscribe, describe, statistics, batch). */
#define QY_METHOD_RESERVED 0x7fff0000u

/* How often an @idempotent method is tried. */
#define QY_ATTEMPTS_MAX 3

/* A handler's result: the answer comes later. */
#define QY_DEFER INT64_MIN

struct qy_server;
struct qy_request;
struct qy_described_head;

/* Memory that a caller has lent; it may be copied, and kept with a deferred call. */
struct qy_lease {
    handle_t port;
    uint64_t token;
    uint64_t size; /* bytes; its caller has said so, and could not have said more */
    uint32_t index;
    uint32_t reserved;
};

/* A call that was deferred; all zero: none. Answered exactly once, by qy_NAME_METHOD_answer or
 * qy_pending_refuse. */
struct qy_pending {
    uint64_t token;
    uint64_t begun; /* for <quay/statistics.h>; 0: not counted */
    uint32_t method;
    uint32_t reserved;
};
