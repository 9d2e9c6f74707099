/* SPDX-License-Identifier: MIT */
/* Builtins that say what is executed next. */
#include "builtins.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alias.h"
#include "execute.h"
#include "function.h"
#include "memory.h"
#include "parser.h"
#include "path.h"
#include "redirect.h"
#include "shell.h"
#include "variable.h"

#define DOT_DEPTH_MAX 1000

int builtin_true(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 0;
}

int builtin_false(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 1;
}

/* The number in argv[1], or `otherwise` without one; -1, reported, if it is none. */
static int number_argument(int argc, char **argv, int otherwise)
{
    if (argc < 2) {
        return otherwise;
    }
    if (!*argv[1] || strspn(argv[1], "0123456789") != strlen(argv[1]) || strlen(argv[1]) > 9) {
        shell_fail(2, "%s: Illegal number: %s", argv[0], argv[1]);
        return -1;
    }
    return atoi(argv[1]);
}

int builtin_break(int argc, char **argv)
{
    int count = number_argument(argc, argv, 1);

    if (count == 0) {
        shell_fail(2, "%s: Illegal number: %s", argv[0], argv[1]);
    }
    if (count <= 0) {
        return 2;
    }
    if (shell.loop_depth) {
        shell.flow = argv[0][0] == 'b' ? FLOW_BREAK : FLOW_CONTINUE;
        shell.flow_count = (unsigned)count > shell.loop_depth ? shell.loop_depth : (unsigned)count;
    }
    shell.status = 0;
    return 0;
}

int builtin_return(int argc, char **argv)
{
    int status = number_argument(argc, argv, shell.status);

    if (status < 0) {
        return 2;
    }
    shell.status = status;
    shell.flow = shell.function_depth || shell.dot_depth ? FLOW_RETURN : FLOW_EXIT;
    return status;
}

int builtin_exit(int argc, char **argv)
{
    int status = number_argument(argc, argv, shell.status);

    if (status < 0) {
        return 2;
    }
    shell.status = status & 255;
    shell.flow = FLOW_EXIT;
    return shell.status;
}

int builtin_eval(int argc, char **argv)
{
    struct buffer text = {0};
    int status;

    for (int index = 1; index < argc; index++) {
        buffer_append_text(&text, argv[index]);
        buffer_add(&text, ' ');
    }
    status = shell_run_text(buffer_text(&text));
    buffer_fini(&text);
    return status;
}

static int run_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int moved;
    int status;

    if (fd < 0) {
        shell_fail(2, ".: cannot open %s: %s", path, strerror(errno));
        return 2;
    }
    moved = fcntl(fd, F_DUPFD_CLOEXEC, REDIRECT_HIGH_FD);
    (void)close(fd);
    status = shell_run_fd(moved);
    (void)close(moved);
    return status;
}

int builtin_dot(int argc, char **argv)
{
    char *path = NULL;
    unsigned loops = shell.loop_depth;
    int status;

    if (argc < 2) {
        return 0;
    }
    if (shell.dot_depth >= DOT_DEPTH_MAX) {
        shell_fail(2, ".: nested too deeply");
        return 2;
    }
    if (strchr(argv[1], '/')) {
        path = text_copy(argv[1]);
    } else if (path_search(argv[1], variable_get("PATH"), false, &path) != PATH_FOUND) {
        shell_fail(2, ".: %s: not found", argv[1]);
        return 2;
    }
    shell.dot_depth++;
    shell.status = 0;
    status = run_file(path);
    if (shell.flow == FLOW_RETURN) {
        shell.flow = FLOW_NONE;
        status = shell.status;
    }
    shell.dot_depth--;
    shell.loop_depth = loops;
    free(path);
    return status;
}

int builtin_exec(int argc, char **argv)
{
    if (argc < 2) {
        return 0;
    }
    (void)fflush(stdout);
    if (shell.interactive) {
        const char *path;

        if (path_find(argv[1], &path) != PATH_FOUND) {
            shell_fail(PATH_MISSING, "exec: %s: not found", argv[1]);
            return PATH_MISSING;
        }
    }
    execute_program(argc - 1, argv + 1);
}

/* --- what a name means --- */

static int describe_program(const char *name, bool verbose)
{
    const char *path;
    enum path_result result = path_find(name, &path);

    if (result != PATH_FOUND) {
        if (verbose) {
            (void)fflush(stdout);
            printf("%s: not found\n", name);
        }
        return PATH_MISSING;
    }
    if (verbose) {
        printf("%s is %s\n", name, path);
    } else {
        puts(path);
    }
    return 0;
}

static int describe(const char *name, bool verbose)
{
    const struct builtin *builtin = builtin_find(name);
    const char *alias = alias_lookup(name);

    if (parser_is_reserved(name)) {
        printf(verbose ? "%s is a shell keyword\n" : "%s\n", name);
    } else if (alias && verbose) {
        printf("%s is an alias for %s\n", name, alias);
    } else if (alias) {
        printf("alias %s=", name);
        text_print_quoted(alias);
        putchar('\n');
    } else if (function_lookup(name)) {
        printf(verbose ? "%s is a shell function\n" : "%s\n", name);
    } else if (builtin) {
        bool special = builtin->flags & BUILTIN_SPECIAL;

        if (verbose) {
            printf("%s is a %sshell builtin\n", name, special ? "special " : "");
        } else {
            puts(name);
        }
    } else {
        return describe_program(name, verbose);
    }
    return 0;
}

int builtin_type(int argc, char **argv)
{
    int status = 0;

    for (int index = 1; index < argc; index++) {
        int found = describe(argv[index], true);

        status = found ? found : status;
    }
    return status;
}

int builtin_command(int argc, char **argv)
{
    int index = 1;
    int position = 0;
    const char *path_list = NULL;
    char form = 0;

    for (;;) {
        int letter = builtin_option(argc, argv, "pvV", &index, &position);

        if (letter == 0) {
            break;
        }
        if (letter == '?') {
            return 2;
        }
        if (letter == 'p') {
            path_list = "/bin:/usr/bin";
        } else {
            form = (char)letter;
        }
    }
    if (index >= argc) {
        return 0;
    }
    if (form) {
        return describe(argv[index], form == 'V');
    }
    return execute_command(argc - index, argv + index, path_list);
}

static void print_path(const char *path)
{
    puts(path);
}

int builtin_hash(int argc, char **argv)
{
    int status = 0;

    if (argc == 1) {
        path_each(print_path);
    }
    for (int index = 1; index < argc; index++) {
        const char *path;

        if (strcmp(argv[index], "-r") == 0) {
            path_forget();
        } else if (!builtin_find(argv[index]) && !function_lookup(argv[index]) &&
                   path_find(argv[index], &path) != PATH_FOUND) {
            shell_error("hash: %s: not found", argv[index]);
            status = 1;
        }
    }
    return status;
}

/* The builtins, then what the program of the small tools says about these. */
int builtin_help(int argc, char **argv)
{
    static char tools[] = "tools";
    static char list[] = "--list";
    char *words[] = {tools, list, NULL};
    const char *path;

    (void)argc, (void)argv;
    puts("Commands of the shell:");
    for (size_t index = 0; builtin_at(index); index++) {
        printf("  %-10s %s\n", builtin_at(index)->name, builtin_at(index)->summary);
    }
    if (path_find(tools, &path) != PATH_FOUND) {
        return 0;
    }
    puts("\nPrograms (each says more with --help; man NAME shows a page):");
    (void)fflush(stdout);
    return execute_command(2, words, NULL);
}
