/* SPDX-License-Identifier: MIT */
/*
 * Which programs a process has in its memory: the ELF headers there tell, and their build ids. The
 * process may have written what it likes there; then names are wrong, and nothing else. Pure,
 * tested on the host.
 */
#pragma once

#include "backtrace.h"
#include "symbols.h"

struct image {
    uint64_t base, end;                    /* whole pages */
    uint64_t bias;                         /* what was added to the addresses of its headers */
    const struct symbols_program *program; /* NULL: nobody knows it */
    bool has_build_id;
    uint8_t build_id[BUILD_ID_BYTES];
};

/* Whether an image begins at this address. */
bool image_look(struct image *image, uint64_t address, const struct symbols *symbols,
                memory_read_fn *read, void *context);
