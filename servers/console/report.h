/* SPDX-License-Identifier: MIT */
/*
 * Who waits for whom, at a key of the machine's own terminal: asked of the server figures, shown
 * line by line. No program gets the key, so it works whatever hangs in front of it.
 */
#pragma once

#include <stdbool.h>
#include <quay/caller.h>

#define REPORT_KEY 0x1e /* ^^: Control and 6 */

void report_init(struct qy_caller *caller);

/* The key was pressed. */
void report_ask(void);

/* The next line that is to be shown, cut to fit; false: there is none. */
bool report_line(char *line, uint32_t size);

/* In line.c: there is something to be shown. */
void report_changed(void);
