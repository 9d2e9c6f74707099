/* SPDX-License-Identifier: MIT */
/* The handles that a server gets at its start: what every one has, and what its manifest grants. */
#pragma once

#include "service.h"

/* For the start of a service; what is made for it is made once, and copied to each instance. How
 * many, or a negative error number, said on the log. */
int grants_collect(struct service *service, struct qy_spawn_handle *ret_handles);
