/* SPDX-License-Identifier: MIT */
#include "walk.h"
#include <quay/text.h>

static int stop_at(struct walk *walk, struct node *node, enum qy_fs_stop why, uint32_t consumed)
{
    walk->node = node;
    walk->place.node = node->number;
    walk->place.stop = why;
    walk->place.consumed = consumed;
    return 0;
}

/* One component down from walk->node. True: the walk ends here, with *ret_error. */
static bool step_down(const struct tree *tree, struct walk *walk, uint32_t end, bool is_followed,
                      int *ret_error)
{
    struct node *parent = walk->node;
    struct entry *entry = parent->directory.parent == 0
                              ? NULL
                              : directory_find_hash(&parent->directory, walk->name,
                                                    walk->name_length, walk->name_hash);
    struct node *node = entry != NULL ? tree_node(tree, entry->node) : NULL;
    walk->parent = parent;
    walk->place.parent = parent->number;
    walk->node = node;
    *ret_error = 0;
    if (node == NULL) {
        *ret_error = ENOENT;
        return true;
    }
    if (node_is(node, MODE_LINK) && is_followed) {
        (void)stop_at(walk, node, QY_FS_STOP_LINK, end);
        return true;
    }
    if (node->is_covered) {
        (void)stop_at(walk, node, QY_FS_STOP_MOUNT, end);
        return true;
    }
    return false;
}

static inline bool is_dots(const uint8_t *component, uint32_t length)
{
    return component[0] == '.' && (length == 1 || (length == 2 && component[1] == '.'));
}

int tree_walk(const struct tree *tree, uint64_t start, uint64_t root, uint32_t flags,
              const uint8_t *path, uint32_t path_length, struct walk *ret_walk)
{
    struct walk *walk = ret_walk;
    *walk = (struct walk){.node = tree_node(tree, start)};
    walk->parent = walk->node;
    if (walk->node == NULL) {
        return QY_FILE_FAILURE_STALE;
    }
    walk->place.parent = start;
    for (uint32_t at = 0;;) {
        while (at < path_length && path[at] == '/') {
            at++;
        }
        if (at == path_length) {
            break;
        }
        uint32_t end = at, behind, hash = NAME_HASH;
        while (end < path_length && path[end] != '/') {
            hash = name_hash_add(hash, path[end++]);
        }
        for (behind = end; behind < path_length && path[behind] == '/'; behind++) {
        }
        bool is_last = behind == path_length;
        bool is_parent = is_last && (flags & QY_FS_WALK_FLAGS_PARENT) != 0;
        walk->has_slash = behind > end;
        if (!node_is(walk->node, MODE_DIRECTORY)) {
            return QY_FILE_FAILURE_NOT_A_DIRECTORY;
        }
        if (end - at > NAME_MAX) {
            return QY_FILE_FAILURE_NAME_TOO_LONG;
        }
        walk->name = (const char *)path + at;
        walk->name_hash = hash;
        walk->name_length = is_dots(path + at, end - at) ? 0 : end - at;
        if (is_parent) {
            walk->parent = walk->node;
            return stop_at(walk, walk->node, QY_FS_STOP_NONE, at);
        }
        if (walk->name_length > 0) {
            int error;
            bool is_followed =
                !is_last || walk->has_slash || (flags & QY_FS_WALK_FLAGS_FOLLOW) != 0;
            if (step_down(tree, walk, end, is_followed, &error)) {
                walk->name_length = is_last ? walk->name_length : 0;
                return error;
            }
        } else if (end - at == 2) {
            if (walk->node->number == root || walk->node->number == NODE_ROOT) {
                return stop_at(walk, walk->node, QY_FS_STOP_UP, end);
            }
            walk->node = tree_node(tree, walk->node->directory.parent);
            if (walk->node == NULL) {
                walk->name_length = 0;
                return ENOENT;
            }
        }
        at = end;
    }
    if (!node_is(walk->node, MODE_DIRECTORY) &&
        (walk->has_slash || (flags & QY_FS_WALK_FLAGS_DIRECTORY) != 0)) {
        return QY_FILE_FAILURE_NOT_A_DIRECTORY;
    }
    return stop_at(walk, walk->node, QY_FS_STOP_NONE, path_length);
}
