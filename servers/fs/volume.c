/* SPDX-License-Identifier: MIT */
/* What vfs asks for: the protocol `fs`. */
#include "volume.h"
#include <quay/text.h>
#include "walk.h"

struct volume volume;

#define CLIENTS_MAX 8

/* Sessions by name that have asked for `describe`. Others may be of a former instance, whose nodes
 * are gone: they are to hear of that. */
static uint64_t clients[CLIENTS_MAX];

static bool is_known(uint64_t badge)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        if (clients[i] == badge) {
            return true;
        }
    }
    return false;
}

static void client_set(uint64_t badge, uint64_t to)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        if (clients[i] == badge) {
            clients[i] = to;
            return;
        }
    }
}

void volume_client_gone(uint64_t badge)
{
    client_set(badge, 0);
}

int64_t volume_dispatch(struct qy_request *request)
{
    uint32_t method = IPC_HEADER_METHOD(request->in.message.header);
    const struct description *description = description_find(request->in.badge);
    if (description != NULL && (description->flags & DESCRIPTION_DIRECT) != 0) {
        if (method < QY_METHOD_RESERVED && !direct_has(method)) {
            return qy_request_refuse(request, QY_FILE_FAILURE_ELSEWHERE);
        }
        request->handlers = &direct_handlers;
        return qy_dir_dispatch(request);
    }
    if (description != NULL) {
        request->handlers = &file_handlers;
        return qy_file_dispatch(request);
    }
    bool is_file = (request->in.badge & 1ul << 63) != 0;
    if (method < QY_METHOD_RESERVED &&
        (is_file || (method != QY_FS_METHOD_DESCRIBE && !is_known(request->in.badge)))) {
        return qy_request_refuse(request, ESESSION_STALE); /* of a former instance */
    }
    request->handlers = &fs_handlers;
    return qy_fs_dispatch(request);
}

static int64_t fs_describe(struct qy_request *request, struct qy_dir_space *ret_space,
                           char *ret_type)
{
    const struct tree *tree = &volume.tree;
    if (!is_known(request->in.badge)) {
        client_set(0, request->in.badge); /* who finds no room there asks for this alone */
    }
    *ret_space = (struct qy_dir_space){
        .magic = volume.magic,
        .block_size = PAGE_SIZE,
        .blocks = tree->quota.bytes_max / PAGE_SIZE,
        .blocks_free = (tree->quota.bytes_max - tree->quota.bytes_used) / PAGE_SIZE,
        .files = tree->node_max,
        .files_free = tree->node_max - tree->node_count,
        .device = volume.device,
        .name_max = NAME_MAX,
        .flags = tree->is_read_only,
    };
    (void)qy_strlcpy(ret_type, volume.type, 16); /* one of ours */
    return 0;
}

static int64_t fs_walk(struct qy_request *request, uint64_t node, uint64_t root,
                       qy_fs_walk_flags_t flags, const uint8_t *path, uint32_t path_count,
                       struct qy_fs_place *ret_place, uint32_t *ret_mode)
{
    struct walk walk;
    (void)request;
    int error = tree_walk(&volume.tree, node, root, flags, path, path_count, &walk);
    if (error == 0) {
        *ret_place = walk.place;
        *ret_mode = walk.node->mode;
    }
    return error;
}

int volume_lookup(uint64_t node, uint64_t root, bool is_followed, const uint8_t *path,
                  uint32_t length, struct qy_file_stat *ret_stat, struct qy_fs_place *ret_place)
{
    struct walk walk;
    int error = tree_walk(&volume.tree, node, root, is_followed ? QY_FS_WALK_FLAGS_FOLLOW : 0, path,
                          length, &walk);
    if (error == 0) {
        *ret_place = walk.place;
        node_stat(walk.node, ret_stat);
        ret_stat->device = volume.device;
    }
    return error;
}

