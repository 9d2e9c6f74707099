/* SPDX-License-Identifier: MIT */
#include <quay/port.h>

/* What ipc.S is written from. */
_Static_assert(offsetof(struct qy_message, words) == 8, "ipc.S");
_Static_assert(offsetof(struct qy_received, token) == 16, "ipc.S");
_Static_assert(offsetof(struct qy_received, message) == 24, "ipc.S");
_Static_assert(SYS_port_call == 201 && SYS_port_reply_receive == 202 && SYS_port_reply == 203,
               "ipc.S");
_Static_assert(SYS_channel_send == 221 && SYS_channel_receive == 222, "ipc.S");
