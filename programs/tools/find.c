/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

static const char usage[] =
    "usage: find [-H | -L] [PATH...] [EXPRESSION]\n\n"
    "Walks through directories and evaluates an expression for each file.\n\n"
    "  -name PATTERN  -iname PATTERN  -path PATTERN   its name, its whole path\n"
    "  -type f|d|l|p|s|c|b                            what it is\n"
    "  -size [+-]N[bckMG]  -empty                      how large it is\n"
    "  -mtime [+-]DAYS  -mmin [+-]MINUTES  -newer FILE  when it was changed\n"
    "  -atime [+-]DAYS                                when it was read\n"
    "  -perm MODE  -perm -MODE  -links [+-]N          its permissions, its links\n"
    "  -user [+-]N  -group [+-]N  -inum [+-]N         its numbers of owner, group, inode\n"
    "  -maxdepth N  -mindepth N  -depth  -xdev        how the walk goes\n"
    "  -print  -print0  -delete  -prune  -quit        what is done; -print without any\n"
    "  -exec COMMAND {} ;  -exec COMMAND {} +         a command for each, for many at once\n"
    "  ! E, E -a E, E -o E, ( E )                     not, and, or\n";

#define MANY_MAX 16

struct node {
    enum kind {
        NODE_AND,
        NODE_OR,
        NODE_NOT,
        NODE_TEST,
    } kind;
    struct node *left;
    struct node *right;
    const char *name; /* of a test, without the minus sign */
    const char *text;
    long long number;
    char sign;
    char **command; /* of exec, ends with NULL */
    size_t command_count;
    bool many;
    char **collected;
    size_t collected_count;
};

static struct {
    char **next;
    char **end;
    long long most; /* depth */
    long long least;
    bool depth_first;
    bool follow;
    bool follow_operands;
    bool one_device;
    bool acts; /* there is an action, so that nothing is printed by itself */
    dev_t device;
    bool prune;
    bool quit;
    time_t now;
    int status;
    struct node *many[MANY_MAX];
    size_t many_count;
} find = {.most = -1};

struct visit {
    const char *path;
    const struct stat *status;
    long long depth;
};

/* --- the expression --- */

static struct node *parse_or(void);

static struct node *make(enum kind kind, struct node *left, struct node *right)
{
    struct node *node = tool_memory(sizeof(*node));

    *node = (struct node){.kind = kind, .left = left, .right = right};
    return node;
}

static bool at(const char *text)
{
    return find.next < find.end && strcmp(*find.next, text) == 0;
}

static const char *argument(const char *name)
{
    if (find.next == find.end) {
        exit(tool_error("missing argument to '-%s'", name));
    }
    return *find.next++;
}

static void parse_number(struct node *node)
{
    const char *text = argument(node->name);
    char *end;

    node->sign = *text == '+' || *text == '-' ? *text : 0;
    node->number = strtoll(text + (node->sign != 0), &end, 10);
    node->text = end; /* the unit of a size */
    if (*end && strcmp(node->name, "size") == 0 && strchr("bckMG", *end)) {
        end++;
    }
    if (end == text + (node->sign != 0) || *end) {
        exit(tool_error("invalid argument '%s' to '-%s'", text, node->name));
    }
}

static void parse_exec(struct node *node)
{
    node->command = find.next;
    while (find.next < find.end && strcmp(*find.next, ";") != 0 &&
           !(strcmp(*find.next, "+") == 0 && strcmp(find.next[-1], "{}") == 0)) {
        find.next++;
    }
    if (find.next == find.end || find.next == node->command) {
        exit(tool_error("missing argument to '-%s'", node->name));
    }
    node->many = **find.next == '+';
    node->command_count = (size_t)(find.next - node->command);
    find.next++;
    find.acts = true;
    if (node->many && find.many_count == MANY_MAX) {
        exit(tool_error("more than %d '-exec ... +'", MANY_MAX));
    }
    if (node->many) {
        find.many[find.many_count++] = node;
    }
}

static bool is_one_of(const char *name, const char *list)
{
    size_t length = strlen(name);

    for (const char *found = strstr(list, name); found; found = strstr(found + 1, name)) {
        if ((found == list || found[-1] == ' ') && (found[length] == ' ' || found[length] == 0)) {
            return true;
        }
    }
    return false;
}

