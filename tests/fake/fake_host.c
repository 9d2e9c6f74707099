/* SPDX-License-Identifier: MIT */
/* Memory of the host. On its own because <sys/mman.h> and our ABI use the same names. */
#include "fake_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

void *fake_host_map(void *address, size_t size)
{
    int fixed = address == NULL ? 0 : MAP_FIXED_NOREPLACE;
    void *memory = mmap(address, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);

    if (memory == MAP_FAILED) {
        perror("fake machine: no host memory");
        abort();
    }
    return memory;
}
