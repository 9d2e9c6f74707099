/* SPDX-License-Identifier: MIT */
/* Opening, and the process's directories. */
#include <quay/handle.h>
#include "call.h"
#include "guest.h"
#include "path.h"

#define O_TMPFILE 020000000u
/* What of the flags stays with the descriptor, for F_GETFL. */
#define O_NOT_KEPT (LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_NOCTTY | LINUX_O_TRUNC | LINUX_O_CLOEXEC)
/* Those that `dir` has, with the same numbers. */
#define O_PASSED                                                                                   \
    (LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_NOCTTY | LINUX_O_TRUNC | LINUX_O_APPEND |              \
     LINUX_O_NONBLOCK | LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW | LINUX_O_PATH)

static uint32_t flags_of(uint32_t flags)
{
    const uint32_t mode = flags & LINUX_O_ACCMODE;
    uint32_t passed = flags & O_PASSED;

    if ((flags & LINUX_O_PATH) != 0) {
        return passed & (LINUX_O_PATH | LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW);
    }
    passed |= mode != LINUX_O_WRONLY ? QY_DIR_OPEN_FLAGS_READ : 0;
    passed |= mode != LINUX_O_RDONLY ? QY_DIR_OPEN_FLAGS_WRITE : 0;
    return passed;
}

/* Another descriptor of what the path stands for. */
static int64_t descriptor_open(int descriptor, uint32_t flags)
{
    struct posix_fd fd;
    int64_t status = posix_fd_get((uint64_t)descriptor, &fd);

    if (status != 0 || fd.handle == HANDLE_INVALID) {
        return status != 0 ? -ENOENT : -ENXIO;
    }
    status = qy_handle_dup(fd.handle, RIGHTS_SAME);
    if (status < 0) {
        return posix_error(status);
    }
    fd.handle = (handle_t)status;
    fd.close_on_exec = (flags & LINUX_O_CLOEXEC) != 0;
    return posix_fd_install(&fd, 0);
}

int64_t posix_openat(uint64_t descriptor, uint64_t address, uint64_t wanted, uint64_t mode)
{
    const uint32_t flags = (uint32_t)wanted;
    struct posix_path path;
    struct posix_fd fd = {.open = flags & ~O_NOT_KEPT,
                          .close_on_exec = (flags & LINUX_O_CLOEXEC) != 0};
    qy_dir_kind_t kind;
    uint32_t deaths = 0;

    if ((flags & O_TMPFILE) != 0) {
        return -EOPNOTSUPP;
    }
    int64_t status = posix_path_get(descriptor, address, &path);
    if (status != 0) {
        return status;
    }
    if (path.length == 0) {
        return -ENOENT;
    }
    const int same = posix_path_descriptor(&path);
    if (same >= 0 && (flags & LINUX_O_NOFOLLOW) == 0) {
        posix_path_end(&path);
        return descriptor_open(same, flags);
    }
    do { /* a server that dies while nothing is changed is no reason to fail */
        status = POSIX_DIR_ONCE(&path, qy_dir_open, flags_of(flags), posix_mode(mode), path.rest,
                                path.length, &fd.handle, &kind);
    } while (status == -EPEER_DIED && (flags & (LINUX_O_CREAT | LINUX_O_TRUNC)) == 0 &&
             ++deaths < QY_ATTEMPTS_MAX);
    posix_path_end(&path);
    if (status != 0) {
        return posix_error(status);
    }
    fd.kind = (uint8_t)kind;
    return posix_fd_install(&fd, 0);
}

int64_t posix_open(uint64_t address, uint64_t flags, uint64_t mode)
{
    return posix_openat((uint64_t)LINUX_AT_FDCWD, address, flags, mode);
}

int64_t posix_creat(uint64_t address, uint64_t mode)
{
    return posix_open(address, LINUX_O_CREAT | LINUX_O_WRONLY | LINUX_O_TRUNC, mode);
}

/* --- directories --------------------------------------------------------------------------- */

static int64_t directory_open(uint64_t address, uint32_t more, handle_t *ret_directory)
{
    struct posix_path path;
    qy_dir_kind_t kind;
    int64_t status = posix_path_get((uint64_t)LINUX_AT_FDCWD, address, &path);

    if (status != 0) {
        return status;
    }
    status = path.length == 0
                 ? -ENOENT
                 : POSIX_STEADY(qy_dir_open(
                       path.directory, QY_DIR_OPEN_FLAGS_READ | QY_DIR_OPEN_FLAGS_DIRECTORY | more,
                       0, path.rest, path.length, ret_directory, &kind, DEADLINE_NEVER));
    posix_path_end(&path);
    return status;
}

int64_t posix_chdir(uint64_t address)
{
    handle_t directory;
    const int64_t status = directory_open(address, 0, &directory);

    if (status == 0) {
        posix_fd_set_working(directory);
    }
    return status;
}

int64_t posix_fchdir(uint64_t descriptor)
{
    struct posix_fd fd;
    int64_t status = posix_fd_get(descriptor, &fd);

    if (status == 0 && fd.kind != QY_DIR_KIND_DIRECTORY) {
        status = -ENOTDIR;
    }
    if (status != 0) {
        return status;
    }
    status = qy_handle_dup(fd.handle, RIGHTS_SAME);
    if (status < 0) {
        return posix_error(status);
    }
    posix_fd_set_working((handle_t)status);
    return 0;
}

int64_t posix_chroot(uint64_t address)
{
    handle_t directory;
    const int64_t status = directory_open(address, QY_DIR_OPEN_FLAGS_AS_ROOT, &directory);

    if (status == 0) {
        posix_fd_set_root(directory);
    }
    return status;
}

int64_t posix_getcwd(uint64_t buffer, uint64_t size)
{
    uint8_t path[LINUX_PATH_MAX];
    uint32_t length;

    if (posix_fd_working() == HANDLE_INVALID) {
        return -ENOENT;
    }
    int64_t status = POSIX_STEADY(qy_dir_where(posix_fd_working(), path, &length, DEADLINE_NEVER));
    if (status != 0) {
        return status;
    }
    path[length++] = 0;
    if (length > size) {
        return -ERANGE;
    }
    status = guest_write(buffer, path, length);
    return status != 0 ? status : length;
}

int64_t posix_getdents64(uint64_t descriptor, uint64_t buffer, uint64_t size)
{
    uint8_t entries[QY_DIR_ENTRIES_MAX];
    uint32_t count;
    struct posix_fd fd;
    int64_t status = posix_fd_get(descriptor, &fd);

    if (status == 0 && fd.kind != QY_DIR_KIND_DIRECTORY) {
        status = -ENOTDIR;
    }
    if (status == 0) {
        const uint32_t most = size < sizeof entries ? (uint32_t)size : sizeof entries;
        status = POSIX_STEADY(
            qy_dir_entries(fd.handle, QY_FILE_HERE, most, entries, &count, DEADLINE_NEVER));
    }
    if (status == 0) {
        status = guest_write(buffer, entries, count); /* the very form of linux_dirent64 */
    }
    return status != 0 ? status : count;
}
