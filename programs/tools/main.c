/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const struct tool *const tools[] = {
#define TOOL(name) &tool_##name,
#include "tools.def"
#undef TOOL
};

#define TOOL_COUNT (sizeof(tools) / sizeof(tools[0]))

const char *tool_name = "tools";

static const struct tool *find(const char *name)
{
    for (size_t index = 0; index < TOOL_COUNT; index++) {
        if (strcmp(tools[index]->name, name) == 0) {
            return tools[index];
        }
    }
    return NULL;
}

/* The first sentence of what a tool does stands behind the empty line of its usage. */
static int list_summaries(void)
{
    for (size_t index = 0; index < TOOL_COUNT; index++) {
        const char *text = strstr(tools[index]->usage, "\n\n");

        text = text ? text + 2 : "";
        printf("  %-10s %.*s\n", tools[index]->name, (int)strcspn(text, ":;,.\n"), text);
    }
    return 0;
}

static int list(void)
{
    puts(
        "usage: tools NAME [ARGUMENT...]\n       tools --list\n\nRuns one of the small tools, as a "
        "link to this program with its name does:");
    for (size_t index = 0; index < TOOL_COUNT; index++) {
        printf("%s%s", index % 8 ? " " : "\n  ", tools[index]->name);
    }
    puts("\n\n  --list  what each of them does");
    return 0;
}

static int run(const struct tool *tool, int argc, char **argv)
{
    int status;

    tool_name = tool->name;
    if (argc == 2 && strcmp(argv[1], "--help") == 0 && !tool->any_arguments) {
        (void)fputs(tool->usage, stdout);
        return 0;
    }
    if (tool->no_arguments && argc > 1) {
        (void)tool_error("extra operand '%s'", argv[1]);
        return tool_usage();
    }
    status = tool->run(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        /* Nobody reads any more: the reader knows. */
        if (errno == EPIPE) {
            return status ? status : 1;
        }
        return tool_error_number("write error");
    }
    return status;
}

int main(int argc, char **argv)
{
    const struct tool *tool;

    (void)setlocale(LC_CTYPE, "");
    if (argc < 1) {
        return 2;
    }
    tool = find(tool_base(argv[0]));
    if (tool) {
        return run(tool, argc, argv);
    }
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        return list();
    }
    if (strcmp(argv[1], "--list") == 0) {
        return list_summaries();
    }
    tool = find(argv[1]);
    if (!tool) {
        return tool_error("there is no tool '%s'", argv[1]) + 126;
    }
    return run(tool, argc - 1, argv + 1);
}
