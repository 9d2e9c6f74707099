/* SPDX-License-Identifier: MIT */
/*
 * Starting a program. The new process gets its segments, a stack with guard pages, a bootstrap
 * block and exactly the handles named: its own process, thread, address space (always), and those
 * in `handles`. It pays for itself through `job`.
 */
#pragma once

#include <quay/syscall.h>
#include <quay/abi/bootstrap.h>
#include <quay/abi/ipc.h>
#include <quay/abi/object.h>

#define QY_SPAWN_HANDLES_MAX   64
#define QY_SPAWN_ARGUMENTS_MAX 16

struct qy_spawn_handle {
    handle_t handle;
    rights_t rights;    /* RIGHTS_SAME: all it has */
    uint32_t operation; /* HANDLE_MOVE: ours is gone, also if the start fails; HANDLE_COPY */
    uint32_t kind;      /* BOOTSTRAP_... */
    uint64_t value;
    const char *name; /* NULL: "" */
};

struct qy_spawn {
    handle_t job;
    const char *name; /* for the eyes of people */
    const void *image;
    size_t image_bytes;
    uint32_t argument_count; /* argument 0 is the name by custom */
    const char *const *arguments;
    uint32_t handle_count;
    const struct qy_spawn_handle *handles;
};

/* Starts it. 0 and a handle of the process (if ret_process is not NULL), or a negative error
 * number (-ENOEXEC: not a sound program file), and nothing is left behind. */
QY_MUST_USE int qy_spawn(const struct qy_spawn *spawn, handle_t *ret_process);
