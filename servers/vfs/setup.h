/* SPDX-License-Identifier: MIT */
/* The tree as everybody finds it: mounts, the usual directories, devices. */
#pragma once

#include <stdbool.h>

/* Sets it up, or what is missing of it. False: there is no file system for the top. */
bool setup_tree(void);
