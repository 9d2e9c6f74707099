/* SPDX-License-Identifier: MIT */
/* Bits of the event between main.c and the suite. */
#pragma once

#define EVENT_RESTART 1u /* the suite wants proc to die */
#define EVENT_DEAD    2u /* it is dead */
#define EVENT_DONE    4u /* there is another one */
