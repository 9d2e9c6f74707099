/* SPDX-License-Identifier: MIT */
#include "lib/tree.h"

enum {
    SMALLER = 0,
    GREATER = 1
};

static int tree_height(const struct tree_node *node)
{
    return node == NULL ? 0 : node->height;
}

/* Recomputes the height of `node` from its children. */
static void tree_update(struct tree_node *node)
{
    int smaller = tree_height(node->child[SMALLER]);
    int greater = tree_height(node->child[GREATER]);

    node->height = (uint8_t)(1 + (smaller > greater ? smaller : greater));
}

/* How much higher the subtree on `side` is than the other one. */
static int tree_lean(const struct tree_node *node, int side)
{
    return tree_height(node->child[side]) - tree_height(node->child[!side]);
}

/* Makes `parent` (or the root of `tree`) point to `node` where it pointed to `old`. */
static void tree_replace_child(struct tree *tree, struct tree_node *parent,
                               const struct tree_node *old, struct tree_node *node)
{
    if (parent == NULL) {
        tree->root = node;
    } else {
        parent->child[parent->child[GREATER] == old ? GREATER : SMALLER] = node;
    }
    if (node != NULL) {
        node->parent = parent;
    }
}

/*
 * The child on `side` rises into the place of `node`, which becomes that child's child:
 *
 *        node                child            (side = GREATER)
 *       /    \              /     \
 *      a    child    ->   node     c
 *           /   \        /    \
 *          b     c      a      b
 *
 * Returns the child.
 */
static struct tree_node *tree_rotate(struct tree *tree, struct tree_node *node, int side)
{
    struct tree_node *child = node->child[side];
    struct tree_node *inner = child->child[!side];

    tree_replace_child(tree, node->parent, node, child);
    child->child[!side] = node;
    node->parent = child;
    node->child[side] = inner;
    if (inner != NULL) {
        inner->parent = node;
    }
    tree_update(node);
    tree_update(child);
    return child;
}

/* Brings back the balance from `node` up to the root, or to where nothing changes any more. */
static void tree_rebalance(struct tree *tree, struct tree_node *node)
{
    while (node != NULL) {
        int old_height = node->height;
        int smaller = tree_height(node->child[SMALLER]);
        int greater = tree_height(node->child[GREATER]);

        if (LIKELY(smaller - greater < 2 && greater - smaller < 2)) {
            node->height = (uint8_t)(1 + (smaller > greater ? smaller : greater));
        } else {
            int side = smaller > greater ? SMALLER : GREATER;

            if (tree_lean(node->child[side], side) < 0) {
                (void)tree_rotate(tree, node->child[side], !side); /* only its effect is wanted */
            }
            node = tree_rotate(tree, node, side);
        }
        if (node->height == old_height) {
            return;
        }
        node = node->parent;
    }
}

/* Hangs a new leaf on a free place below `parent`. */
static void tree_attach(struct tree *tree, struct tree_node *parent, struct tree_node **place,
                        struct tree_node *node)
{
    *place = node;
    node->parent = parent;
    node->child[SMALLER] = NULL;
    node->child[GREATER] = NULL;
    node->height = 1;
    tree_rebalance(tree, parent);
}

void tree_insert(struct tree *tree, struct tree_node *node,
                 bool (*less)(const struct tree_node *a, const struct tree_node *b))
{
    struct tree_node *parent = NULL;
    struct tree_node **place = &tree->root;

    while (*place != NULL) {
        parent = *place;
        place = &parent->child[less(node, parent) ? SMALLER : GREATER];
    }
    tree_attach(tree, parent, place, node);
}

static struct tree_node *tree_outermost(struct tree_node *node, int side)
{
    while (node != NULL && node->child[side] != NULL) {
        node = node->child[side];
    }
    return node;
}

void tree_insert_after(struct tree *tree, struct tree_node *pos, struct tree_node *node)
{
    struct tree_node *parent;

    if (pos != NULL && pos->child[GREATER] == NULL) {
        tree_attach(tree, pos, &pos->child[GREATER], node);
        return;
    }
    parent = tree_outermost(pos == NULL ? tree->root : pos->child[GREATER], SMALLER);
    tree_attach(tree, parent, parent == NULL ? &tree->root : &parent->child[SMALLER], node);
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    struct tree_node *parent = node->parent;
    struct tree_node *changed = parent; /* the lowest node whose subtree lost height */

    if (node->child[SMALLER] == NULL || node->child[GREATER] == NULL) {
        int side = node->child[SMALLER] == NULL ? GREATER : SMALLER;

        tree_replace_child(tree, parent, node, node->child[side]);
    } else {
        /* The next node has no smaller child; it leaves its place and takes that of `node`. */
        struct tree_node *next = tree_outermost(node->child[GREATER], SMALLER);

        changed = next;
        if (next->parent != node) {
            changed = next->parent;
            tree_replace_child(tree, next->parent, next, next->child[GREATER]);
            next->child[GREATER] = node->child[GREATER];
            next->child[GREATER]->parent = next;
        }
        next->child[SMALLER] = node->child[SMALLER];
        next->child[SMALLER]->parent = next;
        next->height = node->height;
        tree_replace_child(tree, parent, node, next);
    }
    node->height = 0;
    tree_rebalance(tree, changed);
}

struct tree_node *tree_first(const struct tree *tree)
{
    return tree_outermost(tree->root, SMALLER);
}

/* The nearest node on `side`: the near end of that subtree, or the first ancestor on that side. */
static struct tree_node *tree_neighbor(const struct tree_node *node, int side)
{
    struct tree_node *parent = node->parent;

    if (node->child[side] != NULL) {
        return tree_outermost(node->child[side], !side);
    }
    while (parent != NULL && parent->child[side] == node) {
        node = parent;
        parent = parent->parent;
    }
    return parent;
}

struct tree_node *tree_next(const struct tree_node *node)
{
    return tree_neighbor(node, GREATER);
}

struct tree_node *tree_prev(const struct tree_node *node)
{
    return tree_neighbor(node, SMALLER);
}

struct tree_node *tree_find_floor(const struct tree *tree, uint64_t key,
                                  uint64_t (*key_of)(const struct tree_node *node))
{
    struct tree_node *node = tree->root;
    struct tree_node *best = NULL;

    while (node != NULL) {
        if (key_of(node) <= key) {
            best = node;
            node = node->child[GREATER];
        } else {
            node = node->child[SMALLER];
        }
    }
    return best;
}
