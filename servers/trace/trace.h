/* SPDX-License-Identifier: MIT */
/*
 * The protocol, and what is noted: the wishes of all sessions together.
 *
 *   kernel: rings --> watch: names, summary, log     (trace_tick, before each answer)
 *                 \-> feed of each session           (read)
 *                  \> feed of the second serial port (trace_tick)
 */
#pragma once

#include <idl/trace.h>
#include <quay/server.h>

#define TRACE_RECORDS_USUAL  8192u  /* of a ring */
#define TRACE_RECORDS_STREAM 32768u /* a serial port is slow */
#define TRACE_READERS_MAX    8u
#define TRACE_TICK_NS        5000000
#define TRACE_NAMES_TICKS    200u   /* names are looked up; and after the start of a process: */
#define TRACE_NAMES_SOON     4u     /* it has loaded another program by then */
#define TRACE_SETTLED_NS     200000 /* a CPU has written what it noted so long ago */
#define TRACE_CHUNKS_BYTES   (32 * 1024u)
#define TRACE_CHUNKS_MIN     8192u
#define TRACE_PORT_BYTES     8192u /* to the serial port at once */
#define TRACE_PORT_PIECES    8u    /* for each look */

/* Of the thread that serves and its port, as the kernel names them. */
void trace_init(koid_t thread, koid_t port);

extern const struct qy_trace_handlers trace_handlers;
void trace_session_closed(uint64_t badge);

/* As tracing for the machine, and the stream to the second serial port. 0 or an error. */
int64_t trace_machine_on(uint32_t kinds, bool to_log, const char *filter);
int64_t trace_stream_on(uint32_t kinds);

/* Whether there is something to look at, every TRACE_TICK_NS. */
bool trace_is_on(void);
void trace_tick(void);
