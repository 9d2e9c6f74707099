/* SPDX-License-Identifier: MIT */
/*
 * The name service, for servers; for their clients see <quay/connection.h>. Whoever started this
 * program gave it a session of it, or did not; then these fail with -ENOENT.
 */
#pragma once

#include <quay/connection.h>

/* Of servers that give everybody the same. */
#define QY_BADGE_DEFAULT 1

/* Says that this server is there now: whoever connects to the name gets a session of `port`, with
 * this as the low half of its badge, and a number of its own as the upper half. Waits for the name
 * service, but not for long. 0, or a negative error number that was said on the log; a server goes
 * on without. */
int64_t qy_name_bind(const char *name, handle_t port, uint32_t badge);

/* All that most servers do after their start: serves under this name, at the port that they were
 * given or else at one of their own, with QY_BADGE_DEFAULT unless server->badge says otherwise.
 * Returns when it is over: what main returns, said on the log unless it was asked for
 * (qy_server_stop). */
struct qy_server;
int qy_server_main(struct qy_server *server, const char *name);
