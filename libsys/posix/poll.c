/* SPDX-License-Identifier: MIT */
#include "poll.h"
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/heap.h>
#include <quay/message.h>
#include <quay/port.h>
#include <quay/text.h>
#include "call.h"
#include "file.h"
#include "guest.h"
#include "process.h"
#include "signal.h"
#include "tty.h"

#define READABLE QY_FILE_READY_READABLE
#define WRITABLE QY_FILE_READY_WRITABLE
#define ALWAYS   (QY_FILE_READY_ERROR | QY_FILE_READY_HANGUP | LINUX_POLLNVAL)
#define RDNORM   0x40u
#define WRNORM   0x100u
#define FEW      8u
#define LOOK_NS  (10 * QY_MILLISECOND) /* at what the layer serves itself, which has no events */

/* --- what is ready --------------------------------------------------------------------------- */

static bool is_always_ready(const struct posix_fd *fd)
{
    return fd->kind == QY_DIR_KIND_REGULAR || fd->kind == QY_DIR_KIND_DIRECTORY;
}

uint32_t posix_fd_ready(const struct posix_fd *fd)
{
    const struct posix_local *local = fd->local;
    qy_file_ready_t ready = READABLE | WRITABLE;

    if (fd->kind == 0) {
        return LINUX_POLLNVAL;
    }
    if (fd->handle == HANDLE_INVALID) {
        ready =
            local != NULL && local->ready != NULL ? local->ready(fd->local) : READABLE | WRITABLE;
    } else if (!is_always_ready(fd)) {
        int64_t status;

        do {
            status = qy_file_ready(fd->handle, &ready, DEADLINE_NEVER);
        } while (posix_tty_is_to_repeat(fd, status));
        if (status != 0) {
            ready = QY_FILE_READY_ERROR; /* its server does not know it any more */
        }
    }
    ready |= (ready & READABLE) != 0 ? RDNORM : 0;
    ready |= (ready & WRITABLE) != 0 ? WRNORM : 0;
    return ready;
}

static uint32_t look(struct posix_wanted *wanted, uint32_t count)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < count; i++) {
        wanted[i].ready = wanted[i].events == 0 && wanted[i].fd.kind != 0
                              ? 0
                              : posix_fd_ready(&wanted[i].fd) & (wanted[i].events | ALWAYS);
        found += wanted[i].ready != 0;
    }
    return found;
}

/* --- waiting --------------------------------------------------------------------------------- */

struct events {
    handle_t *handles;
    uint32_t count;
    uint32_t bits;   /* that are waited for, if there is one event */
    bool is_unheard; /* something has no events, and is to be looked at now and then */
};

static void event_keep(struct events *events, handle_t event, bool is_wanted, uint32_t bits)
{
    if (is_wanted) {
        events->handles[events->count++] = event;
        events->bits = bits;
    } else {
        qy_handle_discard(event);
    }
}

static void events_get(struct posix_wanted *wanted, uint32_t count, struct events *events)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t bits = wanted[i].events | (ALWAYS & ~LINUX_POLLNVAL);
        const bool is_read = (wanted[i].events & ~(WRITABLE | WRNORM)) != 0;
        const bool is_written = (wanted[i].events & (WRITABLE | WRNORM)) != 0;
        handle_t readable, writable;

        if (wanted[i].events == 0) {
            continue;
        }
        if (wanted[i].fd.handle == HANDLE_INVALID ||
            qy_file_readiness(wanted[i].fd.handle, &readable, &writable, DEADLINE_NEVER) != 0) {
            events->is_unheard = true;
            continue;
        }
        event_keep(events, readable, is_read, bits & ~WRITABLE);
        event_keep(events, writable, is_written, bits & ~READABLE);
    }
}

