/* SPDX-License-Identifier: MIT */
/*
 * A process that was given no directory, and so no file system: what is started before there is
 * one. Its descriptors 1 and 2, if it was given none, are the kernel's log, and its program is the
 * memory that is its first handle, whatever the path says.
 */
#pragma once

#include "file.h"
#include "process.h"

extern struct posix_local posix_bare_log;

int64_t posix_bare_program(struct posix_program_file *ret_program);
