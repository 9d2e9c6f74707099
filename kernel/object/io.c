/* SPDX-License-Identifier: MIT */
#include "object/io.h"

#include "arch/cpu.h"
#include "lib/checked.h"
#include <quay/abi/errno.h>

static struct {
    struct spinlock lock;
    struct tree ranges; /* by first port; they do not overlap; under the lock */
} io_state = {.lock = SPINLOCK_INIT(LOCK_RANK_OBJECT)};

static void io_destroy(struct object *object);
static void io_unreachable(struct object *object);

static const struct object_ops io_ops = {
    OBJECT_RECORD(io, OBJECT_IO, _Alignof(struct io)),
    .destroy = io_destroy,
    .unreachable = io_unreachable,
};

void io_init(void)
{
    object_type_init(&io_ops);
    tree_init(&io_state.ranges);
}

static uint64_t first_of(const struct tree_node *node)
{
    return CONTAINER_OF(node, const struct io, node)->first_port;
}

static bool is_below(const struct tree_node *a, const struct tree_node *b)
{
    return first_of(a) < first_of(b);
}

static int range_take(struct io *io)
{
    uint32_t last = io->first_port + io->port_count - 1;
    struct tree_node *floor;
    int status = -EBUSY;

    spin_lock(&io_state.lock);
    /* Ranges do not overlap, so the one that begins last at or below our end decides. */
    floor = tree_find_floor(&io_state.ranges, last, first_of);
    if (floor == NULL || !range_overlaps(CONTAINER_OF(floor, struct io, node)->first_port,
                                         CONTAINER_OF(floor, struct io, node)->port_count,
                                         io->first_port, io->port_count)) {
        tree_insert(&io_state.ranges, &io->node, is_below);
        status = 0;
    }
    spin_unlock(&io_state.lock);
    return status;
}

int io_create(struct account *account, uint32_t first_port, uint32_t port_count, struct io **ret_io)
{
    struct object *object;
    struct io *io;
    int status;

    if (!range_contains(0, IO_PORT_COUNT, first_port, port_count)) {
        return -EINVAL;
    }
    status = object_create(&io_ops, account, &object);
    if (status != 0) {
        return status;
    }
    io = io_of(object);
    io->first_port = first_port;
    io->port_count = port_count;
    tree_node_init(&io->node);
    status = range_take(io);
    if (status != 0) {
        object_unref(object);
        return status;
    }
    *ret_io = io;
    return 0;
}

/* The range is free for the next driver at once. */
static void io_unreachable(struct object *object)
{
    struct io *io = io_of(object);

    spin_lock(&io_state.lock);
    if (tree_node_is_linked(&io->node)) {
        tree_remove(&io_state.ranges, &io->node);
    }
    spin_unlock(&io_state.lock);
}

static void io_destroy(struct object *object)
{
    io_unreachable(object); /* one that never had a handle */
    object_free(object);
}

static int check_access(const struct io *io, uint32_t offset, uint32_t width_bytes)
{
    if (width_bytes != 1 && width_bytes != 2 && width_bytes != 4) {
        return -EINVAL;
    }
    return range_contains(0, io->port_count, offset, width_bytes) ? 0 : -ERANGE;
}

int io_read(const struct io *io, uint32_t offset, uint32_t width_bytes, uint32_t *ret_value)
{
    int status = check_access(io, offset, width_bytes);

    if (status == 0) {
        *ret_value = arch_port_read((uint16_t)(io->first_port + offset), width_bytes);
    }
    return status;
}

int io_write(const struct io *io, uint32_t offset, uint32_t width_bytes, uint32_t value)
{
    int status = check_access(io, offset, width_bytes);

    if (status == 0) {
        arch_port_write((uint16_t)(io->first_port + offset), width_bytes, value);
    }
    return status;
}
