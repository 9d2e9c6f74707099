/* SPDX-License-Identifier: MIT */
/*
 * Programs as ELF files: static, 64-bit, x86-64, linked at a fixed address. Everything in the file
 * is hostile until qy_elf_parse has accepted it; what it then promises:
 *
 *   - 1 to QY_ELF_SEGMENTS_MAX segments, in ascending order, that share no page;
 *   - each lies in user space and in the file, no more bytes in the file than in memory;
 *   - offset and address agree within a page;
 *   - no segment is writable and executable; the entry point lies in an executable one;
 *   - all segments together are at most QY_ELF_IMAGE_MAX.
 */
#pragma once

#include <quay/syscall.h>
#include <quay/abi/memory.h>

#define QY_ELF_SEGMENTS_MAX 8
#define QY_ELF_IMAGE_MAX    (256ul << 20)

struct qy_elf_segment {
    uint64_t address; /* in memory, not rounded */
    uint64_t size_bytes;
    uint64_t file_offset;
    uint64_t file_bytes;
    uint32_t map_flags; /* MAP_READ, MAP_WRITE, MAP_EXEC */
};

struct qy_elf {
    uint64_t entry;
    uint32_t segment_count;
    struct qy_elf_segment segments[QY_ELF_SEGMENTS_MAX];
};

/* Checks a file and describes it. 0, or -ENOEXEC and in *ret_reason, unless NULL, what is wrong. */
QY_MUST_USE int qy_elf_parse(const void *file, size_t size_bytes, struct qy_elf *ret_elf,
                             const char **ret_reason);
