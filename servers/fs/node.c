/* SPDX-License-Identifier: MIT */
#include "node.h"
#include <quay/heap.h>
#include <quay/text.h>
#include "range.h"

#define NODE_COST  256u /* bytes of the quota for a node, about what it takes */
#define LINKS_MAX  65000u
#define NODES_HARD (1u << 24)

/* Numbers of file.idl that errno.h has no names for. */
#define ERROR(name) QY_FILE_FAILURE_##name

/* --- nodes --------------------------------------------------------------------------------- */

struct node *tree_node(const struct tree *tree, uint64_t number)
{
    uint32_t index = (uint32_t)number;
    struct node *node = index < tree->capacity ? tree->nodes[index] : NULL;
    return node != NULL && node->number == number ? node : NULL;
}

static int tree_grow(struct tree *tree)
{
    uint32_t capacity = tree->capacity == 0 ? 64 : tree->capacity * 2;
    if (capacity > NODES_HARD) {
        return ENOSPC;
    }
    struct node **nodes = qy_alloc_zeroed(capacity, sizeof *nodes);
    uint32_t *generations = qy_alloc_zeroed(capacity, sizeof *generations);
    uint32_t *next_free = qy_alloc_zeroed(capacity, sizeof *next_free);
    if (nodes == NULL || generations == NULL || next_free == NULL) {
        qy_free(nodes);
        qy_free(generations);
        qy_free(next_free);
        return ENOSPC;
    }
    if (tree->capacity > 0) {
        memcpy(nodes, tree->nodes, tree->capacity * sizeof *nodes);
        memcpy(generations, tree->generations, tree->capacity * sizeof *generations);
        memcpy(next_free, tree->next_free, tree->capacity * sizeof *next_free);
    }
    qy_free(tree->nodes);
    qy_free(tree->generations);
    qy_free(tree->next_free);
    tree->nodes = nodes;
    tree->generations = generations;
    tree->next_free = next_free;
    for (uint32_t i = capacity; i-- > (tree->capacity == 0 ? 1 : tree->capacity);) {
        next_free[i] = tree->free_first;
        tree->free_first = i;
    }
    tree->capacity = capacity;
    return 0;
}

static bool quota_take(struct content_quota *quota, uint64_t bytes)
{
    if (bytes > quota->bytes_max - quota->bytes_used) {
        return false;
    }
    quota->bytes_used += bytes;
    return true;
}

static int node_new(struct tree *tree, uint32_t mode, struct node **ret_node)
{
    if (tree->node_count == tree->node_max || (tree->free_first == 0 && tree_grow(tree) != 0) ||
        !quota_take(&tree->quota, NODE_COST)) {
        return ENOSPC;
    }
    struct node *node = qy_alloc_zeroed(1, sizeof *node);
    if (node == NULL) {
        tree->quota.bytes_used -= NODE_COST;
        return ENOSPC;
    }
    uint32_t index = tree->free_first;
    tree->free_first = tree->next_free[index];
    tree->nodes[index] = node;
    tree->node_count++;
    node->number = (uint64_t)tree->generations[index] << 32 | index;
    node->mode = mode;
    node->born = node->accessed = node->modified = node->changed = tree->now();
    if (node_is(node, MODE_DIRECTORY)) {
        node->directory.next_cookie = 3; /* 0 to 2 are ".", ".." and what comes first */
    }
    *ret_node = node;
    return 0;
}

static void node_free(struct tree *tree, struct node *node)
{
    uint32_t index = (uint32_t)node->number;
    if (node_is(node, MODE_DIRECTORY)) {
        directory_fini(&node->directory);
    } else if (node_is(node, MODE_REGULAR)) {
        content_fini(&node->content, &tree->quota);
    } else if (node_is(node, MODE_LINK)) {
        qy_free(node->link.text);
    }
    range_list_free(node->locks);
    tree->nodes[index] = NULL;
    tree->generations[index]++;
    tree->next_free[index] = tree->free_first;
    tree->free_first = index;
    tree->node_count--;
    tree->quota.bytes_used -= NODE_COST;
    qy_free(node);
}

