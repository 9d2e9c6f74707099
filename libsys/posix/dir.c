/* SPDX-License-Identifier: MIT */
/* Names: making, removing and changing them, and what they stand for. */
#include <quay/clock.h>
#include <quay/text.h>
#include "call.h"
#include "guest.h"
#include "path.h"
#include "tty.h"
#include "process.h"

#define HERE      ((uint64_t)LINUX_AT_FDCWD)
#define PAIR_MAX  (QY_DIR_PATH_MAX / 2)
#define TIME_NOW  0x3fffffffl
#define TIME_OMIT 0x3ffffffel

/* --- one path ------------------------------------------------------------------------------ */

int64_t posix_mkdirat(uint64_t descriptor, uint64_t address, uint64_t mode)
{
    struct posix_path path;
    int64_t status = posix_path_get(descriptor, address, &path);

    if (status == 0) {
        status = POSIX_DIR(&path, qy_dir_make_directory, posix_mode(mode), path.rest, path.length);
        posix_path_end(&path);
    }
    return status;
}

int64_t posix_mkdir(uint64_t address, uint64_t mode)
{
    return posix_mkdirat(HERE, address, mode);
}

int64_t posix_mknodat(uint64_t descriptor, uint64_t address, uint64_t mode, uint64_t special)
{
    struct posix_path path;
    int64_t status = posix_path_get(descriptor, address, &path);

    if (status == 0) {
        const uint32_t type = (uint32_t)mode & LINUX_S_IFMT;
        status = POSIX_DIR(&path, qy_dir_make_node, special, type | posix_mode(mode), path.rest,
                           path.length);
        posix_path_end(&path);
    }
    return status;
}

int64_t posix_mknod(uint64_t address, uint64_t mode, uint64_t special)
{
    return posix_mknodat(HERE, address, mode, special);
}

int64_t posix_unlinkat(uint64_t descriptor, uint64_t address, uint64_t flags)
{
    struct posix_path path;

    if ((flags & ~(uint64_t)LINUX_AT_REMOVEDIR) != 0) {
        return -EINVAL;
    }
    int64_t status = posix_path_get(descriptor, address, &path);
    if (status == 0) {
        status = POSIX_DIR(&path, qy_dir_remove, flags != 0, path.rest, path.length);
        posix_path_end(&path);
    }
    return status;
}

int64_t posix_unlink(uint64_t address)
{
    return posix_unlinkat(HERE, address, 0);
}

int64_t posix_rmdir(uint64_t address)
{
    return posix_unlinkat(HERE, address, LINUX_AT_REMOVEDIR);
}

/* The descriptor's path, as far as it has one. */
static int64_t descriptor_link(int descriptor, uint8_t *text, uint32_t *ret_length)
{
    struct posix_fd fd;

    if (posix_fd_get((uint64_t)descriptor, &fd) != 0) {
        return -ENOENT;
    }
    if (fd.kind == QY_DIR_KIND_DIRECTORY) {
        return POSIX_STEADY(qy_dir_where(fd.handle, text, ret_length, DEADLINE_NEVER));
    }
    if (posix_tty_path(&fd, (char *)text)) {
        *ret_length = (uint32_t)strlen((const char *)text);
        return 0;
    }
    *ret_length = (uint32_t)qy_snprintf((char *)text, 64, "anon:[%d]", descriptor);
    return 0;
}

int64_t posix_readlinkat(uint64_t descriptor, uint64_t address, uint64_t buffer, uint64_t size)
{
    struct posix_path path;
    uint8_t text[LINUX_PATH_MAX];
    uint32_t length;

    if ((int32_t)size <= 0) {
        return -EINVAL;
    }
    int64_t status = guest_read_string(path.text, address, sizeof path.text);
    if (status < 0) {
        return status;
    }
    if (posix_path_is_program(&path)) {
        length = (uint32_t)qy_strlcpy((char *)text, posix_program_path(), sizeof text);
        length = length < size ? length : (uint32_t)size;
        status = guest_write(buffer, text, length);
        return status != 0 ? status : length;
    }
    status = posix_path_get(descriptor, address, &path);
    if (status != 0) {
        return status;
    }
    const int same = posix_path_descriptor(&path);
    if (same >= 0) {
        status = descriptor_link(same, text, &length);
    } else {
        status = POSIX_DIR_AGAIN(&path, qy_dir_readlink, path.rest, path.length, text, &length);
    }
    posix_path_end(&path);
    if (status == 0) {
        length = length < size ? length : (uint32_t)size; /* cut off, as POSIX has it */
        status = guest_write(buffer, text, length);
    }
    return status != 0 ? status : length;
}

