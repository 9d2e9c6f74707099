/* SPDX-License-Identifier: MIT */
/*
 * Random operations on a tree, and on a plain model of it: a list of paths with what they lead to.
 * Results and everything that can be seen must be the same after each one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "../unit/property.h"
#include "../../servers/fs/range.h"
#include "../../servers/fs/walk.h"

#define STEPS      20000
#define NAMES      4 /* of a component: a to d */
#define DEPTH      3
#define PATHS_MAX  200
#define FILES_MAX  64
#define PATH_BYTES 256 /* directories that are moved below others make it long */
#define BYTES_MAX  20000

#define ENOENT    2
#define EBUSY     16
#define EEXIST    17
#define ENOTDIR   20
#define EISDIR    21
#define EINVAL    22
#define ENOTEMPTY 39

/* --- the model ------------------------------------------------------------------------------- */

struct model_file {
    bool is_used, is_directory;
    uint32_t size;
    uint8_t bytes[BYTES_MAX];
};

struct model_path {
    bool is_used;
    char path[PATH_BYTES]; /* "a/b/c" */
    uint32_t file;
};

static struct {
    struct model_file files[FILES_MAX];
    struct model_path paths[PATHS_MAX];
} model;

static struct tree tree;

static int64_t now(void)
{
    return 1;
}

static struct model_path *path_find(const char *path)
{
    for (int i = 0; i < PATHS_MAX; i++) {
        if (model.paths[i].is_used && strcmp(model.paths[i].path, path) == 0) {
            return &model.paths[i];
        }
    }
    return NULL;
}

static bool is_directory(const char *path)
{
    const struct model_path *found = path_find(path);
    return path[0] == 0 || (found != NULL && model.files[found->file].is_directory);
}

static void parent_of(const char *path, char *ret_parent)
{
    strcpy(ret_parent, path);
    char *slash = strrchr(ret_parent, '/');
    if (slash != NULL) {
        *slash = 0;
    } else {
        ret_parent[0] = 0;
    }
}

/* What is wrong with the way to the last component. */
static int way_check(const char *path)
{
    char parent[PATH_BYTES];
    parent_of(path, parent);
    if (parent[0] == 0) {
        return 0;
    }
    int error = way_check(parent);
    if (error != 0) {
        return error;
    }
    return path_find(parent) == NULL ? ENOENT : is_directory(parent) ? 0 : ENOTDIR;
}

