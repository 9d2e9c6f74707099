/* SPDX-License-Identifier: MIT */
/* Formatted text to wherever this program writes. */
#include <quay/system.h>
#include <quay/text.h>
#include "start.h"

#define TEXT_MAX 512

static void log_write(void *context, const char *text, size_t length)
{
    (void)context;
    (void)qy_debug_log(text, length); /* nobody to tell if the log does not take it */
}

static struct {
    qy_output_fn *output; /* fixed before threads start */
    void *context;
} output_state = {.output = log_write};

void qy_output_set(qy_output_fn *output, void *context)
{
    output_state.output = output;
    output_state.context = context;
}

void qy_printf(const char *format, ...)
{
    char text[TEXT_MAX];
    va_list list;
    va_start(list, format);
    size_t length = qy_vsnprintf(text, sizeof text, format, list);
    va_end(list);
    output_state.output(output_state.context, text, length < sizeof text ? length : TEXT_MAX - 1);
}

void qy_log(const char *format, ...)
{
    char text[TEXT_MAX];
    size_t length = qy_snprintf(text, sizeof text, "%s: ", qy_program_name());
    if (length > sizeof text / 2) {
        length = 0;
    }
    va_list list;
    va_start(list, format);
    length += qy_vsnprintf(text + length, sizeof text - length - 1, format, list);
    va_end(list);
    if (length > sizeof text - 2) {
        length = sizeof text - 2;
    }
    text[length++] = '\n';
    log_write(NULL, text, length);
}
