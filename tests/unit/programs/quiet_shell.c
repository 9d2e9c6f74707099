/* SPDX-License-Identifier: MIT */
#include "quiet_shell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "builtins.h"
#include "execute.h"
#include "function.h"
#include "jobs.h"
#include "memory.h"
#include "options.h"
#include "path.h"
#include "prompt.h"
#include "shell.h"
#include "variable.h"

struct shell shell = {.name = "sh"};
unsigned quiet_errors;
char quiet_message[300];
const char *quiet_output = "sub stitution";

void quiet_reset(void)
{
    static char one[] = "a b";
    static char two[] = "";
    char *values[] = {one, two};

    shell = (struct shell){.name = "sh"};
    quiet_errors = 0;
    quiet_message[0] = 0;
    positional_set(values, 2);
}

__attribute__((format(printf, 1, 0))) static void note(const char *format, va_list arguments)
{
    quiet_errors++;
    (void)vsnprintf(quiet_message, sizeof(quiet_message), format, arguments);
}

void shell_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    note(format, arguments);
    va_end(arguments);
}

void shell_fail(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    note(format, arguments);
    va_end(arguments);
    shell.status = status;
    shell.flow = FLOW_ABORT;
}

bool shell_interrupted(void)
{
    return false;
}

void execute_substitution(const struct node *node, struct buffer *output)
{
    if (node) {
        buffer_append_text(output, quiet_output);
    }
}

pid_t jobs_last_background(void)
{
    return 0;
}

char *options_letters(void)
{
    return text_copy("i");
}

void path_forget(void)
{
}

void prompt_read_line(struct buffer *line, bool first)
{
    (void)first;
    line->length = 0;
}

const struct builtin *builtin_at(size_t position)
{
    static const struct builtin builtins[] = {{.name = "echo"}, {.name = "export"}};

    return position < 2 ? &builtins[position] : NULL;
}

const char *function_name(size_t position)
{
    return position == 0 ? "a_function" : NULL;
}
