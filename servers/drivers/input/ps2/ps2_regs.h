/* SPDX-License-Identifier: MIT */
/* The 8042 keyboard controller (Intel UPI-41 manual; IBM PS/2 Technical Reference, "Keyboard and
 * Auxiliary Device Controller") and the commands of a keyboard behind it. */
#pragma once

#define PS2_STATUS_OUTPUT_FULL 0x01 /* there is a byte for us */
#define PS2_STATUS_INPUT_FULL  0x02 /* it has not taken our last one */
#define PS2_STATUS_AUXILIARY   0x20 /* the byte is the mouse's */

/* To the control port. */
#define PS2_READ_CONFIGURATION  0x20
#define PS2_WRITE_CONFIGURATION 0x60
#define PS2_DISABLE_AUXILIARY   0xa7
#define PS2_TEST_CONTROLLER     0xaa
#define PS2_TEST_KEYBOARD       0xab
#define PS2_DISABLE_KEYBOARD    0xad
#define PS2_ENABLE_KEYBOARD     0xae

#define PS2_CONTROLLER_PASSED 0x55
#define PS2_KEYBOARD_PASSED   0x00

#define PS2_CONFIGURATION_INTERRUPT           0x01
#define PS2_CONFIGURATION_AUXILIARY_INTERRUPT 0x02
#define PS2_CONFIGURATION_KEYBOARD_OFF        0x10
#define PS2_CONFIGURATION_TRANSLATE           0x40 /* set 2 becomes set 1 */

/* To the keyboard, and what it says. */
#define PS2_SET_LIGHTS  0xed
#define PS2_SET_SET     0xf0
#define PS2_SET_REPEAT  0xf3
#define PS2_ENABLE_SCAN 0xf4
#define PS2_DISABLE     0xf5 /* and its defaults */
#define PS2_RESET       0xff

#define PS2_ACKNOWLEDGE 0xfa
#define PS2_RESEND      0xfe
#define PS2_SELF_TESTED 0xaa
