/* SPDX-License-Identifier: MIT */
/*
 * In the place of the POSIX layer: a process of proc that is its own program. What it does is the
 * path of its start block, a word and perhaps a number behind a space.
 */
#pragma once

#include <idl/proc.h>
#include <quay/process_page.h>
#include <quay/process_start.h>
#include <quay/syscall.h>

/* This process's session of proc. */
static inline handle_t proc(void)
{
    return qy_process_page()->proc;
}

/* 0 in the copy, its pid, or what proc said (negative: no answer; above 100,000: an error). */
int64_t layer_fork(void);
#define FORK_FAILED 100000

/* waitpid: the pid, 0 (with WNOHANG), or the negative of an error. */
#define WAIT_NOHANG 1u
int64_t layer_wait(int32_t which, uint32_t options, int32_t *ret_status);

/* A process that does `what`; its pid, or as layer_fork. */
int64_t layer_spawn(handle_t session, uint32_t flags, int32_t pgid, const char *what);

/* Sleeps until a signal of the set is pending; takes it. */
uint32_t layer_signal_wait(uint64_t set);

QY_NORETURN void layer_exit(int64_t code);

void suite(void);