static void node_check(struct tree *tree, struct node *node)
{
    if (node->links == 0 && node->holds == 0) {
        node_free(tree, node);
    }
}

void node_release(struct tree *tree, struct node *node)
{
    node->holds--;
    node_check(tree, node);
}

int tree_init(struct tree *tree, uint64_t bytes_max, uint32_t node_max, int64_t (*now)(void))
{
    struct node *root;
    *tree = (struct tree){.quota.bytes_max = bytes_max, .node_max = node_max, .now = now};
    int error = node_new(tree, MODE_DIRECTORY | 0755, &root);
    if (error != 0) {
        return error;
    }
    root->links = 2;
    root->directory.parent = root->number;
    return 0;
}

void tree_fini(struct tree *tree)
{
    for (uint32_t i = 0; i < tree->capacity; i++) {
        if (tree->nodes[i] != NULL) {
            node_free(tree, tree->nodes[i]);
        }
    }
    qy_free(tree->nodes);
    qy_free(tree->generations);
    qy_free(tree->next_free);
}

/* --- names --------------------------------------------------------------------------------- */

static void touched(struct tree *tree, struct node *directory)
{
    directory->modified = directory->changed = tree->now();
}

/* Whether a new name can be there, and then one can be added without failing. */
static int name_prepare(struct tree *tree, struct node *parent, const char *name, uint32_t length)
{
    if (tree->is_read_only) {
        return ERROR(READ_ONLY);
    }
    if (directory_find(&parent->directory, name, length) != NULL) {
        return EEXIST;
    }
    if (parent->directory.parent == 0) {
        return ENOENT;
    }
    return directory_prepare(&parent->directory);
}

static int link_text_set(struct node *node, const char *text, uint32_t length)
{
    node->link.text = qy_alloc(length);
    if (node->link.text == NULL) {
        return ENOSPC;
    }
    memcpy(node->link.text, text, length);
    node->link.length = length;
    return 0;
}

int tree_make(struct tree *tree, struct node *parent, const char *name, uint32_t length,
              uint32_t mode, uint64_t special, const char *text, uint32_t text_length,
              struct node **ret_node)
{
    struct node *node;
    bool is_directory = (mode & MODE_TYPE) == MODE_DIRECTORY;
    int error = name_prepare(tree, parent, name, length);
    if (error == 0 && is_directory && parent->links >= LINKS_MAX) {
        error = ERROR(TOO_MANY_LINKS);
    }
    if (error == 0) {
        error = node_new(tree, mode, &node);
    }
    if (error != 0) {
        return error;
    }
    struct entry *entry = entry_new(name, length, node->number, node->mode);
    if (entry == NULL ||
        (node_is(node, MODE_LINK) && link_text_set(node, text, text_length) != 0)) {
        qy_free(entry);
        node_free(tree, node);
        return ENOSPC;
    }
    node->special = special;
    node->links = is_directory ? 2 : 1;
    if (is_directory) {
        node->directory.parent = parent->number;
        parent->links++;
    }
    directory_add(&parent->directory, entry);
    touched(tree, parent);
    *ret_node = node;
    return 0;
}

int tree_link(struct tree *tree, struct node *parent, const char *name, uint32_t length,
              struct node *node)
{
    if (node_is(node, MODE_DIRECTORY)) {
        return EPERM;
    }
    if (node->links >= LINKS_MAX) {
        return ERROR(TOO_MANY_LINKS);
    }
    int error = node->links == 0 ? ENOENT : name_prepare(tree, parent, name, length);
    if (error != 0) {
        return error;
    }
    struct entry *entry = entry_new(name, length, node->number, node->mode);
    if (entry == NULL) {
        return ENOSPC;
    }
    node->links++;
    node->changed = tree->now();
    directory_add(&parent->directory, entry);
    touched(tree, parent);
    return 0;
}