int64_t posix_readlink(uint64_t address, uint64_t buffer, uint64_t size)
{
    return posix_readlinkat(HERE, address, buffer, size);
}

/* --- two paths ----------------------------------------------------------------------------- */

struct pair {
    struct posix_path from, to;
    uint8_t paths[QY_DIR_PATH_MAX];
    uint32_t length;
    handle_t target; /* of the second, if it is another one */
};

/* Both, so that they fit one message. Ended by pair_end if it went well. */
static int64_t pair_get(struct pair *pair, uint64_t from, uint64_t from_address, uint64_t to,
                        uint64_t to_address)
{
    int64_t status = posix_path_get(from, from_address, &pair->from);
    if (status != 0) {
        return status;
    }
    status = posix_path_get(to, to_address, &pair->to);
    if (status != 0) {
        posix_path_end(&pair->from);
        return status;
    }
    status = pair->from.length == 0 || pair->to.length == 0
                 ? -ENOENT
                 : posix_path_shorten(&pair->from, PAIR_MAX);
    if (status == 0) {
        status = posix_path_shorten(&pair->to, PAIR_MAX);
    }
    if (status != 0) {
        posix_path_end(&pair->from);
        posix_path_end(&pair->to);
        return status;
    }
    memcpy(pair->paths, pair->from.rest, pair->from.length);
    memcpy(pair->paths + pair->from.length, pair->to.rest, pair->to.length);
    pair->length = pair->from.length + pair->to.length;
    pair->target = pair->to.directory == pair->from.directory ? HANDLE_INVALID : pair->to.directory;
    return 0;
}

static void pair_end(struct pair *pair)
{
    posix_path_end(&pair->from);
    posix_path_end(&pair->to);
}

int64_t posix_renameat2(uint64_t from, uint64_t from_address, uint64_t to, uint64_t to_address,
                        uint64_t flags)
{
    struct pair pair;

    if ((flags & ~(uint64_t)(QY_DIR_RENAME_FLAGS_NO_REPLACE | QY_DIR_RENAME_FLAGS_EXCHANGE)) != 0) {
        return -EINVAL;
    }
    int64_t status = pair_get(&pair, from, from_address, to, to_address);
    if (status == 0) {
        status = POSIX_STEADY(qy_dir_rename(pair.from.directory, (uint32_t)flags, pair.from.length,
                                            pair.target, pair.paths, pair.length, DEADLINE_NEVER));
        pair_end(&pair);
    }
    return status;
}

int64_t posix_renameat(uint64_t from, uint64_t from_address, uint64_t to, uint64_t to_address)
{
    return posix_renameat2(from, from_address, to, to_address, 0);
}

int64_t posix_rename(uint64_t from_address, uint64_t to_address)
{
    return posix_renameat2(HERE, from_address, HERE, to_address, 0);
}

int64_t posix_linkat(uint64_t from, uint64_t from_address, uint64_t to, uint64_t to_address,
                     uint64_t flags)
{
    struct pair pair;
    int64_t status = pair_get(&pair, from, from_address, to, to_address);

    if (status == 0) {
        status = POSIX_STEADY(qy_dir_link(pair.from.directory,
                                          (flags & LINUX_AT_SYMLINK_FOLLOW) != 0, pair.from.length,
                                          pair.target, pair.paths, pair.length, DEADLINE_NEVER));
        pair_end(&pair);
    }
    return status;
}

int64_t posix_link(uint64_t from_address, uint64_t to_address)
{
    return posix_linkat(HERE, from_address, HERE, to_address, 0);
}

int64_t posix_symlinkat(uint64_t text_address, uint64_t descriptor, uint64_t address)
{
    struct posix_path path;
    uint8_t paths[LINUX_PATH_MAX];
    const int64_t length = guest_read_string((char *)paths, text_address, sizeof paths);

    if (length <= 0) {
        return length < 0 ? length : -ENOENT;
    }
    int64_t status = posix_path_get(descriptor, address, &path);
    if (status != 0) {
        return status;
    }
    const uint32_t room = QY_DIR_PATH_MAX - 256;
    status = path.length == 0 ? -ENOENT : length > room ? -ENAMETOOLONG : 0;
    if (status == 0 && path.length > QY_DIR_PATH_MAX - (uint32_t)length) {
        status = posix_path_shorten(&path, QY_DIR_PATH_MAX - (uint32_t)length);
    }
    if (status == 0) {
        memcpy(paths + length, path.rest, path.length);
        status = POSIX_STEADY(qy_dir_symlink(path.directory, (uint32_t)length, paths,
                                             (uint32_t)length + path.length, DEADLINE_NEVER));
    }
    posix_path_end(&path);
    return status;
}

