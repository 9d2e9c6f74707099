/* SPDX-License-Identifier: MIT */
/* Tools that need a few lines each. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "printf.h"
#include "test.h"
#include "tool.h"

/* --- true, false --- */

static int run_true(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 0;
}

const struct tool tool_true = {
    .name = "true", .usage = "usage: true\n\nDoes nothing and succeeds.\n", .run = run_true};

static int run_false(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 1;
}

const struct tool tool_false = {
    .name = "false", .usage = "usage: false\n\nDoes nothing and fails.\n", .run = run_false};

/* --- printf, test, [ --- */

const struct tool tool_printf = {
    .name = "printf",
    .usage = "usage: printf FORMAT [ARGUMENT...]\n\nPrints the arguments as FORMAT says: text, "
             "%d %i %u %o %x %X %e %f %g %c %s,\n%b (text with backslash sequences) and %%. It is "
             "used again while arguments are left.\n",
    .run = printf_main};

static const char test_usage[] =
    "usage: test EXPRESSION\n       [ EXPRESSION ]\n\n"
    "Succeeds if the expression is true:\n\n"
    "  -n TEXT, -z TEXT            TEXT is not empty, is empty\n"
    "  A = B, A != B, A < B        texts are equal, different, in this order\n"
    "  A -eq B, -ne -lt -le -gt -ge  numbers\n"
    "  -e -f -d -h -p -S -b -c FILE  it exists; it is a file, directory, link, FIFO, socket, "
    "device\n"
    "  -r -w -x FILE               may be read, written, executed\n"
    "  -s FILE                     is not empty\n"
    "  A -nt B, A -ot B, A -ef B   files: newer, older, the same\n"
    "  -t NUMBER                   the open file is a terminal\n"
    "  ! X, X -a Y, X -o Y, ( X )  not, and, or\n";

const struct tool tool_test = {
    .name = "test", .usage = test_usage, .run = test_main, .any_arguments = true};
const struct tool tool_bracket = {
    .name = "[", .usage = test_usage, .run = test_main, .any_arguments = true};

/* --- basename, dirname --- */

static char *trim_slashes(const char *text)
{
    char *copy = tool_copy(text);
    size_t length = strlen(copy);

    while (length > 1 && copy[length - 1] == '/') {
        copy[--length] = 0;
    }
    return copy;
}

static int run_basename(int argc, char **argv)
{
    char *path;
    char *base;
    size_t length;

    if (argc < 2) {
        return tool_missing_operand();
    }
    if (argc > 3) {
        return tool_error("extra operand '%s'", argv[3]);
    }
    path = trim_slashes(argv[1]);
    base = path + (tool_base(path) - path);
    length = strlen(base);
    if (argc == 3 && strlen(argv[2]) < length &&
        strcmp(base + length - strlen(argv[2]), argv[2]) == 0) {
        base[length - strlen(argv[2])] = 0;
    }
    puts(base);
    free(path);
    return 0;
}

const struct tool tool_basename = {
    .name = "basename",
    .usage = "usage: basename PATH [SUFFIX]\n\nPrints PATH without its directories, and without "
             "SUFFIX at its end.\n",
    .run = run_basename};

static int run_dirname(int argc, char **argv)
{
    if (argc < 2) {
        return tool_missing_operand();
    }
    for (int index = 1; index < argc; index++) {
        char *path = trim_slashes(argv[index]);
        char *slash = strrchr(path, '/');

        while (slash && slash > path && slash[-1] == '/') {
            slash--;
        }
        if (slash) {
            slash[slash == path] = 0;
        }
        puts(slash ? path : ".");
        free(path);
    }
    return 0;
}

const struct tool tool_dirname = {
    .name = "dirname",
    .usage = "usage: dirname PATH...\n\nPrints the directory in which each PATH is.\n",
    .run = run_dirname};

/* --- pwd --- */

static int run_pwd(int argc, char **argv)
{
    char *path = getcwd(NULL, 0);

    (void)argc, (void)argv;
    if (!path) {
        return tool_error_number("cannot find the current directory");
    }
    puts(path);
    free(path);
    return 0;
}

const struct tool tool_pwd = {.name = "pwd",
                              .usage = "usage: pwd\n\nPrints the current directory.\n",
                              .run = run_pwd,
                              .no_arguments = true};