/* Whether this name may be removed, as unlink or as rmdir. */
static int remove_check(const struct node *node, bool is_directory)
{
    if (is_directory != node_is(node, MODE_DIRECTORY)) {
        return is_directory ? ERROR(NOT_A_DIRECTORY) : ERROR(IS_A_DIRECTORY);
    }
    if (node->is_covered) {
        return EBUSY;
    }
    return is_directory && node->directory.count > 0 ? ERROR(NOT_EMPTY) : 0;
}

/* The entry is gone already: what that means for its node. */
static void node_unlinked(struct tree *tree, struct node *parent, struct node *node)
{
    node->changed = tree->now();
    if (node_is(node, MODE_DIRECTORY)) {
        parent->links--;
        node->links = 0;
        node->directory.parent = 0;
    } else {
        node->links--;
    }
    node_check(tree, node);
}

int tree_remove(struct tree *tree, struct node *parent, const char *name, uint32_t length,
                bool is_directory)
{
    struct entry *entry = directory_find(&parent->directory, name, length);
    if (entry == NULL) {
        return ENOENT;
    }
    if (tree->is_read_only) {
        return ERROR(READ_ONLY);
    }
    struct node *node = tree_node(tree, entry->node);
    int error = remove_check(node, is_directory);
    if (error != 0) {
        return error;
    }
    qy_free(directory_take(&parent->directory, name, length));
    touched(tree, parent);
    node_unlinked(tree, parent, node);
    return 0;
}

/* Whether `node` is `below` or lies somewhere above it. */
static bool is_above(const struct tree *tree, const struct node *node, const struct node *below)
{
    while (below != NULL) {
        if (below == node) {
            return true;
        }
        if (below->number == NODE_ROOT) {
            return false;
        }
        below = tree_node(tree, below->directory.parent);
    }
    return false;
}

static void parent_set(struct node *node, struct node *from, struct node *to)
{
    if (node_is(node, MODE_DIRECTORY) && from != to) {
        node->directory.parent = to->number;
        from->links--;
        to->links++;
    }
}

static int exchange(struct tree *tree, struct node *from, struct entry *one, struct node *to,
                    struct entry *other)
{
    struct node *first = tree_node(tree, one->node), *second = tree_node(tree, other->node);
    if (is_above(tree, first, to) || is_above(tree, second, from)) {
        return EINVAL;
    }
    if (first->is_covered || second->is_covered) {
        return EBUSY;
    }
    entry_set(one, second->number, second->mode);
    entry_set(other, first->number, first->mode);
    parent_set(first, from, to);
    parent_set(second, to, from);
    return 0;
}

/* Whether what has the new name may be replaced. */
static int replace_check(const struct node *node, const struct node *target)
{
    return remove_check(target, node_is(node, MODE_DIRECTORY));
}

int tree_rename(struct tree *tree, struct node *from, const char *from_name, uint32_t from_length,
                struct node *to, const char *to_name, uint32_t to_length, uint32_t flags)
{
    struct entry *entry = directory_find(&from->directory, from_name, from_length);
    struct entry *other = directory_find(&to->directory, to_name, to_length);
    if (tree->is_read_only) {
        return ERROR(READ_ONLY);
    }
    if (entry == NULL || to->directory.parent == 0) {
        return ENOENT;
    }
    struct node *node = tree_node(tree, entry->node);
    struct node *target = other != NULL ? tree_node(tree, other->node) : NULL;
    bool is_exchange = (flags & QY_DIR_RENAME_FLAGS_EXCHANGE) != 0;
    if (is_exchange && (target == NULL || (flags & QY_DIR_RENAME_FLAGS_NO_REPLACE) != 0)) {
        return target == NULL ? ENOENT : EINVAL;
    }
    if (target != NULL && (flags & QY_DIR_RENAME_FLAGS_NO_REPLACE) != 0) {
        return EEXIST;
    }
    if (node == target) {
        return 0; /* two names of one file: POSIX leaves both */
    }
    if (node->is_covered) {
        return EBUSY;
    }
    if (is_above(tree, node, to)) {
        return EINVAL;
    }
    int error = 0;
    if (is_exchange) {
        error = exchange(tree, from, entry, to, other);
    } else if (target != NULL) {
        error = is_above(tree, target, from) ? ERROR(NOT_EMPTY) : replace_check(node, target);
    }
    struct entry *made = NULL;
    if (error == 0 && target == NULL) {
        error = directory_prepare(&to->directory);
        made = error == 0 ? entry_new(to_name, to_length, node->number, node->mode) : NULL;
        error = error == 0 && made == NULL ? ENOSPC : error;
    }
    if (error != 0) {
        return error;
    }
    if (!is_exchange) {
        qy_free(directory_take(&from->directory, from_name, from_length));
        parent_set(node, from, to);
        if (target != NULL) {
            entry_set(other, node->number, node->mode); /* the name is never missing */
            node_unlinked(tree, to, target);
        } else {
            directory_add(&to->directory, made);
        }
    }
    node->changed = tree->now();
    touched(tree, from);
    touched(tree, to);
    return 0;
}

