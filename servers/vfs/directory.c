/* SPDX-License-Identifier: MIT */
/* The protocol `dir`. */
#include "directory.h"
#include <quay/text.h>
#include "device.h"
#include "pipe.h"
#include "watch.h"

#define FLAG(name) QY_DIR_OPEN_FLAGS_##name

static struct session *directory_of(const struct qy_request *request)
{
    struct session *session = session_find(request->in.badge);
    return session != NULL && session->kind == SESSION_DIRECTORY ? session : NULL;
}

/* --- opening ------------------------------------------------------------------------------- */

struct open_context {
    uint32_t flags, mode;
    handle_t description;
    uint64_t special;
    uint32_t found_mode;
    bool is_special;
};

static int64_t open_step(struct qy_request *request, struct spot at, uint64_t root,
                         const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place,
                         void *context)
{
    struct open_context *open = context;
    int64_t status =
        mount_open(request, at, root, open->flags & ~FLAG(AS_ROOT), open->mode, path, length,
                   &open->description, ret_place, &open->special, &open->found_mode);
    open->is_special = status == 0 && ret_place->stop == QY_FS_STOP_SPECIAL;
    return status;
}

/* The file system holds the node for us already. */
static int64_t directory_opened(struct qy_request *request, const struct view *view,
                                struct spot spot, uint32_t flags, handle_t *ret_description)
{
    struct session *session;
    uint32_t kept = flags & (FLAG(READ) | FLAG(PATH));
    int64_t status =
        session_open(request->server, SESSION_DIRECTORY, kept, &session, ret_description);
    if (status != 0) {
        mount_release(spot);
        return status;
    }
    session->directory.view.here = spot;
    session->directory.view.root = (flags & FLAG(AS_ROOT)) != 0 ? spot : view->root;
    return 0;
}

static qy_dir_kind_t kind_of(uint32_t mode)
{
    switch (mode & MODE_TYPE) {
    case MODE_DIRECTORY:
        return QY_DIR_KIND_DIRECTORY;
    case MODE_LINK:
        return QY_DIR_KIND_LINK;
    case MODE_FIFO:
        return QY_DIR_KIND_PIPE;
    case MODE_CHARACTER:
        return QY_DIR_KIND_DEVICE;
    case MODE_BLOCK:
        return QY_DIR_KIND_BLOCK;
    default:
        return QY_DIR_KIND_REGULAR;
    }
}

static int64_t dir_open(struct qy_request *request, qy_dir_open_flags_t flags, uint32_t mode,
                        const uint8_t *path, uint32_t path_count, handle_t *ret_description,
                        qy_dir_kind_t *ret_kind)
{
    struct session *session = directory_of(request);
    struct resolved found;
    struct open_context open = {.flags = flags, .mode = mode};
    *ret_description = HANDLE_INVALID;
    if (session == NULL || path_count == 0) {
        return session == NULL ? ESESSION_STALE : ENOENT;
    }
    struct view view = session->directory.view;
    int64_t status = resolve(request, &view, path, path_count, open_step, &open, &found);
    if (status != 0) {
        return status;
    }
    *ret_kind = kind_of(open.found_mode);
    if (*ret_kind == QY_DIR_KIND_DIRECTORY) {
        return directory_opened(request, &view, found.at, flags, ret_description);
    }
    if (!open.is_special) {
        *ret_description = open.description;
        return 0;
    }
    return *ret_kind == QY_DIR_KIND_PIPE
               ? pipe_open_fifo(request, found.at, flags, ret_description)
               : device_open(request, open.special, flags, ret_description, ret_kind);
}

static int64_t dir_pipe(struct qy_request *request, qy_dir_open_flags_t flags,
                        handle_t *ret_read_end, handle_t *ret_write_end)
{
    *ret_read_end = *ret_write_end = HANDLE_INVALID;
    return directory_of(request) == NULL ? ESESSION_STALE
                                         : pipe_make(request, flags, ret_read_end, ret_write_end);
}

static int64_t dir_direct(struct qy_request *request, handle_t *ret_quick)
{
    struct session *session = directory_of(request);
    *ret_quick = HANDLE_INVALID;
    if (session == NULL) {
        return ESESSION_STALE;
    }
    const struct view *view = &session->directory.view;
    bool is_same = view->here.mount == view->root.mount;
    return mount_direct(view->here, is_same ? view->root.node : 0, ret_quick);
}

