/* SPDX-License-Identifier: MIT */
/* The chunks of a trace (docs/trace-format.md). Pure. */
#include <quay/text.h>
#include <quay/trace_view.h>

_Static_assert(sizeof(struct qy_trace_start) == 32, "docs/trace-format.md");
_Static_assert(sizeof(struct qy_trace_process) == 40, "docs/trace-format.md");
_Static_assert(sizeof(struct qy_trace_owned) == 16, "docs/trace-format.md");
_Static_assert(sizeof(struct qy_trace_lost) == 16, "docs/trace-format.md");

static uint32_t padded(uint32_t length)
{
    return (length + 7) & ~7u;
}

void *qy_trace_chunk_add(struct qy_trace_writer *writer, uint32_t type, uint32_t length)
{
    uint32_t room = writer->size - writer->length;
    struct qy_trace_chunk *chunk = (void *)(writer->bytes + writer->length);
    if (room < sizeof *chunk || length > ((room - sizeof *chunk) & ~7u)) {
        return NULL;
    }
    *chunk = (struct qy_trace_chunk){.type = type, .length = length};
    memset(chunk + 1, 0, padded(length));
    writer->length += (uint32_t)sizeof *chunk + padded(length);
    return chunk + 1;
}

const struct qy_trace_chunk *qy_trace_chunk_next(const void *bytes, uint32_t size, uint32_t *at)
{
    const struct qy_trace_chunk *chunk = (const void *)((const uint8_t *)bytes + *at);
    if (*at > size || size - *at < sizeof *chunk) {
        return NULL;
    }
    uint32_t room = size - *at - (uint32_t)sizeof *chunk;
    if (chunk->length > room || padded(chunk->length) > room) {
        return NULL;
    }
    *at += (uint32_t)sizeof *chunk + padded(chunk->length);
    return chunk;
}
