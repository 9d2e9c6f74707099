/* SPDX-License-Identifier: MIT */
/* What there is to know of files. */
#include <quay/clock.h>
#include "call.h"
#include "file.h"
#include "guest.h"
#include "path.h"
#include "tty.h"

#define STATX_ALL 0xfffu /* basic fields and the time of birth */

static struct linux_timespec timespec_of(int64_t ns)
{
    struct linux_timespec time = {ns / QY_SECOND, ns % QY_SECOND};

    if (time.nanoseconds < 0) {
        time.seconds--;
        time.nanoseconds += QY_SECOND;
    }
    return time;
}

static int64_t stat_write(uint64_t ret_stat, const struct qy_file_stat *stat)
{
    const struct linux_stat written = {
        .device = stat->device,
        .inode = stat->inode,
        .links = stat->links,
        .mode = stat->mode,
        .user = stat->user,
        .group = stat->group,
        .special = stat->special,
        .size = (int64_t)stat->size,
        .block_size = stat->block_size,
        .blocks = (int64_t)stat->blocks,
        .accessed = timespec_of(stat->accessed),
        .modified = timespec_of(stat->modified),
        .changed = timespec_of(stat->changed),
    };

    return guest_write(ret_stat, &written, sizeof written);
}

static int64_t stat_of(const struct posix_fd *fd, struct qy_file_stat *ret_stat)
{
    if (fd->handle == HANDLE_INVALID) { /* of the layer's own: an anonymous inode */
        *ret_stat = (struct qy_file_stat){.mode = 0600, .links = 1, .block_size = PAGE_SIZE};
        return 0;
    }
    const int64_t status = POSIX_STEADY(qy_file_stat(fd->handle, ret_stat, DEADLINE_NEVER));
    if (status == 0 && fd->kind == QY_DIR_KIND_TERMINAL) {
        posix_tty_stat(fd, ret_stat);
    }
    return status;
}

/* Of a path of the guest's, with LINUX_AT_ flags. */
static int64_t stat_get(uint64_t descriptor, uint64_t address, uint32_t flags,
                        struct qy_file_stat *ret_stat)
{
    struct posix_path path;
    struct posix_fd fd;
    const bool is_followed = (flags & LINUX_AT_SYMLINK_NOFOLLOW) == 0;
    int64_t status = posix_path_get(descriptor, address, &path);

    if (status != 0) {
        return status;
    }
    const int same = path.length > 0 && is_followed ? posix_path_descriptor(&path) : -1;
    if (same >= 0 || (path.length == 0 && (flags & LINUX_AT_EMPTY_PATH) != 0 &&
                      (int32_t)descriptor != LINUX_AT_FDCWD)) {
        posix_path_end(&path);
        status = posix_fd_get(same >= 0 ? (uint64_t)same : descriptor, &fd);
        return status != 0 ? status : stat_of(&fd, ret_stat);
    }
    if (path.length == 0 && (flags & LINUX_AT_EMPTY_PATH) == 0) {
        return -ENOENT;
    }
    status = POSIX_DIR_AGAIN(&path, qy_dir_lookup, is_followed, path.rest, path.length, ret_stat);
    posix_path_end(&path);
    return status;
}

int64_t posix_fstat(uint64_t descriptor, uint64_t buffer)
{
    struct qy_file_stat stat;
    struct posix_fd fd;
    int64_t status = posix_fd_get(descriptor, &fd);

    if (status == 0) {
        status = stat_of(&fd, &stat);
    }
    return status != 0 ? status : stat_write(buffer, &stat);
}

int64_t posix_newfstatat(uint64_t descriptor, uint64_t address, uint64_t buffer, uint64_t flags)
{
    struct qy_file_stat stat;
    const int64_t status = stat_get(descriptor, address, (uint32_t)flags, &stat);

    return status != 0 ? status : stat_write(buffer, &stat);
}

int64_t posix_stat(uint64_t address, uint64_t buffer)
{
    return posix_newfstatat((uint64_t)LINUX_AT_FDCWD, address, buffer, 0);
}

int64_t posix_lstat(uint64_t address, uint64_t buffer)
{
    return posix_newfstatat((uint64_t)LINUX_AT_FDCWD, address, buffer, LINUX_AT_SYMLINK_NOFOLLOW);
}

/* --- statx --------------------------------------------------------------------------------- */

struct statx_time {
    int64_t seconds;
    uint32_t nanoseconds;
    int32_t reserved;
};

struct linux_statx {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, user, group;
    uint16_t mode, reserved;
    uint64_t inode, size, blocks, attributes_mask;
    struct statx_time accessed, born, changed, modified;
    uint32_t special_major, special_minor, device_major, device_minor;
    uint64_t spare[14];
};

_Static_assert(sizeof(struct linux_statx) == 256, "struct statx");

static struct statx_time statx_time(int64_t ns)
{
    const struct linux_timespec time = timespec_of(ns);

    return (struct statx_time){.seconds = time.seconds, .nanoseconds = (uint32_t)time.nanoseconds};
}

static uint32_t major_of(uint64_t device)
{
    return (uint32_t)(device >> 8 & 0xfff) | (uint32_t)(device >> 32 & ~0xfffu);
}

