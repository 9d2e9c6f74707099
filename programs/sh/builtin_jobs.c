/* SPDX-License-Identifier: MIT */
/* Builtins about processes and signals. */
#include "builtins.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/times.h>
#include <unistd.h>

#include "jobs.h"
#include "shell.h"
#include "trap.h"
#include "variable.h"

static struct job *find(const char *command, const char *name)
{
    struct job *job = job_find(name);

    if (!job) {
        shell_error("%s: No such job: %s", command, name ? name : "%+");
    }
    return job;
}

int builtin_jobs(int argc, char **argv)
{
    int index = 1;
    int position = 0;
    bool long_form = false;
    bool only_processes = false;
    struct job *next;
    int letter;

    while ((letter = builtin_option(argc, argv, "lp", &index, &position))) {
        if (letter == '?') {
            return 2;
        }
        long_form = long_form || letter == 'l';
        only_processes = only_processes || letter == 'p';
    }
    (void)jobs_collect(false);
    for (struct job *job = job_first(); job; job = next) {
        next = job->next;
        if (index < argc && find(argv[0], argv[index]) != job) {
            continue;
        }
        if (only_processes && job->count) {
            printf("%d\n", job->processes[0].pid);
        } else {
            job_print(job, long_form, false);
        }
        job->told = true;
        if (job_state(job) == PROCESS_DONE) {
            job_forget(job);
        }
    }
    return 0;
}

static int go_on(int argc, char **argv, bool foreground)
{
    struct job *job = find(argv[0], argc > 1 ? argv[1] : NULL);

    if (!job) {
        return 2;
    }
    if (!shell.job_control) {
        shell_error("%s: job %s not created under job control", argv[0], argc > 1 ? argv[1] : "%+");
        return 2;
    }
    if (foreground) {
        printf("%s\n", job->text);
    } else {
        printf("[%u] %s\n", job->number, job->text);
    }
    (void)fflush(stdout);
    return job_continue(job, foreground);
}

int builtin_foreground(int argc, char **argv)
{
    return go_on(argc, argv, true);
}

int builtin_background(int argc, char **argv)
{
    return go_on(argc, argv, false);
}

/* Until the job is no longer running, or a signal with a trap comes: its number then. */
static int wait_for(const struct job *job)
{
    while (!job || job_state(job) == PROCESS_RUNNING) {
        bool running = false;

        for (const struct job *other = job_first(); other; other = other->next) {
            running = running || job_state(other) == PROCESS_RUNNING;
        }
        if (!running) {
            break;
        }
        if (!jobs_collect(true)) {
            if (errno == ECHILD) {
                break;
            }
            if (trap_pending_signal() || shell_interrupted()) {
                return trap_pending_signal() ? trap_pending_signal() : SIGINT;
            }
        }
    }
    return 0;
}

static void forget_done(void)
{
    struct job *next;

    for (struct job *job = job_first(); job; job = next) {
        next = job->next;
        if (job_state(job) == PROCESS_DONE) {
            job_forget(job);
        }
    }
}

int builtin_wait(int argc, char **argv)
{
    int status = 0;

    if (argc == 1) {
        int signal = wait_for(NULL);

        forget_done();
        return signal ? 128 + signal : 0;
    }
    for (int index = 1; index < argc; index++) {
        struct job *job = job_find(argv[index]);
        int signal = job ? wait_for(job) : 0;

        if (signal) {
            return 128 + signal;
        }
        status = job ? job_status(job) : 127;
        if (job && job_state(job) == PROCESS_DONE) {
            job_forget(job);
        }
    }
    return status;
}

/* --- kill --- */

static int list_signals(int argc, char **argv)
{
    if (argc > 2) {
        int status = atoi(argv[2]);
        int number = status > 128 ? status - 128 : signal_number(argv[2]);

        if (number < 0 || number >= TRAP_SIGNALS || !signal_name(number)) {
            shell_error("kill: invalid signal number or exit status: %s", argv[2]);
            return 1;
        }
        if (strspn(argv[2], "0123456789") == strlen(argv[2])) {
            puts(signal_name(number));
        } else {
            printf("%d\n", number);
        }
        return 0;
    }
    for (int number = 1; number < TRAP_SIGNALS; number++) {
        if (signal_name(number)) {
            puts(signal_name(number));
        }
    }
    return 0;
}

