/* SPDX-License-Identifier: MIT */
/* Descriptions of protocols on their way, and calls made with them. */
#include "value.h"
#include <quay/handle.h>
#include <quay/interface.h>
#include <quay/server.h>
#include <quay/text.h>
#include <quay/thread.h>

/* --- the server's side --------------------------------------------------------------------- */

/* A part of it: as much from this offset on as a message carries. */
int64_t qy_request_describe(struct qy_request *request, const struct qy_described_head *description)
{
    struct qy_message *message = &request->in.message;
    uint32_t offset;
    if (IPC_HEADER_METHOD(message->header) != QY_METHOD_DESCRIBE) {
        return qy_request_refuse(request, ENO_METHOD);
    }
    if (!qy_message_get(message, &offset, sizeof offset) || offset > description->size) {
        return qy_request_refuse(request, EBAD_MESSAGE);
    }
    uint32_t size = description->size - offset;
    size = size > IPC_PAYLOAD_MAX ? IPC_PAYLOAD_MAX : size;
    return qy_message_set_long(message, 0, (const uint8_t *)description + offset, size) == 0
               ? 0
               : ENO_BUFFER;
}

/* --- the client's -------------------------------------------------------------------------- */

int64_t qy_interface_get(handle_t session, void *bytes, uint32_t room, time_ns_t deadline)
{
    uint32_t have = 0, size = sizeof(struct qy_described_head);
    if (qy_buffer() == NULL) {
        return -ENO_BUFFER;
    }
    while (have < size) {
        struct qy_message message;
        qy_message_set(&message, QY_METHOD_DESCRIBE, &have, sizeof have);
        int64_t status = qy_message_call(session, &message, deadline);
        if (status != 0) {
            return status < 0 ? status : -ENO_METHOD;
        }
        uint32_t length = IPC_HEADER_LENGTH(message.header);
        struct qy_reader reader;
        if (!qy_reader_begin(&reader, &message, 0) || length == 0 || length > room - have ||
            !qy_read(&reader, (uint8_t *)bytes + have, length) || !qy_reader_done(&reader) ||
            (have == 0 && length < size)) {
            return qy_message_reject(&message);
        }
        have += length;
        size = ((const struct qy_described_head *)bytes)->size;
    }
    return have == size ? (int64_t)size : -EBAD_MESSAGE;
}

static const char *error_name(const struct qy_interface *interface,
                              const struct qy_described_method *method, int64_t status)
{
    if (status > 0 && method->error != QY_NOWHERE) {
        const struct qy_described_type *type = &interface->types[method->error];
        const struct qy_described_member *member =
            qy_value_member(interface, type, (uint64_t)status);
        return member != NULL ? qy_interface_text(interface, member->name) : NULL;
    }
    return NULL;
}

/* What an answer says, or -EBAD_MESSAGE. */
static int64_t answer_take(const struct qy_interface *interface,
                           const struct qy_described_method *method,
                           const struct qy_message *message, struct qy_text *text)
{
    struct qy_reader reader;
    if (!qy_reader_begin(&reader, message, 0)) {
        return qy_message_reject(message);
    }
    if (!qy_results_print(interface, method, true, reader.at, reader.left, text)) {
        return qy_message_reject(message);
    }
    qy_received_handles_close(
        IPC_HEADER_HANDLES(message->header)); /* nobody here has use for them */
    return 0;
}

int64_t qy_interface_call(const struct qy_interface *interface,
                          const struct qy_described_method *method, handle_t session,
                          struct qy_arguments *arguments, struct qy_text *text, time_ns_t deadline)
{
    struct qy_message message;
    struct qy_writer writer;
    if (qy_buffer() == NULL || !qy_writer_begin(&writer, &message, method->number,
                                                arguments->length, arguments->lease_count)) {
        return -ENO_BUFFER;
    }
    qy_write(&writer, arguments->payload, arguments->length);
    for (uint32_t i = 0; i < arguments->lease_count; i++) {
        qy_write_lease(&writer, arguments->lent + arguments->leases[i].at,
                       arguments->leases[i].size,
                       arguments->leases[i].is_out ? LEASE_WRITE : LEASE_READ);
    }
    int64_t status = qy_message_call(session, &message, deadline);
    if (status == 0) {
        status = answer_take(interface, method, &message, text);
    }
    if (status == 0) {
        qy_lent_print(interface, method, arguments, text);
        return 0;
    }
    const char *name = error_name(interface, method, status);
    text->length = 0;
    qy_text_put(text, "%s%s\n", name != NULL ? "it says: " : "",
                name != NULL ? name : qy_error_text(status));
    return status;
}
