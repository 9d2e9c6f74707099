/* SPDX-License-Identifier: MIT */
/* mount, umount, df, du: file systems and the room in them. */
#include <dirent.h>
#include <errno.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tool.h"

#define MOUNTS "/proc/mounts"

static FILE *open_mounts(void)
{
    FILE *file = setmntent(MOUNTS, "re");

    if (!file) {
        (void)tool_error_number("%s", MOUNTS);
    }
    return file;
}

/* --- mount --- */

static int list_mounts(void)
{
    FILE *file = open_mounts();
    const struct mntent *entry;

    if (!file) {
        return 1;
    }
    while ((entry = getmntent(file))) {
        printf("%s on %s type %s (%s)\n", entry->mnt_fsname, entry->mnt_dir, entry->mnt_type,
               entry->mnt_opts);
    }
    (void)endmntent(file);
    return 0;
}

/* Sets the options that are flags; adds what is left, which is for the file system, to `rest`.
 * False, reported, if that has no room. */
static bool mount_options(char *options, unsigned long *flags, char *rest, size_t size)
{
    static const struct {
        const char *name;
        unsigned long set;
        unsigned long clear;
    } known[] = {
        {"ro", MS_RDONLY, 0},        {"rw", 0, MS_RDONLY},       {"bind", MS_BIND, 0},
        {"noexec", MS_NOEXEC, 0},    {"exec", 0, MS_NOEXEC},     {"nosuid", MS_NOSUID, 0},
        {"nodev", MS_NODEV, 0},      {"remount", MS_REMOUNT, 0}, {"noatime", MS_NOATIME, 0},
        {"sync", MS_SYNCHRONOUS, 0}, {"defaults", 0, 0},
    };
    size_t length = strlen(rest);

    for (const char *option = strtok(options, ","); option; option = strtok(NULL, ",")) {
        bool found = false;

        for (size_t index = 0; index < sizeof(known) / sizeof(known[0]); index++) {
            if (strcmp(known[index].name, option) == 0) {
                *flags = (*flags & ~known[index].clear) | known[index].set;
                found = true;
            }
        }
        if (!found && length + strlen(option) + 2 > size) {
            (void)tool_error("options for the file system are longer than %zu bytes", size - 1);
            return false;
        }
        if (!found) {
            length += (size_t)sprintf(rest + length, "%s%s", length ? "," : "", option);
        }
    }
    return true;
}

static int run_mount(int argc, char **argv)
{
    const char *type = "auto";
    char rest[256] = "";
    unsigned long flags = 0;
    int option;

    while ((option = tool_option(argc, argv, "o:rt:w")) != -1) {
        switch (option) {
        case 'o':
            if (!mount_options(optarg, &flags, rest, sizeof(rest))) {
                return 1;
            }
            break;
        case 'r':
            flags |= MS_RDONLY;
            break;
        case 't':
            type = optarg;
            break;
        case 'w':
            flags &= ~MS_RDONLY;
            break;
        default:
            return tool_usage();
        }
    }
    if (optind == argc) {
        return list_mounts();
    }
    if (argc - optind != 2) {
        (void)tool_error("want a source and a directory");
        return tool_usage();
    }
    if (mount(argv[optind], argv[optind + 1], type, flags, rest) != 0) {
        return tool_error_number("%s on %s", argv[optind], argv[optind + 1]);
    }
    return 0;
}

const struct tool tool_mount = {
    .name = "mount",
    .usage = "usage: mount\n       mount [-r | -w] [-t TYPE] [-o OPTION,...] SOURCE DIRECTORY\n\n"
             "Lists the file systems, or makes one appear at a directory.\n\n"
             "  -t  the kind of file system  -r, -w  only to read, or not\n"
             "  -o  ro, rw, bind, noexec, nosuid, nodev, ..., others are for the file system\n",
    .run = run_mount};

