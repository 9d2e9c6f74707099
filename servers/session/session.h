/* SPDX-License-Identifier: MIT */
/* The first program of a person: started, and found again after a restart. */
#pragma once

#include <quay/process_start.h>
#include <quay/syscall.h>
#include <stdbool.h>

/* What survives the server, in memory that init keeps; every instruction leaves it sound: a pid
 * counts together with the kernel's number of the process, which is written first. */
struct kept {
    koid_t process; /* of the program that runs; another one may have the pid by now */
    int32_t pid;    /* 0: none */
    int32_t reserved;
};

/* Room for the start block. */
#define SESSION_START_BYTES 8192

/* Makes the start block of a program with these arguments, argument 0 its path: handle 0 of spawn
 * is the root and the working directory, handle 1 that again, handle 2 the name service. Its size,
 * or -E2BIG. Pure. */
int64_t session_start_make(struct process_start *start, size_t room, int count,
                           char *const *arguments);

/* The program that a former instance has started, if it runs still, or else a new one: 0 and a
 * handle of the process, or a negative error number, said on the log. */
int session_open(struct kept *kept, int count, char *const *arguments, handle_t *ret_process);

/* Ends all programs: asks them first, and waits for them some time. */
void session_end(void);