/* --- what is there ------------------------------------------------------------------------- */

struct lookup_context {
    bool is_followed;
    struct qy_file_stat *stat;
};

static int64_t lookup_step(struct qy_request *request, struct spot at, uint64_t root,
                           const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place,
                           void *context)
{
    struct lookup_context *lookup = context;
    return mount_lookup(request, at, root, lookup->is_followed, path, length, lookup->stat,
                        ret_place);
}

static int64_t dir_lookup(struct qy_request *request, bool follow, const uint8_t *path,
                          uint32_t path_count, struct qy_file_stat *ret_stat)
{
    struct session *session = directory_of(request);
    struct resolved found;
    struct lookup_context lookup = {.is_followed = follow, .stat = ret_stat};
    return session == NULL ? ESESSION_STALE
                           : resolve(request, &session->directory.view, path, path_count,
                                     lookup_step, &lookup, &found);
}

static int64_t dir_change_at(struct qy_request *request, const struct qy_file_change *change,
                             bool follow, const uint8_t *path, uint32_t path_count)
{
    struct session *session = directory_of(request);
    struct resolved found;
    uint32_t mode;
    if (session == NULL) {
        return ESESSION_STALE;
    }
    int64_t status = resolve_node(request, &session->directory.view, path, path_count,
                                  follow ? QY_FS_WALK_FLAGS_FOLLOW : 0, &found, &mode);
    return status == 0 ? mount_change(found.at, change) : status;
}

static int64_t dir_readlink(struct qy_request *request, const uint8_t *path, uint32_t path_count,
                            uint8_t *ret_text, uint32_t *ret_text_count)
{
    struct session *session = directory_of(request);
    struct resolved found;
    uint32_t mode;
    if (session == NULL || path_count == 0) {
        return session == NULL ? ESESSION_STALE : ENOENT;
    }
    int64_t status =
        resolve_node(request, &session->directory.view, path, path_count, 0, &found, &mode);
    return status == 0 ? mount_readlink(request, found.at, ret_text, ret_text_count) : status;
}

static int64_t dir_space(struct qy_request *request, const uint8_t *path, uint32_t path_count,
                         struct qy_dir_space *ret_space)
{
    struct session *session = directory_of(request);
    struct resolved found;
    uint32_t mode;
    char type[16];
    if (session == NULL) {
        return ESESSION_STALE;
    }
    int64_t status = resolve_node(request, &session->directory.view, path, path_count,
                                  QY_FS_WALK_FLAGS_FOLLOW, &found, &mode);
    return status == 0 ? mount_describe(found.at, ret_space, type) : status;
}

static int64_t dir_entries(struct qy_request *request, uint64_t cursor, uint32_t size,
                           uint8_t *ret_entries, uint32_t *ret_entries_count)
{
    struct session *session = directory_of(request);
    uint64_t next;
    if (session == NULL) {
        return ESESSION_STALE;
    }
    uint64_t from = cursor == QY_FILE_HERE ? session->cursor : cursor;
    int64_t status = mount_entries(request, session->directory.view.here, from, size, ret_entries,
                                   ret_entries_count, &next);
    if (status == 0 && cursor == QY_FILE_HERE) {
        session->cursor = next;
    }
    return status;
}

static int64_t dir_entries_seek(struct qy_request *request, uint64_t cursor, uint64_t *ret_position)
{
    struct session *session = directory_of(request);
    if (session == NULL) {
        return ESESSION_STALE;
    }
    if (cursor != QY_FILE_HERE) {
        session->cursor = cursor;
    }
    *ret_position = session->cursor;
    return 0;
}

/* Puts "/name" in front of what stands from *at on; false: no room. */
static bool name_prepend(uint8_t *path, uint32_t *at, const uint8_t *name, uint32_t length)
{
    if (length + 1 > *at) {
        return false;
    }
    *at -= length;
    memcpy(path + *at, name, length);
    path[--*at] = '/';
    return true;
}

