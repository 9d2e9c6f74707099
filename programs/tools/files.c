/* SPDX-License-Identifier: MIT */
/* cp, mv, rm, ln: files get, change and lose names. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "copy.h"
#include "tool.h"

static bool is_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Calls `work(FROM, TO)` for SOURCE DEST, or for each SOURCE with DIRECTORY/its name. */
static int each_source(int count, char **paths, bool (*work)(const char *from, const char *to))
{
    const char *last;
    bool into;
    int status = 0;

    if (count == 0) {
        (void)tool_error("missing file operand");
        return tool_usage();
    }
    if (count == 1) {
        (void)tool_error("missing destination file operand after '%s'", paths[0]);
        return tool_usage();
    }
    last = paths[count - 1];
    into = is_directory(last);
    if (count > 2 && !into) {
        return tool_error("target '%s' is not a directory", last);
    }
    for (int index = 0; index < count - 1; index++) {
        char *source = tool_copy(paths[index]);
        char *to;

        for (size_t length = strlen(source); length > 1 && source[length - 1] == '/';) {
            source[--length] = 0;
        }
        to = into ? tool_path(last, tool_base(source)) : tool_copy(last);
        status = work(source, to) ? status : 1;
        free(to);
        free(source);
    }
    return status;
}

/* --- cp --- */

static struct copy_options copy_options;

static bool copy_one(const char *from, const char *to)
{
    return copy_tree(from, to, &copy_options, true);
}

static int run_cp(int argc, char **argv)
{
    int option;

    while ((option = tool_option(argc, argv, "adfinpPrRv")) != -1) {
        switch (option) {
        case 'a':
            copy_options.recursive = copy_options.preserve = copy_options.links = true;
            break;
        case 'd':
        case 'P':
            copy_options.links = true;
            break;
        case 'f':
            copy_options.force = true;
            break;
        case 'i':
            copy_options.ask = true;
            break;
        case 'n':
            copy_options.keep = true;
            break;
        case 'p':
            copy_options.preserve = true;
            break;
        case 'r':
        case 'R':
            copy_options.recursive = true;
            break;
        case 'v':
            copy_options.verbose = true;
            break;
        default:
            return tool_usage();
        }
    }
    return each_source(argc - optind, argv + optind, copy_one);
}

const struct tool tool_cp = {
    .name = "cp",
    .usage = "usage: cp [-adfinpPrRv] SOURCE DEST\n       cp [-adfinpPrRv] SOURCE... DIRECTORY\n\n"
             "Copies files.\n\n"
             "  -r, -R  directories with all that is in them\n  -p  keep modes and times\n"
             "  -P, -d  copy symbolic links, not what they lead to\n  -a  the same as -r -p -P\n"
             "  -f  remove what cannot be written over\n  -i  ask before writing over\n"
             "  -n  leave what is there\n  -v  tell what is done\n",
    .run = run_cp};

/* --- mv --- */

static struct {
    bool ask;
    bool keep;
    bool verbose;
} move;

/* Between file systems a file is copied, then removed. */
static bool move_across(const char *from, const char *to)
{
    const struct copy_options copy = {.recursive = true, .preserve = true, .links = true};
    const struct remove_options removal = {.recursive = true, .force = true};

    return copy_tree(from, to, &copy, true) && remove_tree(from, &removal);
}

static bool move_one(const char *from, const char *to)
{
    struct stat source;
    struct stat there;

    if (lstat(from, &source) != 0) {
        (void)tool_error_number("cannot stat '%s'", from);
        return false;
    }
    if (lstat(to, &there) == 0) {
        if (source.st_ino == there.st_ino && source.st_dev == there.st_dev &&
            strcmp(from, to) == 0) {
            (void)tool_error("'%s' and '%s' are the same file", from, to);
            return false;
        }
        if (S_ISDIR(there.st_mode) && !S_ISDIR(source.st_mode)) {
            (void)tool_error("cannot overwrite directory '%s' with non-directory", to);
            return false;
        }
        if (move.keep || (move.ask && !tool_ask("overwrite '%s'? ", to))) {
            return true;
        }
    }
    if (rename(from, to) != 0) {
        if (errno == EXDEV) {
            return move_across(from, to);
        }
        if (errno == EINVAL) {
            (void)tool_error("cannot move '%s' to a subdirectory of itself, '%s'", from, to);
        } else {
            (void)tool_error_number("cannot move '%s' to '%s'", from, to);
        }
        return false;
    }
    if (move.verbose) {
        printf("renamed '%s' -> '%s'\n", from, to);
    }
    return true;
}

