/* SPDX-License-Identifier: MIT */
/* Switching the machine off and restarting it. */
#pragma once

#include <quay/server.h>

/* Reads the ACPI tables and takes the I/O ports; says on the log what is missing. */
void power_init(void);

/* The methods of quay/proto/power.h. */
extern const struct qy_method power_methods[];
extern const uint32_t power_method_count;
