/* SPDX-License-Identifier: MIT */
/*
 * Processes and signals as a C program sees them, through musl and the POSIX layer. It passes on
 * Linux too.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned int count, failed;
static volatile sig_atomic_t seen, seen_code, seen_value, seen_pid;

static void ok(bool is_ok, const char *what)
{
    count++;
    failed += is_ok ? 0 : 1;
    printf("%sok %u - %s\n", is_ok ? "" : "not ", count, what);
}

static void note(int number, siginfo_t *info, void *context)
{
    (void)context;
    seen = number;
    seen_code = info->si_code;
    seen_value = info->si_value.sival_int;
    seen_pid = info->si_pid;
}

static void on(int number, int flags)
{
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | flags};
    sigaction(number, &action, NULL);
    seen = 0;
}

static int status_of(pid_t pid)
{
    int status = -1;
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void nap(long milliseconds)
{
    struct timespec time = {.tv_nsec = milliseconds * 1000000};
    nanosleep(&time, NULL);
}

static pid_t sleeper(void)
{
    pid_t pid = fork();
    while (pid == 0) {
        pause();
    }
    return pid;
}

static void test_fork(void)
{
    int value = 1;
    pid_t pid = fork();
    if (pid == 0) {
        value = getppid() > 1 ? 5 : 6;
        _exit(value);
    }
    ok(pid > 1, "fork");
    int status = status_of(pid);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 5, "exit status");
    ok(value == 1, "own memory");
    ok(waitpid(-1, NULL, 0) == -1 && errno == ECHILD, "no child: ECHILD");
    ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "nor without waiting");
    pid = fork();
    if (pid == 0) {
        abort();
    }
    status = status_of(pid);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "abort");
    pid = fork();
    if (pid == 0) {
        *(volatile int *)16 = 1;
    }
    status = status_of(pid);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a bad pointer");
    pid = vfork();
    if (pid == 0) {
        _exit(7);
    }
    ok(WEXITSTATUS(status_of(pid)) == 7, "vfork");
}

static void test_wait(void)
{
    siginfo_t info;
    struct rusage usage;
    pid_t first = sleeper(), second = sleeper();
    ok(waitpid(-1, NULL, WNOHANG) == 0, "nothing yet");
    setpgid(first, first);
    setpgid(second, first);
    ok(getpgid(second) == first, "a group of two");
    kill(second, SIGTERM);
    memset(&info, 0, sizeof info);
    ok(waitid(P_PGID, (id_t)first, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == second &&
           info.si_code == CLD_KILLED && info.si_status == SIGTERM,
       "waitid by group, and it stays");
    ok(wait4(-first, NULL, 0, &usage) == second, "wait4 by group");
    kill(first, SIGSTOP);
    int status = 0;
    ok(waitpid(first, &status, WUNTRACED) == first && WIFSTOPPED(status) &&
           WSTOPSIG(status) == SIGSTOP,
       "stopped");
    kill(first, SIGCONT);
    ok(waitpid(first, &status, WCONTINUED) == first && WIFCONTINUED(status), "continued");
    killpg(first, SIGKILL);
    status = status_of(first);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "killpg");
}

static void test_handlers(void)
{
    sigset_t set, old;
    on(SIGUSR1, 0);
    raise(SIGUSR1);
    ok(seen == SIGUSR1 && seen_code == SI_TKILL, "raise runs the handler");
    seen = 0;
    kill(getpid(), SIGUSR1);
    ok(seen == SIGUSR1 && seen_code == SI_USER && seen_pid == getpid(), "kill to ourselves");
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    seen = 0;
    kill(getpid(), SIGUSR1);
    sigset_t pending;
    sigpending(&pending);
    ok(seen == 0 && sigismember(&pending, SIGUSR1) == 1, "blocked, it is pending");
    ok(sigsuspend(&old) == -1 && errno == EINTR && seen == SIGUSR1, "sigsuspend lets it through");
    sigprocmask(SIG_SETMASK, &old, NULL);
    on(SIGUSR1, SA_RESTART);
    pid_t pid = fork();
    if (pid == 0) {
        union sigval value = {.sival_int = 42};
        sigqueue(getppid(), SIGUSR1, value);
        _exit(0);
    }
    ok(status_of(pid) == 0 && seen == SIGUSR1 && seen_value == 42 && seen_pid == pid,
       "sigqueue of a child, with its value");
    signal(SIGUSR1, SIG_IGN);
    kill(getpid(), SIGUSR1);
    ok(true, "an ignored one does nothing");
    signal(SIGUSR1, SIG_DFL);
}

static void test_wait_for_signals(void)
{
    sigset_t set;
    siginfo_t info;
    struct timespec time = {.tv_nsec = 20000000};
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    ok(sigtimedwait(&set, &info, &time) == -1 && errno == EAGAIN, "sigtimedwait: nothing comes");
    pid_t pid = fork();
    if (pid == 0) {
        nap(20);
        kill(getppid(), SIGTERM);
        _exit(0);
    }
    ok(sigwaitinfo(&set, &info) == SIGTERM && info.si_pid == pid, "sigwait sleeps until it comes");
    status_of(pid);
    for (int i = 1; i <= 3; i++) {
        union sigval value = {.sival_int = i};
        sigqueue(getpid(), SIGRTMIN + 1, value);
    }
    int sum = 0;
    for (int i = 1; i <= 3; i++) {
        sum += sigwaitinfo(&set, &info) == SIGRTMIN + 1 && info.si_value.sival_int == i;
    }
    ok(sum == 3, "real-time signals come in their order");
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void test_interrupts(void)
{
    on(SIGALRM, 0);
    /* Again and again: the first may come before the wait begins. */
    struct itimerval timer = {.it_value.tv_usec = 20000, .it_interval.tv_usec = 20000};
    struct itimerval none = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &timer, NULL);
    pid_t pid = sleeper();
    ok(waitpid(pid, NULL, 0) == -1 && errno == EINTR && seen == SIGALRM, "wait is interrupted");
    on(SIGALRM, SA_RESTART);
    setitimer(ITIMER_REAL, &timer, NULL);
    pid_t other = fork();
    if (other == 0) {
        nap(60);
        kill(pid, SIGKILL);
        _exit(0);
    }
    ok(status_of(pid) == SIGKILL && seen == SIGALRM, "or goes on after the handler");
    setitimer(ITIMER_REAL, &none, NULL);
    status_of(other);
    ok(alarm(100) == 0 && alarm(0) > 90, "alarm tells what was left");
    signal(SIGALRM, SIG_DFL);
    pid = fork();
    if (pid == 0) {
        ualarm(1000, 0);
        for (;;) {
        }
    }
    ok(status_of(pid) == SIGALRM, "an alarm ends who does not catch it");
}

