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

void session_init(void);
void binding_init(void);

/* A closed port lets some of its sessions, or bindings, go; true when none is left. */
MUST_USE bool sessions_close(struct port *port);
MUST_USE bool bindings_close(struct port *port);
