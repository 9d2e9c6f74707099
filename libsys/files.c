/* SPDX-License-Identifier: MIT */
#include <idl/file.h>
#include <quay/bootstrap.h>
#include <quay/files.h>
#include "start.h"

#define STANDARD_OUTPUT 1
#define STANDARD_ERRORS 2
#define TEXT_MAX        512

static handle_t output;

handle_t qy_files_handle(uint64_t number)
{
    const struct bootstrap_handle *handle;

    for (uint32_t i = 0; (handle = qy_bootstrap_at(i)) != NULL; i++) {
        if (handle->kind == BOOTSTRAP_FILE && handle->value == number) {
            return handle->handle;
        }
    }
    return HANDLE_INVALID;
}

/* There is nobody to tell if it cannot be written: what is left is lost. */
static void write_all(handle_t file, const char *text, size_t length)
{
    uint32_t written = 1;

    while (length > 0 && written > 0 &&
           qy_file_write(file, QY_FILE_HERE, (const uint8_t *)text, (uint32_t)length, &written,
                         DEADLINE_NEVER) == 0) {
        text += written;
        length -= written;
    }
}

static void output_write(void *context, const char *text, size_t length)
{
    (void)context;
    write_all(output, text, length);
}

void qy_files_output(void)
{
    output = qy_files_handle(STANDARD_OUTPUT);
    if (output != HANDLE_INVALID) {
        qy_output_set(output_write, NULL);
    }
}

int qy_files_report(const char *format, ...)
{
    handle_t errors = qy_files_handle(STANDARD_ERRORS);
    char text[TEXT_MAX];
    char line[TEXT_MAX + 64];
    va_list list;

    va_start(list, format);
    (void)qy_vsnprintf(text, sizeof text, format, list); /* longer ones are cut */
    va_end(list);
    if (errors != HANDLE_INVALID) {
        size_t length = qy_snprintf(line, sizeof line, "%.40s: %s\n", qy_program_name(), text);

        write_all(errors, line, length < sizeof line ? length : sizeof line - 1);
    } else if (output != HANDLE_INVALID) {
        qy_log("%s", text);
    } else {
        qy_printf("%s\n", text);
    }
    return 1;
}
