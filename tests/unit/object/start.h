/* SPDX-License-Identifier: MIT */
/* What the tests of objects begin with: a machine, init's thread and handles. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <quay/abi/bootstrap.h>
#include "fake/fake.h"

static inline struct fake_thread *start_with(unsigned cpus, unsigned choice)
{
    const struct fake_config config = {.cpus = cpus, .choice = choice};

    fake_boot(&config);
    return fake_init_thread();
}

static inline struct fake_thread *start(void)
{
    return start_with(1, 0);
}

static inline handle_t job(void)
{
    return fake_bootstrap(BOOTSTRAP_JOB);
}

static inline handle_t resource(void)
{
    return fake_bootstrap(BOOTSTRAP_RESOURCE);
}

static inline handle_t aspace(void)
{
    return fake_bootstrap(BOOTSTRAP_ASPACE);
}

static inline uint64_t must(int64_t result, const char *what, int line)
{
    if (result <= 0) {
        fake_fail("line %d: %s = %ld", line, what, (long)result);
    }
    return (uint64_t)result;
}

/* A call that must return something positive: a handle or an address. */
#define MAKE(thread, number, ...) must(fake_call(thread, number, __VA_ARGS__), #number, __LINE__)

/* A copy of a handle with fewer rights. */
static inline handle_t with_rights(struct fake_thread *thread, handle_t handle, rights_t rights)
{
    return MAKE(thread, SYS_handle_dup, handle, rights);
}

/* A handle that was valid once. */
static inline handle_t stale(struct fake_thread *thread)
{
    handle_t handle = MAKE(thread, SYS_event_create, job());

    assert_int_equal(fake_call(thread, SYS_handle_close, handle), 0);
    return handle;
}
