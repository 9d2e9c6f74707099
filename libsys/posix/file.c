/* SPDX-License-Identifier: MIT */
/*
 * Data goes in a message where it fits, and else by a lease: of the guest's own memory, or, of what
 * is in pieces, of a copy.
 */
#include "file.h"
#include <quay/clock.h>
#include <quay/heap.h>
#include <quay/text.h>
#include "call.h"
#include "guest.h"
#include "process.h"
#include "raise.h"
#include "tty.h"

#define GATHER_MAX (64 * 1024ul)
#define COUNT_MAX  0x7ffff000ul /* as Linux: what one call does at most */
#define HERE       QY_FILE_HERE

_Static_assert(LINUX_O_APPEND == QY_FILE_FLAGS_APPEND, "one number");
_Static_assert(LINUX_O_NONBLOCK == QY_FILE_FLAGS_NONBLOCK, "one number");

/* --- one piece ------------------------------------------------------------------------------- */

bool posix_file_can_read(const struct posix_fd *fd)
{
    return (fd->open & LINUX_O_ACCMODE) != LINUX_O_WRONLY && (fd->open & LINUX_O_PATH) == 0;
}

bool posix_file_can_write(const struct posix_fd *fd)
{
    return (fd->open & LINUX_O_ACCMODE) != LINUX_O_RDONLY && (fd->open & LINUX_O_PATH) == 0;
}

static int64_t local_read(const struct posix_fd *fd, uint64_t buffer, uint64_t size)
{
    const struct posix_local *local = fd->local;

    return local->read != NULL ? local->read(fd->local, buffer, size, false) : -EINVAL;
}

/* A regular file makes nobody wait: that a signal came is no reason to fail. A terminal outlives
 * the server that shows it. */
static bool is_to_repeat(const struct posix_fd *fd, int64_t status)
{
    return (status == -EINTR && fd->kind == QY_DIR_KIND_REGULAR) ||
           posix_tty_is_to_repeat(fd, status);
}

/* To the guest's memory, or ours if that is where `buffer` is. */
static int64_t read_to(const struct posix_fd *fd, uint64_t offset, uint64_t buffer, uint64_t size)
{
    uint8_t data[QY_FILE_INLINE_MAX];
    uint32_t count = 0;
    uint64_t lent_count = 0;
    int64_t status;

    if (size > QY_FILE_INLINE_MAX) {
        do {
            status = qy_file_read_lent(fd->handle, offset, (void *)(uintptr_t)buffer, size,
                                       &lent_count, DEADLINE_NEVER);
        } while (is_to_repeat(fd, status));
        return status == 0 ? (int64_t)lent_count : posix_error(status);
    }
    do {
        status = qy_file_read(fd->handle, offset, (uint32_t)size, data, &count, DEADLINE_NEVER);
    } while (is_to_repeat(fd, status));
    if (status != 0) {
        return posix_error(status);
    }
    return guest_write(buffer, data, count) == 0 ? (int64_t)count : -EFAULT;
}

static int64_t write_from(const struct posix_fd *fd, uint64_t offset, const void *data,
                          uint64_t size)
{
    uint32_t count = 0;
    uint64_t lent_count = 0;
    int64_t status;

    do {
        if (size > QY_FILE_INLINE_MAX) {
            status =
                qy_file_write_lent(fd->handle, offset, data, size, &lent_count, DEADLINE_NEVER);
        } else {
            status =
                qy_file_write(fd->handle, offset, data, (uint32_t)size, &count, DEADLINE_NEVER);
            lent_count = count;
        }
    } while (is_to_repeat(fd, status));
    if (status == EPIPE && !posix_signal_self(LINUX_SIGPIPE, LINUX_SI_USER)) {
        (void)posix_kill((uint64_t)qy_process_page()->pid, LINUX_SIGPIPE); /* it is blocked */
    }
    return status == 0 ? (int64_t)lent_count : posix_error(status);
}

