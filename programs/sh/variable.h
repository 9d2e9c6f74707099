/* SPDX-License-Identifier: MIT */
/*
 * Variables, and the positional parameters.
 *
 * Variables lie in a hash table. A function's `local` saves the old state of a variable on the
 * scope of that function, which puts it back at its end; assignments in front of a command use the
 * same means.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
    VARIABLE_EXPORT = 1,
    VARIABLE_READONLY = 2,
};

struct variable {
    struct variable *next; /* in its bucket */
    char *name;
    char *value; /* NULL: unset, but with flags */
    unsigned flags;
};

struct saved_variable;

struct variable_scope {
    struct variable_scope *outer;
    struct saved_variable *saved;
};

bool name_is_valid(const char *name, size_t length);

/* Takes over the environment and sets what every shell has. */
void variable_init(char **environment);
/* NULL if it is unset. */
const char *variable_get(const char *name);
struct variable *variable_find(const char *name);
/* False, reported, for a read-only one. */
bool variable_set(const char *name, const char *value);
bool variable_set_number(const char *name, long value);
/* NAME=VALUE. */
bool variable_assign(const char *assignment);
bool variable_unset(const char *name);
void variable_flag(const char *name, unsigned flags);
/* All that are set or have flags, sorted by name; ends with NULL; free() it. */
struct variable **variable_list(void);
/* What a program gets; valid until a variable changes. */
char **variable_environment(void);
/* Prints 'it'"'"'s' so that a shell reads the same value again. */
void text_print_quoted(const char *text);

void scope_push(struct variable_scope *scope);
void scope_pop(void);
/* Makes the variable local to the innermost scope, with its old value. False without a scope. */
bool scope_save(const char *name);

struct positional {
    char **values; /* ends with NULL */
    size_t count;
};

extern struct positional positional;

/* Copies the values. */
void positional_set(char *const *values, size_t count);
void positional_shift(size_t count);
/* For functions: the old ones come back with positional_restore(), which frees the present ones. */
struct positional positional_replace(char *const *values, size_t count);
void positional_restore(struct positional saved);
