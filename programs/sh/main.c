/* SPDX-License-Identifier: MIT */
/* The start of the shell: options, files that are read first, and the loop over commands. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtins.h"
#include "execute.h"
#include "expand.h"
#include "history.h"
#include "jobs.h"
#include "options.h"
#include "parser.h"
#include "redirect.h"
#include "shell.h"
#include "trap.h"
#include "variable.h"

struct shell shell = {.name = "sh"};

static const char usage[] =
    "usage: sh [-abCefhilmnuvx] [-o OPTION] [FILE [ARGUMENT...]]\n"
    "       sh [OPTIONS] -c COMMANDS [NAME [ARGUMENT...]]\n"
    "       sh [OPTIONS] -s [ARGUMENT...]\n"
    "\n"
    "Executes shell commands: of FILE, of the text COMMANDS, or of standard input.\n"
    "A shell that reads from a terminal is interactive: it edits lines, keeps a history\n"
    "in ~/.sh_history and controls jobs.\n"
    "\n"
    "  -c  the next argument is the text\n"
    "  -i  be interactive\n"
    "  -l  be a login shell: read /etc/profile and ~/.profile first\n"
    "  -s  read standard input\n"
    "  the others are those of set; set -o lists them\n";

/* --- errors --- */

__attribute__((format(printf, 1, 0))) static void report(const char *format, va_list arguments)
{
    struct buffer line = {0};
    char text[300];

    (void)vsnprintf(text, sizeof(text), format, arguments);
    buffer_format(&line, "%s: ", shell.name);
    if (!shell.interactive || shell.dot_depth) {
        buffer_format(&line, "%u: ", shell.line);
    }
    buffer_append_text(&line, text);
    buffer_add(&line, '\n');
    (void)fflush(stdout);
    (void)!write(2, line.bytes, line.length);
    buffer_fini(&line);
}

void shell_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report(format, arguments);
    va_end(arguments);
}

void shell_fail(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report(format, arguments);
    va_end(arguments);
    shell.status = status;
    shell.flow = FLOW_ABORT;
}

bool shell_interrupted(void)
{
    if (!shell.interactive || !trap_interrupted() || trap_get(2)) {
        return false;
    }
    trap_clear_interrupt();
    shell.status = 130;
    shell.flow = FLOW_ABORT;
    return true;
}

/* --- the loop --- */

void shell_exit(int status)
{
    shell.status = status;
    trap_run_exit();
    (void)fflush(stdout);
    jobs_fini();
    _exit(shell.status);
}

/* What a person typed and what stopped it: back to the prompt. */
static bool back_to_prompt(struct input *input)
{
    if (!shell.interactive || !input->interactive || shell.flow != FLOW_ABORT) {
        return false;
    }
    shell.flow = FLOW_NONE;
    shell.loop_depth = 0;
    shell.condition_depth = 0;
    input->ended = false;
    input_discard_line(input);
    return true;
}

/* An end of input from a person who has jobs that are stopped is asked for once more. */
static bool end_is_refused(struct input *input, bool *warned)
{
    if (!input->interactive) {
        return false;
    }
    if (jobs_any_stopped() && !*warned) {
        *warned = true;
        (void)fputs("You have stopped jobs.\n", stderr);
    } else if (shell.ignore_eof) {
        (void)fputs("\nUse \"exit\" to leave shell.\n", stderr);
    } else {
        return false;
    }
    input->ended = false;
    return true;
}

/* Whether nothing follows what was parsed: the last command may take the place of the shell. */
static bool is_last(struct input *input, bool last)
{
    return last && input->length == 0 && !input->aliases && !shell.interactive &&
           !shell.job_control;
}

static int run_input(struct input *input, bool last)
{
    bool warned = false;
    int status = 0;

    while (shell.flow == FLOW_NONE) {
        struct tree *tree = NULL;
        enum parse_result result = parser_next(input, &tree);

        if (result == PARSE_END && back_to_prompt(input)) {
            continue;
        }
        if (result == PARSE_END) {
            if (end_is_refused(input, &warned)) {
                continue;
            }
            break;
        }
        if (result == PARSE_ERROR) {
            shell.status = shell.flow == FLOW_ABORT ? shell.status : 2;
            shell.flow = FLOW_ABORT;
        } else if (tree->root) {
            warned = false;
            status = execute_node(tree->root, is_last(input, last) ? EXECUTE_LAST : 0);
        }
        tree_unref(tree);
        trap_run_pending();
        (void)shell_interrupted();
        if (back_to_prompt(input)) {
            status = shell.status;
        }
    }
    return shell.flow == FLOW_NONE ? status : shell.status;
}

static int run_text(const char *text, bool last)
{
    struct input input;
    int status;

    input_from_text(&input, text);
    status = run_input(&input, last);
    input_fini(&input);
    return status;
}

int shell_run_text(const char *text)
{
    return run_text(text, false);
}

