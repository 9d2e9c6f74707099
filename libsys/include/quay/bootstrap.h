/* SPDX-License-Identifier: MIT */
/*
 * What this program was given at its start: handles by kind and name, and its arguments. The block
 * is checked once, before main runs; the layout is in <quay/abi/bootstrap.h>. A program has no
 * other authority than these handles.
 */
#pragma once

#include <stdbool.h>
#include <quay/abi/bootstrap.h>

/* Whether a block of which `mapped_bytes` can be read is sound: every offset, count, name and
 * string lies inside. Pure. */
bool qy_bootstrap_valid(const void *block, size_t mapped_bytes);

/* Like qy_bootstrap_handle, on any valid block. */
const struct bootstrap_handle *qy_bootstrap_lookup(const struct bootstrap *block, uint32_t kind,
                                                   const char *name);

/* The handle of this kind (BOOTSTRAP_...) and name (NULL: any), or HANDLE_INVALID. */
handle_t qy_bootstrap_handle(uint32_t kind, const char *name);

/* The value that came with it, or 0. */
uint64_t qy_bootstrap_value(uint32_t kind, const char *name);

/* All handles, one after the other; NULL: there are no more. */
const struct bootstrap_handle *qy_bootstrap_at(uint32_t index);

/* "NAME=VALUE" of the environment, one after the other; NULL: there are no more. */
const char *qy_bootstrap_environment(uint32_t index);

/* Ticks of the time-stamp counter per second. */
uint64_t qy_tsc_hz(void);

/* The process's own handles. */
handle_t qy_self_process(void);
handle_t qy_self_aspace(void);
handle_t qy_self_job(void);
