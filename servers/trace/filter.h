/* SPDX-License-Identifier: MIT */
/* Which calls become lines of the log: words, of which one has to fit. Pure. */
#pragma once

#include <quay/trace_view.h>

#define FILTER_BYTES 121
#define FILTER_WORDS 8u

struct filter {
    char text[FILTER_BYTES]; /* its words, each with a zero behind it */
    uint32_t count;          /* 0: everything fits */
    const char *words[FILTER_WORDS];
};

/* "vfs,dir": false if there are too many words. */
bool filter_set(struct filter *filter, const char *text);

/* Names of the two programs, and the interface of the call or NULL. */
bool filter_fits(const struct filter *filter, const char *client, const char *server,
                 const char *protocol);

/* Whether a program, or a call of this protocol, shows the lines: one about it would make another
 * line, and so on. */
bool filter_is_plumbing(const char *client, const char *server, const char *protocol);
