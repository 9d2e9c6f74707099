/* SPDX-License-Identifier: MIT */
/* Builtins about what the system keeps for a process: directory, limits, mask. */
#include "builtins.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "memory.h"
#include "shell.h"
#include "variable.h"

/* --- cd --- */

/* Takes . and .. and doubled slashes out of an absolute path, by its text alone. */
static char *clean_path(const char *path)
{
    struct buffer clean = {0};

    while (*path) {
        size_t length;

        path += strspn(path, "/");
        length = strcspn(path, "/");
        if (length == 2 && strncmp(path, "..", 2) == 0) {
            while (clean.length && clean.bytes[--clean.length] != '/') {
            }
        } else if (length && !(length == 1 && *path == '.')) {
            buffer_add(&clean, '/');
            buffer_append(&clean, path, length);
        }
        path += length;
    }
    if (!clean.length) {
        buffer_add(&clean, '/');
    }
    return buffer_take(&clean);
}

/* The absolute path that cd with this operand goes to, by its text. */
static char *logical_path(const char *target)
{
    const char *here = variable_get("PWD");
    struct buffer path = {0};
    char *clean;

    if (*target != '/') {
        buffer_append_text(&path, here ? here : "/");
        buffer_add(&path, '/');
    }
    buffer_append_text(&path, target);
    clean = clean_path(buffer_text(&path));
    buffer_fini(&path);
    return clean;
}

static bool change_directory(const char *target, bool physical)
{
    char *path = physical ? text_copy(target) : logical_path(target);
    const char *old = variable_get("PWD");

    if (chdir(path) != 0) {
        free(path);
        return false;
    }
    if (physical) {
        free(path);
        path = getcwd(NULL, 0);
        path = path ? path : text_copy("");
    }
    (void)variable_set("OLDPWD", old ? old : "");
    (void)variable_set("PWD", path);
    free(path);
    return true;
}

/* Tries the directories of CDPATH. */
static bool change_through_list(const char *target, bool physical, bool *ret_print)
{
    const char *list = variable_get("CDPATH");

    if (*target == '/' || strcmp(target, ".") == 0 || strcmp(target, "..") == 0 ||
        strncmp(target, "./", 2) == 0 || strncmp(target, "../", 3) == 0) {
        list = NULL;
    }
    while (list && *list) {
        size_t length = strcspn(list, ":");
        struct buffer path = {0};
        bool done;

        buffer_append(&path, list, length);
        if (length) {
            buffer_add(&path, '/');
        }
        buffer_append_text(&path, target);
        done = change_directory(buffer_text(&path), physical);
        buffer_fini(&path);
        if (done) {
            *ret_print = length > 0;
            return true;
        }
        list += length + (list[length] == ':');
    }
    return change_directory(target, physical);
}

int builtin_cd(int argc, char **argv)
{
    int index = 1;
    int position = 0;
    bool physical = false;
    bool print = false;
    const char *target;
    int letter;

    while ((letter = builtin_option(argc, argv, "LP", &index, &position))) {
        if (letter == '?') {
            return 2;
        }
        physical = letter == 'P';
    }
    target = index < argc ? argv[index] : variable_get("HOME");
    if (!target || !*target) {
        return 0;
    }
    if (index < argc && strcmp(target, "-") == 0) {
        target = variable_get("OLDPWD");
        print = true;
        if (!target || !*target) {
            shell_error("cd: OLDPWD not set");
            return 2;
        }
    }
    char *copy = text_copy(target);
    bool done = change_through_list(copy, physical, &print);

    if (!done) {
        shell_error("cd: can't cd to %s: %s", copy, strerror(errno));
    } else if (print) {
        puts(variable_get("PWD"));
    }
    free(copy);
    return done ? 0 : 2;
}

int builtin_pwd(int argc, char **argv)
{
    int index = 1;
    int position = 0;
    bool physical = false;
    char *path;
    int letter;

    while ((letter = builtin_option(argc, argv, "LP", &index, &position))) {
        if (letter == '?') {
            return 2;
        }
        physical = letter == 'P';
    }
    if (!physical && variable_get("PWD")) {
        puts(variable_get("PWD"));
        return 0;
    }
    path = getcwd(NULL, 0);
    if (!path) {
        shell_error("pwd: %s", strerror(errno));
        return 1;
    }
    puts(path);
    free(path);
    return 0;
}

/* --- umask --- */

static void print_mask_symbols(unsigned mask)
{
    static const char who[] = "ugo";

    for (int index = 0; index < 3; index++) {
        unsigned allowed = ~(mask >> (6 - 3 * index)) & 7;

        printf("%s%c=%s%s%s", index ? "," : "", who[index], allowed & 4 ? "r" : "",
               allowed & 2 ? "w" : "", allowed & 1 ? "x" : "");
    }
    putchar('\n');
}