static int run_umount(int argc, char **argv)
{
    int status = 0;
    int flags = 0;
    int option;

    while ((option = tool_option(argc, argv, "fl")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        flags |= option == 'f' ? MNT_FORCE : MNT_DETACH;
    }
    if (optind == argc) {
        return tool_missing_operand();
    }
    for (int index = optind; index < argc; index++) {
        if (umount2(argv[index], flags) != 0) {
            status = tool_error_number("%s", argv[index]);
        }
    }
    return status;
}

const struct tool tool_umount = {
    .name = "umount",
    .usage = "usage: umount [-fl] DIRECTORY...\n\nTakes file systems off their directories.\n\n"
             "  -f  even if it does not answer  -l  even if it is in use\n",
    .run = run_umount};

/* --- df --- */

static void print_amount(unsigned long long bytes, bool human)
{
    char text[24];

    if (human) {
        tool_size_text(bytes, text);
    } else {
        (void)snprintf(text, sizeof(text), "%llu", bytes / 1024);
    }
    printf(" %10s", text);
}

static int print_room(const char *name, const char *directory, bool human)
{
    struct statvfs room;
    unsigned long long unit;
    unsigned long long used;
    unsigned long long usable;

    if (statvfs(directory, &room) != 0) {
        return tool_error_number("%s", directory);
    }
    unit = room.f_frsize ? room.f_frsize : room.f_bsize;
    used = (room.f_blocks - room.f_bfree) * unit;
    usable = used + room.f_bavail * unit;
    printf("%-20s", name);
    print_amount(room.f_blocks * unit, human);
    print_amount(used, human);
    print_amount(room.f_bavail * unit, human);
    if (usable) {
        printf(" %3llu%% %s\n", (used * 100 + usable - 1) / usable, directory);
    } else {
        printf("   -  %s\n", directory);
    }
    return 0;
}

/* The mount that a path is in: the longest directory on the same device. */
static int print_room_of(const char *path, bool human)
{
    FILE *file = open_mounts();
    const struct mntent *entry;
    struct stat status;
    struct stat other;
    char *name = NULL;
    char *directory = NULL;
    int result;

    if (!file) {
        return 1;
    }
    if (stat(path, &status) != 0) {
        (void)endmntent(file);
        return tool_error_number("%s", path);
    }
    while ((entry = getmntent(file))) {
        if (stat(entry->mnt_dir, &other) == 0 && other.st_dev == status.st_dev) {
            free(name);
            free(directory);
            name = tool_copy(entry->mnt_fsname);
            directory = tool_copy(entry->mnt_dir);
        }
    }
    (void)endmntent(file);
    result = print_room(name ? name : "-", directory ? directory : path, human);
    free(name);
    free(directory);
    return result;
}

static int run_df(int argc, char **argv)
{
    bool human = false;
    bool all = false;
    int status = 0;
    int option;

    while ((option = tool_option(argc, argv, "ahkP")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        human = human || option == 'h';
        all = all || option == 'a';
    }
    printf("%-20s %10s %10s %10s %4s %s\n", "Filesystem", human ? "Size" : "1K-blocks", "Used",
           "Available", "Use%", "Mounted on");
    for (int index = optind; index < argc; index++) {
        status |= print_room_of(argv[index], human);
    }
    if (optind == argc) {
        FILE *file = open_mounts();
        const struct mntent *entry;

        while (file && (entry = getmntent(file))) {
            struct statvfs room;

            if (all || (statvfs(entry->mnt_dir, &room) == 0 && room.f_blocks > 0)) {
                status |= print_room(entry->mnt_fsname, entry->mnt_dir, human);
            }
        }
        if (!file) {
            return 1;
        }
        (void)endmntent(file);
    }
    return status;
}

const struct tool tool_df = {
    .name = "df",
    .usage = "usage: df [-ahkP] [FILE...]\n\nTells how much room there is in file systems: all, or "
             "those of the files.\n\n  -a  those without any too  -h  with units  -k, -P  in KiB\n",
    .run = run_df};

/* --- du --- */

struct file_identity {
    dev_t device;
    ino_t inode;
};

static struct {
    bool all;
    bool summary;
    bool human;
    bool bytes;
    bool total;
    long long depth;
    int status;
    struct file_identity *seen; /* files with several links */
    size_t seen_count;
} du = {.depth = -1};

static void print_usage_of(unsigned long long bytes, const char *path)
{
    char text[24];

    if (du.human) {
        tool_size_text(bytes, text);
    } else {
        (void)snprintf(text, sizeof(text), "%llu", du.bytes ? bytes : (bytes + 1023) / 1024);
    }
    printf("%s\t%s\n", text, path);
}

static bool is_seen(const struct stat *status)
{
    if (status->st_nlink < 2 || S_ISDIR(status->st_mode)) {
        return false;
    }
    for (size_t index = 0; index < du.seen_count; index++) {
        if (du.seen[index].inode == status->st_ino && du.seen[index].device == status->st_dev) {
            return true;
        }
    }
    du.seen = tool_resize(du.seen, (du.seen_count + 1) * sizeof(*du.seen));
    du.seen[du.seen_count++] = (struct file_identity){status->st_dev, status->st_ino};
    return false;
}

static unsigned long long measure(const char *path, long long depth)
{
    struct stat status;
    unsigned long long sum;
    DIR *directory;
    const struct dirent *item;

    if (lstat(path, &status) != 0) {
        du.status = tool_error_number("cannot access '%s'", path);
        return 0;
    }
    if (is_seen(&status)) {
        return 0;
    }
    sum =
        du.bytes ? (unsigned long long)status.st_size : (unsigned long long)status.st_blocks * 512;
    if (S_ISDIR(status.st_mode)) {
        directory = opendir(path);
        if (!directory) {
            du.status = tool_error_number("cannot read directory '%s'", path);
        }
        while (directory && (item = readdir(directory))) {
            if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0) {
                char *inner = tool_path(path, item->d_name);

                sum += measure(inner, depth + 1);
                free(inner);
            }
        }
        if (directory) {
            (void)closedir(directory);
        }
    }
    if (depth == 0 || (!du.summary && (du.depth < 0 || depth <= du.depth) &&
                       (du.all || S_ISDIR(status.st_mode)))) {
        print_usage_of(sum, path);
    }
    return sum;
}

static int run_du(int argc, char **argv)
{
    unsigned long long total = 0;
    int option;

    while ((option = tool_option(argc, argv, "abcd:hks")) != -1) {
        if (option == '?' || (option == 'd' && !tool_number(optarg, false, "depth", &du.depth))) {
            return tool_usage();
        }
        du.all = du.all || option == 'a';
        du.bytes = du.bytes || option == 'b';
        du.total = du.total || option == 'c';
        du.human = du.human || option == 'h';
        du.summary = du.summary || option == 's';
    }
    if (optind == argc) {
        total = measure(".", 0);
    }
    for (int index = optind; index < argc; index++) {
        total += measure(argv[index], 0);
    }
    if (du.total) {
        print_usage_of(total, "total");
    }
    return du.status;
}

const struct tool tool_du = {
    .name = "du",
    .usage = "usage: du [-abchks] [-d DEPTH] [FILE...]\n\nTells how much room files take, with all "
             "that is in them.\n\n  -s  only a sum for each  -a  files too  -c  the sum of all\n"
             "  -h  with units  -b  their sizes in bytes  -d  not deeper\n",
    .run = run_du};
