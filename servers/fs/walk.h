/* SPDX-License-Identifier: MIT */
/*
 * Walking a path through a tree. A walk ends where fs.idl says: it arrives, or stops at a symbolic
 * link, a covered node, or at ".." where the tree cannot go up. Pure.
 */
#pragma once

#include <idl/fs.h>
#include "node.h"

struct walk {
    struct qy_fs_place place;
    struct node *node; /* where it ended; NULL: the last component is not there */
    /* Of the last component, if the walk came to it. */
    struct node *parent;
    const char *name;
    uint32_t name_hash;
    uint32_t name_length; /* 0: the path has none, it ends in "." or ".." or is empty */
    bool has_slash;       /* behind the last component */
};

/* Walks. 0, or an error; ENOENT with node NULL and a name: all is there but the last component. */
int tree_walk(const struct tree *tree, uint64_t start, uint64_t root, uint32_t flags,
              const uint8_t *path, uint32_t path_length, struct walk *ret_walk);
