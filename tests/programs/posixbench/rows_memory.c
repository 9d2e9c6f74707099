/* SPDX-License-Identifier: MIT */
/* Memory. */
#include "bench.h"
#include <stddef.h>
#include <sys/mman.h>

#define PAGES 64u

static char *memory;

static void *pages_map(unsigned count)
{
    return mmap(NULL, count * 4096ul, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static bool map_unmap_run(void)
{
    void *page = pages_map(1);
    return page != MAP_FAILED && munmap(page, 4096) == 0;
}

/* First touch of 64 pages, per page; mapping and unmapping are small against it. */
static bool anonymous_run(void)
{
    memory = pages_map(PAGES);
    if (memory == MAP_FAILED) {
        return false;
    }
    for (unsigned i = 0; i < PAGES; i++) {
        ((volatile char *)memory)[i * 4096ul] = 1;
    }
    return munmap(memory, PAGES * 4096ul) == 0;
}

const struct row rows_memory[] = {
    {"mmap_munmap", NULL, map_unmap_run, NULL, 500, 1},
    {"mmap_touch", NULL, anonymous_run, NULL, 50, PAGES},
    {0},
};
