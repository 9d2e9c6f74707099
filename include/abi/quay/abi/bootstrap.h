/* SPDX-License-Identifier: MIT */
/*
 * What a program finds when it starts: one read-only block in its address space, whose address the
 * first thread gets in rdi. The parent (for init: the kernel) put the handles into the new
 * process's table with handle_grant before it started it.
 *
 *   struct bootstrap | handles[handle_count] | strings (argument after argument, then
 *   environment), each terminated by a zero
 *
 * All of it lies within size_bytes, a multiple of PAGE_SIZE, at most BOOTSTRAP_SIZE_MAX.
 */
#pragma once

#include <quay/abi/types.h>

#define BOOTSTRAP_MAGIC    0x31545342u /* "BST1" */
#define BOOTSTRAP_SIZE_MAX (4 * PAGE_SIZE)

/* What a handle is for. The tables that the ACPI root pointer leads to are mapped with
 * memory_physical. */
#define BOOTSTRAP_PROCESS     1  /* this process */
#define BOOTSTRAP_THREAD      2  /* its first thread */
#define BOOTSTRAP_ASPACE      3  /* its address space */
#define BOOTSTRAP_JOB         4  /* the job to create processes in */
#define BOOTSTRAP_RESOURCE    5  /* root resource, or what of it was granted */
#define BOOTSTRAP_ARCHIVE     6  /* memory: the boot archive; value = size in bytes */
#define BOOTSTRAP_ACPI        7  /* memory: one page, the copy of the ACPI root pointer */
#define BOOTSTRAP_FRAMEBUFFER 8  /* memory: the screen; value = BOOTSTRAP_FRAMEBUFFER_MODE */
#define BOOTSTRAP_PORT        9  /* the port this server receives on */
#define BOOTSTRAP_SESSION     10 /* a session by name */
#define BOOTSTRAP_IO          11 /* I/O ports; value = first port */
#define BOOTSTRAP_IRQ         12 /* interrupt line; value = its number */
#define BOOTSTRAP_MEMORY      13 /* any other memory; value = size in bytes */

#define BOOTSTRAP_FILE 14 /* a session of `file` or `dir`; value = number of the descriptor */

/* Width and height in pixels, bytes from row to row, bits of a pixel: blue in its lowest byte, then
 * green and red. */
#define BOOTSTRAP_FRAMEBUFFER_MODE(width, height, pitch_bytes, pixel_bits)                         \
    ((uint64_t)(width) | (uint64_t)(height) << 16 | (uint64_t)(pitch_bytes) << 32 |                \
     (uint64_t)(pixel_bits) << 48)

#define BOOTSTRAP_NAME_MAX 16

struct bootstrap_handle {
    handle_t handle;
    uint64_t value;
    uint32_t kind;
    uint32_t reserved;
    char name[BOOTSTRAP_NAME_MAX]; /* zero-terminated; "" where the kind says it all */
};

struct bootstrap {
    uint32_t magic;
    uint32_t abi_version;
    uint32_t size_bytes;
    uint32_t handle_count;
    uint32_t argument_count;
    uint32_t environment_count;
    uint32_t strings_offset; /* bytes from the start of the block */
    uint32_t strings_size;
    uint64_t tsc_hz; /* rate of the time-stamp counter */
    uint64_t reserved[3];
};

_Static_assert(sizeof(struct bootstrap_handle) == 40, "bootstrap_handle layout");
_Static_assert(sizeof(struct bootstrap) == 64, "bootstrap layout");
