/* SPDX-License-Identifier: MIT */
/*
 * Device nodes. Linux's numbers: memory devices (major 1) are served here, the others by the server
 * that the table names.
 */
#pragma once

#include "session.h"

#define MAKEDEV(major, minor) ((uint64_t)(major) << 8 | (minor))

#define DEVICE_NULL    3
#define DEVICE_ZERO    5
#define DEVICE_FULL    7
#define DEVICE_RANDOM  8
#define DEVICE_URANDOM 9

#define MAJOR_MEMORY   1
#define MAJOR_TERMINAL 4
#define MAJOR_TTY      5
#define MAJOR_PTS      136

int64_t device_open(struct qy_request *request, uint64_t number, uint32_t flags,
                    handle_t *ret_description, qy_dir_kind_t *ret_kind);

/* Of the devices that are served here. */
int64_t device_read(struct session *session, uint32_t count, uint8_t *ret_data,
                    uint32_t *ret_count);
int64_t device_read_lent(struct session *session, const struct qy_lease *data, uint64_t *ret_count);
/* Of any number of bytes; 0 or an error. */
int64_t device_write(const struct session *session);
