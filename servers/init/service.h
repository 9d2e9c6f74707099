/* SPDX-License-Identifier: MIT */
/*
 * A server that init has started. Its job, its port, the sessions on it and the memory kept for it
 * are init's, so they outlive the server: who calls it while it is dead waits for the next
 * instance, which finds what the last one left in the memory.
 */
#pragma once

#include <stdbool.h>
#include "restart.h"
#include <quay/manifest.h>
#include <quay/server.h>
#include <quay/spawn.h>

/* Starts the program of a session, and waits for it. */
#define SESSION_PROGRAM "servers/session"

enum service_state {
    SERVICE_RUNNING,
    SERVICE_WAITING, /* for its next start */
    SERVICE_STOPPED, /* given up, or not to be started again */
};

struct service {
    const struct qy_manifest_entry *entry;
    handle_t job, port, memory;
    handle_t names;                           /* its session of the name service */
    handle_t granted[QY_MANIFEST_GRANTS_MAX]; /* made for its grants; HANDLE_INVALID: nothing */
    handle_t process;                         /* while it runs */
    koid_t id;                                /* of the process, or of the last one */
    koid_t job_id;
    enum service_state state;
    bool is_stopping; /* it is asked to end, and not started again */
    struct restart restart;
    int64_t exit_code; /* of the last one */
    time_ns_t started;
    struct qy_server *init; /* its port is where the death is told */
    uint64_t exited_key;
    struct qy_server_timer timer; /* of its next start, or the time that it has to end */
};

/* Makes what outlives it. A notice with exited_key comes to init's port when it has died. 0 or a
 * negative error number, said on the log. */
int service_init(struct service *service, const struct qy_manifest_entry *entry,
                 struct qy_server *init, uint64_t exited_key);

/* Starts its program; what is wrong is said on the log, and tried again later. */
void service_start(struct service *service);

/* Its process has ended: starts it again, now or later, or not, as its manifest says. */
void service_died(struct service *service);

/* Asks it to end, and ends it when its time to do so is over: service_died follows if it runs. */
void service_stop(struct service *service);
