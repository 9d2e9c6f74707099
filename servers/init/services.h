/* SPDX-License-Identifier: MIT */
/* All servers: which there are, and the protocols to look at them and at the manifest. */
#pragma once

#include "service.h"
#include <idl/manifest.h>
#include <idl/servers.h>
#include <quay/server.h>

/* Badges of the sessions on init's own port: which protocol it speaks, and for servers what the
 * session may do. tools/lib/manifest_check.py knows them too. */
#define BADGE_PROTOCOL(badge) ((uint32_t)(badge) >> 8)
#define PROTOCOL_SERVERS      1
#define PROTOCOL_MANIFEST     2
#define BADGE_SERVERS         (PROTOCOL_SERVERS << 8 | QY_SERVERS_ACCESS_LOOK | QY_SERVERS_ACCESS_CONTROL)
#define BADGE_MANIFEST        (PROTOCOL_MANIFEST << 8)

/* Reads the manifest and starts the servers; their notices come to init's port. One that does not
 * start is said on the log, and the others are started all the same. 0, or a negative error number
 * if there is no manifest to go by, said on the log. */
int services_start(struct qy_server *init, const char *command_line);

/* A notice of init's port, or the end of a call. */
void services_notice(struct qy_server *server, uint64_t key);
void services_cancelled(struct qy_server *server, uint64_t token);

extern const struct qy_servers_handlers services_handlers;
extern const struct qy_manifest_handlers manifest_handlers;

/* --- for the parts of init ----------------------------------------------------------------- */

struct service *services_at(uint32_t index); /* NULL: there are no more */
uint32_t services_index(const struct service *service);
struct service *services_names(void); /* the name service; NULL: there is none */
const char *services_command_line(void);

/* The manifest with what was found in the archive, as memory. */
handle_t services_manifest(uint64_t *ret_size_bytes);
