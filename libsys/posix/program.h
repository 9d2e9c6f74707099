/* SPDX-License-Identifier: MIT */
/*
 * Program files of Linux: ELF-64 for x86-64, static, static-PIE, or with an interpreter; and `#!`.
 * Everything in the file is hostile until posix_program_parse has accepted it; what it then
 * promises:
 *
 *   - 1 to POSIX_SEGMENTS_MAX segments, in ascending order, that share no page;
 *   - each lies in the file as far as it is in it, no more bytes there than in memory, and offset
 *     and address agree within a page;
 *   - moved by `base` (0 unless is_movable) all lie in [low, high), below GUEST_LIMIT; the entry
 *     point and the program headers lie in them.
 *
 * Pure, on the first page of the file (where the headers are, as Linux wants it) and its size.
 */
#pragma once

#include <quay/syscall.h>
#include <stdbool.h>

#define POSIX_SEGMENTS_MAX 16
#define POSIX_HEAD_BYTES   4096u
#define POSIX_INTERP_MAX   256u

struct posix_segment {
    uint64_t address, memory_size;
    uint64_t offset, file_size;
    uint32_t protection; /* LINUX_PROT_* */
};

struct posix_program {
    bool is_movable; /* ET_DYN: may lie anywhere */
    bool is_native;  /* has the note of a Quay program: no guest */
    bool has_interp;
    uint64_t interp_offset, interp_size; /* in the file, with the zero */
    uint64_t entry;
    uint64_t headers_address; /* of the program headers in memory, 0: they are not loaded */
    uint16_t header_count;
    uint64_t low, high; /* page aligned */
    uint32_t segment_count;
    struct posix_segment segments[POSIX_SEGMENTS_MAX];
};

/* `head` are the first min(size, POSIX_HEAD_BYTES) bytes. 0 or -ENOEXEC. */
QY_MUST_USE int64_t posix_program_parse(const uint8_t *head, uint64_t file_size,
                                        struct posix_program *ret_program);

/* A script's first line, `#! path [one argument]`. 0, or -ENOEXEC: none. Both texts lie in `head`,
 * which gets zeros behind them; *ret_argument is NULL if there is none. */
QY_MUST_USE int64_t posix_script_parse(uint8_t *head, size_t head_size, const char **ret_path,
                                       const char **ret_argument);
