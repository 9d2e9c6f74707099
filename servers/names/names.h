/* SPDX-License-Identifier: MIT */
/* Who is bound to what, who waits for a name, and who watches. */
#pragma once

#include "directory.h"
#include <quay/server.h>

/* Calls that wait for a name; fewer than the port has tokens, so that others are served. */
#define WAITERS_MAX 24

/* Where the names lie (zeroed at the very first start); before anything else. */
void names_init(struct directory *directory);

/* A binding that is there before its server runs: init has made the port. The handle is taken. */
void names_preset(const char *name, uint32_t badge, handle_t port);

/* For struct qy_server. */
extern const struct qy_names_handlers names_handlers;
void names_cancelled(struct qy_server *server, uint64_t token);
