/* SPDX-License-Identifier: MIT */
/*
 * From paths to nodes. A file system walks as far as it can; where it stops, at a symbolic link, a
 * mount or the top, this goes on. At most LINKS_MAX links, and no path ever longer than PATH_MAX.
 */
#pragma once

#include "mount.h"

#define LINKS_MAX 40
#define PATH_MAX  4096u /* with the zero that C would have behind it */

/* Where paths count from: of a session. */
struct view {
    struct spot here, root;
};

/* A call to the file system at `at` that walks; its results beside the place are in `context`. */
typedef int64_t resolve_step_fn(struct qy_request *request, struct spot at, uint64_t root,
                                const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place,
                                void *context);

struct resolved {
    struct spot at;      /* what it is */
    struct spot parent;  /* that its last component was looked up in */
    const uint8_t *rest; /* what the last step has left, in `text` or in the path */
    uint32_t rest_length;
    uint8_t text[PATH_MAX];
};

/* Walks until `step` arrives or fails. */
int64_t resolve(struct qy_request *request, const struct view *view, const uint8_t *path,
                uint32_t length, resolve_step_fn *step, void *context,
                struct resolved *ret_resolved);

/* Just walks. An empty path is the view's own place. */
int64_t resolve_node(struct qy_request *request, const struct view *view, const uint8_t *path,
                     uint32_t length, uint32_t flags, struct resolved *ret_resolved,
                     uint32_t *ret_mode);

/* To the directory that the last component is in: resolved.rest is the component, without slashes
 * behind it; has_slash says that there were some. It is not empty, nor "." or "..". */
int64_t resolve_parent(struct qy_request *request, const struct view *view, const uint8_t *path,
                       uint32_t length, struct resolved *ret_resolved, bool *ret_has_slash);
