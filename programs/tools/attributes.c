/* SPDX-License-Identifier: MIT */
/* mkdir, mkfifo, rmdir, touch, chmod: directories, FIFOs, times and modes; and tee. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

/* --- mkdir --- */

static bool make_directory(const char *path, mode_t mode, bool parents)
{
    struct stat status;

    if (parents) {
        char *copy = tool_copy(path);

        for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
            *slash = 0;
            (void)mkdir(copy, 0777);
            *slash = '/';
        }
        free(copy);
    }
    if (mkdir(path, mode) == 0) {
        return true;
    }
    if (parents && errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        return true;
    }
    (void)tool_error_number("cannot create directory '%s'", path);
    return false;
}

static int run_mkdir(int argc, char **argv)
{
    mode_t mode = 0777;
    bool parents = false;
    bool set_mode = false;
    bool verbose = false;
    int status = 0;
    int option;

    while ((option = tool_option(argc, argv, "m:pv")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        parents = parents || option == 'p';
        verbose = verbose || option == 'v';
        if (option == 'm') {
            set_mode = true;
            if (!tool_parse_mode(optarg, 0777, &mode)) {
                return tool_error("invalid mode '%s'", optarg);
            }
        }
    }
    if (optind == argc) {
        return tool_missing_operand();
    }
    for (int index = optind; index < argc; index++) {
        if (!make_directory(argv[index], mode, parents)) {
            status = 1;
            continue;
        }
        if (set_mode && chmod(argv[index], mode) != 0) {
            status = tool_error_number("cannot set permissions of '%s'", argv[index]);
        }
        if (verbose) {
            printf("mkdir: created directory '%s'\n", argv[index]);
        }
    }
    return status;
}

const struct tool tool_mkdir = {
    .name = "mkdir",
    .usage = "usage: mkdir [-pv] [-m MODE] DIRECTORY...\n\nMakes directories.\n\n"
             "  -p  those on the way too; no error for one that is there\n  -m  with this mode\n"
             "  -v  tell what is done\n",
    .run = run_mkdir};

/* --- mkfifo --- */

static int run_mkfifo(int argc, char **argv)
{
    mode_t mode = 0666;
    bool set_mode = false;
    int status = 0;
    int option;

    while ((option = tool_option(argc, argv, "m:")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        set_mode = true;
        if (!tool_parse_mode(optarg, 0666, &mode)) {
            return tool_error("invalid mode '%s'", optarg);
        }
    }
    if (optind == argc) {
        return tool_missing_operand();
    }
    for (int index = optind; index < argc; index++) {
        if (mkfifo(argv[index], mode) != 0) {
            status = tool_error_number("cannot create fifo '%s'", argv[index]);
        } else if (set_mode && chmod(argv[index], mode) != 0) {
            status = tool_error_number("cannot set permissions of '%s'", argv[index]);
        }
    }
    return status;
}

const struct tool tool_mkfifo = {.name = "mkfifo",
                                 .usage = "usage: mkfifo [-m MODE] NAME...\n\nMakes named "
                                          "pipes.\n\n  -m  with this mode\n",
                                 .run = run_mkfifo};

/* --- rmdir --- */

static int run_rmdir(int argc, char **argv)
{
    bool parents = false;
    int status = 0;
    int option;

    while ((option = tool_option(argc, argv, "p")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        parents = true;
    }
    if (optind == argc) {
        return tool_missing_operand();
    }
    for (int index = optind; index < argc; index++) {
        char *path = argv[index];
        char *slash;

        do {
            if (rmdir(path) != 0) {
                status = tool_error_number("failed to remove '%s'", path);
                break;
            }
            slash = strrchr(path, '/');
            if (slash) {
                *slash = 0;
            }
        } while (parents && slash && *path);
    }
    return status;
}

const struct tool tool_rmdir = {
    .name = "rmdir",
    .usage = "usage: rmdir [-p] DIRECTORY...\n\nRemoves empty directories.\n\n"
             "  -p  also those on the way, from the last to the first\n",
    .run = run_rmdir};

/* --- touch --- */

static bool read_date(const char *text, struct timespec *ret_time)
{
    *ret_time = (struct timespec){0};
    return tool_parse_date(text, &ret_time->tv_sec);
}

/* [[CC]YY]MMDDhhmm[.ss] */
static bool read_stamp(const char *text, struct timespec *ret_time)
{
    time_t now = time(NULL);
    struct tm fields = *localtime(&now);
    size_t digits = strspn(text, "0123456789");
    const char *rest;

    *ret_time = (struct timespec){0};
    fields.tm_sec = 0;
    fields.tm_isdst = -1;
    rest = digits == 12   ? strptime(text, "%Y%m%d%H%M", &fields)
           : digits == 10 ? strptime(text, "%y%m%d%H%M", &fields)
           : digits == 8  ? strptime(text, "%m%d%H%M", &fields)
                          : NULL;
    if (rest && *rest == '.') {
        rest = strptime(rest + 1, "%S", &fields);
    }
    ret_time->tv_sec = mktime(&fields);
    return rest && !*rest;
}

static bool touch_one(const char *path, const struct timespec *times, bool create)
{
    int fd;

    if (utimensat(AT_FDCWD, path, times, 0) == 0) {
        return true;
    }
    if (errno != ENOENT) {
        (void)tool_error_number("cannot touch '%s'", path);
        return false;
    }
    if (!create) {
        return true;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || futimens(fd, times) != 0) {
        (void)tool_error_number("cannot touch '%s'", path);
        if (fd >= 0) {
            (void)close(fd);
        }
        return false;
    }
    return close(fd) == 0;
}

static int run_touch(int argc, char **argv)
{
    struct timespec when = {.tv_nsec = UTIME_NOW};
    struct timespec accessed = {.tv_nsec = UTIME_NOW};
    bool create = true;
    char which = 0;
    struct stat reference;
    int status = 0;
    int option;

    while ((option = tool_option(argc, argv, "acmd:r:t:")) != -1) {
        switch (option) {
        case 'a':
        case 'm':
            which = (char)option;
            break;
        case 'c':
            create = false;
            break;
        case 'd':
        case 't':
            if (!(option == 'd' ? read_date : read_stamp)(optarg, &when)) {
                return tool_error("invalid date format '%s'", optarg);
            }
            accessed = when;
            break;
        case 'r':
            if (stat(optarg, &reference) != 0) {
                return tool_error_number("failed to get attributes of '%s'", optarg);
            }
            when = reference.st_mtim;
            accessed = reference.st_atim;
            break;
        default:
            return tool_usage();
        }
    }
    if (optind == argc) {
        (void)tool_error("missing file operand");
        return tool_usage();
    }
    const struct timespec times[2] = {
        which == 'm' ? (struct timespec){.tv_nsec = UTIME_OMIT} : accessed,
        which == 'a' ? (struct timespec){.tv_nsec = UTIME_OMIT} : when,
    };

    for (int index = optind; index < argc; index++) {
        status = touch_one(argv[index], times, create) ? status : 1;
    }
    return status;
}

const struct tool tool_touch = {
    .name = "touch",
    .usage = "usage: touch [-acm] [-d DATE | -t STAMP | -r FILE] FILE...\n\n"
             "Sets the times of files to now; makes those that are not there.\n\n"
             "  -a, -m  only the time of access, of modification\n  -c  make none\n"
             "  -d  YYYY-MM-DD [HH:MM[:SS]], HH:MM or @SECONDS\n  -t  [[CC]YY]MMDDhhmm[.ss]\n"
             "  -r  the times of another file\n",
    .run = run_touch};

/* --- chmod --- */

static bool change_mode(const char *path, const char *text, bool recursive)
{
    struct stat status;
    mode_t mode;
    bool done = true;

    if (stat(path, &status) != 0) {
        (void)tool_error_number("cannot access '%s'", path);
        return false;
    }
    (void)tool_parse_mode(text, status.st_mode, &mode);
    if (chmod(path, mode) != 0) {
        (void)tool_error_number("changing permissions of '%s'", path);
        return false;
    }
    if (recursive && S_ISDIR(status.st_mode)) {
        DIR *directory = opendir(path);
        const struct dirent *item;

        if (!directory) {
            (void)tool_error_number("cannot read directory '%s'", path);
            return false;
        }
        while ((item = readdir(directory))) {
            if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0) {
                char *inner = tool_path(path, item->d_name);

                done = change_mode(inner, text, true) && done;
                free(inner);
            }
        }
        (void)closedir(directory);
    }
    return done;
}

static int run_chmod(int argc, char **argv)
{
    bool recursive = false;
    int first = 1;
    mode_t mode;
    int status = 0;

    /* A mode may begin with a minus sign: no getopt(). */
    if (first < argc && strcmp(argv[first], "-R") == 0) {
        recursive = true;
        first++;
    }
    if (argc - first < 2) {
        return tool_missing_operand();
    }
    if (!tool_parse_mode(argv[first], 0, &mode)) {
        (void)tool_error("invalid mode: '%s'", argv[first]);
        return tool_usage();
    }
    for (int index = first + 1; index < argc; index++) {
        status = change_mode(argv[index], argv[first], recursive) ? status : 1;
    }
    return status;
}

const struct tool tool_chmod = {
    .name = "chmod",
    .usage = "usage: chmod [-R] MODE FILE...\n\nChanges the permissions of files: in octal digits, "
             "or as in u+x,go-w,a=r.\n\n  -R  directories with all that is in them\n",
    .run = run_chmod};

/* --- tee --- */

static int run_tee(int argc, char **argv)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    static char bytes[8192];
    int *outputs;
    int status = 0;
    ssize_t got;
    int option;

    while ((option = tool_option(argc, argv, "ai")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        if (option == 'a') {
            flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
        } else {
            (void)signal(SIGINT, SIG_IGN);
        }
    }
    outputs = tool_memory((size_t)(argc - optind + 1) * sizeof(int));
    outputs[0] = 1;
    for (int index = optind; index < argc; index++) {
        outputs[index - optind + 1] = open(argv[index], flags, 0666);
        if (outputs[index - optind + 1] < 0) {
            status = tool_error_number("%s", argv[index]);
        }
    }
    while ((got = read(0, bytes, sizeof(bytes))) > 0) {
        for (int index = 0; index <= argc - optind; index++) {
            if (outputs[index] >= 0 && write(outputs[index], bytes, (size_t)got) != got) {
                status =
                    tool_error_number("%s", index ? argv[optind + index - 1] : "standard output");
                outputs[index] = -1;
            }
        }
    }
    free(outputs);
    return got < 0 ? tool_error_number("read error") : status;
}

const struct tool tool_tee = {
    .name = "tee",
    .usage = "usage: tee [-ai] [FILE...]\n\nCopies standard input to standard output and to each "
             "file.\n\n  -a  append to the files\n  -i  ignore interrupts\n",
    .run = run_tee};