/* A job that is stopped has to go on to see that it is to end. */
static void wake_stopped(struct job *job, int signal)
{
    if (job && job->group && job_state(job) == PROCESS_STOPPED &&
        (signal == SIGTERM || signal == SIGHUP || signal == SIGCONT)) {
        (void)job_continue(job, false);
    }
}

static bool send(const char *target, int signal)
{
    struct job *job = NULL;
    char *end;
    long pid = strtol(target, &end, 10);

    if (target[0] == '%') {
        job = find("kill", target);
        if (!job || !job->count) {
            return false;
        }
        pid = job->group ? -job->group : job->processes[0].pid;
    } else if (!*target || *end) {
        shell_error("kill: Illegal number: %s", target);
        return false;
    }
    if (kill((pid_t)pid, signal) != 0) {
        shell_error("kill: %s", strerror(errno));
        return false;
    }
    wake_stopped(job, signal);
    return true;
}

int builtin_kill(int argc, char **argv)
{
    int signal = SIGTERM;
    int index = 1;
    int status = 0;

    if (argc > 1 && strcmp(argv[1], "-l") == 0) {
        return list_signals(argc, argv);
    }
    if (argc > 1 && argv[1][0] == '-' && argv[1][1] && strcmp(argv[1], "--") != 0) {
        const char *name = argv[1] + 1;

        if (*name == 's') {
            name = name[1] ? name + 1 : argc > 2 ? argv[++index] : "";
        }
        signal = signal_number(name);
        index++;
        if (signal < 0) {
            shell_error("kill: invalid signal: %s", name);
            return 2;
        }
    } else if (argc > 1 && strcmp(argv[1], "--") == 0) {
        index++;
    }
    if (index >= argc) {
        shell_error(
            "Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or kill -l [exitstatus]");
        return 2;
    }
    for (; index < argc; index++) {
        status = send(argv[index], signal) ? status : 1;
    }
    return status;
}

/* --- trap --- */

static void print_traps(void)
{
    for (int signal = 0; signal < TRAP_SIGNALS; signal++) {
        if (trap_get(signal)) {
            (void)fputs("trap -- ", stdout);
            text_print_quoted(trap_get(signal));
            printf(" %s\n", signal_name(signal));
        }
    }
}

int builtin_trap(int argc, char **argv)
{
    const char *commands = NULL;
    int index = 1;
    int status = 0;

    if (index < argc && strcmp(argv[index], "--") == 0) {
        index++;
    }
    if (index >= argc) {
        print_traps();
        return 0;
    }
    /* With a number first, all are conditions that go back to what they were. */
    if (index + 1 < argc && strspn(argv[index], "0123456789") < strlen(argv[index])) {
        commands = argv[index++];
    } else if (index + 1 < argc && !*argv[index]) {
        commands = argv[index++];
    }
    if (commands && strcmp(commands, "-") == 0) {
        commands = NULL;
    }
    for (; index < argc; index++) {
        int signal = signal_number(argv[index]);

        if (signal < 0) {
            shell_error("trap: %s: bad trap", argv[index]);
            status = 1;
        } else {
            trap_set(signal, commands);
        }
    }
    return status;
}

static void print_time(clock_t ticks, long per_second, char end)
{
    double seconds = (double)ticks / (double)per_second;
    int minutes = (int)(seconds / 60);

    printf("%dm%.6fs%c", minutes, seconds - 60 * minutes, end);
}

int builtin_times(int argc, char **argv)
{
    long per_second = sysconf(_SC_CLK_TCK);
    struct tms used;

    (void)argc, (void)argv;
    (void)times(&used);
    print_time(used.tms_utime, per_second, ' ');
    print_time(used.tms_stime, per_second, '\n');
    print_time(used.tms_cutime, per_second, ' ');
    print_time(used.tms_cstime, per_second, '\n');
    return 0;
}
