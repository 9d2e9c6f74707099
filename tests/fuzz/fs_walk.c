/* SPDX-License-Identifier: MIT */
/* Any path through a small tree, and an archive with any names as a tree. */
#include "fuzz/input.h"

#include <quay/abi/archive.h>
#include <quay/heap.h>
#include <stdlib.h>
#include <string.h>
#include "servers/fs/archive_tree.h"
#include "servers/fs/pages.h"
#include "servers/fs/walk.h"

void *qy_alloc(size_t size)
{
    return malloc(size > 0 ? size : 1);
}

void *qy_alloc_zeroed(size_t count, size_t size)
{
    return calloc(count > 0 ? count : 1, size > 0 ? size : 1);
}

void *qy_realloc(void *block, size_t size)
{
    return realloc(block, size > 0 ? size : 1);
}

void qy_free(void *block)
{
    free(block);
}

bool pages_grow(struct pages *pages, uint64_t size)
{
    (void)pages, (void)size;
    return false; /* no file is that large */
}

bool pages_cut(struct pages *pages, uint64_t size)
{
    (void)pages, (void)size;
    return false;
}

void pages_end(struct pages *pages)
{
    (void)pages;
}

static int64_t now(void)
{
    return 1;
}

#define ARCHIVE_FILES 6u

/* An archive of which only the names are the input's. */
static void archive_try(struct input *input)
{
    static _Alignas(8)
        uint8_t bytes[sizeof(struct archive_header) + ARCHIVE_FILES * sizeof(struct archive_entry)];
    struct archive_header header = {.entry_count = ARCHIVE_FILES};
    struct tree tree;
    uint32_t skipped;

    memcpy(bytes, &header, sizeof(header));
    for (uint32_t i = 0; i < ARCHIVE_FILES; i++) {
        struct archive_entry entry = {.size_bytes = i};
        for (uint32_t j = 0; j + 1 < ARCHIVE_NAME_MAX; j++) {
            uint64_t byte = input_take(input, 1);
            entry.name[j] = (char)(byte < 8 ? (uint8_t) "/.ab/../"[byte] : byte);
        }
        memcpy(bytes + sizeof(header) + i * sizeof(entry), &entry, sizeof(entry));
    }
    MUST(tree_init(&tree, 1 << 20, 100, now) == 0);
    MUST(archive_tree_fill(&tree, bytes, 1, &skipped) == 0);
    MUST(skipped <= ARCHIVE_FILES && tree.is_read_only);
    tree_fini(&tree);
}

static struct node *make(struct tree *tree, struct node *parent, const char *name, uint32_t mode,
                         const char *text)
{
    struct node *node;

    MUST(tree_make(tree, parent, name, (uint32_t)strlen(name), mode | 0755, 0, text,
                   (uint32_t)strlen(text), &node) == 0);
    return node;
}

static void walk_try(struct input *input)
{
    struct tree tree;
    struct walk walk;
    uint32_t flags = (uint32_t)input_take(input, 1), length = 0;
    uint8_t path[512];

    MUST(tree_init(&tree, 1 << 20, 100, now) == 0);
    struct node *a = make(&tree, tree_node(&tree, NODE_ROOT), "a", MODE_DIRECTORY, "");
    struct node *b = make(&tree, a, "b", MODE_DIRECTORY, "");
    (void)make(&tree, b, "f", MODE_REGULAR, "");
    (void)make(&tree, a, "l", MODE_LINK, "b");
    b->is_covered = (flags & 8) != 0;
    uint64_t root = flags & 16 ? a->number : 0;
    while (length < sizeof(path) && input->left > 0) {
        uint64_t byte = input_take(input, 1);
        path[length++] = (uint8_t)(byte < 16 ? (uint8_t) "/a/b/./../l/f/ab"[byte] : byte);
    }
    int error =
        tree_walk(&tree, flags & 32 ? b->number : NODE_ROOT, root, flags & 7, path, length, &walk);
    if (error == 0) {
        MUST(walk.node != NULL && tree_node(&tree, walk.place.node) == walk.node);
        MUST(tree_node(&tree, walk.place.parent) != NULL);
        MUST(walk.place.consumed <= length);
        MUST(walk.place.stop != QY_FS_STOP_LINK || node_is(walk.node, MODE_LINK));
    }
    if (walk.name_length > 0) {
        MUST(walk.parent != NULL && node_is(walk.parent, MODE_DIRECTORY));
        MUST((const uint8_t *)walk.name >= path &&
             (const uint8_t *)walk.name + walk.name_length <= path + length);
        MUST(memchr(walk.name, '/', walk.name_length) == NULL);
    }
    tree_fini(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};

    if (input_take(&input, 1) % 4 == 0) {
        archive_try(&input);
    } else {
        walk_try(&input);
    }
    return 0;
}
