/* SPDX-License-Identifier: MIT */
/* Processes, files and signals together, in the whole system. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int number;

static void check(int is_ok, const char *what)
{
    int error = errno;

    printf("%s %d - %s", is_ok ? "ok" : "not ok", ++number, what);
    printf(is_ok ? "\n" : " (%s)\n", strerror(error));
}

static volatile sig_atomic_t caught;

static void handler(int signal)
{
    caught = signal;
}

static int child_status(pid_t pid)
{
    int status = -1;

    return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void test_fork(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        _exit(7);
    }
    int status = child_status(pid);
    check(pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 7, "fork and wait");
    pid = fork();
    if (pid == 0) {
        abort();
    }
    status = child_status(pid);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "a child dies of a signal");
    pid = fork();
    if (pid == 0) {
        *(volatile int *)8 = 1;
    }
    status = child_status(pid);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a bad address is SIGSEGV");
}

static void test_pipe(void)
{
    int ends[2];
    char text[64];

    check(pipe(ends) == 0, "pipe");
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        dup2(ends[1], 1);
        execl("/bin/suite", "suite", "child", "a b", (char *)NULL);
        _exit(126);
    }
    close(ends[1]);
    ssize_t length = 0, now;
    while ((now = read(ends[0], text + length, sizeof text - (size_t)length)) > 0) {
        length += now;
    }
    close(ends[0]);
    check(length == 13 && memcmp(text, "child of a b\n", 13) == 0, "execve, its output by a pipe");
    check(WEXITSTATUS(child_status(pid)) == 5, "its exit status");

    check(pipe(ends) == 0 && close(ends[0]) == 0, "a pipe that nobody reads");
    signal(SIGPIPE, handler);
    check(write(ends[1], "x", 1) == -1 && errno == EPIPE && caught == SIGPIPE, "SIGPIPE, EPIPE");
    signal(SIGPIPE, SIG_DFL);
    close(ends[1]);
}

static void test_interrupt(void)
{
    struct sigaction action = {.sa_handler = handler};
    int ends[2];
    char byte;

    check(pipe(ends) == 0 && sigaction(SIGALRM, &action, NULL) == 0, "a read that waits");
    alarm(1);
    check(read(ends[0], &byte, 1) == -1 && errno == EINTR && caught == SIGALRM, "is interrupted");
    close(ends[0]);
    close(ends[1]);
}

static void test_exec(void)
{
    char name[] = "x";
    char *const arguments[] = {name, NULL};

    check(execv("/bin/nothing", arguments) == -1 && errno == ENOENT, "execve of nothing");
    check(execv("/dev", arguments) == -1 && errno == EACCES, "of a directory");
    const pid_t pid = fork();
    if (pid == 0) {
        if (mkdir("/tmp/cell", 0700) != 0 || chroot("/tmp/cell") != 0) {
            _exit(1);
        }
        execl("/bin/suite", "suite", "child", "x", (char *)NULL);
        _exit(errno == ENOENT ? 3 : 2);
    }
    check(WEXITSTATUS(child_status(pid)) == 3, "a path counts from the root that chroot made");
}

static void *spin(void *argument)
{
    for (;;) {
        write(-1, argument, 0);
    }
    return NULL;
}

static void test_exec_threads(void)
{
    const pid_t pid = fork();

    if (pid == 0) {
        pthread_t ids[3];
        for (int i = 0; i < 3; i++) {
            pthread_create(&ids[i], NULL, spin, NULL);
        }
        close(1);
        execl("/bin/suite", "suite", "child", "x", (char *)NULL);
        _exit(1);
    }
    check(WEXITSTATUS(child_status(pid)) == 5, "execve ends the other threads");
}

static void *exec_thread(void *argument)
{
    execl("/bin/suite", "suite", "catch", (char *)NULL);
    return argument;
}

static void test_exec_in_thread(void)
{
    const struct timespec while_it_starts = {0, 300000000};
    const pid_t pid = fork();

    if (pid == 0) {
        pthread_t id;
        pthread_create(&id, NULL, exec_thread, NULL);
        pause();
        _exit(1);
    }
    nanosleep(&while_it_starts, NULL);
    kill(pid, SIGTERM);
    check(WEXITSTATUS(child_status(pid)) == 9, "a program that another thread loaded gets signals");
}

/* Makes no call that could see a signal. */
static int wait_for_term(void)
{
    signal(SIGTERM, handler);
    alarm(10);
    while (caught == 0) {
    }
    return 9;
}

