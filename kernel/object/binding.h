/* SPDX-License-Identifier: MIT */
/* A binding: an observer of an object whose signals become notices of a port. Port-internal. */
#pragma once

#include "object/port.h"

struct binding {
    struct observer observer; /* holds a reference to the object */
    struct notice notice;
    struct port *port;
    struct account *account;
    struct list port_link; /* port->bindings, under the port's lock */
    struct sync_node grace;
};

extern const struct object_ops session_ops;
void binding_init(void);

/* A closed port lets one of its sessions, or bindings, go; false if there is none. */
MUST_USE bool session_close_one(struct port *port);
MUST_USE bool binding_close_one(struct port *port);
