/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs.
 *
 *   writers ...                                ... readers
 *   waiting: the rest of what they write  ->  ring  ->  waiting: where to put it
 *
 * Whoever waits is put off, and answered when the other side has made it possible, in the order in
 * which they came. A FIFO is a pipe that is found by its node, while somebody has it open or waits
 * to; opening waits for the other side.
 */
#pragma once

#include "session.h"

int64_t pipe_make(struct qy_request *request, uint32_t flags, handle_t *ret_read_end,
                  handle_t *ret_write_end);

/* Opens a FIFO: an answer, or put off. */
int64_t pipe_open_fifo(struct qy_request *request, struct spot spot, uint32_t flags,
                       handle_t *ret_description);

int64_t pipe_read(struct qy_request *request, struct session *session, uint32_t count,
                  uint8_t *ret_data, uint32_t *ret_count);
int64_t pipe_read_lent(struct qy_request *request, struct session *session,
                       const struct qy_lease *data, uint64_t *ret_count);
int64_t pipe_write(struct qy_request *request, struct session *session, const uint8_t *data,
                   uint32_t count, uint32_t *ret_count);
int64_t pipe_write_lent(struct qy_request *request, struct session *session,
                        const struct qy_lease *data, uint64_t *ret_count);
uint32_t pipe_ready(const struct session *session);
int64_t pipe_readiness(struct session *session, handle_t *ret_readable, handle_t *ret_writable);
uint32_t pipe_available(const struct session *session);
int64_t pipe_stat(struct session *session, struct qy_file_stat *ret_stat);

void pipe_close(struct qy_server *server, struct session *session);

/* The call of this token is over, or is to end; it may be none that waits here. */
void pipe_cancel(struct qy_server *server, uint64_t token);
void pipe_interrupt(struct qy_server *server, uint64_t token);
