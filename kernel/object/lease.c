/* SPDX-License-Identifier: MIT */
#include "object/lease.h"

#include "arch/upcalls.h"
#include "lib/string.h"
#include "object/debug.h"
#include "object/port.h"
#include "object/process.h"
#include "vm/aspace.h"
#include <quay/abi/errno.h>
#include <quay/abi/memory.h>

#define PAGE_ATTEMPTS 8u    /* a page that was made may be gone again before the next look */
#define PAGE_COST     8192u /* bytes that are copied in the time in which a page is made */

/* One copy under way. */
struct lease_copy {
    struct port *port;
    uint64_t token;
    struct thread *lender; /* as long as the token is good */
    uint64_t lender_address;
    uint64_t address; /* ours */
    uint64_t size;
    uint64_t made; /* pages */
    bool to_lender;
};

/* The thread that waits for the answer, and its lease. It stays allocated until we leave the
 * kernel, and waits as long as the port is locked. */
static int lease_find_locked(struct port *port, uint64_t token, uint64_t index,
                             struct thread **ret_lender, struct message_lease *ret_lease)
    REQUIRES(&port->lock)
{
    struct token_slot *slot = slot_find_locked(port, token);
    struct thread *lender = slot == NULL ? NULL : slot->caller;

    if (lender == NULL) {
        return -ETOKEN_STALE;
    }
    if (lender->slow_token != token || lender->slow_port != port->object.koid ||
        index >= IPC_HEADER_LEASES(lender->call_header)) {
        return -EINVAL;
    }
    *ret_lease = *(const volatile struct message_lease *)&lender->buffer->leases[index];
    *ret_lender = lender;
    return 0;
}

/* Where the first byte lies on the lender's side. What the lender writes into its description
 * afterwards does not change the copy. */
static int check_lease(struct lease_copy *copy, const struct message_lease *lease, uint64_t offset)
{
    if (!(lease->flags & (copy->to_lender ? LEASE_WRITE : LEASE_READ))) {
        return -EACCES;
    }
    if (offset > lease->size || copy->size > lease->size - offset) {
        return -ERANGE;
    }
    if (lease->address < USER_BASE || lease->address > USER_LIMIT ||
        lease->size > USER_LIMIT - lease->address) {
        return -ELEASE;
    }
    copy->lender_address = lease->address + offset;
    return 0;
}

static uint64_t to_page_end(uint64_t address)
{
    return PAGE_SIZE - (address & (PAGE_SIZE - 1));
}

/* Copies up to the end of a page on either side. Returns how much, or 0 when a page has to be made
 * first; then *ret_is_lenders tells whose. */
static uint64_t copy_pages(const struct lease_copy *copy, const struct aspace *lenders,
                           bool *ret_is_lenders)
{
    uint64_t ours_left = to_page_end(copy->address);
    uint64_t size = to_page_end(copy->lender_address);
    void *theirs = aspace_access(lenders, copy->lender_address, copy->to_lender);
    void *ours = aspace_access(aspace_current(), copy->address, !copy->to_lender);

    if (theirs == NULL || ours == NULL) {
        *ret_is_lenders = theirs == NULL;
        return 0;
    }
    size = size < ours_left ? size : ours_left;
    size = size < copy->size ? size : copy->size;
    /* It may be one page, and overlap. */
    memmove(copy->to_lender ? theirs : ours, copy->to_lender ? ours : theirs, size);
    return size;
}

/* Makes the page that was missing. */
static int page_make(const struct lease_copy *copy, struct aspace *lenders, bool is_lenders)
{
    unsigned access = FAULT_PRESENT | (copy->to_lender == is_lenders ? FAULT_WRITE : FAULT_READ);

    int error = is_lenders ? aspace_fault(lenders, copy->lender_address, access)
                           : aspace_fault(aspace_current(), copy->address, access);

    if (error == 0 || error == -ERETRY || error == -EPAGER) {
        return error;
    }
    return is_lenders ? -ELEASE : -EFAULT;
}

