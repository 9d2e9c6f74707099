/* SPDX-License-Identifier: MIT */
/*
 * The tree of a file system in memory: nodes, and the names that directories have for them
 * (directory.h).
 *
 *   struct tree -- nodes[index] --> struct node
 *                                     directory: entries[] in the order of their cookies
 *                                                slots[]: hash of the name -> place in entries[]
 *                                     file:      struct content
 *                                     link:      its text
 *
 * A node's number is its index and its generation, so a number that was given out never means
 * another node. It lives while it has a name (`links`) or somebody has it in use (`holds`). The
 * root has number NODE_ROOT and no name.
 *
 * A cookie is never used twice in a directory, and entries lie in their order: a reader that goes
 * on from the cookie of the last entry it saw misses none and sees none twice, whatever was removed
 * or added meanwhile.
 *
 * Pure: no system calls. Errors are Linux's numbers, as the protocols have them, positive.
 */
#pragma once

#include <idl/dir.h>
#include <idl/file.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "content.h"
#include "directory.h"

#define NODE_ROOT 1ul
#define NAME_MAX  255

/* Types in `mode`. */
#define MODE_TYPE      0170000u
#define MODE_FIFO      0010000u
#define MODE_CHARACTER 0020000u
#define MODE_DIRECTORY 0040000u
#define MODE_BLOCK     0060000u
#define MODE_REGULAR   0100000u
#define MODE_LINK      0120000u
#define MODE_SOCKET    0140000u

struct range_list;

struct node {
    uint64_t number;
    uint32_t mode, links, user, group;
    uint32_t holds;
    bool is_covered, is_watched;
    uint64_t special;
    int64_t accessed, modified, changed, born;
    struct range_list *locks; /* NULL: never had any */
    union {
        struct directory directory;
        struct content content; /* its size is the file's */
        struct {
            char *text;
            uint32_t length;
        } link;
    };
};

struct tree {
    struct node **nodes;
    uint32_t *generations;
    uint32_t capacity, free_first; /* index of a free one, or 0; chained in next_free */
    uint32_t *next_free;
    bool is_read_only;
    uint32_t node_count, node_max;
    struct content_quota quota;
    int64_t (*now)(void); /* nanoseconds since 1970 */
};

/* An empty tree with its root. 0 or ENOMEM. */
int tree_init(struct tree *tree, uint64_t bytes_max, uint32_t node_max, int64_t (*now)(void));
void tree_fini(struct tree *tree);

/* NULL: there is no such node any more. */
struct node *tree_node(const struct tree *tree, uint64_t number);

static inline bool node_is(const struct node *node, uint32_t type)
{
    return (node->mode & MODE_TYPE) == type;
}

/* Makes a node and gives it a name: 0 and *ret_node, or EEXIST, ENOSPC, ENOENT (the directory was
 * removed), EMLINK. The text is that of a link. */
int tree_make(struct tree *tree, struct node *parent, const char *name, uint32_t length,
              uint32_t mode, uint64_t special, const char *text, uint32_t text_length,
              struct node **ret_node);

/* Another name for a node. */
int tree_link(struct tree *tree, struct node *parent, const char *name, uint32_t length,
              struct node *node);

/* Takes a name away, and with the last one the node unless it is held. As unlink, or as rmdir. */
int tree_remove(struct tree *tree, struct node *parent, const char *name, uint32_t length,
                bool is_directory);

/* As renameat2. */
int tree_rename(struct tree *tree, struct node *from, const char *from_name, uint32_t from_length,
                struct node *to, const char *to_name, uint32_t to_length, uint32_t flags);

/* In use, so that it stays; and not any more. */
static inline void node_hold(struct node *node)
{
    node->holds++;
}
void node_release(struct tree *tree, struct node *node);

uint64_t node_size(const struct node *node);
void node_stat(const struct node *node, struct qy_file_stat *ret_stat);

/* chmod, chown, truncate, utimens. */
int node_change(struct tree *tree, struct node *node, const struct qy_file_change *change);