static int64_t read_at(uint64_t descriptor, uint64_t offset, uint64_t buffer, uint64_t size)
{
    struct posix_fd fd;
    const int64_t status = posix_fd_get(descriptor, &fd);

    if (status != 0 || !posix_file_can_read(&fd)) {
        return -EBADF;
    }
    if (fd.kind == QY_DIR_KIND_DIRECTORY) {
        return -EISDIR;
    }
    size = size < COUNT_MAX ? size : COUNT_MAX;
    if (!guest_may(buffer, size)) {
        return -EFAULT;
    }
    return fd.handle != HANDLE_INVALID ? read_to(&fd, offset, buffer, size)
                                       : local_read(&fd, buffer, size);
}

static int64_t write_at(uint64_t descriptor, uint64_t offset, uint64_t buffer, uint64_t size)
{
    struct posix_fd fd;
    uint8_t data[QY_FILE_INLINE_MAX];
    const int64_t status = posix_fd_get(descriptor, &fd);

    if (status != 0 || !posix_file_can_write(&fd)) {
        return -EBADF;
    }
    size = size < COUNT_MAX ? size : COUNT_MAX;
    if (!guest_may(buffer, size)) {
        return -EFAULT;
    }
    if (fd.handle == HANDLE_INVALID) {
        const struct posix_local *local = fd.local;

        return local->write != NULL ? local->write(fd.local, buffer, size, false) : -EINVAL;
    }
    if (size > QY_FILE_INLINE_MAX) {
        return write_from(&fd, offset, (const void *)(uintptr_t)buffer, size);
    }
    return guest_read(data, buffer, size) == 0 ? write_from(&fd, offset, data, size) : -EFAULT;
}

int64_t posix_read(uint64_t descriptor, uint64_t buffer, uint64_t size)
{
    return read_at(descriptor, HERE, buffer, size);
}

int64_t posix_write(uint64_t descriptor, uint64_t buffer, uint64_t size)
{
    return write_at(descriptor, HERE, buffer, size);
}

int64_t posix_pread64(uint64_t descriptor, uint64_t buffer, uint64_t size, uint64_t offset)
{
    return (int64_t)offset < 0 ? -EINVAL : read_at(descriptor, offset, buffer, size);
}

int64_t posix_pwrite64(uint64_t descriptor, uint64_t buffer, uint64_t size, uint64_t offset)
{
    return (int64_t)offset < 0 ? -EINVAL : write_at(descriptor, offset, buffer, size);
}

/* --- in pieces ------------------------------------------------------------------------------- */

/* The pieces, in memory of ours, and how much they are together. */
static int64_t pieces_read(uint64_t vector, uint64_t count, struct linux_iovec **ret_pieces,
                           uint64_t *ret_total)
{
    struct linux_iovec *pieces;

    *ret_total = 0;
    *ret_pieces = NULL;
    if (count > LINUX_IOV_MAX) {
        return -EINVAL;
    }
    pieces = qy_alloc(count * sizeof *pieces);
    if (pieces == NULL) {
        return -ENOMEM;
    }
    if (guest_read(pieces, vector, count * sizeof *pieces) < 0) {
        qy_free(pieces);
        return -EFAULT;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (pieces[i].size > COUNT_MAX) {
            qy_free(pieces);
            return -EINVAL;
        }
        *ret_total += pieces[i].size;
    }
    *ret_pieces = pieces;
    return 0;
}

static int64_t gather(uint8_t *to, const struct linux_iovec *pieces, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (guest_read(to, pieces[i].base, pieces[i].size) < 0) {
            return -EFAULT;
        }
        to += pieces[i].size;
    }
    return 0;
}

