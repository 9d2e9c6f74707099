/* SPDX-License-Identifier: MIT */
/*
 * How this process starts, becomes two (fork) or another (execve), and ends. What it is stands in
 * its process page (<quay/process_page.h>).
 */
#pragma once

#include <quay/process_start.h>
#include <quay/syscall.h>
#include <stdbool.h>

/* Ends the process, with an exit status (0 to 255) or PROCESS_EXIT_SIGNAL | number. */
QY_NORETURN void posix_process_end(uint32_t code);

/* Ends the process by a signal that stands for a crash. Whoever handles exceptions finds in the
 * page what the guest was at, and may look at its memory, before it is gone. */
QY_NORETURN void posix_process_crash(uint32_t number);

/* Says it in the kernel's log, and ends: the layer's own fault. */
QY_NORETURN void posix_panic(const char *what);

/* --- what other parts do ------------------------------------------------------------------- */

/* At the start, before the program is loaded; the block is sound. */
void posix_process_start(const struct process_start *start); /* process.c */
void posix_file_start(const struct process_start *start);    /* fd.c */

/* In the copy, after a fork. */
void posix_process_fork(void); /* process.c */

/* Before another program is loaded: closes what is close-on-exec. */
void posix_file_exec(void); /* fd.c */

/* A program file as memory: `size` bytes from `position` on (whole pages), at least readable, and
 * executable if the file system can. The handle is the caller's. */
struct posix_program_file {
    handle_t memory;
    uint64_t position, size;
};

/* Opens it. 0 or the negative of an error. */
QY_MUST_USE int64_t posix_file_program(const char *path, struct posix_program_file *ret_program);

/* Memory of an open file to be mapped; the handle is the caller's. is_shared: what is written is
 * the file's; else a copy is made by the caller. */
QY_MUST_USE int64_t posix_file_map(int descriptor, uint64_t offset, uint64_t size, bool is_shared,
                                   uint32_t protection, handle_t *ret_memory, uint64_t *ret_offset);

/* The open descriptor with the lowest number from `first` on, for a program that is not a guest:
 * its number, or -1. The handle stays the table's. */
int posix_file_next(int first, handle_t *ret_handle);

/* The root directory and the working directory; HANDLE_INVALID: there is none. */
void posix_file_directories(handle_t *ret_root, handle_t *ret_working);

/* --- exec.c -------------------------------------------------------------------------------- */

/* The path of the program that runs, absolute: what /proc/self/exe is. "": it has none. */
const char *posix_program_path(void);