/* Until one of several changes. */
static int64_t any_wait(const struct events *events, time_ns_t deadline)
{
    struct qy_received received = {0};
    const int64_t port = qy_port_create(qy_process_page()->job, 1);
    int64_t status = port < 0 ? port : 0;

    for (uint32_t i = 0; status == 0 && i < events->count; i++) {
        status = qy_port_bind((handle_t)port, events->handles[i], SIGNAL_USER, i);
        status = status == -EEXIST ? 0 : status; /* two descriptors of one session */
    }
    if (status == 0) {
        status = qy_port_reply_receive((handle_t)port, &received, deadline);
    }
    if (port >= 0) {
        (void)qy_handle_close((handle_t)port); /* ours, with its bindings */
    }
    return status > 0 ? 0 : status;
}

/* Until something may have changed: 0, or -EINTR, -ETIMEDOUT, -ENOMEM. */
static int64_t change_wait(struct posix_wanted *wanted, uint32_t count, time_ns_t deadline)
{
    handle_t few[2 * FEW];
    struct events events = {.handles = few};
    int64_t status;

    if (count > FEW) {
        events.handles = qy_alloc(2 * count * sizeof(handle_t));
    }
    if (events.handles == NULL) {
        return -ENOMEM;
    }
    events_get(wanted, count, &events);
    if (events.is_unheard) {
        const time_ns_t soon = qy_deadline_after(LOOK_NS);
        deadline = deadline < soon ? deadline : soon;
    }
    if (events.count == 0) {
        status = qy_thread_sleep(deadline);
    } else if (events.count == 1) {
        status = qy_event_wait(events.handles[0], events.bits, 0, deadline).status;
    } else {
        status = any_wait(&events, deadline);
    }
    for (uint32_t i = 0; i < events.count; i++) {
        (void)qy_handle_close(events.handles[i]); /* ours */
    }
    if (events.handles != few) {
        qy_free(events.handles);
    }
    return status == -ETIMEDOUT || status == -EINTR || status == -ENOMEM ? status : 0;
}

int64_t posix_poll_wait(struct posix_wanted *wanted, uint32_t count, time_ns_t deadline)
{
    for (;;) {
        const uint32_t found = look(wanted, count);
        if (found > 0 || (deadline != DEADLINE_NEVER && qy_clock_read() >= deadline)) {
            return found;
        }
        const int64_t status = change_wait(wanted, count, deadline);
        if (status < 0 && status != -ETIMEDOUT) {
            return posix_error(status);
        }
    }
}

/* --- masks and times ------------------------------------------------------------------------- */

int64_t posix_mask_begin(uint64_t address, uint64_t size)
{
    struct posix_thread *self = posix_self();
    uint64_t mask;

    if (address == 0) {
        return 0;
    }
    if (size != sizeof mask) {
        return -EINVAL;
    }
    const int64_t status = guest_read(&mask, address, sizeof mask);
    if (status != 0) {
        return status;
    }
    self->saved_mask = self->mask;
    self->has_saved_mask = 1;
    posix_signal_mask(mask);
    return 0;
}

int64_t posix_mask_end(uint64_t address, int64_t result)
{
    struct posix_thread *self = posix_self();

    if (address != 0 && result != -EINTR && self->has_saved_mask != 0) {
        self->has_saved_mask = 0;
        posix_signal_mask(self->saved_mask);
    }
    return result;
}

static int64_t deadline_of(int64_t seconds, int64_t nanoseconds, time_ns_t *ret_deadline)
{
    time_ns_t duration;

    if (seconds < 0 || nanoseconds < 0 || nanoseconds >= QY_SECOND) {
        return -EINVAL;
    }
    const bool is_beyond = __builtin_mul_overflow(seconds, QY_SECOND, &duration) ||
                           __builtin_add_overflow(duration, nanoseconds, &duration);
    *ret_deadline = is_beyond ? DEADLINE_NEVER : qy_deadline_after(duration);
    return 0;
}