static bool is_below(const char *path, const char *directory)
{
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static bool is_empty(const char *directory)
{
    for (int i = 0; i < PATHS_MAX; i++) {
        const char *path = model.paths[i].path;
        if (model.paths[i].is_used && strcmp(path, directory) != 0 && is_below(path, directory)) {
            return false;
        }
    }
    return true;
}

static void model_put(const char *path, uint32_t file)
{
    for (int i = 0; i < PATHS_MAX; i++) {
        if (!model.paths[i].is_used) {
            model.paths[i] = (struct model_path){.is_used = true, .file = file};
            strcpy(model.paths[i].path, path);
            return;
        }
    }
    fail();
}

static uint32_t model_links(uint32_t file)
{
    uint32_t links = 0;
    for (int i = 0; i < PATHS_MAX; i++) {
        links += model.paths[i].is_used && model.paths[i].file == file;
    }
    return links;
}

static void model_drop(struct model_path *path)
{
    path->is_used = false;
    if (model_links(path->file) == 0) {
        model.files[path->file].is_used = false;
    }
}

static int model_make(const char *path, bool is_a_directory)
{
    int error = way_check(path);
    if (error != 0) {
        return error;
    }
    if (path_find(path) != NULL) {
        return EEXIST;
    }
    uint32_t file = 0;
    while (model.files[file].is_used) {
        file++;
    }
    memset(&model.files[file], 0, sizeof model.files[file]);
    model.files[file].is_used = true;
    model.files[file].is_directory = is_a_directory;
    model_put(path, file);
    return 0;
}

static int model_remove(const char *path, bool is_a_directory)
{
    int error = way_check(path);
    struct model_path *found = path_find(path);
    if (error != 0 || found == NULL) {
        return error != 0 ? error : ENOENT;
    }
    if (is_a_directory != model.files[found->file].is_directory) {
        return is_a_directory ? ENOTDIR : EISDIR;
    }
    if (is_a_directory && !is_empty(path)) {
        return ENOTEMPTY;
    }
    model_drop(found);
    return 0;
}

static int model_rename(const char *from, const char *to)
{
    int error = way_check(from);
    error = error == 0 ? way_check(to) : error;
    struct model_path *found = path_find(from), *target = path_find(to);
    if (error != 0 || found == NULL) {
        return error != 0 ? error : ENOENT;
    }
    if (target != NULL && target->file == found->file) {
        return 0;
    }
    bool moves_directory = model.files[found->file].is_directory;
    if (moves_directory && is_below(to, from)) {
        return EINVAL;
    }
    if (target != NULL) {
        if (is_below(from, to)) {
            return ENOTEMPTY;
        }
        if (moves_directory != model.files[target->file].is_directory) {
            return moves_directory ? ENOTDIR : EISDIR;
        }
        if (moves_directory && !is_empty(to)) {
            return ENOTEMPTY;
        }
        model_drop(target);
    }
    size_t length = strlen(from);
    for (int i = 0; i < PATHS_MAX; i++) {
        struct model_path *path = &model.paths[i];
        if (path->is_used && (path == found || (moves_directory && is_below(path->path, from)))) {
            char moved[PATH_BYTES];
            (void)snprintf(moved, sizeof moved, "%s%s", to, path->path + length);
            strcpy(path->path, moved);
        }
    }
    return 0;
}

static int model_link(const char *from, const char *to)
{
    int error = way_check(from);
    struct model_path *found = path_find(from);
    if (error != 0 || found == NULL) {
        return error != 0 ? error : ENOENT;
    }
    error = way_check(to);
    if (error != 0) {
        return error;
    }
    if (model.files[found->file].is_directory) {
        return 1; /* EPERM */
    }
    if (path_find(to) != NULL) {
        return EEXIST;
    }
    model_put(to, found->file);
    return 0;
}

/* --- the tree ----------------------------------------------------------------------------------
 */

static int walk(const char *path, uint32_t flags, struct walk *ret_walk)
{
    return tree_walk(&tree, NODE_ROOT, 0, flags, (const uint8_t *)path, (uint32_t)strlen(path),
                     ret_walk);
}

static int tree_do_make(const char *path, bool is_a_directory)
{
    struct walk at;
    struct node *made;
    int error = walk(path, QY_FS_WALK_FLAGS_PARENT, &at);
    return error != 0 ? error
                      : tree_make(&tree, at.parent, at.name, at.name_length,
                                  (is_a_directory ? MODE_DIRECTORY : MODE_REGULAR) | 0755, 0, NULL,
                                  0, &made);
}

static int tree_do_remove(const char *path, bool is_a_directory)
{
    struct walk at;
    int error = walk(path, QY_FS_WALK_FLAGS_PARENT, &at);
    return error != 0 ? error
                      : tree_remove(&tree, at.parent, at.name, at.name_length, is_a_directory);
}

static int tree_do_rename(const char *from, const char *to)
{
    struct walk one, other;
    int error = walk(from, QY_FS_WALK_FLAGS_PARENT, &one);
    error = error == 0 ? walk(to, QY_FS_WALK_FLAGS_PARENT, &other) : error;
    return error != 0 ? error
                      : tree_rename(&tree, one.parent, one.name, one.name_length, other.parent,
                                    other.name, other.name_length, 0);
}

static int tree_do_link(const char *from, const char *to)
{
    struct walk one, other;
    int error = walk(from, 0, &one);
    error = error == 0 ? walk(to, QY_FS_WALK_FLAGS_PARENT, &other) : error;
    return error != 0 ? error
                      : tree_link(&tree, other.parent, other.name, other.name_length, one.node);
}

static void compare(void)
{
    uint32_t files = 1;
    for (int i = 0; i < FILES_MAX; i++) {
        files += model.files[i].is_used;
    }
    assert_int_equal(tree.node_count, files);
    for (int i = 0; i < PATHS_MAX; i++) {
        struct walk at;
        const struct model_path *path = &model.paths[i];
        if (!path->is_used) {
            continue;
        }
        const struct model_file *file = &model.files[path->file];
        assert_int_equal(walk(path->path, 0, &at), 0);
        assert_int_equal(node_is(at.node, MODE_DIRECTORY), file->is_directory);
        if (file->is_directory) {
            const struct directory *directory = &at.node->directory;
            uint32_t entries = 0, children = 0;
            for (const struct entry *entry = directory_from(directory, 0); entry != NULL;
                 entry = directory_from(directory, entry->cookie + 1)) {
                entries++;
            }
            for (int j = 0; j < PATHS_MAX; j++) {
                char parent[PATH_BYTES];
                parent_of(model.paths[j].path, parent);
                children += model.paths[j].is_used && strcmp(parent, path->path) == 0;
            }
            assert_int_equal(entries, children);
            assert_int_equal(entries, directory->count);
        } else {
            assert_int_equal(at.node->links, model_links(path->file));
            assert_int_equal(at.node->content.size, file->size);
            if (file->size > 0) {
                assert_memory_equal(at.node->content.bytes, file->bytes, file->size);
            }
        }
    }
}

static void random_path(struct random *random, char *ret_path)
{
    size_t depth = 1 + random_below(random, DEPTH);
    for (size_t i = 0; i < depth; i++) {
        *ret_path++ = (char)('a' + random_below(random, NAMES));
        *ret_path++ = '/';
    }
    ret_path[-1] = 0;
}

static void write_somewhere(struct random *random, const char *path)
{
    struct walk at;
    struct model_path *found = path_find(path);
    if (found == NULL || model.files[found->file].is_directory) {
        return;
    }
    struct model_file *file = &model.files[found->file];
    uint32_t from = (uint32_t)random_below(random, BYTES_MAX / 2);
    uint32_t size = (uint32_t)random_below(random, BYTES_MAX / 2);
    assert_int_equal(walk(path, 0, &at), 0);
    struct content *content = &at.node->content;
    if (random_chance(random, 40)) {
        assert_int_equal(content_resize(content, &tree.quota, from), 0);
        if (from < file->size) {
            memset(file->bytes + from, 0, file->size - from);
        }
        file->size = from;
    } else if (size > 0) {
        uint8_t byte = (uint8_t)random_below(random, 256);
        assert_int_equal(content_reserve(content, &tree.quota, from + size), 0);
        memset(content->bytes + from, byte, size);
        content_grown(content, from, from + size);
        memset(file->bytes + from, byte, size);
        file->size = file->size > from + size ? file->size : from + size;
    }
}

static void test_random_operations_match_the_model(void **state)
{
    struct random random;
    (void)state;
    memset(&model, 0, sizeof model);
    random_init(&random);
    assert_int_equal(tree_init(&tree, 64u << 20, 1000, now), 0);
    uint64_t empty = tree.quota.bytes_used;
    for (int i = 0; i < STEPS; i++) {
        char path[PATH_BYTES], other[PATH_BYTES];
        random_path(&random, path);
        random_path(&random, other);
        bool is_a_directory = random_chance(&random, 50);
        size_t what = random_below(&random, 10);
        if (what < 4 && tree.node_count < FILES_MAX) {
            assert_int_equal(tree_do_make(path, is_a_directory), model_make(path, is_a_directory));
        } else if (what < 6) {
            assert_int_equal(tree_do_remove(path, is_a_directory),
                             model_remove(path, is_a_directory));
        } else if (what < 8) {
            assert_int_equal(tree_do_rename(path, other), model_rename(path, other));
        } else if (what < 9) {
            assert_int_equal(tree_do_link(path, other), model_link(path, other));
        } else {
            write_somewhere(&random, path);
        }
        if (i % 50 == 0) {
            compare();
        }
    }
    compare();
    /* All gone, all given back. */
    for (int i = PATHS_MAX; i > 0; i--) {
        for (int j = 0; j < PATHS_MAX; j++) {
            struct model_path *path = &model.paths[j];
            if (path->is_used && (!is_directory(path->path) || is_empty(path->path))) {
                bool is_a_directory = is_directory(path->path);
                assert_int_equal(tree_do_remove(path->path, is_a_directory), 0);
                assert_int_equal(model_remove(path->path, is_a_directory), 0);
            }
        }
    }
    assert_int_equal(tree.node_count, 1);
    assert_int_equal(tree.quota.bytes_used, empty);
    tree_fini(&tree);
}

/* --- locks: what each owner has at each of 64 bytes --------------------------------------------
 */

#define OWNERS 4
#define SPACE  64

static void test_random_locks_match_a_table(void **state)
{
    struct random random;
    struct range_list list = {0};
    static enum range_kind table[OWNERS][SPACE];
    (void)state;
    memset(table, 0, sizeof table);
    random_init(&random);
    for (int i = 0; i < STEPS; i++) {
        struct range wanted = {.first = random_below(&random, SPACE),
                               .kind = (enum range_kind)random_below(&random, 3),
                               .is_of_process = true,
                               .owner = random_below(&random, OWNERS),
                               .description = 1};
        wanted.last = wanted.first + random_below(&random, SPACE - wanted.first);
        bool is_blocked = false;
        for (uint64_t at = wanted.first; wanted.kind != RANGE_NONE && at <= wanted.last; at++) {
            for (uint64_t owner = 0; owner < OWNERS; owner++) {
                enum range_kind has = table[owner][at];
                is_blocked |= owner != wanted.owner && has != RANGE_NONE &&
                              (has == RANGE_EXCLUSIVE || wanted.kind == RANGE_EXCLUSIVE);
            }
        }
        const struct range *found =
            wanted.kind != RANGE_NONE ? range_conflict(&list, &wanted) : NULL;
        assert_int_equal(found != NULL, is_blocked);
        if (is_blocked) {
            continue;
        }
        assert_true(range_set(&list, &wanted));
        for (uint64_t at = wanted.first; at <= wanted.last; at++) {
            table[wanted.owner][at] = wanted.kind;
        }
        /* Neither overlaps nor neighbors that could be one. */
        uint64_t seen[OWNERS] = {0};
        for (const struct range *range = list.first; range != NULL; range = range->next) {
            assert_true(range->first <= range->last && range->last < SPACE);
            for (uint64_t at = range->first; at <= range->last; at++) {
                assert_int_equal(table[range->owner][at], range->kind);
                assert_false(seen[range->owner] >> at & 1);
                seen[range->owner] |= 1ul << at;
            }
        }
        for (uint64_t owner = 0; owner < OWNERS; owner++) {
            for (uint64_t at = 0; at < SPACE; at++) {
                assert_int_equal(seen[owner] >> at & 1, table[owner][at] != RANGE_NONE);
            }
        }
    }
    bool is_any = list.first != NULL;
    assert_int_equal(range_drop(&list, 1), is_any);
    assert_null(list.first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_operations_match_the_model),
        cmocka_unit_test(test_random_locks_match_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
