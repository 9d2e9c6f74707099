/* SPDX-License-Identifier: MIT */
#include "jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "buffer.h"
#include "redirect.h"
#include "shell.h"
#include "trap.h"

static struct {
    struct job *first;
    unsigned uses;
    pid_t last_background;
    int terminal; /* -1 without job control */
    pid_t group;  /* the shell's own */
    pid_t first_group;
    struct termios modes;
    bool have_modes;
} jobs = {.terminal = -1};

/* --- the table --- */

struct job *job_create(const struct node *node)
{
    struct job **link = &jobs.first;
    struct job *job = memory_get(sizeof(*job));
    unsigned number = 1;
    const char *source = node->tree->source;

    while (*link && (*link)->number == number) {
        number++;
        link = &(*link)->next;
    }
    *job = (struct job){.next = *link, .number = number, .used = ++jobs.uses, .told = true};
    /* In text from ` ` there is nothing to show. */
    job->text =
        source && node->source_end > node->source_start
            ? text_copy_bytes(source + node->source_start, node->source_end - node->source_start)
            : text_copy("");
    *link = job;
    return job;
}

void job_forget(struct job *job)
{
    struct job **link = &jobs.first;

    while (*link != job) {
        link = &(*link)->next;
    }
    *link = job->next;
    free(job->processes);
    free(job->text);
    free(job);
}

void job_add(struct job *job, pid_t pid, enum job_place place)
{
    job->processes = memory_resize(job->processes, (job->count + 1) * sizeof(*job->processes));
    job->processes[job->count++] = (struct process){.pid = pid};
    if (shell.job_control && place != JOB_WITHIN && !job->group) {
        job->group = pid;
    }
}

struct job *job_first(void)
{
    return jobs.first;
}

pid_t jobs_last_background(void)
{
    return jobs.last_background;
}

enum process_state job_state(const struct job *job)
{
    enum process_state state = PROCESS_DONE;

    for (unsigned index = 0; index < job->count; index++) {
        if (job->processes[index].state == PROCESS_RUNNING) {
            return PROCESS_RUNNING;
        }
        if (job->processes[index].state == PROCESS_STOPPED) {
            state = PROCESS_STOPPED;
        }
    }
    return state;
}

static int code_of(int status)
{
    if (WIFEXITED(status)) {
        return WEXITSTATUS(status);
    }
    return 128 + (WIFSTOPPED(status) ? WSTOPSIG(status) : WTERMSIG(status));
}

/* That of the last process; with pipefail, of the last that has failed. */
int job_status(const struct job *job)
{
    int status = job->count ? code_of(job->processes[job->count - 1].status) : 0;

    if (!shell.pipe_fail) {
        return status;
    }
    for (unsigned index = job->count; index > 0; index--) {
        status = code_of(job->processes[index - 1].status);
        if (status) {
            return status;
        }
    }
    return 0;
}

/* The one used last, or the one before it. */
static struct job *recent(unsigned rank)
{
    struct job *best = NULL;
    struct job *second = NULL;

    for (struct job *job = jobs.first; job; job = job->next) {
        if (!best || job->used > best->used) {
            second = best;
            best = job;
        } else if (!second || job->used > second->used) {
            second = job;
        }
    }
    return rank == 0 ? best : second;
}

static struct job *find_text(const char *text, bool anywhere)
{
    for (struct job *job = jobs.first; job; job = job->next) {
        const char *found = strstr(job->text, text);

        if (found && (anywhere || found == job->text)) {
            return job;
        }
    }
    return NULL;
}

struct job *job_of_process(pid_t pid)
{
    for (struct job *job = jobs.first; job; job = job->next) {
        for (unsigned index = 0; index < job->count; index++) {
            if (job->processes[index].pid == pid) {
                return job;
            }
        }
    }
    return NULL;
}

struct job *job_find(const char *text)
{
    struct job *job;

    if (!text || strcmp(text, "%") == 0 || strcmp(text, "%%") == 0 || strcmp(text, "%+") == 0) {
        return recent(0);
    }
    if (text[0] != '%') {
        return job_of_process(atoi(text));
    }
    if (strcmp(text, "%-") == 0) {
        return recent(1);
    }
    if (strspn(text + 1, "0123456789") == strlen(text + 1)) {
        for (job = jobs.first; job && job->number != (unsigned)atoi(text + 1);) {
            job = job->next;
        }
        return job;
    }
    return text[1] == '?' ? find_text(text + 2, true) : find_text(text + 1, false);
}

