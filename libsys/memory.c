/* SPDX-License-Identifier: MIT */
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/memory.h>

void *qy_memory_kept(size_t size_bytes)
{
    handle_t memory = qy_bootstrap_handle(BOOTSTRAP_MEMORY, QY_KEPT_NAME);
    uint64_t kept_bytes = qy_bootstrap_value(BOOTSTRAP_MEMORY, QY_KEPT_NAME);
    void *address;
    if (memory == HANDLE_INVALID || kept_bytes < size_bytes) {
        return NULL;
    }
    kept_bytes = (kept_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    int error = qy_memory_map(memory, 0, kept_bytes, MAP_READ | MAP_WRITE, &address);
    return error == 0 ? address : NULL;
}

int64_t qy_memory_snapshot(handle_t job, handle_t memory, uint64_t offset, uint64_t size_bytes)
{
    int64_t clone = qy_memory_clone(job, memory, offset, size_bytes);
    for (uint64_t done = 0; clone > 0 && done < size_bytes;) {
        int64_t more =
            qy_memory_supply((handle_t)clone, done, memory, offset + done, size_bytes - done);
        if (more < 0) {
            (void)qy_handle_close((handle_t)clone); /* it was ours */
            return more;
        }
        done += (uint64_t)more;
    }
    return clone;
}
