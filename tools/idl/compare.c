/* SPDX-License-Identifier: MIT */
#include "compare.h"
#include <string.h>

struct fact {
    const char *key, *value;
    size_t key_length, value_length;
};

/* The next line; false at the end. */
static bool fact_next(const char **at, struct fact *ret_fact)
{
    if (**at == 0) {
        return false;
    }
    size_t length = strcspn(*at, "\n");
    const char *colon = memchr(*at, ':', length);
    size_t key_length = colon != NULL ? (size_t)(colon - *at) : length;
    size_t skipped = key_length < length ? key_length + 1 : key_length;
    skipped += skipped < length && (*at)[skipped] == ' ';
    *ret_fact = (struct fact){*at, *at + skipped, key_length, length - skipped};
    *at += length + ((*at)[length] == '\n');
    return true;
}

static bool fact_find(const char *summary, const struct fact *wanted, struct fact *ret_fact)
{
    while (fact_next(&summary, ret_fact)) {
        if (ret_fact->key_length == wanted->key_length &&
            memcmp(ret_fact->key, wanted->key, wanted->key_length) == 0) {
            return true;
        }
    }
    return false;
}

static bool value_is(const struct fact *fact, const char *value, size_t length)
{
    return fact->value_length == length && memcmp(fact->value, value, length) == 0;
}

enum compared compare_summaries(const char *before, const char *now, struct text *report)
{
    enum compared result = COMPARED_SAME;
    struct fact old, new;
    for (const char *at = before; fact_next(&at, &old);) {
        if (!fact_find(now, &old, &new)) {
            text_printf(report, "incompatible: %.*s is gone\n", (int)old.key_length, old.key);
            result = COMPARED_INCOMPATIBLE;
        } else if (!value_is(&new, old.value, old.value_length)) {
            bool is_removed = value_is(&new, "removed", strlen("removed"));
            text_printf(report, "%s: %.*s\n  was %.*s\n  is  %.*s\n",
                        is_removed ? "removed" : "incompatible", (int)old.key_length, old.key,
                        (int)old.value_length, old.value, (int)new.value_length, new.value);
            if (!is_removed) {
                result = COMPARED_INCOMPATIBLE;
            } else if (result == COMPARED_SAME) {
                result = COMPARED_GROWN;
            }
        }
    }
    for (const char *at = now; fact_next(&at, &new);) {
        if (!fact_find(before, &new, &old)) {
            text_printf(report, "new: %.*s: %.*s\n", (int)new.key_length, new.key,
                        (int)new.value_length, new.value);
            result = result == COMPARED_SAME ? COMPARED_GROWN : result;
        }
    }
    return result;
}
