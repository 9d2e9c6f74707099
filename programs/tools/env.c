/* SPDX-License-Identifier: MIT */
/* env, xargs, time: programs that start others. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

extern char **environ;

static int report_exec(const char *name)
{
    int status = errno == ENOENT ? 127 : 126;

    (void)tool_error_number("'%s'", name);
    return status;
}

/* --- env --- */

static int run_env(int argc, char **argv)
{
    int option;

    while ((option = tool_option(argc, argv, "+iu:")) != -1) {
        if (option == '?') {
            return 125;
        }
        if (option == 'i') {
            (void)clearenv();
        } else {
            (void)unsetenv(optarg);
        }
    }
    if (optind < argc && strcmp(argv[optind], "-") == 0) {
        (void)clearenv();
        optind++;
    }
    while (optind < argc && strchr(argv[optind], '=')) {
        (void)putenv(argv[optind++]);
    }
    if (optind < argc) {
        (void)execvp(argv[optind], argv + optind);
        return report_exec(argv[optind]);
    }
    for (char **entry = environ; entry && *entry; entry++) {
        puts(*entry);
    }
    return 0;
}

const struct tool tool_env = {
    .name = "env",
    .usage = "usage: env [-i] [-u NAME]... [NAME=VALUE]... [COMMAND [ARGUMENT...]]\n\n"
             "Runs a command in a changed environment, or prints the environment.\n\n"
             "  -i  begin with an empty one\n  -u  take a variable out\n",
    .run = run_env};

/* --- starting and waiting --- */

