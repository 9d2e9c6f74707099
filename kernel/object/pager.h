/* SPDX-License-Identifier: MIT */
/*
 * Memory whose pages a program supplies. The thread that touches one that is not there waits, and
 * the pager is told at its port, by a notice of the memory:
 *
 *     fault --> asking --notice--> told --memory_supply--> the instruction runs again
 *                 |                 |
 *                 +--- deadline, or end of the port ---> the fault is an error
 *
 * A notice names one fault; the next one is queued when it was received. A thread is in one of
 * the lists as long as it waits for this memory, under the lock of the port.
 */
#pragma once

#include "object/port.h"
#include "vm/memory.h"

struct pager {
    struct object object;

    /* Fixed. */
    struct port *port; /* with a reference */
    time_ns_t timeout_ns;

    /* Under the port's lock. */
    struct list asking, told; /* thread->sleep_link */
    struct list port_link;
    struct notice notice; /* names the last one told */
};

extern const struct object_ops pager_ops;

/* Makes new memory one whose pages are asked for at the port, with this key; a fault lasts at most
 * `timeout_ns`. 0, -EPEER_DIED (closed), -ENOMEM. */
MUST_USE int pager_create(struct memory *memory, struct port *port, uint64_t key,
                          time_ns_t timeout_ns);

/* The current thread touched a page that is to be supplied. 0: it waits, or the page has come: the
 * instruction runs again. -ETIMEDOUT, -EPEER_DIED: the fault is an error. */
MUST_USE int pager_fault(uint64_t address);

/* Pages have come: who waits for them goes on. */
void pager_supplied(struct memory *memory, uint64_t offset, uint64_t size_bytes);

/* The notice of a memory is free: it names the next fault that nobody was told of. */
void pager_tell_locked(struct notice *notice);

/* Ends one fault, or else one pager's bond to a closed port; false if there is none. */
MUST_USE bool pager_close_one(struct port *port);