static int64_t fs_lookup(struct qy_request *request, uint64_t node, uint64_t root, bool follow,
                         const uint8_t *path, uint32_t path_count, struct qy_file_stat *ret_stat,
                         struct qy_fs_place *ret_place)
{
    (void)request;
    return volume_lookup(node, root, follow, path, path_count, ret_stat, ret_place);
}

/* --- opening ------------------------------------------------------------------------------- */

#define FLAG(name) QY_DIR_OPEN_FLAGS_##name

static void happened(struct qy_server *server, const struct node *directory, uint32_t what,
                     uint32_t cookie, const char *name, uint32_t length)
{
    if (directory->is_watched) {
        qy_fs_happened_send(server, directory->number, what, cookie, (const uint8_t *)name, length);
    }
}

/* Makes what an open wants to be there. */
static int open_create(struct qy_server *server, const struct walk *walk, uint32_t mode,
                       struct node **ret_node)
{
    if (walk->has_slash) {
        return QY_FILE_FAILURE_IS_A_DIRECTORY;
    }
    int error = tree_make(&volume.tree, walk->parent, walk->name, walk->name_length,
                          MODE_REGULAR | (mode & 07777), 0, NULL, 0, ret_node);
    if (error == 0) {
        happened(server, walk->parent, QY_DIR_EVENT_WHAT_CREATED, 0, walk->name, walk->name_length);
    }
    return error;
}

/* Whether what is there may be opened like this; 0 or an error. */
static int open_check(const struct node *node, uint32_t flags, bool is_new)
{
    bool is_changed = (flags & (FLAG(WRITE) | FLAG(TRUNCATE))) != 0;
    if (!is_new && (flags & FLAG(CREATE)) != 0 && (flags & FLAG(EXCLUSIVE)) != 0) {
        return EEXIST;
    }
    if ((flags & FLAG(DIRECTORY)) != 0 && !node_is(node, MODE_DIRECTORY)) {
        return QY_FILE_FAILURE_NOT_A_DIRECTORY;
    }
    if ((flags & FLAG(PATH)) != 0) {
        return 0;
    }
    if (node_is(node, MODE_LINK)) {
        return QY_FILE_FAILURE_LOOP;
    }
    if (node_is(node, MODE_SOCKET)) {
        return ENXIO;
    }
    if (node_is(node, MODE_DIRECTORY) && (is_changed || (flags & FLAG(CREATE)) != 0)) {
        return QY_FILE_FAILURE_IS_A_DIRECTORY;
    }
    return is_changed && !is_new && volume.tree.is_read_only && node_is(node, MODE_REGULAR)
               ? QY_FILE_FAILURE_READ_ONLY
               : 0;
}

static int open_node(struct qy_server *server, struct node *node, uint32_t flags, bool is_new,
                     handle_t *ret_description, struct qy_fs_place *place)
{
    int error = open_check(node, flags, is_new);
    if (error != 0) {
        return error;
    }
    if (node_is(node, MODE_DIRECTORY)) {
        node_hold(node);
        return 0;
    }
    bool is_path = (flags & FLAG(PATH)) != 0;
    if (!is_path && !node_is(node, MODE_REGULAR)) {
        place->stop = QY_FS_STOP_SPECIAL;
        return 0;
    }
    uint32_t kept = FLAG(READ) | FLAG(WRITE) | FLAG(APPEND) | FLAG(NONBLOCK);
    error = description_open(server, node, is_path ? FLAG(PATH) : flags & kept, 0, ret_description);
    if (error == 0 && !is_path && (flags & FLAG(TRUNCATE)) != 0 && node->content.size > 0) {
        (void)content_resize(&node->content, &volume.tree.quota, 0); /* less does not fail */
        node->modified = node->changed = volume.tree.now();
    }
    return error;
}

