/* SPDX-License-Identifier: MIT */
/* Pipes, and copying from one descriptor to another. */
#include <quay/handle.h>
#include "call.h"
#include "guest.h"
#include "path.h"

#define COPY_MAX 0x7ffff000ul /* as Linux: of one call */

int64_t posix_pipe2(uint64_t address, uint64_t wanted)
{
    const uint32_t flags = (uint32_t)wanted;
    struct posix_fd ends[2] = {{.kind = QY_DIR_KIND_PIPE, .open = LINUX_O_RDONLY},
                               {.kind = QY_DIR_KIND_PIPE, .open = LINUX_O_WRONLY}};
    int32_t numbers[2];

    if ((flags & ~(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK)) != 0) {
        return -EINVAL;
    }
    if (posix_fd_root() == HANDLE_INVALID) {
        return -ENOSYS; /* the process was given no files */
    }
    int64_t status = POSIX_STEADY(qy_dir_pipe(posix_fd_root(), flags & LINUX_O_NONBLOCK,
                                              &ends[0].handle, &ends[1].handle, DEADLINE_NEVER));
    if (status != 0) {
        return status;
    }
    for (int i = 0; i < 2; i++) {
        ends[i].open |= flags & LINUX_O_NONBLOCK;
        ends[i].close_on_exec = (flags & LINUX_O_CLOEXEC) != 0;
    }
    status = posix_fd_install(&ends[0], 0);
    if (status < 0) {
        (void)qy_handle_close(ends[1].handle); /* ours */
        return status;
    }
    numbers[0] = (int32_t)status;
    status = posix_fd_install(&ends[1], 0);
    numbers[1] = (int32_t)status;
    if (status >= 0) {
        status = guest_write(address, numbers, sizeof numbers);
        if (status < 0) {
            (void)posix_close((uint64_t)numbers[1]); /* it was just made */
        }
    }
    if (status < 0) {
        (void)posix_close((uint64_t)numbers[0]);
    }
    return status < 0 ? status : 0;
}

int64_t posix_pipe(uint64_t address)
{
    return posix_pipe2(address, 0);
}

/* --- copying ------------------------------------------------------------------------------- */

/* Writes all of it, as far as that goes: how much, or a negative error if it was nothing. */
static int64_t put(handle_t to, uint64_t *offset, const uint8_t *data, uint32_t size)
{
    uint32_t done = 0, count;

    while (done < size) {
        const uint64_t at = *offset == QY_FILE_HERE ? QY_FILE_HERE : *offset;
        const int64_t status =
            posix_error(qy_file_write(to, at, data + done, size - done, &count, DEADLINE_NEVER));
        if (status != 0) {
            return done > 0 ? done : status;
        }
        done += count;
        *offset += *offset == QY_FILE_HERE ? 0 : count;
        if (count == 0) {
            break;
        }
    }
    return done;
}

/* Copies: how much, or a negative error if it was nothing. Offsets move, unless they are `here`. */
static int64_t copy(handle_t from, uint64_t *from_offset, handle_t to, uint64_t *to_offset,
                    uint64_t size)
{
    uint8_t data[QY_FILE_INLINE_MAX];
    uint64_t done = 0;
    int64_t status = 0;

    size = size < COPY_MAX ? size : COPY_MAX;
    while (done < size) {
        const uint32_t wanted =
            size - done < sizeof data ? (uint32_t)(size - done) : (uint32_t)sizeof data;
        uint32_t count;
        uint64_t position;
        status =
            posix_error(qy_file_read(from, *from_offset, wanted, data, &count, DEADLINE_NEVER));
        if (status != 0 || count == 0) {
            break;
        }
        status = put(to, to_offset, data, count);
        const uint32_t taken = status < 0 ? 0 : (uint32_t)status;
        if (*from_offset != QY_FILE_HERE) {
            *from_offset += taken;
        } else if (taken < count) { /* what was not written is to be read again */
            (void)qy_file_seek(from, (int64_t)taken - (int64_t)count, QY_FILE_WHENCE_CURRENT,
                               &position, DEADLINE_NEVER);
        }
        done += taken;
        if (taken < count) {
            break;
        }
        status = 0;
    }
    return done > 0 ? (int64_t)done : status < 0 ? status : 0;
}

/* The offset that the guest keeps, or `here` if it keeps none. */
static int64_t offset_read(uint64_t address, uint64_t *ret_offset)
{
    *ret_offset = QY_FILE_HERE;
    if (address == 0) {
        return 0;
    }
    const int64_t status = guest_read(ret_offset, address, sizeof *ret_offset);
    return status != 0 ? status : (int64_t)*ret_offset < 0 ? -EINVAL : 0;
}

int64_t posix_copy_file_range(uint64_t from, uint64_t from_address, uint64_t to,
                              uint64_t to_address, uint64_t size, uint64_t flags)
{
    struct posix_fd source, target;
    uint64_t from_offset, to_offset;
    int64_t status = posix_fd_get(from, &source);

    if (status == 0) {
        status = posix_fd_get(to, &target);
    }
    if (status == 0) {
        status = offset_read(from_address, &from_offset);
    }
    if (status == 0) {
        status = offset_read(to_address, &to_offset);
    }
    if (status == 0 &&
        (flags != 0 || source.kind != QY_DIR_KIND_REGULAR || target.kind != QY_DIR_KIND_REGULAR)) {
        status = -EINVAL;
    }
    if (status != 0) {
        return status;
    }
    const int64_t done = copy(source.handle, &from_offset, target.handle, &to_offset, size);
    if (done >= 0 && from_address != 0) {
        status = guest_write(from_address, &from_offset, sizeof from_offset);
    }
    if (done >= 0 && status == 0 && to_address != 0) {
        status = guest_write(to_address, &to_offset, sizeof to_offset);
    }
    return status != 0 ? status : done;
}
