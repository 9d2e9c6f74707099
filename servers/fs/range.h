/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks on a file: ranges of bytes, each with an owner. Locks of descriptions (flock) and
 * of processes (fcntl) know nothing of each other, as in Linux. An owner's new lock replaces what
 * it had in that range, splitting and joining what is left. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum range_kind {
    RANGE_NONE,
    RANGE_SHARED,
    RANGE_EXCLUSIVE,
};

struct range {
    uint64_t first, last; /* both inside */
    enum range_kind kind;
    bool is_of_process;
    uint64_t owner;
    uint64_t description; /* it was taken through; when that is closed it goes */
    struct range *next;
};

struct range_list {
    struct range *first; /* in no order that means anything */
};

/* The first one in the way of this, or NULL. */
const struct range *range_conflict(const struct range_list *list, const struct range *wanted);

/* Sets the lock, or with RANGE_NONE takes locks away. False: there is no memory, nothing changed.
 * The caller has looked for conflicts. */
bool range_set(struct range_list *list, const struct range *wanted);

/* Takes away all that a description brought; whether there were any. */
bool range_drop(struct range_list *list, uint64_t description);

void range_list_free(struct range_list *list); /* NULL is allowed */
