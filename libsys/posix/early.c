/* SPDX-License-Identifier: MIT */
/*
 * Until there are files: descriptors 1 and 2 are the kernel's log, and the only program file is the
 * first handle of the start.
 */
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/system.h>
#include "call.h"
#include "guest.h"
#include "process.h"

#define CHUNK 256u

void posix_file_start(const struct process_start *start)
{
    (void)start;
}

void posix_file_exec(void)
{
}

int posix_file_next(int first, handle_t *ret_handle)
{
    (void)first;
    (void)ret_handle;
    return -1;
}

void posix_file_directories(handle_t *ret_root, handle_t *ret_working)
{
    *ret_root = *ret_working = HANDLE_INVALID;
}

int64_t posix_file_program(const char *path, handle_t *ret_memory, uint64_t *ret_size)
{
    const int64_t memory = qy_handle_dup(qy_process_page()->handles[0], RIGHTS_SAME);

    (void)path;
    *ret_memory = (handle_t)memory;
    *ret_size = (uint64_t)qy_memory_info((handle_t)memory).status;
    return memory < 0 ? -ENOENT : 0;
}

int64_t posix_file_map(int descriptor, uint64_t offset, uint64_t size, bool is_shared,
                       uint32_t protection, handle_t *ret_memory, uint64_t *ret_offset)
{
    (void)descriptor;
    (void)offset;
    (void)size;
    (void)is_shared;
    (void)protection;
    (void)ret_memory;
    (void)ret_offset;
    return -EBADF;
}

int64_t posix_write(uint64_t descriptor, uint64_t buffer, uint64_t size)
{
    char text[CHUNK];
    uint64_t done = 0;

    if (descriptor != 1 && descriptor != 2) {
        return -EBADF;
    }
    while (done < size) {
        const uint64_t length = size - done < CHUNK ? size - done : CHUNK;

        if (guest_read(text, buffer + done, length) < 0) {
            return done > 0 ? (int64_t)done : -EFAULT;
        }
        (void)qy_debug_log(text, length);
        done += length;
    }
    return (int64_t)done;
}

int64_t posix_writev(uint64_t descriptor, uint64_t vector, uint64_t count)
{
    int64_t done = 0;

    for (uint64_t i = 0; i < count; i++) {
        uint64_t piece[2];

        if (guest_read(piece, vector + i * sizeof piece, sizeof piece) < 0) {
            return -EFAULT;
        }
        const int64_t written = posix_write(descriptor, piece[0], piece[1]);
        if (written < 0) {
            return written;
        }
        done += written;
    }
    return done;
}
