/* SPDX-License-Identifier: MIT */
/*
 * The table of descriptors. Each has a handle of its own; those that dup makes are handles of one
 * session, which is the open description. The table is copied by a fork, and its handles are at the
 * same values in the copy.
 *
 * Nobody holds a descriptor while it is used: who closes it meanwhile makes the other's call fail
 * with EBADF.
 */
#pragma once

#include <idl/dir.h>
#include <idl/file.h>
#include "linux.h"

#define POSIX_FD_MAX 1024u

struct posix_fd {
    handle_t handle; /* a session of `file`; HANDLE_INVALID: `local` */
    uint32_t open;   /* Linux's O_ flags that it was opened with; 0 in a place that is free */
    uint8_t kind;    /* enum qy_dir_kind; 0: free */
    bool close_on_exec;
    bool is_borrowed; /* its handle is the parent's: fd.c */
    uint8_t reserved;
    void *local;                /* what the layer serves itself: its owner's */
    void (*close)(void *local); /* of `local`, of which each descriptor counts as one */
    void (*share)(void *local); /* there is one more */
};

#define POSIX_KIND_LOCAL 100u /* kind of what the layer serves itself */

/* What a descriptor stands for. 0 or -EBADF. */
QY_MUST_USE int64_t posix_fd_get(uint64_t descriptor, struct posix_fd *ret_fd);

/* The lowest free number from `least` on becomes this. Takes it, also if it fails: -EMFILE. */
QY_MUST_USE int64_t posix_fd_install(const struct posix_fd *fd, uint64_t least);

/* The first descriptor in use from `first` on, or -1. */
int posix_fd_next(uint64_t first, struct posix_fd *ret_fd);

/* The directory that a path is relative to: that of a descriptor, or of the process (AT_FDCWD). 0,
 * -EBADF or -ENOTDIR. The handle stays the table's. */
QY_MUST_USE int64_t posix_fd_directory(uint64_t descriptor, handle_t *ret_directory);

/* The process's working directory becomes this; takes the handle. */
void posix_fd_set_working(handle_t directory);

/* Sessions of the process: root and working directory. */
handle_t posix_fd_root(void);
handle_t posix_fd_working(void);
void posix_fd_set_root(handle_t directory);

/* A child of vfork begins to change the table, and the directories; false: not with what is in it,
 * or there is no memory. They come back; they stay, in a process of the child's. */
bool posix_fd_lend(void);
void posix_fd_return(void);
void posix_fd_keep(void);

/* Around a fork. */
void posix_fd_lock(void);
void posix_fd_unlock(void);
