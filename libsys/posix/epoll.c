/* SPDX-License-Identifier: MIT */
/*
 * epoll: a list of descriptors to be polled, kept by the layer. Edges are told like levels, but for
 * EPOLLET an item is told again only after it was seen not to be ready. A copy of the process has a
 * copy of the list.
 */
#include <quay/clock.h>
#include <quay/heap.h>
#include <quay/text.h>
#include <quay/thread.h>
#include "call.h"
#include "file.h"
#include "guest.h"
#include "poll.h"
#include "signal.h"

#define ITEMS_MAX POSIX_FD_MAX
#define EVENTS    0xffffu /* of an item's: what poll has, too */

struct item {
    uint32_t descriptor;
    handle_t handle; /* then: another one means that the descriptor was closed meanwhile */
    struct linux_epoll_event event;
    uint32_t told; /* for EPOLLET */
};

struct epoll {
    struct posix_local local;
    struct qy_mutex mutex;
    uint32_t shares;
    uint32_t count, capacity;
    struct item *items;
};

static void epoll_share(void *local)
{
    struct epoll *epoll = local;

    (void)__atomic_add_fetch(&epoll->shares, 1, __ATOMIC_RELAXED);
}

static void epoll_close(void *local)
{
    struct epoll *epoll = local;

    if (__atomic_sub_fetch(&epoll->shares, 1, __ATOMIC_ACQ_REL) == 0) {
        qy_free(epoll->items);
        qy_free(epoll);
    }
}

static bool item_fd(const struct item *item, struct posix_fd *ret_fd)
{
    return posix_fd_get(item->descriptor, ret_fd) == 0 && ret_fd->handle == item->handle;
}

static uint32_t epoll_ready(void *local)
{
    struct epoll *epoll = local;
    struct posix_fd fd;
    uint32_t ready = 0;

    qy_mutex_lock(&epoll->mutex);
    for (uint32_t i = 0; i < epoll->count && ready == 0; i++) {
        const struct item *item = &epoll->items[i];
        if (item_fd(item, &fd) && fd.handle != HANDLE_INVALID &&
            (posix_fd_ready(&fd) & item->event.events & EVENTS) != 0) {
            ready = QY_FILE_READY_READABLE;
        }
    }
    qy_mutex_unlock(&epoll->mutex);
    return ready;
}

int64_t posix_epoll_create1(uint64_t flags)
{
    struct epoll *epoll;

    if ((flags & ~(uint64_t)LINUX_EPOLL_CLOEXEC) != 0) {
        return -EINVAL;
    }
    epoll = qy_alloc_zeroed(1, sizeof *epoll);
    if (epoll == NULL) {
        return -ENOMEM;
    }
    epoll->local.ready = epoll_ready;
    epoll->shares = 1;
    const struct posix_fd fd = {
        .open = LINUX_O_RDWR,
        .kind = POSIX_KIND_LOCAL,
        .close_on_exec = flags != 0,
        .local = epoll,
        .close = epoll_close,
        .share = epoll_share,
    };
    return posix_fd_install(&fd, 0);
}

int64_t posix_epoll_create(uint64_t size)
{
    return (int32_t)size <= 0 ? -EINVAL : posix_epoll_create1(0);
}

/* The epoll of a descriptor, which stays until it is closed. */
static int64_t epoll_get(uint64_t descriptor, struct epoll **ret_epoll)
{
    struct posix_fd fd;
    const int64_t status = posix_fd_get(descriptor, &fd);

    if (status != 0) {
        return status;
    }
    if (fd.close != epoll_close) {
        return -EINVAL;
    }
    *ret_epoll = fd.local;
    return 0;
}

static struct item *item_find(struct epoll *epoll, uint32_t descriptor, handle_t handle)
{
    for (uint32_t i = 0; i < epoll->count; i++) {
        if (epoll->items[i].descriptor == descriptor && epoll->items[i].handle == handle) {
            return &epoll->items[i];
        }
    }
    return NULL;
}

static int64_t item_add(struct epoll *epoll, const struct item *item)
{
    if (epoll->count == epoll->capacity) {
        const uint32_t capacity = epoll->capacity == 0 ? 8 : epoll->capacity * 2;
        struct item *items =
            capacity <= ITEMS_MAX ? qy_realloc(epoll->items, capacity * sizeof *items) : NULL;
        if (items == NULL) {
            return -ENOMEM;
        }
        epoll->items = items;
        epoll->capacity = capacity;
    }
    epoll->items[epoll->count++] = *item;
    return 0;
}

static int64_t items_change(struct epoll *epoll, int32_t operation, const struct item *wanted)
{
    struct item *item = item_find(epoll, wanted->descriptor, wanted->handle);

    switch (operation) {
    case LINUX_EPOLL_ADD:
        return item != NULL ? -EEXIST : item_add(epoll, wanted);
    case LINUX_EPOLL_MOD:
        if (item == NULL) {
            return -ENOENT;
        }
        *item = *wanted;
        return 0;
    case LINUX_EPOLL_DEL:
        if (item == NULL) {
            return -ENOENT;
        }
        *item = epoll->items[--epoll->count];
        return 0;
    default:
        return -EINVAL;
    }
}

