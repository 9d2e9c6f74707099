/* SPDX-License-Identifier: MIT */
#include "directory.h"
#include <quay/text.h>

int directory_find(const struct directory *directory, const char *name)
{
    for (uint32_t i = 0; i < directory->count; i++) {
        if (qy_streq(directory->names[i].name, name)) {
            return (int)i;
        }
    }
    return -ENOENT;
}

int directory_add(struct directory *directory, const char *name)
{
    int index = directory_find(directory, name);
    if (index >= 0) {
        return index;
    }
    if (directory->count == DIRECTORY_MAX) {
        return -ENOSPC;
    }
    struct directory_name *added = &directory->names[directory->count];
    *added = (struct directory_name){0};
    (void)qy_strlcpy(added->name, name, sizeof added->name); /* as long as names may be */
    /* Counted when it is complete: we may be killed in between. */
    __atomic_store_n(&directory->count, directory->count + 1, __ATOMIC_RELEASE);
    return (int)directory->count - 1;
}