static struct node *parse_test(void)
{
    struct node *node = make(NODE_TEST, NULL, NULL);
    const char *name = *find.next++;

    if (*name != '-') {
        exit(tool_error("paths must precede expression: '%s'", name));
    }
    node->name = name + 1;
    if (is_one_of(node->name, "name iname path ipath wholename type newer perm")) {
        node->text = argument(node->name);
        if (strcmp(name, "-type") == 0 && (!strchr("fdlpscb", *node->text) || node->text[1])) {
            exit(tool_error("unknown argument to -type: '%s'", node->text));
        }
    } else if (is_one_of(node->name, "size mtime atime mmin links inum user group")) {
        parse_number(node);
    } else if (is_one_of(node->name, "maxdepth mindepth")) {
        parse_number(node);
        if (node->sign) {
            exit(tool_error("invalid argument to '-%s'", node->name));
        }
        *(node->name[1] == 'a' ? &find.most : &find.least) = node->number;
        node->name = "true";
    } else if (is_one_of(node->name, "depth xdev mount follow")) {
        find.depth_first = find.depth_first || *node->name == 'd';
        find.one_device = find.one_device || *node->name == 'x' || *node->name == 'm';
        find.follow = find.follow || *node->name == 'f';
        node->name = "true";
    } else if (is_one_of(node->name, "exec ok")) {
        parse_exec(node);
    } else if (is_one_of(node->name, "print print0 delete quit")) {
        find.acts = true;
        find.depth_first = find.depth_first || *node->name == 'd';
    } else if (!is_one_of(node->name, "true false prune empty")) {
        exit(tool_error("unknown predicate '-%s'", node->name));
    }
    return node;
}

static struct node *parse_not(void)
{
    struct node *inner;

    if (find.next == find.end) {
        exit(tool_error("expected an expression"));
    }
    if (at("!") || at("-not")) {
        find.next++;
        return make(NODE_NOT, parse_not(), NULL);
    }
    if (!at("(")) {
        return parse_test();
    }
    find.next++;
    inner = parse_or();
    if (!at(")")) {
        exit(tool_error("missing ')'"));
    }
    find.next++;
    return inner;
}

static struct node *parse_and(void)
{
    struct node *left = parse_not();

    while (find.next < find.end && !at("-o") && !at("-or") && !at(")")) {
        if (at("-a") || at("-and")) {
            find.next++;
        }
        left = make(NODE_AND, left, parse_not());
    }
    return left;
}

static struct node *parse_or(void)
{
    struct node *left = parse_and();

    while (at("-o") || at("-or")) {
        find.next++;
        left = make(NODE_OR, left, parse_and());
    }
    return left;
}

/* --- evaluation --- */

static bool compare(const struct node *node, long long value)
{
    return node->sign == '+'   ? value > node->number
           : node->sign == '-' ? value < node->number
                               : value == node->number;
}

static bool size_matches(const struct node *node, off_t size)
{
    long long unit = *node->text == 'c'   ? 1
                     : *node->text == 'k' ? 1024
                     : *node->text == 'M' ? 1024 * 1024
                     : *node->text == 'G' ? 1024 * 1024 * 1024
                                          : 512;

    return compare(node, (size + unit - 1) / unit);
}

static bool type_matches(char letter, mode_t mode)
{
    char text[12];

    tool_mode_text(mode, text);
    return text[0] == (letter == 'f' ? '-' : letter);
}

static bool is_newer(const char *path, const struct stat *status)
{
    struct stat other;

    if (stat(path, &other) != 0) {
        exit(tool_error_number("'%s'", path));
    }
    return status->st_mtim.tv_sec > other.st_mtim.tv_sec ||
           (status->st_mtim.tv_sec == other.st_mtim.tv_sec &&
            status->st_mtim.tv_nsec > other.st_mtim.tv_nsec);
}

static bool mode_matches(const char *text, mode_t mode)
{
    bool all = *text == '-';
    mode_t wanted;

    if (!tool_parse_mode(text + all, 0, &wanted)) {
        exit(tool_error("invalid mode '%s'", text));
    }
    return all ? (mode & wanted) == wanted : (mode & 07777) == wanted;
}

