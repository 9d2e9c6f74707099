/* SPDX-License-Identifier: MIT */
#include "session.h"
#include <quay/text.h>

/* What a login has; the program sets what it knows better. */
static const char *const environment[] = {"PATH=/bin", "HOME=/root", "USER=root", "LOGNAME=root"};
#define ENVIRONMENT_COUNT (sizeof environment / sizeof environment[0])

struct writer {
    char *at, *end;
    bool is_full;
};

static void put(struct writer *writer, const char *text)
{
    size_t size = strlen(text) + 1;
    writer->is_full = writer->is_full || size > (size_t)(writer->end - writer->at);
    if (!writer->is_full) {
        memcpy(writer->at, text, size);
        writer->at += size;
    }
}

int64_t session_start_make(struct process_start *start, size_t room, int count,
                           char *const *arguments)
{
    static const int32_t numbers[] = {PROCESS_FILE_ROOT, PROCESS_FILE_DIRECTORY,
                                      PROCESS_FILE_NAMES};
    struct writer writer = {(char *)(start + 1), (char *)start + room, room < sizeof *start};
    if (writer.is_full) {
        return -E2BIG;
    }
    *start = (struct process_start){.magic = PROCESS_START_MAGIC,
                                    .argument_count = (uint32_t)count,
                                    .environment_count = ENVIRONMENT_COUNT};
    for (uint32_t i = 0; i < PROCESS_HANDLES_MAX; i++) {
        start->files[i].number =
            i < sizeof numbers / sizeof numbers[0] ? numbers[i] : PROCESS_FILE_NONE;
    }
    put(&writer, arguments[0]);
    for (int i = 0; i < count; i++) {
        put(&writer, arguments[i]);
    }
    for (size_t i = 0; i < ENVIRONMENT_COUNT; i++) {
        put(&writer, environment[i]);
    }
    start->size_bytes = (uint32_t)(writer.at - (char *)start);
    return writer.is_full ? -E2BIG : (int64_t)start->size_bytes;
}