static int run_mv(int argc, char **argv)
{
    int option;

    while ((option = tool_option(argc, argv, "finv")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        move.ask = option == 'i' || (move.ask && option == 'v');
        move.keep = option == 'n' || (move.keep && option == 'v');
        move.verbose = move.verbose || option == 'v';
    }
    return each_source(argc - optind, argv + optind, move_one);
}

const struct tool tool_mv = {
    .name = "mv",
    .usage = "usage: mv [-finv] SOURCE DEST\n       mv [-finv] SOURCE... DIRECTORY\n\n"
             "Gives files another name, or moves them to a directory.\n\n"
             "  -f  do not ask\n  -i  ask before writing over\n  -n  leave what is there\n"
             "  -v  tell what is done\n",
    .run = run_mv};

/* --- rm --- */

static int run_rm(int argc, char **argv)
{
    struct remove_options options = {0};
    int status = 0;
    int option;

    while ((option = tool_option(argc, argv, "dfirRv")) != -1) {
        switch (option) {
        case 'd':
            options.directories = true;
            break;
        case 'f':
            options.force = true;
            options.ask = false;
            break;
        case 'i':
            options.ask = true;
            break;
        case 'r':
        case 'R':
            options.recursive = true;
            break;
        case 'v':
            options.verbose = true;
            break;
        default:
            return tool_usage();
        }
    }
    if (optind == argc && !options.force) {
        return tool_missing_operand();
    }
    for (int index = optind; index < argc; index++) {
        const char *base = tool_base(argv[index]);

        if (strcmp(base, ".") == 0 || strcmp(base, "..") == 0) {
            status =
                tool_error("refusing to remove '.' or '..' directory: skipping '%s'", argv[index]);
        } else if (options.recursive && strspn(argv[index], "/") == strlen(argv[index])) {
            status = tool_error("it is dangerous to operate recursively on '/'");
        } else if (!remove_tree(argv[index], &options)) {
            status = 1;
        }
    }
    return status;
}

const struct tool tool_rm = {
    .name = "rm",
    .usage = "usage: rm [-dfirRv] FILE...\n\nRemoves files.\n\n"
             "  -r, -R  directories with all that is in them\n  -d  empty directories\n"
             "  -f  no error for what is not there\n  -i  ask for each\n  -v  tell what is done\n",
    .run = run_rm};

/* --- ln --- */

static struct {
    bool symbolic;
    bool force;
    bool verbose;
} link_options;

static bool link_one(const char *target, const char *name)
{
    if (link_options.force && unlink(name) != 0 && errno != ENOENT) {
        (void)tool_error_number("cannot remove '%s'", name);
        return false;
    }
    if ((link_options.symbolic ? symlink : link)(target, name) != 0) {
        (void)tool_error_number("failed to create %s link '%s'",
                                link_options.symbolic ? "symbolic" : "hard", name);
        return false;
    }
    if (link_options.verbose) {
        printf(link_options.symbolic ? "'%s' -> '%s'\n" : "'%s' => '%s'\n", name, target);
    }
    return true;
}

static int run_ln(int argc, char **argv)
{
    char **paths;
    int count;
    int option;
    bool plain = false;

    while ((option = tool_option(argc, argv, "fnsvT")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        link_options.symbolic = link_options.symbolic || option == 's';
        link_options.force = link_options.force || option == 'f';
        link_options.verbose = link_options.verbose || option == 'v';
        plain = plain || option == 'n' || option == 'T';
    }
    paths = argv + optind;
    count = argc - optind;
    if (count == 1) {
        return !link_one(paths[0], tool_base(paths[0]));
    }
    if (count == 2 && plain) {
        return !link_one(paths[0], paths[1]);
    }
    return each_source(count, paths, link_one);
}

const struct tool tool_ln = {
    .name = "ln",
    .usage =
        "usage: ln [-fnsvT] TARGET [NAME]\n       ln [-fnsvT] TARGET... DIRECTORY\n\n"
        "Makes links: other names of a file.\n\n"
        "  -s  symbolic links, which hold the path TARGET\n  -f  replace what is there\n"
        "  -n, -T  NAME is the link even if it leads to a directory\n  -v  tell what is done\n",
    .run = run_ln};
