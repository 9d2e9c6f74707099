/* SPDX-License-Identifier: MIT */
/*
 * syslog(2), as dmesg uses it: lines of the server `log`, in the form of Linux's kernel log. Only
 * what reads without changing anything; whoever sees the name `log` may.
 */
#include <idl/log.h>
#include <quay/clock.h>
#include <quay/connection.h>
#include <quay/text.h>
#include "call.h"
#include "guest.h"

#define SYSLOG_CLOSE      0
#define SYSLOG_OPEN       1
#define SYSLOG_READ_ALL   3
#define SYSLOG_SIZE       10
#define WAIT_FOR_SERVER   (2 * QY_SECOND)
#define HEAD_MAX          64 /* "<6>[seconds.micros] PROGRAM: " */
#define MICROS_PER_SECOND 1000000u

static struct qy_connection log = QY_CONNECTION("log");

/* Linux's levels count down from 7, debug. */
static unsigned level_number(qy_log_level_t level)
{
    switch (level) {
    case QY_LOG_LEVEL_ERROR:
        return 3;
    case QY_LOG_LEVEL_WARNING:
        return 4;
    case QY_LOG_LEVEL_INFO:
        return 6;
    default:
        return 7;
    }
}

/* Fills the guest's buffer with lines from the first one on, as far as they fit. */
static int64_t lines_read(handle_t session, uint64_t number, uint64_t buffer, uint64_t size)
{
    char text[HEAD_MAX + QY_LOG_TEXT_MAX + 2];
    char body[QY_LOG_TEXT_MAX + 1];
    struct qy_log_line line;
    uint64_t done = 0;

    while (qy_log_get_line(session, number, false, &line, body,
                           qy_deadline_after(WAIT_FOR_SERVER)) == 0) {
        uint64_t micros = (uint64_t)line.time_ns / 1000;
        size_t length =
            qy_snprintf(text, sizeof text, "<%u>[%5lu.%06lu] %s: %s\n", level_number(line.level),
                        micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND, line.program, body);
        length = length < sizeof text ? length : sizeof text - 1;
        if (length > size - done) {
            break;
        }
        int64_t status = guest_write(buffer + done, text, length);
        if (status < 0) {
            return status;
        }
        done += length;
        number = line.number + 1;
    }
    return (int64_t)done;
}

int64_t posix_syslog(uint64_t type, uint64_t buffer, uint64_t size)
{
    struct qy_log_state state;
    handle_t session;

    if (type == SYSLOG_CLOSE || type == SYSLOG_OPEN) {
        return 0;
    }
    if (type != SYSLOG_READ_ALL && type != SYSLOG_SIZE) {
        return -EPERM;
    }
    if (qy_connection_session(&log, &session, qy_deadline_after(WAIT_FOR_SERVER)) != 0) {
        return -EPERM;
    }
    int64_t status = qy_log_get(session, &state, qy_deadline_after(WAIT_FOR_SERVER));
    if (status != 0) {
        return posix_error(status);
    }
    if (type == SYSLOG_SIZE) {
        /* Room for all lines in the longer form they have here. */
        return (int64_t)(state.kept_bytes + (state.next - state.first) * HEAD_MAX);
    }
    if (!guest_may(buffer, size) || size > INT32_MAX) {
        return -EINVAL;
    }
    return lines_read(session, state.first, buffer, size);
}
