/* SPDX-License-Identifier: MIT */
/*
 * Paths that do not leave the file system, for those who ask it first and vfs else (dir.direct).
 * What has to be decided by vfs is `elsewhere`: links, mounts, the top, directories that are
 * opened, and whatever has no handler here.
 */
#include "volume.h"

#define ELSEWHERE QY_FILE_FAILURE_ELSEWHERE

/* Where the path counts from; false: that is elsewhere. */
static bool place_of(const struct qy_request *request, const uint8_t *path, uint32_t length,
                     uint64_t *ret_node, uint64_t *ret_root)
{
    const struct description *place = description_find(request->in.badge);
    bool is_absolute = length > 0 && path[0] == '/';
    *ret_root = place->root;
    *ret_node = is_absolute ? place->root : place->node->number;
    return length > 0 && *ret_node != 0;
}

/* The result of a walk, or `elsewhere` if it did not arrive. */
static int64_t arrived(int error, const struct qy_fs_place *place)
{
    return error == 0 && place->stop != QY_FS_STOP_NONE ? ELSEWHERE : error;
}

static int64_t direct_open(struct qy_request *request, qy_dir_open_flags_t flags, uint32_t mode,
                           const uint8_t *path, uint32_t path_count, handle_t *ret_description,
                           qy_dir_kind_t *ret_kind)
{
    const uint32_t beyond =
        QY_DIR_OPEN_FLAGS_DIRECTORY | QY_DIR_OPEN_FLAGS_PATH | QY_DIR_OPEN_FLAGS_AS_ROOT;
    struct qy_fs_place place = {0};
    uint64_t node, root, special;
    uint32_t found;
    *ret_description = HANDLE_INVALID;
    *ret_kind = QY_DIR_KIND_REGULAR;
    if ((flags & beyond) != 0 || !place_of(request, path, path_count, &node, &root)) {
        return ELSEWHERE;
    }
    int error = volume_open(request->server, node, root, flags, mode, path, path_count,
                            ret_description, &place, &special, &found);
    if (error == 0 && place.stop == QY_FS_STOP_NONE && *ret_description == HANDLE_INVALID) {
        node_release(&volume.tree, tree_node(&volume.tree, place.node)); /* a directory: vfs's */
        return ELSEWHERE;
    }
    return arrived(error, &place);
}

static int64_t direct_lookup(struct qy_request *request, bool follow, const uint8_t *path,
                             uint32_t path_count, struct qy_file_stat *ret_stat)
{
    struct qy_fs_place place = {0};
    uint64_t node, root;
    return !place_of(request, path, path_count, &node, &root)
               ? ELSEWHERE
               : arrived(volume_lookup(node, root, follow, path, path_count, ret_stat, &place),
                         &place);
}

static int64_t node_make(struct qy_request *request, uint64_t special, uint32_t mode,
                         const uint8_t *path, uint32_t path_count)
{
    struct qy_fs_place place = {0};
    uint64_t node, root;
    return !place_of(request, path, path_count, &node, &root)
               ? ELSEWHERE
               : arrived(volume_make(request->server, node, root, special, mode, path, path_count,
                                     &place),
                         &place);
}

static int64_t direct_make_directory(struct qy_request *request, uint32_t mode, const uint8_t *path,
                                     uint32_t path_count)
{
    return node_make(request, 0, MODE_DIRECTORY | (mode & 07777), path, path_count);
}

static int64_t direct_remove(struct qy_request *request, bool directory, const uint8_t *path,
                             uint32_t path_count)
{
    struct qy_fs_place place = {0};
    uint64_t node, root;
    return !place_of(request, path, path_count, &node, &root)
               ? ELSEWHERE
               : arrived(volume_remove(request->server, node, root, directory, path, path_count,
                                       &place),
                         &place);
}

static int64_t direct_change_at(struct qy_request *request, const struct qy_file_change *change,
                                bool follow, const uint8_t *path, uint32_t path_count)
{
    struct qy_file_stat stat;
    int64_t status = direct_lookup(request, follow, path, path_count, &stat);
    return status == 0 ? fs_handlers.change(request, change, stat.inode) : status;
}

static int64_t direct_make_node(struct qy_request *request, uint64_t special, uint32_t mode,
                                const uint8_t *path, uint32_t path_count)
{
    mode |= (mode & MODE_TYPE) == 0 ? MODE_REGULAR : 0;
    return (mode & MODE_TYPE) == MODE_DIRECTORY
               ? EPERM
               : node_make(request, special, mode, path, path_count);
}

static int64_t direct_readlink(struct qy_request *request, const uint8_t *path, uint32_t path_count,
                               uint8_t *ret_text, uint32_t *ret_text_count)
{
    struct qy_file_stat stat;
    *ret_text_count = 0;
    int64_t status = direct_lookup(request, false, path, path_count, &stat);
    return status == 0 ? fs_handlers.readlink(request, stat.inode, ret_text, ret_text_count)
                       : status;
}

const struct qy_dir_handlers direct_handlers = {
    .open = direct_open,
    .lookup = direct_lookup,
    .change_at = direct_change_at,
    .make_directory = direct_make_directory,
    .make_node = direct_make_node,
    .remove = direct_remove,
    .readlink = direct_readlink,
};

bool direct_has(uint32_t method)
{
    return (method >= QY_DIR_METHOD_OPEN && method <= QY_DIR_METHOD_REMOVE) ||
           method == QY_DIR_METHOD_READLINK;
}
