/* SPDX-License-Identifier: MIT */
/*
 * Messages as generated code makes and takes them apart. What arrives is hostile: every function
 * that reads says whether what it found may be there, and writes nothing beyond its bound.
 *
 * A message without tail and handles is one structure (qy_message_set, qy_message_get). Others are
 * written and read from front to back: fixed part, tail, handles.
 */
#pragma once

#include <quay/port.h>
#include <quay/protocol.h>
#include <quay/thread.h>

/* --- one structure ------------------------------------------------------------------------- */

/* Of at most 64 bytes. The registers beyond are cleared: they are nobody's business. */
static inline void qy_message_set(struct qy_message *message, uint32_t method, const void *fixed,
                                  uint32_t size)
{
    message->header = IPC_HEADER(method, size, 0);
    for (uint32_t i = size / 8; i < IPC_REGISTER_WORDS; i++) {
        message->words[i] = 0;
    }
    if (size > 0) {
        __builtin_memcpy(message->words, fixed, size);
    }
}

/* Makes the call's message its answer of this size, all zero, and returns where it lies. Words that
 * the call did not have are cleared too: they may be another caller's. */
static inline void *qy_message_begin_answer(struct qy_message *message, uint32_t size)
{
    /* As many as qy_port_serve sends. */
    uint32_t words = size <= 16 ? (size + 7) / 8 : size <= 32 ? 4 : IPC_REGISTER_WORDS;
    for (uint32_t i = 0; i < words; i++) {
        message->words[i] = 0;
    }
    message->header = IPC_HEADER(0, size, 0);
    return message->words;
}

/* Whether the message has exactly this size and no handles; *ret_fixed is then set. */
static inline bool qy_message_get(const struct qy_message *message, void *ret_fixed, uint32_t size)
{
    if (message->header >> 32 != size) {
        return false;
    }
    if (size > 0) {
        __builtin_memcpy(ret_fixed, message->words, size);
    }
    return true;
}

/* The same for more than 64 bytes, which lie in the message buffer. 0 or -ENO_BUFFER. */
int64_t qy_message_set_long(struct qy_message *message, uint32_t method, const void *fixed,
                            uint32_t size);
bool qy_message_get_long(const struct qy_message *message, void *ret_fixed, uint32_t size);

/* --- calling ------------------------------------------------------------------------------- */

/* What a call comes to whose answer carries an error: see <quay/protocol.h>. */
int64_t qy_message_error(const struct qy_message *message);

/* Whether an answer that is long, or has handles, can arrive. */
bool qy_message_buffer(void);

/* Whether a short call was answered with results of this size. What it was answered with else:
 * qy_short_error. */
static inline bool qy_short_is(struct qy_short_answer answer, uint32_t size)
{
    uint64_t wanted = IPC_HEADER(0, size, 0);
    __asm__("" : "+r"(wanted)); /* made here, and not kept in a register over the call */
    return (uint64_t)answer.header == wanted;
}

int64_t qy_short_error(int64_t header);

/* Calls; 0, an error of the protocol, or the negative of one of the transport. */
static inline int64_t qy_message_call(handle_t session, struct qy_message *message,
                                      time_ns_t deadline)
{
    int64_t status = qy_port_call(session, message, deadline);
    if (status < 0) {
        return status;
    }
    return IPC_HEADER_METHOD(message->header) == 0 ? 0 : qy_message_error(message);
}

/* A call of a method without parameters that is answered with a handle of this kind: 0, or a
 * negative error number. */
int64_t qy_handle_ask(handle_t session, uint32_t method, uint32_t type, rights_t rights,
                      handle_t *ret_handle, time_ns_t deadline);

/* Closes the handles of an answer that cannot be right, and returns -EBAD_MESSAGE. */
int64_t qy_message_reject(const struct qy_message *message);

/* Closes a handle, if it is one. */
void qy_handle_discard(handle_t handle);

/* --- events -------------------------------------------------------------------------------- */

#define QY_METHOD_SUBSCRIBE 0x7fffffffu
#define QY_EVENT_LOST       0u /* in a channel of events: u64, how many did not fit */
#define QY_EVENT_SLOTS      16u

/* Asks for a channel of events. */
int64_t qy_subscribe(handle_t session, handle_t *ret_events, time_ns_t deadline);
struct qy_connection;
int64_t qy_subscribe_on(struct qy_connection *connection, handle_t *ret_events, time_ns_t deadline);

int64_t qy_event_lost_take(const struct qy_message *message,
                           void (*lost)(void *context, uint64_t count), void *context);

/* --- piece by piece ------------------------------------------------------------------------ */

struct qy_writer {
    struct qy_message *message;
    uint8_t *at;
};

/* Begins a message of `size` bytes and up to so many handles and leases. False: there is no buffer.
 */
