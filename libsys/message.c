/* SPDX-License-Identifier: MIT */
#include <quay/handle.h>
#include <quay/message.h>
#include <quay/server.h>
#include <quay/text.h>
#include <quay/thread.h>

/* Errors of the transport that a server may answer with in place of the protocol's own. */
#define TRANSPORT_FIRST 512
#define TRANSPORT_LAST  1023

/* --- one structure ------------------------------------------------------------------------- */

int64_t qy_message_set_long(struct qy_message *message, uint32_t method, const void *fixed,
                            uint32_t size)
{
    struct qy_writer writer;
    if (!qy_writer_begin(&writer, message, method, size, 0)) {
        return -ENO_BUFFER;
    }
    qy_write(&writer, fixed, size);
    return 0;
}

bool qy_message_get_long(const struct qy_message *message, void *ret_fixed, uint32_t size)
{
    struct qy_reader reader;
    return message->header >> 32 == size && qy_reader_begin(&reader, message, 0) &&
           qy_read(&reader, ret_fixed, size);
}

/* --- calling ------------------------------------------------------------------------------- */

int64_t qy_message_error(const struct qy_message *message)
{
    uint32_t error = IPC_HEADER_METHOD(message->header);
    qy_received_handles_close(IPC_HEADER_HANDLES(message->header));
    if (error >= TRANSPORT_FIRST && error <= TRANSPORT_LAST) {
        return -(int64_t)error;
    }
    return error <= UINT16_MAX ? (int64_t)error : -EBAD_MESSAGE;
}

bool qy_message_buffer(void)
{
    return qy_buffer() != NULL;
}

int64_t qy_short_error(int64_t header)
{
    if (header < 0) {
        return header;
    }
    const struct qy_message message = {.header = (uint64_t)header};
    return IPC_HEADER_METHOD(message.header) == 0 ? qy_message_reject(&message)
                                                  : qy_message_error(&message);
}

int64_t qy_message_reject(const struct qy_message *message)
{
    qy_received_handles_close(IPC_HEADER_HANDLES(message->header));
    return -EBAD_MESSAGE;
}

void qy_handle_discard(handle_t handle)
{
    if (handle != HANDLE_INVALID) {
        (void)qy_handle_close(handle); /* stale if the kernel has moved it */
    }
}

int64_t qy_handle_ask(handle_t session, uint32_t method, uint32_t type, rights_t rights,
                      handle_t *ret_handle, time_ns_t deadline)
{
    struct qy_message message;
    struct qy_reader reader;
    qy_message_set(&message, method, NULL, 0);
    int64_t status = qy_buffer() != NULL ? qy_message_call(session, &message, deadline)
                                         : -ENO_BUFFER; /* for the answer */
    if (status != 0) {
        return status < 0 ? status : -EBAD_MESSAGE;
    }
    if (!qy_reader_begin(&reader, &message, 0) ||
        !qy_read_handle(&reader, type, rights, ret_handle) || !qy_reader_done(&reader)) {
        return qy_message_reject(&message);
    }
    return 0;
}

/* --- writing ------------------------------------------------------------------------------- */

void qy_write_handle(struct qy_writer *writer, handle_t handle, rights_t rights, uint16_t operation)
{
    if (handle == HANDLE_INVALID) {
        return;
    }
    uint32_t index = IPC_HEADER_HANDLES(writer->message->header);
    qy_buffer()->handles[index] =
        (struct message_handle){.handle = handle, .rights = rights, .operation = operation};
    writer->message->header += (uint64_t)1 << 48;
}

void qy_write_lease(struct qy_writer *writer, const void *memory, uint64_t size, uint32_t flags)
{
    qy_lease_set(qy_buffer(), IPC_HEADER_LEASES(writer->message->header), memory, size, flags);
    writer->message->header += IPC_LEASES(1);
}

/* --- reading ------------------------------------------------------------------------------- */

bool qy_read_string(struct qy_reader *reader, char *ret_text, uint32_t length, uint32_t bound)
{
    if (length > bound || !qy_read(reader, ret_text, length)) {
        return false;
    }
    ret_text[length] = 0;
    return qy_utf8_valid(ret_text, length);
}

bool qy_read_handle(struct qy_reader *reader, uint32_t type, rights_t rights, handle_t *ret_handle)
{
    const struct message_handle *handle = reader->handle;
    if (reader->handles_left == 0 || (type != OBJECT_NONE && handle->type != type) ||
        (handle->rights & rights) != rights) {
        return false;
    }
    *ret_handle = handle->handle;
    reader->handle++;
    reader->handles_left--;
    return true;
}
