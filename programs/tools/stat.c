/* SPDX-License-Identifier: MIT */
/* stat, readlink, which: what is known about a file by its name. */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

static const char usage[] =
    "usage: stat [-L] [-c FORMAT] FILE...\n\nPrints what is known about files.\n\n"
    "  -L  what links lead to\n"
    "  -c  %n name %N with target %s size %b blocks of %B bytes %F kind %a %A %f mode %u %U %g %G "
    "owner\n"
    "      %i inode %d device %h links %o IO block %t %T numbers of a device\n"
    "      %x %X access %y %Y modification %z %Z change, as text and in seconds\n";

static const char *kind_of(const struct stat *status)
{
    switch (status->st_mode & S_IFMT) {
    case S_IFDIR:
        return "directory";
    case S_IFLNK:
        return "symbolic link";
    case S_IFCHR:
        return "character special file";
    case S_IFBLK:
        return "block special file";
    case S_IFIFO:
        return "fifo";
    case S_IFSOCK:
        return "socket";
    default:
        return status->st_size ? "regular file" : "regular empty file";
    }
}

static void print_time(const struct timespec *when)
{
    char text[60];
    char zone[10];

    (void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime(&when->tv_sec));
    (void)strftime(zone, sizeof(zone), "%z", localtime(&when->tv_sec));
    printf("%s.%09ld %s", text, when->tv_nsec, zone);
}

static void print_owner(char letter, const struct stat *status)
{
    const struct passwd *user = getpwuid(status->st_uid);
    const struct group *group = getgrgid(status->st_gid);

    if (letter == 'u') {
        printf("%u", status->st_uid);
    } else if (letter == 'g') {
        printf("%u", status->st_gid);
    } else if (letter == 'U') {
        printf("%s", user ? user->pw_name : "UNKNOWN");
    } else {
        printf("%s", group ? group->gr_name : "UNKNOWN");
    }
}

static void print_name(const char *path, const struct stat *status)
{
    char target[4096];
    ssize_t length = S_ISLNK(status->st_mode) ? readlink(path, target, sizeof(target) - 1) : -1;

    printf("'%s'", path);
    if (length >= 0) {
        target[length] = 0;
        printf(" -> '%s'", target);
    }
}

static void print_field(char letter, const char *path, const struct stat *status)
{
    char mode[12];

    switch (letter) {
    case 'n':
        (void)fputs(path, stdout);
        break;
    case 'N':
        print_name(path, status);
        break;
    case 's':
        printf("%lld", (long long)status->st_size);
        break;
    case 'b':
        printf("%lld", (long long)status->st_blocks);
        break;
    case 'B':
        printf("512");
        break;
    case 'o':
        printf("%ld", (long)status->st_blksize);
        break;
    case 'F':
        (void)fputs(kind_of(status), stdout);
        break;
    case 'a':
        printf("%o", status->st_mode & 07777);
        break;
    case 'f':
        printf("%x", status->st_mode);
        break;
    case 'A':
        tool_mode_text(status->st_mode, mode);
        (void)fputs(mode, stdout);
        break;
    case 'u':
    case 'U':
    case 'g':
    case 'G':
        print_owner(letter, status);
        break;
    case 'i':
        printf("%llu", (unsigned long long)status->st_ino);
        break;
    case 'd':
        printf("%llu", (unsigned long long)status->st_dev);
        break;
    case 'h':
        printf("%lu", (unsigned long)status->st_nlink);
        break;
    case 't':
        printf("%x", major(status->st_rdev));
        break;
    case 'T':
        printf("%x", minor(status->st_rdev));
        break;
    case 'x':
        print_time(&status->st_atim);
        break;
    case 'y':
        print_time(&status->st_mtim);
        break;
    case 'z':
        print_time(&status->st_ctim);
        break;
    case 'X':
        printf("%lld", (long long)status->st_atime);
        break;
    case 'Y':
        printf("%lld", (long long)status->st_mtime);
        break;
    case 'Z':
        printf("%lld", (long long)status->st_ctime);
        break;
    default:
        putchar(letter == '%' ? '%' : '?');
        break;
    }
}

