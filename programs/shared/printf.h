/* SPDX-License-Identifier: MIT */
#pragma once

/* printf FORMAT [ARGUMENT...], as a builtin and as a program. */
int printf_main(int argc, char **argv);