int64_t posix_timeout_get(uint64_t address, time_ns_t *ret_deadline)
{
    struct linux_timespec time;

    *ret_deadline = DEADLINE_NEVER;
    if (address == 0) {
        return 0;
    }
    const int64_t status = guest_read(&time, address, sizeof time);
    return status != 0 ? status : deadline_of(time.seconds, time.nanoseconds, ret_deadline);
}

/* --- poll ------------------------------------------------------------------------------------ */

static void wanted_put(struct posix_wanted *wanted, int32_t descriptor, uint32_t events)
{
    *wanted = (struct posix_wanted){.events = events};
    if (posix_fd_get((uint64_t)(uint32_t)descriptor, &wanted->fd) != 0) {
        wanted->fd.kind = 0;
    }
}

static int64_t poll_until(uint64_t address, uint64_t wanted_count, time_ns_t deadline)
{
    const uint32_t count = (uint32_t)wanted_count;
    struct posix_wanted few[FEW], *wanted = few;
    struct linux_pollfd poll;
    int64_t status = 0;

    if (wanted_count > POSIX_FD_MAX) {
        return -EINVAL;
    }
    if (count > FEW) {
        wanted = qy_alloc(count * sizeof *wanted);
    }
    if (wanted == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; status == 0 && i < count; i++) {
        status = guest_read(&poll, address + i * sizeof poll, sizeof poll);
        wanted_put(&wanted[i], poll.descriptor, poll.events);
        if (poll.descriptor < 0) { /* to be left out */
            wanted[i] = (struct posix_wanted){.fd.kind = POSIX_KIND_LOCAL};
        }
    }
    if (status == 0) {
        status = posix_poll_wait(wanted, count, deadline);
    }
    for (uint32_t i = 0; status >= 0 && i < count; i++) {
        const uint16_t ready = (uint16_t)wanted[i].ready;
        const int64_t written = guest_write(
            address + i * sizeof poll + offsetof(struct linux_pollfd, ready), &ready, sizeof ready);
        status = written != 0 ? written : status;
    }
    if (wanted != few) {
        qy_free(wanted);
    }
    return status;
}

int64_t posix_poll(uint64_t address, uint64_t count, uint64_t milliseconds)
{
    const int32_t wait = (int32_t)milliseconds;

    return poll_until(address, count,
                      wait < 0 ? DEADLINE_NEVER : qy_deadline_after(wait * QY_MILLISECOND));
}

int64_t posix_ppoll(uint64_t address, uint64_t count, uint64_t timeout, uint64_t mask,
                    uint64_t size)
{
    time_ns_t deadline;
    int64_t status = posix_timeout_get(timeout, &deadline);

    if (status == 0) {
        status = posix_mask_begin(mask, size);
    }
    if (status != 0) {
        return status;
    }
    return posix_mask_end(mask,
                          posix_signal_waits() ? -EINTR : poll_until(address, count, deadline));
}

/* --- select ---------------------------------------------------------------------------------- */

#define SETS      3
#define SET_WORDS (POSIX_FD_MAX / 64)

/* What a set asks for, and what puts a descriptor into it again. */
static const uint32_t set_events[SETS] = {READABLE, WRITABLE, QY_FILE_READY_PRIORITY};
static const uint32_t set_ready[SETS] = {READABLE | QY_FILE_READY_HANGUP | QY_FILE_READY_ERROR,
                                         WRITABLE | QY_FILE_READY_ERROR, QY_FILE_READY_PRIORITY};

struct sets {
    uint64_t words[SETS][SET_WORDS];
};

static int64_t sets_read(const uint64_t *addresses, uint32_t count, struct sets *ret_sets)
{
    const size_t size = (count + 63) / 64 * 8;
    int64_t status = 0;

    *ret_sets = (struct sets){0};
    for (int i = 0; status == 0 && i < SETS; i++) {
        status = addresses[i] != 0 ? guest_read(ret_sets->words[i], addresses[i], size) : 0;
    }
    return status;
}

static bool set_has(const struct sets *sets, int set, uint32_t descriptor)
{
    return (sets->words[set][descriptor / 64] >> descriptor % 64 & 1) != 0;
}

