/* SPDX-License-Identifier: MIT */
/*
 * Memory lent with a call, as generated clients lend it. Who lends memory with a pager may find
 * that a page is not there when the server copies; the server must not wait for somebody else's
 * pager, so it answers EPAGER before it has changed anything (or with what it has done), and the
 * client touches its pages and calls again. If that does not help, because pages go as they come,
 * the client lends a copy of its own instead.
 *
 *     struct qy_lending lending = {0};
 *     qy_lend(&lending, data, data_size, LEASE_WRITE);
 *     do {
 *         status = ... call that lends lending.lent[0].at ...
 *     } while (qy_lending_again(&lending, &status));
 */
#pragma once

#include <quay/protocol.h>

/* So often it is tried after a touch; then with a copy. */
#define QY_LENDING_TOUCHES 3

struct qy_lending {
    uint32_t count, tries;
    uint8_t *copy; /* of all, or NULL */
    struct {
        void *at; /* what is to be lent now */
        void *memory;
        uint64_t size;
        uint32_t flags; /* LEASE_... */
    } lent[IPC_LEASES_MAX];
};

QY_C_BEGIN

static inline void qy_lend(struct qy_lending *lending, const void *memory, uint64_t size,
                           uint32_t flags)
{
    uint32_t index = lending->count++;
    lending->lent[index].at = lending->lent[index].memory = (void *)(uintptr_t)memory;
    lending->lent[index].size = size;
    lending->lent[index].flags = flags;
}

/* Whether the call is to be made again after it came to *status, which is -ENOMEM if it should be
 * and there is no memory for a copy. The last time it is false everything is where it belongs. */
bool qy_lending_again(struct qy_lending *lending, int64_t *status);

QY_C_END