int64_t posix_epoll_ctl(uint64_t descriptor, uint64_t operation, uint64_t target, uint64_t address)
{
    struct epoll *epoll;
    struct posix_fd fd;
    struct item item = {.descriptor = (uint32_t)target};
    int64_t status = epoll_get(descriptor, &epoll);

    if (status == 0) {
        status = posix_fd_get(target, &fd);
    }
    if (status == 0 && (int32_t)operation != LINUX_EPOLL_DEL) {
        status = guest_read(&item.event, address, sizeof item.event);
    }
    if (status == 0 && (fd.kind == QY_DIR_KIND_REGULAR || fd.kind == QY_DIR_KIND_DIRECTORY)) {
        status = -EPERM;
    }
    if (status == 0 && fd.local == epoll) {
        status = -EINVAL;
    }
    if (status != 0) {
        return status;
    }
    item.handle = fd.handle;
    qy_mutex_lock(&epoll->mutex);
    status = items_change(epoll, (int32_t)operation, &item);
    qy_mutex_unlock(&epoll->mutex);
    return status;
}

/* --- waiting --------------------------------------------------------------------------------- */

/* What is to be polled for an item now. */
static void wanted_put(const struct item *item, struct posix_wanted *wanted)
{
    *wanted = (struct posix_wanted){.fd.kind = POSIX_KIND_LOCAL};
    if ((item->event.events & EVENTS) != 0 && item_fd(item, &wanted->fd)) {
        wanted->events = item->event.events & EVENTS;
    }
}

/* How many of those found are told: written to the guest, and remembered. */
static int64_t events_write(struct epoll *epoll, const struct item *items,
                            const struct posix_wanted *wanted, uint32_t count, uint64_t address,
                            uint32_t most)
{
    uint32_t told = 0;

    for (uint32_t i = 0; i < count && told < most; i++) {
        struct linux_epoll_event event = items[i].event;
        const bool is_edge = (event.events & LINUX_EPOLLET) != 0;
        const uint32_t ready = wanted[i].ready & ~LINUX_POLLNVAL;
        struct item *item = item_find(epoll, items[i].descriptor, items[i].handle);
        const uint32_t fresh = is_edge && item != NULL ? ready & ~item->told : ready;

        if (item != NULL) {
            item->told = ready;
        }
        if (fresh == 0 || item == NULL) {
            continue;
        }
        if ((event.events & LINUX_EPOLLONESHOT) != 0) {
            item->event.events = 0;
        }
        event.events = ready;
        const int64_t status = guest_write(address + told * sizeof event, &event, sizeof event);
        if (status != 0) {
            return status;
        }
        told++;
    }
    return told;
}

static int64_t epoll_until(struct epoll *epoll, uint64_t address, uint32_t most, time_ns_t deadline)
{
    for (;;) {
        qy_mutex_lock(&epoll->mutex);
        const uint32_t count = epoll->count;
        struct item *items = qy_alloc(count * sizeof *items + 1);
        struct posix_wanted *wanted = qy_alloc(count * sizeof *wanted + 1);
        int64_t result = items == NULL || wanted == NULL ? -ENOMEM : 0;
        for (uint32_t i = 0; result == 0 && i < count; i++) {
            items[i] = epoll->items[i];
            wanted_put(&items[i], &wanted[i]);
        }
        qy_mutex_unlock(&epoll->mutex);
        if (result == 0) {
            result = posix_poll_wait(wanted, count, deadline);
        }
        const bool is_found = result > 0;
        if (is_found) {
            qy_mutex_lock(&epoll->mutex);
            result = events_write(epoll, items, wanted, count, address, most);
            qy_mutex_unlock(&epoll->mutex);
        }
        qy_free(items);
        qy_free(wanted);
        if (result != 0 || !is_found) {
            return result;
        }
        /* Only edges that were told before: until they go, or others come. */
        if (qy_thread_sleep(qy_deadline_after(QY_MILLISECOND)) == -EINTR) {
            return -EINTR;
        }
        if (deadline != DEADLINE_NEVER && qy_clock_read() >= deadline) {
            return 0;
        }
    }
}

int64_t posix_epoll_pwait(uint64_t descriptor, uint64_t address, uint64_t most,
                          uint64_t milliseconds, uint64_t mask, uint64_t size)
{
    const int32_t wait = (int32_t)milliseconds;
    const time_ns_t deadline = wait < 0 ? DEADLINE_NEVER : qy_deadline_after(wait * QY_MILLISECOND);
    struct epoll *epoll;
    int64_t status = epoll_get(descriptor, &epoll);

    if (status == 0 && (int32_t)most <= 0) {
        status = -EINVAL;
    }
    if (status == 0) {
        status = posix_mask_begin(mask, size);
    }
    if (status != 0) {
        return status;
    }
    epoll_share(epoll); /* so that it stays while it is waited for */
    status = mask != 0 && posix_signal_waits()
                 ? -EINTR
                 : epoll_until(epoll, address, (uint32_t)most, deadline);
    epoll_close(epoll);
    return posix_mask_end(mask, status);
}

int64_t posix_epoll_wait(uint64_t descriptor, uint64_t address, uint64_t most,
                         uint64_t milliseconds)
{
    return posix_epoll_pwait(descriptor, address, most, milliseconds, 0, 0);
}
