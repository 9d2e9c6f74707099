/* SPDX-License-Identifier: MIT */
/*
 * Files as a C program sees them, through musl, the POSIX layer, vfs and file systems in memory. It
 * passes on Linux too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../shared/posix_tap.h"

static bool file_is(const char *path, const char *wanted)
{
    char text[256];
    int fd = open(path, O_RDONLY);
    ssize_t size = fd >= 0 ? read(fd, text, sizeof text) : -1;
    close(fd);
    return size == (ssize_t)strlen(wanted) && memcmp(text, wanted, (size_t)size) == 0;
}

static void file_put(const char *path, const char *text)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666);
    (void)!write(fd, text, strlen(text));
    close(fd);
}

static void test_open(void)
{
    char text[16];
    int fd = open("a", O_CREAT | O_EXCL | O_RDWR, 0640);
    ok(fd >= 0, "open makes a file");
    ok(write(fd, "hello", 5) == 5, "write");
    ok(FAILS(open("a", O_CREAT | O_EXCL | O_RDWR, 0640), EEXIST), "O_EXCL: EEXIST");
    ok(lseek(fd, 1, SEEK_SET) == 1 && read(fd, text, 16) == 4 && memcmp(text, "ello", 4) == 0,
       "lseek and read");
    ok(read(fd, text, 16) == 0, "the end");
    ok(pread(fd, text, 2, 3) == 2 && memcmp(text, "lo", 2) == 0, "pread");
    ok(pwrite(fd, "J", 1, 0) == 1 && file_is("a", "Jello"), "pwrite");
    int other = dup(fd);
    ok(lseek(other, 2, SEEK_SET) == 2 && lseek(fd, 0, SEEK_CUR) == 2, "dup shares the offset");
    ok(ftruncate(fd, 2) == 0 && file_is("a", "Je"), "ftruncate");
    ok(posix_fallocate(fd, 0, 3) == 0 && lseek(fd, 0, SEEK_END) == 3 && ftruncate(fd, 2) == 0,
       "posix_fallocate");
    close(other);
    close(fd);
    fd = open("a", O_WRONLY | O_APPEND);
    ok(write(fd, "st", 2) == 2 && file_is("a", "Jest"), "O_APPEND");
    ok(FAILS(read(fd, text, 1), EBADF), "not open for reading: EBADF");
    ok((fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND)) == (O_WRONLY | O_APPEND), "F_GETFL");
    close(fd);
    fd = open("a", O_RDONLY | O_TRUNC | O_WRONLY);
    close(fd);
    ok(file_is("a", ""), "O_TRUNC");
    ok(FAILS(open("a/b", O_RDONLY), ENOTDIR), "below a file: ENOTDIR");
    ok(FAILS(open("a", O_RDONLY | O_DIRECTORY), ENOTDIR), "O_DIRECTORY: ENOTDIR");
    ok(FAILS(open(".", O_WRONLY), EISDIR), "a directory to write: EISDIR");
    ok(FAILS(open("", O_RDONLY), ENOENT), "empty path: ENOENT");
    ok(FAILS(open((char *)16, O_RDONLY), EFAULT), "bad address: EFAULT");
    ok(unlink("a") == 0 && FAILS(unlink("a"), ENOENT), "unlink");
    fd = open("a", O_CREAT | O_RDWR, 0600);
    (void)!write(fd, "x", 1);
    unlink("a");
    ok(pread(fd, text, 1, 0) == 1 && text[0] == 'x', "a file lives while it is open");
    close(fd);
}

static void test_large(void)
{
    static char block[100000], back[100000];
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] = (char)(i * 7 + i / 251);
    }
    int fd = open("big", O_CREAT | O_RDWR, 0600);
    ok(write(fd, block, sizeof block) == sizeof block, "100,000 bytes at once");
    lseek(fd, 0, SEEK_SET);
    ok(read(fd, back, sizeof back) == sizeof back && memcmp(block, back, sizeof back) == 0,
       "and back");
    char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
    ok(map != MAP_FAILED && memcmp(map, block + 4096, 8192) == 0, "mapped, it is the file");
    if (map != MAP_FAILED) {
        memcpy(map, "shared", 6);
        ok(pread(fd, back, 6, 4096) == 6 && memcmp(back, "shared", 6) == 0,
           "MAP_SHARED writes to the file");
        (void)!pwrite(fd, "other", 5, 4096);
        ok(memcmp(map, "otherd", 6) == 0, "and shows what is written to it");
        munmap(map, 8192);
    }
    map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    ok(map != MAP_FAILED && memcmp(map, block, 4096) == 0, "MAP_PRIVATE");
    if (map != MAP_FAILED) {
        map[0] = (char)(block[0] + 1);
        ok(pread(fd, back, 1, 0) == 1 && back[0] == block[0], "what is written there stays there");
        munmap(map, 4096);
    }
    close(fd);
    unlink("big");
}

static void test_names(void)
{
    char text[64];
    struct stat info, other;
    ok(mkdir("d", 0755) == 0 && FAILS(mkdir("d", 0755), EEXIST), "mkdir");
    file_put("d/f", "one");
    ok(link("d/f", "g") == 0 && stat("g", &info) == 0 && info.st_nlink == 2, "link");
    stat("d/f", &other);
    ok(other.st_ino == info.st_ino && other.st_dev == info.st_dev && S_ISREG(info.st_mode) &&
           info.st_size == 3,
       "two names of one file");
    ok(FAILS(rmdir("d"), ENOTEMPTY), "rmdir: ENOTEMPTY");
    ok(FAILS(unlink("d"), EISDIR), "unlink of a directory: EISDIR");
    ok(rename("g", "d/h") == 0 && FAILS(stat("g", &info), ENOENT), "rename");
    ok(FAILS(rename("d", "d/e"), EINVAL), "into itself: EINVAL");
    ok(symlink("d/h", "l") == 0 && file_is("l", "one"), "symlink");
    ok(readlink("l", text, sizeof text) == 3 && memcmp(text, "d/h", 3) == 0, "readlink");
    ok(lstat("l", &info) == 0 && S_ISLNK(info.st_mode) && info.st_size == 3, "lstat");
    ok(FAILS(open("l", O_RDONLY | O_NOFOLLOW), ELOOP), "O_NOFOLLOW: ELOOP");
    symlink("m", "n");
    symlink("n", "m");
    ok(FAILS(open("m", O_RDONLY), ELOOP), "a circle of links: ELOOP");
    symlink("/tmp/d/../d", "abs");
    ok(file_is("abs/f", "one"), "absolute links, and .. in them");
    ok(chmod("d/f", 0400) == 0 && stat("d/f", &info) == 0 && (info.st_mode & 07777) == 0400,
       "chmod");
    struct timespec times[2] = {{1000, 5}, {2000, 7}};
    ok(utimensat(AT_FDCWD, "d/f", times, 0) == 0 && stat("d/f", &info) == 0 &&
           info.st_atim.tv_sec == 1000 && info.st_mtim.tv_sec == 2000 && info.st_mtim.tv_nsec == 7,
       "utimensat");
    const struct timespec early[2] = {{-1, 500000000}, {-2, 7}};
    ok(utimensat(AT_FDCWD, "d/f", early, 0) == 0 && stat("d/f", &info) == 0 &&
           info.st_atim.tv_sec == -1 && info.st_atim.tv_nsec == 500000000 &&
           info.st_mtim.tv_sec == -2 && info.st_mtim.tv_nsec == 7,
       "times before 1970");
    ok(truncate("d/h", 1) == 0 && file_is("d/f", "o"), "truncate");
    char name[300];
    memset(name, 'n', sizeof name);
    name[299] = 0;
    ok(FAILS(mkdir(name, 0700), ENAMETOOLONG), "a component of 299 bytes: ENAMETOOLONG");
    ok(access("d/f", R_OK) == 0 && FAILS(access("d/f", X_OK), EACCES) &&
           FAILS(access("none", F_OK), ENOENT),
       "access");
    int fd = open("d", O_RDONLY | O_DIRECTORY);
    ok(fstatat(fd, "f", &info, 0) == 0 && unlinkat(fd, "f", 0) == 0 &&
           renameat(fd, "h", AT_FDCWD, "moved") == 0,
       "fstatat, unlinkat, renameat");
    ok(fchdir(fd) == 0 && getcwd(text, sizeof text) != NULL && strcmp(text, "/tmp/d") == 0,
       "fchdir and getcwd");
    ok(chdir("..") == 0 && getcwd(text, sizeof text) != NULL && strcmp(text, "/tmp") == 0,
       "chdir ..");
    ok(getcwd(text, 2) == NULL && errno == ERANGE, "getcwd: ERANGE");
    close(fd);
    ok(chdir("/") == 0 && stat("..", &info) == 0 && stat("/", &other) == 0 &&
           info.st_ino == other.st_ino && chdir("/tmp") == 0,
       "above / is /");
    unlink("l");
    unlink("m");
    unlink("n");
    unlink("abs");
    unlink("moved");
    ok(rmdir("d") == 0, "rmdir");
}

static void test_long_path(void)
{
    char path[5000] = "";
    bool is_good = true;
    for (int i = 0; i < 20; i++) { /* 20 of 199 and a slash: 4000 bytes */
        char name[202];
        memset(name, 'a' + i, 199);
        name[199] = 0;
        is_good = is_good && mkdir(name, 0700) == 0 && chdir(name) == 0;
        strcat(path, name);
        strcat(path, "/");
    }
    ok(is_good, "a path of 4,000 bytes is made");
    ok(chdir("/tmp") == 0 && chdir(path) == 0, "and walked");
    file_put("x", "deep");
    ok(chdir("/tmp") == 0, "back");
    strcat(path, "x");
    ok(file_is(path, "deep"), "opened");
    ok(unlink(path) == 0, "removed");
    memset(path, 'p', 4999);
    ok(FAILS(open(path, O_RDONLY), ENAMETOOLONG), "4,999 bytes: ENAMETOOLONG");
    for (int i = 20; i > 0; i--) {
        chdir("/tmp");
        path[0] = 0;
        for (int j = 0; j < i; j++) {
            char name[202];
            memset(name, 'a' + j, 199);
            name[199] = 0;
            strcat(path, name);
            strcat(path, "/");
        }
        is_good = is_good && rmdir(path) == 0;
    }
    ok(is_good, "and removed again");
}

