/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pager.h"
#include "tool.h"

static const char usage[] =
    "usage: man NAME\n       man -k WORD\n\n"
    "Shows a page of the documentation, or what a program says about itself (--help), or\n"
    "finds pages by their names.\n"
    "Pages are the files NAME, NAME.md and NAME.txt below /usr/share/man and /boot/share/man.\n\n"
    "  -k  lists the pages whose path has WORD in it\n";

static const char *const roots[] = {"/usr/share/man", "/boot/share/man"};

static const char *wanted;
static bool lists;
static bool any;

static bool is_page(const char *name)
{
    size_t length = strlen(wanted);

    if (strncmp(name, wanted, length) != 0) {
        return false;
    }
    return !name[length] || strcmp(name + length, ".md") == 0 || strcmp(name + length, ".txt") == 0;
}

static int show(const char *path, const char *name)
{
    FILE *file = fopen(path, "re");
    int status;

    if (!file) {
        return tool_error_number("%s", path);
    }
    status = pager_show(file, name);
    (void)fclose(file);
    return status;
}

/* Looks through a directory and those in it: -1, or the status after a page was shown. */
static int look(const char *directory)
{
    DIR *opened = opendir(directory);
    const struct dirent *item;
    int status = -1;

    while (opened && status < 0 && (item = readdir(opened))) {
        char *path;
        struct stat kind;

        if (item->d_name[0] == '.') {
            continue;
        }
        path = tool_path(directory, item->d_name);
        if (stat(path, &kind) != 0) {
            free(path);
            continue;
        }
        if (S_ISDIR(kind.st_mode)) {
            status = look(path);
        } else if (lists && strstr(path, wanted)) {
            puts(path);
            any = true;
        } else if (!lists && is_page(item->d_name)) {
            status = show(path, item->d_name);
        }
        free(path);
    }
    if (opened) {
        (void)closedir(opened);
    }
    return status;
}

/* What the program of that name says about itself: -1 if there is none. */
static int show_help(void)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-[";
    char command[100];
    FILE *output;
    int first;

    if (strspn(wanted, letters) != strlen(wanted) || *wanted == '-' ||
        snprintf(command, sizeof(command), "%s --help 2>/dev/null", wanted) >=
            (int)sizeof(command)) {
        return -1;
    }
    output = popen(command, "re");
    first = output ? getc(output) : EOF;
    if (first == EOF) {
        if (output) {
            (void)pclose(output);
        }
        return -1;
    }
    (void)ungetc(first, output);
    (void)pager_show(output, wanted);
    (void)pclose(output);
    return 0;
}

static int run(int argc, char **argv)
{
    int option;

    while ((option = tool_option(argc, argv, "k")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        lists = true;
    }
    if (optind == argc) {
        (void)fputs("What manual page do you want?\n", stderr);
        return tool_usage();
    }
    wanted = argv[optind];
    /* One may be a link to the other. */
    for (size_t index = 0; !any && index < sizeof(roots) / sizeof(roots[0]); index++) {
        int status = look(roots[index]);

        if (status >= 0) {
            return status;
        }
    }
    if (any || (!lists && show_help() == 0)) {
        return 0;
    }
    return tool_error(lists ? "no page has '%s' in its path" : "there is no page '%s'", wanted);
}

const struct tool tool_man = {.name = "man", .usage = usage, .run = run};
