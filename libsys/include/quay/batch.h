/* SPDX-License-Identifier: MIT */
/*
 * Many small calls in one message, answered in one: for methods that are @batch.
 *
 *     struct qy_batch batch;
 *     qy_batch_begin(&batch);
 *     while (more && qy_counter_increment_add(&batch, by)) ...
 *     status = qy_batch_call(session, &batch, deadline);
 *     then, in the same order: status = qy_counter_increment_next(&batch, &value);
 *
 * On the wire each call and each answer is its header (u64) and its payload, filled up to 8 bytes.
 * Every call has its own status; they run one after the other, and one that fails stops no other.
 */
#pragma once

#include <quay/port.h>
#include <quay/protocol.h>

#define QY_METHOD_BATCH 0x7ffffffcu
#define QY_BATCH_WORDS  (IPC_PAYLOAD_MAX / 8)

struct qy_batch {
    uint32_t count;        /* words used, of the calls, then of the answers */
    uint32_t answer_count; /* most that the answers take */
    uint32_t at;           /* the next answer */
    uint32_t reserved;
    uint64_t words[QY_BATCH_WORDS + IPC_REGISTER_WORDS]; /* a message is made where it lies */
};

QY_C_BEGIN

void qy_batch_begin(struct qy_batch *batch);

/* 0, or why there are no answers. */
int64_t qy_batch_call(handle_t session, struct qy_batch *batch, time_ns_t deadline);

struct qy_connection;
int64_t qy_batch_call_on(struct qy_connection *connection, struct qy_batch *batch,
                         time_ns_t deadline);

/* --- for generated code -------------------------------------------------------------------- */

/* Header and payload, in words of 8 bytes. */
static inline uint32_t qy_batch_words(uint32_t payload_bytes)
{
    return 1 + (payload_bytes + 7) / 8;
}

/* Where to make the next call, of these sizes; NULL: it does not fit any more. */
static inline struct qy_message *qy_batch_place(struct qy_batch *batch, uint32_t bytes,
                                                uint32_t answer_bytes)
{
    uint32_t at = batch->count;
    uint32_t count = at + qy_batch_words(bytes);
    uint32_t answer_count = batch->answer_count + qy_batch_words(answer_bytes);
    if (count > QY_BATCH_WORDS || answer_count > QY_BATCH_WORDS) {
        return NULL;
    }
    batch->count = count;
    batch->answer_count = answer_count;
    return (struct qy_message *)&batch->words[at];
}

/* The next answer, if it is one with results of this size; else NULL, and qy_batch_error says what
 * it is. */
static inline const struct qy_message *qy_batch_next(struct qy_batch *batch, uint32_t bytes)
{
    uint32_t at = batch->at;
    uint32_t end = at + qy_batch_words(bytes);
    if (end > batch->count || batch->words[at] != IPC_HEADER(0, bytes, 0)) {
        return NULL;
    }
    batch->at = end;
    return (const struct qy_message *)&batch->words[at];
}

int64_t qy_batch_error(struct qy_batch *batch);

/* The method QY_METHOD_BATCH; `one` serves those that may come in it. */
int64_t qy_batch_serve(struct qy_request *request, int64_t (*one)(struct qy_request *request));

QY_C_END