/* --- what stat tells ----------------------------------------------------------------------- */

uint64_t node_size(const struct node *node)
{
    switch (node->mode & MODE_TYPE) {
    case MODE_REGULAR:
        return node->content.size;
    case MODE_LINK:
        return node->link.length;
    case MODE_DIRECTORY:
        return node->directory.count * 20ul + 40;
    default:
        return 0;
    }
}

#define BLOCKS_A_PAGE (PAGE_SIZE / 512)

/* As others count them, though small files take less. */
static uint64_t pages_of(uint64_t bytes)
{
    return (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
}

void node_stat(const struct node *node, struct qy_file_stat *ret_stat)
{
    *ret_stat = (struct qy_file_stat){
        .inode = node->number,
        .mode = node->mode,
        .links = node->links,
        .user = node->user,
        .group = node->group,
        .special = node->special,
        .size = node_size(node),
        .blocks = node_is(node, MODE_REGULAR) ? pages_of(node->content.charged) * BLOCKS_A_PAGE : 0,
        .accessed = node->accessed,
        .modified = node->modified,
        .changed = node->changed,
        .born = node->born,
        .block_size = PAGE_SIZE,
    };
}

int node_change(struct tree *tree, struct node *node, const struct qy_file_change *change)
{
    uint32_t what = change->what;
    if (tree->is_read_only) {
        return ERROR(READ_ONLY);
    }
    if ((what & QY_FILE_CHANGE_WHAT_SIZE) != 0) {
        int error = node_is(node, MODE_DIRECTORY) ? ERROR(IS_A_DIRECTORY)
                    : !node_is(node, MODE_REGULAR)
                        ? EINVAL
                        : content_resize(&node->content, &tree->quota, change->size);
        if (error != 0) {
            return error;
        }
        node->modified = tree->now();
    }
    if ((what & QY_FILE_CHANGE_WHAT_MODE) != 0) {
        node->mode = (node->mode & MODE_TYPE) | (change->mode & 07777);
    }
    if ((what & QY_FILE_CHANGE_WHAT_USER) != 0) {
        node->user = change->user;
    }
    if ((what & QY_FILE_CHANGE_WHAT_GROUP) != 0) {
        node->group = change->group;
    }
    if ((what & QY_FILE_CHANGE_WHAT_ACCESSED) != 0) {
        node->accessed = change->accessed;
    }
    if ((what & QY_FILE_CHANGE_WHAT_MODIFIED) != 0) {
        node->modified = change->modified;
    }
    node->changed = tree->now();
    if ((what & QY_FILE_CHANGE_WHAT_ACCESSED_NOW) != 0) {
        node->accessed = node->changed;
    }
    if ((what & QY_FILE_CHANGE_WHAT_MODIFIED_NOW) != 0) {
        node->modified = node->changed;
    }
    return 0;
}
