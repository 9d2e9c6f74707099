/* SPDX-License-Identifier: MIT */
/*
 * call                          which servers there are
 * call NAME                     their methods and events
 * call NAME.METHOD ARGUMENT...  calls one: a value for each parameter, or NAME=VALUE
 *
 * Exit status: 0 answered, 1 it did not work or the server said no. The code is the monitor's.
 */
#include <idl/file.h>
#include <quay/bootstrap.h>
#include <quay/text.h>
#include "call.h"

#define STANDARD_OUTPUT 1
#define WORDS_MAX       64
#define NAME_BYTES      128

static void output(void *context, const char *text, size_t length)
{
    handle_t file = *(const handle_t *)context;
    while (length > 0) {
        uint32_t count = length < QY_FILE_INLINE_MAX ? (uint32_t)length : QY_FILE_INLINE_MAX;
        uint32_t written = 0;
        if (qy_file_write(file, QY_FILE_HERE, (const uint8_t *)text, count, &written,
                          DEADLINE_NEVER) != 0 ||
            written == 0 || written > length) {
            return; /* nobody reads it */
        }
        text += written;
        length -= written;
    }
}

int main(int argument_count, char **arguments)
{
    static char name[NAME_BYTES];
    static char *words[WORDS_MAX];
    const struct bootstrap_handle *handle;
    for (uint32_t i = 0; (handle = qy_bootstrap_at(i)) != NULL; i++) {
        if (handle->kind == BOOTSTRAP_FILE && handle->value == STANDARD_OUTPUT) {
            qy_output_set(output, (void *)(uintptr_t)&handle->handle);
        }
    }
    int count = argument_count < WORDS_MAX ? argument_count : WORDS_MAX;
    memcpy(words, arguments, (size_t)count * sizeof words[0]);
    if (count > 1) { /* it is cut in two; ours cannot be written to */
        (void)qy_strlcpy(name, arguments[1], sizeof name); /* longer than names are */
        words[1] = name;
    }
    return call_run(count, words) ? 0 : 1;
}