static bool is_empty(const struct visit *visit)
{
    DIR *directory;
    size_t count = 0;

    if (S_ISREG(visit->status->st_mode)) {
        return visit->status->st_size == 0;
    }
    directory = S_ISDIR(visit->status->st_mode) ? opendir(visit->path) : NULL;
    if (!directory) {
        return false;
    }
    while (readdir(directory)) {
        count++;
    }
    (void)closedir(directory);
    return count <= 2;
}

static bool start(char **words)
{
    int status;
    pid_t pid;

    (void)fflush(stdout);
    pid = vfork();
    if (pid == 0) {
        (void)execvp(words[0], words);
        (void)tool_error_number("'%s'", words[0]);
        _exit(127);
    }
    if (pid < 0) {
        (void)tool_error_number("cannot fork");
        return false;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status == 0;
}

static bool execute_many(struct node *node)
{
    char **words = tool_memory((node->command_count + node->collected_count) * sizeof(char *));
    size_t count = node->command_count - 1; /* without {} */
    bool done;

    memcpy(words, node->command, count * sizeof(char *));
    for (size_t index = 0; index < node->collected_count; index++) {
        words[count + index] = node->collected[index];
    }
    words[count + node->collected_count] = NULL;
    done = start(words);
    for (size_t index = 0; index < node->collected_count; index++) {
        free(node->collected[index]);
    }
    node->collected_count = 0;
    free(words);
    return done;
}

static bool execute(struct node *node, const char *path)
{
    char **words;
    char *copy = tool_copy(path);
    bool done;

    if (node->many) {
        node->collected =
            tool_resize(node->collected, (node->collected_count + 1) * sizeof(char *));
        node->collected[node->collected_count++] = copy;
        if (node->collected_count >= 1000 && !execute_many(node)) {
            find.status = 1;
        }
        return true;
    }
    words = tool_memory((node->command_count + 1) * sizeof(char *));
    for (size_t index = 0; index < node->command_count; index++) {
        words[index] = strcmp(node->command[index], "{}") == 0 ? copy : node->command[index];
    }
    words[node->command_count] = NULL;
    done = (strcmp(node->name, "ok") != 0 || tool_ask("< %s ... %s > ? ", words[0], path)) &&
           start(words);
    free(words);
    free(copy);
    return done;
}

static bool remove_file(const struct visit *visit)
{
    if (strcmp(visit->path, ".") == 0) {
        return true;
    }
    if ((S_ISDIR(visit->status->st_mode) ? rmdir : unlink)(visit->path) != 0) {
        find.status = tool_error_number("cannot delete '%s'", visit->path);
        return false;
    }
    return true;
}

static bool test(struct node *node, const struct visit *visit)
{
    const struct stat *status = visit->status;
    const char *name = node->name;

    if (strcmp(name, "name") == 0 || strcmp(name, "iname") == 0) {
        return fnmatch(node->text, tool_base(visit->path), *name == 'i' ? FNM_CASEFOLD : 0) == 0;
    }
    if (strcmp(name, "path") == 0 || strcmp(name, "ipath") == 0 || strcmp(name, "wholename") == 0) {
        return fnmatch(node->text, visit->path, *name == 'i' ? FNM_CASEFOLD : 0) == 0;
    }
    if (strcmp(name, "type") == 0) {
        return type_matches(*node->text, status->st_mode);
    }
    if (strcmp(name, "size") == 0) {
        return size_matches(node, status->st_size);
    }
    if (strcmp(name, "mtime") == 0 || strcmp(name, "atime") == 0) {
        return compare(node,
                       (find.now - (*name == 'm' ? status->st_mtime : status->st_atime)) / 86400);
    }
    if (strcmp(name, "mmin") == 0) {
        return compare(node, (find.now - status->st_mtime) / 60);
    }
    if (strcmp(name, "links") == 0) {
        return compare(node, (long long)status->st_nlink);
    }
    if (strcmp(name, "inum") == 0) {
        return compare(node, (long long)status->st_ino);
    }
    if (strcmp(name, "user") == 0) {
        return compare(node, status->st_uid);
    }
    if (strcmp(name, "group") == 0) {
        return compare(node, status->st_gid);
    }
    if (strcmp(name, "newer") == 0) {
        return is_newer(node->text, status);
    }
    if (strcmp(name, "perm") == 0) {
        return mode_matches(node->text, status->st_mode);
    }
    if (strcmp(name, "empty") == 0) {
        return is_empty(visit);
    }
    if (strcmp(name, "exec") == 0 || strcmp(name, "ok") == 0) {
        return execute(node, visit->path);
    }
    if (strcmp(name, "delete") == 0) {
        return remove_file(visit);
    }
    if (strcmp(name, "print") == 0 || strcmp(name, "print0") == 0) {
        printf("%s%c", visit->path, name[5] ? 0 : '\n');
    }
    find.prune = find.prune || strcmp(name, "prune") == 0;
    find.quit = find.quit || strcmp(name, "quit") == 0;
    return strcmp(name, "false") != 0;
}

static bool evaluate(struct node *node, const struct visit *visit)
{
    switch (node->kind) {
    case NODE_AND:
        return evaluate(node->left, visit) && evaluate(node->right, visit);
    case NODE_OR:
        return evaluate(node->left, visit) || evaluate(node->right, visit);
    case NODE_NOT:
        return !evaluate(node->left, visit);
    case NODE_TEST:
        return test(node, visit);
    }
    return false;
}

/* --- the walk --- */

static void look_at(struct node *expression, const struct visit *visit)
{
    if (visit->depth < find.least || find.quit) {
        return;
    }
    if ((!expression || evaluate(expression, visit)) && !find.acts) {
        puts(visit->path);
    }
}

static void walk(struct node *expression, const char *path, long long depth);

static void walk_directory(struct node *expression, const char *path, long long depth)
{
    DIR *directory = opendir(path);
    const struct dirent *item;
    char **names = NULL;
    size_t count = 0;

    if (!directory) {
        find.status = tool_error_number("'%s'", path);
        return;
    }
    /* Read whole first: what is executed or deleted changes the directory. */
    while ((item = readdir(directory))) {
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0) {
            names = tool_resize(names, (count + 1) * sizeof(*names));
            names[count++] = tool_path(path, item->d_name);
        }
    }
    (void)closedir(directory);
    for (size_t index = 0; index < count; index++) {
        if (!find.quit) {
            walk(expression, names[index], depth + 1);
        }
        free(names[index]);
    }
    free(names);
}

