/* SPDX-License-Identifier: MIT */
/*
 * A program that says to whoever traces what it is called from now on. The kernel knows the name of
 * a process from its making only; a fork has its parent's.
 */
#pragma once

#include <quay/text.h>
#include <quay/trace.h>

#define QY_TRACE_USER_NAME  0x7fff0001u /* method of a TRACE_USER record; badge, value: the text */
#define QY_TRACE_NAME_WORDS 2u

/* Nobody hears of it but those who trace just now. */
static inline void qy_trace_name(const char *name)
{
    uint64_t words[QY_TRACE_NAME_WORDS] = {0};
    memcpy(words, name, qy_strnlen(name, sizeof words));
    (void)qy_trace_emit(QY_TRACE_USER_NAME, words[0], words[1]); /* the number is right */
}
