/* SPDX-License-Identifier: MIT */
/*
 * Commands of the monitor as programs of the shell: one program under several names. It is no guest
 * of the POSIX layer but a program of Quay, which the shell starts all the same.
 */
#include "command.h"
#include <quay/files.h>
#include <quay/text.h>

#define USED_WRONGLY 2

static const struct tool {
    const char *name;
    const char *arguments; /* as in the usage line */
    const char *summary;
    int argument_count;
    bool (*run)(int count, char **words);
} tools[] = {
    {"names", "", "names of servers, and how often each was bound", 0, names_run},
    {"statistics", "NAME", "what a server has answered, method by method", 1, statistics_run},
};

static const char *name_of(const char *path)
{
    const char *name = path;

    for (; *path != 0; path++) {
        name = *path == '/' ? path + 1 : name;
    }
    return name;
}

static void usage_print(const struct tool *tool)
{
    qy_printf("usage: %s%s%s\n%s\n", tool->name, tool->arguments[0] != 0 ? " " : "",
              tool->arguments, tool->summary);
}

int main(int argument_count, char **arguments)
{
    const char *name = argument_count > 0 ? name_of(arguments[0]) : "";
    const struct tool *tool = tools;
    const struct tool *end = tools + sizeof tools / sizeof tools[0];

    qy_files_output();
    while (tool < end && !qy_streq(tool->name, name)) {
        tool++;
    }
    if (tool == end) {
        (void)qy_files_report("%.40s: no such tool", name);
        return USED_WRONGLY;
    }
    if (argument_count == 2 && qy_streq(arguments[1], "--help")) {
        usage_print(tool);
        return 0;
    }
    if (argument_count - 1 != tool->argument_count) {
        (void)qy_files_report("too %s arguments; %s --help tells more",
                              argument_count - 1 < tool->argument_count ? "few" : "many",
                              tool->name);
        return USED_WRONGLY;
    }
    return tool->run(argument_count, arguments) ? 0 : 1;
}
