/* SPDX-License-Identifier: MIT */
/*
 * Balanced binary search trees (AVL) whose links lie inside the elements.
 *
 * The two subtrees of a node differ in height by at most 1, so a tree of n nodes is at most
 * 1.44 log2(n) high. Insert, remove and the searches take that many steps; nothing recurses.
 *
 * - The order comes from the `less` function at insert. Equal nodes are allowed and stand in the
 * order of their insertion.
 * - A node may change its key only in a way that keeps its place among its neighbors.
 * - tree_remove() leaves the node unlinked; tree_node_is_linked() answers for a node that was
 *   initialized by tree_node_init() or has been in a tree.
 * - Nobody here locks; whoever owns the tree does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

struct tree_node {
    struct tree_node *parent;
    struct tree_node *child[2]; /* smaller, greater */
    uint8_t height;             /* 1 for a leaf, 0 for a node that is in no tree */
};

struct tree {
    struct tree_node *root;
};

static inline void tree_init(struct tree *tree)
{
    tree->root = NULL;
}

static inline void tree_node_init(struct tree_node *node)
{
    node->height = 0;
}

static inline bool tree_node_is_linked(const struct tree_node *node)
{
    return node->height != 0;
}

/* Puts `node`, which is in no tree, behind all nodes that are not greater than it. */
void tree_insert(struct tree *tree, struct tree_node *node,
                 bool (*less)(const struct tree_node *a, const struct tree_node *b));

/* Puts `node`, which is in no tree, right behind `pos` (NULL: before all), where the caller knows
 * that it belongs. */
void tree_insert_after(struct tree *tree, struct tree_node *pos, struct tree_node *node);

/* Takes `node` out of `tree`, where it is. */
void tree_remove(struct tree *tree, struct tree_node *node);

/* The least node, NULL if the tree is empty. */
struct tree_node *tree_first(const struct tree *tree);

/* The neighbors of `node` in the order, NULL at the ends. */
struct tree_node *tree_next(const struct tree_node *node);
struct tree_node *tree_prev(const struct tree_node *node);

/*
 * The greatest node with a key <= `key`, NULL if there is none; the last one among equals. `key_of`
 * must agree with the `less` of the inserts.
 */
struct tree_node *tree_find_floor(const struct tree *tree, uint64_t key,
                                  uint64_t (*key_of)(const struct tree_node *node));