static uint32_t minor_of(uint64_t device)
{
    return (uint32_t)(device & 0xff) | (uint32_t)(device >> 12 & ~0xffu);
}

int64_t posix_statx(uint64_t descriptor, uint64_t address, uint64_t flags, uint64_t mask,
                    uint64_t buffer)
{
    struct qy_file_stat stat;
    const int64_t status = stat_get(descriptor, address, (uint32_t)flags, &stat);

    (void)mask; /* all of it is always told */
    if (status != 0) {
        return status;
    }
    const struct linux_statx out = {
        .mask = STATX_ALL,
        .block_size = stat.block_size,
        .links = stat.links,
        .user = stat.user,
        .group = stat.group,
        .mode = (uint16_t)stat.mode,
        .inode = stat.inode,
        .size = stat.size,
        .blocks = stat.blocks,
        .accessed = statx_time(stat.accessed),
        .born = statx_time(stat.born),
        .changed = statx_time(stat.changed),
        .modified = statx_time(stat.modified),
        .special_major = major_of(stat.special),
        .special_minor = minor_of(stat.special),
        .device_major = major_of(stat.device),
        .device_minor = minor_of(stat.device),
    };
    return guest_write(buffer, &out, sizeof out);
}

/* --- access -------------------------------------------------------------------------------- */

#define WANT_EXECUTE 1u
#define WANT_WRITE   2u

/* Everybody is user 0, who may all but write to what is read-only and execute what nobody may. */
int64_t posix_faccessat2(uint64_t descriptor, uint64_t address, uint64_t wanted, uint64_t flags)
{
    struct qy_file_stat stat;
    struct posix_path path;
    struct qy_dir_space space;
    int64_t status = stat_get(descriptor, address, (uint32_t)flags, &stat);

    if (status != 0) {
        return status;
    }
    const uint32_t type = stat.mode & LINUX_S_IFMT;
    if ((wanted & WANT_EXECUTE) != 0 && type != LINUX_S_IFDIR && (stat.mode & 0111) == 0) {
        return -EACCES;
    }
    if ((wanted & WANT_WRITE) == 0 || (type != LINUX_S_IFREG && type != LINUX_S_IFDIR)) {
        return 0;
    }
    status = posix_path_get(descriptor, address, &path);
    if (status == 0 && path.directory != HANDLE_INVALID) {
        status = POSIX_STEADY(
            qy_dir_space(path.directory, path.rest, path.length, &space, DEADLINE_NEVER));
        posix_path_end(&path);
        status = status == 0 && (space.flags & 1) != 0 ? -EROFS : status;
    }
    return status;
}

int64_t posix_faccessat(uint64_t descriptor, uint64_t address, uint64_t wanted)
{
    return posix_faccessat2(descriptor, address, wanted, 0);
}

int64_t posix_access(uint64_t address, uint64_t wanted)
{
    return posix_faccessat2((uint64_t)LINUX_AT_FDCWD, address, wanted, 0);
}

/* --- file systems -------------------------------------------------------------------------- */

struct linux_statfs {
    int64_t type, block_size;
    uint64_t blocks, blocks_free, blocks_available, files, files_free;
    uint64_t id;
    int64_t name_max, fragment_size, flags, spare[4];
};

_Static_assert(sizeof(struct linux_statfs) == 120, "struct statfs");

static int64_t space_write(const struct qy_dir_space *space, uint64_t buffer)
{
    const struct linux_statfs out = {
        .type = (int64_t)space->magic,
        .block_size = (int64_t)space->block_size,
        .blocks = space->blocks,
        .blocks_free = space->blocks_free,
        .blocks_available = space->blocks_free,
        .files = space->files,
        .files_free = space->files_free,
        .id = space->device,
        .name_max = space->name_max,
        .fragment_size = (int64_t)space->block_size,
        .flags = space->flags,
    };
    return guest_write(buffer, &out, sizeof out);
}

int64_t posix_statfs(uint64_t address, uint64_t buffer)
{
    struct posix_path path;
    struct qy_dir_space space;
    int64_t status = posix_path_get((uint64_t)LINUX_AT_FDCWD, address, &path);

    if (status != 0) {
        return status;
    }
    status = path.length == 0 ? -ENOENT
                              : POSIX_STEADY(qy_dir_space(path.directory, path.rest, path.length,
                                                          &space, DEADLINE_NEVER));
    posix_path_end(&path);
    return status != 0 ? status : space_write(&space, buffer);
}

/* Of directories: a session of `file` does not say in which file system it is. */
int64_t posix_fstatfs(uint64_t descriptor, uint64_t buffer)
{
    struct posix_fd fd;
    struct qy_dir_space space;
    int64_t status = posix_fd_get(descriptor, &fd);

    if (status == 0) {
        status = fd.kind != QY_DIR_KIND_DIRECTORY
                     ? -ENOSYS
                     : POSIX_STEADY(qy_dir_space(fd.handle, NULL, 0, &space, DEADLINE_NEVER));
    }
    return status != 0 ? status : space_write(&space, buffer);
}
