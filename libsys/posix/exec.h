/* SPDX-License-Identifier: MIT */
/*
 * Loading a program, in two steps: `prepare` opens, reads and checks everything, and can fail
 * without having changed anything; `commit` takes down what was there and cannot go back: if memory
 * is short then, the process ends as if killed.
 */
#pragma once

#include "arguments.h"

struct posix_exec;

/* Takes the arguments, also if it fails. 0 and *ret_exec, or the negative of an error: ENOEXEC is a
 * file that is no program, ENOENT also an interpreter that is missing. */
QY_MUST_USE int64_t posix_exec_prepare(const char *path, struct posix_arguments *arguments,
                                       struct posix_exec **ret_exec);

/* Whether prepare would find a program: 0, and of a script path and arguments become what they are
 * for its interpreter; the file is the caller's. Takes the arguments if it fails. `path` has room
 * for LINUX_PATH_MAX. */
struct posix_program_file;
QY_MUST_USE int64_t posix_exec_check(char *path, struct posix_arguments *arguments,
                                     struct posix_program_file *ret_program);

/* The next file that is opened is this one; takes the handle. */
void posix_exec_give(const struct posix_program_file *program);

/* Takes it. The calling thread's `registers` are the new program's; it is to go on by
 * thread_resume. */
void posix_exec_commit(struct posix_exec *exec);
