/* SPDX-License-Identifier: MIT */
/*
 * The log comes through the message buffer, the same place where the payload of a long call lies:
 * a call is served completely before the next thing is received, so they do not meet.
 */
#include "driver.h"
#include <quay/system.h>
#include <quay/text.h>
#include <quay/thread.h>

static struct {
    handle_t resource;
    bool is_bound;
} log_state;

void kernel_log_init(handle_t resource, handle_t port)
{
    log_state.resource = resource;
    if (qy_buffer() == NULL) {
        return;
    }
    log_state.is_bound = qy_log_bind(resource, port, KEY_KERNEL_LOG) >= 0;
}

static void history_add(const uint8_t *bytes, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        if (queue_room(&kept()->log) == 0) {
            (void)queue_take(&kept()->log); /* the oldest is forgotten */
        }
        queue_put(&kept()->log, bytes[i]);
        kept()->log_end++;
    }
}

/* Takes the kernel's marks out of the text: how much is left of it. */
static uint32_t marks_drop(uint8_t *bytes, uint32_t length)
{
    static bool is_marked; /* the next byte belongs to a mark */
    uint32_t kept_length = 0;
    for (uint32_t i = 0; i < length; i++) {
        if (is_marked || bytes[i] == LOG_MARK) {
            is_marked = !is_marked;
        } else {
            bytes[kept_length++] = bytes[i];
        }
    }
    return kept_length;
}

/* A line feed goes out as two bytes; room for the worst case was asked for. */
static void text_send(const uint8_t *bytes, uint32_t length)
{
    static const uint8_t carriage_return = '\r';
    for (uint32_t i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            transmit_put(&carriage_return, 1);
        }
        transmit_put(&bytes[i], 1);
    }
}

void kernel_log_continue(void)
{
    while (log_state.is_bound && transmit_room() >= 2 * IPC_PAYLOAD_MAX) {
        int64_t length = qy_log_read(log_state.resource);
        if (length <= 0 || length > (int64_t)IPC_PAYLOAD_MAX) {
            return;
        }
        uint32_t left = marks_drop(qy_buffer()->payload, (uint32_t)length);
        history_add(qy_buffer()->payload, left);
        text_send(qy_buffer()->payload, left);
    }
}

int64_t kernel_log_read(struct qy_request *request, uint64_t position, uint64_t *ret_at,
                        uint8_t *ret_line, uint32_t *ret_count)
{
    (void)request;
    uint64_t first = kept()->log_end - queue_used(&kept()->log);
    position = position < first ? first : position;
    *ret_at = position;
    uint32_t count = 0;
    while (count < QY_SERIAL_LINE_MAX && position < kept()->log_end) {
        uint32_t index = kept()->log.head + (uint32_t)(position - first);
        ret_line[count++] = kept()->log.bytes[index % QUEUE_SIZE];
        position++;
    }
    *ret_count = count;
    return 0;
}
