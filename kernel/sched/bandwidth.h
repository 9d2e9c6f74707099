/* SPDX-License-Identifier: MIT */
/*
 * CPU bandwidth: threads of a job whose limit JOB_CPU_TIME is used up, or that of one above it, do
 * not run until the next period. Time is charged at switches and at ticks, so a job may use up to a
 * tick too much on each CPU: a debt, which the next periods pay.
 */
#pragma once

#include <stdbool.h>
#include <quay/abi/types.h>
#include "cap/account.h"

/* Some job has, or had, a limit. Only then anything here costs time. */
extern bool bandwidth_in_use;

/* When the period after `now` begins. */
static inline time_ns_t bandwidth_next_period(time_ns_t now)
{
    return (now / JOB_CPU_PERIOD_NS + 1) * JOB_CPU_PERIOD_NS;
}

/* Charges the limited ones of the account and all above it. NULL (idle) is nobody. */
PRESERVE_MOST void bandwidth_charge(struct account *account, time_ns_t ns, time_ns_t now);

bool bandwidth_is_spent(struct account *account, time_ns_t now);
