/* SPDX-License-Identifier: MIT */
/*
 * A server that init has started. Its job, its port, the session on it and the memory kept for it
 * are init's, so they outlive the server: who calls it while it is dead waits for the next
 * instance, which finds what the last one left in the memory.
 */
#pragma once

#include <stdbool.h>
#include "restart.h"
#include <quay/spawn.h>

#define SERVICE_TOKENS 32 /* calls that a server may hold unanswered */

/* Beside those that every server gets. */
#define SERVICE_HANDLES_MAX (QY_SPAWN_HANDLES_MAX - 4)

struct service;

/* Fills in the handles of a service; how many, or a negative error number. They are init's and
 * copied, so that the next instance gets the same. */
typedef int service_grant_fn(struct service *service, struct qy_spawn_handle *ret_handles);

/* What is known of a service before it runs. */
struct service_plan {
    const char *name;
    const char *program;     /* in the boot archive */
    const char *serves;      /* the name of its port; NULL: it has none */
    uint64_t badge;          /* of the session that others get */
    uint32_t kept_bytes;     /* memory that survives it */
    service_grant_fn *grant; /* NULL: nothing more */
};

enum service_state {
    SERVICE_RUNNING,
    SERVICE_WAITING, /* for its next start */
    SERVICE_STOPPED, /* given up */
};

struct service {
    const struct service_plan *plan;
    handle_t job, port, session, memory, timer;
    handle_t process; /* while it runs */
    koid_t id;        /* of the process, or of the last one */
    enum service_state state;
    struct restart restart;
    int64_t exit_code; /* of the last one */
    time_ns_t started;
    handle_t init_port; /* where its death and its timer are told */
    uint64_t exited_key;
};

/* Makes what outlives it. Notices come to init_port: exited_key when it has died, timer_key when
 * its next start is due. 0 or a negative error number, said on the log. */
int service_init(struct service *service, const struct service_plan *plan, handle_t init_port,
                 uint64_t exited_key, uint64_t timer_key);

/* Starts its program; what is wrong is said on the log, and tried again later. */
void service_start(struct service *service);

/* Its process has ended: starts it again, now or later. */
void service_died(struct service *service);
