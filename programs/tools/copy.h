/* SPDX-License-Identifier: MIT */
/* Copying and removing of files and trees, for cp, mv and rm. */
#pragma once

#include <stdbool.h>

struct copy_options {
    bool recursive;
    bool preserve; /* mode and times */
    bool links;    /* symbolic links as such */
    bool force;
    bool ask;
    bool verbose;
    bool keep; /* what is there already */
};

/* False, reported, if anything was not copied. */
bool copy_tree(const char *from, const char *to, const struct copy_options *options, bool operand);

struct remove_options {
    bool recursive;
    bool directories; /* empty ones, as rmdir would */
    bool force;
    bool ask;
    bool verbose;
};

/* False, reported, if anything is left. */
bool remove_tree(const char *path, const struct remove_options *options);
