/* SPDX-License-Identifier: MIT */
/*
 * Calls that are put off until a terminal has something for them, or room. They wait in the order
 * in which they came; of those that write to one side only the first goes on, so that what one
 * program writes stays in one piece as far as it fits.
 *
 * There are fewer places than the port has tokens: so many programs may sit and read, and the
 * console still answers everybody else.
 */
#include "console.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/text.h>

#define WAITERS_MAX 24u
#define PIECE       2048u /* of lent memory */

enum waiter_kind {
    WAITER_READ,
    WAITER_READ_LENT,
    WAITER_WRITE,
    WAITER_WRITE_LENT,
    WAITER_DRAIN,
    WAITER_SET,
};

struct waiter {
    enum waiter_kind kind;
    struct qy_pending call;
    struct description *description;
    struct qy_lease lease;
    uint64_t size, done;
    time_ns_t started;
    qy_tty_moment_t moment;
    struct qy_tty_attributes attributes;
    uint8_t data[QY_FILE_INLINE_MAX]; /* that was written inline */
};

static struct {
    struct waiter waiters[WAITERS_MAX + 1]; /* one more: for a call that may not have to wait */
    uint8_t order[WAITERS_MAX + 1];         /* the first `count` wait; the rest are free */
    uint32_t count;
    time_ns_t last_input[TERMINALS_MAX];
    uint32_t input_seen[TERMINALS_MAX]; /* discipline.head at that time */
    handle_t timer;
    time_ns_t timer_due;
} wait_state;

int wait_init(void)
{
    for (uint32_t i = 0; i <= WAITERS_MAX; i++) {
        wait_state.order[i] = (uint8_t)i;
    }
    wait_state.timer_due = DEADLINE_NEVER;
    int64_t made = qy_timer_create(qy_self_job());
    if (made < 0) {
        return (int)made;
    }
    wait_state.timer = (handle_t)made;
    return (int)qy_port_bind(console.server->port, wait_state.timer, SIGNAL_FIRED, KEY_TIMER);
}

/* --- what a call can do now ---------------------------------------------------------------- */

#define NOT_YET (-1) /* no error of a protocol is negative */

static bool is_write(enum waiter_kind kind)
{
    return kind == WAITER_WRITE || kind == WAITER_WRITE_LENT;
}

static bool is_hung_up(const struct description *description, const struct terminal *terminal)
{
    return description->is_hung_up || (terminal->is_hung_up && description->side == SIDE_SLAVE);
}

/* Whether a read that began then has to wait; *ret_due is until when. */
static int64_t read_state(const struct description *description, uint32_t max, time_ns_t started,
                          time_ns_t *ret_due)
{
    const struct terminal *terminal = description_terminal(description);
    *ret_due = DEADLINE_NEVER;
    if (is_hung_up(description, terminal) || max == 0) {
        return 0; /* the end of the file */
    }
    if (description->side == SIDE_MASTER) {
        if (terminal_can_send(terminal)) {
            return 0;
        }
        return terminal->was_opened && terminal->opens[SIDE_SLAVE] == 0 ? QY_FILE_FAILURE_IO
                                                                        : NOT_YET;
    }
    uint32_t number = terminal_number(terminal);
    return discipline_is_due(&terminal->discipline, max, started, wait_state.last_input[number],
                             qy_clock_read(), ret_due)
               ? 0
               : NOT_YET;
}

static uint32_t data_read(struct description *description, uint8_t *to, uint32_t max)
{
    struct terminal *terminal = description_terminal(description);
    if (is_hung_up(description, terminal)) {
        return 0;
    }
    return terminal_read(terminal, description->side, to, max);
}

/* In pieces; a line ends it. What cannot be given to the caller is lost with him. */
static uint64_t lent_read(struct description *description, const struct qy_lease *lease)
{
    struct terminal *terminal = description_terminal(description);
    uint8_t piece[PIECE];
    uint64_t done = 0;
    for (;;) {
        uint32_t max = lease->size - done < PIECE ? (uint32_t)(lease->size - done) : PIECE;
        uint32_t count = data_read(description, piece, max);
        if (count == 0 || qy_lease_put(lease, done, piece, count) < 0) {
            return done;
        }
        done += count;
        bool is_line =
            description->side == SIDE_SLAVE && discipline_is_canonical(&terminal->discipline);
        if (count < max || done == lease->size || (is_line && piece[count - 1] == '\n')) {
            return done;
        }
    }
}