int volume_open(struct qy_server *server, uint64_t node, uint64_t root, uint32_t flags,
                uint32_t mode, const uint8_t *path, uint32_t length, handle_t *ret_description,
                struct qy_fs_place *ret_place, uint64_t *ret_special, uint32_t *ret_mode)
{
    struct walk walk;
    bool is_exclusive = (flags & FLAG(CREATE)) != 0 && (flags & FLAG(EXCLUSIVE)) != 0;
    bool is_followed = (flags & FLAG(NO_FOLLOW)) == 0 && !is_exclusive;
    *ret_description = HANDLE_INVALID;
    int error = tree_walk(&volume.tree, node, root, is_followed ? QY_FS_WALK_FLAGS_FOLLOW : 0, path,
                          length, &walk);
    bool is_new = error == ENOENT && walk.name_length > 0 && (flags & FLAG(CREATE)) != 0;
    if (is_new) {
        error = open_create(server, &walk, mode, &walk.node);
        walk.place.node = error == 0 ? walk.node->number : 0;
        walk.place.consumed = length;
    }
    if (error == 0 && walk.place.stop == QY_FS_STOP_NONE) {
        error = open_node(server, walk.node, flags, is_new, ret_description, &walk.place);
    }
    if (error != 0) {
        return error;
    }
    *ret_place = walk.place;
    *ret_special = walk.node->special;
    *ret_mode = walk.node->mode;
    return 0;
}

static int64_t fs_open(struct qy_request *request, uint64_t node, uint64_t root,
                       qy_dir_open_flags_t flags, uint32_t mode, const uint8_t *path,
                       uint32_t path_count, handle_t *ret_description,
                       struct qy_fs_place *ret_place, uint64_t *ret_special,
                       uint32_t *ret_found_mode)
{
    return volume_open(request->server, node, root, flags, mode, path, path_count, ret_description,
                       ret_place, ret_special, ret_found_mode);
}

static int64_t fs_hold(struct qy_request *request, uint64_t number)
{
    struct node *node = tree_node(&volume.tree, number);
    (void)request;
    if (node == NULL) {
        return QY_FILE_FAILURE_STALE;
    }
    node_hold(node);
    return 0;
}

static void fs_release(struct qy_request *request, uint64_t number)
{
    struct node *node = tree_node(&volume.tree, number);
    (void)request;
    if (node != NULL && node->holds > 0) {
        node_release(&volume.tree, node);
    }
}

/* --- names --------------------------------------------------------------------------------- */

/* Walks to the last component, which must be a name. `place` says where the walk stopped instead.
 */
static int parent_walk(uint64_t node, uint64_t root, const uint8_t *path, uint32_t path_count,
                       struct walk *ret_walk, struct qy_fs_place *ret_place)
{
    int error =
        tree_walk(&volume.tree, node, root, QY_FS_WALK_FLAGS_PARENT, path, path_count, ret_walk);
    *ret_place = ret_walk->place;
    return error;
}

int volume_make(struct qy_server *server, uint64_t node, uint64_t root, uint64_t special,
                uint32_t mode, const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place)
{
    struct walk walk;
    struct node *made;
    uint32_t type = mode & MODE_TYPE;
    bool is_directory = type == MODE_DIRECTORY;
    if (!is_directory && type != MODE_REGULAR && type != MODE_FIFO && type != MODE_CHARACTER &&
        type != MODE_BLOCK && type != MODE_SOCKET) {
        return EINVAL;
    }
    int error = parent_walk(node, root, path, length, &walk, ret_place);
    if (error != 0 || walk.place.stop != QY_FS_STOP_NONE) {
        return error;
    }
    if (walk.name_length == 0) {
        return EEXIST; /* the root, or it ends in dots */
    }
    if (walk.has_slash && !is_directory) {
        bool is_there =
            directory_find(&walk.parent->directory, walk.name, walk.name_length) != NULL;
        return is_there ? QY_FILE_FAILURE_NOT_A_DIRECTORY : ENOENT;
    }
    error = tree_make(&volume.tree, walk.parent, walk.name, walk.name_length, mode, special, NULL,
                      0, &made);
    if (error == 0) {
        ret_place->node = made->number;
        happened(server, walk.parent, QY_DIR_EVENT_WHAT_CREATED, 0, walk.name, walk.name_length);
    }
    return error;
}

