/* SPDX-License-Identifier: MIT */
/* Between the files of the driver; one thread does everything. */
#pragma once

#include <stdbool.h>
#include <quay/server.h>

/* Sets controller and keyboard up, which takes a second at most. 0, -ENODEV if there is none, or
 * another negative error number. */
int controller_init(handle_t data, handle_t control);

/* Whether what the keyboard sends is set 2 as it is, and not translated to set 1. */
bool controller_is_set_2(void);

/* The next byte of the keyboard, or -EAGAIN. */
int controller_receive(void);

/* Sends it to the keyboard. False: the controller does not take it now. */
bool controller_send(uint8_t byte);

/* Times that something did not come. */
uint64_t controller_time_outs(void);
