/* SPDX-License-Identifier: MIT */
#include <quay/port.h>

/* The kernel copies a bounded part in one call. */
static int64_t copy_all(uint64_t number, handle_t port, uint64_t token, uint32_t index,
                        uint64_t offset, uint64_t address, uint64_t size)
{
    do {
        int64_t copied = qy_syscall6(number, port, token, index, offset, address, size);

        if (copied < 0) {
            return copied;
        }
        offset += (uint64_t)copied;
        address += (uint64_t)copied;
        size -= (uint64_t)copied;
    } while (size > 0);
    return 0;
}

int64_t qy_lease_read(handle_t port, uint64_t token, uint32_t index, uint64_t offset, void *to,
                      uint64_t size)
{
    return copy_all(SYS_lease_read, port, token, index, offset, (uint64_t)(uintptr_t)to, size);
}

int64_t qy_lease_write(handle_t port, uint64_t token, uint32_t index, uint64_t offset,
                       const void *from, uint64_t size)
{
    return copy_all(SYS_lease_write, port, token, index, offset, (uint64_t)(uintptr_t)from, size);
}