static int64_t fs_make(struct qy_request *request, uint64_t node, uint64_t root, uint64_t special,
                       uint32_t mode, const uint8_t *path, uint32_t path_count,
                       struct qy_fs_place *ret_place)
{
    return volume_make(request->server, node, root, special, mode, path, path_count, ret_place);
}

static int64_t fs_symlink(struct qy_request *request, uint64_t parent, const uint8_t *name,
                          uint32_t name_count, const uint8_t *text, uint32_t text_count)
{
    struct node *node = tree_node(&volume.tree, parent), *made;
    if (node == NULL || !node_is(node, MODE_DIRECTORY) || name_count == 0) {
        return node == NULL ? QY_FILE_FAILURE_STALE : EINVAL;
    }
    int error = tree_make(&volume.tree, node, (const char *)name, name_count, MODE_LINK | 0777, 0,
                          (const char *)text, text_count, &made);
    if (error == 0) {
        happened(request->server, node, QY_DIR_EVENT_WHAT_CREATED, 0, (const char *)name,
                 name_count);
    }
    return error;
}

int volume_remove(struct qy_server *server, uint64_t node, uint64_t root, bool is_directory,
                  const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place)
{
    struct walk walk;
    int error = parent_walk(node, root, path, length, &walk, ret_place);
    if (error != 0 || walk.place.stop != QY_FS_STOP_NONE) {
        return error;
    }
    if (walk.name_length == 0) {
        /* rmdir: "." is EINVAL, ".." not empty, the root busy. */
        bool is_dot = walk.name != NULL &&
                      (length - walk.place.consumed == 1 || path[walk.place.consumed + 1] != '.');
        return !is_directory       ? QY_FILE_FAILURE_IS_A_DIRECTORY
               : walk.name == NULL ? EBUSY
               : is_dot            ? EINVAL
                                   : QY_FILE_FAILURE_NOT_EMPTY;
    }
    if (walk.has_slash && !is_directory) {
        const struct entry *entry =
            directory_find(&walk.parent->directory, walk.name, walk.name_length);
        const struct node *found = entry != NULL ? tree_node(&volume.tree, entry->node) : NULL;
        return found == NULL                    ? ENOENT
               : node_is(found, MODE_DIRECTORY) ? QY_FILE_FAILURE_IS_A_DIRECTORY
                                                : QY_FILE_FAILURE_NOT_A_DIRECTORY;
    }
    error = tree_remove(&volume.tree, walk.parent, walk.name, walk.name_length, is_directory);
    if (error == 0) {
        happened(server, walk.parent, QY_DIR_EVENT_WHAT_DELETED, 0, walk.name, walk.name_length);
    }
    return error;
}

static int64_t fs_remove(struct qy_request *request, uint64_t node, uint64_t root, bool directory,
                         const uint8_t *path, uint32_t path_count, struct qy_fs_place *ret_place)
{
    return volume_remove(request->server, node, root, directory, path, path_count, ret_place);
}

/* Two directories; 0 or an error. */
static int directories(uint64_t one, uint64_t other, struct node **ret_one, struct node **ret_other)
{
    *ret_one = tree_node(&volume.tree, one);
    *ret_other = tree_node(&volume.tree, other);
    if (*ret_one == NULL || *ret_other == NULL) {
        return QY_FILE_FAILURE_STALE;
    }
    return node_is(*ret_one, MODE_DIRECTORY) && node_is(*ret_other, MODE_DIRECTORY)
               ? 0
               : QY_FILE_FAILURE_NOT_A_DIRECTORY;
}

static int64_t fs_rename(struct qy_request *request, uint64_t from, uint64_t to,
                         qy_dir_rename_flags_t flags, const uint8_t *from_name,
                         uint32_t from_name_count, const uint8_t *to_name, uint32_t to_name_count)
{
    static uint32_t cookie;
    struct node *one, *other;
    int error = directories(from, to, &one, &other);
    if (error == 0) {
        error = tree_rename(&volume.tree, one, (const char *)from_name, from_name_count, other,
                            (const char *)to_name, to_name_count, flags);
    }
    if (error == 0) {
        cookie++;
        happened(request->server, one, QY_DIR_EVENT_WHAT_MOVED_FROM, cookie,
                 (const char *)from_name, from_name_count);
        happened(request->server, other, QY_DIR_EVENT_WHAT_MOVED_TO, cookie, (const char *)to_name,
                 to_name_count);
    }
    return error;
}

