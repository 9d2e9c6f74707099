/* SPDX-License-Identifier: MIT */
#include "log.h"
#include "limit.h"
#include "line.h"
#include <quay/clock.h>
#include <quay/text.h>

struct waiter {
    struct qy_pending call;
    uint64_t number;
};

static struct {
    struct ring *ring;
    struct line_buffer buffer;
    struct limit limit;
    log_name_fn *name_of;
    struct waiter waiters[WAITERS_MAX];
    uint32_t waiter_count;
} log_state;

void log_init(struct ring *kept, log_name_fn *name_of)
{
    memset(&log_state, 0, sizeof log_state);
    log_state.ring = kept;
    log_state.name_of = name_of;
    ring_open(kept);
}

/* --- lines --------------------------------------------------------------------------------- */

static void waiters_answer(struct qy_server *server)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < log_state.waiter_count; i++) {
        struct waiter *waiter = &log_state.waiters[i];
        struct qy_log_line line;
        char text[QY_LOG_TEXT_MAX + 1];
        if (ring_find(log_state.ring, waiter->number, &line, text)) {
            /* It fails only if the caller has gone. */
            (void)qy_log_get_line_answer(server, &waiter->call, &line, text);
        } else {
            log_state.waiters[kept++] = *waiter;
        }
    }
    log_state.waiter_count = kept;
}

static void held_tell(const struct qy_log_line *line, uint32_t held)
{
    char text[64];
    struct qy_log_line told = *line;
    told.level = QY_LOG_LEVEL_WARNING;
    (void)qy_snprintf(text, sizeof text, "%u lines were left out: too many", held); /* it fits */
    ring_add(log_state.ring, &told, text);
}

/* Lines of a trace are what somebody at the console wants to see, all of them. (Anybody can write
 * such a line, as anybody can write one that looks like the kernel's.) */
static bool is_trace(const struct qy_log_line *line)
{
    return qy_streq(line->program, "trace") && line->job == 0;
}

/* Whether it was not too much. The kernel's lines always pass. */
static bool line_add(struct qy_server *server, const struct qy_log_line *line, const char *text)
{
    uint32_t held = 0;
    bool is_kernel = qy_streq(line->program, "kernel") && line->job == 0;
    if (!is_kernel && !is_trace(line) &&
        !limit_pass(&log_state.limit, line->program, line->job, qy_clock_read(), &held)) {
        log_state.ring->limited++;
        return false;
    }
    if (held > 0) {
        held_tell(line, held);
    }
    ring_add(log_state.ring, line, text);
    waiters_answer(server);
    return true;
}

void log_kernel_text(struct qy_server *server, const uint8_t *bytes, uint32_t count)
{
    struct line_buffer *buffer = &log_state.buffer;
    for (uint32_t taken = 0; taken < count;) {
        bool is_complete;
        taken += line_take(buffer, bytes + taken, count - taken, &is_complete);
        if (!is_complete) {
            return;
        }
        struct qy_log_line line;
        const char *text = line_parse(buffer->text, qy_clock_read(), &line);
        line.cpu = line_cpu(buffer);
        if (is_trace(&line)) {
            line.level = QY_LOG_LEVEL_WARNING; /* so that the console shows it */
        }
        if (text[0] != 0) {
            (void)line_add(server, &line, text); /* what is too much is counted */
        }
        line_clear(buffer);
    }
}

void log_lost(uint64_t bytes)
{
    log_state.ring->lost_bytes = bytes;
}

/* --- the protocol -------------------------------------------------------------------------- */

static int64_t log_write(struct qy_request *request, qy_log_level_t level, const char *text)
{
    if ((request->in.badge & QY_LOG_ACCESS_WRITE) == 0) {
        return QY_LOG_FAILURE_NO_ACCESS;
    }
    if (!line_valid(text)) {
        return QY_LOG_FAILURE_BAD_LINE;
    }
    struct qy_log_line line = {.time_ns = qy_clock_read(),
                               .job = request->in.sender_job,
                               .level = level,
                               .cpu = QY_LOG_CPU_UNKNOWN};
    (void)log_state.name_of(line.job, line.program, sizeof line.program); /* or it has no name */
    return line_add(request->server, &line, text) ? 0 : QY_LOG_FAILURE_RATE;
}

static int64_t log_get_line(struct qy_request *request, uint64_t number, bool wait,
                            struct qy_log_line *ret_line, char *ret_text)
{
    if ((request->in.badge & QY_LOG_ACCESS_READ) == 0) {
        return QY_LOG_READ_FAILURE_NO_ACCESS;
    }
    if (ring_find(log_state.ring, number, ret_line, ret_text)) {
        return 0;
    }
    if (!wait) {
        return QY_LOG_READ_FAILURE_NO_MORE;
    }
    if (log_state.waiter_count == WAITERS_MAX) {
        return QY_LOG_READ_FAILURE_BUSY;
    }
    struct waiter *waiter = &log_state.waiters[log_state.waiter_count++];
    *waiter = (struct waiter){.number = number};
    return qy_defer(request, &waiter->call);
}

void log_cancelled(struct qy_server *server, uint64_t token)
{
    for (uint32_t i = 0; i < log_state.waiter_count; i++) {
        if (qy_pending_cancel(server, &log_state.waiters[i].call, token)) {
            log_state.waiters[i] = log_state.waiters[--log_state.waiter_count];
            return;
        }
    }
}

static int64_t log_get(struct qy_request *request, struct qy_log_state *ret_state)
{
    const struct ring *ring = log_state.ring;
    (void)request;
    *ret_state = (struct qy_log_state){
        .first = ring_first(ring),
        .next = ring->next,
        .limited = ring->limited,
        .lost_bytes = ring->lost_bytes,
        .kept_bytes = (uint32_t)(ring->head - ring->tail),
        .console_level = ring->console_level,
    };
    return 0;
}

static int64_t log_set_console_level(struct qy_request *request, qy_log_level_t level)
{
    if ((request->in.badge & QY_LOG_ACCESS_CONTROL) == 0) {
        return QY_LOG_FAILURE_NO_ACCESS;
    }
    log_state.ring->console_level = level;
    return 0;
}

const struct qy_log_handlers log_handlers = {
    .write = log_write,
    .get_line = log_get_line,
    .get = log_get,
    .set_console_level = log_set_console_level,
};
