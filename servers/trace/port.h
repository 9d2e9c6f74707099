/* SPDX-License-Identifier: MIT */
/* The second serial port (16550), to which bytes are written and nothing else. */
#pragma once

#include <stdbool.h>
#include <quay/syscall.h>

/* Sets it up: false, if there is none. */
bool port_open(handle_t io);

/* Writes; waits while its FIFO is full. */
void port_write(handle_t io, const uint8_t *bytes, uint32_t count);
