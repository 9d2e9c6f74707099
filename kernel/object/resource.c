/* SPDX-License-Identifier: MIT */
#include "object/resource.h"

#include "core/panic.h"

static struct object resource_object;

static void resource_destroy(struct object *object)
{
    panic("the root resource (koid %lu) was destroyed", object->koid);
}

static const struct object_ops resource_ops = {.destroy = resource_destroy};

struct object *resource_root(void)
{
    if (resource_object.ops == NULL) {
        object_init(&resource_object, OBJECT_RESOURCE, &resource_ops); /* our reference stays */
    }
    return &resource_object;
}