int64_t posix_symlink(uint64_t text_address, uint64_t address)
{
    return posix_symlinkat(text_address, HERE, address);
}

/* --- changing ------------------------------------------------------------------------------ */

static int64_t descriptor_change(uint64_t descriptor, const struct qy_file_change *change)
{
    struct posix_fd fd;
    const int64_t status = posix_fd_get(descriptor, &fd);

    if (status != 0) {
        return status;
    }
    return fd.handle == HANDLE_INVALID
               ? -EINVAL
               : POSIX_STEADY(qy_file_change(fd.handle, change, DEADLINE_NEVER));
}

static int64_t path_change(uint64_t descriptor, uint64_t address, uint32_t flags,
                           const struct qy_file_change *change)
{
    struct posix_path path;
    const bool is_followed = (flags & LINUX_AT_SYMLINK_NOFOLLOW) == 0;
    int64_t status = posix_path_get(descriptor, address, &path);

    if (status != 0) {
        return status;
    }
    const int same = is_followed ? posix_path_descriptor(&path) : -1;
    if (path.length == 0 && (flags & LINUX_AT_EMPTY_PATH) == 0) {
        status = -ENOENT;
    } else if (same >= 0 || (path.length == 0 && path.directory == HANDLE_INVALID)) {
        status = descriptor_change(same >= 0 ? (uint64_t)same : descriptor, change);
    } else {
        status =
            POSIX_DIR_AGAIN(&path, qy_dir_change_at, change, is_followed, path.rest, path.length);
    }
    posix_path_end(&path);
    return status;
}

static struct qy_file_change mode_change(uint64_t mode)
{
    return (struct qy_file_change){.what = QY_FILE_CHANGE_WHAT_MODE,
                                   .mode = (uint32_t)mode & 07777};
}

int64_t posix_fchmodat(uint64_t descriptor, uint64_t address, uint64_t mode)
{
    const struct qy_file_change change = mode_change(mode);

    return path_change(descriptor, address, 0, &change);
}

int64_t posix_chmod(uint64_t address, uint64_t mode)
{
    return posix_fchmodat(HERE, address, mode);
}

int64_t posix_fchmod(uint64_t descriptor, uint64_t mode)
{
    const struct qy_file_change change = mode_change(mode);

    return descriptor_change(descriptor, &change);
}

/* -1: stays. */
static struct qy_file_change owner_change(uint64_t user, uint64_t group)
{
    return (struct qy_file_change){
        .what = ((uint32_t)user != UINT32_MAX ? QY_FILE_CHANGE_WHAT_USER : 0) |
                ((uint32_t)group != UINT32_MAX ? QY_FILE_CHANGE_WHAT_GROUP : 0),
        .user = (uint32_t)user,
        .group = (uint32_t)group,
    };
}

int64_t posix_fchownat(uint64_t descriptor, uint64_t address, uint64_t user, uint64_t group,
                       uint64_t flags)
{
    const struct qy_file_change change = owner_change(user, group);

    return path_change(descriptor, address, (uint32_t)flags, &change);
}

int64_t posix_chown(uint64_t address, uint64_t user, uint64_t group)
{
    return posix_fchownat(HERE, address, user, group, 0);
}

int64_t posix_lchown(uint64_t address, uint64_t user, uint64_t group)
{
    return posix_fchownat(HERE, address, user, group, LINUX_AT_SYMLINK_NOFOLLOW);
}

int64_t posix_fchown(uint64_t descriptor, uint64_t user, uint64_t group)
{
    const struct qy_file_change change = owner_change(user, group);

    return descriptor_change(descriptor, &change);
}

/* Room for a part of a file: what lies beyond its end is made to belong to it. */
int64_t posix_fallocate(uint64_t descriptor, uint64_t mode, uint64_t offset, uint64_t size)
{
    struct posix_fd fd;
    struct qy_file_stat stat;
    uint64_t end;
    int64_t status = posix_fd_get(descriptor, &fd);

    if (status != 0) {
        return status;
    }
    if (mode != 0 || fd.handle == HANDLE_INVALID) {
        return mode != 0 ? -EOPNOTSUPP : -ENODEV;
    }
    if ((int64_t)offset < 0 || (int64_t)size <= 0) {
        return -EINVAL;
    }
    if (__builtin_add_overflow(offset, size, &end) || (int64_t)end < 0) {
        return -EFBIG;
    }
    status = POSIX_STEADY(qy_file_stat(fd.handle, &stat, DEADLINE_NEVER));
    if (status != 0 || end <= stat.size) {
        return status;
    }
    return descriptor_change(
        descriptor, &(struct qy_file_change){.what = QY_FILE_CHANGE_WHAT_SIZE, .size = end});
}