static void walk(struct node *expression, const char *path, long long depth)
{
    bool follow = find.follow || (find.follow_operands && depth == 0);
    struct stat status;
    struct visit visit = {.path = path, .status = &status, .depth = depth};
    bool enters;

    if ((!follow || stat(path, &status) != 0) && lstat(path, &status) != 0) {
        find.status = tool_error_number("'%s'", path);
        return;
    }
    if (depth == 0) {
        find.device = status.st_dev;
    }
    enters = S_ISDIR(status.st_mode) && (find.most < 0 || depth < find.most) &&
             !(find.one_device && status.st_dev != find.device);
    find.prune = false;
    if (!find.depth_first) {
        look_at(expression, &visit);
    }
    if (enters && !find.prune && !find.quit) {
        walk_directory(expression, path, depth);
    }
    if (find.depth_first) {
        look_at(expression, &visit);
    }
}

static bool begins_expression(const char *text)
{
    return (text[0] == '-' && text[1]) || strcmp(text, "!") == 0 || strcmp(text, "(") == 0;
}

static int run(int argc, char **argv)
{
    struct node *expression = NULL;
    int first = 1;
    int index;

    for (; first < argc && (strcmp(argv[first], "-L") == 0 || strcmp(argv[first], "-H") == 0 ||
                            strcmp(argv[first], "-P") == 0);
         first++) {
        find.follow = argv[first][1] == 'L';
        find.follow_operands = argv[first][1] == 'H';
    }
    for (index = first; index < argc && !begins_expression(argv[index]);) {
        index++;
    }
    find.now = time(NULL);
    find.next = argv + index;
    find.end = argv + argc;
    if (find.next < find.end) {
        expression = parse_or();
        if (find.next < find.end) {
            return tool_error("unexpected '%s'", *find.next);
        }
    }
    if (index == first) {
        walk(expression, ".", 0);
    }
    for (int path = first; path < index && !find.quit; path++) {
        walk(expression, argv[path], 0);
    }
    for (size_t many = 0; many < find.many_count; many++) {
        if (find.many[many]->collected_count && !execute_many(find.many[many])) {
            find.status = 1;
        }
    }
    return find.status;
}

const struct tool tool_find = {.name = "find", .usage = usage, .run = run};
