/* SPDX-License-Identifier: MIT */
/*
 * The image of the POSIX layer, which every process has: read-only parts are shared by all, of
 * the others each has its own.
 */
#pragma once

#include <quay/abi/object.h>
#include <quay/abi/types.h>

/* Reads the program file that the boot archive has under this name. What is wrong with it is said
 * on the log; then no process can be spawned. */
void image_load(const char *name);

/* Maps it and the first stack into a process's empty address space, at the expense of this job. 0
 * or a negative error number: -ENOENT, there is no image. */
int64_t image_map(handle_t process, handle_t aspace, handle_t job);

uint64_t image_entry(void);
