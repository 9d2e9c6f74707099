/* SPDX-License-Identifier: MIT */
/* The script of sed as it is executed: a list of commands, jumps are positions in it. */
#pragma once

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lines.h"

enum sed_address_kind {
    SED_ADDRESS_NONE,
    SED_ADDRESS_LINE,
    SED_ADDRESS_LAST,       /* $ */
    SED_ADDRESS_EXPRESSION, /* /RE/ */
    SED_ADDRESS_STEP,       /* FIRST~STEP */
    SED_ADDRESS_MORE,       /* +N, as the second one */
};

struct sed_address {
    enum sed_address_kind kind;
    unsigned long number;
    unsigned long step;
    regex_t *expression;
};

struct sed_substitution {
    regex_t *expression;
    bool all;
    bool print;
    unsigned which; /* from the first, second, ... match on */
};

struct sed_command {
    struct sed_address addresses[2];
    bool negated;
    char letter;
    char *text;    /* of a, c, i, r; the replacement of s; a label */
    size_t target; /* of b, t and { */
    int status;    /* of q */
    struct sed_substitution substitution;
    unsigned char table[256]; /* of y: 0 is the byte itself */
    FILE *file;               /* of w */
    /* while it runs */
    bool in_range;
    unsigned long first_line;
};

struct sed_script {
    struct sed_command *commands;
    size_t count;
};

/* False, reported. */
bool sed_parse(struct sed_script *script, const char *text, bool extended);

/* The lines of all files, one read ahead, and where what is printed goes: with -i, to a new file
 * beside the one that is read, which takes its place at its end. */
struct sed_input {
    /* set before the first line */
    char **paths;
    int count;
    bool in_place;
    bool separate; /* each file has a first and a last line */
    FILE *output;  /* stdout */

    int next; /* path */
    FILE *file;
    const char *path;
    struct line ahead;
    bool have_ahead;
    unsigned long number;
    bool newline; /* the line had one */
    int status;
};

extern struct sed_input sed_input;

/* NULL behind the last one. */
const struct line *sed_input_line(void);
bool sed_input_is_last(void);
/* Ends the file before its last line. */
void sed_input_finish(void);
