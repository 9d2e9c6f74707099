/* SPDX-License-Identifier: MIT */
/* What the log says of a crash: who, what, registers, and the functions that led there. */
#pragma once

#include "target.h"

void report(struct target *target, const struct symbols *symbols);
