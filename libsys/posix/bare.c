/* SPDX-License-Identifier: MIT */
#include "bare.h"
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/system.h>
#include "guest.h"

#define CHUNK        256u
#define POLL_WRITING 0x4u

static int64_t log_write(void *local, uint64_t buffer, uint64_t size, bool nonblock)
{
    char text[CHUNK];
    uint64_t done = 0;

    (void)local;
    (void)nonblock;
    while (done < size) {
        const uint64_t length = size - done < CHUNK ? size - done : CHUNK;

        if (guest_read(text, buffer + done, length) < 0) {
            return done > 0 ? (int64_t)done : -EFAULT;
        }
        (void)qy_debug_log(text, length); /* nobody to tell if the log does not take it */
        done += length;
    }
    return (int64_t)done;
}

static uint32_t log_ready(void *local)
{
    (void)local;
    return POLL_WRITING;
}

struct posix_local posix_bare_log = {.write = log_write, .ready = log_ready};

int64_t posix_bare_program(struct posix_program_file *ret_program)
{
    const int64_t memory = qy_handle_dup(qy_process_page()->handles[0], RIGHTS_SAME);

    if (memory < 0) {
        return -ENOENT;
    }
    *ret_program = (struct posix_program_file){
        .memory = (handle_t)memory,
        .size = (uint64_t)qy_memory_info((handle_t)memory).status,
    };
    return 0;
}
