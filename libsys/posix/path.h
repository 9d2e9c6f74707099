/* SPDX-License-Identifier: MIT */
/*
 * Paths of a guest. A path counts from a session of a directory: that of the process's root if it
 * begins with a slash, else of a descriptor or of the working directory. What does not fit a
 * message is walked in pieces: the front of the path is opened, and the rest counts from there.
 */
#pragma once

#include <stdbool.h>
#include "fd.h"

struct posix_path {
    handle_t directory;  /* a session of `dir` */
    handle_t quick;      /* asked first, if it is not HANDLE_INVALID (POSIX_DIR) */
    bool is_owned;       /* opened for this path */
    const uint8_t *rest; /* in text */
    uint32_t length;     /* of rest; 0: the path is empty */
    char text[LINUX_PATH_MAX];
};

/* Reads a path of the guest's; /proc/self/exe becomes what it stands for. 0, or -EFAULT,
 * -ENAMETOOLONG, -EBADF, -ENOTDIR; an empty one is no error, and its directory is HANDLE_INVALID if
 * the descriptor is none. Ended by posix_path_end if it went well. */
QY_MUST_USE int64_t posix_path_get(uint64_t descriptor, uint64_t address,
                                   struct posix_path *ret_path);

/* The same for a path of ours, of the process's own view. */
QY_MUST_USE int64_t posix_path_own(const char *text, struct posix_path *ret_path);

/* Makes the rest as short as this, which is at least 256. */
QY_MUST_USE int64_t posix_path_shorten(struct posix_path *path, uint32_t most);

/* Whether the text is /proc/self/exe. */
bool posix_path_is_program(const struct posix_path *path);

void posix_path_end(struct posix_path *path);

/* The result of a call that does not wait for anybody, as a Linux error. It is made again if a kick
 * came before a server had it: what does not wait is not interrupted, and the signal is served on
 * the way back. */
#define POSIX_STEADY(call)                                                                         \
    ({                                                                                             \
        int64_t posix_steady_status;                                                               \
        do {                                                                                       \
            posix_steady_status = (call);                                                          \
        } while (posix_steady_status == -EINTR);                                                   \
        posix_error(posix_steady_status);                                                          \
    })

/* Calls a function of `dir` for the path: of the file system itself, which knows most of what is
 * asked, and if that does not know of vfs. The answer as it comes. */
#define POSIX_DIR_ONCE(path, function, ...)                                                        \
    ({                                                                                             \
        int64_t posix_dir_status = QY_FILE_FAILURE_ELSEWHERE;                                      \
        if ((path)->quick != HANDLE_INVALID) {                                                     \
            posix_dir_status = function((path)->quick, __VA_ARGS__, DEADLINE_NEVER);               \
        }                                                                                          \
        if (posix_path_is_elsewhere(path, posix_dir_status)) {                                     \
            posix_dir_status = function((path)->directory, __VA_ARGS__, DEADLINE_NEVER);           \
        }                                                                                          \
        posix_dir_status;                                                                          \
    })

#define POSIX_DIR(path, function, ...) POSIX_STEADY(POSIX_DIR_ONCE(path, function, __VA_ARGS__))

/* The same for what can be done twice: again too if the server died of it, by vfs, which waits for
 * the next instance. */
#define POSIX_DIR_AGAIN(path, function, ...)                                                       \
    ({                                                                                             \
        uint32_t posix_dir_deaths = 0;                                                             \
        int64_t posix_dir_once;                                                                    \
        do {                                                                                       \
            posix_dir_once = POSIX_DIR_ONCE(path, function, __VA_ARGS__);                          \
        } while (posix_dir_once == -EINTR ||                                                       \
                 (posix_dir_once == -EPEER_DIED && ++posix_dir_deaths < QY_ATTEMPTS_MAX));         \
        posix_error(posix_dir_once);                                                               \
    })

/* Whether vfs is to be asked after this answer. */
bool posix_path_is_elsewhere(struct posix_path *path, int64_t status);

/* The descriptor that the path stands for (/proc/self/fd/N, /dev/fd/N, /dev/stdin), or -1. */
int posix_path_descriptor(const struct posix_path *path);

/* While the process becomes two. */
void posix_path_lock(void);
void posix_path_unlock(void);

/* The mode of something new, without what umask takes away. */
uint32_t posix_mode(uint64_t mode);
