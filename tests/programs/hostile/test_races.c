/* SPDX-License-Identifier: MIT */
/* Handles that are closed, revoked and moved while other threads use them, on all CPUs. */
#include "hostile.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/thread.h>

#define USERS    3
#define DURATION (300 * QY_MILLISECOND)

static struct {
    handle_t shared;  /* atomic; what everybody uses, replaced all the time */
    uint32_t stopped; /* atomic */
    uint64_t good, refused;
    int64_t unexpected; /* an answer that nobody may get */
} race_state;

static void user(void *argument)
{
    (void)argument;
    while (__atomic_load_n(&race_state.stopped, __ATOMIC_RELAXED) == 0) {
        handle_t handle = __atomic_load_n(&race_state.shared, __ATOMIC_RELAXED);
        int64_t status = qy_event_signal(handle, 1, 1).status;
        int64_t copy = qy_handle_dup(handle, RIGHTS_SAME);
        if (copy > 0) {
            (void)qy_handle_close((handle_t)copy); /* revoked or not */
        }
        bool is_refused = status == -EBADF || status == -EREVOKED;
        bool is_copy_ok = copy > 0 || copy == -EBADF || copy == -EREVOKED;
        if ((status != 0 && !is_refused) || !is_copy_ok) {
            race_state.unexpected = status != 0 && !is_refused ? status : copy;
        }
        __atomic_add_fetch(is_refused ? &race_state.refused : &race_state.good, 1,
                           __ATOMIC_RELAXED);
    }
}

static void closers_run(bool with_revoke)
{
    int64_t event = qy_event_create(qy_self_job());
    struct qy_thread *threads[USERS];
    race_state.shared = (handle_t)qy_handle_dup((handle_t)event, RIGHTS_SAME);
    race_state.stopped = 0;
    race_state.good = race_state.refused = 0;
    int started = 0;
    while (started < USERS && qy_thread_create(user, NULL, 0, &threads[started]) == 0) {
        started++;
    }
    time_ns_t end = qy_deadline_after(DURATION);
    bool is_ok = true;
    while (qy_clock_read() < end) {
        handle_t old = race_state.shared;
        if (with_revoke) {
            is_ok &= qy_handle_revoke((handle_t)event) == 0;
        }
        is_ok &= qy_handle_close(old) == 0;
        __atomic_store_n(&race_state.shared, (handle_t)qy_handle_dup((handle_t)event, RIGHTS_SAME),
                         __ATOMIC_RELAXED);
        for (int i = 0; i < 50; i++) {
            __asm__ volatile("pause"); /* gives the users a chance to succeed */
        }
    }
    __atomic_store_n(&race_state.stopped, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < started; i++) {
        (void)qy_thread_join(threads[i], DEADLINE_NEVER); /* cannot time out */
    }
    tap_ok(is_ok, "the owner %s a handle that others use", with_revoke ? "revokes" : "closes");
    tap_equal(race_state.unexpected, 0, "who used it heard success or that it is gone");
    tap_ok(race_state.good > 0, "some did succeed");
    qy_printf("# %lu good, %lu refused\n", race_state.good, race_state.refused);
    discard((int64_t)race_state.shared);
    discard(event);
}

/* A thread reads memory that another unmaps: it may fault, so it is a child's business; here both
 * map and unmap the same range at once. */
static void mapper(void *argument)
{
    int64_t memory = *(int64_t *)argument;
    while (__atomic_load_n(&race_state.stopped, __ATOMIC_RELAXED) == 0) {
        int64_t status = qy_aspace_map(qy_self_aspace(), (handle_t)memory, 0, UNMAPPED, PAGE_SIZE,
                                       MAP_READ | MAP_FIXED);
        if (status < 0 && status != -EEXIST) {
            race_state.unexpected = status;
        }
        status = qy_aspace_unmap(qy_self_aspace(), UNMAPPED, PAGE_SIZE);
        if (status < 0) {
            race_state.unexpected = status;
        }
    }
}

