/* SPDX-License-Identifier: MIT */
#include "variable.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "path.h"
#include "shell.h"

#define BUCKETS 64

struct saved_variable {
    struct saved_variable *next;
    char *name;
    char *value;
    unsigned flags;
};

static struct {
    struct variable *buckets[BUCKETS];
    size_t count;
    char **environment; /* NULL: to be made anew */
    struct variable_scope *scope;
} variables;

struct positional positional;

bool name_is_valid(const char *name, size_t length)
{
    if (length == 0 || isdigit((unsigned char)name[0])) {
        return false;
    }
    for (size_t index = 0; index < length; index++) {
        if (!isalnum((unsigned char)name[index]) && name[index] != '_') {
            return false;
        }
    }
    return true;
}

static struct variable **bucket_of(const char *name)
{
    unsigned hash = 0;

    while (*name) {
        hash = hash * 31 + (unsigned char)*name++;
    }
    return &variables.buckets[hash % BUCKETS];
}

struct variable *variable_find(const char *name)
{
    struct variable *variable = *bucket_of(name);

    while (variable && strcmp(variable->name, name) != 0) {
        variable = variable->next;
    }
    return variable;
}

static struct variable *find_or_create(const char *name)
{
    struct variable *variable = variable_find(name);
    struct variable **bucket = bucket_of(name);

    if (!variable) {
        variable = memory_get(sizeof(*variable));
        *variable = (struct variable){.next = *bucket, .name = text_copy(name)};
        *bucket = variable;
        variables.count++;
    }
    return variable;
}

static void forget_environment(void)
{
    for (char **entry = variables.environment; entry && *entry; entry++) {
        free(*entry);
    }
    free(variables.environment);
    variables.environment = NULL;
}

const char *variable_get(const char *name)
{
    const struct variable *variable = variable_find(name);

    if (strcmp(name, "LINENO") == 0) {
        static char number[12];

        (void)snprintf(number, sizeof(number), "%u", shell.line);
        return number;
    }
    return variable ? variable->value : NULL;
}

static void set_value(struct variable *variable, const char *value)
{
    char *copy = value ? text_copy(value) : NULL;

    free(variable->value);
    variable->value = copy;
    if (variable->flags & VARIABLE_EXPORT) {
        forget_environment();
    }
    if (strcmp(variable->name, "PATH") == 0) {
        path_forget();
    }
}

bool variable_set(const char *name, const char *value)
{
    struct variable *variable = find_or_create(name);

    if (variable->flags & VARIABLE_READONLY) {
        shell_fail(2, "%s: is read only", name);
        return false;
    }
    if (shell.all_export) {
        variable->flags |= VARIABLE_EXPORT;
    }
    set_value(variable, value);
    return true;
}

bool variable_set_number(const char *name, long value)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%ld", value);
    return variable_set(name, text);
}

bool variable_assign(const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    char *name = text_copy_bytes(assignment, (size_t)(equals - assignment));
    bool done = variable_set(name, equals + 1);

    free(name);
    return done;
}

bool variable_unset(const char *name)
{
    struct variable *variable = variable_find(name);

    if (!variable) {
        return true;
    }
    if (variable->flags & VARIABLE_READONLY) {
        shell_fail(2, "unset: %s: is read only", name);
        return false;
    }
    set_value(variable, NULL);
    variable->flags = 0;
    return true;
}

void variable_flag(const char *name, unsigned flags)
{
    find_or_create(name)->flags |= flags;
    forget_environment();
}

static int compare(const void *left, const void *right)
{
    const struct variable *const *one = left;
    const struct variable *const *two = right;

    return strcmp((*one)->name, (*two)->name);
}

struct variable **variable_list(void)
{
    struct variable **list = memory_get((variables.count + 1) * sizeof(*list));
    size_t count = 0;

    for (size_t index = 0; index < BUCKETS; index++) {
        for (struct variable *variable = variables.buckets[index]; variable;
             variable = variable->next) {
            if (variable->value || variable->flags) {
                list[count++] = variable;
            }
        }
    }
    qsort(list, count, sizeof(struct variable *), compare);
    list[count] = NULL;
    return list;
}