/* --- processes --- */

static void note_status(pid_t pid, int status)
{
    struct job *job = job_of_process(pid);
    enum process_state state = WIFSTOPPED(status) ? PROCESS_STOPPED : PROCESS_DONE;

    for (unsigned index = 0; job && index < job->count; index++) {
        struct process *process = &job->processes[index];

        if (process->pid == pid && process->state != PROCESS_DONE) {
            process->state = WIFCONTINUED(status) ? PROCESS_RUNNING : state;
            process->status = status;
            job->told = job->told && job_state(job) == PROCESS_RUNNING;
        }
    }
}

bool jobs_collect(bool block)
{
    int flags = (shell.job_control ? WUNTRACED : 0) | (block ? 0 : WNOHANG);
    bool any = false;

    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, flags);

        if (pid <= 0) {
            return any;
        }
        note_status(pid, status);
        any = true;
        flags |= WNOHANG;
    }
}

static void give_terminal(pid_t group)
{
    if (jobs.terminal >= 0) {
        (void)tcsetpgrp(jobs.terminal, group);
    }
}

void job_enter_group(const struct job *job, pid_t pid, enum job_place place)
{
    pid_t group;

    if (!shell.job_control || place == JOB_WITHIN) {
        return;
    }
    group = job->group ? job->group : pid ? pid : getpid();
    (void)setpgid(pid, group);
    if (place == JOB_FOREGROUND) {
        give_terminal(group);
    }
}

static void become_subshell(const struct job *job, enum job_place place)
{
    bool control = shell.job_control;

    job_enter_group(job, getpid(), place);
    shell.subshell = true;
    shell.job_control = false;
    shell.interactive = false;
    jobs.terminal = -1;
    while (jobs.first) {
        job_forget(jobs.first);
    }
    trap_enter_subshell();
    if (place == JOB_BACKGROUND && !control) {
        int null = open("/dev/null", O_RDONLY);

        trap_restore_for_program(true);
        if (null > 0) {
            (void)dup2(null, 0);
            (void)close(null);
        }
    }
}

pid_t job_fork(struct job *job, enum job_place place)
{
    pid_t pid;

    (void)fflush(stdout);
    pid = fork();
    if (pid < 0) {
        shell_fail(2, "Cannot fork: %s", strerror(errno));
    } else if (pid == 0) {
        become_subshell(job, place);
    } else {
        job_add(job, pid, place);
        job_enter_group(job, pid, place);
    }
    return pid;
}

/* --- the foreground --- */

static void save_modes(void)
{
    if (jobs.terminal >= 0 && tcgetattr(jobs.terminal, &jobs.modes) == 0) {
        jobs.have_modes = true;
    }
}

static void take_terminal(bool restore_modes)
{
    give_terminal(jobs.group);
    if (restore_modes && jobs.have_modes && jobs.terminal >= 0) {
        (void)tcsetattr(jobs.terminal, TCSADRAIN, &jobs.modes);
    }
}

/* A person wants to see why a command ended that did not end by itself. */
static void tell_signal(int status)
{
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

    if (signal && signal != SIGINT && signal != SIGPIPE) {
        (void)dprintf(2, "%s%s\n", strsignal(signal), WCOREDUMP(status) ? " (core dumped)" : "");
    } else if (signal == SIGINT && shell.interactive) {
        (void)!write(2, "\n", 1);
    }
}

int job_wait(struct job *job)
{
    bool interrupted = false;
    int status;

    while (job_state(job) == PROCESS_RUNNING) {
        if (!jobs_collect(true) && errno == ECHILD) {
            break;
        }
    }
    status = job_status(job);
    if (job_state(job) == PROCESS_STOPPED) {
        take_terminal(true);
        job->used = ++jobs.uses;
        job->told = true;
        (void)!write(2, "\n", 1);
        job_print(job, false, true);
        return status;
    }
    if (job->count) {
        int last = job->processes[job->count - 1].status;

        interrupted = WIFSIGNALED(last) && WTERMSIG(last) == SIGINT;
        if (job->group) {
            take_terminal(WIFSIGNALED(last));
        }
        tell_signal(last);
    }
    job_forget(job);
    /* What ^C has ended, ends the loop around it too. */
    if (interrupted && shell.interactive) {
        shell.flow = FLOW_ABORT;
    }
    return status;
}