/* Goes on with a write. 0: all of it was written. */
static int64_t write_continue(struct waiter *waiter)
{
    struct description *description = waiter->description;
    struct terminal *terminal = description_terminal(description);
    while (waiter->done < waiter->size) {
        if (is_hung_up(description, terminal)) {
            return waiter->done > 0 ? 0 : QY_FILE_FAILURE_IO;
        }
        const uint8_t *from = waiter->data + waiter->done;
        uint64_t left = waiter->size - waiter->done;
        uint8_t piece[PIECE];
        if (waiter->kind == WAITER_WRITE_LENT) {
            left = left < PIECE ? left : PIECE;
            if (qy_lease_get(&waiter->lease, waiter->done, piece, left) < 0) {
                return waiter->done > 0 ? 0 : QY_FILE_FAILURE_IO;
            }
            from = piece;
        }
        uint32_t count = terminal_write(terminal, description->side, from, (uint32_t)left);
        waiter->done += count;
        if (count == 0 && !(terminal_number(terminal) == 0 && line_pump())) {
            return NOT_YET;
        }
    }
    return 0;
}

static bool is_drained(const struct terminal *terminal)
{
    return output_used(&terminal->output) == 0 &&
           (terminal_number(terminal) != 0 || line_is_drained());
}

static void attributes_set(struct waiter *waiter)
{
    struct terminal *terminal = description_terminal(waiter->description);
    if (waiter->moment == QY_TTY_MOMENT_FLUSHED) {
        discipline_flush_input(&terminal->discipline);
    }
    discipline_set(&terminal->discipline, &waiter->attributes);
}

/* Answers the call if it is time to; whether it did. An answer fails only if the caller has gone.
 */
static bool waiter_try(struct waiter *waiter, time_ns_t *ret_due)
{
    struct qy_server *server = console.server;
    struct description *description = waiter->description;
    struct terminal *terminal = description_terminal(description);
    int64_t status = NOT_YET;
    *ret_due = DEADLINE_NEVER;
    switch (waiter->kind) {
    case WAITER_READ:
    case WAITER_READ_LENT:
        status = read_state(description, (uint32_t)waiter->size, waiter->started, ret_due);
        if (status == 0 && waiter->kind == WAITER_READ) {
            uint32_t count = data_read(description, waiter->data, (uint32_t)waiter->size);
            (void)qy_file_read_answer(server, &waiter->call, waiter->data, count);
        } else if (status == 0) {
            (void)qy_file_read_lent_answer(server, &waiter->call,
                                           lent_read(description, &waiter->lease));
        }
        break;
    case WAITER_WRITE:
    case WAITER_WRITE_LENT:
        status = write_continue(waiter);
        if (status == 0 && waiter->kind == WAITER_WRITE) {
            (void)qy_file_write_answer(server, &waiter->call, (uint32_t)waiter->done);
        } else if (status == 0) {
            (void)qy_file_write_lent_answer(server, &waiter->call, waiter->done);
        }
        break;
    case WAITER_DRAIN:
    case WAITER_SET:
        if (is_hung_up(description, terminal)) {
            status = QY_TTY_FAILURE_HUNG_UP;
        } else if (is_drained(terminal)) {
            status = 0;
            if (waiter->kind == WAITER_SET) {
                attributes_set(waiter);
                (void)qy_tty_set_attributes_answer(server, &waiter->call);
            } else {
                (void)qy_tty_drain_answer(server, &waiter->call);
            }
        }
        break;
    }
    if (status > 0) {
        (void)qy_pending_refuse(server, &waiter->call, (uint32_t)status);
    }
    return status != NOT_YET;
}

/* --- the queue ----------------------------------------------------------------------------- */

static struct waiter *waiter_at(uint32_t place)
{
    return &wait_state.waiters[wait_state.order[place]];
}

static void waiter_remove(uint32_t place)
{
    uint8_t index = wait_state.order[place];
    wait_state.count--;
    memmove(&wait_state.order[place], &wait_state.order[place + 1], wait_state.count - place);
    wait_state.order[wait_state.count] = index;
}

