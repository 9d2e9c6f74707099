/* SPDX-License-Identifier: MIT */
/*
 * The mount table: which file system begins where, and calls to them.
 *
 *   spot = (mount, node)          mount 0 is at "/"; mount n lies over the directory `covered`
 *
 * A mount's place in the table means the same after a restart, because it is set up in the same
 * order: spots lie in the sessions that survive.
 */
#pragma once

#include <idl/fs.h>
#include <quay/names.h>
#include <quay/server.h>

#define MOUNTS_MAX 16
#define NODE_ROOT  1ul

/* Types in modes. */
#define MODE_TYPE      0170000u
#define MODE_FIFO      0010000u
#define MODE_CHARACTER 0020000u
#define MODE_DIRECTORY 0040000u
#define MODE_BLOCK     0060000u
#define MODE_REGULAR   0100000u
#define MODE_LINK      0120000u

struct spot {
    uint64_t mount;
    uint64_t node;
};

static inline bool spot_is(struct spot a, struct spot b)
{
    return a.mount == b.mount && a.node == b.node;
}

struct mount {
    bool is_used;
    struct qy_connection connection;
    struct spot covered; /* mount 0: itself */
    const char *source;  /* the server's name; NULL: /proc, which is ours */
    char path[64];       /* for /proc/mounts */
};

/* Puts a file system over a spot (the first: at the top), or what comes from this source to another
 * spot. 0, or an error. `source` is kept; NULL: /proc. */
int64_t mount_add(const char *source, struct spot over, const char *path);

/* No mounts, as at the start. */
void mount_forget(void);

/* NULL: there is none. */
struct mount *mount_get(uint64_t index);

/* What lies over this spot: true and its index. */
bool mount_over(struct spot covered, uint64_t *ret_index);

/* The protocol `fs`, of whatever is mounted there. `request` is the call that vfs works on. Beside
 * errors of the protocol (positive) there is only EIO for a file system that does not answer. */
int64_t mount_walk(struct qy_request *request, struct spot at, uint64_t root, uint32_t flags,
                   const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place,
                   uint32_t *ret_mode);
int64_t mount_open(struct qy_request *request, struct spot at, uint64_t root, uint32_t flags,
                   uint32_t mode, const uint8_t *path, uint32_t length, handle_t *ret_description,
                   struct qy_fs_place *ret_place, uint64_t *ret_special, uint32_t *ret_mode);
int64_t mount_lookup(struct qy_request *request, struct spot at, uint64_t root, bool is_followed,
                     const uint8_t *path, uint32_t length, struct qy_file_stat *ret_stat,
                     struct qy_fs_place *ret_place);
int64_t mount_make(struct spot at, uint64_t root, uint64_t special, uint32_t mode,
                   const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place);
int64_t mount_remove(struct spot at, uint64_t root, bool is_directory, const uint8_t *path,
                     uint32_t length, struct qy_fs_place *ret_place);
int64_t mount_change(struct spot at, const struct qy_file_change *change);
int64_t mount_readlink(struct qy_request *request, struct spot at, uint8_t *ret_text,
                       uint32_t *ret_length);
int64_t mount_entries(struct qy_request *request, struct spot at, uint64_t cursor, uint32_t size,
                      uint8_t *ret_entries, uint32_t *ret_count, uint64_t *ret_next);
int64_t mount_name(struct qy_request *request, struct spot at, uint64_t *ret_parent,
                   uint8_t *ret_name, uint32_t *ret_length);
int64_t mount_hold(struct spot at);
int64_t mount_direct(struct spot at, uint64_t root, handle_t *ret_quick);
void mount_release(struct spot at);
int64_t mount_rename(struct spot from, struct spot to, uint32_t flags, const uint8_t *from_name,
                     uint32_t from_length, const uint8_t *to_name, uint32_t to_length);
int64_t mount_link(struct spot node, struct spot parent, const uint8_t *name, uint32_t length);
int64_t mount_symlink(struct spot parent, const uint8_t *name, uint32_t length, const uint8_t *text,
                      uint32_t text_length);
int64_t mount_describe(struct spot at, struct qy_dir_space *ret_space, char *ret_type);
int64_t mount_sync(struct spot at);
int64_t mount_watch(struct spot at, bool is_watched);
