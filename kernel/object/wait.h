/* SPDX-License-Identifier: MIT */
/*
 * Waiting for an object's signals, and for nothing but time. Both are the end of a system call of
 * the current thread and return its result.
 */
#pragma once

#include "cap/object.h"
#include "lib/compiler.h"

/* Waits until one of `signals` is set: those that are, or -ETIMEDOUT. Takes FIRED off a timer. */
MUST_USE int64_t object_wait(struct object *object, signals_t signals, time_ns_t deadline);

/* Sleeps until the deadline, then 0. */
MUST_USE int64_t wait_sleep(time_ns_t deadline);
