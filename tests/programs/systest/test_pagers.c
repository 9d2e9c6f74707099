/* SPDX-License-Identifier: MIT */
/* Memory that a thread of this program supplies, page by page, while others touch it. */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/thread.h>

#define PAGES   48ul
#define SIZE    (PAGES * PAGE_SIZE)
#define KEY     0x4b4559u
#define SILENT  0x4c415445u /* key of the memory whose page never comes */
#define TOUCHES 3

static struct {
    handle_t port, memory, source;
    volatile uint64_t *view;
    uint64_t strange; /* notices that are not as they should be */
    uint64_t faults;
} paged;

static volatile uint64_t *page(volatile uint64_t *base, uint64_t index)
{
    return base + index * (PAGE_SIZE / 8);
}

static void supply(void *argument)
{
    (void)argument;
    for (;;) {
        struct qy_received in = {0};
        if (qy_port_reply_receive(paged.port, &in, DEADLINE_NEVER) != RECEIVED_NOTICE) {
            return; /* the port is closed */
        }
        uint64_t offset = in.message.words[1];
        if (in.badge == SILENT) {
            continue;
        }
        if (in.badge != KEY || in.message.words[0] != NOTICE_PAGE_FAULT || offset >= SIZE) {
            paged.strange++;
        }
        paged.faults++;
        (void)qy_memory_supply(paged.memory, offset, paged.source, offset, PAGE_SIZE);
    }
}

/* Reads all pages, in an order of its own. */
static void read_all(void *argument)
{
    uint64_t *wrong = argument;
    uint64_t step = 5 + 6 * *wrong; /* 5, 11, 17: prime to PAGES */
    *wrong = 0;
    for (uint64_t i = 0; i < PAGES; i++) {
        uint64_t index = i * step % PAGES;
        *wrong += *page(paged.view, index) != 1000 + index;
    }
}

static void touched_by_many(void)
{
    struct qy_thread *threads[TOUCHES];
    uint64_t wrong[TOUCHES];
    for (uint64_t i = 0; i < TOUCHES; i++) {
        wrong[i] = i;
        if (qy_thread_create(read_all, &wrong[i], 0, &threads[i]) != 0) {
            tap_ok(false, "a thread that reads");
            return;
        }
    }
    bool are_good = true;
    for (uint64_t i = 0; i < TOUCHES; i++) {
        are_good &= qy_thread_join(threads[i], qy_deadline_after(PATIENT)) == 0 && wrong[i] == 0;
    }
    tap_ok(are_good, "threads on all CPUs read what their pager supplied");
    tap_ok(paged.faults >= PAGES && paged.faults <= TOUCHES * PAGES && paged.strange == 0,
           "which was told of each page");
}

/* Our copy touches a page that never comes: it shares the memory. */
static void late(void)
{
    void *view = NULL;
    int64_t memory = qy_memory_pager(qy_self_job(), PAGE_SIZE, paged.port, SILENT, SHORTLY);
    int error = qy_memory_map((handle_t)memory, 0, PAGE_SIZE, MAP_READ, &view);
    int64_t process = error == 0 ? qy_process_fork() : error;
    if (process == 0) {
        qy_process_exit(*(volatile uint8_t *)view);
    }
    tap_equal(qy_object_wait((handle_t)process, SIGNAL_EXITED, qy_deadline_after(PATIENT)),
              SIGNAL_EXITED, "who waits too long for a page");
    tap_ok((int64_t)qy_process_info((handle_t)process).second < 0, "is ended");
    discard(process);
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)(uintptr_t)view, PAGE_SIZE);
    discard(memory);
}

void test_pagers(void)
{
    void *source = NULL, *view = NULL;
    struct qy_thread *thread;
    int64_t port = qy_port_create(qy_self_job(), 1);
    int64_t filled = qy_memory_create(qy_self_job(), SIZE, 0);
    int64_t memory = qy_memory_pager(qy_self_job(), SIZE, (handle_t)port, KEY, PATIENT);
    tap_ok(memory > 0, "memory with a pager");
    paged.port = (handle_t)port;
    paged.memory = (handle_t)memory;
    paged.source = (handle_t)filled;
    int error = qy_memory_map((handle_t)filled, 0, SIZE, MAP_READ | MAP_WRITE, &source);
    if (error != 0 || qy_memory_map((handle_t)memory, 0, SIZE, MAP_READ, &view) != 0 ||
        qy_thread_create(supply, NULL, 0, &thread) != 0) {
        tap_ok(false, "what the test needs");
        return;
    }
    for (uint64_t i = 0; i < PAGES; i++) {
        *page(source, i) = 1000 + i;
    }
    paged.view = view;
    touched_by_many();
    late();
    tap_equal(qy_aspace_map(qy_self_aspace(), (handle_t)memory, 0, 0, SIZE, MAP_READ | MAP_STABLE),
              -ENOTSUP, "who wants no pager gets none");
    *page(source, 3) = 5;
    tap_equal((int64_t)*page(paged.view, 3), 1003, "what was supplied does not change");
    discard(port); /* ends the pager */
    (void)qy_thread_join(thread, qy_deadline_after(PATIENT));
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)(uintptr_t)view, SIZE);
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)(uintptr_t)source, SIZE);
    discard(memory);
    discard(filled);
}
