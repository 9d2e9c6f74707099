/* SPDX-License-Identifier: MIT */
/*
 * What the loader told us, the same for multiboot2 and PVH. Pointers are into the direct map or
 * the kernel image and stay valid. Ranges are whole
 * pages; what the kernel took for itself before kernel_main is not among them.
 */
#pragma once

#include <quay/abi/types.h>
#include "lib/types.h"

#define BOOT_RANGE_MAX        64
#define BOOT_COMMAND_LINE_MAX 256
#define BOOT_LOADER_MAX       32

/* Where two overlap, the greater type wins: it is the more careful one. */
enum boot_range_type {
    BOOT_RANGE_RAM,
    BOOT_RANGE_ACPI, /* reclaimable and NVS */
    BOOT_RANGE_RESERVED,
};

struct boot_range {
    struct paddr start;
    uint64_t size_bytes;
    enum boot_range_type type;
};

struct boot_info {
    char loader[BOOT_LOADER_MAX]; /* "GRUB 2.06", "PVH" */
    char command_line[BOOT_COMMAND_LINE_MAX];

    /* Memory map, sorted, not overlapping. RAM ranges exclude kernel image and archive. */
    uint32_t range_count;
    struct boot_range ranges[BOOT_RANGE_MAX];

    /* The boot archive: page aligned; size 0 if the loader gave none. */
    struct paddr archive;
    uint64_t archive_size_bytes;

    struct paddr acpi_rsdp; /* 0 if none was found */

    /* Linear framebuffer; width 0 if none. */
    struct paddr framebuffer;
    uint32_t framebuffer_width, framebuffer_height, framebuffer_pitch, framebuffer_bpp;

    /* The image itself, for the figures. */
    uint64_t kernel_text_bytes, kernel_data_bytes;
};