static char alternate[16384];
static int was_alternate;

static void clobber(int signal)
{
    const char here = (char)signal;

    was_alternate = &here > alternate && &here < alternate + sizeof alternate;
    __asm__ volatile("pcmpeqd %%xmm7, %%xmm7" : : : "xmm7");
}

/* A handler on a stack of its own, and what it does to registers that calls preserve. */
static void test_frame(void)
{
    const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    struct sigaction action = {.sa_handler = clobber, .sa_flags = SA_ONSTACK};
    const unsigned long pattern = 0x1122334455667788;
    unsigned long found = 0;
    long result = SYS_kill;

    check(sigaltstack(&stack, NULL) == 0 && sigaction(SIGUSR2, &action, NULL) == 0, "sigaltstack");
    __asm__ volatile("movq %2, %%xmm7\n\tsyscall\n\tmovq %%xmm7, %1"
                     : "+a"(result), "=r"(found)
                     : "r"(pattern), "D"((long)getpid()), "S"((long)SIGUSR2)
                     : "rcx", "r11", "xmm7", "memory");
    check(result == 0 && was_alternate, "a handler runs there");
    check(found == pattern, "and vector registers stay");
}

#define DAMAGED      "/tmp/damaged"
#define DAMAGES      200
#define HEADER_BYTES 400

static long free_kib(void)
{
    long kib = -1;
    char line[80];
    FILE *file = fopen("/proc/meminfo", "r");

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "MemFree: %ld", &kib);
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib;
}

static int damaged_run(void)
{
    char name[] = DAMAGED, word[] = "child";
    char *const arguments[] = {name, word, word, NULL};
    const pid_t pid = fork();

    if (pid == 0) {
        close(1);
        close(2);
        alarm(2); /* it may do anything */
        execv(DAMAGED, arguments);
        _exit(errno == ENOEXEC ? 100 : 101);
    }
    return child_status(pid);
}

/* A program whose headers are damaged is refused, or dies of it, or is none the worse. */
static void test_damaged(void)
{
    static char bytes[1 << 20];
    int file = open("/bin/suite", O_RDONLY);
    const ssize_t size = read(file, bytes, sizeof bytes);
    unsigned seed = 1;
    int refused = 0, strange = 0;
    long before = 0;

    close(file);
    for (int i = 0; i < DAMAGES; i++) {
        file = open(DAMAGED, O_WRONLY | O_CREAT | O_TRUNC, 0755);
        if (write(file, bytes, (size_t)size) != size) {
            strange++;
        }
        for (int changes = 0; changes < 2; changes++) {
            seed = seed * 1103515245 + 12345;
            const char byte = (char)(seed >> 24);
            if (pwrite(file, &byte, 1, (seed >> 8) % HEADER_BYTES) != 1) {
                strange++;
            }
        }
        close(file);
        const int status = damaged_run();
        refused += WIFEXITED(status) && WEXITSTATUS(status) == 100;
        strange += WIFEXITED(status) && WEXITSTATUS(status) == 101;
        if (i == DAMAGES / 2) {
            before = free_kib();
        }
    }
    unlink(DAMAGED);
    check(refused > DAMAGES / 4 && strange == 0, "damaged programs are refused");
    check(free_kib() >= before - 256, "and leave nothing behind");
}

/* --- vfork and posix_spawn ------------------------------------------------------------------- */

#define SCRIPT "/tmp/script"

static int file_count(void)
{
    int count = 0;

    for (int i = 0; i < 64; i++) {
        count += fcntl(i, F_GETFD) >= 0;
    }
    return count;
}

/* What a program finds: one line, and how many files. */
static int look(void)
{
    struct sigaction action;
    sigset_t blocked;
    char folder[100] = "?";

    sigaction(SIGUSR1, NULL, &action);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    if (getcwd(folder, sizeof folder) == NULL) {
        return -1;
    }
    printf("umask %o, %s, %s, %s, %s\n", umask(0), action.sa_handler == SIG_IGN ? "ignored" : "-",
           sigismember(&blocked, SIGUSR2) ? "blocked" : "-", getpgrp() == getpid() ? "leads" : "-",
           folder);
    return file_count();
}

