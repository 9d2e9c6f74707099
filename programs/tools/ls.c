/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "tool.h"

static const char usage[] =
    "usage: ls [-1aACdFhilnprRStUx] [FILE...]\n\n"
    "Lists files, and what is in directories.\n\n"
    "  -a  also names that begin with a dot   -A  the same without . and ..\n"
    "  -l  mode, links, owner, group, size and time of each\n"
    "  -h  sizes with K, M, G                 -i  with the number of the inode\n"
    "  -n  -l, but owner and group as numbers\n"
    "  -1  one name in each line              -C, -x  in columns\n"
    "  -d  directories themselves             -R  what is in them too\n"
    "  -F  a sign behind names: / @ * | =     -p  only / behind directories\n"
    "  -t  by time, newest first              -S  by size, largest first\n"
    "  -r  the other way round                -U  in no order\n";

static struct {
    bool all;
    bool almost_all;
    bool directories_themselves;
    bool recursive;
    bool long_form;
    bool human;
    bool numbers;
    bool inode;
    bool columns;
    bool signs;
    bool slashes;
    bool reverse;
    char order; /* n, t, S or U */
    unsigned width;
    bool colors;
    bool printed;
    int status;
} ls;

struct entry {
    char *name;
    struct stat status;
    char *target; /* of a link, with -l */
};

struct entries {
    struct entry *list;
    size_t count;
    size_t room;
};

static void add(struct entries *entries, const char *name, const struct stat *status, char *target)
{
    if (entries->count == entries->room) {
        entries->room = 2 * entries->room + 16;
        entries->list = tool_resize(entries->list, entries->room * sizeof(*entries->list));
    }
    entries->list[entries->count++] =
        (struct entry){.name = tool_copy(name), .status = *status, .target = target};
}

static void fini(struct entries *entries)
{
    for (size_t index = 0; index < entries->count; index++) {
        free(entries->list[index].name);
        free(entries->list[index].target);
    }
    free(entries->list);
}

static int compare_time(const struct timespec *one, const struct timespec *two)
{
    if (one->tv_sec != two->tv_sec) {
        return one->tv_sec < two->tv_sec ? 1 : -1;
    }
    return one->tv_nsec < two->tv_nsec ? 1 : one->tv_nsec > two->tv_nsec ? -1 : 0;
}

static int compare(const void *left, const void *right)
{
    const struct entry *one = left;
    const struct entry *two = right;
    int order = 0;

    if (ls.order == 't') {
        order = compare_time(&one->status.st_mtim, &two->status.st_mtim);
    } else if (ls.order == 'S' && one->status.st_size != two->status.st_size) {
        order = one->status.st_size < two->status.st_size ? 1 : -1;
    }
    order = order ? order : strcmp(one->name, two->name);
    return ls.reverse ? -order : order;
}

/* --- one entry --- */

static const char *sign_of(mode_t mode)
{
    if (S_ISDIR(mode)) {
        return ls.signs || ls.slashes ? "/" : "";
    }
    if (!ls.signs) {
        return "";
    }
    return S_ISLNK(mode)    ? "@"
           : S_ISFIFO(mode) ? "|"
           : S_ISSOCK(mode) ? "="
           : mode & 0111    ? "*"
                            : "";
}

static const char *color_of(mode_t mode)
{
    return S_ISDIR(mode)                      ? "\033[1;34m"
           : S_ISLNK(mode)                    ? "\033[1;36m"
           : S_ISCHR(mode) || S_ISBLK(mode)   ? "\033[1;33m"
           : S_ISFIFO(mode) || S_ISSOCK(mode) ? "\033[33m"
           : mode & 0111                      ? "\033[1;32m"
                                              : "";
}

static size_t width_of(const char *text)
{
    size_t width = mbstowcs(NULL, text, 0);

    return width == (size_t)-1 ? strlen(text) : width;
}

static void print_name(const struct entry *entry)
{
    const char *color = ls.colors ? color_of(entry->status.st_mode) : "";

    printf("%s%s%s%s", color, entry->name, *color ? "\033[m" : "",
           ls.long_form && entry->target ? "" : sign_of(entry->status.st_mode));
}

static void owner_text(const struct stat *status, char *user, char *group, size_t size)
{
    const struct passwd *owner = ls.numbers ? NULL : getpwuid(status->st_uid);
    const struct group *owners = ls.numbers ? NULL : getgrgid(status->st_gid);

    (void)snprintf(user, size, "%u", status->st_uid);
    (void)snprintf(group, size, "%u", status->st_gid);
    if (owner) {
        (void)snprintf(user, size, "%s", owner->pw_name);
    }
    if (owners) {
        (void)snprintf(group, size, "%s", owners->gr_name);
    }
}

