/* SPDX-License-Identifier: MIT */
#include <quay/batch.h>
#include <quay/server.h>
#include <quay/text.h>

static bool is_small(uint64_t header)
{
    return IPC_HEADER_LENGTH(header) <= IPC_REGISTER_BYTES && header >> 48 == 0;
}

/* Few words: a loop is quicker than memcpy. */
static void words_copy(uint64_t *to, const uint64_t *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        to[i] = from[i];
        __asm__("" : : : "memory"); /* or the compiler makes a call of memcpy of it */
    }
}

/* The message at the front of these words, which sets no words beyond its length; returns how many
 * it takes, 0 if it is none. */
static uint32_t message_take(const uint64_t *words, uint32_t count, struct qy_message *ret_message)
{
    if (count == 0 || !is_small(words[0]) || qy_batch_words(IPC_HEADER_LENGTH(words[0])) > count) {
        return 0;
    }
    uint32_t taken = qy_batch_words(IPC_HEADER_LENGTH(words[0]));
    ret_message->header = words[0];
    words_copy(ret_message->words, words + 1, taken - 1);
    return taken;
}

/* Puts it there; returns how many words it takes, 0 if they are too few. */
static uint32_t message_put(uint64_t *words, uint32_t count, const struct qy_message *message)
{
    uint32_t taken = qy_batch_words(IPC_HEADER_LENGTH(message->header));
    if (!is_small(message->header) || taken > count) {
        return 0;
    }
    words[0] = message->header;
    words_copy(words + 1, message->words, taken - 1);
    return taken;
}

/* Both ways: all of the message's payload, which is whole words, and nothing beside it. */
static bool payload_read(const struct qy_message *message, void *ret_words, uint32_t *ret_size)
{
    struct qy_reader reader;
    uint32_t size = IPC_HEADER_LENGTH(message->header);
    if (size % 8 != 0 || IPC_HEADER_HANDLES(message->header) != 0 ||
        !qy_reader_begin(&reader, message, 0) || !qy_read(&reader, ret_words, size)) {
        return false;
    }
    *ret_size = size;
    return true;
}

/* --- the client ---------------------------------------------------------------------------- */

void qy_batch_begin(struct qy_batch *batch)
{
    batch->count = 0;
    batch->answer_count = 0;
    batch->at = 0;
}

int64_t qy_batch_call(handle_t session, struct qy_batch *batch, time_ns_t deadline)
{
    struct qy_message message;
    struct qy_writer writer;
    uint32_t size = batch->count * 8;
    if (!qy_message_buffer() || !qy_writer_begin(&writer, &message, QY_METHOD_BATCH, size, 0)) {
        return -ENO_BUFFER;
    }
    qy_write(&writer, batch->words, size);
    int64_t status = qy_message_call(session, &message, deadline);
    if (status != 0) {
        return status < 0 ? status : -EBAD_MESSAGE;
    }
    if (!payload_read(&message, batch->words, &size)) {
        return qy_message_reject(&message);
    }
    batch->at = 0;
    batch->count = size / 8;
    return 0;
}

int64_t qy_batch_error(struct qy_batch *batch)
{
    struct qy_message message;
    uint32_t taken = message_take(&batch->words[batch->at], batch->count - batch->at, &message);
    batch->at += taken;
    if (taken == 0) {
        batch->at = batch->count; /* nothing behind it can be found */
    }
    return taken == 0 || IPC_HEADER_METHOD(message.header) == 0 ? -EBAD_MESSAGE
                                                                : qy_message_error(&message);
}

/* --- the server ---------------------------------------------------------------------------- */

int64_t qy_batch_serve(struct qy_request *request, qy_dispatch_fn *one)
{
    uint64_t words[QY_BATCH_WORDS], answers[QY_BATCH_WORDS];
    uint32_t size, at = 0, made = 0;
    if (!payload_read(&request->in.message, words, &size)) {
        return qy_request_refuse(request, EBAD_MESSAGE);
    }
    /* Each call as if it had come alone, but for its token; its answer replaces it. */
    struct qy_request single = {
        .in = {.badge = request->in.badge, .sender_job = request->in.sender_job},
        .server = request->server,
        .handlers = request->handlers,
    };
    while (at < size / 8) {
        uint32_t taken = message_take(words + at, size / 8 - at, &single.in.message);
        if (taken == 0) {
            return EBAD_MESSAGE;
        }
        at += taken;
        int64_t status = qy_statistics_counted(&single, one);
        if (status != 0) {
            qy_request_fail(&single, status);
        }
        taken = message_put(answers + made, QY_BATCH_WORDS - made, &single.in.message);
        if (taken == 0) {
            return EBAD_MESSAGE; /* whoever asks for more than fits has not counted */
        }
        made += taken;
    }
    struct qy_writer writer;
    if (!qy_writer_begin(&writer, &request->in.message, 0, made * 8, 0)) {
        return ENO_BUFFER;
    }
    qy_write(&writer, answers, made * 8);
    return 0;
}