/* --- sleep --- */

static bool read_duration(const char *text, double *ret_seconds)
{
    static const char units[] = "smhd";
    static const double factors[] = {1, 60, 3600, 86400};
    char *end;
    const char *unit;

    *ret_seconds = strtod(text, &end);
    if (end == text || *ret_seconds < 0 || *ret_seconds > 1e12) {
        return false;
    }
    unit = *end ? strchr(units, *end) : units;
    *ret_seconds *= unit ? factors[unit - units] : 0;
    return unit && (!*end || !end[1]);
}

static int run_sleep(int argc, char **argv)
{
    double total = 0;
    struct timespec left;

    if (argc < 2) {
        return tool_missing_operand();
    }
    for (int index = 1; index < argc; index++) {
        double seconds;

        if (!read_duration(argv[index], &seconds)) {
            (void)tool_error("invalid time interval '%s'", argv[index]);
            return tool_usage();
        }
        total += seconds;
    }
    left.tv_sec = (time_t)total;
    left.tv_nsec = (long)((total - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
    return 0;
}

const struct tool tool_sleep = {
    .name = "sleep",
    .usage = "usage: sleep TIME[smhd]...\n\nWaits for the sum of the times: seconds, minutes, "
             "hours or days; fractions too.\n",
    .run = run_sleep};

/* --- yes --- */

static int run_yes(int argc, char **argv)
{
    do {
        if (argc < 2) {
            (void)putchar('y');
        }
        for (int index = 1; index < argc; index++) {
            printf("%s%s", index > 1 ? " " : "", argv[index]);
        }
    } while (putchar('\n') != EOF && !ferror(stdout));
    return 1;
}

const struct tool tool_yes = {
    .name = "yes",
    .usage = "usage: yes [TEXT...]\n\nPrints a line with the texts, or y, until it is stopped.\n",
    .run = run_yes};

/* --- sync --- */

static int run_sync(int argc, char **argv)
{
    (void)argc, (void)argv;
    sync();
    return 0;
}

const struct tool tool_sync = {
    .name = "sync",
    .usage = "usage: sync\n\nWrites to the disks what is only in memory so far.\n",
    .run = run_sync,
    .no_arguments = true};

/* --- clear, reset, tty --- */

static int run_clear(int argc, char **argv)
{
    (void)argc, (void)argv;
    (void)fputs("\033[H\033[2J\033[3J", stdout);
    return 0;
}

const struct tool tool_clear = {.name = "clear",
                                .usage = "usage: clear\n\nClears the terminal.\n",
                                .run = run_clear,
                                .no_arguments = true};

static int run_tty(int argc, char **argv)
{
    bool quiet = argc > 1 && strcmp(argv[1], "-s") == 0;
    const char *name = ttyname(0);

    if (!quiet) {
        puts(name ? name : "not a tty");
    }
    return !name;
}

const struct tool tool_tty = {
    .name = "tty",
    .usage = "usage: tty [-s]\n\nPrints the name of the terminal on standard input; fails if "
             "there is none.\n\n  -s  print nothing\n",
    .run = run_tty};

/* --- uname --- */

static int run_uname(int argc, char **argv)
{
    static const char letters[] = "snrvm";
    struct utsname names;
    const char *values[] = {names.sysname, names.nodename, names.release, names.version,
                            names.machine};
    unsigned chosen = 0;
    bool first = true;
    int option;

    while ((option = tool_option(argc, argv, "snrvma")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        chosen |= option == 'a' ? 31U : 1U << (strchr(letters, option) - letters);
    }
    if (uname(&names) != 0) {
        return tool_error_number("cannot get the names of the system");
    }
    for (unsigned index = 0; index < 5; index++) {
        if ((chosen ? chosen : 1U) & (1U << index)) {
            printf("%s%s", first ? "" : " ", values[index]);
            first = false;
        }
    }
    putchar('\n');
    return 0;
}

const struct tool tool_uname = {
    .name = "uname",
    .usage = "usage: uname [-snrvma]\n\nPrints the name of the system.\n\n  -s name  -n host  -r "
             "release  -v version  -m machine  -a all\n",
    .run = run_uname};
