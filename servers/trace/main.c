/* SPDX-License-Identifier: MIT */
/*
 * Its arguments are the kernel's command line, of which two words are its own:
 *
 *     trace=FILTER          lines to the log from the start on, of all programs if FILTER is "all"
 *     trace-stream=KINDS    the stream to the second serial port: "calls", "most" (all but
 * interrupts and changes of handles, of which there are many), "all", or "fault"
 */
#include "machine.h"
#include "trace.h"
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/names.h>
#include <quay/text.h>
#include <quay/thread.h>
#include <quay/trace.h>

#define CALLS                                                                                      \
    (TRACE_KIND(TRACE_DATA) | TRACE_KIND(TRACE_CALL) | TRACE_KIND(TRACE_CALL_RECEIVED) |           \
     TRACE_KIND(TRACE_REPLY) | TRACE_KIND(TRACE_REPLY_RECEIVED))

#define MOST (TRACE_ALL & ~(TRACE_KIND(TRACE_INTERRUPT) | TRACE_KIND(TRACE_HANDLE)))

static void fired(struct qy_server *server, struct qy_server_timer *fired_timer);

/* A notice of the last instance's timer may still wait at the port, so it is whole from the start.
 */
static struct qy_server_timer timer = {.fired = fired};

/* The timer runs while there is something to look at. Without one clients do it when they ask. */
static void timer_update(struct qy_server *server)
{
    static bool is_running;
    if (trace_is_on() != is_running) {
        is_running = trace_is_on();
        (void)qy_server_timer_set(server, &timer,
                                  is_running ? qy_deadline_after(TRACE_TICK_NS) : DEADLINE_NEVER,
                                  is_running ? TRACE_TICK_NS : 0);
    }
}

static void fired(struct qy_server *server, struct qy_server_timer *fired_timer)
{
    (void)fired_timer;
    trace_tick();
    timer_update(server); /* the port may be gone */
}

static int64_t dispatch(struct qy_request *request)
{
    int64_t status = qy_trace_dispatch(request);
    timer_update(request->server);
    return status;
}

static void session_closed(struct qy_server *server, uint64_t badge)
{
    trace_session_closed(badge);
    timer_update(server);
}

/* The value of a word "name=value" of a line; false: it is not there. */
static bool word_find(const char *line, const char *name, char *ret_value, size_t size)
{
    size_t length = strlen(name), count = 0;
    for (const char *at = line; *at != 0; at++) {
        bool is_start = at == line || at[-1] == ' ';
        if (is_start && qy_strnlen(at, length) == length && memcmp(at, name, length) == 0) {
            for (at += length; at[count] != 0 && at[count] != ' ' && count + 1 < size; count++) {
                ret_value[count] = at[count];
            }
            ret_value[count] = 0;
            return true;
        }
    }
    return false;
}

static void command_line_take(struct qy_server *server, const char *line)
{
    char word[128];
    int64_t error = 0;
    if (word_find(line, "trace-stream=", word, sizeof word)) {
        error = trace_stream_on(qy_streq(word, "all")     ? TRACE_ALL
                                : qy_streq(word, "calls") ? CALLS
                                : qy_streq(word, "fault") ? TRACE_KIND(TRACE_FAULT)
                                                          : MOST);
    }
    if (error == 0 && word_find(line, "trace=", word, sizeof word)) {
        error = trace_machine_on(CALLS, true, qy_streq(word, "all") ? "" : word);
    }
    timer_update(server);
    if (error < 0) {
        qy_log("what the command line asks for is not possible: %s", qy_error_text(error));
    }
}

int main(int argument_count, char **arguments)
{
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .dispatch = dispatch,
        .handlers = &trace_handlers,
        .session_closed = session_closed,
    };
    trace_init((koid_t)qy_handle_info(qy_thread_self()->handle).third,
               (koid_t)qy_handle_info(server.port).third);
    machine_note(0); /* what the last instance had switched on; nothing, if there was none */
    command_line_take(&server, argument_count > 1 ? arguments[1] : "");
    return qy_server_main(&server, "trace");
}
