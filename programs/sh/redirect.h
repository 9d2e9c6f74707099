/* SPDX-License-Identifier: MIT */
/*
 * Redirections, in three steps: expand the targets and open the files; move them to their numbers;
 * and, where the shell itself ran the command, put back what was there before. The second step
 * uses no memory and reports by its result only, so a child of vfork can do it.
 */
#pragma once

#include <stdbool.h>

#include "tree.h"

#define REDIRECT_MAX     32
#define REDIRECT_CLOSED  (-1)
#define REDIRECT_HIGH_FD 10 /* the shell's own files have numbers from here on */

struct redirect_step {
    int fd;
    int source;      /* or REDIRECT_CLOSED */
    bool own_source; /* it was opened for this */
    int saved;       /* what fd was before, REDIRECT_CLOSED if nothing; only if `pushed` */
};

struct redirect_steps {
    unsigned count;
    unsigned done; /* steps whose `saved` holds */
    struct redirect_step steps[REDIRECT_MAX];
};

/* False, reported; nothing stays open then. */
bool redirect_open(const struct redirect *redirects, struct redirect_steps *ret_steps);
/* 0, or the number that is no open file. What was opened is closed on the way. */
int redirect_apply(const struct redirect_steps *steps);
/* Applies and saves. False, reported; everything is as before then. */
bool redirect_push(struct redirect_steps *steps);
void redirect_pop(struct redirect_steps *steps);
/* Keeps what was pushed for good. */
void redirect_keep(struct redirect_steps *steps);
/* In the parent of a child that has applied them. */
void redirect_close(const struct redirect_steps *steps);
