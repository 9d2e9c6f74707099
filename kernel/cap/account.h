/* SPDX-License-Identifier: MIT */
/*
 * Accounts: who pays. Every page, object and thread is charged to an account; an account has a
 * limit and a usage per resource (enum job_resource), and a charge counts in it and in every
 * account above it, up to JOB_DEPTH_MAX levels. A job is an account with a handle.
 *
 * Whoever is charged keeps only a pointer: an account outlives its job until its usage is zero
 * (account_orphan), and the ones above it live at least as long.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <quay/abi/job.h>
#include "lib/compiler.h"
#include "mm/slab.h"

/* The resources that are charged and given back; the others are policy. */
#define ACCOUNT_CHARGED (JOB_JOBS + 1)

struct account {
    struct account *parent; /* fixed; NULL for the root */

    /* Atomic. */
    uint64_t usage[JOB_RESOURCE_COUNT];
    uint64_t limit[JOB_RESOURCE_COUNT];
    uint64_t alarm[ACCOUNT_CHARGED]; /* a charge beyond it is looked at closely */
    uint64_t cpu_period; /* to which the usage of CPU time belongs: see sched/bandwidth.h */
    uint32_t is_low;     /* memory, as far as its owner has been told, or will be */
    uint32_t orphan;     /* 0: has an owner; 1: none, waits for its usage to end; 2: ended */

    void (*released)(struct account *account); /* set by account_orphan */
    void (*changed)(struct account *account);  /* is_low has to be settled; perhaps under locks */
};

/* No usage, no limits. */
void account_init(struct account *account, struct account *parent,
                  void (*changed)(struct account *account));

/* Sets a limit; the caller sees to it that one is set at a time. */
void account_set_limit(struct account *account, enum job_resource resource, uint64_t limit);

/* Makes is_low what it has to be, and returns it: whether less memory is left than JOB_MEMORY_LOW.
 * It ends when an eighth more is. */
bool account_settle(struct account *account);

/* Charges the account and all above it, or nothing: 0 or -EQUOTA (memory: -ENOMEM). No locks. */
MUST_USE int account_charge(struct account *account, enum job_resource resource, uint64_t amount);

/* The least limit of the account and all above it. */
uint64_t account_limit(const struct account *account, enum job_resource resource);

/* Takes a charge back; amounts must match. */
void account_uncharge(struct account *account, enum job_resource resource, uint64_t amount);

/* A zeroed record of this cache, its memory charged to the account; NULL: -ENOMEM. No locks. */
void *account_alloc(struct account *account, struct slab_cache *cache);

/* Gives it back to both. */
void account_free(struct account *account, struct slab_cache *cache, void *record);

/* 2^order pages with any contents, charged to the account; NULL: -ENOMEM. No locks. */
void *account_pages_alloc(struct account *account, unsigned order);

/* Gives them back to both. */
void account_pages_free(struct account *account, void *pages, unsigned order);

/* The owner goes. Once the usage is zero, now or later, `released` is called exactly once, perhaps
 * under locks; others may still be looking at the account until a grace period has passed. */
void account_orphan(struct account *account, void (*released)(struct account *account));