/* The next free one, filled in; it is not in the queue yet. */
static struct waiter *waiter_make(enum waiter_kind kind, struct description *description,
                                  uint64_t size)
{
    struct waiter *waiter = waiter_at(wait_state.count);
    waiter->kind = kind;
    waiter->description = description;
    waiter->size = size;
    waiter->done = 0;
    waiter->started = qy_clock_read();
    return waiter;
}

static int64_t waiter_defer(struct qy_request *request, struct waiter *waiter)
{
    if (wait_state.count == WAITERS_MAX) {
        return QY_FILE_FAILURE_BUSY; /* of tty too: EBUSY */
    }
    wait_state.count++;
    return qy_defer(request, &waiter->call);
}

static bool has_writers(const struct description *description)
{
    for (uint32_t i = 0; i < wait_state.count; i++) {
        const struct waiter *waiter = waiter_at(i);
        if (is_write(waiter->kind) && waiter->description->terminal == description->terminal &&
            waiter->description->side == description->side) {
            return true;
        }
    }
    return false;
}

static void timer_set(time_ns_t due)
{
    if (due != wait_state.timer_due) {
        wait_state.timer_due = due;
        (void)qy_timer_set(wait_state.timer, due, 0, 0); /* ours, and without a period */
    }
}

/* Who waits for this terminal; whether anybody was served. */
static bool waiters_serve(const struct terminal *terminal, time_ns_t *ret_due)
{
    bool has_writer[2] = {false, false}, has_served = false;
    *ret_due = DEADLINE_NEVER;
    for (uint32_t i = 0; i < wait_state.count;) {
        struct waiter *waiter = waiter_at(i);
        time_ns_t due;
        enum side side = waiter->description->side;
        bool is_other = description_terminal(waiter->description) != terminal;
        if (is_other || (is_write(waiter->kind) && has_writer[side])) {
            i++;
        } else if (waiter_try(waiter, &due)) {
            waiter_remove(i);
            has_served = true;
        } else {
            has_writer[side] = has_writer[side] || is_write(waiter->kind);
            *ret_due = due < *ret_due ? due : *ret_due;
            i++;
        }
    }
    return has_served;
}

void terminal_changed(struct terminal *terminal)
{
    uint32_t number = terminal_number(terminal);
    time_ns_t due;
    if (wait_state.input_seen[number] != terminal->discipline.head) {
        wait_state.input_seen[number] = terminal->discipline.head;
        wait_state.last_input[number] = qy_clock_read();
    }
    while (waiters_serve(terminal, &due) || (number == 0 && line_pump())) {
    }
    if (due < wait_state.timer_due) {
        timer_set(due);
    }
    events_tell(terminal);
}

void wait_time(void)
{
    wait_state.timer_due = DEADLINE_NEVER;
    for (uint32_t i = 0; i < TERMINALS_MAX; i++) {
        if (console.kept->terminals[i].is_used) {
            terminal_changed(&console.kept->terminals[i]);
        }
    }
}

/* What was written counts; what was not read stays. */
void wait_cancel(uint64_t token, bool is_asked)
{
    for (uint32_t i = 0; i < wait_state.count; i++) {
        struct waiter *waiter = waiter_at(i);
        if (!qy_pending_is(&waiter->call, token)) {
            continue;
        }
        if (!is_asked) {
            (void)qy_pending_cancel(console.server, &waiter->call, token); /* it is this one */
        } else if (waiter->done > 0 && waiter->kind == WAITER_WRITE) {
            (void)qy_file_write_answer(console.server, &waiter->call, (uint32_t)waiter->done);
        } else if (waiter->done > 0) {
            (void)qy_file_write_lent_answer(console.server, &waiter->call, waiter->done);
        } else {
            (void)qy_pending_refuse(console.server, &waiter->call, QY_FILE_FAILURE_INTERRUPTED);
        }
        struct terminal *terminal = description_terminal(waiter->description);
        waiter_remove(i);
        terminal_changed(terminal); /* another writer may go on */
        return;
    }
}

void wait_forget(const struct description *description)
{
    for (uint32_t i = 0; i < wait_state.count;) {
        struct waiter *waiter = waiter_at(i);
        if (waiter->description != description) {
            i++;
            continue;
        }
        (void)qy_pending_refuse(console.server, &waiter->call, QY_FILE_FAILURE_IO);
        waiter_remove(i);
    }
}

/* --- the calls ----------------------------------------------------------------------------- */

static bool is_nonblocking(const struct description *description)
{
    return (description->flags & QY_FILE_FLAGS_NONBLOCK) != 0;
}