static void test_directory(void)
{
    char name[32];
    int seen[300] = {0}, entries = 0;
    mkdir("many", 0755);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "many/%d", i);
        file_put(name, "");
    }
    DIR *directory = opendir("many");
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            seen[atoi(entry->d_name)]++;
            entries++;
            snprintf(name, sizeof name, "many/%s", entry->d_name);
            unlink(name);
        }
    }
    bool is_good = entries == 300;
    for (int i = 0; i < 300; i++) {
        is_good = is_good && seen[i] == 1;
    }
    ok(is_good, "300 entries, each seen once while they are removed");
    rewinddir(directory);
    entries = 0;
    while (readdir(directory) != NULL) {
        entries++;
    }
    ok(entries == 2, "rewinddir");
    closedir(directory);
    ok(rmdir("many") == 0, "and the directory is empty");
    struct statvfs space;
    ok(statvfs("/tmp", &space) == 0 && space.f_bsize == 4096 && space.f_namemax == 255, "statvfs");
}

static volatile sig_atomic_t alarmed;

static void on_alarm(int number)
{
    alarmed = number;
}

static void test_pipe(void)
{
    static char block[200000];
    int ends[2];
    char text[16];
    ok(pipe(ends) == 0, "pipe");
    ok(write(ends[1], "abc", 3) == 3 && read(ends[0], text, 16) == 3, "through it");
    struct stat info;
    ok(fstat(ends[0], &info) == 0 && S_ISFIFO(info.st_mode), "it is a FIFO");
    ok(FAILS(lseek(ends[0], 0, SEEK_CUR), ESPIPE), "lseek: ESPIPE");
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    ok(FAILS(read(ends[0], text, 1), EAGAIN), "empty and O_NONBLOCK: EAGAIN");
    fcntl(ends[0], F_SETFL, 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        memset(block, 'w', sizeof block);
        ssize_t done = write(ends[1], block, sizeof block);
        _exit(done == sizeof block ? 0 : 1);
    }
    close(ends[1]);
    size_t total = 0;
    ssize_t got;
    while ((got = read(ends[0], block, 30000)) > 0) {
        total += (size_t)got;
    }
    int status = -1;
    waitpid(pid, &status, 0);
    ok(total == sizeof block && status == 0, "200,000 bytes from a child, then the end");
    close(ends[0]);
    pipe(ends);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    ok(FAILS(write(ends[1], "x", 1), EPIPE), "nobody reads: EPIPE");
    close(ends[1]);
    signal(SIGPIPE, SIG_DFL);
    pipe(ends);
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    pid = fork();
    if (pid == 0) {
        struct timespec time = {.tv_nsec = 50000000};
        nanosleep(&time, NULL);
        kill(getppid(), SIGALRM);
        _exit(0);
    }
    ok(FAILS(read(ends[0], text, 1), EINTR) && alarmed == SIGALRM, "a signal ends a read: EINTR");
    waitpid(pid, &status, 0);
    ok(write(ends[1], "y", 1) == 1 && read(ends[0], text, 1) == 1 && text[0] == 'y',
       "and it goes on");
    close(ends[0]);
    close(ends[1]);
}

