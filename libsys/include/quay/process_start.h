/* SPDX-License-Identifier: MIT */
/*
 * The start block of a POSIX process: which program it is to load, with which arguments and files.
 * Whoever calls spawn of proc makes it; proc copies it behind the process page and looks at nothing
 * in it; the POSIX layer of the new process checks and uses it. It is at most PROCESS_START_MAX
 * bytes:
 *
 *   struct process_start | path | arguments | environment
 *
 * path and strings each end with a zero; the strings follow each other. What became of handle n of
 * spawn is files[n], its value in the new process is handles[n] of the process page.
 */
#pragma once

#include <quay/process_page.h>

#define PROCESS_START_MAGIC 0x54535951u /* "QYST" */
#define PROCESS_START_MAX   (256 * 1024u)

/* process_start_file.number, beside numbers of files. */
#define PROCESS_FILE_NONE      (-1)
#define PROCESS_FILE_ROOT      (-2) /* root directory, a session of `dir` */
#define PROCESS_FILE_DIRECTORY (-3) /* working directory, a session of `dir` */
#define PROCESS_FILE_NAMES     (-4) /* a session of the name service */
#define PROCESS_FILE_PROGRAM   (-5) /* memory with what `path` says, opened before */

/* process_start_file.flags. */
#define PROCESS_FILE_IS_DIRECTORY 1u /* an open directory, a session of `dir`; else of `file` */
#define PROCESS_FILE_CLOSE_EXEC   2u /* closed when the program loads another one */
#define PROCESS_FILE_KIND_SHIFT   8  /* above: enum qy_dir_kind; 0: a directory, or a device */

#define PROCESS_START_MASK 0x80000000u /* process_start.mask is given */

struct process_start_file {
    int32_t number;
    uint32_t flags;
    uint32_t open_flags; /* Linux's O_..., as fcntl F_GETFL answers */
    uint32_t reserved;
};

struct process_start {
    uint32_t magic;
    uint32_t size_bytes; /* all of it */
    uint32_t argument_count, environment_count;
    uint64_t blocked, ignored; /* signals */
    uint32_t mask;             /* umask, with PROCESS_START_MASK; 0: the usual one */
    uint32_t reserved;
    uint64_t program_position, program_size; /* of PROCESS_FILE_PROGRAM */
    struct process_start_file files[PROCESS_HANDLES_MAX];
};

_Static_assert(sizeof(struct process_start) == 56 + 16 * PROCESS_HANDLES_MAX,
               "process_start layout");