static int64_t fs_link(struct qy_request *request, uint64_t number, uint64_t parent,
                       const uint8_t *name, uint32_t name_count)
{
    struct node *node = tree_node(&volume.tree, number);
    struct node *directory = tree_node(&volume.tree, parent);
    if (node == NULL || directory == NULL || !node_is(directory, MODE_DIRECTORY)) {
        return QY_FILE_FAILURE_STALE;
    }
    int error = tree_link(&volume.tree, directory, (const char *)name, name_count, node);
    if (error == 0) {
        happened(request->server, directory, QY_DIR_EVENT_WHAT_CREATED, 0, (const char *)name,
                 name_count);
    }
    return error;
}

static int64_t fs_readlink(struct qy_request *request, uint64_t number, uint8_t *ret_text,
                           uint32_t *ret_text_count)
{
    const struct node *node = tree_node(&volume.tree, number);
    (void)request;
    if (node == NULL || !node_is(node, MODE_LINK)) {
        return node == NULL ? QY_FILE_FAILURE_STALE : EINVAL;
    }
    memcpy(ret_text, node->link.text, node->link.length);
    *ret_text_count = node->link.length;
    return 0;
}

/* --- directories --------------------------------------------------------------------------- */

#define RECORD_HEAD 19u /* u64 inode, u64 next, u16 length, u8 type */

/* A record may be written up to this far behind its end. */
#define RECORD_SLACK 8u

struct records {
    uint8_t *to;
    uint32_t size, used;
};

/* Adds one in the form of getdents64; false: it does not fit. The name is in words with a zero
 * behind it. */
static bool record_put(struct records *records, uint64_t inode, uint64_t next, uint32_t type,
                       const uint64_t *name, uint32_t length)
{
    uint32_t total = (RECORD_HEAD + length + 1 + 7) & ~7u;
    if (total > records->size - records->used) {
        return false;
    }
    uint8_t *at = records->to + records->used;
    uint32_t last = total | type << 16;
    __builtin_memcpy(at + total - 8, &(uint64_t){0}, 8);
    __builtin_memcpy(at, &inode, 8);
    __builtin_memcpy(at + 8, &next, 8);
    __builtin_memcpy(at + 16, &last, 4); /* its last byte is the name's first */
    for (uint32_t done = 0; done <= length; done += 8) {
        __builtin_memcpy(at + RECORD_HEAD + done, &name[done / 8], 8);
    }
    records->used += total;
    return true;
}

static int64_t fs_entries(struct qy_request *request, uint64_t number, uint64_t cursor,
                          uint32_t size, uint8_t *ret_entries, uint32_t *ret_entries_count,
                          uint64_t *ret_next)
{
    static const uint64_t dots[] = {'.', '.' | '.' << 8};
    const struct node *node = tree_node(&volume.tree, number);
    const uint32_t type = MODE_DIRECTORY >> 12, most = QY_DIR_ENTRIES_MAX - RECORD_SLACK;
    (void)request;
    if (node == NULL || !node_is(node, MODE_DIRECTORY)) {
        return node == NULL ? QY_FILE_FAILURE_STALE : QY_FILE_FAILURE_NOT_A_DIRECTORY;
    }
    const struct directory *directory = &node->directory;
    struct records records = {.to = ret_entries, .size = size < most ? size : most};
    bool fits = directory->parent != 0;
    for (; fits && cursor < 2; cursor += fits) {
        fits = record_put(&records, cursor == 0 ? number : directory->parent, cursor + 1, type,
                          &dots[cursor], (uint32_t)cursor + 1);
    }
    uint32_t place = directory_seek(directory, cursor);
    const struct entry *entry;
    while (fits && (entry = directory_at(directory, &place)) != NULL) {
        fits = record_put(&records, entry->node, entry->cookie + 1, entry->type, entry->words,
                          entry->length);
        cursor = fits ? entry->cookie + 1 : cursor;
    }
    *ret_entries_count = records.used;
    *ret_next = cursor;
    return !fits && records.used == 0 && directory->parent != 0 ? EINVAL : 0;
}

