/* SPDX-License-Identifier: MIT */
/*
 * A file system in memory as a server: the protocol `fs` for vfs, and `file` for whoever has opened
 * something.
 *
 *   badge   63 set: the open description of this index and generation
 *           else:   vfs, by name
 *
 * One thread, so nothing is locked.
 */
#pragma once

#include <idl/file.h>
#include <idl/fs.h>
#include <quay/server.h>
#include "node.h"

struct description {
    uint64_t badge; /* 0: the place is free */
    struct node *node;
    union {
        uint64_t offset;
        uint64_t root; /* of a directory for dir.direct */
    };
    uint32_t flags; /* qy_file_flags_t; DESCRIPTION_DIRECT */
    uint32_t generation;
};

#define DESCRIPTION_DIRECT 1u /* serves paths, not data (direct.c) */

struct volume {
    struct tree tree;
    const char *type; /* in /proc/mounts */
    uint64_t magic;   /* in statfs */
    uint64_t device;  /* st_dev of all its files */
};

extern struct volume volume;

/* Of struct qy_server. */
int64_t volume_dispatch(struct qy_request *request);
void volume_client_gone(uint64_t badge);
void volume_session_closed(struct qy_server *server, uint64_t badge);
void volume_cancelled(struct qy_server *server, uint64_t token);
void volume_cancel_requested(struct qy_server *server, uint64_t token);

/* A session for a node that is opened: 0 and *ret_session, or an error. It begins at this offset,
 * or with this root. */
int description_open(struct qy_server *server, struct node *node, uint32_t flags, uint64_t offset,
                     handle_t *ret_session);

/* NULL: there is no such description. */
struct description *description_find(uint64_t badge);

extern const struct qy_file_handlers file_handlers;
extern const struct qy_fs_handlers fs_handlers;
extern const struct qy_dir_handlers direct_handlers;
bool direct_has(uint32_t method); /* whether there is a handler */

/* --- what both protocols do with paths (volume.c) -------------------------------------------- */

/* Walks and opens. A node that was arrived at and is a directory is held. */
int volume_open(struct qy_server *server, uint64_t node, uint64_t root, uint32_t flags,
                uint32_t mode, const uint8_t *path, uint32_t length, handle_t *ret_description,
                struct qy_fs_place *ret_place, uint64_t *ret_special, uint32_t *ret_mode);
int volume_lookup(uint64_t node, uint64_t root, bool is_followed, const uint8_t *path,
                  uint32_t length, struct qy_file_stat *ret_stat, struct qy_fs_place *ret_place);
int volume_make(struct qy_server *server, uint64_t node, uint64_t root, uint64_t special,
                uint32_t mode, const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place);
int volume_remove(struct qy_server *server, uint64_t node, uint64_t root, bool is_directory,
                  const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place);

/* --- locks (lock.c) ------------------------------------------------------------------------ */

int64_t lock_set(struct qy_request *request, struct description *description,
                 const struct qy_file_lock *lock, bool is_waiting);
int64_t lock_find(struct qy_request *request, struct description *description,
                  const struct qy_file_lock *lock, struct qy_file_lock *ret_blocking,
                  uint64_t *ret_job);
/* The description is closed. */
void lock_drop(struct qy_server *server, struct description *description);
