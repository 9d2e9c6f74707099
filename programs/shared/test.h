/* SPDX-License-Identifier: MIT */
#pragma once

/* test EXPRESSION and [ EXPRESSION ], as builtins and as programs. */
int test_main(int argc, char **argv);
