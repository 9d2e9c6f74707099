/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "jobs.h"
#include "shell.h"

struct option {
    const char *name;
    char letter; /* 0: none */
    bool *flag;
};

static const struct option options[] = {
    {"errexit", 'e', &shell.exit_on_error}, {"noglob", 'f', &shell.no_glob},
    {"ignoreeof", 'I', &shell.ignore_eof},  {"interactive", 'i', &shell.interactive},
    {"monitor", 'm', &shell.job_control},   {"noexec", 'n', &shell.no_execute},
    {"stdin", 's', &shell.read_stdin},      {"xtrace", 'x', &shell.trace},
    {"verbose", 'v', &shell.verbose},       {"noclobber", 'C', &shell.no_clobber},
    {"allexport", 'a', &shell.all_export},  {"notify", 'b', &shell.notify},
    {"nounset", 'u', &shell.no_unset},      {"pipefail", 0, &shell.pipe_fail},
    {"login", 'l', &shell.login},
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

static void set(const struct option *option, bool on)
{
    bool changed = *option->flag != on;

    *option->flag = on;
    if (changed && option->flag == &shell.job_control) {
        jobs_control_changed();
    }
}

bool options_set_letter(char letter, bool on)
{
    for (size_t index = 0; index < OPTION_COUNT; index++) {
        if (letter && options[index].letter == letter) {
            set(&options[index], on);
            return true;
        }
    }
    return false;
}

bool options_set_name(const char *name, bool on)
{
    for (size_t index = 0; index < OPTION_COUNT; index++) {
        if (strcmp(options[index].name, name) == 0) {
            set(&options[index], on);
            return true;
        }
    }
    return false;
}

char *options_letters(void)
{
    struct buffer text = {0};

    for (size_t index = 0; index < OPTION_COUNT; index++) {
        if (options[index].letter && *options[index].flag) {
            buffer_add(&text, options[index].letter);
        }
    }
    return buffer_take(&text);
}

void options_print(bool as_commands)
{
    if (!as_commands) {
        puts("Current option settings");
    }
    for (size_t index = 0; index < OPTION_COUNT; index++) {
        if (as_commands) {
            printf("set %so %s\n", *options[index].flag ? "-" : "+", options[index].name);
        } else {
            printf("%-16s%s\n", options[index].name, *options[index].flag ? "on" : "off");
        }
    }
}
