/* SPDX-License-Identifier: MIT */
/* Sessions of servers by name: those that we were started with, and others through the name
 * service. */
#pragma once

#include <stdbool.h>
#include <quay/names.h>

/* Opened once; NULL: there is none, which was said. */
struct qy_connection *session_open(const char *name);

/* The same for whoever needs a handle; HANDLE_INVALID. */
handle_t session_handle(const char *name);

/* The name of server number `index`, or false when there are no more. A server that nobody serves
 * now has none: "". */
bool session_name(uint32_t index, char ret_name[16]);
