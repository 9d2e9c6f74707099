/* SPDX-License-Identifier: MIT */
/* Files of the memory file system, directories, pipes. */
#include "bench.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER    "/tmp/bench"
#define NAME      FOLDER "/file"
#define BIG_BYTES (1u << 20)
#define BLOCK     65536u
#define ENTRIES   100

static struct {
    int fd;
    char block[BLOCK];
    /* Of the pipes to and from another process. */
    int to, from;
    pid_t partner;
} state;

static bool file_make(const char *name, size_t size)
{
    int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644);
    if (fd < 0) {
        return false;
    }
    bool is_good = true;
    for (size_t done = 0; is_good && done < size;) {
        size_t left = size - done;
        ssize_t count = write(fd, state.block, left < BLOCK ? left : BLOCK);
        is_good = count > 0;
        done += (size_t)count;
    }
    return close(fd) == 0 && is_good;
}

static bool folder_begin(void)
{
    (void)mkdir(FOLDER, 0777); /* it may be there */
    return file_make(NAME, BLOCK);
}

static void folder_end(void)
{
    (void)unlink(NAME);
    (void)rmdir(FOLDER);
}

static bool open_close_run(void)
{
    int fd = open(NAME, O_RDONLY);
    return fd >= 0 && close(fd) == 0;
}

static bool stat_run(void)
{
    struct stat info;
    return stat(NAME, &info) == 0;
}

static bool open_begin(void)
{
    state.fd = -1;
    if (!folder_begin()) {
        return false;
    }
    state.fd = open(NAME, O_RDONLY);
    return state.fd >= 0;
}

static void open_end(void)
{
    (void)close(state.fd);
    folder_end();
}

static bool pread_run(void)
{
    return pread(state.fd, state.block, 4096, 8192) == 4096;
}

static bool create_unlink_run(void)
{
    int fd = open(FOLDER "/new", O_CREAT | O_EXCL | O_WRONLY, 0644);
    return fd >= 0 && close(fd) == 0 && unlink(FOLDER "/new") == 0;
}

/* --- a directory of 100 entries -------------------------------------------------------------- */

static void entry_name(unsigned i, char (*ret_name)[64])
{
    (void)snprintf(*ret_name, sizeof *ret_name, FOLDER "/entry%02u", i);
}

static bool readdir_begin(void)
{
    bool is_good = folder_begin() && unlink(NAME) == 0;
    for (unsigned i = 0; is_good && i < ENTRIES; i++) {
        char name[64];
        entry_name(i, &name);
        is_good = file_make(name, 0);
    }
    return is_good;
}

static void readdir_end(void)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        char name[64];
        entry_name(i, &name);
        (void)unlink(name);
    }
    folder_end();
}

static bool readdir_run(void)
{
    DIR *folder = opendir(FOLDER);
    unsigned count = 0;
    if (folder == NULL) {
        return false;
    }
    while (readdir(folder) != NULL) {
        count++;
    }
    return closedir(folder) == 0 && count == ENTRIES + 2; /* . and .. */
}

/* --- a file read through, 64 KiB at a time, per 64 KiB -----------------------------------------
 */

static bool sequential_begin(void)
{
    state.fd = -1;
    if (!folder_begin() || !file_make(NAME, BIG_BYTES)) {
        return false;
    }
    state.fd = open(NAME, O_RDONLY);
    return state.fd >= 0;
}

static bool sequential_run(void)
{
    if (lseek(state.fd, 0, SEEK_SET) != 0) {
        return false;
    }
    size_t total = 0;
    for (ssize_t count; (count = read(state.fd, state.block, BLOCK)) > 0;) {
        total += (size_t)count;
    }
    return total == BIG_BYTES;
}

/* --- one byte there and back -------------------------------------------------------------------
 */

static void echo(int from, int to)
{
    char byte;
    while (read(from, &byte, 1) == 1 && write(to, &byte, 1) == 1) {
    }
    _exit(0);
}

static bool pipe_begin(void)
{
    int there[2], back[2];
    if (pipe(there) != 0 || pipe(back) != 0) {
        return false;
    }
    state.partner = fork();
    if (state.partner < 0) {
        return false;
    }
    if (state.partner == 0) {
        (void)close(there[1]);
        (void)close(back[0]);
        echo(there[0], back[1]);
    }
    (void)close(there[0]);
    (void)close(back[1]);
    state.to = there[1];
    state.from = back[0];
    return true;
}

static bool pipe_run(void)
{
    char byte = 1;
    return write(state.to, &byte, 1) == 1 && read(state.from, &byte, 1) == 1;
}

static void pipe_end(void)
{
    (void)close(state.to);
    (void)close(state.from);
    (void)waitpid(state.partner, NULL, 0);
}

const struct row rows_file[] = {
    {"open_close", folder_begin, open_close_run, folder_end, 500, 1},
    {"stat", folder_begin, stat_run, folder_end, 500, 1},
    {"pread_4k", open_begin, pread_run, open_end, 500, 1},
    {"create_unlink", folder_begin, create_unlink_run, folder_end, 500, 1},
    {"readdir_100", readdir_begin, readdir_run, readdir_end, 100, 1},
    {"seq_cached", sequential_begin, sequential_run, open_end, 20, BIG_BYTES / BLOCK},
    {"pipe_1", pipe_begin, pipe_run, pipe_end, 500, 1},
    {"spawn_wait", NULL, spawn_wait_run, NULL, 50, 1}, /* a program is a file */
    {0},
};
