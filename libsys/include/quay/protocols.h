/* SPDX-License-Identifier: MIT */
/* All protocols of include/idl, to name and decode messages of others. */
#pragma once

#include <quay/batch.h>
#include <quay/interface.h>
#include <quay/message.h>
#include <quay/statistics.h>

QY_C_BEGIN

/* One after the other, from 0; false: there are no more. */
bool qy_protocol_at(uint32_t index, struct qy_interface *ret_interface);

/* "counter.increment"; the number as a text if it is none of these. Valid until the next call. */
const char *qy_method_text(uint64_t number);

QY_C_END
