/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

/* Zeroed memory of the host, at the address or (NULL) anywhere. Aborts if there is none. */
void *fake_host_map(void *address, size_t size);
