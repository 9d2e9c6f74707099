/* SPDX-License-Identifier: MIT */
/* Reading lists from the kernel: system_info with its cursor, as a loop over records. */
#pragma once

#include <stdbool.h>
#include <quay/abi/system_info.h>
#include <quay/syscall.h>

struct figures {
    uint32_t topic;
    uint32_t record_size;
    uint64_t cursor;
    int64_t count; /* in the buffer */
    int64_t next;
    int64_t error; /* 0, or why the list ended early */
};

void figures_begin(struct figures *figures, uint32_t topic, uint32_t record_size);

/* Copies the next record; false at the end. The message buffer is used: copy what you need. */
bool figures_next(struct figures *figures, void *ret_record);

/* One record; says on the terminal if there is none. */
bool figures_one(uint32_t topic, void *ret_record, uint32_t record_size);
