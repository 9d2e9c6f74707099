/* SPDX-License-Identifier: MIT */
/* Between the files of libsys: what the start-up knows. */
#pragma once

#include <quay/bootstrap.h>
#include <quay/thread.h>

#define QY_ARGUMENTS_MAX 32

int main(int argument_count, char **arguments);

QY_NORETURN void qy_start(const struct bootstrap *block);
QY_NORETURN void qy_thread_main(struct qy_thread *thread);
void qy_thread_begin(void);

/* In a copy of the process: its own handles. */
void qy_start_again(handle_t process, handle_t aspace, handle_t thread);
int64_t qy_fork_split(int64_t (*fork)(uint64_t stack, void *argument), void *argument);
void qy_fork_begin(void);

/* The program's name for its log lines. */
const char *qy_program_name(void);

/* An unused line of the log would hide what is wrong: says it and ends the program. */
QY_NORETURN void qy_fatal(const char *what);