static void mappers_run(void)
{
    int64_t memory = qy_memory_create(qy_self_job(), PAGE_SIZE, 0);
    struct qy_thread *threads[USERS];
    race_state.stopped = 0;
    race_state.unexpected = 0;
    int started = 0;
    while (started < USERS && qy_thread_create(mapper, &memory, 0, &threads[started]) == 0) {
        started++;
    }
    (void)qy_thread_sleep(qy_deadline_after(DURATION));
    __atomic_store_n(&race_state.stopped, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < started; i++) {
        (void)qy_thread_join(threads[i], DEADLINE_NEVER); /* cannot time out */
    }
    tap_equal(race_state.unexpected, 0, "threads that map and unmap the same page");
    (void)qy_aspace_unmap(qy_self_aspace(), UNMAPPED, PAGE_SIZE);
    discard(memory);
}

/* --- pages that are changed by everybody at once --- */

#define CHANGED_PAGES 48ul

static struct {
    handle_t memory;
    uint64_t size;
    volatile uint64_t *words;
} changed;

static void change_once(uint32_t what)
{
    uint64_t size = changed.size;
    int64_t status = 0;

    if (what % 4 == 0) {
        status = qy_memory_decommit(changed.memory, what / 4 % 16 * PAGE_SIZE, 8 * PAGE_SIZE);
    } else if (what % 4 == 1) {
        status = qy_memory_snapshot(qy_self_job(), changed.memory, 0, size);
        if (status > 0) {
            (void)qy_memory_supply(changed.memory, 0, (handle_t)status, 0, size); /* what is free */
            (void)qy_handle_close((handle_t)status);                              /* it was ours */
        }
    } else if (what % 4 == 2) {
        int64_t address =
            qy_aspace_map(qy_self_aspace(), changed.memory, 0, 0, size, MAP_READ | MAP_WRITE);
        if (address > 0) {
            *(volatile uint64_t *)(uintptr_t)(address + (int64_t)PAGE_SIZE) = 1;
            (void)qy_aspace_protect(qy_self_aspace(), (uint64_t)address + what % 30 * PAGE_SIZE,
                                    PAGE_SIZE, MAP_READ);
            status = qy_aspace_unmap(qy_self_aspace(), (uint64_t)address, size);
        }
    } else if (size == CHANGED_PAGES * PAGE_SIZE) {
        /* Nobody touches the upper third. */
        status = qy_memory_resize(changed.memory, size - what / 4 % 2 * 16 * PAGE_SIZE);
    }
    if (status < 0 && status != -ERANGE) {
        race_state.unexpected = status;
    }
}

static void changer(void *argument)
{
    uint32_t what = (uint32_t)(uintptr_t)argument;
    while (__atomic_load_n(&race_state.stopped, __ATOMIC_RELAXED) == 0) {
        volatile uint64_t *word = &changed.words[what % 30 * PAGE_SIZE / 8];
        uint64_t value = *word;
        if (value > 1) {
            race_state.unexpected = (int64_t)value;
        }
        *word = 1;
        change_once(what);
        what = what * 5 + 1;
    }
}

static void changers_run(uint64_t size, uint32_t flags, const char *what)
{
    int64_t memory = qy_memory_create(qy_self_job(), size, flags);
    int64_t address =
        qy_aspace_map(qy_self_aspace(), (handle_t)memory, 0, 0, size, MAP_READ | MAP_WRITE);
    struct qy_thread *threads[USERS];
    int started = 0;
    changed.memory = (handle_t)memory;
    changed.size = size;
    changed.words = (volatile uint64_t *)(uintptr_t)address;
    race_state.stopped = 0;
    race_state.unexpected = 0;
    while (started < USERS &&
           qy_thread_create(changer, (void *)(uintptr_t)(started + 1), 0, &threads[started]) == 0) {
        started++;
    }
    (void)qy_thread_sleep(qy_deadline_after(DURATION));
    __atomic_store_n(&race_state.stopped, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < started; i++) {
        (void)qy_thread_join(threads[i], DEADLINE_NEVER); /* cannot time out */
    }
    tap_equal(race_state.unexpected, 0, "%s", what);
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)address, size);
    discard(memory);
}

void test_races(void)
{
    closers_run(false);
    closers_run(true);
    mappers_run();
    changers_run(CHANGED_PAGES * PAGE_SIZE, MEMORY_RESIZABLE,
                 "threads that clone, resize, decommit, write and unmap");
    changers_run(2ul << 20, MEMORY_LARGE, "the same with a page of 2 MiB");
}
