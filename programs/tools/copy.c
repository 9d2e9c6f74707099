/* SPDX-License-Identifier: MIT */
#include "copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

static bool is_dot(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static void preserve(const char *path, const struct stat *status)
{
    struct timespec times[2] = {status->st_atim, status->st_mtim};

    (void)utimensat(AT_FDCWD, path, times, 0);
    (void)chmod(path, status->st_mode & 07777);
}

static bool copy_data(const char *from, const char *to, const struct stat *status,
                      const struct copy_options *options)
{
    int input = open(from, O_RDONLY | O_CLOEXEC);
    int output;
    bool done;

    if (input < 0) {
        (void)tool_error_number("cannot open '%s' for reading", from);
        return false;
    }
    output = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, status->st_mode & 0777);
    if (output < 0 && options->force && unlink(to) == 0) {
        output = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status->st_mode & 0777);
    }
    if (output < 0) {
        (void)tool_error_number("cannot create regular file '%s'", to);
        (void)close(input);
        return false;
    }
    done = tool_copy_fd(input, from, output, to);
    (void)close(input);
    if (close(output) != 0) {
        (void)tool_error_number("%s", to);
        done = false;
    }
    return done;
}

static bool copy_link(const char *from, const char *to)
{
    char target[4096];
    ssize_t length = readlink(from, target, sizeof(target) - 1);

    if (length >= 0) {
        target[length] = 0;
        (void)unlink(to);
    }
    if (length < 0 || symlink(target, to) != 0) {
        (void)tool_error_number("cannot create symbolic link '%s'", to);
        return false;
    }
    return true;
}

static bool copy_directory(const char *from, const char *to, const struct stat *status,
                           const struct copy_options *options)
{
    DIR *directory;
    const struct dirent *item;
    struct stat there;
    bool done = true;
    bool made = mkdir(to, (status->st_mode & 0777) | 0700) == 0;

    if (!made && (errno != EEXIST || stat(to, &there) != 0 || !S_ISDIR(there.st_mode))) {
        (void)tool_error_number("cannot create directory '%s'", to);
        return false;
    }
    directory = opendir(from);
    if (!directory) {
        (void)tool_error_number("cannot access '%s'", from);
        return false;
    }
    /* A copy into itself would find its own copy. */
    if (stat(to, &there) == 0) {
        while ((item = readdir(directory))) {
            char *source = tool_path(from, item->d_name);
            char *target = tool_path(to, item->d_name);
            struct stat inner;

            if (lstat(source, &inner) == 0 && inner.st_ino == there.st_ino &&
                inner.st_dev == there.st_dev && !is_dot(item->d_name)) {
                (void)tool_error("cannot copy a directory, '%s', into itself, '%s'", from, to);
                done = false;
            } else if (!is_dot(item->d_name)) {
                done = copy_tree(source, target, options, false) && done;
            }
            free(source);
            free(target);
        }
    }
    (void)closedir(directory);
    if (made && !options->preserve && !(status->st_mode & 0200)) {
        (void)chmod(to, status->st_mode & 0777);
    }
    return done;
}

static bool copy_special(const char *to, const struct stat *status)
{
    if (mknod(to, status->st_mode, status->st_rdev) != 0) {
        (void)tool_error_number("cannot create special file '%s'", to);
        return false;
    }
    return true;
}

/* Whether what is there may be written over; *ret_stop if that is an error. */
static bool may_replace(const char *from, const char *to, const struct stat *status,
                        const struct copy_options *options, bool *ret_stop)
{
    struct stat there;

    *ret_stop = false;
    if (lstat(to, &there) != 0) {
        return true;
    }
    if (there.st_ino == status->st_ino && there.st_dev == status->st_dev) {
        (void)tool_error("'%s' and '%s' are the same file", from, to);
        *ret_stop = true;
        return false;
    }
    if (S_ISDIR(there.st_mode) && !S_ISDIR(status->st_mode)) {
        (void)tool_error("cannot overwrite directory '%s' with non-directory", to);
        *ret_stop = true;
        return false;
    }
    if (!S_ISDIR(there.st_mode) && S_ISDIR(status->st_mode)) {
        (void)tool_error("cannot overwrite non-directory '%s' with directory '%s'", to, from);
        *ret_stop = true;
        return false;
    }
    if (S_ISDIR(there.st_mode)) {
        return true;
    }
    return !options->keep && (!options->ask || tool_ask("overwrite '%s'? ", to));
}

bool copy_tree(const char *from, const char *to, const struct copy_options *options, bool operand)
{
    bool follow = !options->links && (operand || !options->recursive);
    struct stat status;
    bool stop;
    bool done;

    if ((follow ? stat : lstat)(from, &status) != 0) {
        (void)tool_error_number("cannot stat '%s'", from);
        return false;
    }
    if (S_ISDIR(status.st_mode) && !options->recursive) {
        (void)tool_error("-r not specified; omitting directory '%s'", from);
        return false;
    }
    if (!may_replace(from, to, &status, options, &stop)) {
        return !stop;
    }
    if (options->verbose) {
        printf("'%s' -> '%s'\n", from, to);
    }
    if (S_ISDIR(status.st_mode)) {
        done = copy_directory(from, to, &status, options);
    } else if (S_ISLNK(status.st_mode)) {
        return copy_link(from, to);
    } else if (S_ISREG(status.st_mode) || !options->recursive) {
        done = copy_data(from, to, &status, options);
    } else {
        done = copy_special(to, &status);
    }
    if (options->preserve && done) {
        preserve(to, &status);
    }
    return done;
}

/* --- removing --- */

/* The names are read first: a directory that changes while it is read may leave some out. */
static bool remove_contents(const char *path, const struct remove_options *options)
{
    DIR *directory = opendir(path);
    const struct dirent *item;
    char **names = NULL;
    size_t count = 0;
    bool done = true;

    if (!directory) {
        (void)tool_error_number("cannot remove '%s'", path);
        return false;
    }
    while ((item = readdir(directory))) {
        if (!is_dot(item->d_name)) {
            names = tool_resize(names, (count + 1) * sizeof(*names));
            names[count++] = tool_path(path, item->d_name);
        }
    }
    (void)closedir(directory);
    for (size_t index = 0; index < count; index++) {
        done = remove_tree(names[index], options) && done;
        free(names[index]);
    }
    free(names);
    return done;
}

bool remove_tree(const char *path, const struct remove_options *options)
{
    struct stat status;
    bool is_directory;

    if (lstat(path, &status) != 0) {
        if (options->force && (errno == ENOENT || errno == ENOTDIR)) {
            return true;
        }
        (void)tool_error_number("cannot remove '%s'", path);
        return false;
    }
    is_directory = S_ISDIR(status.st_mode);
    if (is_directory && !options->recursive && !options->directories) {
        (void)tool_error("cannot remove '%s': Is a directory", path);
        return false;
    }
    if (is_directory && options->recursive && !remove_contents(path, options)) {
        return false;
    }
    if (options->ask &&
        !tool_ask(is_directory ? "remove directory '%s'? " : "remove regular file '%s'? ", path)) {
        return true;
    }
    if ((is_directory ? rmdir : unlink)(path) != 0) {
        (void)tool_error_number("cannot remove '%s'", path);
        return false;
    }
    if (options->verbose) {
        printf(is_directory ? "removed directory '%s'\n" : "removed '%s'\n", path);
    }
    return true;
}
