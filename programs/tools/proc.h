/* SPDX-License-Identifier: MIT */
/* What /proc says, in the form of Linux. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process {
    pid_t pid;
    pid_t parent;
    pid_t group;
    pid_t session;
    int terminal; /* device number, 0 without one */
    char state;
    char name[64];
    unsigned long long ticks;   /* of the processor */
    unsigned long long started; /* ticks since the system began */
    unsigned long long size_bytes;
    unsigned long long resident_bytes;
    unsigned threads;
    unsigned user;
};

/* All processes, by pid; free() it. NULL, reported, if /proc cannot be read. */
struct process *process_list(size_t *ret_count);
/* The command line with spaces, [NAME] if there is none. */
void process_command(const struct process *process, char *ret_text, size_t size);
unsigned long process_ticks_per_second(void);

/* One number of a file of "NAME: NUMBER kB" lines, in bytes; 0 if it is not there. */
unsigned long long meminfo(const char *name);
/* Seconds since the system began; -1 if it is not known. */
double uptime_seconds(void);
/* A small file of /proc as text. False if it cannot be read. */
bool proc_read(const char *path, char *ret_text, size_t size);
