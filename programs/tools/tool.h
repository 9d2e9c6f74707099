/* SPDX-License-Identifier: MIT */
/*
 * The frame of the small tools. All are one program, `tools`, which looks at the name it is called
 * by; the names are links to it. The libc is in memory once that way, and the pages of the program
 * are warm when the next tool starts.
 *
 * A tool is a file: its usage, its function, and the struct that tools.def names. It returns its
 * exit status; what it prints to stdout is flushed and checked for it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

struct tool {
    const char *name;
    const char *usage; /* for --help: the first line is "usage: ..." */
    int (*run)(int argc, char **argv);
    bool any_arguments; /* --help is an argument like others (echo, test) */
    bool no_arguments;  /* all but --help are refused */
};

#define TOOL(name) extern const struct tool tool_##name;
#include "tools.def"
#undef TOOL

/* The name of the tool that runs. */
extern const char *tool_name;

/* "NAME: message" on standard error. Returns 1. */
int tool_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same with what errno says behind it: "NAME: message: No such file or directory". */
int tool_error_number(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* After an option that is not known: says where help is. Returns 1. */
int tool_usage(void);
/* "missing operand" and where help is. Returns 1. */
int tool_missing_operand(void);

/* getopt(), but options may also stand behind operands. Letters that begin with + keep the order.
 */
int tool_option(int argc, char **argv, const char *letters);

void *tool_memory(size_t size);
void *tool_resize(void *old, size_t size);
char *tool_copy(const char *text);
/* DIRECTORY/NAME; the caller frees it. */
char *tool_path(const char *directory, const char *name);
/* What is behind the last slash. */
const char *tool_base(const char *path);
/* A number from 0 on that is all of the text, with a suffix b k m g allowed if `suffix`. False if
 * it is none, which is reported with `what`. */
bool tool_number(const char *text, bool suffix, const char *what, long long *ret_number);

/* The file, or standard input for "-". NULL, reported. */
FILE *tool_open(const char *path);
void tool_close(FILE *file);
/* Calls `work` for each file, or for standard input if there is none. The worst status. */
int tool_each_file(int count, char **paths, int (*work)(FILE *file, const char *path));
/* Copies all from one to the other; reports errors of both. */
bool tool_copy_fd(int from, const char *from_name, int to, const char *to_name);

/* "-rw-r--r--": ten characters and a zero. */
void tool_mode_text(mode_t mode, char *ret_text);
/* 1.5K, 20M: at most five characters and a zero. */
void tool_size_text(unsigned long long size, char *ret_text);
/* A mode in digits or symbols (u+x,g=r), applied to an old one. False if it is none. */
bool tool_parse_mode(const char *text, mode_t old, mode_t *ret_mode);
/* YYYY-MM-DD [HH:MM[:SS]] (also with T between, Z behind for UTC), HH:MM[:SS] or @SECONDS. False if
 * it is none. */
bool tool_parse_date(const char *text, time_t *ret_time);
/* Asks on standard error, reads the answer from standard input. */
bool tool_ask(const char *format, ...) __attribute__((format(printf, 1, 2)));
