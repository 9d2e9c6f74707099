/* SPDX-License-Identifier: MIT */
/* Switching the machine off and restarting it. */
#pragma once

#include <idl/power.h>

/* Reads the ACPI tables and takes the I/O ports; says on the log what is missing. */
void power_init(void);

extern const struct qy_power_handlers power_handlers;