static void test_fifo(void)
{
    char text[16];
    int status;
    ok(mkfifo("fifo", 0600) == 0, "mkfifo");
    ok(FAILS(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO), "nobody reads it: ENXIO");
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open("fifo", O_WRONLY);
        _exit(write(fd, "through", 7) == 7 ? 0 : 1);
    }
    int fd = open("fifo", O_RDONLY);
    ok(fd >= 0 && read(fd, text, 16) == 7 && memcmp(text, "through", 7) == 0, "open waits");
    waitpid(pid, &status, 0);
    ok(read(fd, text, 16) == 0, "the end");
    close(fd);
    unlink("fifo");
}

static void test_poll(void)
{
    int one[2], other[2];
    char byte;
    pipe(one);
    pipe(other);
    struct pollfd polled[3] = {{.fd = one[0], .events = POLLIN},
                               {.fd = other[0], .events = POLLIN}};
    ok(poll(polled, 2, 0) == 0, "poll: nothing");
    ok(poll(polled, 2, 20) == 0, "for a time");
    (void)!write(other[1], "x", 1);
    ok(poll(polled, 2, -1) == 1 && polled[0].revents == 0 && polled[1].revents == POLLIN,
       "one of two");
    (void)!read(other[0], &byte, 1);
    pid_t pid = fork();
    if (pid == 0) {
        struct timespec time = {.tv_nsec = 30000000};
        nanosleep(&time, NULL);
        (void)!write(one[1], "y", 1);
        _exit(0);
    }
    ok(poll(polled, 2, -1) == 1 && polled[0].revents == POLLIN, "it waits for one of two");
    waitpid(pid, NULL, 0);
    (void)!read(one[0], &byte, 1);
    polled[2] = (struct pollfd){.fd = 999, .events = POLLIN};
    ok(poll(polled, 3, -1) == 1 && polled[2].revents == POLLNVAL, "POLLNVAL");
    struct pollfd write_end = {.fd = one[1], .events = POLLOUT};
    ok(poll(&write_end, 1, -1) == 1 && write_end.revents == POLLOUT, "room to write");
    fd_set set;
    struct timeval time = {.tv_usec = 10000};
    FD_ZERO(&set);
    FD_SET(one[0], &set);
    ok(select(one[0] + 1, &set, NULL, NULL, &time) == 0 && !FD_ISSET(one[0], &set), "select");
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x123456789aul}, got;
    ok(epoll_ctl(epoll, EPOLL_CTL_ADD, one[0], &event) == 0 &&
           FAILS(epoll_ctl(epoll, EPOLL_CTL_ADD, one[0], &event), EEXIST),
       "epoll_ctl");
    ok(epoll_wait(epoll, &got, 1, 10) == 0, "epoll_wait: nothing");
    (void)!write(one[1], "z", 1);
    ok(epoll_wait(epoll, &got, 1, -1) == 1 && got.events == EPOLLIN &&
           got.data.u64 == 0x123456789aul,
       "epoll_wait");
    close(epoll);
    close(one[1]);
    (void)!read(one[0], &byte, 1);
    ok(poll(polled, 1, -1) == 1 && polled[0].revents == POLLHUP, "POLLHUP");
    close(one[0]);
    close(other[0]);
    close(other[1]);
}

