/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <quay/exception.h>
#include <quay/text.h>
#include <quay/thread.h>

const struct exception_message *qy_exception(const struct qy_message *message)
{
    const struct message_buffer *buffer = qy_buffer();
    bool is_one =
        message->header == IPC_HEADER(EXCEPTION_METHOD, sizeof(struct exception_message), 0);

    return is_one && buffer != NULL ? (const void *)buffer->payload : NULL;
}

uint64_t qy_exception_answer(uint32_t action, const struct thread_registers *registers)
{
    struct message_buffer *buffer = qy_buffer();

    if (registers == NULL || buffer == NULL) {
        return IPC_HEADER(action, 0, 0);
    }
    memcpy(buffer->payload, registers, sizeof(*registers));
    return IPC_HEADER(action, sizeof(*registers), 0);
}
