/* SPDX-License-Identifier: MIT */
#include <idl/all.h>

#define DESCRIPTION(name) extern const struct qy_described_head *const qy_##name##_description;
#include <idl/all.def>
#undef DESCRIPTION

const struct qy_trace_protocol idl_all[] = {
#define DESCRIPTION(name) {&qy_##name##_description},
#include <idl/all.def>
#undef DESCRIPTION
    {0},
};
