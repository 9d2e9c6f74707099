/* SPDX-License-Identifier: MIT */
/*
 * The expression is read by the number of its arguments where POSIX says so (a single argument is
 * never an operator), and by precedence otherwise: ! over -a over -o.
 */
#include "test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct expression {
    const char *program;
    char **next;
    char **end;
    bool failed;
};

static bool any(struct expression *expression);

static void fail(struct expression *expression, const char *what, const char *message)
{
    if (!expression->failed) {
        (void)fprintf(stderr, "%s: %s%s%s\n", expression->program, what ? what : "",
                      what ? ": " : "", message);
    }
    expression->failed = true;
}

static intmax_t number(struct expression *expression, const char *text)
{
    char *end;
    intmax_t value;

    errno = 0;
    value = strtoimax(text, &end, 10);
    end += strspn(end, " \t");
    if (end == text || *end || errno) {
        fail(expression, text, "bad number");
    }
    return value;
}

static bool newer(const char *one, const char *two)
{
    struct stat first;
    struct stat second;

    if (stat(one, &first) != 0) {
        return false;
    }
    if (stat(two, &second) != 0) {
        return true;
    }
    if (first.st_mtim.tv_sec != second.st_mtim.tv_sec) {
        return first.st_mtim.tv_sec > second.st_mtim.tv_sec;
    }
    return first.st_mtim.tv_nsec > second.st_mtim.tv_nsec;
}

static bool same_file(const char *one, const char *two)
{
    struct stat first;
    struct stat second;

    return stat(one, &first) == 0 && stat(two, &second) == 0 && first.st_ino == second.st_ino &&
           first.st_dev == second.st_dev;
}

static bool file_test(char letter, const char *path)
{
    struct stat status;

    if ((letter == 'h' || letter == 'L' ? lstat : stat)(path, &status) != 0) {
        return false;
    }
    switch (letter) {
    case 'b':
        return S_ISBLK(status.st_mode);
    case 'c':
        return S_ISCHR(status.st_mode);
    case 'd':
        return S_ISDIR(status.st_mode);
    case 'f':
        return S_ISREG(status.st_mode);
    case 'p':
        return S_ISFIFO(status.st_mode);
    case 'S':
        return S_ISSOCK(status.st_mode);
    case 'h':
    case 'L':
        return S_ISLNK(status.st_mode);
    case 's':
        return status.st_size > 0;
    case 'u':
        return status.st_mode & S_ISUID;
    case 'g':
        return status.st_mode & S_ISGID;
    case 'k':
        return status.st_mode & S_ISVTX;
    case 'O':
        return status.st_uid == geteuid();
    case 'G':
        return status.st_gid == getegid();
    case 'r':
        return access(path, R_OK) == 0;
    case 'w':
        return access(path, W_OK) == 0;
    case 'x':
        return access(path, X_OK) == 0;
    default:
        return true; /* e */
    }
}

static bool is_unary(const char *text)
{
    return text[0] == '-' && text[1] && !text[2] && strchr("bcdefghLkOGprsStuwxnz", text[1]);
}

static bool unary(struct expression *expression, char letter, const char *operand)
{
    switch (letter) {
    case 'n':
        return *operand;
    case 'z':
        return !*operand;
    case 't':
        return isatty((int)number(expression, operand));
    default:
        return file_test(letter, operand);
    }
}

static const char *const binaries[] = {"=",   "!=",  "-eq", "-ne", "-lt", "-le", "-gt",
                                       "-ge", "-nt", "-ot", "-ef", "<",   ">",   "=="};

/* Its position, or -1. */
static int binary_index(const char *text)
{
    for (int index = 0; index < (int)(sizeof(binaries) / sizeof(binaries[0])); index++) {
        if (strcmp(binaries[index], text) == 0) {
            return index;
        }
    }
    return -1;
}

