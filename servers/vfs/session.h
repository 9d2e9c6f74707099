/* SPDX-License-Identifier: MIT */
/*
 * The sessions that vfs has given out: directories, ends of pipes, files of /proc, devices.
 *
 *   badge   63 set: place (low half) and generation of a struct session
 *           else:   by name: the directory "/" with the whole tree as its root
 *
 * The table lies in memory that survives vfs. A directory is all there; of the others the session
 * is stale after a restart.
 */
#pragma once

#include "resolve.h"

enum session_kind {
    SESSION_FREE,
    SESSION_DIRECTORY,
    SESSION_PIPE,
    SESSION_TEXT,
    SESSION_DEVICE,
};

struct pipe_end;
struct text_file;

struct session {
    uint64_t badge;
    uint32_t kind; /* enum session_kind */
    uint32_t generation;
    uint32_t flags; /* qy_file_flags_t */
    uint32_t device;
    uint64_t cursor; /* shared position: of a directory, or in a text */
    union {
        struct {
            struct view view;
            uint64_t koid;
        } directory;
        struct pipe_end *pipe;
        struct text_file *text;
    };
};

/* Takes over the table of `bytes`, all zero or left by a former instance. */
void sessions_init(void *memory, uint64_t bytes);

/* NULL: no such session. Of a session by name: one for the root, whose cursor nobody keeps. */
struct session *session_find(uint64_t badge);

/* Makes a session of this kind: 0, *ret_session to be filled in, and its handle; or an error. */
int64_t session_open(struct qy_server *server, enum session_kind kind, uint32_t flags,
                     struct session **ret_session, handle_t *ret_handle);

/* For who could not fill it in. The handle has been closed, or will be. */
void session_free(struct session *session);

/* The directory whose session this handle is, or NULL. */
struct session *session_of_handle(handle_t handle);

/* --- of struct qy_server ------------------------------------------------------------------- */

int64_t vfs_dispatch(struct qy_request *request);
void vfs_session_closed(struct qy_server *server, uint64_t badge);
void vfs_cancelled(struct qy_server *server, uint64_t token);
void vfs_cancel_requested(struct qy_server *server, uint64_t token);
