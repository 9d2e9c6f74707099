/* SPDX-License-Identifier: MIT */
/*
 * The strings that a program starts with, and the stack that they make (System V ABI,
 * x86-64, 3.4.1):
 *
 *   sp -> argc | argv[] NULL | envp[] NULL | auxv[] AT_NULL | ... | random | strings | top
 *
 * Pure, but for the memory that grows.
 */
#pragma once

#include <quay/process_start.h>
#include <quay/syscall.h>
#include <stdbool.h>

#define POSIX_ARGUMENTS_MAX PROCESS_START_MAX

/* Arguments and then environment, each with its zero. All zero: none yet. */
struct posix_arguments {
    char *strings; /* qy_alloc */
    size_t size, capacity;
    uint32_t argument_count, environment_count;
};

void posix_arguments_free(struct posix_arguments *arguments);

/* Makes room for `size` more bytes behind what is there: where they go. NULL with *ret_error =
 * -E2BIG or -ENOMEM. */
char *posix_arguments_grow(struct posix_arguments *arguments, size_t size, int64_t *ret_error);

/* Appends one string; the caller counts it. 0, -E2BIG, -ENOMEM. */
QY_MUST_USE int64_t posix_arguments_add(struct posix_arguments *arguments, const char *text);

/* For `#!`: in place of argument 0 come `path`, `option` (unless NULL) and `script`. */
QY_MUST_USE int64_t posix_arguments_script(struct posix_arguments *arguments, const char *path,
                                           const char *option, const char *script);

/* What the stack says about the program. */
struct posix_stack_info {
    const char *path;
    uint64_t headers_address, header_count, entry;
    uint64_t base; /* of the interpreter, 0: none */
    uint64_t hwcap, minimum_signal_stack;
    uint8_t random[16];
};

/* Bytes of the arguments alone, without the environment. */
size_t posix_arguments_size(const struct posix_arguments *arguments);

/* How far below the stack's top the arguments begin, one after the other. */
size_t posix_stack_text_size(const struct posix_arguments *arguments,
                             const struct posix_stack_info *info);

/* How many bytes it takes, a multiple of 16. */
size_t posix_stack_size(const struct posix_arguments *arguments,
                        const struct posix_stack_info *info);

/* Writes it to `image`, of that size, which is to lie below `top` (a multiple of 16). */
void posix_stack_write(uint8_t *image, size_t size, uint64_t top,
                       const struct posix_arguments *arguments,
                       const struct posix_stack_info *info);
