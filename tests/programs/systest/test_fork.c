/* SPDX-License-Identifier: MIT */
/* A process that copies itself, and each kind of mapping in the copy. */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process.h>
#include <quay/thread.h>

#define PAGES 40ul
#define SIZE  (PAGES * PAGE_SIZE)

static struct {
    uint64_t word;
    volatile uint64_t *copied, *view, *shared, *left, *zeroed;
    int64_t event, private_event;
} before;

static volatile uint64_t *words(uint32_t fork)
{
    void *address = NULL;
    int64_t memory = qy_memory_create(qy_self_job(), SIZE, 0);
    int error = qy_memory_map((handle_t)memory, 0, SIZE, MAP_READ | MAP_WRITE | fork, &address);
    discard(memory);
    return error == 0 ? address : NULL;
}

/* Two views of one memory. */
static void two_views(void)
{
    void *first = NULL, *second = NULL;
    int64_t memory = qy_memory_create(qy_self_job(), SIZE, 0);
    (void)qy_memory_map((handle_t)memory, 0, SIZE, MAP_READ | MAP_WRITE, &first);
    (void)qy_memory_map((handle_t)memory, PAGE_SIZE, PAGE_SIZE, MAP_READ, &second);
    discard(memory);
    before.copied = first;
    before.view = second;
}

static volatile uint64_t *page(volatile uint64_t *base, uint64_t index)
{
    return base + index * (PAGE_SIZE / 8);
}

/* What is wrong in the copy, 0 if nothing. */
static int64_t copy_check(void)
{
    if (before.word != 5 || *page(before.copied, 0) != 6 || *page(before.copied, PAGES - 1) != 7 ||
        *page(before.copied, 20) != 0) {
        return 1; /* what was written before is there */
    }
    before.word = 50;
    *page(before.copied, 1) = 60;
    if (*before.view != 60) {
        return 2; /* views stay views */
    }
    if (*before.shared != 8 || *before.zeroed != 0) {
        return 3;
    }
    *before.shared = 80;
    if (qy_aspace_map(qy_self_aspace(), qy_bootstrap_handle(BOOTSTRAP_ARCHIVE, NULL), 0,
                      (uint64_t)(uintptr_t)before.left, PAGE_SIZE, MAP_READ | MAP_FIXED) < 0) {
        return 4; /* nothing is there */
    }
    if (qy_event_signal((handle_t)before.event, 0, 4).status != 0) {
        return 5; /* handles have their values */
    }
    if (qy_handle_info((handle_t)before.private_event).status != -EBADF) {
        return 6; /* but for those that may not be copied */
    }
    if (qy_buffer() == NULL || qy_thread_set_priority(qy_thread_self()->handle, 100) != 0) {
        return 7; /* it has a thread and a buffer of its own */
    }
    return qy_handle_info(qy_self_process()).third == 0 ? 8 : 0;
}

void test_fork(void)
{
    before.word = 5;
    two_views();
    *page(before.copied, 0) = 6;
    *page(before.copied, PAGES - 1) = 7;
    before.shared = words(MAP_FORK_SHARE);
    *before.shared = 8;
    before.left = words(MAP_FORK_NONE);
    before.zeroed = words(MAP_FORK_ZERO);
    *before.zeroed = 9;
    before.event = qy_event_create(qy_self_job());
    int64_t other = qy_event_create(qy_self_job());
    before.private_event = qy_handle_dup((handle_t)other, RIGHTS_EVENT & ~(rights_t)RIGHT_DUP);
    (void)qy_buffer(); /* must not be inherited */

    int64_t process = qy_process_fork();
    if (process == 0) {
        qy_process_exit(copy_check());
    }
    tap_ok(process > 0, "a process copies itself");
    tap_equal(qy_object_wait((handle_t)process, SIGNAL_EXITED, qy_deadline_after(PATIENT)),
              SIGNAL_EXITED, "the copy runs and ends");
    tap_equal((int64_t)qy_process_info((handle_t)process).second, 0,
              "memory and handles were as they should");
    tap_ok(before.word == 5 && *page(before.copied, 1) == 0, "what it wrote is not seen here");
    tap_equal((int64_t)*before.shared, 80, "but in memory that is shared");
    tap_equal((int64_t)qy_event_wait((handle_t)before.event, 4, 1, DEADLINE_POLL).second, 4,
              "and it signaled our event");
    tap_equal(qy_aspace_fork(qy_self_aspace(), qy_self_aspace()), -EINVAL,
              "no address space becomes a copy of itself");
    tap_equal(qy_handle_fork((handle_t)process, qy_self_process()), -EBUSY,
              "handles go into a process that was not started");
    discard(process);
    discard(before.private_event);
    discard(other);
    discard(before.event);
}