static void size_text(const struct stat *status, char *text, size_t size)
{
    if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode)) {
        (void)snprintf(text, size, "%u, %u", major(status->st_rdev), minor(status->st_rdev));
    } else if (ls.human) {
        tool_size_text((unsigned long long)status->st_size, text);
    } else {
        (void)snprintf(text, size, "%lld", (long long)status->st_size);
    }
}

/* Times of the last half year with the hour, others with the year. */
static void time_text(time_t when, char *text, size_t size)
{
    time_t now = time(NULL);
    bool recent = when <= now && now - when < 365 * 86400 / 2;
    struct tm *local = localtime(&when);

    text[0] = 0;
    if (local) {
        (void)strftime(text, size, recent ? "%b %e %H:%M" : "%b %e  %Y", local);
    }
}

struct widths {
    int inode, links, user, group, size;
};

static void widen(int *width, size_t length)
{
    *width = (int)length > *width ? (int)length : *width;
}

static struct widths measure(const struct entries *entries)
{
    struct widths widths = {0};
    char user[40];
    char group[40];
    char text[40];

    for (size_t index = 0; index < entries->count; index++) {
        const struct stat *status = &entries->list[index].status;

        widen(&widths.inode, (size_t)snprintf(NULL, 0, "%llu", (unsigned long long)status->st_ino));
        if (!ls.long_form) {
            continue;
        }
        widen(&widths.links, (size_t)snprintf(NULL, 0, "%lu", (unsigned long)status->st_nlink));
        owner_text(status, user, group, sizeof(user));
        widen(&widths.user, strlen(user));
        widen(&widths.group, strlen(group));
        size_text(status, text, sizeof(text));
        widen(&widths.size, strlen(text));
    }
    return widths;
}

static void print_long(const struct entry *entry, const struct widths *widths)
{
    char mode[12];
    char user[40];
    char group[40];
    char size[40];
    char when[40];

    tool_mode_text(entry->status.st_mode, mode);
    owner_text(&entry->status, user, group, sizeof(user));
    size_text(&entry->status, size, sizeof(size));
    time_text(entry->status.st_mtime, when, sizeof(when));
    printf("%s %*lu %-*s %-*s %*s %s ", mode, widths->links, (unsigned long)entry->status.st_nlink,
           widths->user, user, widths->group, group, widths->size, size, when);
    print_name(entry);
    if (entry->target) {
        printf(" -> %s", entry->target);
    }
    putchar('\n');
}

/* --- all entries --- */

static void print_columns(const struct entries *entries, const struct widths *widths)
{
    size_t widest = 0;
    size_t columns;
    size_t rows;

    for (size_t index = 0; index < entries->count; index++) {
        const struct entry *entry = &entries->list[index];
        size_t width = width_of(entry->name) + strlen(sign_of(entry->status.st_mode)) + 2 +
                       (ls.inode ? (size_t)widths->inode + 1 : 0);

        widest = width > widest ? width : widest;
    }
    columns = widest && widest < ls.width ? ls.width / widest : 1;
    rows = (entries->count + columns - 1) / columns;
    for (size_t row = 0; row < rows; row++) {
        for (size_t index = row; index < entries->count; index += rows) {
            const struct entry *entry = &entries->list[index];
            size_t width = width_of(entry->name) + strlen(sign_of(entry->status.st_mode)) +
                           (ls.inode ? (size_t)widths->inode + 1 : 0);

            if (ls.inode) {
                printf("%*llu ", widths->inode, (unsigned long long)entry->status.st_ino);
            }
            print_name(entry);
            if (index + rows < entries->count) {
                printf("%*s", (int)(widest - width), "");
            }
        }
        putchar('\n');
    }
}

static void print_entries(struct entries *entries)
{
    struct widths widths = measure(entries);

    if (ls.order != 'U' && entries->count > 1) {
        qsort(entries->list, entries->count, sizeof(*entries->list), compare);
    }
    if (ls.columns && !ls.long_form) {
        print_columns(entries, &widths);
        return;
    }
    for (size_t index = 0; index < entries->count; index++) {
        if (ls.inode) {
            printf("%*llu ", widths.inode, (unsigned long long)entries->list[index].status.st_ino);
        }
        if (ls.long_form) {
            print_long(&entries->list[index], &widths);
        } else {
            print_name(&entries->list[index]);
            putchar('\n');
        }
    }
}

static char *read_target(const char *path, const struct stat *status)
{
    char target[4096];
    ssize_t length;

    if (!ls.long_form || !S_ISLNK(status->st_mode)) {
        return NULL;
    }
    length = readlink(path, target, sizeof(target) - 1);
    target[length < 0 ? 0 : length] = 0;
    return tool_copy(target);
}