static int64_t sets_wait(struct sets *sets, uint32_t count, time_ns_t deadline)
{
    struct posix_wanted *wanted = qy_alloc((count > 0 ? count : 1) * sizeof *wanted);
    struct sets found = {0};
    int64_t status = 0, total = 0;

    if (wanted == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; status == 0 && i < count; i++) {
        uint32_t events = 0;
        for (int set = 0; set < SETS; set++) {
            events |= set_has(sets, set, i) ? set_events[set] : 0;
        }
        wanted[i] = (struct posix_wanted){.fd.kind = POSIX_KIND_LOCAL};
        if (events != 0) {
            wanted_put(&wanted[i], (int32_t)i, events);
            status = wanted[i].fd.kind == 0 ? -EBADF : 0;
        }
    }
    if (status == 0) {
        status = posix_poll_wait(wanted, count, deadline);
    }
    for (uint32_t i = 0; status > 0 && i < count; i++) {
        for (int set = 0; set < SETS; set++) {
            if (set_has(sets, set, i) && (wanted[i].ready & set_ready[set]) != 0) {
                found.words[set][i / 64] |= 1ul << i % 64;
                total++;
            }
        }
    }
    qy_free(wanted);
    *sets = found;
    return status < 0 ? status : total;
}

static int64_t select_until(uint64_t count, const uint64_t *addresses, time_ns_t deadline)
{
    struct sets sets;

    if ((int32_t)count < 0) {
        return -EINVAL;
    }
    const uint32_t most = count < POSIX_FD_MAX ? (uint32_t)count : POSIX_FD_MAX;
    int64_t result = sets_read(addresses, most, &sets);
    if (result == 0) {
        result = sets_wait(&sets, most, deadline);
    }
    for (int i = 0; result >= 0 && i < SETS; i++) {
        const int64_t written =
            addresses[i] != 0 ? guest_write(addresses[i], sets.words[i], (most + 63) / 64 * 8) : 0;
        result = written != 0 ? written : result;
    }
    return result;
}

int64_t posix_select(uint64_t count, uint64_t read, uint64_t write, uint64_t except,
                     uint64_t timeout)
{
    const uint64_t addresses[SETS] = {read, write, except};
    struct linux_timeval time;
    time_ns_t deadline = DEADLINE_NEVER;

    if (timeout != 0) {
        int64_t status = guest_read(&time, timeout, sizeof time);
        if (status == 0) {
            status = time.microseconds >= 1000000
                         ? -EINVAL
                         : deadline_of(time.seconds, time.microseconds * 1000, &deadline);
        }
        if (status != 0) {
            return status;
        }
    }
    const int64_t result = select_until(count, addresses, deadline);
    if (timeout != 0 && result >= 0) { /* what was left, as Linux does */
        const int64_t left = deadline - qy_clock_read();
        time.seconds = left > 0 ? left / QY_SECOND : 0;
        time.microseconds = left > 0 ? left % QY_SECOND / 1000 : 0;
        (void)guest_write(timeout, &time, sizeof time); /* nobody is told if it cannot be */
    }
    return result;
}

int64_t posix_pselect6(uint64_t count, uint64_t read, uint64_t write, uint64_t except,
                       uint64_t timeout, uint64_t mask_address)
{
    const uint64_t addresses[SETS] = {read, write, except};
    uint64_t mask[2] = {0, 0}; /* address and size */
    time_ns_t deadline;
    int64_t status = posix_timeout_get(timeout, &deadline);

    if (status == 0 && mask_address != 0) {
        status = guest_read(mask, mask_address, sizeof mask);
    }
    if (status == 0) {
        status = posix_mask_begin(mask[0], mask[1]);
    }
    if (status != 0) {
        return status;
    }
    return posix_mask_end(mask[0],
                          posix_signal_waits() ? -EINTR : select_until(count, addresses, deadline));
}
