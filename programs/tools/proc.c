/* SPDX-License-Identifier: MIT */
#include "proc.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

bool proc_read(const char *path, char *ret_text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t got = -1;

    if (fd < 0) {
        return false;
    }
    while (length + 1 < size && (got = read(fd, ret_text + length, size - 1 - length)) > 0) {
        length += (size_t)got;
    }
    (void)close(fd);
    ret_text[length] = 0;
    return got >= 0 || length > 0;
}

/* "PID (NAME) STATE PPID PGRP SESSION TTY ...": the name may have anything in it but ends at the
 * last parenthesis. See proc(5). */
static bool parse_stat(char *text, struct process *process)
{
    char *open = strchr(text, '(');
    char *close = strrchr(text, ')');
    unsigned long long user;
    unsigned long long system;
    long long resident;
    long threads;

    if (!open || !close || close < open) {
        return false;
    }
    *close = 0;
    (void)snprintf(process->name, sizeof(process->name), "%s", open + 1);
    if (sscanf(close + 1,
               " %c %d %d %d %d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %ld %*d %llu "
               "%llu %lld",
               &process->state, &process->parent, &process->group, &process->session,
               &process->terminal, &user, &system, &threads, &process->started,
               &process->size_bytes, &resident) != 11) {
        return false;
    }
    process->ticks = user + system;
    process->threads = (unsigned)threads;
    process->resident_bytes = (unsigned long long)resident * (unsigned long)sysconf(_SC_PAGESIZE);
    return true;
}

static bool read_process(pid_t pid, struct process *process)
{
    char path[40];
    char text[1024];
    struct stat status;

    *process = (struct process){.pid = pid};
    (void)snprintf(path, sizeof(path), "/proc/%d", pid);
    if (stat(path, &status) == 0) {
        process->user = status.st_uid;
    }
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    return proc_read(path, text, sizeof(text)) && parse_stat(text, process);
}

static int by_pid(const void *left, const void *right)
{
    const struct process *one = left;
    const struct process *two = right;

    return one->pid < two->pid ? -1 : one->pid > two->pid;
}

struct process *process_list(size_t *ret_count)
{
    DIR *directory = opendir("/proc");
    const struct dirent *item;
    struct process *list = NULL;
    size_t count = 0;
    size_t room = 0;

    if (!directory) {
        (void)tool_error_number("/proc");
        return NULL;
    }
    while ((item = readdir(directory))) {
        if (!isdigit((unsigned char)item->d_name[0])) {
            continue;
        }
        if (count == room) {
            room = 2 * room + 32;
            list = tool_resize(list, room * sizeof(*list));
        }
        /* One that has ended meanwhile is left out. */
        count += read_process((pid_t)atoi(item->d_name), &list[count]);
    }
    (void)closedir(directory);
    if (!list) {
        list = tool_memory(1);
    }
    qsort(list, count, sizeof(*list), by_pid);
    *ret_count = count;
    return list;
}

void process_command(const struct process *process, char *ret_text, size_t size)
{
    char path[40];
    int fd;
    ssize_t length = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/cmdline", process->pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        length = read(fd, ret_text, size - 1);
        (void)close(fd);
    }
    if (length <= 0) {
        (void)snprintf(ret_text, size, "[%s]", process->name);
        return;
    }
    while (length > 0 && !ret_text[length - 1]) {
        length--;
    }
    for (ssize_t index = 0; index < length; index++) {
        if (!ret_text[index] || iscntrl((unsigned char)ret_text[index])) {
            ret_text[index] = ' ';
        }
    }
    ret_text[length] = 0;
}

unsigned long process_ticks_per_second(void)
{
    long ticks = sysconf(_SC_CLK_TCK);

    return ticks > 0 ? (unsigned long)ticks : 100;
}

unsigned long long meminfo(const char *name)
{
    static char text[8192];
    const char *line;
    size_t length = strlen(name);

    if (!*text && !proc_read("/proc/meminfo", text, sizeof(text))) {
        return 0;
    }
    for (line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            return strtoull(line + length + 1, NULL, 10) * 1024;
        }
    }
    return 0;
}

double uptime_seconds(void)
{
    char text[80];

    return proc_read("/proc/uptime", text, sizeof(text)) ? strtod(text, NULL) : -1;
}
