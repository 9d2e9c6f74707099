/* SPDX-License-Identifier: MIT */
/* Kernel objects, rights and error numbers as the language names them. */
#pragma once

#include <stdint.h>
#include "diagnostic.h"

struct object {
    const char *name;
    const char *c_name; /* OBJECT_MEMORY */
    uint32_t type;
};

/* NULL if there is none; then *suggestion knows which is near. */
const struct object *object_find(const char *name, struct suggestion *suggestion);

/* The bit of a right of this object, or 0. */
uint32_t right_find(const struct object *object, const char *name, struct suggestion *suggestion);

/* "RIGHT_READ | RIGHT_WRITE", or "0", added to the text. */
void rights_print(struct text *text, const struct object *object, uint32_t rights);

/* The same as the language writes it, "read | write"; nothing for no rights. */
void rights_print_plain(struct text *text, const struct object *object, uint32_t rights);

/* A Linux error number by its C name, or 0. */
uint32_t errno_find(const char *name, struct suggestion *suggestion);
