/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

static const char usage[] = "usage: cat [-nu] [FILE...]\n\n"
                            "Writes the files to standard output, one behind the other; - is "
                            "standard input.\n\n"
                            "  -n  with the number of each line\n"
                            "  -u  has no effect: nothing is held back\n";

static unsigned long long line_number;

static int number_lines(FILE *file, const char *path)
{
    int character;
    static bool middle;

    (void)path;
    while ((character = getc(file)) != EOF) {
        if (!middle) {
            printf("%6llu\t", ++line_number);
        }
        putchar(character);
        middle = character != '\n';
    }
    return 0;
}

static int copy(const char *path)
{
    int fd = strcmp(path, "-") == 0 ? 0 : open(path, O_RDONLY | O_CLOEXEC);
    bool done;

    if (fd < 0) {
        return tool_error_number("%s", path);
    }
    done = tool_copy_fd(fd, path, 1, "write error");
    if (fd > 0) {
        (void)close(fd);
    }
    return !done;
}

static int cat(int argc, char **argv)
{
    bool numbers = false;
    int status = 0;
    int option;

    while ((option = tool_option(argc, argv, "nu")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        numbers = numbers || option == 'n';
    }
    if (numbers) {
        return tool_each_file(argc - optind, argv + optind, number_lines);
    }
    if (optind == argc) {
        return copy("-");
    }
    for (int index = optind; index < argc; index++) {
        status |= copy(argv[index]);
    }
    return status;
}

const struct tool tool_cat = {.name = "cat", .usage = usage, .run = cat};
