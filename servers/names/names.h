/* SPDX-License-Identifier: MIT */
/* Who is bound to what, who waits for a name, and who watches. */
#pragma once

#include "directory.h"
#include <quay/manifest.h>
#include <quay/server.h>

/* Calls that wait for a name; fewer than the port has tokens, so that others are served. */
#define WAITERS_MAX 48

/* Views that may have subscribers at a time, and how many each. */
#define WATCHED_VIEWS_MAX    8
#define VIEW_SUBSCRIBERS_MAX 4

/* Where the names lie (zeroed at the very first start), and who sees what (an empty one: who has a
 * view sees nothing); before anything else. */
void names_init(struct directory *directory, const struct qy_manifest *manifest);

/* For struct qy_server: qy_names_dispatch, and subscribers hear only of what they see. */
int64_t names_dispatch(struct qy_request *request);

/* A binding that is there before its server runs: init has made the port. The handle is taken. */
void names_preset(const char *name, uint32_t badge, handle_t port);

/* For struct qy_server. */
extern const struct qy_names_handlers names_handlers;
void names_cancelled(struct qy_server *server, uint64_t token);
