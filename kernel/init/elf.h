/* SPDX-License-Identifier: MIT */
/*
 * The one ELF file that the kernel itself loads: init. Static, 64-bit, little-endian, x86-64; its
 * segments page aligned, apart from each other and in user space. Everything is checked before
 * anything is done.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/compiler.h"

#define ELF_SEGMENTS_MAX 8

struct elf_segment {
    uint64_t address;     /* page aligned down from p_vaddr */
    uint64_t size_bytes;  /* in memory, whole pages */
    uint64_t data_offset; /* of the file's bytes in the segment */
    uint64_t file_offset;
    uint64_t file_size;
    uint32_t flags; /* MAP_* */
};

struct elf_image {
    uint64_t entry;
    uint32_t segment_count;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/* NULL and the image, or in a few words what is wrong with it; then *ret_image is undefined. */
MUST_USE const char *elf_parse(const void *data, size_t size, struct elf_image *ret_image);