static bool compare_numbers(struct expression *expression, int index, const char *left,
                            const char *right)
{
    intmax_t one = number(expression, left);
    intmax_t two = number(expression, right);

    switch (index) {
    case 2:
        return one == two;
    case 3:
        return one != two;
    case 4:
        return one < two;
    case 5:
        return one <= two;
    case 6:
        return one > two;
    default:
        return one >= two;
    }
}

static bool binary(struct expression *expression, const char *left, const char *name,
                   const char *right)
{
    int index = binary_index(name);

    switch (index) {
    case 0:
    case 13:
        return strcmp(left, right) == 0;
    case 1:
        return strcmp(left, right) != 0;
    case 8:
        return newer(left, right);
    case 9:
        return newer(right, left);
    case 10:
        return same_file(left, right);
    case 11:
        return strcmp(left, right) < 0;
    case 12:
        return strcmp(left, right) > 0;
    default:
        return compare_numbers(expression, index, left, right);
    }
}

static bool primary(struct expression *expression)
{
    char **next = expression->next;
    long left = expression->end - next;
    bool value;

    if (left == 0) {
        fail(expression, NULL, "argument expected");
        return false;
    }
    if (left >= 3 && binary_index(next[1]) >= 0) {
        expression->next += 3;
        return binary(expression, next[0], next[1], next[2]);
    }
    if (strcmp(next[0], "!") == 0 && left > 1) {
        expression->next++;
        return !primary(expression);
    }
    if (left >= 2 && is_unary(next[0])) {
        expression->next += 2;
        return unary(expression, next[0][1], next[1]);
    }
    expression->next++;
    if (strcmp(next[0], "(") == 0 && left > 1) {
        value = any(expression);
        if (expression->next == expression->end || strcmp(*expression->next, ")") != 0) {
            fail(expression, NULL, "closing paren expected");
        } else {
            expression->next++;
        }
        return value;
    }
    return *next[0];
}

static bool take(struct expression *expression, const char *text)
{
    if (expression->next < expression->end && strcmp(*expression->next, text) == 0) {
        expression->next++;
        return true;
    }
    return false;
}

static bool all(struct expression *expression)
{
    bool value = primary(expression);

    while (take(expression, "-a")) {
        bool right = primary(expression);

        value = value && right;
    }
    return value;
}

static bool any(struct expression *expression)
{
    bool value = all(expression);

    while (take(expression, "-o")) {
        bool right = all(expression);

        value = value || right;
    }
    return value;
}

/* One to four arguments by their number. False if precedence is to decide. */
static bool by_number(struct expression *expression, bool *ret_value)
{
    char **next = expression->next;
    long count = expression->end - next;
    bool negated = count > 1 && strcmp(next[0], "!") == 0;

    if (count == 1) {
        *ret_value = *next[0];
        return true;
    }
    if (count == 2 && negated) {
        *ret_value = !*next[1];
        return true;
    }
    if (count == 3 && binary_index(next[1]) >= 0) {
        *ret_value = binary(expression, next[0], next[1], next[2]);
        return true;
    }
    if (count == 3 && strcmp(next[0], "(") == 0 && strcmp(next[2], ")") == 0) {
        *ret_value = *next[1];
        return true;
    }
    if (count == 4 && negated) {
        expression->next++;
        if (by_number(expression, ret_value)) {
            *ret_value = !*ret_value;
            return true;
        }
        expression->next--;
    }
    return false;
}

int test_main(int argc, char **argv)
{
    struct expression expression = {.program = argv[0], .next = argv + 1, .end = argv + argc};
    bool value = false;

    if (strcmp(argv[0], "[") == 0) {
        if (argc < 2 || strcmp(argv[argc - 1], "]") != 0) {
            (void)fprintf(stderr, "[: missing ]\n");
            return 2;
        }
        expression.end--;
    }
    if (expression.next == expression.end) {
        return 1;
    }
    if (!by_number(&expression, &value)) {
        value = any(&expression);
        if (!expression.failed && expression.next != expression.end) {
            fail(&expression, *expression.next, "unexpected operator");
        }
    }
    return expression.failed ? 2 : !value;
}