/* Whether the call still waits; without a port there is none, and no lease. */
static bool is_good(const struct lease_copy *copy,
                    const struct aspace *lenders) NO_THREAD_SAFETY_ANALYSIS
{
    const struct token_slot *slot;

    if (copy->port == NULL) {
        return lenders->state != ASPACE_CLOSED;
    }
    slot = slot_find_locked(copy->port, copy->token);
    return LIKELY(slot != NULL && slot->caller == copy->lender);
}

/* One step: how much was copied, or the reason why nothing was. */
static int64_t copy_step(struct lease_copy *copy, struct aspace *lenders) NO_THREAD_SAFETY_ANALYSIS
{
    bool is_lenders = true;

    for (unsigned attempt = 0; attempt < PAGE_ATTEMPTS; attempt++) {
        uint64_t copied = 0;
        int error = 0;

        spin_lock(&lenders->lock);
        if (copy->port != NULL) {
            spin_lock(&copy->port->lock);
        }
        if (is_good(copy, lenders)) {
            copied = copy_pages(copy, lenders, &is_lenders);
        } else {
            error = -ETOKEN_STALE;
        }
        if (copy->port != NULL) {
            spin_unlock(&copy->port->lock);
        }
        spin_unlock(&lenders->lock);
        if (error == 0 && copied == 0) {
            error = page_make(copy, lenders, is_lenders);
            copy->made++;
        }
        if (error != 0 || copied != 0) {
            return error != 0 ? error : (int64_t)copied;
        }
    }
    return is_lenders ? -ELEASE : -EFAULT; /* made, and not there: no memory that is copied */
}

static NEVER_INLINE int64_t copy_all(struct lease_copy *copy, struct aspace *lenders)
{
    uint64_t size = copy->size;

    while (copy->size > 0 && size - copy->size + copy->made * PAGE_COST < LEASE_COPY_MAX) {
        int64_t step = copy_step(copy, lenders);

        if (step < 0) {
            return copy->size < size ? (int64_t)(size - copy->size) : step;
        }
        copy->size -= (uint64_t)step;
        copy->address += (uint64_t)step;
        copy->lender_address += (uint64_t)step;
    }
    return (int64_t)(size - copy->size);
}

int64_t process_copy(struct process *process, uint64_t theirs, uint64_t ours, uint64_t size,
                     bool to_process)
{
    struct lease_copy copy = {
        .lender_address = theirs,
        .address = ours,
        .size = size,
        .to_lender = to_process,
    };
    int64_t status;

    if (theirs < USER_BASE || theirs > USER_LIMIT || size > USER_LIMIT - theirs) {
        return -EIO;
    }
    status = copy_all(&copy, process->aspace);
    return status == -ELEASE || status == -ETOKEN_STALE ? -EIO : status;
}

int64_t lease_copy(struct port *port, uint64_t token, uint64_t index, uint64_t offset,
                   uint64_t address, uint64_t size, bool to_lender)
{
    struct lease_copy copy = {
        .port = port,
        .token = token,
        .address = address,
        .size = size,
        .to_lender = to_lender,
    };
    struct message_lease lease;
    int error;

    spin_lock(&port->lock);
    error = lease_find_locked(port, token, index, &copy.lender, &lease);
    spin_unlock(&port->lock);
    if (error == 0) {
        error = check_lease(&copy, &lease, offset);
    }
    if (error != 0) {
        return error;
    }
    /* The lender may go now, but not its record; a step that finds the token good has it alive. */
    return copy_all(&copy, aspace_of_thread(copy.lender));
}

int lease_info(struct port *port, uint64_t token, uint64_t index, uint64_t *ret_size,
               uint32_t *ret_flags)
{
    struct message_lease lease;
    struct thread *lender;
    int error;

    spin_lock(&port->lock);
    error = lease_find_locked(port, token, index, &lender, &lease);
    spin_unlock(&port->lock);
    if (error == 0) {
        *ret_size = lease.size;
        *ret_flags = lease.flags;
    }
    return error;
}
