/* SPDX-License-Identifier: MIT */
/* Messages whose handles are wrong: nothing moves. This thread gets a message buffer here. */
#include "hostile.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/port.h>
#include <quay/thread.h>

static int64_t send(uint32_t handle_count)
{
    struct qy_message message = {.header = IPC_HEADER(1, 0, handle_count)};
    return qy_port_call(fixture_handle(OBJECT_SESSION), &message,
                        qy_deadline_after(5 * QY_MILLISECOND));
}

static struct message_handle entry(handle_t handle, uint16_t operation)
{
    return (struct message_handle){.handle = handle, .rights = RIGHTS_SAME, .operation = operation};
}

void test_messages(void)
{
    struct message_buffer *buffer = qy_buffer();
    if (!tap_ok(buffer != NULL, "a message buffer")) {
        return;
    }
    handle_t event = fixture_handle(OBJECT_EVENT);
    int64_t first = qy_handle_dup(event, RIGHTS_SAME);
    int64_t closed = qy_handle_dup(event, RIGHTS_SAME);
    discard(closed);
    int64_t fixed = qy_handle_dup(event, (rights_t)~RIGHT_TRANSFER);
    int64_t single = qy_handle_dup(event, (rights_t)~RIGHT_DUP);

    buffer->handles[0] = entry((handle_t)first, HANDLE_MOVE);
    buffer->handles[1] = entry((handle_t)closed, HANDLE_MOVE);
    tap_equal(send(2), -EBADF, "the second handle is closed");
    tap_equal(qy_handle_info((handle_t)first).status, OBJECT_EVENT, "the first has not moved");
    buffer->handles[1] = entry(0, HANDLE_MOVE);
    tap_equal(send(2), -EBADF, "the second is none");
    buffer->handles[1] = entry((handle_t)fixed, HANDLE_MOVE);
    tap_equal(send(2), -EACCES, "the second may not leave");
    buffer->handles[1] = entry((handle_t)single, HANDLE_COPY);
    tap_equal(send(2), -EACCES, "the second may not be copied");
    buffer->handles[1] = entry((handle_t)first, 2);
    tap_equal(send(2), -EINVAL, "there is no third way to pass it");
    buffer->handles[1] = entry((handle_t)single, HANDLE_MOVE);
    tap_equal(send(2), -ETIMEDOUT, "right ones wait for a receiver");
    tap_equal(qy_handle_info((handle_t)first).status, OBJECT_EVENT,
              "and have not moved when none came");
    tap_equal(qy_handle_info((handle_t)single).status, OBJECT_EVENT, "neither of them");
    discard(first);
    discard(fixed);
    discard(single);

    /* Not even a hostile program can make the kernel trust the buffer: it may be unmapped. */
    static const uint64_t pages = MESSAGE_BUFFER_SIZE;
    uint64_t arguments[ARGUMENTS] = {qy_self_aspace(), (uint64_t)buffer, pages, 0, 0, 0};
    tap_equal(call_raw(SYS_aspace_unmap, arguments), 0, "the message buffer is unmapped");
    tap_ok(send(1) < 0, "and sending from it is survived");
}
