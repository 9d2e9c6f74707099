/* SPDX-License-Identifier: MIT */
/* Processes, threads, signals. */
#include "bench.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static volatile sig_atomic_t handled;

static bool getpid_run(void)
{
    for (unsigned i = 0; i < 100; i++) {
        (void)syscall(SYS_getpid);
    }
    return true;
}

static bool ended_well(pid_t pid)
{
    int status;
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static bool fork_wait_run(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    return pid > 0 && ended_well(pid);
}

/* The program itself, which exits at once with this argument. */
bool spawn_wait_run(void)
{
    static char name[] = "posixbench", argument[] = "exit";
    char *arguments[] = {name, argument, NULL};
    pid_t pid;
    errno = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ);
    return errno == 0 && ended_well(pid);
}

static void *thread_body(void *argument)
{
    return argument;
}

static bool thread_join_run(void)
{
    pthread_t thread;
    errno = pthread_create(&thread, NULL, thread_body, NULL);
    return errno == 0 && pthread_join(thread, NULL) == 0;
}

static void handler(int signal)
{
    (void)signal;
    handled++;
}

static bool signal_begin(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    return sigaction(SIGUSR1, &action, NULL) == 0;
}

static bool signal_run(void)
{
    sig_atomic_t before = handled;
    return kill(getpid(), SIGUSR1) == 0 && handled == before + 1;
}

const struct row rows_process[] = {
    {"linux_getpid", NULL, getpid_run, NULL, 100, 100},
    {"fork_wait", NULL, fork_wait_run, NULL, 50, 1},
    {"thread_join", NULL, thread_join_run, NULL, 100, 1},
    {"signal_self", signal_begin, signal_run, NULL, 500, 1},
    {0},
};
