/* SPDX-License-Identifier: MIT */
/* The protocol `dir`. */
#pragma once

#include "session.h"

extern const struct qy_dir_handlers dir_handlers;
