/* SPDX-License-Identifier: MIT */
/*
 * A server that init has started. Its job, its port and the sessions on it are init's, so they
 * outlive the server.
 */
#pragma once

#include <stdbool.h>
#include <quay/spawn.h>

#define SERVICE_EXITED_KEY 100 /* notices of init's port from here up: index of the service */
#define SERVICE_TOKENS     32  /* calls that a server may hold unanswered */

struct service {
    const char *name;
    handle_t job;
    handle_t port; /* HANDLE_INVALID: it serves nobody */
    handle_t process;
};

/* Makes the job and, if asked for, the port. 0 or a negative error number, said on the log. */
int service_init(struct service *service, const char *name, bool has_port);

/* A session of this server with a badge: the client's handle, or HANDLE_INVALID. */
handle_t service_session(struct service *service, uint64_t badge);

/* Starts the program of the service's name with its own port and job, and these handles; its death
 * comes as a notice with this key to init's port. */
int service_start(struct service *service, handle_t init_port, uint64_t key,
                  const struct qy_spawn_handle *handles, uint32_t handle_count);

/* Says on the log that and how it ended. */
void service_died(struct service *service);
