/* SPDX-License-Identifier: MIT */
/*
 * Servers on the host: their handlers are linked into a cmocka program together with libsys and a
 * fake kernel that has handles, sessions and a clock, and nothing else.
 *
 *   test -- qy_NAME_METHOD --> fake transport -- dispatch --> handler
 *
 * A call runs its handler at once, in the same thread, and moves its handles as the kernel does. A
 * call that is deferred runs the `idle` function, as a server's loop would go on; if it is not
 * answered by then, it is cancelled and times out, and a server that does not know it any more ends
 * the program.
 */
#pragma once

#include <quay/server.h>

/* Empties the fake kernel. */
void qy_host_reset(void);

/* A session to this server with a badge. Its port must be a handle of the fake kernel. */
handle_t qy_host_session(struct qy_server *server, uint64_t badge);

/* A port of this server, from which sessions are made (session_create) until all handles to it that
 * may receive are closed. */
handle_t qy_host_port(struct qy_server *server);

/* What a program would have been started with, for qy_bootstrap_handle. */
void qy_host_give(uint32_t kind, const char *name, handle_t handle);

/* A session to a function that sees a message as the wire has it, and makes the answer. */
typedef void qy_host_wire_fn(void *context, struct qy_message *message);
handle_t qy_host_wire(qy_host_wire_fn *wire, void *context);

/* What the call that is served now has lent, in a wire function. */
const struct message_lease *qy_host_lent(uint32_t index);

/* A handle to a new object of a type, and how many handles there are. */
handle_t qy_host_handle(uint32_t type, rights_t rights);
uint32_t qy_host_handle_count(void);

/* Calls come to a server at once, notices when the test runs its loop: qy_server_run takes those
 * that are there and returns 0 if it was stopped, -ENOSYS otherwise. Closing the last handle of a
 * session is one. */

/* What goes on while a deferred call waits; NULL: nothing. */
extern void (*qy_host_idle)(void);

/* The deadline of the last call. */
extern time_ns_t qy_host_deadline;

/* The lender's page is not there at this access to lent memory, counted from now on; 0: at none. A
 * test calls with 1, 2, ... until it is not 0 afterwards: then every access of the method has
 * failed once, and the client must not have noticed. */
extern uint32_t qy_host_lease_fault;

/* The clock, which moves only when told. Timers of a server fire when its loop is run at their
 * time. */
extern time_ns_t qy_host_now;
