/* SPDX-License-Identifier: MIT */
/* Handles under keys. */
#pragma once

#include <idl/keeper.h>

/* Nothing is kept; `instance` is what put answers. */
void keeper_init(uint64_t instance);

extern const struct qy_keeper_handlers keeper_handlers;
