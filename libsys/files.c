/* SPDX-License-Identifier: MIT */
#include <idl/file.h>
#include <quay/bootstrap.h>
#include <quay/files.h>
#include <quay/text.h>

#define STANDARD_OUTPUT 1

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
static void output_write(void *context, const char *text, size_t length)
{
    uint32_t written = 1;

    (void)context;
    while (length > 0 && written > 0 &&
           qy_file_write(output, QY_FILE_HERE, (const uint8_t *)text, (uint32_t)length, &written,
                         DEADLINE_NEVER) == 0) {
        text += written;
        length -= written;
    }
}

void qy_files_output(void)
{
    output = qy_files_handle(STANDARD_OUTPUT);
    if (output != HANDLE_INVALID) {
        qy_output_set(output_write, NULL);
    }
}