static void test_locks(void)
{
    int status;
    int fd = open("lock", O_CREAT | O_RDWR, 0600);
    ok(flock(fd, LOCK_EX) == 0, "flock");
    pid_t pid = fork();
    if (pid == 0) {
        int mine = open("lock", O_RDWR);
        _exit(FAILS(flock(mine, LOCK_SH | LOCK_NB), EWOULDBLOCK) && flock(mine, LOCK_EX) == 0 ? 0
                                                                                              : 1);
    }
    struct timespec time = {.tv_nsec = 30000000};
    nanosleep(&time, NULL);
    flock(fd, LOCK_UN);
    waitpid(pid, &status, 0);
    ok(status == 0, "another description waits for it");
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10};
    ok(fcntl(fd, F_SETLK, &range) == 0, "a range");
    pid = fork();
    if (pid == 0) {
        struct flock mine = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 15, .l_len = 1};
        bool is_good = FAILS(fcntl(fd, F_SETLK, &mine), EAGAIN) || errno == EACCES;
        is_good = is_good && fcntl(fd, F_GETLK, &mine) == 0 && mine.l_type == F_WRLCK &&
                  mine.l_start == 10 && mine.l_len == 10;
        mine = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 20, .l_len = 1};
        _exit(is_good && fcntl(fd, F_SETLK, &mine) == 0 ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    ok(status == 0, "of another process");
    close(fd);
    unlink("lock");
}