char **variable_environment(void)
{
    struct variable **list;
    size_t count = 0;

    if (variables.environment) {
        return variables.environment;
    }
    list = variable_list();
    variables.environment = memory_get((variables.count + 1) * sizeof(char *));
    for (struct variable **entry = list; *entry; entry++) {
        size_t name = strlen((*entry)->name);
        char *text;

        if (!(*entry)->value || !((*entry)->flags & VARIABLE_EXPORT)) {
            continue;
        }
        text = memory_get(name + strlen((*entry)->value) + 2);
        memcpy(text, (*entry)->name, name);
        text[name] = '=';
        strcpy(text + name + 1, (*entry)->value);
        variables.environment[count++] = text;
    }
    variables.environment[count] = NULL;
    free(list);
    return variables.environment;
}

/* $PWD is taken over if it is the current directory, else asked for. */
static void init_directory(void)
{
    const char *given = variable_get("PWD");
    struct stat here;
    struct stat there;
    char *path;

    if (given && given[0] == '/' && stat(given, &there) == 0 && stat(".", &here) == 0 &&
        here.st_ino == there.st_ino && here.st_dev == there.st_dev) {
        return;
    }
    path = getcwd(NULL, 0);
    if (path) {
        (void)variable_set("PWD", path);
        free(path);
    }
}

void variable_init(char **environment)
{
    for (; *environment; environment++) {
        const char *equals = strchr(*environment, '=');

        if (equals && name_is_valid(*environment, (size_t)(equals - *environment))) {
            (void)variable_assign(*environment);
            char *name = text_copy_bytes(*environment, (size_t)(equals - *environment));
            variable_flag(name, VARIABLE_EXPORT);
            free(name);
        }
    }
    (void)variable_set("IFS", " \t\n");
    (void)variable_set("OPTIND", "1");
    (void)variable_set("PS2", "> ");
    (void)variable_set("PS4", "+ ");
    (void)variable_set_number("PPID", getppid());
    if (!variable_get("PATH")) {
        (void)variable_set("PATH", "/bin:/usr/bin");
    }
    init_directory();
}

void text_print_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'') {
            (void)fputs("'\"'\"'", stdout);
        } else {
            putchar(*text);
        }
    }
    putchar('\'');
}

/* --- scopes --- */

void scope_push(struct variable_scope *scope)
{
    scope->outer = variables.scope;
    scope->saved = NULL;
    variables.scope = scope;
}

void scope_pop(void)
{
    struct variable_scope *scope = variables.scope;

    if (scope->saved) {
        forget_environment();
    }
    while (scope->saved) {
        struct saved_variable *saved = scope->saved;
        struct variable *variable = find_or_create(saved->name);

        variable->flags = saved->flags;
        set_value(variable, saved->value);
        scope->saved = saved->next;
        free(saved->name);
        free(saved->value);
        free(saved);
    }
    variables.scope = scope->outer;
}

bool scope_save(const char *name)
{
    struct variable *variable = variable_find(name);
    struct saved_variable *saved;

    if (!variables.scope) {
        return false;
    }
    for (saved = variables.scope->saved; saved; saved = saved->next) {
        if (strcmp(saved->name, name) == 0) {
            return true;
        }
    }
    saved = memory_get(sizeof(*saved));
    *saved = (struct saved_variable){
        .next = variables.scope->saved,
        .name = text_copy(name),
        .value = variable && variable->value ? text_copy(variable->value) : NULL,
        .flags = variable ? variable->flags : 0,
    };
    variables.scope->saved = saved;
    return true;
}

/* --- positional parameters --- */

void positional_set(char *const *values, size_t count)
{
    struct positional old = positional_replace(values, count);
    struct positional new = positional;

    positional = old;
    positional_restore(new);
}

void positional_shift(size_t count)
{
    for (size_t index = 0; index < count; index++) {
        free(positional.values[index]);
    }
    positional.count -= count;
    memmove(positional.values, positional.values + count, (positional.count + 1) * sizeof(char *));
}

struct positional positional_replace(char *const *values, size_t count)
{
    struct positional old = positional;

    positional.values = memory_get((count + 1) * sizeof(char *));
    positional.count = count;
    for (size_t index = 0; index < count; index++) {
        positional.values[index] = text_copy(values[index]);
    }
    positional.values[count] = NULL;
    return old;
}

void positional_restore(struct positional saved)
{
    for (size_t index = 0; index < positional.count; index++) {
        free(positional.values[index]);
    }
    free(positional.values);
    positional = saved;
}