void job_background(struct job *job)
{
    job->background = true;
    if (job->count) {
        jobs.last_background = job->processes[job->count - 1].pid;
    }
    if (shell.interactive) {
        (void)dprintf(2, "[%u] %d\n", job->number, jobs.last_background);
    }
}

int job_continue(struct job *job, bool foreground)
{
    job->used = ++jobs.uses;
    job->background = !foreground;
    for (unsigned index = 0; index < job->count; index++) {
        if (job->processes[index].state == PROCESS_STOPPED) {
            job->processes[index].state = PROCESS_RUNNING;
        }
    }
    if (foreground) {
        save_modes();
        give_terminal(job->group);
    }
    if (job->group) {
        (void)killpg(job->group, SIGCONT);
    }
    return foreground ? job_wait(job) : 0;
}

/* --- telling --- */

static void describe(const struct job *job, struct buffer *text)
{
    int status = job->count ? job->processes[job->count - 1].status : 0;

    switch (job_state(job)) {
    case PROCESS_RUNNING:
        buffer_append_text(text, "Running");
        break;
    case PROCESS_STOPPED:
        buffer_append_text(text, "Stopped");
        break;
    case PROCESS_DONE:
        if (WIFSIGNALED(status)) {
            buffer_append_text(text, strsignal(WTERMSIG(status)));
        } else if (WEXITSTATUS(status)) {
            buffer_format(text, "Done(%d)", WEXITSTATUS(status));
        } else {
            buffer_append_text(text, "Done");
        }
        break;
    }
}

void job_print(const struct job *job, bool long_form, bool to_error)
{
    struct buffer state = {0};
    struct buffer line = {0};
    char sign = job == recent(0) ? '+' : job == recent(1) ? '-' : ' ';

    describe(job, &state);
    buffer_format(&line, "[%u] %c ", job->number, sign);
    if (long_form && job->count) {
        buffer_format(&line, "%d ", job->processes[0].pid);
    }
    buffer_format(&line, "%-26s %s\n", buffer_text(&state), job->text);
    if (to_error) {
        (void)!write(2, line.bytes, line.length);
    } else {
        (void)fwrite(line.bytes, 1, line.length, stdout);
    }
    buffer_fini(&state);
    buffer_fini(&line);
}

void jobs_notify(void)
{
    struct job *next;

    (void)jobs_collect(false);
    for (struct job *job = jobs.first; job; job = next) {
        next = job->next;
        if (!job->told) {
            job_print(job, false, true);
            job->told = true;
        }
        if (job_state(job) == PROCESS_DONE) {
            job_forget(job);
        }
    }
}

bool jobs_any_stopped(void)
{
    for (const struct job *job = jobs.first; job; job = job->next) {
        if (job_state(job) == PROCESS_STOPPED) {
            return true;
        }
    }
    return false;
}

/* --- job control --- */

static int open_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    int moved;

    if (fd < 0) {
        fd = isatty(2) ? dup(2) : -1;
    }
    moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, REDIRECT_HIGH_FD);
    if (fd >= 0) {
        (void)close(fd);
    }
    return moved;
}

/* Waits until the shell itself is in the foreground: it may have been started behind. */
static bool start_control(void)
{
    pid_t owner;

    jobs.terminal = open_terminal();
    if (jobs.terminal < 0) {
        return false;
    }
    for (;;) {
        owner = tcgetpgrp(jobs.terminal);
        if (owner < 0) {
            (void)close(jobs.terminal);
            jobs.terminal = -1;
            return false;
        }
        if (owner == getpgrp()) {
            break;
        }
        (void)killpg(0, SIGTTIN);
    }
    jobs.first_group = owner;
    jobs.group = getpid();
    trap_setup();
    (void)setpgid(0, jobs.group);
    give_terminal(jobs.group);
    save_modes();
    return true;
}

void jobs_control_changed(void)
{
    if (!shell.job_control) {
        jobs_fini();
        trap_setup();
        return;
    }
    if (!start_control()) {
        shell_error("can't access tty; job control turned off");
        shell.job_control = false;
    }
}

void jobs_fini(void)
{
    if (jobs.terminal >= 0 && !shell.subshell) {
        give_terminal(jobs.first_group);
        (void)setpgid(0, jobs.first_group);
        (void)close(jobs.terminal);
        jobs.terminal = -1;
    }
}