int shell_run_fd(int fd)
{
    struct input input;
    int status;

    input_from_fd(&input, fd);
    status = run_input(&input, false);
    input_fini(&input);
    return status;
}

/* --- the start --- */

static bool run_file_if_there(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, REDIRECT_HIGH_FD);

    if (fd >= 0) {
        (void)close(fd);
    }
    if (high >= 0) {
        shell.dot_depth++;
        (void)shell_run_fd(high);
        shell.dot_depth--;
        (void)close(high);
    }
    if (shell.flow == FLOW_ABORT || shell.flow == FLOW_RETURN) {
        shell.flow = FLOW_NONE;
    }
    return high >= 0;
}

static void run_in_home(const char *name)
{
    struct buffer path = {0};

    if (variable_get("HOME")) {
        buffer_append_text(&path, variable_get("HOME"));
        buffer_append_text(&path, name);
        (void)run_file_if_there(buffer_text(&path));
    }
    buffer_fini(&path);
}

static void run_start_files(void)
{
    const char *file = variable_get("ENV");

    if (shell.login) {
        /* On Quay /etc is empty at first; the archive has the profile of the system. */
        if (!run_file_if_there("/etc/profile")) {
            (void)run_file_if_there("/boot/etc/profile");
        }
        run_in_home("/.profile");
    }
    if (shell.interactive && file && *file) {
        (void)run_file_if_there(file);
    }
}

static int bad_option(const char *argument)
{
    (void)fprintf(stderr, "sh: Illegal option %s\n%s", argument, usage);
    return 2;
}

/* Reads the options; *index is behind them. False, reported, for a bad one. */
static bool read_options(int argc, char **argv, int *index, bool *ret_text)
{
    for (; *index < argc; (*index)++) {
        const char *argument = argv[*index];
        bool on = argument[0] == '-';

        if ((argument[0] != '-' && argument[0] != '+') || !argument[1]) {
            *index += strcmp(argument, "-") == 0;
            return true;
        }
        if (strcmp(argument, "--") == 0) {
            (*index)++;
            return true;
        }
        for (const char *letter = argument + 1; *letter; letter++) {
            if (*letter == 'c') {
                *ret_text = true;
            } else if (*letter == 'o' && *index + 1 < argc) {
                if (!options_set_name(argv[++*index], on)) {
                    return bad_option(argv[*index]) == 0;
                }
                break;
            } else if (*letter != 'h' && !options_set_letter(*letter, on)) {
                return bad_option(argument) == 0;
            }
        }
    }
    return true;
}

static int open_script(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int high;

    if (fd < 0) {
        (void)fprintf(stderr, "%s: 0: cannot open %s: %s\n", "sh", path,
                      errno == ENOENT ? "No such file" : strerror(errno));
        exit(errno == EACCES ? 126 : 2);
    }
    high = fcntl(fd, F_DUPFD_CLOEXEC, REDIRECT_HIGH_FD);
    (void)close(fd);
    return high;
}

static int run_stdin(void)
{
    struct input input;
    int status;

    input_from_fd(&input, 0);
    input.shared = true;
    input.interactive = shell.interactive;
    status = run_input(&input, false);
    input_fini(&input);
    return status;
}

static void become_interactive(void)
{
    if (!variable_get("PS1")) {
        (void)variable_set("PS1", getuid() == 0 ? "# " : "$ ");
    }
    trap_setup();
    if (!shell.job_control) {
        (void)options_set_letter('m', true);
    }
}

int main(int argc, char **argv)
{
    extern char **environ;
    int index = 1;
    bool is_text = false;
    const char *text = NULL;
    int fd = -1;
    int status;

    (void)setlocale(LC_CTYPE, "");
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        (void)fputs(usage, stdout);
        return 0;
    }
    shell.name = argc > 0 ? argv[0] : "sh";
    shell.login = shell.name[0] == '-';
    shell.pid = getpid();
    shell.line = 1;
    variable_init(environ);
    if (!read_options(argc, argv, &index, &is_text)) {
        return 2;
    }
    if (is_text) {
        if (index >= argc) {
            (void)fprintf(stderr, "sh: -c requires an argument\n");
            return 2;
        }
        text = argv[index++];
        shell.name = index < argc ? argv[index++] : shell.name;
    } else if (index < argc && !shell.read_stdin) {
        shell.name = argv[index];
        fd = open_script(argv[index++]);
    } else {
        shell.read_stdin = true;
        shell.interactive = shell.interactive || (isatty(0) && isatty(2));
    }
    positional_set(argv + index, (size_t)(argc - index));
    if (shell.interactive) {
        become_interactive();
    }
    run_start_files();
    if (shell.interactive) {
        history_load();
    }
    status = shell.status;
    if (shell.flow == FLOW_NONE) {
        status = text ? run_text(text, true) : fd >= 0 ? shell_run_fd(fd) : run_stdin();
    }
    shell_exit(status);
}
