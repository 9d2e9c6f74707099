/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

static const char usage[] =
    "usage: date [-uR] [-d DATE | -r FILE] [+FORMAT]\n"
    "       date [-u] -s DATE\n\n"
    "Prints the time, or sets it.\n\n"
    "  -u  in UTC  -R  as in letters (RFC 5322)  -r  when FILE was changed\n"
    "  -d  another time: YYYY-MM-DD [HH:MM[:SS]], HH:MM or @SECONDS\n"
    "FORMAT is that of strftime: %Y %m %d %H %M %S %a %b %Z %s ...\n";

static int set_time(time_t when)
{
    const struct timespec time = {.tv_sec = when};

    return clock_settime(CLOCK_REALTIME, &time) != 0 ? tool_error_number("cannot set date") : 0;
}

/* SAFETY: the format is what the user wants printed; strftime() reads nothing but the time. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
static int print_time(time_t when, const char *format)
{
    struct tm *fields = localtime(&when);
    size_t size = strlen(format) * 16 + 64;
    char *text = tool_memory(size);

    if (!fields) {
        free(text);
        return tool_error("time %lld is out of range", (long long)when);
    }
    text[0] = 0;
    if (strftime(text, size, format, fields) == 0) {
        text[0] = 0;
    }
    puts(text);
    free(text);
    return 0;
}
#pragma clang diagnostic pop

static int run(int argc, char **argv)
{
    const char *format = "%a %b %e %H:%M:%S %Z %Y";
    time_t when = time(NULL);
    bool set = false;
    const char *given = NULL;
    struct stat status;
    int option;

    while ((option = tool_option(argc, argv, "d:r:Rs:u")) != -1) {
        switch (option) {
        case 'd':
        case 's':
            given = optarg;
            set = option == 's';
            break;
        case 'r':
            if (stat(optarg, &status) != 0) {
                return tool_error_number("%s", optarg);
            }
            when = status.st_mtime;
            break;
        case 'R':
            format = "%a, %d %b %Y %H:%M:%S %z";
            break;
        case 'u':
            (void)setenv("TZ", "UTC0", 1);
            break;
        default:
            return tool_usage();
        }
    }
    tzset();
    if (given && !tool_parse_date(given, &when)) {
        return tool_error("invalid date '%s'", given);
    }
    if (set) {
        return set_time(when);
    }
    if (optind < argc && argv[optind][0] != '+') {
        return tool_error("invalid date '%s'", argv[optind]);
    }
    return print_time(when, optind < argc ? argv[optind] + 1 : format);
}

const struct tool tool_date = {.name = "date", .usage = usage, .run = run};