static int64_t dir_where(struct qy_request *request, uint8_t *ret_path, uint32_t *ret_path_count)
{
    struct session *session = directory_of(request);
    uint8_t path[4080], name[256];
    uint32_t at = sizeof path, length;
    if (session == NULL) {
        return ESESSION_STALE;
    }
    struct spot spot = session->directory.view.here;
    while (!spot_is(spot, session->directory.view.root)) {
        if (spot.node == NODE_ROOT) {
            if (spot.mount == 0) {
                return ENOENT; /* it lies outside of its root */
            }
            const struct mount *mount = mount_get(spot.mount);
            if (mount == NULL) {
                return EIO; /* the session is older than we are, and the mount failed since */
            }
            spot = mount->covered;
            continue;
        }
        uint64_t parent;
        int64_t status = mount_name(request, spot, &parent, name, &length);
        if (status != 0) {
            return status == QY_FILE_FAILURE_STALE ? ENOENT : status;
        }
        if (!name_prepend(path, &at, name, length)) {
            return QY_FILE_FAILURE_NAME_TOO_LONG;
        }
        spot.node = parent;
    }
    if (at == sizeof path) {
        path[--at] = '/';
    }
    *ret_path_count = sizeof path - at;
    memcpy(ret_path, path + at, *ret_path_count);
    return 0;
}

/* --- names --------------------------------------------------------------------------------- */

struct make_context {
    uint64_t special;
    uint32_t mode;
};

static int64_t make_step(struct qy_request *request, struct spot at, uint64_t root,
                         const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place,
                         void *context)
{
    struct make_context *make = context;
    (void)request;
    return mount_make(at, root, make->special, make->mode, path, length, ret_place);
}

static int64_t node_make(struct qy_request *request, uint64_t special, uint32_t mode,
                         const uint8_t *path, uint32_t path_count)
{
    struct session *session = directory_of(request);
    struct resolved found;
    struct make_context make = {.special = special, .mode = mode};
    if (session == NULL || path_count == 0) {
        return session == NULL ? ESESSION_STALE : ENOENT;
    }
    return resolve(request, &session->directory.view, path, path_count, make_step, &make, &found);
}

static int64_t dir_make_directory(struct qy_request *request, uint32_t mode, const uint8_t *path,
                                  uint32_t path_count)
{
    return node_make(request, 0, MODE_DIRECTORY | (mode & 07777), path, path_count);
}

static int64_t dir_make_node(struct qy_request *request, uint64_t special, uint32_t mode,
                             const uint8_t *path, uint32_t path_count)
{
    mode |= (mode & MODE_TYPE) == 0 ? MODE_REGULAR : 0;
    return (mode & MODE_TYPE) == MODE_DIRECTORY
               ? EPERM
               : node_make(request, special, mode, path, path_count);
}

static int64_t remove_step(struct qy_request *request, struct spot at, uint64_t root,
                           const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place,
                           void *context)
{
    const bool *is_directory = context;
    (void)request;
    return mount_remove(at, root, *is_directory, path, length, ret_place);
}

static int64_t dir_remove(struct qy_request *request, bool directory, const uint8_t *path,
                          uint32_t path_count)
{
    struct session *session = directory_of(request);
    struct resolved found;
    if (session == NULL || path_count == 0) {
        return session == NULL ? ESESSION_STALE : ENOENT;
    }
    return resolve(request, &session->directory.view, path, path_count, remove_step, &directory,
                   &found);
}

/* Two paths of one message, and the sessions that they count from. */
struct pair {
    const struct view *from, *to;
    const uint8_t *from_path, *to_path;
    uint32_t from_length, to_length;
};

static int64_t pair_get(const struct qy_request *request, uint32_t length, handle_t target,
                        const uint8_t *paths, uint32_t paths_count, struct pair *ret_pair)
{
    struct session *session = directory_of(request);
    struct session *other = target != HANDLE_INVALID ? session_of_handle(target) : session;
    if (session == NULL) {
        return ESESSION_STALE;
    }
    if (other == NULL) {
        return QY_FILE_FAILURE_OTHER_DEVICE; /* another server's */
    }
    if (length > paths_count) {
        return EINVAL;
    }
    *ret_pair = (struct pair){
        .from = &session->directory.view,
        .to = &other->directory.view,
        .from_path = paths,
        .to_path = paths + length,
        .from_length = length,
        .to_length = paths_count - length,
    };
    return length == 0 || paths_count == length ? ENOENT : 0;
}

/* What a rename may do about a slash behind a name: only directories have one. */
static int64_t slash_check(struct qy_request *request, const struct resolved *parent)
{
    struct qy_file_stat stat;
    struct qy_fs_place place;
    int64_t status = mount_lookup(request, parent->at, 0, false, parent->rest, parent->rest_length,
                                  &stat, &place);
    return status == 0 && (stat.mode & MODE_TYPE) != MODE_DIRECTORY
               ? QY_FILE_FAILURE_NOT_A_DIRECTORY
               : status;
}