static void test_special(void)
{
    char text[64] = {1};
    struct stat info;
    int fd = open("/dev/null", O_RDWR);
    ok(write(fd, "gone", 4) == 4 && read(fd, text, 4) == 0, "/dev/null");
    ok(fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == 0x103, "its number");
    close(fd);
    fd = open("/dev/zero", O_RDONLY);
    ok(read(fd, text, sizeof text) == sizeof text && text[0] == 0, "/dev/zero");
    close(fd);
    fd = open("/dev/full", O_WRONLY);
    ok(FAILS(write(fd, "x", 1), ENOSPC), "/dev/full: ENOSPC");
    close(fd);
    fd = open("/proc/mounts", O_RDONLY);
    ok(fd >= 0 && read(fd, text, sizeof text) > 10, "/proc/mounts");
    close(fd);
    char name[32];
    snprintf(name, sizeof name, "/proc/%d/stat", getpid());
    fd = open(name, O_RDONLY);
    ok(fd >= 0 && read(fd, text, sizeof text) > 10 && atoi(text) == getpid(), "/proc/PID/stat");
    close(fd);
    ssize_t length = readlink("/proc/self", text, sizeof text - 1);
    text[length > 0 ? length : 0] = 0;
    ok(atoi(text) == getpid(), "/proc/self");
    fd = open("/proc/self/cmdline", O_RDONLY);
    ok(fd >= 0 && read(fd, text, sizeof text) > 0, "/proc/self/cmdline");
    close(fd);
    length = readlink("/proc/self/exe", text, sizeof text);
    ok(length > 5 && memcmp(text + length - 5, "suite", 5) == 0, "/proc/self/exe");
    fd = open("/proc/self/exe", O_RDONLY);
    ok(fd >= 0 && read(fd, text, 4) == 4 && memcmp(text, "\177ELF", 4) == 0, "and it is opened");
    close(fd);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_open();
    test_large();
    test_names();
    test_long_path();
    test_directory();
    test_pipe();
    test_fifo();
    test_poll();
    test_locks();
    test_special();
    return ok_end();
}
