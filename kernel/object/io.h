/* SPDX-License-Identifier: MIT */
/*
 * Ranges of x86 I/O ports as objects. Ranges of live objects do not overlap: a device has one
 * driver, and two drivers that believe so are told at once. A range is free again when the last
 * handle to its object is closed; drivers that share a device duplicate the handle.
 */
#pragma once

#include "cap/object.h"
#include "lib/compiler.h"
#include "lib/tree.h"

#define IO_PORT_COUNT 65536u

struct io {
    struct object object;

    /* Fixed. */
    uint32_t first_port;
    uint32_t port_count;

    struct tree_node node; /* among the live ranges, under their lock */
};

static inline struct io *io_of(struct object *object)
{
    return CONTAINER_OF(object, struct io, object);
}

/* Once at boot. */
void io_init(void);

/* Takes a range. Returns a reference. 0, -EINVAL (empty or beyond the last port), -EBUSY (overlaps
 * a live range), -ENOMEM. */
MUST_USE int io_create(struct account *account, uint32_t first_port, uint32_t port_count,
                       struct io **ret_io);

/* One access of 1, 2 or 4 bytes at `offset` from the first port. 0, -EINVAL (width), -ERANGE. */
MUST_USE int io_read(const struct io *io, uint32_t offset, uint32_t width_bytes,
                     uint32_t *ret_value);
MUST_USE int io_write(const struct io *io, uint32_t offset, uint32_t width_bytes, uint32_t value);
