/* SPDX-License-Identifier: MIT */
#include "filter.h"
#include <quay/text.h>

bool filter_set(struct filter *filter, const char *text)
{
    *filter = (struct filter){0};
    (void)qy_strlcpy(filter->text, text, sizeof filter->text); /* no longer than the protocol's */
    for (char *at = filter->text; *at != 0;) {
        char *end = at;
        while (*end != 0 && *end != ',') {
            end++;
        }
        bool is_last = *end == 0;
        *end = 0;
        if (at != end) {
            if (filter->count == FILTER_WORDS) {
                return false;
            }
            filter->words[filter->count++] = at;
        }
        at = end + !is_last;
    }
    return true;
}

bool filter_fits(const struct filter *filter, const char *client, const char *server,
                 const char *protocol)
{
    for (uint32_t i = 0; i < filter->count; i++) {
        const char *word = filter->words[i];
        if (qy_streq(word, client) || qy_streq(word, server) ||
            (protocol != NULL && qy_streq(word, protocol))) {
            return true;
        }
    }
    return filter->count == 0;
}

static bool is_one_of(const char *text, const char *const *list)
{
    while (*list != NULL && !qy_streq(text, *list)) {
        list++;
    }
    return *list != NULL;
}

bool filter_is_plumbing(const char *client, const char *server, const char *protocol)
{
    static const char *const programs[] = {"trace",   "log", "console", "ns16550",
                                           "display", "ps2", NULL};
    static const char *const protocols[] = {"log", "serial", "display", "keyboard", "trace", NULL};
    return is_one_of(client, programs) || is_one_of(server, programs) ||
           (protocol != NULL && is_one_of(protocol, protocols));
}
