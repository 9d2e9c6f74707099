/* SPDX-License-Identifier: MIT */
#include "archive_tree.h"
#include <quay/archive.h>
#include <quay/text.h>

#define FILE_MODE      (MODE_REGULAR | 0555)
#define DIRECTORY_MODE (MODE_DIRECTORY | 0755)

/* The directory of this name, made if it is not there; NULL: *ret_error, 0 if it cannot be one. */
static struct node *directory_get(struct tree *tree, struct node *parent, const char *name,
                                  uint32_t length, int *ret_error)
{
    struct node *node = NULL;
    const struct entry *entry = directory_find(&parent->directory, name, length);
    *ret_error = 0;
    if (entry != NULL) {
        node = tree_node(tree, entry->node);
        return node_is(node, MODE_DIRECTORY) ? node : NULL;
    }
    *ret_error = tree_make(tree, parent, name, length, DIRECTORY_MODE, 0, NULL, 0, &node);
    return *ret_error == 0 ? node : NULL;
}

static bool is_component(const char *name, uint32_t length)
{
    return length > 0 && !(name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}

static uint32_t component_length(const char *name)
{
    uint32_t length = 0;
    while (name[length] != 0 && name[length] != '/') {
        length++;
    }
    return length;
}

/* 0 and whether it was put there; or an error. */
static int file_add(struct tree *tree, const struct archive_entry *file, const void *archive,
                    handle_t memory, bool *ret_added)
{
    struct node *parent = tree_node(tree, NODE_ROOT), *node;
    const char *name = file->name;
    uint32_t length = component_length(name);
    int error = 0;
    *ret_added = false;
    while (name[length] == '/' && is_component(name, length)) {
        parent = directory_get(tree, parent, name, length, &error);
        if (parent == NULL) {
            return error;
        }
        name += length + 1;
        length = component_length(name);
    }
    if (!is_component(name, length)) {
        return 0;
    }
    error = tree_make(tree, parent, name, length, FILE_MODE, 0, NULL, 0, &node);
    if (error != 0) {
        return error == EEXIST ? 0 : error;
    }
    node->content = (struct content){
        .size = file->size_bytes,
        .room = file->size_bytes,
        .charged = file->size_bytes,
        /* SAFETY: never written, because it is fixed. */
        .bytes = (uint8_t *)(uintptr_t)archive + file->offset_bytes,
        .memory = memory,
        .position = file->offset_bytes,
        .is_fixed = true,
    };
    tree->quota.bytes_used += file->size_bytes; /* for df: there is no more than there is */
    *ret_added = true;
    return 0;
}

int archive_tree_fill(struct tree *tree, const void *archive, handle_t memory,
                      uint32_t *ret_skipped)
{
    const struct archive_entry *file;
    *ret_skipped = 0;
    for (uint32_t i = 0; (file = qy_archive_entry(archive, i)) != NULL; i++) {
        bool is_added;
        int error = file_add(tree, file, archive, memory, &is_added);
        if (error != 0) {
            return error;
        }
        *ret_skipped += !is_added;
    }
    tree->is_read_only = true;
    tree->quota.bytes_max = tree->quota.bytes_used;
    return 0;
}