static inline bool qy_writer_begin(struct qy_writer *writer, struct qy_message *message,
                                   uint32_t method, size_t size, uint32_t handles_and_leases)
{
    *message = (struct qy_message){.header = IPC_HEADER(method, size, 0)};
    *writer = (struct qy_writer){.message = message, .at = (uint8_t *)message->words};
    if (size <= IPC_REGISTER_BYTES && handles_and_leases == 0) {
        return true;
    }
    struct message_buffer *buffer = qy_buffer();
    if (buffer == NULL || size > IPC_PAYLOAD_MAX) {
        return false;
    }
    if (size > IPC_REGISTER_BYTES) {
        writer->at = buffer->payload;
    }
    return true;
}

static inline void qy_write(struct qy_writer *writer, const void *bytes, size_t size)
{
    if (size > 0) {
        __builtin_memcpy(writer->at, bytes, size);
        writer->at += size;
    }
}

/* Adds a handle; HANDLE_INVALID adds none. It gets at most these rights. */
void qy_write_handle(struct qy_writer *writer, handle_t handle, rights_t rights,
                     uint16_t operation);

/* Lends memory; flags are LEASE_... */
void qy_write_lease(struct qy_writer *writer, const void *memory, uint64_t size, uint32_t flags);

struct qy_reader {
    const uint8_t *at;
    uint32_t left;
    uint32_t handles_left;
    const struct message_handle *handle;
};

/* False if the message does not lend this many ranges, or is not one that can be read. */
static inline bool qy_reader_begin(struct qy_reader *reader, const struct qy_message *message,
                                   uint32_t leases)
{
    uint32_t length = IPC_HEADER_LENGTH(message->header);
    uint32_t handles = IPC_HEADER_HANDLES(message->header);
    const struct message_buffer *buffer = NULL;
    if (IPC_HEADER_LEASES(message->header) != leases || IPC_HEADER_FLAGS(message->header) != 0) {
        return false;
    }
    if (length > IPC_REGISTER_BYTES || handles > 0) {
        buffer = qy_buffer();
        if (buffer == NULL || length > IPC_PAYLOAD_MAX || handles > IPC_HANDLES_MAX) {
            return false;
        }
    }
    *reader = (struct qy_reader){
        .at = length > IPC_REGISTER_BYTES ? buffer->payload : (const uint8_t *)message->words,
        .left = length,
        .handles_left = handles,
        .handle = handles > 0 ? buffer->handles : NULL,
    };
    return true;
}

static inline bool qy_read(struct qy_reader *reader, void *ret_bytes, size_t size)
{
    if (size > reader->left) {
        return false;
    }
    __builtin_memcpy(ret_bytes, reader->at, size);
    reader->at += size;
    reader->left -= (uint32_t)size;
    return true;
}

/* A string of this length, valid and at most `bound`; ret_text has room for a zero behind. */
bool qy_read_string(struct qy_reader *reader, char *ret_text, uint32_t length, uint32_t bound);
static inline bool qy_read_elements(struct qy_reader *reader, void *ret_elements, uint32_t count,
                                    uint32_t bound, size_t size)
{
    return count <= bound && qy_read(reader, ret_elements, count * size);
}

/* The next handle, if it is to such an object (OBJECT_NONE: any) and has these rights. */
bool qy_read_handle(struct qy_reader *reader, uint32_t type, rights_t rights, handle_t *ret_handle);

/* Whether everything was read. */
static inline bool qy_reader_done(const struct qy_reader *reader)
{
    return reader->left == 0 && reader->handles_left == 0;
}

/* --- values -------------------------------------------------------------------------------- */

bool qy_is_zero(const void *bytes, size_t size);

/* Whether the byte there is 0 or 1; it is looked at as a number. */
bool qy_bool_valid(const bool *value);

/* Whether these bytes are UTF-8 without a zero. */
bool qy_utf8_valid(const char *text, size_t length);

/* Whether a string in a structure ends with a zero and has zeros only behind it. */
bool qy_string_valid(const char *text, size_t size);

/* Its length, but at most bound + 1. */
size_t qy_string_length(const char *text, uint32_t bound);

/* --- tables -------------------------------------------------------------------------------- */

/* u16 number, u16 size, value: returns how much it took. */
uint32_t qy_table_put(uint8_t *bytes, uint16_t ordinal, const void *value, uint16_t size);

struct qy_table_reader {
    const uint8_t *at;
    uint32_t left;
    uint16_t ordinal, size; /* of the field that `next` found */
    const uint8_t *value;
    bool is_bad;
};

/* The next field, in ascending order; false at the end, and then is_bad says whether it is sound.
 */
bool qy_table_next(struct qy_table_reader *reader);
bool qy_table_get(const struct qy_table_reader *reader, void *ret_value, uint16_t size);
