/* SPDX-License-Identifier: MIT */
/* The power protocol. Neither method has a payload; an answer comes only if it did not work. */
#pragma once

#define POWER_OFF    1u
#define POWER_REBOOT 2u
