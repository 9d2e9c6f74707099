/* SPDX-License-Identifier: MIT */
/*
 * Commands of the monitor as programs of the shell: one program under several names. It is no guest
 * of the POSIX layer but a program of Quay, which the shell starts all the same.
 */
#include "command.h"
#include <quay/files.h>
#include <quay/text.h>

#define USED_WRONGLY 2

static const struct command tools[] = {
    {"names", "", "names of servers, and how often each was bound", 0, 0, cmd_names},
    {"start", "NAME", "start a server that died too often", 1, 1, cmd_start},
    {"statistics", "NAME", "what a server has answered, method by method", 1, 1, cmd_statistics},
};

static const char *name_of(const char *path)
{
    const char *name = path;

    for (; *path != 0; path++) {
        name = *path == '/' ? path + 1 : name;
    }
    return name;
}

static void usage_print(const struct command *tool)
{
    qy_printf("usage: %s%s%s\n%s\n", tool->name, tool->arguments[0] != 0 ? " " : "",
              tool->arguments, tool->summary);
}

int main(int argument_count, char **arguments)
{
    const char *name = argument_count > 0 ? name_of(arguments[0]) : "";
    const struct command *tool = tools;
    const struct command *end = tools + sizeof tools / sizeof tools[0];

    qy_files_output();
    while (tool < end && !qy_streq(tool->name, name)) {
        tool++;
    }
    if (tool == end) {
        qy_printf("%.40s: no such tool\n", name);
        return USED_WRONGLY;
    }
    if (argument_count == 2 && qy_streq(arguments[1], "--help")) {
        usage_print(tool);
        return 0;
    }
    if (argument_count - 1 < tool->arguments_min || argument_count - 1 > tool->arguments_max) {
        usage_print(tool);
        return USED_WRONGLY;
    }
    tool->run(argument_count, arguments);
    return 0;
}