static pid_t spawn_look(const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *how)
{
    static char name[] = "suite", what[] = "look";
    char *arguments[] = {name, what, NULL};
    pid_t pid = -1;

    errno = posix_spawn(&pid, "/bin/suite", actions, how, arguments, environ);
    return pid;
}

static void test_spawn_inherits(void)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t how;
    sigset_t blocked;
    char text[200] = "";
    int ends[2];
    const int before = file_count();

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    if (pipe(ends) != 0 || chdir("/tmp") != 0) {
        check(0, "a pipe and a folder");
    }
    signal(SIGUSR1, SIG_IGN);
    umask(027);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    posix_spawnattr_init(&how);
    posix_spawnattr_setsigmask(&how, &blocked);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    const int status = child_status(spawn_look(&actions, &how));
    close(ends[1]);
    const ssize_t size = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    check(WIFEXITED(status) && WEXITSTATUS(status) == before, "what is spawned has its files only");
    check(size > 0 && strcmp(text, "umask 27, ignored, blocked, leads, /tmp\n") == 0,
          "and what it inherits");
    check(umask(022) == 027, "the umask stays");
    check(file_count() == before, "and so do the files");
    signal(SIGUSR1, SIG_DFL);
    for (int i = 0; i < 12; i++) {
        (void)dup(1);
    }
    const int many = child_status(spawn_look(NULL, NULL));
    check(WIFEXITED(many) && WEXITSTATUS(many) == before + 12, "many files are inherited");
    for (int i = 0; i < 12; i++) {
        close(before + i);
    }
    if (chdir("/") != 0) {
        check(0, "back to the root");
    }
}

/* What a child changes that shares the memory is not its parent's, and it is a process of its own.
 */
static void test_vfork(void)
{
    const pid_t parent = getpid();
    static char name[] = "none";
    char *arguments[] = {name, NULL}, folder[100] = "";
    struct sigaction action;

    signal(SIGTERM, handler);
    pid_t pid = vfork();
    if (pid == 0) {
        close(0);
        close(1);
        umask(0);
        signal(SIGTERM, SIG_DFL);
        if (chdir("/tmp") == 0 && dup2(2, 20) == 20 && open("/bin/suite", O_RDONLY) == 0) {
            execve("/bin/none", arguments, environ);
        }
        _exit(errno == ENOENT ? 3 : 4);
    }
    int status = child_status(pid);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 3, "a vfork whose exec fails");
    sigaction(SIGTERM, NULL, &action);
    check(action.sa_handler == handler && umask(022) == 022 && fcntl(0, F_GETFD) == 0 &&
              fcntl(20, F_GETFD) < 0 && strcmp(getcwd(folder, sizeof folder), "/") == 0,
          "has changed nothing of its parent");
    signal(SIGTERM, SIG_DFL);
    pid = vfork();
    if (pid == 0) {
        close(0);
        _exit(getpid() != parent && getppid() == parent && fcntl(0, F_GETFD) < 0 ? 6 : 1);
    }
    status = child_status(pid);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 6 && fcntl(0, F_GETFD) == 0,
          "a vfork is a process of its own");
    caught = 0;
    signal(SIGUSR1, handler);
    pid = vfork();
    if (pid == 0) {
        kill(parent, SIGUSR1);
        _exit(0);
    }
    check(child_status(pid) == 0 && caught == SIGUSR1, "its parent gets its signals");
    signal(SIGUSR1, SIG_DFL);
    pid = vfork();
    if (pid == 0) {
        *(volatile int *)8 = 1;
    }
    status = child_status(pid);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "its fault is its own");
}

static void *thread_spawn(void *argument)
{
    *(int *)argument = child_status(spawn_look(NULL, NULL));
    return argument;
}

