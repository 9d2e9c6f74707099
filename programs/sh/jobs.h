/* SPDX-License-Identifier: MIT */
/*
 * Processes the shell has started. A job is a pipeline or a background list; with job control it is
 * a process group of its own, and the one in the foreground owns the terminal.
 *
 *     job_create -> job_fork / job_vfork (each process) -> job_wait           foreground
 *                                                       -> job_background     background
 *
 * A job that is done stays in the table until somebody has been told: wait, jobs, or the line
 * before the prompt.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tree.h"

enum process_state {
    PROCESS_RUNNING,
    PROCESS_STOPPED,
    PROCESS_DONE,
};

struct process {
    pid_t pid;
    enum process_state state;
    int status; /* as waitpid gives it */
};

struct job {
    struct job *next; /* by number */
    unsigned number;
    unsigned used; /* when it was last in hand: the highest is the current job */
    pid_t group;   /* 0 without job control */
    char *text;
    bool background;
    bool told; /* its last change of state */
    unsigned count;
    struct process *processes;
};

/* Where the child stands. */
enum job_place {
    JOB_FOREGROUND,
    JOB_BACKGROUND,
    JOB_WITHIN, /* a part of the shell's own work: in its group */
};

/* For the command that is in the tree at this node. */
struct job *job_create(const struct node *node);
/* As fork(); the child is a subshell that has nothing of the shell's jobs. -1 is reported. */
pid_t job_fork(struct job *job, enum job_place place);
/* For a process that the caller has made himself: both sides call job_enter_group(); pid 0: itself,
 * which a child of vfork need not ask for. */
void job_add(struct job *job, pid_t pid, enum job_place place);
void job_enter_group(const struct job *job, pid_t pid, enum job_place place);
/* Waits until it is done or stopped, takes the terminal back; the status for $?. */
int job_wait(struct job *job);
/* Notes it as the last one in the background and tells a person about it. */
void job_background(struct job *job);
void job_forget(struct job *job);
/* Lets it go on, in front or behind. Returns the status of one in front. */
int job_continue(struct job *job, bool foreground);

enum process_state job_state(const struct job *job);
int job_status(const struct job *job);
/* %n, %%, %+, %-, %text, %?text; NULL if there is none. NULL as text is the current job. */
struct job *job_find(const char *text);
struct job *job_of_process(pid_t pid);
struct job *job_first(void);
/* One line as `jobs` prints it; `long_form` has the process. */
void job_print(const struct job *job, bool long_form, bool to_error);

/* Collects what has changed without waiting, or waits for one change if `block`. False if there is
 * nothing to wait for, or a signal came. */
bool jobs_collect(bool block);
/* Tells a person what has changed, forgets what is done. */
void jobs_notify(void);
pid_t jobs_last_background(void);
bool jobs_any_stopped(void);
/* After shell.job_control has changed. */
void jobs_control_changed(void);
/* Gives the terminal back as it was. */
void jobs_fini(void);