int64_t posix_truncate(uint64_t address, uint64_t size)
{
    const struct qy_file_change change = {.what = QY_FILE_CHANGE_WHAT_SIZE, .size = size};

    return (int64_t)size < 0 ? -EINVAL : path_change(HERE, address, 0, &change);
}

int64_t posix_ftruncate(uint64_t descriptor, uint64_t size)
{
    const struct qy_file_change change = {.what = QY_FILE_CHANGE_WHAT_SIZE, .size = size};

    return (int64_t)size < 0 ? -EINVAL : descriptor_change(descriptor, &change);
}

/* One of the two times; false: no such time. */
static bool time_put(struct linux_timespec time, uint32_t set, uint32_t now, uint32_t *what,
                     int64_t *ret_ns)
{
    if (time.nanoseconds == TIME_OMIT) {
        return true;
    }
    if (time.nanoseconds == TIME_NOW) {
        *what |= now;
        return true;
    }
    *what |= set;
    return time.nanoseconds >= 0 && time.nanoseconds < QY_SECOND &&
           !__builtin_mul_overflow(time.seconds, QY_SECOND, ret_ns) &&
           !__builtin_add_overflow(*ret_ns, time.nanoseconds, ret_ns);
}

static int64_t times_change(uint64_t descriptor, uint64_t address, uint32_t flags,
                            const struct linux_timespec *times)
{
    struct qy_file_change change = {0};
    uint32_t what = 0;

    if (!time_put(times[0], QY_FILE_CHANGE_WHAT_ACCESSED, QY_FILE_CHANGE_WHAT_ACCESSED_NOW, &what,
                  &change.accessed) ||
        !time_put(times[1], QY_FILE_CHANGE_WHAT_MODIFIED, QY_FILE_CHANGE_WHAT_MODIFIED_NOW, &what,
                  &change.modified)) {
        return -EINVAL;
    }
    change.what = what;
    return address == 0 ? descriptor_change(descriptor, &change)
                        : path_change(descriptor, address, flags, &change);
}

int64_t posix_utimensat(uint64_t descriptor, uint64_t address, uint64_t times_address,
                        uint64_t flags)
{
    struct linux_timespec times[2] = {{0, TIME_NOW}, {0, TIME_NOW}};
    const int64_t status = times_address != 0 ? guest_read(times, times_address, sizeof times) : 0;

    return status != 0 ? status : times_change(descriptor, address, (uint32_t)flags, times);
}

int64_t posix_futimesat(uint64_t descriptor, uint64_t address, uint64_t times_address)
{
    struct linux_timespec times[2] = {{0, TIME_NOW}, {0, TIME_NOW}};

    if (times_address != 0) {
        const int64_t status = guest_read(times, times_address, sizeof times);
        if (status != 0) {
            return status;
        }
        for (int i = 0; i < 2; i++) {
            if (times[i].nanoseconds < 0 || times[i].nanoseconds >= 1000000) {
                return -EINVAL;
            }
            times[i].nanoseconds *= 1000; /* they were microseconds */
        }
    }
    return times_change(descriptor, address, 0, times);
}

int64_t posix_utimes(uint64_t address, uint64_t times_address)
{
    return posix_futimesat(HERE, address, times_address);
}

int64_t posix_utime(uint64_t address, uint64_t times_address)
{
    struct linux_timespec times[2] = {{0, TIME_NOW}, {0, TIME_NOW}};
    int64_t seconds[2];

    if (times_address != 0) {
        const int64_t status = guest_read(seconds, times_address, sizeof seconds);
        if (status != 0) {
            return status;
        }
        times[0] = (struct linux_timespec){seconds[0], 0};
        times[1] = (struct linux_timespec){seconds[1], 0};
    }
    return times_change(HERE, address, 0, times);
}

int64_t posix_syncfs(uint64_t descriptor)
{
    struct posix_fd fd;
    const int64_t status = posix_fd_get(descriptor, &fd);

    return status != 0 ? status : POSIX_STEADY(qy_file_sync(fd.handle, DEADLINE_NEVER));
}