/* u=rwx,g-w,...: of what is allowed. -1 if it is none. */
static int change_mask_symbols(unsigned mask, const char *text)
{
    unsigned allowed = ~mask & 0777;

    while (*text) {
        unsigned who = 0;
        unsigned bits = 0;
        char operation;

        for (; *text && strchr("ugoa", *text); text++) {
            who |= *text == 'u' ? 0700 : *text == 'g' ? 070 : *text == 'o' ? 07 : 0777;
        }
        who = who ? who : 0777;
        operation = *text;
        if (!operation || !strchr("=+-", operation)) {
            return -1;
        }
        for (text++; *text && strchr("rwx", *text); text++) {
            bits |= *text == 'r' ? 0444 : *text == 'w' ? 0222 : 0111;
        }
        bits &= who;
        allowed = operation == '+'   ? allowed | bits
                  : operation == '-' ? allowed & ~bits
                                     : (allowed & ~who) | bits;
        if (*text == ',') {
            text++;
        } else if (*text) {
            return -1;
        }
    }
    return (int)(~allowed & 0777);
}

int builtin_umask(int argc, char **argv)
{
    bool symbols = argc > 1 && strcmp(argv[1], "-S") == 0;
    const char *text = argc > 1 + symbols ? argv[1 + symbols] : NULL;
    mode_t mask = umask(0);

    (void)umask(mask);
    if (!text && symbols) {
        print_mask_symbols(mask);
    } else if (!text) {
        printf("%04o\n", mask);
    } else if (isdigit((unsigned char)*text)) {
        if (strspn(text, "01234567") != strlen(text) || strlen(text) > 5) {
            shell_fail(2, "umask: Illegal number: %s", text);
            return 2;
        }
        (void)umask((mode_t)strtoul(text, NULL, 8) & 0777);
    } else {
        int changed = change_mask_symbols(mask, text);

        if (changed < 0) {
            shell_fail(2, "umask: Illegal mode: %s", text);
            return 2;
        }
        (void)umask((mode_t)changed);
    }
    return 0;
}

/* --- ulimit --- */

static const struct {
    char letter;
    int resource;
    unsigned unit;
    const char *name;
} limits[] = {
    {'t', RLIMIT_CPU, 1, "time(seconds)"},       {'f', RLIMIT_FSIZE, 512, "file(blocks)"},
    {'d', RLIMIT_DATA, 1024, "data(kbytes)"},    {'s', RLIMIT_STACK, 1024, "stack(kbytes)"},
    {'c', RLIMIT_CORE, 512, "coredump(blocks)"}, {'n', RLIMIT_NOFILE, 1, "nofiles"},
    {'v', RLIMIT_AS, 1024, "vmemory(kbytes)"},   {'p', RLIMIT_NPROC, 1, "process"},
};

#define LIMIT_COUNT (sizeof(limits) / sizeof(limits[0]))

static void print_limit(size_t which, bool hard)
{
    struct rlimit limit = {0};
    rlim_t value;

    (void)getrlimit(limits[which].resource, &limit);
    value = hard ? limit.rlim_max : limit.rlim_cur;
    if (value == RLIM_INFINITY) {
        puts("unlimited");
    } else {
        printf("%llu\n", (unsigned long long)value / limits[which].unit);
    }
}

static int set_limit(size_t which, const char *text, bool hard, bool soft)
{
    struct rlimit limit;
    char *end;
    rlim_t value = strcmp(text, "unlimited") == 0 ? RLIM_INFINITY
                                                  : strtoull(text, &end, 10) * limits[which].unit;

    if (strcmp(text, "unlimited") != 0 && (!*text || *end)) {
        shell_fail(2, "ulimit: bad number");
        return 2;
    }
    if (getrlimit(limits[which].resource, &limit) == 0) {
        limit.rlim_cur = soft ? value : limit.rlim_cur;
        limit.rlim_max = hard ? value : limit.rlim_max;
        if (setrlimit(limits[which].resource, &limit) == 0) {
            return 0;
        }
    }
    shell_fail(2, "ulimit: error setting limit (%s)", strerror(errno));
    return 2;
}

int builtin_ulimit(int argc, char **argv)
{
    int index = 1;
    int position = 0;
    size_t which = 1;
    bool all = false;
    bool hard = false;
    bool soft = false;
    int letter;

    while ((letter = builtin_option(argc, argv, "HSatfdscnvp", &index, &position))) {
        if (letter == '?') {
            return 2;
        }
        hard = hard || letter == 'H';
        soft = soft || letter == 'S';
        all = all || letter == 'a';
        for (size_t candidate = 0; candidate < LIMIT_COUNT; candidate++) {
            which = limits[candidate].letter == letter ? candidate : which;
        }
    }
    if (all) {
        for (which = 0; which < LIMIT_COUNT; which++) {
            printf("%-20s ", limits[which].name);
            print_limit(which, hard && !soft);
        }
        return 0;
    }
    if (index < argc) {
        return set_limit(which, argv[index], hard || !soft, soft || !hard);
    }
    print_limit(which, hard && !soft);
    return 0;
}
