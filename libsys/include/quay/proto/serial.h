/* SPDX-License-Identifier: MIT */
/*
 * The serial protocol: a byte stream in each direction. Answers begin with a status word
 * (<quay/server.h>). Until there is an interface compiler this header is the protocol.
 */
#pragma once

#include <quay/abi/types.h>

/* Badges that decide what a session may do; whoever mints the session sets them. */
#define SERIAL_MAY_READ  (1u << 0)
#define SERIAL_MAY_WRITE (1u << 1)

/* write: payload = 1 to 4096 bytes. Answer: struct serial_written; blocks until at least one byte
 * fits in the queue. `accepted` may be less than what was sent, 0 too: send the rest again. */
#define SERIAL_WRITE 1u
struct serial_written {
    uint64_t accepted_bytes;
};

/* read: no payload. Answer: struct serial_data; blocks until there is at least one byte. Only one
 * read at a time: another one is answered with -EBUSY. */
#define SERIAL_READ           2u
#define SERIAL_READ_BYTES_MAX 48u
struct serial_data {
    uint64_t length_bytes;
    uint8_t bytes[SERIAL_READ_BYTES_MAX];
};

/* drain: no payload, no answer; blocks until all that was written has left the device. */
#define SERIAL_DRAIN 3u

/* statistics: no payload. */
#define SERIAL_STATISTICS 4u
struct serial_statistics {
    uint64_t received_bytes;
    uint64_t sent_bytes;
    uint64_t lost_bytes; /* received while nobody read and the queue was full */
    uint64_t interrupts;
};

/* log read: the kernel log since the driver's start, as far as it is kept. Payload: from which byte
 * on. Answer: text from there, or from the oldest byte kept if that is later; length 0: no more. */
#define SERIAL_LOG_READ      5u
#define SERIAL_LOG_BYTES_MAX 40u
struct serial_log_read {
    uint64_t position;
};
struct serial_log_text {
    uint64_t position; /* of the first byte */
    uint64_t length_bytes;
    uint8_t bytes[SERIAL_LOG_BYTES_MAX];
};

_Static_assert(sizeof(struct serial_log_text) == 56, "an answer fits into the registers");
_Static_assert(sizeof(struct serial_data) == 56, "an answer fits into the registers");
_Static_assert(sizeof(struct serial_statistics) == 32, "serial_statistics layout");