static void print_format(const char *format, const char *path, const struct stat *status)
{
    for (; *format; format++) {
        if (*format == '%' && format[1]) {
            print_field(*++format, path, status);
        } else {
            putchar(*format);
        }
    }
}

static const char long_format[] = "  File: %N\n"
                                  "  Size: %s\tBlocks: %b\tIO Block: %o\t%F\n"
                                  "Device: %d\tInode: %i\tLinks: %h\n"
                                  "Access: (%a/%A)\tUid: (%u/%U)\tGid: (%g/%G)\n"
                                  "Access: %x\nModify: %y\nChange: %z\n";

static int run_stat(int argc, char **argv)
{
    const char *format = NULL;
    bool follow = false;
    int result = 0;
    int option;

    while ((option = tool_option(argc, argv, "c:L")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        format = option == 'c' ? optarg : format;
        follow = follow || option == 'L';
    }
    if (optind == argc) {
        return tool_missing_operand();
    }
    for (int index = optind; index < argc; index++) {
        struct stat status;

        if ((follow ? stat : lstat)(argv[index], &status) != 0) {
            result = tool_error_number("cannot statx '%s'", argv[index]);
            continue;
        }
        print_format(format ? format : long_format, argv[index], &status);
        if (format) {
            putchar('\n');
        }
    }
    return result;
}

const struct tool tool_stat = {.name = "stat", .usage = usage, .run = run_stat};

/* --- readlink --- */

static int run_readlink(int argc, char **argv)
{
    bool resolve = false;
    int status = 0;
    int option;

    while ((option = tool_option(argc, argv, "f")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        resolve = true;
    }
    if (optind == argc) {
        return tool_missing_operand();
    }
    for (int index = optind; index < argc; index++) {
        char target[4096];

        if (resolve) {
            char *path = realpath(argv[index], NULL);

            status = path ? status : 1;
            if (path) {
                puts(path);
            }
            free(path);
            continue;
        }
        ssize_t length = readlink(argv[index], target, sizeof(target) - 1);

        status = length < 0 ? 1 : status;
        if (length >= 0) {
            target[length] = 0;
            puts(target);
        }
    }
    return status;
}

const struct tool tool_readlink = {
    .name = "readlink",
    .usage = "usage: readlink [-f] FILE...\n\nPrints where symbolic links lead to.\n\n"
             "  -f  the whole path, without any link in it\n",
    .run = run_readlink};

/* --- which --- */

static bool find_in_path(const char *name, bool all)
{
    const char *path = getenv("PATH");
    bool found = false;

    if (strchr(name, '/')) {
        found = access(name, X_OK) == 0;
        if (found) {
            puts(name);
        }
        return found;
    }
    while (path && *path && (all || !found)) {
        size_t length = strcspn(path, ":");
        char *directory = strndup(length ? path : ".", length ? length : 1);
        char *full = tool_path(directory, name);
        struct stat status;

        if (stat(full, &status) == 0 && S_ISREG(status.st_mode) && access(full, X_OK) == 0) {
            puts(full);
            found = true;
        }
        free(full);
        free(directory);
        path += length + (path[length] == ':');
    }
    return found;
}

static int run_which(int argc, char **argv)
{
    bool all = false;
    int status = 0;
    int option;

    while ((option = tool_option(argc, argv, "a")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        all = true;
    }
    for (int index = optind; index < argc; index++) {
        status = find_in_path(argv[index], all) ? status : 1;
    }
    return optind == argc ? 1 : status;
}

const struct tool tool_which = {
    .name = "which",
    .usage = "usage: which [-a] NAME...\n\nPrints the file that a command is, by PATH.\n\n"
             "  -a  all of that name\n",
    .run = run_which};
