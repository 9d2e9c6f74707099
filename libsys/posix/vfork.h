/* SPDX-License-Identifier: MIT */
/*
 * vfork: until the child has another program it has no process, but runs as the thread that called,
 * in its parent's process, on its parent's memory. What it would change of itself is put aside and
 * comes back when it is through: descriptors (fd.c), signals (signal.c), directories, umask.
 *
 *   execve         the new process is spawned, with what the child has, and the parent goes on
 *   a call that only a process of its own can make, a fault
 *                  it becomes one after all, by fork, as which it goes on there
 *
 * Signals of the parent wait meanwhile. If the parent has other threads a vfork is a fork.
 */
#pragma once

#include "arguments.h"

struct thread_registers;

/* Whether this is a child without a process. */
extern bool posix_is_lent;

/* The call: it returns as child, or fails; `stack` 0: the same. */
int64_t posix_vfork_begin(uint64_t stack);

/* Serves a call of such a child. */
int64_t posix_vfork_serve(const struct thread_registers *registers);

/* Its execve: takes the arguments. *ret_is_child: it is a process now, which is to load the program
 * itself, and the arguments are still the caller's; both are then what a script made of them. */
int64_t posix_vfork_exec(char *path, struct posix_arguments *arguments, bool *ret_is_child);

/* It gets a process: true there. False: the parent goes on, or the child's call failed. */
bool posix_vfork_split(void);
