/* SPDX-License-Identifier: MIT */
/* What the console answers, by protocol. */
#pragma once

struct qy_device_handlers;
struct qy_file_handlers;
struct qy_tty_handlers;

extern const struct qy_device_handlers open_handlers;
extern const struct qy_file_handlers file_handlers;
extern const struct qy_tty_handlers tty_handlers;
