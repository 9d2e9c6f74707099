/* SPDX-License-Identifier: MIT */
/* free, uptime, dmesg, id, poweroff and its like: what the system says about itself. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

#include "proc.h"
#include "tool.h"

/* --- free --- */

static void print_size(unsigned long long bytes, char unit)
{
    char text[24];

    if (unit == 'h') {
        tool_size_text(bytes, text);
    } else {
        (void)snprintf(text, sizeof(text), "%llu",
                       unit == 'b'   ? bytes
                       : unit == 'm' ? bytes >> 20
                                     : bytes >> 10);
    }
    printf(" %11s", text);
}

static int run_free(int argc, char **argv)
{
    char unit = 'k';
    unsigned long long total;
    unsigned long long unused;
    unsigned long long cache;
    int option;

    while ((option = tool_option(argc, argv, "bhkm")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        unit = (char)option;
    }
    total = meminfo("MemTotal");
    unused = meminfo("MemFree");
    cache = meminfo("Cached") + meminfo("Buffers") + meminfo("SReclaimable");
    if (total == 0) {
        return tool_error("/proc/meminfo says nothing");
    }
    printf("%-7s %11s %11s %11s %11s %11s %11s\n", "", "total", "used", "free", "shared",
           "buff/cache", "available");
    printf("%-7s", "Mem:");
    print_size(total, unit);
    print_size(total - unused - (cache < total - unused ? cache : 0), unit);
    print_size(unused, unit);
    print_size(meminfo("Shmem"), unit);
    print_size(cache, unit);
    print_size(meminfo("MemAvailable"), unit);
    putchar('\n');
    return 0;
}

const struct tool tool_free = {
    .name = "free",
    .usage = "usage: free [-bkmh]\n\nTells how much memory there is and how much is free.\n\n"
             "  -b bytes  -k KiB  -m MiB  -h with units\n",
    .run = run_free};

/* --- uptime --- */

static int run_uptime(int argc, char **argv)
{
    double up = uptime_seconds();
    time_t now = time(NULL);
    char load[80];
    char clock[16];
    long minutes = (long)up / 60;

    (void)argc, (void)argv;
    if (up < 0) {
        return tool_error_number("/proc/uptime");
    }
    (void)strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
    printf(" %s up ", clock);
    if (minutes >= 24 * 60) {
        printf("%ld day%s, ", minutes / (24 * 60), minutes >= 2 * 24 * 60 ? "s" : "");
    }
    if (minutes % (24 * 60) >= 60) {
        printf("%2ld:%02ld", minutes / 60 % 24, minutes % 60);
    } else {
        printf("%ld min", minutes % 60);
    }
    if (proc_read("/proc/loadavg", load, sizeof(load))) {
        const char *first = strtok(load, " ");
        const char *second = strtok(NULL, " ");
        const char *third = strtok(NULL, " ");

        if (third) {
            printf(",  load average: %s, %s, %s", first, second, third);
        }
    }
    putchar('\n');
    return 0;
}

const struct tool tool_uptime = {
    .name = "uptime",
    .usage = "usage: uptime\n\nTells the time, how long the system runs and how busy it is.\n",
    .run = run_uptime,
    .no_arguments = true};

/* --- dmesg --- */

#define SYSLOG_READ_ALL 3
#define SYSLOG_SIZE     10

/* Lines may begin with <LEVEL>. */
static void print_log(const char *text, size_t length)
{
    const char *end = text + length;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *close = *text == '<' ? memchr(text, '>', (size_t)(end - text)) : NULL;

        if (close && close - text <= 4) {
            text = close + 1;
        }
        newline = newline ? newline + 1 : end;
        (void)fwrite(text, 1, (size_t)(newline - text), stdout);
        text = newline;
    }
}

static int run_dmesg(int argc, char **argv)
{
    int size = klogctl(SYSLOG_SIZE, NULL, 0);
    char *text;
    int length;

    (void)argc, (void)argv;
    size = size > 0 ? size : 65536;
    text = tool_memory((size_t)size);
    length = klogctl(SYSLOG_READ_ALL, text, size);
    if (length < 0) {
        free(text);
        return tool_error_number("cannot read the kernel's log");
    }
    print_log(text, (size_t)length);
    free(text);
    return 0;
}

const struct tool tool_dmesg = {.name = "dmesg",
                                .usage = "usage: dmesg\n\nPrints the log of the kernel.\n",
                                .run = run_dmesg,
                                .no_arguments = true};

/* --- id --- */

static void print_user(const char *kind, unsigned number, const char *name)
{
    printf("%s=%u", kind, number);
    if (name) {
        printf("(%s)", name);
    }
}

static int run_id(int argc, char **argv)
{
    const struct passwd *user;
    const struct group *group;
    bool names = false;
    char which = 0;
    int option;

    while ((option = tool_option(argc, argv, "Ggnru")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        names = names || option == 'n';
        which = strchr("Ggu", option) ? (char)option : which;
    }
    user = getpwuid(geteuid());
    group = getgrgid(getegid());
    if (which == 'u' && names && user) {
        puts(user->pw_name);
    } else if (which == 'u') {
        printf("%u\n", geteuid());
    } else if (which && names && group) {
        puts(group->gr_name);
    } else if (which) {
        printf("%u\n", getegid());
    } else {
        print_user("uid", geteuid(), user ? user->pw_name : NULL);
        print_user(" gid", getegid(), group ? group->gr_name : NULL);
        print_user(" groups", getegid(), group ? group->gr_name : NULL);
        putchar('\n');
    }
    return 0;
}

const struct tool tool_id = {
    .name = "id",
    .usage = "usage: id [-ugG] [-n]\n\nPrints the user and the groups of this process.\n\n"
             "  -u  only the user  -g, -G  only the group  -n  the name\n",
    .run = run_id};

/* --- poweroff, reboot, halt --- */

static int end_system(int how)
{
    sync();
    (void)reboot(how);
    return tool_error_number("the system refuses");
}

static int run_poweroff(int argc, char **argv)
{
    (void)argc, (void)argv;
    return end_system(RB_POWER_OFF);
}

static int run_reboot(int argc, char **argv)
{
    (void)argc, (void)argv;
    return end_system(RB_AUTOBOOT);
}

static int run_halt(int argc, char **argv)
{
    (void)argc, (void)argv;
    return end_system(RB_HALT_SYSTEM);
}

const struct tool tool_poweroff = {
    .name = "poweroff",
    .usage = "usage: poweroff\n\nEnds all programs and switches the machine off.\n",
    .run = run_poweroff,
    .no_arguments = true};
const struct tool tool_reboot = {
    .name = "reboot",
    .usage = "usage: reboot\n\nEnds all programs and starts the machine anew.\n",
    .run = run_reboot,
    .no_arguments = true};
const struct tool tool_halt = {.name = "halt",
                               .usage = "usage: halt\n\nEnds all programs and stops the machine.\n",
                               .run = run_halt,
                               .no_arguments = true};