/* What a read does at once, or why it waits. */
static int64_t read_begin(struct qy_request *request, struct description *description,
                          uint64_t size)
{
    time_ns_t due;
    if (description->side == SIDE_SLAVE) {
        int64_t status = job_background(description_terminal(description), request->in.sender_job,
                                        DISCIPLINE_SIGTTIN);
        if (status != 0) {
            return status;
        }
    }
    int64_t status = read_state(description, size < UINT32_MAX ? (uint32_t)size : UINT32_MAX,
                                qy_clock_read(), &due);
    return status == NOT_YET && is_nonblocking(description) ? QY_FILE_FAILURE_WOULD_BLOCK : status;
}

int64_t wait_read(struct qy_request *request, struct description *description, uint32_t count,
                  uint8_t *ret_data, uint32_t *ret_count)
{
    count = count < QY_FILE_INLINE_MAX ? count : QY_FILE_INLINE_MAX;
    int64_t status = read_begin(request, description, count);
    if (status == 0) {
        *ret_count = data_read(description, ret_data, count);
    }
    if (status != NOT_YET) {
        return status;
    }
    return waiter_defer(request, waiter_make(WAITER_READ, description, count));
}

int64_t wait_read_lent(struct qy_request *request, struct description *description,
                       const struct qy_lease *lease, uint64_t *ret_count)
{
    int64_t status = read_begin(request, description, lease->size);
    if (status == 0) {
        *ret_count = lent_read(description, lease);
    }
    if (status != NOT_YET) {
        return status;
    }
    struct waiter *waiter = waiter_make(WAITER_READ_LENT, description,
                                        lease->size < UINT32_MAX ? lease->size : UINT32_MAX);
    waiter->lease = *lease;
    return waiter_defer(request, waiter);
}

/* Both kinds of write; *ret_done is how much was written if the status is 0. */
static int64_t write_begin(struct qy_request *request, struct waiter *waiter, uint64_t *ret_done)
{
    struct description *description = waiter->description;
    struct terminal *terminal = description_terminal(description);
    if (description->side == SIDE_SLAVE &&
        (terminal->discipline.attributes.local & QY_TTY_LOCAL_MODES_TOSTOP) != 0) {
        int64_t status = job_background(terminal, request->in.sender_job, DISCIPLINE_SIGTTOU);
        if (status != 0) {
            return status;
        }
    }
    int64_t status = has_writers(description) ? NOT_YET : write_continue(waiter);
    *ret_done = waiter->done;
    if (status == NOT_YET && is_nonblocking(description)) {
        return waiter->done > 0 ? 0 : QY_FILE_FAILURE_WOULD_BLOCK;
    }
    if (status == NOT_YET) {
        status = waiter_defer(request, waiter);
        return status == QY_FILE_FAILURE_BUSY && waiter->done > 0 ? 0 : status;
    }
    return status;
}

int64_t wait_write(struct qy_request *request, struct description *description, const uint8_t *data,
                   uint32_t count, uint32_t *ret_count)
{
    struct waiter *waiter = waiter_make(WAITER_WRITE, description, count);
    uint64_t done = 0;
    memcpy(waiter->data, data, count);
    int64_t status = write_begin(request, waiter, &done);
    *ret_count = (uint32_t)done;
    return status;
}

int64_t wait_write_lent(struct qy_request *request, struct description *description,
                        const struct qy_lease *lease, uint64_t *ret_count)
{
    struct waiter *waiter = waiter_make(WAITER_WRITE_LENT, description, lease->size);
    waiter->lease = *lease;
    return write_begin(request, waiter, ret_count);
}

int64_t wait_drain(struct qy_request *request, struct description *description)
{
    if (is_drained(description_terminal(description))) {
        return 0;
    }
    return waiter_defer(request, waiter_make(WAITER_DRAIN, description, 0));
}

int64_t wait_set(struct qy_request *request, struct description *description,
                 qy_tty_moment_t moment, const struct qy_tty_attributes *attributes)
{
    struct waiter *waiter = waiter_make(WAITER_SET, description, 0);
    waiter->moment = moment;
    waiter->attributes = *attributes;
    if (moment == QY_TTY_MOMENT_NOW || is_drained(description_terminal(description))) {
        attributes_set(waiter);
        return 0;
    }
    return waiter_defer(request, waiter);
}