static void test_children(void)
{
    on(SIGCHLD, 0);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(3);
    }
    while (seen == 0) {
        nap(5);
    }
    ok(seen_code == CLD_EXITED && seen_pid == pid, "SIGCHLD");
    ok(WEXITSTATUS(status_of(pid)) == 3, "and the child is there");
    signal(SIGCHLD, SIG_IGN);
    pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    ok(waitpid(pid, NULL, 0) == -1 && errno == ECHILD, "ignored: nobody to wait for");
    signal(SIGCHLD, SIG_DFL);
}

static void *thread_main(void *argument)
{
    sigset_t set;
    (void)argument;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    while (seen == 0) {
        nap(1000);
    }
    return (void *)1;
}

static void test_threads(void)
{
    pthread_t thread;
    void *result = NULL;
    sigset_t set;
    on(SIGUSR2, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    pthread_create(&thread, NULL, thread_main, NULL);
    nap(20);
    pid_t pid = fork();
    if (pid == 0) {
        kill(getppid(), SIGUSR2);
        _exit(0);
    }
    status_of(pid);
    pthread_join(thread, &result);
    ok(result == (void *)1 && seen == SIGUSR2,
       "a signal goes to the thread that does not block it");
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGUSR2, SIG_DFL);
}

static volatile unsigned long *counters; /* shared with the child */

static void *spin(void *argument)
{
    for (;;) {
        counters[(size_t)argument]++;
    }
    return NULL;
}

static void test_threads_stop(void)
{
    pthread_t thread;
    int status = 0;
    void *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ok(shared != MAP_FAILED, "memory for both");
    counters = shared;
    pid_t pid = fork();
    if (pid == 0) {
        pthread_create(&thread, NULL, spin, (void *)1);
        spin(NULL);
    }
    while (counters[0] == 0 || counters[1] == 0) {
        nap(5);
    }
    kill(pid, SIGSTOP);
    ok(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status), "a child with threads stops");
    nap(60); /* the others stop with the next tick */
    unsigned long first = counters[0], second = counters[1];
    nap(120);
    ok(counters[0] == first && counters[1] == second, "all of them");
    kill(pid, SIGCONT);
    while (counters[0] == first || counters[1] == second) {
        nap(5);
    }
    kill(pid, SIGKILL);
    ok(status_of(pid) == SIGKILL, "and all go on, and end");
}

static void test_sessions(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        bool is_right = setsid() == getpid() && getsid(0) == getpid() && getpgrp() == getpid() &&
                        setsid() == -1 && errno == EPERM;
        _exit(is_right ? 0 : 1);
    }
    ok(status_of(pid) == 0, "setsid");
    ok(kill(30000, 0) == -1 && errno == ESRCH, "nobody there");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    test_fork();
    test_wait();
    test_handlers();
    test_wait_for_signals();
    test_interrupts();
    test_children();
    test_threads();
    test_threads_stop();
    test_sessions();
    printf("1..%u\n# %u failed\nTAP done\n", count, failed);
    return failed > 0;
}