static void test_spawn_programs(void)
{
    static const char script[] = "#!/bin/suite child\n";
    static char name[] = "name";
    char *arguments[] = {name, NULL};
    pthread_t thread;
    pid_t pid;
    int status = -1;
    int file = open(SCRIPT, O_CREAT | O_WRONLY | O_TRUNC, 0755);

    check(write(file, script, sizeof script - 1) == sizeof script - 1 && close(file) == 0,
          "a script");
    errno = posix_spawn(&pid, SCRIPT, NULL, NULL, arguments, environ);
    check(errno == 0 && WEXITSTATUS(child_status(pid)) == 5, "is spawned");
    unlink(SCRIPT);
    errno = posix_spawn(&pid, "/bin/native", NULL, NULL, arguments, environ);
    check(errno == 0 && WIFEXITED(child_status(pid)), "a program of Quay too");
    check(posix_spawn(&pid, "/bin/none", NULL, NULL, arguments, environ) == ENOENT,
          "what is missing");
    check(posix_spawn(&pid, "/tmp", NULL, NULL, arguments, environ) == EACCES,
          "what is no program");
    check(pthread_create(&thread, NULL, thread_spawn, &status) == 0 &&
              pthread_join(thread, NULL) == 0 && WIFEXITED(status),
          "a thread spawns beside others");
}

/* --- memory ---------------------------------------------------------------------------------- */

#define MAPPINGS 200

static char *pages(size_t count, int protection)
{
    return mmap(NULL, count * 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Whether a child that writes there dies. */
static int is_closed(volatile char *at)
{
    pid_t pid = fork();

    if (pid == 0) {
        *at = 1;
        _exit(0);
    }
    const int status = child_status(pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static void test_memory(void)
{
    const int both = PROT_READ | PROT_WRITE;
    char *all = pages(MAPPINGS, PROT_NONE), *room;
    int is_ok = all != MAP_FAILED;

    check(is_ok && is_closed(all), "room without access");
    for (int i = 0; is_ok && i < MAPPINGS; i += 2) { /* many ranges */
        is_ok = mprotect(all + i * 4096, 4096, both) == 0;
        all[i * 4096] = (char)i;
    }
    for (int i = 0; is_ok && i < MAPPINGS; i += 2) {
        is_ok = all[i * 4096] == (char)i && all[i * 4096 + 1] == 0;
    }
    check(is_ok && is_closed(all + 4096) && munmap(all, MAPPINGS * 4096) == 0, "in parts");
    room = pages(8, PROT_NONE);
    check(mprotect(room + 4096, 7 * 4096, both) == 0 && is_closed(room) && (room[4096] = 5) == 5 &&
              mprotect(room, 8 * 4096, both) == 0 && room[0] == 0 && room[4096] == 5,
          "its end, and then all");
    check(mprotect(room, 8 * 4096, PROT_NONE) == 0 && is_closed(room + 4096) &&
              mprotect(room, 8 * 4096, PROT_READ) == 0 && room[4096] == 5,
          "closed and opened again");
    check(munmap(room, 8 * 4096) == 0 && mprotect(room, 4096, both) == -1 && errno == ENOMEM,
          "and gone");
    room = pages(4, PROT_NONE);
    check(madvise(room, 4 * 4096, MADV_DONTNEED) == 0 &&
              (room = mremap(room, 4 * 4096, 64 * 4096, MREMAP_MAYMOVE)) != MAP_FAILED &&
              is_closed(room) && mprotect(room, 64 * 4096, both) == 0 && (room[63 * 4096] = 1) &&
              munmap(room, 64 * 4096) == 0,
          "it grows without memory");
}

/* Its frames are read into before they are touched. */
static int deep(int levels)
{
    char page[32768];
    int file = open("/bin/suite", O_RDONLY);
    int is_ok = file >= 0 && read(file, page, sizeof page) > 4096 && page[1] == 'E';

    close(file);
    return is_ok && (levels == 0 || deep(levels - 1)) && page[2] == 'L';
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && strcmp(argv[1], "child") == 0) {
        printf("child of %s\n", argv[2]);
        return 5;
    }
    if (argc > 1 && strcmp(argv[1], "catch") == 0) {
        return wait_for_term();
    }
    if (argc > 1 && strcmp(argv[1], "look") == 0) {
        return look();
    }
    check(argc == 3 && strcmp(argv[2], "two words") == 0, "arguments");
    check(getenv("HOME") != NULL && strcmp(getenv("HOME"), "/root") == 0, "environment");
    test_fork();
    check(deep(100), "a stack of some megabytes");
    test_exec();
    test_memory();
    test_spawn_inherits();
    test_vfork();
    test_spawn_programs();
    test_pipe();
    test_interrupt();
    test_exec_threads();
    test_exec_in_thread();
    test_frame();
    test_damaged();
    printf("1..%d\n", number);
    return 0;
}