static int64_t dir_rename(struct qy_request *request, qy_dir_rename_flags_t flags, uint32_t length,
                          handle_t *target, const uint8_t *paths, uint32_t paths_count)
{
    struct pair pair;
    struct resolved from, to;
    bool has_slash, has_other;
    int64_t status = pair_get(request, length, *target, paths, paths_count, &pair);
    if (status == 0) {
        status =
            resolve_parent(request, pair.from, pair.from_path, pair.from_length, &from, &has_slash);
    }
    if (status == 0) {
        status = resolve_parent(request, pair.to, pair.to_path, pair.to_length, &to, &has_other);
    }
    if (status == 0 && (has_slash || has_other)) {
        status = slash_check(request, &from);
    }
    return status == 0 ? mount_rename(from.at, to.at, flags, from.rest, from.rest_length, to.rest,
                                      to.rest_length)
                       : status;
}

static int64_t dir_link(struct qy_request *request, bool follow, uint32_t length, handle_t *target,
                        const uint8_t *paths, uint32_t paths_count)
{
    struct pair pair;
    struct resolved node, to;
    uint32_t mode;
    bool has_slash;
    int64_t status = pair_get(request, length, *target, paths, paths_count, &pair);
    if (status == 0) {
        status = resolve_node(request, pair.from, pair.from_path, pair.from_length,
                              follow ? QY_FS_WALK_FLAGS_FOLLOW : 0, &node, &mode);
    }
    if (status == 0) {
        status = resolve_parent(request, pair.to, pair.to_path, pair.to_length, &to, &has_slash);
        status = status == EBUSY ? EEXIST : status;
    }
    if (status == 0 && has_slash) {
        status = ENOENT;
    }
    return status == 0 ? mount_link(node.at, to.at, to.rest, to.rest_length) : status;
}

static int64_t dir_symlink(struct qy_request *request, uint32_t length, const uint8_t *paths,
                           uint32_t paths_count)
{
    struct pair pair;
    struct resolved to;
    bool has_slash;
    int64_t status = pair_get(request, length, HANDLE_INVALID, paths, paths_count, &pair);
    if (status == 0 && length > 3700) {
        status = QY_FILE_FAILURE_NAME_TOO_LONG;
    }
    if (status == 0) {
        status = resolve_parent(request, pair.to, pair.to_path, pair.to_length, &to, &has_slash);
        status = status == EBUSY ? EEXIST : status;
    }
    if (status == 0 && has_slash) {
        status = ENOENT;
    }
    return status == 0 ? mount_symlink(to.at, to.rest, to.rest_length, paths, length) : status;
}

/* --- watching ------------------------------------------------------------------------------ */

static int64_t dir_watch(struct qy_request *request, qy_dir_event_what_t what, const uint8_t *path,
                         uint32_t path_count, uint32_t *ret_watch)
{
    struct session *session = directory_of(request);
    struct resolved found;
    uint32_t mode;
    *ret_watch = 0;
    if (session == NULL) {
        return ESESSION_STALE;
    }
    int64_t status =
        resolve_node(request, &session->directory.view, path, path_count,
                     QY_FS_WALK_FLAGS_FOLLOW | QY_FS_WALK_FLAGS_DIRECTORY, &found, &mode);
    return status == 0 ? watch_add(request, found.at, what, ret_watch) : status;
}

static int64_t dir_unwatch(struct qy_request *request, uint32_t watch)
{
    return watch_remove(request->in.badge, watch);
}

const struct qy_dir_handlers dir_handlers = {
    .open = dir_open,
    .lookup = dir_lookup,
    .change_at = dir_change_at,
    .make_directory = dir_make_directory,
    .make_node = dir_make_node,
    .remove = dir_remove,
    .rename = dir_rename,
    .link = dir_link,
    .symlink = dir_symlink,
    .readlink = dir_readlink,
    .entries = dir_entries,
    .entries_seek = dir_entries_seek,
    .space = dir_space,
    .where = dir_where,
    .pipe = dir_pipe,
    .watch = dir_watch,
    .unwatch = dir_unwatch,
    .direct = dir_direct,
};
