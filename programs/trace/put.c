/* SPDX-License-Identifier: MIT */
/* Output in large pieces: each is a call. */
#include "trace.h"
#include <idl/file.h>
#include <quay/files.h>
#include <quay/text.h>

#define PIECE_BYTES 2048u

static struct {
    uint64_t number; /* descriptor */
    uint32_t count;
    uint8_t bytes[PIECE_BYTES];
} put_state;

void put_flush(void)
{
    handle_t file = qy_files_handle(put_state.number);
    uint32_t done = 0, written = 1;
    while (file != HANDLE_INVALID && done < put_state.count && written > 0 &&
           qy_file_write(file, QY_FILE_HERE, put_state.bytes + done, put_state.count - done,
                         &written, DEADLINE_NEVER) == 0) {
        done += written;
    }
    put_state.count = 0; /* there is nobody to tell what could not be written */
}

static void put(uint64_t number, const char *text, size_t length)
{
    if (put_state.number != number) {
        put_flush();
        put_state.number = number;
    }
    for (size_t i = 0; i < length; i++) {
        if (put_state.count == PIECE_BYTES) {
            put_flush();
        }
        put_state.bytes[put_state.count++] = (uint8_t)text[i];
    }
}

void put_output(const char *text, size_t length)
{
    put(1, text, length);
}

void put_errors(const char *text, size_t length)
{
    put(2, text, length);
}
