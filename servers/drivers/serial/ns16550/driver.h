/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the driver. One thread does everything, in the order in which calls and
 * notices come, so nothing is locked.
 */
#pragma once

#include <stdbool.h>
#include "queue.h"
#include <idl/serial.h>
#include <quay/server.h>

#define KEY_INTERRUPT  1
#define KEY_KERNEL_LOG 2

/* What survives the driver, in memory that init keeps; every instruction leaves it sound. What was
 * written is sent, and what was typed is read, by the next instance. */
struct kept {
    struct queue transmit;
    struct queue receive;
    struct queue log; /* the last bytes of the log */
    uint64_t log_end; /* position after the last byte, counted from the first start */
};

struct kept *kept(void);

/* --- the device ---------------------------------------------------------------------------- */

/* Sets the line up; 0 or a negative error number. */
int device_init(handle_t io);

/* The next received byte, or -EAGAIN. */
int device_receive(void);

/* Whether up to NS16550_FIFO_BYTES bytes may be sent now. */
bool device_can_send(void);
void device_send(uint8_t byte);

/* Whether the transmitter interrupts when it is empty. */
void device_notify_empty(bool is_wanted);

/* --- sending ------------------------------------------------------------------------------- */

/* The methods write and drain. */
int64_t transmit_write(struct qy_request *request, const uint8_t *bytes, uint32_t count,
                       uint32_t *ret_accepted);
int64_t transmit_drain(struct qy_request *request);

/* Bytes that the queue can take now, and putting that many into it. */
uint32_t transmit_room(void);
void transmit_put(const uint8_t *bytes, uint32_t length);

/* Moves bytes to the device, and answers who waited for room. Call after every event. */
void transmit_continue(struct qy_server *server);

void transmit_cancelled(struct qy_server *server, uint64_t token);
uint64_t transmit_sent_bytes(void);

/* --- receiving ----------------------------------------------------------------------------- */

/* The method read. */
int64_t receive_read(struct qy_request *request, uint8_t *ret_data, uint32_t *ret_count);

/* Takes what the device has and answers the read that waits. */
void receive_continue(struct qy_server *server);

void receive_cancelled(struct qy_server *server, uint64_t token);
uint64_t receive_received_bytes(void);
uint64_t receive_lost_bytes(void);

/* --- the kernel log ------------------------------------------------------------------------ */

/* Takes the log over. Without the right to it, everything else goes on. */
void kernel_log_init(handle_t resource, handle_t port);

/* Moves log text into the transmit queue as long as there are both. */
void kernel_log_continue(void);

/* The method log_read. */
int64_t kernel_log_read(struct qy_request *request, uint64_t position, uint64_t *ret_at,
                        uint8_t *ret_line, uint32_t *ret_count);