/* One after the other, where they do not fit together. */
static int64_t each(uint64_t descriptor, uint64_t offset, const struct linux_iovec *pieces,
                    uint64_t count, bool is_write)
{
    int64_t done = 0;

    for (uint64_t i = 0; i < count; i++) {
        int64_t now = 0;

        if (pieces[i].size > 0) {
            now = is_write ? write_at(descriptor, offset, pieces[i].base, pieces[i].size)
                           : read_at(descriptor, offset, pieces[i].base, pieces[i].size);
        }
        if (now < 0) {
            return done > 0 ? done : now;
        }
        done += now;
        offset += offset == HERE ? 0 : (uint64_t)now;
        if ((uint64_t)now < pieces[i].size) {
            break;
        }
    }
    return done;
}

static int64_t write_together(uint64_t descriptor, uint64_t offset,
                              const struct linux_iovec *pieces, uint64_t count, uint64_t total)
{
    struct posix_fd fd;
    int64_t status = posix_fd_get(descriptor, &fd);
    uint8_t *data;

    if (status != 0 || !posix_file_can_write(&fd)) {
        return -EBADF;
    }
    if (fd.handle == HANDLE_INVALID) {
        return each(descriptor, offset, pieces, count, true);
    }
    data = qy_alloc(total);
    if (data == NULL) {
        return -ENOMEM;
    }
    status = gather(data, pieces, count);
    if (status == 0) {
        status = write_from(&fd, offset, data, total);
    }
    qy_free(data);
    return status;
}

static int64_t vector(uint64_t descriptor, uint64_t offset, uint64_t address, uint64_t count,
                      bool is_write)
{
    struct linux_iovec *pieces;
    uint64_t total;
    int64_t status = pieces_read(address, count, &pieces, &total);

    if (status != 0) {
        return status;
    }
    if (is_write && count > 1 && total <= GATHER_MAX) {
        status = write_together(descriptor, offset, pieces, count, total);
    } else {
        status = each(descriptor, offset, pieces, count, is_write);
    }
    qy_free(pieces);
    return status;
}

int64_t posix_readv(uint64_t descriptor, uint64_t address, uint64_t count)
{
    return vector(descriptor, HERE, address, count, false);
}

int64_t posix_writev(uint64_t descriptor, uint64_t address, uint64_t count)
{
    return vector(descriptor, HERE, address, count, true);
}

int64_t posix_preadv(uint64_t descriptor, uint64_t address, uint64_t count, uint64_t offset)
{
    return (int64_t)offset < 0 ? -EINVAL : vector(descriptor, offset, address, count, false);
}

int64_t posix_pwritev(uint64_t descriptor, uint64_t address, uint64_t count, uint64_t offset)
{
    return (int64_t)offset < 0 ? -EINVAL : vector(descriptor, offset, address, count, true);
}

/* From one file to another through memory of ours. */
static int64_t copy_through(const struct posix_fd *from, uint64_t offset, const struct posix_fd *to,
                            uint64_t count)
{
    uint8_t *data = qy_alloc(GATHER_MAX);
    int64_t done = 0;

    if (data == NULL) {
        return -ENOMEM;
    }
    while ((uint64_t)done < count) {
        const uint64_t wanted =
            count - (uint64_t)done < GATHER_MAX ? count - (uint64_t)done : GATHER_MAX;
        uint64_t got = 0;
        int64_t status = posix_error(
            qy_file_read_lent(from->handle, offset, data, wanted, &got, DEADLINE_NEVER));

        if (status == 0 && got > 0) {
            status = write_from(to, HERE, data, got);
        }
        if (status < 0 || got == 0) {
            done = done > 0 ? done : status;
            break;
        }
        done += status;
        offset += offset == HERE ? 0 : (uint64_t)status;
        if ((uint64_t)status < got) {
            break;
        }
    }
    qy_free(data);
    return done;
}

