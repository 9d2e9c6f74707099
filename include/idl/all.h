/* SPDX-License-Identifier: MIT */
/* The descriptions of all interfaces, for those who watch others' messages. */
#pragma once

#include <quay/trace_view.h>

extern const struct qy_trace_protocol idl_all[];
