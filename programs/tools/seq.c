/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const char usage[] = "usage: seq [-w] [-s TEXT] [FIRST [STEP]] LAST\n\n"
                            "Prints numbers from FIRST (1) to LAST.\n\n"
                            "  -s  what is between them, instead of newlines\n"
                            "  -w  all equally wide, with zeros in front\n";

static bool read_number(const char *text, double *ret_value, int *precision)
{
    const char *point = strchr(text, '.');
    char *end;

    *ret_value = strtod(text, &end);
    if (end == text || *end || *ret_value != *ret_value) {
        (void)tool_error("invalid floating point argument: '%s'", text);
        return false;
    }
    if (point && (int)strlen(point + 1) > *precision) {
        *precision = (int)strlen(point + 1);
    }
    return true;
}

static int width_of(double value, int precision)
{
    return snprintf(NULL, 0, "%.*f", precision, value);
}

/* Negative numbers are operands: options are read by hand. */
static int run(int argc, char **argv)
{
    const char *separator = "\n";
    bool equal = false;
    double numbers[3] = {1, 1, 0};
    int precision = 0;
    int width = 0;
    int index = 1;
    int count;

    for (; index < argc && argv[index][0] == '-' && !isdigit((unsigned char)argv[index][1]) &&
           argv[index][1] != '.';
         index++) {
        if (strcmp(argv[index], "-w") == 0) {
            equal = true;
        } else if (argv[index][1] == 's' && (argv[index][2] || index + 1 < argc)) {
            separator = argv[index][2] ? argv[index] + 2 : argv[++index];
        } else {
            return tool_usage();
        }
    }
    count = argc - index;
    if (count < 1) {
        return tool_missing_operand();
    }
    if (count > 3) {
        (void)tool_error("extra operand '%s'", argv[index + 3]);
        return tool_usage();
    }
    for (int which = 0; which < count; which++) {
        int place = which == count - 1 ? 2 : which == 1 ? 1 : 0;

        if (!read_number(argv[index + which], &numbers[place], &precision)) {
            return 1;
        }
    }
    if (numbers[1] == 0) {
        return tool_error("invalid Zero increment value: '%s'", argv[index + 1]);
    }
    if (equal) {
        int last = width_of(numbers[2], precision);

        width = width_of(numbers[0], precision);
        width = last > width ? last : width;
    }
    for (long long step = 0;; step++) {
        double value = numbers[0] + (double)step * numbers[1];
        double slack = numbers[1] * 1e-9;

        if (numbers[1] > 0 ? value > numbers[2] + slack : value < numbers[2] + slack) {
            if (step) {
                putchar('\n');
            }
            return 0;
        }
        printf("%s%0*.*f", step ? separator : "", width, precision, value);
        if (ferror(stdout)) {
            return 1;
        }
    }
}

const struct tool tool_seq = {.name = "seq", .usage = usage, .run = run};
