/* SPDX-License-Identifier: MIT */
/*
 * What the parser makes of a command.
 *
 * A word is a chain of parts. What is quoted is known part by part, so that expansion never has to
 * look for quotes again:
 *
 *     a"b $c"'d'   ->   text "a", quoted text "b ", quoted parameter c, quoted text "d"
 *
 * A tree is everything that one complete command consists of, in one arena. It is counted, because
 * a function that the command defines keeps it alive.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

enum part_kind {
    PART_TEXT,
    PART_PARAMETER,
    PART_COMMAND,
    PART_ARITHMETIC,
};

enum parameter_operation {
    PARAMETER_PLAIN,
    PARAMETER_DEFAULT,        /* ${x-word} */
    PARAMETER_ASSIGN,         /* ${x=word} */
    PARAMETER_ERROR,          /* ${x?word} */
    PARAMETER_ALTERNATIVE,    /* ${x+word} */
    PARAMETER_LENGTH,         /* ${#x} */
    PARAMETER_SUFFIX,         /* ${x%word} */
    PARAMETER_LONGEST_SUFFIX, /* ${x%%word} */
    PARAMETER_PREFIX,         /* ${x#word} */
    PARAMETER_LONGEST_PREFIX, /* ${x##word} */
    PARAMETER_BAD,            /* an error when it is expanded, not when it is read */
};

struct part {
    struct part *next;
    enum part_kind kind;
    bool quoted;
    /* text: the characters; parameter: its name */
    const char *text;
    /* parameter: the operation, whether a colon makes empty count as unset, the operand.
     * arithmetic: the operand is the expression. */
    enum parameter_operation operation;
    bool colon;
    struct part *operand;
    /* command substitution; NULL if there is nothing in it */
    struct node *command;
};

struct word {
    struct word *next;
    struct part *parts;
};

enum redirect_kind {
    REDIRECT_READ,       /* < */
    REDIRECT_WRITE,      /* > */
    REDIRECT_CLOBBER,    /* >| */
    REDIRECT_APPEND,     /* >> */
    REDIRECT_READ_WRITE, /* <> */
    REDIRECT_DUPLICATE,  /* <& and >& */
    REDIRECT_HERE,       /* << and <<- */
};

struct redirect {
    struct redirect *next;
    enum redirect_kind kind;
    int fd;
    struct part *target; /* here-document: its text */
};

enum node_kind {
    NODE_SIMPLE,
    NODE_PIPELINE,
    NODE_AND,
    NODE_OR,
    NODE_SEQUENCE,
    NODE_BACKGROUND,
    NODE_NOT,
    NODE_SUBSHELL,
    NODE_GROUP,
    NODE_IF,
    NODE_WHILE,
    NODE_UNTIL,
    NODE_FOR,
    NODE_CASE,
    NODE_FUNCTION,
};

struct case_item {
    struct case_item *next;
    struct word *patterns;
    struct node *body; /* may be NULL */
};

struct node {
    enum node_kind kind;
    unsigned line;
    struct tree *tree;
    struct node *next; /* in a pipeline */
    struct redirect *redirects;
    /* where its text is in tree->source */
    size_t source_start;
    size_t source_end;

    /* simple */
    struct word *assignments;
    struct word *words; /* also: of for, and the subject of case */
    /* children: both of and, or, sequence; condition and body of loops; of if also `otherwise`.
     * The body of groups, functions and the like is in `left`; the first of a pipeline too. */
    struct node *left;
    struct node *right;
    struct node *otherwise;
    /* for: the variable; function: its name */
    const char *name;
    bool has_words; /* for: there was an `in` */
    struct case_item *items;
};

struct tree {
    unsigned references;
    struct arena arena;
    struct node *root;
    const char *source;
};

struct tree *tree_create(void);
void tree_ref(struct tree *tree);
void tree_unref(struct tree *tree);

/* The unquoted text of a word that is nothing else, or NULL. */
const char *word_plain(const struct word *word);
/* Whether it begins with NAME=. */
bool word_is_assignment(const struct word *word);
