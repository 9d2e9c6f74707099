/* SPDX-License-Identifier: MIT */
/*
 * The parts of the shell that read and expand commands, without those that execute them: a command
 * substitution gives a fixed text, errors are counted and not printed.
 */
#pragma once

extern unsigned quiet_errors;
/* The last message. */
extern char quiet_message[300];
/* What $( ) gives. */
extern const char *quiet_output;

/* Back to the beginning: no error, no flow, two positional parameters "a b" and "". */
void quiet_reset(void);