int64_t posix_sendfile(uint64_t target, uint64_t source, uint64_t ret_offset, uint64_t count)
{
    struct posix_fd from, to;
    uint64_t offset = HERE;
    int64_t done;

    if (posix_fd_get(source, &from) != 0 || posix_fd_get(target, &to) != 0 ||
        !posix_file_can_read(&from) || !posix_file_can_write(&to)) {
        return -EBADF;
    }
    if (from.handle == HANDLE_INVALID || to.handle == HANDLE_INVALID) {
        return -EINVAL;
    }
    if (ret_offset != 0 && guest_read(&offset, ret_offset, sizeof offset) < 0) {
        return -EFAULT;
    }
    done = copy_through(&from, offset, &to, count < COUNT_MAX ? count : COUNT_MAX);
    if (done > 0 && ret_offset != 0) {
        offset += (uint64_t)done;
        if (guest_write(ret_offset, &offset, sizeof offset) < 0) {
            return -EFAULT;
        }
    }
    return done;
}

/* --- what is not data ------------------------------------------------------------------------ */

/* The session of a descriptor. */
static int64_t session(uint64_t descriptor, handle_t *ret_session)
{
    struct posix_fd fd;
    const int64_t status = posix_fd_get(descriptor, &fd);

    if (status != 0) {
        return status;
    }
    *ret_session = fd.handle;
    return fd.handle == HANDLE_INVALID ? -EINVAL : 0;
}

int64_t posix_lseek(uint64_t descriptor, uint64_t offset, uint64_t whence)
{
    struct posix_fd fd;
    uint64_t position = 0;
    int64_t status = posix_fd_get(descriptor, &fd);

    if (status != 0) {
        return status;
    }
    if (fd.handle == HANDLE_INVALID) {
        return -ESPIPE;
    }
    if (fd.kind == QY_DIR_KIND_DIRECTORY) {
        if (whence != 0) {
            return -EINVAL;
        }
        status = qy_dir_entries_seek(fd.handle, offset, &position, DEADLINE_NEVER);
    } else {
        if (whence > QY_FILE_WHENCE_HOLE) {
            return -EINVAL;
        }
        status = qy_file_seek(fd.handle, (int64_t)offset, (qy_file_whence_t)whence, &position,
                              DEADLINE_NEVER);
    }
    return status == 0 ? (int64_t)position : posix_error(status);
}

int64_t posix_fsync(uint64_t descriptor)
{
    handle_t file;
    const int64_t status = session(descriptor, &file);

    return status == 0 ? posix_error(qy_file_sync(file, DEADLINE_NEVER)) : status;
}

int64_t posix_fdatasync(uint64_t descriptor)
{
    return posix_fsync(descriptor);
}

/* Memory is where files are: there is nothing else to be synchronized with yet. */
int64_t posix_sync(void)
{
    return 0;
}

int64_t posix_fadvise64(uint64_t descriptor, uint64_t offset, uint64_t size, uint64_t advice)
{
    handle_t file;

    (void)offset;
    (void)size;
    return advice <= 5 ? session(descriptor, &file) : -EINVAL;
}

int64_t posix_flock(uint64_t descriptor, uint64_t operation)
{
    struct posix_fd fd;
    const uint32_t what = operation & ~LINUX_LOCK_NB;
    struct qy_file_lock wanted = {.owner = QY_FILE_LOCK_OWNER_DESCRIPTION,
                                  .kind = what == LINUX_LOCK_SH   ? QY_FILE_LOCK_KIND_SHARED
                                          : what == LINUX_LOCK_EX ? QY_FILE_LOCK_KIND_EXCLUSIVE
                                                                  : QY_FILE_LOCK_KIND_NONE};
    const int64_t status = posix_fd_get(descriptor, &fd);

    if (status != 0) {
        return status;
    }
    if (what != LINUX_LOCK_SH && what != LINUX_LOCK_EX && what != LINUX_LOCK_UN) {
        return -EINVAL;
    }
    return posix_error(
        qy_file_lock(fd.handle, &wanted, (operation & LINUX_LOCK_NB) == 0, DEADLINE_NEVER));
}
