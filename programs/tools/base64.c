/* SPDX-License-Identifier: MIT */
/* base64: bytes as text, for lines that carry nothing else, like a serial one. */
#include <stdio.h>
#include <unistd.h>

#include "tool.h"

#define LINE 57 /* bytes, which become 76 characters */

static int encode(FILE *file, const char *path)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char bytes[LINE + 2];
    size_t count;

    while ((count = fread(bytes, 1, LINE, file)) > 0) {
        bytes[count] = bytes[count + 1] = 0;
        for (size_t i = 0; i < count; i += 3) {
            unsigned group = (unsigned)bytes[i] << 16 | (unsigned)bytes[i + 1] << 8 | bytes[i + 2];

            putchar(digits[group >> 18]);
            putchar(digits[group >> 12 & 63]);
            putchar(i + 1 < count ? digits[group >> 6 & 63] : '=');
            putchar(i + 2 < count ? digits[group & 63] : '=');
        }
        putchar('\n');
    }
    return ferror(file) ? tool_error_number("%s", path) : 0;
}

static int run_base64(int argc, char **argv)
{
    if (tool_option(argc, argv, "") != -1) {
        return tool_usage();
    }
    return tool_each_file(argc - optind, argv + optind, encode);
}

const struct tool tool_base64 = {
    .name = "base64",
    .usage = "usage: base64 [FILE]...\n\nWrites files, or standard input, as base64 to standard\n"
             "output. `tools/core --log` on the host makes files of it again.\n",
    .run = run_base64,
};
