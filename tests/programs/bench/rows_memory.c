/* SPDX-License-Identifier: MIT */
/*
 * Memory. Mapping only notes what should be there, and the first touch makes the translation; so
 * beside map there is map_touch, of a page that has its frame already. What unmap removes is a page
 * that was touched.
 */
#include "bench.h"
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/thread.h>

#define CLONES      500
#define CLONE_PAGES 16ul
#define FAULTS      200ul
#define LARGE       (2ul << 20)
#define LARGES      5
#define MAPS        500
#define PAGES       1000ul

static void touch(int64_t address)
{
    *(volatile uint8_t *)(uintptr_t)address = 1;
}

static void map_measure(void)
{
    static uint64_t touches[MAPS], unmaps[MAPS];
    int64_t memory = qy_memory_create(qy_self_job(), PAGE_SIZE, 0);
    must(memory, "memory_create");
    for (uint32_t i = 0; i < MAPS; i++) {
        int64_t address, status;
        MEASURE(i, address = qy_aspace_map(qy_self_aspace(), (handle_t)memory, 0, 0, PAGE_SIZE,
                                           MAP_READ | MAP_WRITE));
        must(address, "aspace_map");
        uint64_t map = samples[i];
        MEASURE(i, touch(address));
        touches[i] = map + samples[i];
        MEASURE(i, status = qy_aspace_unmap(qy_self_aspace(), (uint64_t)address, PAGE_SIZE));
        must(status, "aspace_unmap");
        unmaps[i] = samples[i];
        samples[i] = map;
    }
    samples_print("map", MAPS, 1);
    for (uint32_t i = 0; i < MAPS; i++) {
        samples[i] = unmaps[i];
    }
    samples_print("unmap", MAPS, 1);
    for (uint32_t i = 0; i < MAPS; i++) {
        samples[i] = touches[i];
    }
    samples_print("map_touch", MAPS, 1);
}

/* One sample: the first write to a page of anonymous memory, its zeroing included. */
static void fault_measure(void)
{
    uint8_t *pages = qy_pages_map(PAGES * PAGE_SIZE);
    must(pages == NULL ? -ENOMEM : 0, "memory");
    for (uint32_t i = 0; i < PAGES; i++) {
        MEASURE(i, touch((int64_t)(uintptr_t)pages + (int64_t)(i * PAGE_SIZE)));
    }
    samples_print("anon_fault", PAGES, 1);
    qy_pages_unmap(pages, PAGES * PAGE_SIZE);
}

/* One sample: the first touch of 2 MiB, and of each of its pages. */
static void large_measure(const char *name, uint32_t flags)
{
    for (uint32_t i = 0; i < LARGES; i++) {
        int64_t memory = qy_memory_create(qy_self_job(), LARGE, flags);
        must(memory, "memory_create");
        int64_t address =
            qy_aspace_map(qy_self_aspace(), (handle_t)memory, 0, 0, LARGE, MAP_READ | MAP_WRITE);
        must(address, "aspace_map");
        MEASURE(
            i,
            for (uint64_t at = 0; at < LARGE; at += PAGE_SIZE) { touch(address + (int64_t)at); });
        must(qy_aspace_unmap(qy_self_aspace(), (uint64_t)address, LARGE), "aspace_unmap");
        must(qy_handle_close((handle_t)memory), "handle_close");
    }
    samples_print(name, LARGES, 1);
}

/* A clone of 16 pages that are mapped here; then a write to one of them, which copies it. */
static void clone_measure(void)
{
    static uint64_t writes[CLONES];
    int64_t memory = qy_memory_create(qy_self_job(), CLONE_PAGES * PAGE_SIZE, 0);
    must(memory, "memory_create");
    int64_t address = qy_aspace_map(qy_self_aspace(), (handle_t)memory, 0, 0,
                                    CLONE_PAGES * PAGE_SIZE, MAP_READ | MAP_WRITE);
    must(address, "aspace_map");
    for (uint32_t i = 0; i < CLONE_PAGES; i++) {
        touch(address + (int64_t)(i * PAGE_SIZE));
    }
    for (uint32_t i = 0; i < CLONES; i++) {
        int64_t clone;
        MEASURE(i, clone = qy_memory_snapshot(qy_self_job(), (handle_t)memory, 0,
                                              CLONE_PAGES * PAGE_SIZE));
        must(clone, "memory_clone");
        uint64_t cloned = samples[i];
        MEASURE(i, touch(address + (int64_t)(i % CLONE_PAGES * PAGE_SIZE)));
        writes[i] = samples[i];
        samples[i] = cloned;
        must(qy_handle_close((handle_t)clone), "handle_close");
    }
    samples_print("clone_64k", CLONES, 1);
    for (uint32_t i = 0; i < CLONES; i++) {
        samples[i] = writes[i];
    }
    samples_print("cow_fault", CLONES, 1);
    must(qy_aspace_unmap(qy_self_aspace(), (uint64_t)address, CLONE_PAGES * PAGE_SIZE),
         "aspace_unmap");
}

/* The pager is another thread here, and shares a page of its own. */
static struct {
    handle_t port, memory, source;
} pager;

static void pager_serve(void *argument)
{
    (void)argument;
    for (;;) {
        struct qy_received in = {0};
        must(qy_port_reply_receive(pager.port, &in, DEADLINE_NEVER), "port_reply_receive");
        uint64_t offset = in.message.words[1];
        must(qy_memory_supply(pager.memory, offset, pager.source, offset, PAGE_SIZE),
             "memory_supply");
    }
}

static void pager_measure(void)
{
    int64_t port = qy_port_create(qy_self_job(), 1);
    must(port, "port_create");
    int64_t memory =
        qy_memory_pager(qy_self_job(), FAULTS * PAGE_SIZE, (handle_t)port, 1, DEADLINE_NEVER);
    must(memory, "memory_pager");
    int64_t source = qy_memory_create(qy_self_job(), FAULTS * PAGE_SIZE, 0);
    must(source, "memory_create");
    int64_t filled = qy_aspace_map(qy_self_aspace(), (handle_t)source, 0, 0, FAULTS * PAGE_SIZE,
                                   MAP_READ | MAP_WRITE);
    must(filled, "aspace_map");
    for (uint32_t i = 0; i < FAULTS; i++) {
        touch(filled + (int64_t)(i * PAGE_SIZE));
    }
    must(qy_aspace_unmap(qy_self_aspace(), (uint64_t)filled, FAULTS * PAGE_SIZE), "aspace_unmap");
    pager.port = (handle_t)port;
    pager.memory = (handle_t)memory;
    pager.source = (handle_t)source;
    struct qy_thread *thread;
    must(qy_thread_create(pager_serve, NULL, 0, &thread), "thread_create");
    int64_t address =
        qy_aspace_map(qy_self_aspace(), (handle_t)memory, 0, 0, FAULTS * PAGE_SIZE, MAP_READ);
    must(address, "aspace_map");
    (void)qy_thread_yield(); /* it receives */
    for (uint32_t i = 0; i < FAULTS; i++) {
        volatile const uint8_t *byte = (const uint8_t *)(uintptr_t)address + i * PAGE_SIZE;
        MEASURE(i, (void)*byte);
    }
    samples_print("pager_fault", FAULTS, 1);
    must(qy_aspace_unmap(qy_self_aspace(), (uint64_t)address, FAULTS * PAGE_SIZE), "aspace_unmap");
}

void rows_memory(void)
{
    map_measure();
    fault_measure();
    large_measure("large_2m", MEMORY_LARGE); /* first: where a page table was there is none */
    large_measure("small_2m", 0);
    clone_measure();
    pager_measure();
}
