/* SPDX-License-Identifier: MIT */
/*
 * The root resource: authority over the machine. There is one; what of it somebody may use is in
 * the rights of the handle.
 */
#pragma once

#include "cap/object.h"

/* The one resource object; the first call makes it. Borrowed, it is never destroyed. */
struct object *resource_root(void);