/* 0 to 255, or 128 and the signal. 127 or 126 if it cannot be started. */
static int run_and_wait(char **argv, struct rusage *ret_usage)
{
    int status;
    pid_t pid;

    (void)fflush(stdout);
    pid = vfork();
    if (pid == 0) {
        (void)execvp(argv[0], argv);
        _exit(report_exec(argv[0]));
    }
    if (pid < 0) {
        (void)tool_error_number("cannot fork");
        return 126;
    }
    while (wait4(pid, &status, 0, ret_usage) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- xargs --- */

#define BYTES_MAX 65536

static struct {
    char **words; /* the command and its arguments so far */
    size_t count;
    size_t fixed; /* of the command line */
    size_t bytes;
    long long most;
    const char *replace;
    bool zero;
    bool trace;
    bool not_empty;
    int status;
} xargs;

static void add_word(char *word)
{
    xargs.words = tool_resize(xargs.words, (xargs.count + 2) * sizeof(char *));
    xargs.words[xargs.count++] = word;
    xargs.words[xargs.count] = NULL;
    xargs.bytes += strlen(word) + 1;
}

static void start(char **words)
{
    struct rusage usage;
    int status;

    if (xargs.trace) {
        for (char **word = words; *word; word++) {
            (void)fprintf(stderr, "%s%s", word == words ? "" : " ", *word);
        }
        (void)fputc('\n', stderr);
    }
    status = run_and_wait(words, &usage);
    if (status == 126 || status == 127 || status > 128) {
        xargs.status = status > 128 ? 125 : status;
    } else if (status == 255) {
        (void)tool_error("%s: exited with status 255; aborting", words[0]);
        exit(124);
    } else if (status) {
        xargs.status = 123;
    }
}

static void flush_words(void)
{
    start(xargs.words);
    while (xargs.count > xargs.fixed) {
        free(xargs.words[--xargs.count]);
    }
    xargs.words[xargs.count] = NULL;
    xargs.bytes = 0;
}

/* The word with each REPLACE in it replaced by the line. */
static char *replace(const char *word, const char *line)
{
    size_t wanted = strlen(xargs.replace);
    size_t room = strlen(word) + 1;
    const char *found;
    char *result;
    char *end;

    for (found = strstr(word, xargs.replace); found;
         found = strstr(found + wanted, xargs.replace)) {
        room += strlen(line);
    }
    result = tool_memory(room);
    end = result;
    while ((found = strstr(word, xargs.replace))) {
        memcpy(end, word, (size_t)(found - word));
        end += found - word;
        end = stpcpy(end, line);
        word = found + wanted;
    }
    strcpy(end, word);
    return result;
}

static void start_replaced(const char *line)
{
    char **words = tool_memory((xargs.fixed + 1) * sizeof(char *));

    for (size_t index = 0; index < xargs.fixed; index++) {
        words[index] = replace(xargs.words[index], line);
    }
    words[xargs.fixed] = NULL;
    start(words);
    for (size_t index = 0; index < xargs.fixed; index++) {
        free(words[index]);
    }
    free(words);
}

/* Reads one argument: quotes and backslashes guard blanks. False at the end. */
static bool read_argument(char **ret_text)
{
    char *text = NULL;
    size_t length = 0;
    int quote = 0;
    bool any = false;
    int character;

    while ((character = getchar()) != EOF) {
        bool end = xargs.zero      ? character == 0
                   : xargs.replace ? character == '\n'
                                   : !quote && isspace(character);

        if (end) {
            if (any) {
                break;
            }
            continue;
        }
        if (!any && xargs.replace && isblank(character)) {
            continue;
        }
        any = true;
        if (!xargs.zero && quote && character == quote) {
            quote = 0;
            continue;
        }
        if (!xargs.zero && !quote && (character == '"' || character == '\'')) {
            quote = character;
            continue;
        }
        if (!xargs.zero && !quote && character == '\\') {
            character = getchar();
        }
        text = tool_resize(text, length + 2);
        text[length++] = (char)character;
    }
    if (quote) {
        exit(tool_error("unmatched %s quote", quote == '"' ? "double" : "single"));
    }
    if (!any) {
        free(text);
        return false;
    }
    text = tool_resize(text, length + 1);
    text[length] = 0;
    *ret_text = text;
    return true;
}

static int run_xargs(int argc, char **argv)
{
    static char echo[] = "echo";
    bool ran = false;
    char *argument;
    int option;

    xargs.most = -1;
    while ((option = tool_option(argc, argv, "+0I:n:rt")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        if (option == 'n' && !tool_number(optarg, false, "number", &xargs.most)) {
            return 1;
        }
        if (xargs.most == 0) {
            return tool_error("-n must be at least 1");
        }
        xargs.replace = option == 'I' ? optarg : xargs.replace;
        xargs.zero = xargs.zero || option == '0';
        xargs.not_empty = xargs.not_empty || option == 'r';
        xargs.trace = xargs.trace || option == 't';
    }
    for (int index = optind; index < argc; index++) {
        add_word(argv[index]);
    }
    if (optind == argc) {
        add_word(echo);
    }
    xargs.fixed = xargs.count;
    xargs.bytes = 0;
    while (read_argument(&argument)) {
        if (xargs.replace) {
            start_replaced(argument);
            free(argument);
            ran = true;
            continue;
        }
        add_word(argument);
        if (xargs.bytes >= BYTES_MAX ||
            (xargs.most > 0 && (long long)(xargs.count - xargs.fixed) >= xargs.most)) {
            flush_words();
            ran = true;
        }
    }
    if (!xargs.replace && (xargs.count > xargs.fixed || (!ran && !xargs.not_empty))) {
        flush_words();
    }
    return xargs.status;
}

const struct tool tool_xargs = {
    .name = "xargs",
    .usage = "usage: xargs [-0rt] [-n COUNT] [-I TEXT] [COMMAND [ARGUMENT...]]\n\n"
             "Runs a command (echo) with arguments that are read from standard input.\n\n"
             "  -0  they end with zero bytes, not at blanks\n  -n  at most so many at once\n"
             "  -I  one line at a time, instead of TEXT in the arguments\n"
             "  -r  not at all without any\n  -t  print each command\n",
    .run = run_xargs};

/* --- time --- */

static void print_time(const char *name, double seconds, bool posix)
{
    if (posix) {
        (void)fprintf(stderr, "%s %.2f\n", name, seconds);
    } else {
        (void)fprintf(stderr, "%s\t%dm%.3fs\n", name, (int)(seconds / 60),
                      seconds - 60 * (int)(seconds / 60));
    }
}

static double seconds_of(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static int run_time(int argc, char **argv)
{
    struct rusage usage = {0};
    struct timespec start_time;
    struct timespec end_time;
    bool posix = false;
    int status;
    int option;

    while ((option = tool_option(argc, argv, "+p")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        posix = true;
    }
    if (optind == argc) {
        return tool_missing_operand();
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &start_time);
    status = run_and_wait(argv + optind, &usage);
    (void)clock_gettime(CLOCK_MONOTONIC, &end_time);
    print_time("real",
               (double)(end_time.tv_sec - start_time.tv_sec) +
                   (double)(end_time.tv_nsec - start_time.tv_nsec) / 1e9,
               posix);
    print_time("user", seconds_of(&usage.ru_utime), posix);
    print_time("sys", seconds_of(&usage.ru_stime), posix);
    return status;
}

const struct tool tool_time = {
    .name = "time",
    .usage = "usage: time [-p] COMMAND [ARGUMENT...]\n\nRuns a command and tells how long it took, "
             "and how much of the processor.\n\n  -p  in the form of POSIX\n",
    .run = run_time};
