/* SPDX-License-Identifier: MIT */
/*
 * Open files that this program was given at its start: BOOTSTRAP_FILE, whose value is the number
 * that a shell knows them by. They are sessions of the protocol `file`.
 */
#pragma once

#include <quay/syscall.h>
#include <quay/text.h>

/* The session of descriptor `number`, or HANDLE_INVALID. */
handle_t qy_files_handle(uint64_t number);

/* From now on qy_printf writes to descriptor 1, if there is one. */
void qy_files_output(void);

/* "PROGRAM: message" and a newline to descriptor 2, or the log if there is none; in a program
 * without such files the message goes where qy_printf writes. Returns 1: what main may return then.
 */
int qy_files_report(const char *format, ...) QY_PRINTF(1, 2);
