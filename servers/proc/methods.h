/* SPDX-License-Identifier: MIT */
/* The protocol: who may do what, and to whom. */
#pragma once

#include <idl/proc.h>

extern const struct qy_proc_handlers proc_handlers;

/* --- between the files that implement it --------------------------------------------------- */

struct process;

/* Who calls; NULL: nobody that we know. A session by name with the right to control calls as
 * process 1. */
struct process *caller_of(const struct qy_request *request);

/* Whether a server calls that may do this (enum qy_proc_access). */
bool caller_may(const struct qy_request *request, uint32_t access);

/* The process with this pid, 0: the caller; NULL: there is none. */
struct process *process_meant(const struct qy_request *request, int32_t pid);

void identity_fill(const struct process *process, struct qy_proc_identity *ret_identity);

int64_t proc_spawn(struct qy_request *request, qy_proc_spawn_flags_t flags, int32_t pgid,
                   const struct qy_lease *start, handle_t *handle0, handle_t *handle1,
                   handle_t *handle2, handle_t *handle3, handle_t *handle4, handle_t *handle5,
                   handle_t *handle6, handle_t *handle7, int32_t *ret_pid);
int64_t proc_started(struct qy_request *request);
int64_t proc_start_failed(struct qy_request *request, uint32_t error);
int64_t proc_fork(struct qy_request *request, uint64_t entry, uint64_t stack, uint64_t argument,
                  int32_t *ret_pid);

int64_t proc_identify(struct qy_request *request, uint64_t job,
                      struct qy_proc_identity *ret_identity);
int64_t proc_signal_group(struct qy_request *request, int32_t pgid, uint32_t signal);
int64_t proc_background(struct qy_request *request, uint64_t job, uint32_t signal,
                        qy_proc_outcome_t *ret_outcome);
int64_t proc_group_session(struct qy_request *request, int32_t pgid, int32_t *ret_sid);
int64_t proc_terminal_set(struct qy_request *request, int32_t sid, uint32_t terminal);
int64_t proc_get(struct qy_request *request, uint32_t index, struct qy_proc_record *ret_record);
int64_t proc_command_line(struct qy_request *request, int32_t pid, uint8_t *ret_text,
                          uint32_t *ret_text_count);
int64_t proc_open(struct qy_request *request, int32_t pid, handle_t *ret_process);
