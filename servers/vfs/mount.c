/* SPDX-License-Identifier: MIT */
#include "mount.h"
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/text.h>
#include "procfs.h"
#include "setup.h"

#define PATIENCE (5 * QY_SECOND) /* for a file system to be there at the start */

static struct mount mounts[MOUNTS_MAX];

struct mount *mount_get(uint64_t index)
{
    return index < MOUNTS_MAX && mounts[index].is_used ? &mounts[index] : NULL;
}

bool mount_over(struct spot covered, uint64_t *ret_index)
{
    for (uint64_t i = 1; i < MOUNTS_MAX; i++) {
        if (mounts[i].is_used && spot_is(mounts[i].covered, covered)) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

/* --- calls --------------------------------------------------------------------------------- */

/* What a caller may be told. */
static int64_t answer(int64_t status)
{
    return status >= 0 && status < EPEER_DIED ? status : EIO;
}

static bool is_proc(struct spot at)
{
    const struct mount *mount = mount_get(at.mount);
    return mount != NULL && mount->source == NULL;
}

/* Calls it; a file system that has died is waited for. */
#define FS_CALL(at, function, ...)                                                                 \
    ({                                                                                             \
        struct mount *the_mount = mount_get((at).mount);                                           \
        the_mount == NULL ? EIO                                                                    \
                          : answer(function(&the_mount->connection, __VA_ARGS__, DEADLINE_NEVER)); \
    })

int64_t mount_walk(struct qy_request *request, struct spot at, uint64_t root, uint32_t flags,
                   const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place,
                   uint32_t *ret_mode)
{
    return is_proc(at)
               ? procfs_walk(request, at.node, root, flags, path, length, ret_place, ret_mode)
               : FS_CALL(at, qy_fs_walk_on, at.node, root, flags, path, length, ret_place,
                         ret_mode);
}

int64_t mount_open(struct qy_request *request, struct spot at, uint64_t root, uint32_t flags,
                   uint32_t mode, const uint8_t *path, uint32_t length, handle_t *ret_description,
                   struct qy_fs_place *ret_place, uint64_t *ret_special, uint32_t *ret_mode)
{
    const uint32_t changes = QY_DIR_OPEN_FLAGS_CREATE | QY_DIR_OPEN_FLAGS_TRUNCATE;
    uint32_t deaths = 0;
    struct mount *mount = mount_get(at.mount);
    int64_t status;
    if (mount == NULL) {
        return EIO;
    }
    if (is_proc(at)) {
        return procfs_open(request, at.node, root, flags, path, length, ret_description, ret_place,
                           ret_mode);
    }
    do { /* what was opened went with the one that died */
        status = qy_fs_open_on(&mount->connection, at.node, root, flags, mode, path, length,
                               ret_description, ret_place, ret_special, ret_mode, DEADLINE_NEVER);
    } while (status == -EPEER_DIED && (flags & changes) == 0 && ++deaths < QY_ATTEMPTS_MAX);
    return answer(status);
}

int64_t mount_lookup(struct qy_request *request, struct spot at, uint64_t root, bool is_followed,
                     const uint8_t *path, uint32_t length, struct qy_file_stat *ret_stat,
                     struct qy_fs_place *ret_place)
{
    return is_proc(at) ? procfs_lookup(request, at.node, root, is_followed, path, length, ret_stat,
                                       ret_place)
                       : FS_CALL(at, qy_fs_lookup_on, at.node, root, is_followed, path, length,
                                 ret_stat, ret_place);
}

int64_t mount_make(struct spot at, uint64_t root, uint64_t special, uint32_t mode,
                   const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place)
{
    return is_proc(at)
               ? EPERM
               : FS_CALL(at, qy_fs_make_on, at.node, root, special, mode, path, length, ret_place);
}

int64_t mount_remove(struct spot at, uint64_t root, bool is_directory, const uint8_t *path,
                     uint32_t length, struct qy_fs_place *ret_place)
{
    return is_proc(at)
               ? EPERM
               : FS_CALL(at, qy_fs_remove_on, at.node, root, is_directory, path, length, ret_place);
}

int64_t mount_change(struct spot at, const struct qy_file_change *change)
{
    return is_proc(at) ? EPERM : FS_CALL(at, qy_fs_change_on, change, at.node);
}

int64_t mount_readlink(struct qy_request *request, struct spot at, uint8_t *ret_text,
                       uint32_t *ret_length)
{
    return is_proc(at) ? procfs_readlink(request, at.node, ret_text, ret_length)
                       : FS_CALL(at, qy_fs_readlink_on, at.node, ret_text, ret_length);
}

int64_t mount_entries(struct qy_request *request, struct spot at, uint64_t cursor, uint32_t size,
                      uint8_t *ret_entries, uint32_t *ret_count, uint64_t *ret_next)
{
    return is_proc(at)
               ? procfs_entries(request, at.node, cursor, size, ret_entries, ret_count, ret_next)
               : FS_CALL(at, qy_fs_entries_on, at.node, cursor, size, ret_entries, ret_count,
                         ret_next);
}

int64_t mount_name(struct qy_request *request, struct spot at, uint64_t *ret_parent,
                   uint8_t *ret_name, uint32_t *ret_length)
{
    return is_proc(at) ? procfs_name(request, at.node, ret_parent, ret_name, ret_length)
                       : FS_CALL(at, qy_fs_name_on, at.node, ret_parent, ret_name, ret_length);
}

int64_t mount_hold(struct spot at)
{
    return is_proc(at) ? 0 : FS_CALL(at, qy_fs_hold_on, at.node);
}

int64_t mount_direct(struct spot at, uint64_t root, handle_t *ret_quick)
{
    return is_proc(at) ? ENOTSUP : FS_CALL(at, qy_fs_direct_on, at.node, root, ret_quick);
}

void mount_release(struct spot at)
{
    if (!is_proc(at)) {
        /* One that does not know it any more needs no release. */
        (void)FS_CALL(at, qy_fs_release_on, at.node);
    }
}

int64_t mount_rename(struct spot from, struct spot to, uint32_t flags, const uint8_t *from_name,
                     uint32_t from_length, const uint8_t *to_name, uint32_t to_length)
{
    if (from.mount != to.mount) {
        return QY_FILE_FAILURE_OTHER_DEVICE;
    }
    return is_proc(from) ? EPERM
                         : FS_CALL(from, qy_fs_rename_on, from.node, to.node, flags, from_name,
                                   from_length, to_name, to_length);
}

int64_t mount_link(struct spot node, struct spot parent, const uint8_t *name, uint32_t length)
{
    if (node.mount != parent.mount) {
        return QY_FILE_FAILURE_OTHER_DEVICE;
    }
    return is_proc(node) ? EPERM
                         : FS_CALL(node, qy_fs_link_on, node.node, parent.node, name, length);
}

int64_t mount_symlink(struct spot parent, const uint8_t *name, uint32_t length, const uint8_t *text,
                      uint32_t text_length)
{
    return is_proc(parent)
               ? EPERM
               : FS_CALL(parent, qy_fs_symlink_on, parent.node, name, length, text, text_length);
}

int64_t mount_describe(struct spot at, struct qy_dir_space *ret_space, char *ret_type)
{
    return is_proc(at) ? procfs_describe(ret_space, ret_type)
                       : FS_CALL(at, qy_fs_describe_on, ret_space, ret_type);
}

int64_t mount_sync(struct spot at)
{
    struct mount *mount = mount_get(at.mount);
    return mount == NULL || is_proc(at) ? 0
                                        : answer(qy_fs_sync_on(&mount->connection, DEADLINE_NEVER));
}

int64_t mount_watch(struct spot at, bool is_watched)
{
    return is_proc(at) ? ENOTSUP : FS_CALL(at, qy_fs_watch_on, at.node, is_watched);
}

/* --- sessions ------------------------------------------------------------------------------ */

static struct {
    bool is_filled; /* just now */
    bool is_lost;   /* meanwhile */
} top;

/* The file system at the top has begun anew, empty: it gets its tree before it is asked for
 * anything. Called while the connection is opened, which has no session then. */
static int64_t top_fill(struct qy_connection *connection, handle_t *session)
{
    top.is_lost = true;
    if (top.is_filled) {
        return 0; /* it begins again below */
    }
    top.is_filled = true;
    connection->session = *session;
    for (uint32_t i = 0; i < QY_ATTEMPTS_MAX && top.is_lost; i++) {
        top.is_lost = false;
        (void)setup_tree(); /* it says what is wrong */
    }
    top.is_filled = false;
    *session = connection->session;
    connection->session = HANDLE_INVALID;
    return *session == HANDLE_INVALID ? -EPEER_DIED : 0;
}

/* A session that the file system knows. */
static int64_t session_open_anew(struct qy_connection *connection, handle_t *ret_session,
                                 time_ns_t deadline)
{
    struct qy_dir_space space;
    char type[16];
    int64_t status = qy_connect(connection, ret_session, deadline);
    if (status == 0) {
        status = qy_fs_describe(*ret_session, &space, type, deadline);
        if (status != 0) {
            qy_handle_discard(*ret_session);
        }
    }
    if (status == 0 && connection == &mounts[0].connection && mounts[0].is_used) {
        status = top_fill(connection, ret_session);
    }
    return status > 0 ? -EIO : status;
}

void mount_forget(void)
{
    memset(mounts, 0, sizeof mounts);
}

/* --- the table ----------------------------------------------------------------------------- */

/* The place of what comes from this source, or a free one; NULL: there is none. */
static struct mount *place_get(const char *source)
{
    struct mount *place = NULL;
    for (uint32_t i = 0; i < MOUNTS_MAX; i++) {
        struct mount *mount = &mounts[i];
        if (mount->is_used ? mount->source == source : place == NULL) {
            place = mount;
        }
    }
    return place;
}

int64_t mount_add(const char *source, struct spot over, const char *path)
{
    struct mount *mount = place_get(source);
    if (mount == NULL) {
        return ENOSPC;
    }
    if (!mount->is_used) {
        *mount = (struct mount){.source = source};
        (void)qy_strlcpy(mount->path, path, sizeof mount->path); /* ours */
    }
    if (source != NULL && mount->connection.session == HANDLE_INVALID) {
        (void)qy_strlcpy(mount->connection.name, source, sizeof mount->connection.name); /* ours */
        mount->connection.open = session_open_anew;
        handle_t session;
        if (qy_connection_session(&mount->connection, &session, qy_deadline_after(PATIENCE)) != 0) {
            return EIO;
        }
    }
    mount->is_used = true;
    mount->covered = over;
    int64_t status = mount == mounts ? 0 : FS_CALL(over, qy_fs_cover_on, over.node, true);
    return status == EBUSY ? 0 : status; /* busy: it was by a former instance of us */
}
