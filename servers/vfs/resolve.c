/* SPDX-License-Identifier: MIT */
#include "resolve.h"
#include <quay/text.h>

#define READ_TEXT_MAX 4080u

struct walker {
    struct qy_request *request;
    const struct view *view;
    struct resolved *out;
    uint32_t links;
};

/* The link's text takes the place of the component. */
static int64_t link_follow(struct walker *walker, const struct qy_fs_place *place)
{
    struct resolved *out = walker->out;
    uint8_t text[READ_TEXT_MAX];
    uint32_t length;
    struct spot link = {out->at.mount, place->node};
    if (++walker->links > LINKS_MAX) {
        return QY_FILE_FAILURE_LOOP;
    }
    int64_t error = mount_readlink(walker->request, link, text, &length);
    if (error != 0) {
        return error;
    }
    if (length == 0) {
        return ENOENT;
    }
    const uint8_t *rest = out->rest + place->consumed;
    uint32_t rest_length = out->rest_length - place->consumed;
    if (length + rest_length >= PATH_MAX) {
        return QY_FILE_FAILURE_NAME_TOO_LONG;
    }
    memmove(out->text + length, rest, rest_length); /* it may lie in the text already */
    memcpy(out->text, text, length);
    out->rest = out->text;
    out->rest_length = length + rest_length;
    out->at.node = place->parent;
    if (text[0] == '/') {
        out->at = walker->view->root;
    }
    return 0;
}

/* Over the border of a file system, or stopped at the root. */
static int64_t up_go(struct walker *walker, const struct qy_fs_place *place)
{
    struct resolved *out = walker->out;
    struct spot top = {out->at.mount, place->node};
    uint32_t consumed = place->consumed;
    out->at = top;
    if (!spot_is(top, walker->view->root) && top.mount != 0) {
        const struct mount *mount = mount_get(top.mount);
        if (mount == NULL || consumed < 2) {
            return EIO;
        }
        out->at = mount->covered;
        consumed -= 2; /* the ".." counts from there */
    }
    out->rest += consumed;
    out->rest_length -= consumed;
    return 0;
}

static int64_t stop_pass(struct walker *walker, const struct qy_fs_place *place)
{
    struct resolved *out = walker->out;
    if (place->consumed > out->rest_length) {
        return EIO;
    }
    switch (place->stop) {
    case QY_FS_STOP_LINK:
        return link_follow(walker, place);
    case QY_FS_STOP_UP:
        return up_go(walker, place);
    case QY_FS_STOP_MOUNT:
        out->at.node = place->node;
        if (!mount_over(out->at, &out->at.mount)) {
            return EIO;
        }
        out->at.node = NODE_ROOT;
        out->rest += place->consumed;
        out->rest_length -= place->consumed;
        return 0;
    case QY_FS_STOP_NONE:
    case QY_FS_STOP_SPECIAL:
        return 0;
    }
    return EIO;
}

/* Walks the front of a path that does not fit a message: symbolic links have made it so long. */
static int64_t front_walk(struct walker *walker, uint64_t root, struct qy_fs_place *ret_place)
{
    struct resolved *out = walker->out;
    uint32_t front = QY_DIR_PATH_MAX, mode;
    while (front > 0 && out->rest[front - 1] != '/') {
        front--;
    }
    return front == 0 ? QY_FILE_FAILURE_NAME_TOO_LONG
                      : mount_walk(walker->request, out->at, root,
                                   QY_FS_WALK_FLAGS_FOLLOW | QY_FS_WALK_FLAGS_DIRECTORY, out->rest,
                                   front, ret_place, &mode);
}

/* A walk has arrived at `place`. */
static void arrive(struct resolved *out, const struct qy_fs_place *place)
{
    uint32_t consumed = place->consumed < out->rest_length ? place->consumed : out->rest_length;
    out->parent = (struct spot){out->at.mount, place->parent};
    out->at.node = place->node;
    out->rest += consumed;
    out->rest_length -= consumed;
}

int64_t resolve(struct qy_request *request, const struct view *view, const uint8_t *path,
                uint32_t length, resolve_step_fn *step, void *context,
                struct resolved *ret_resolved)
{
    struct resolved *out = ret_resolved;
    struct walker walker = {.request = request, .view = view, .out = out};
    out->at = length > 0 && path[0] == '/' ? view->root : view->here;
    out->rest = path;
    out->rest_length = length;
    /* Each step gets over a component or a link at least, but for mounts at one place. */
    for (uint32_t steps = 0; steps < PATH_MAX + MOUNTS_MAX; steps++) {
        struct qy_fs_place place = {0};
        uint64_t root = out->at.mount == view->root.mount ? view->root.node : 0;
        bool is_front = out->rest_length > QY_DIR_PATH_MAX;
        int64_t status =
            is_front ? front_walk(&walker, root, &place)
                     : step(request, out->at, root, out->rest, out->rest_length, &place, context);
        bool has_arrived = place.stop == QY_FS_STOP_NONE || place.stop == QY_FS_STOP_SPECIAL;
        if (status == 0 && has_arrived) {
            arrive(out, &place);
            if (!is_front) {
                return 0;
            }
        } else if (status == 0) {
            status = stop_pass(&walker, &place);
        }
        if (status != 0) {
            return status;
        }
    }
    return QY_FILE_FAILURE_LOOP;
}

struct walk_context {
    uint32_t flags;
    uint32_t mode;
};

static int64_t walk_step(struct qy_request *request, struct spot at, uint64_t root,
                         const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place,
                         void *context)
{
    struct walk_context *walk = context;
    return mount_walk(request, at, root, walk->flags, path, length, ret_place, &walk->mode);
}

int64_t resolve_node(struct qy_request *request, const struct view *view, const uint8_t *path,
                     uint32_t length, uint32_t flags, struct resolved *ret_resolved,
                     uint32_t *ret_mode)
{
    struct walk_context walk = {.flags = flags};
    int64_t status = resolve(request, view, path, length, walk_step, &walk, ret_resolved);
    *ret_mode = walk.mode;
    return status;
}

int64_t resolve_parent(struct qy_request *request, const struct view *view, const uint8_t *path,
                       uint32_t length, struct resolved *ret_resolved, bool *ret_has_slash)
{
    struct resolved *out = ret_resolved;
    uint32_t mode;
    int64_t status = resolve_node(request, view, path, length, QY_FS_WALK_FLAGS_PARENT, out, &mode);
    if (status != 0) {
        return status;
    }
    *ret_has_slash = false;
    while (out->rest_length > 0 && out->rest[out->rest_length - 1] == '/') {
        out->rest_length--;
        *ret_has_slash = true;
    }
    bool is_dots = out->rest_length > 0 && out->rest[0] == '.' &&
                   (out->rest_length == 1 || (out->rest_length == 2 && out->rest[1] == '.'));
    return out->rest_length == 0 || is_dots ? EBUSY : 0;
}
