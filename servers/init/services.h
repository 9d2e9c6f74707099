/* SPDX-License-Identifier: MIT */
/* All servers: which there are, what each gets, and the protocol to look at them. */
#pragma once

#include <idl/servers.h>

/* Badges of the sessions on init's own port: which protocol it speaks. */
#define BADGE_POWER   1
#define BADGE_SERVERS 2

/* Starts them; their notices come to init's port. One that does not start is said on the log, and
 * the others are started all the same. */
void services_start(handle_t init_port);

/* A notice of init's port. */
void services_notice(uint64_t key);

extern const struct qy_servers_handlers services_handlers;
