/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdio.h>

/* Shows what can be read from the file page by page, or copies it where there is no terminal. */
int pager_show(FILE *file, const char *title);
