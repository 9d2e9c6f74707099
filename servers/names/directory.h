/* SPDX-License-Identifier: MIT */
/*
 * The names that there are. What lies in struct directory survives the server: every instruction
 * leaves it sound. Ports are handles, which do not. Pure.
 */
#pragma once

#include <idl/names.h>

#define DIRECTORY_MAX 64

struct directory_name {
    char name[16];
    uint64_t generation;
};

struct directory {
    uint32_t count;
    uint32_t connections; /* sessions given out, for a badge of their own; wraps around */
    struct directory_name names[DIRECTORY_MAX];
};

/* Its index, or -ENOENT. */
int directory_find(const struct directory *directory, const char *name);

/* Its index; adds the name if it is new. -ENOSPC when there is no room. */
int directory_add(struct directory *directory, const char *name);
