/* SPDX-License-Identifier: MIT */
/* The boot archive as a tree. Slashes in names make directories. Pure. */
#pragma once

#include "node.h"

/* Puts every file of a checked archive into an empty tree, which is read-only afterwards. What
 * makes no path (an empty component, "." or "..", a file where others have a directory) is left
 * out; *ret_skipped says how many were. 0 or an error: there is no memory. */
int archive_tree_fill(struct tree *tree, const void *archive, handle_t memory,
                      uint32_t *ret_skipped);