/* getcwd asks rarely, so directories do not know their own names. */
static int64_t fs_name(struct qy_request *request, uint64_t number, uint64_t *ret_parent,
                       uint8_t *ret_name, uint32_t *ret_name_count)
{
    const struct node *node = tree_node(&volume.tree, number);
    (void)request;
    if (node == NULL || !node_is(node, MODE_DIRECTORY) || node->directory.parent == 0) {
        return ENOENT;
    }
    *ret_parent = node->directory.parent;
    *ret_name_count = 0;
    if (number == NODE_ROOT) {
        return 0;
    }
    const struct node *parent = tree_node(&volume.tree, node->directory.parent);
    for (uint32_t i = 0; i < parent->directory.used; i++) {
        const struct entry *entry = parent->directory.entries[i];
        if (entry != NULL && entry->node == number) {
            memcpy(ret_name, entry_name(entry), entry->length);
            *ret_name_count = entry->length;
            return 0;
        }
    }
    return ENOENT;
}

/* --- the rest ------------------------------------------------------------------------------ */

static int64_t fs_change(struct qy_request *request, const struct qy_file_change *change,
                         uint64_t number)
{
    struct node *node = tree_node(&volume.tree, number);
    (void)request;
    return node != NULL ? node_change(&volume.tree, node, change) : QY_FILE_FAILURE_STALE;
}

static int64_t fs_cover(struct qy_request *request, uint64_t number, bool covered)
{
    struct node *node = tree_node(&volume.tree, number);
    (void)request;
    if (node == NULL || !node_is(node, MODE_DIRECTORY)) {
        return node == NULL ? QY_FILE_FAILURE_STALE : QY_FILE_FAILURE_NOT_A_DIRECTORY;
    }
    if (node->is_covered == covered) {
        return covered ? EBUSY : EINVAL;
    }
    node->is_covered = covered;
    return 0;
}

static int64_t fs_direct(struct qy_request *request, uint64_t number, uint64_t root,
                         handle_t *ret_quick)
{
    struct node *node = tree_node(&volume.tree, number);
    *ret_quick = HANDLE_INVALID;
    if (node == NULL || !node_is(node, MODE_DIRECTORY)) {
        return node == NULL ? QY_FILE_FAILURE_STALE : QY_FILE_FAILURE_NOT_A_DIRECTORY;
    }
    int error = description_open(request->server, node, DESCRIPTION_DIRECT, root, ret_quick);
    return error;
}

static int64_t fs_sync(struct qy_request *request)
{
    (void)request;
    return 0; /* it is all where it stays */
}

static int64_t fs_watch(struct qy_request *request, uint64_t number, bool watched)
{
    struct node *node = tree_node(&volume.tree, number);
    (void)request;
    if (node == NULL) {
        return QY_FILE_FAILURE_STALE;
    }
    node->is_watched = watched;
    return 0;
}

const struct qy_fs_handlers fs_handlers = {
    .describe = fs_describe,
    .walk = fs_walk,
    .open = fs_open,
    .lookup = fs_lookup,
    .change = fs_change,
    .make = fs_make,
    .remove = fs_remove,
    .rename = fs_rename,
    .link = fs_link,
    .readlink = fs_readlink,
    .entries = fs_entries,
    .name = fs_name,
    .hold = fs_hold,
    .release = fs_release,
    .cover = fs_cover,
    .sync = fs_sync,
    .watch = fs_watch,
    .symlink = fs_symlink,
    .direct = fs_direct,
};
