/* SPDX-License-Identifier: MIT */
/*
 * Leases: memory that a caller lends for the length of its call.
 *
 *     lender's buffer: leases[0..count)         server: (token, index, offset)
 *              |                                     |
 *     [ address .......... size )  <--- copy --->  [ its own address .... )
 *
 * - A call's header says how many leases it has; the ranges stand in the caller's message buffer
 * and are read there at each access, so nothing is stored but the token that they belong to.
 * - A lease ends with its token: answered, dropped, or cut off because the caller's wait ended.
 * Each step of a copy is done under the port's lock, after a look at the token, so whoever ends the
 *   call waits for one page at most.
 * - Pages are copied between the direct maps of both sides. The lender's are held in place by its
 *   address space's lock; ours cannot go while this CPU, which has the address space loaded, has
 *   not left the kernel.
 * - A page that is not there yet is made, at the expense of whose it is.
 */
#pragma once

#include "lib/compiler.h"
#include <stdbool.h>
#include <stdint.h>

struct port;

/* Bytes of one call, and fewer where pages are made: bounds the time in the kernel. */
#define LEASE_COPY_MAX (32ul * 1024)

/* Copies up to `size` bytes between our memory at `address` and a lease, from `offset` on. Returns
 * how many (at most LEASE_COPY_MAX); -ETOKEN_STALE, -EINVAL (no such lease), -EACCES (not lent in
 * this direction), -ERANGE (beyond its end), -EFAULT (our memory), -ELEASE (the lender's), -ERETRY
 * (a page is changing: run the call again). */
MUST_USE int64_t lease_copy(struct port *port, uint64_t token, uint64_t index, uint64_t offset,
                            uint64_t address, uint64_t size, bool to_lender);

/* How large a lease is and in which directions it may be used: 0, -ETOKEN_STALE, -EINVAL. */
MUST_USE int lease_info(struct port *port, uint64_t token, uint64_t index, uint64_t *ret_size,
                        uint32_t *ret_flags);