static bool is_hidden(const char *name)
{
    if (name[0] != '.' || ls.all) {
        return false;
    }
    return !ls.almost_all || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* What a listing of names alone does not need is not asked for. */
static bool needs_status(void)
{
    return ls.long_form || ls.signs || ls.slashes || ls.recursive || ls.colors ||
           (ls.order != 'n' && ls.order != 'U');
}

static void read_directory(const char *path, struct entries *entries)
{
    DIR *directory = opendir(path);
    const struct dirent *item;

    if (!directory) {
        ls.status = tool_error_number("cannot open directory '%s'", path);
        return;
    }
    while (errno = 0, (item = readdir(directory))) {
        struct stat status = {.st_ino = item->d_ino};
        char *full;

        if (is_hidden(item->d_name)) {
            continue;
        }
        full = tool_path(path, item->d_name);
        if (needs_status() && lstat(full, &status) != 0) {
            ls.status = tool_error_number("cannot access '%s'", full);
        } else {
            add(entries, item->d_name, &status, read_target(full, &status));
        }
        free(full);
    }
    if (errno) {
        ls.status = tool_error_number("reading directory '%s'", path);
    }
    (void)closedir(directory);
}

static void list_directory(const char *path, bool title)
{
    struct entries entries = {0};

    read_directory(path, &entries);
    if (title) {
        printf("%s%s:\n", ls.printed ? "\n" : "", path);
    }
    ls.printed = true;
    if (ls.long_form) {
        unsigned long long blocks = 0;

        for (size_t index = 0; index < entries.count; index++) {
            blocks += (unsigned long long)entries.list[index].status.st_blocks;
        }
        printf("total %llu\n", blocks / 2);
    }
    print_entries(&entries);
    for (size_t index = 0; ls.recursive && index < entries.count; index++) {
        const struct entry *entry = &entries.list[index];

        if (S_ISDIR(entry->status.st_mode) && strcmp(entry->name, ".") != 0 &&
            strcmp(entry->name, "..") != 0) {
            char *full = tool_path(path, entry->name);

            list_directory(full, true);
            free(full);
        }
    }
    fini(&entries);
}

/* Operands: a link to a directory is that directory, unless -l or -d ask for the link. */
static void list_operands(int count, char **paths)
{
    struct entries files = {0};
    struct entries directories = {0};

    for (int index = 0; index < count; index++) {
        bool itself = ls.long_form || ls.directories_themselves || ls.signs;
        struct stat status;

        if ((itself || stat(paths[index], &status) != 0) && lstat(paths[index], &status) != 0) {
            (void)tool_error_number("cannot access '%s'", paths[index]);
            ls.status = 2;
        } else if (S_ISDIR(status.st_mode) && !ls.directories_themselves) {
            add(&directories, paths[index], &status, NULL);
        } else {
            add(&files, paths[index], &status, read_target(paths[index], &status));
        }
    }
    print_entries(&files);
    ls.printed = files.count > 0;
    if (directories.count > 1) {
        qsort(directories.list, directories.count, sizeof(*directories.list), compare);
    }
    for (size_t index = 0; index < directories.count; index++) {
        list_directory(directories.list[index].name, count > 1 || ls.recursive);
    }
    fini(&files);
    fini(&directories);
}

static unsigned terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");

    if (ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return columns && atoi(columns) > 0 ? (unsigned)atoi(columns) : 80;
}

static bool read_options(int argc, char **argv)
{
    int option;

    ls.order = 'n';
    ls.columns = isatty(1);
    ls.colors = ls.columns && getenv("TERM") && strcmp(getenv("TERM"), "dumb") != 0;
    while ((option = tool_option(argc, argv, "1aACdFhilnprRStUx")) != -1) {
        switch (option) {
        case '1':
            ls.columns = false;
            break;
        case 'a':
            ls.all = true;
            break;
        case 'A':
            ls.almost_all = true;
            break;
        case 'C':
        case 'x':
            ls.columns = true;
            break;
        case 'd':
            ls.directories_themselves = true;
            break;
        case 'F':
            ls.signs = true;
            break;
        case 'p':
            ls.slashes = true;
            break;
        case 'h':
            ls.human = true;
            break;
        case 'i':
            ls.inode = true;
            break;
        case 'l':
            ls.long_form = true;
            break;
        case 'n':
            ls.long_form = true;
            ls.numbers = true;
            break;
        case 'r':
            ls.reverse = true;
            break;
        case 'R':
            ls.recursive = true;
            break;
        case 'S':
        case 't':
        case 'U':
            ls.order = (char)option;
            break;
        default:
            return false;
        }
    }
    return true;
}

static int run(int argc, char **argv)
{
    static char here[] = ".";
    static char *nothing[] = {here};

    if (!read_options(argc, argv)) {
        (void)tool_usage();
        return 2;
    }
    ls.width = terminal_width();
    ls.recursive = ls.recursive && !ls.directories_themselves;
    if (optind == argc) {
        list_operands(1, nothing);
    } else {
        list_operands(argc - optind, argv + optind);
    }
    return ls.status;
}

const struct tool tool_ls = {.name = "ls", .usage = usage, .run = run};
