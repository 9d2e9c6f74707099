/* SPDX-License-Identifier: MIT */
/* Simple commands: words, assignments and redirections; builtins, functions and programs. */
#include "execute.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtins.h"
#include "expand.h"
#include "function.h"
#include "jobs.h"
#include "path.h"
#include "redirect.h"
#include "shell.h"
#include "trap.h"
#include "variable.h"

/* What a simple command has become by expansion. */
struct command {
    const struct node *node;
    struct fields fields;
    struct fields assignments; /* NAME=VALUE */
    struct redirect_steps steps;
    unsigned how;
};

/* --- words and assignments --- */

/* The part up to the equals sign is a name as it stands; the rest is expanded. */
static char *expand_assignment(const struct word *word)
{
    struct part first = *word->parts;
    const char *value = strchr(first.text, '=') + 1;
    struct buffer text = {0};
    char *expanded;

    buffer_append(&text, first.text, (size_t)(value - first.text));
    first.text = value;
    expanded = expand_text(*value ? &first : first.next, EXPAND_ASSIGNMENT);
    buffer_append_text(&text, expanded);
    free(expanded);
    return buffer_take(&text);
}

/* The arguments of export and its like that are assignments stay one word. */
static void expand_command_words(struct command *command)
{
    bool declares = false;

    for (const struct word *word = command->node->words; word && shell.flow == FLOW_NONE;
         word = word->next) {
        struct word single = {.parts = word->parts};
        const struct builtin *builtin;

        if (declares && word_is_assignment(word)) {
            fields_add(&command->fields, expand_assignment(word));
            continue;
        }
        expand_words(&single, &command->fields);
        if (word == command->node->words && word_plain(word)) {
            builtin = builtin_find(word_plain(word));
            declares = builtin && (builtin->flags & BUILTIN_DECLARES);
        }
    }
}

static void expand_assignments(struct command *command)
{
    for (const struct word *word = command->node->assignments; word && shell.flow == FLOW_NONE;
         word = word->next) {
        char *text = expand_assignment(word);

        /* A later one may use an earlier one, if they are to stay. */
        if (shell.flow == FLOW_NONE && command->fields.count == 0) {
            (void)variable_assign(text);
        }
        fields_add(&command->assignments, text);
    }
}

static void assign_for_command(const struct command *command)
{
    for (size_t index = 0; index < command->assignments.count && shell.flow == FLOW_NONE; index++) {
        const char *text = command->assignments.values[index];
        char *name = text_copy_bytes(text, (size_t)(strchr(text, '=') - text));

        (void)scope_save(name);
        if (variable_assign(text)) {
            variable_flag(name, VARIABLE_EXPORT);
        }
        free(name);
    }
}

static void trace(const struct command *command)
{
    const struct fields *lists[] = {&command->assignments, &command->fields};
    struct buffer line = {0};

    if (!shell.trace) {
        return;
    }
    buffer_append_text(&line, variable_get("PS4") ? variable_get("PS4") : "");
    for (unsigned list = 0; list < 2; list++) {
        for (size_t index = 0; index < lists[list]->count; index++) {
            buffer_append_text(&line, lists[list]->values[index]);
            buffer_add(&line, ' ');
        }
    }
    line.length -= line.length > 0;
    buffer_add(&line, '\n');
    (void)!write(2, line.bytes, line.length);
    buffer_fini(&line);
}

/* --- programs --- */

static int report_missing(const char *name, enum path_result result)
{
    shell_error("%s: %s", name, result == PATH_DENIED ? "Permission denied" : "not found");
    return (int)result;
}

/* Does not return if the program begins. A file without a known format is a script. */
static void try_program(const char *path, int argc, char **argv, char **environment)
{
    char **script;

    (void)execve(path, argv, environment);
    if (errno != ENOEXEC) {
        return;
    }
    script = memory_get(((size_t)argc + 2) * sizeof(char *));
    script[0] = argv[0];
    memcpy(script + 2, argv + 1, (size_t)argc * sizeof(char *));
    script[1] = text_copy(path);
    (void)execve("/bin/sh", script, environment);
    errno = ENOEXEC;
}

static int report_failed(const char *name)
{
    int missing = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;

    shell_error("%s: %s", name, missing ? "not found" : strerror(errno));
    return missing ? PATH_MISSING : PATH_DENIED;
}

static enum path_result find_program(const char *name, const char *path_list, const char **ret_path)
{
    static char *searched;

    if (!path_list || strchr(name, '/')) {
        return path_find(name, ret_path);
    }
    free(searched);
    searched = NULL;
    enum path_result result = path_search(name, path_list, true, &searched);
    *ret_path = searched;
    return result;
}

void execute_program(int argc, char **argv)
{
    const char *path;
    enum path_result result = find_program(argv[0], NULL, &path);

    if (result != PATH_FOUND) {
        _exit(report_missing(argv[0], result));
    }
    trap_restore_for_program(false);
    try_program(path, argc, argv, variable_environment());
    _exit(report_failed(argv[0]));
}

/* The child of a vfork: it may call, but not return, and memory it changes is the parent's. */
static _Noreturn void become_program(const struct job *job, const char *path, int argc, char **argv,
                                     char **environment, const struct redirect_steps *steps)
{
    int bad;

    job_enter_group(job, 0, JOB_FOREGROUND);
    trap_restore_for_program(false);
    bad = redirect_apply(steps);
    if (bad) {
        shell_error("%d: Bad file descriptor", bad < 0 ? 0 : bad);
        _exit(2);
    }
    try_program(path, argc, argv, environment);
    _exit(report_failed(argv[0]));
}

static pid_t start_program(struct job *job, const char *path, int argc, char **argv,
                           const struct redirect_steps *steps)
{
    char **environment = variable_environment();
    pid_t pid;

    (void)fflush(stdout);
    pid = vfork();
    if (pid == 0) {
        become_program(job, path, argc, argv, environment, steps);
    }
    if (pid < 0) {
        shell_fail(2, "Cannot fork: %s", strerror(errno));
    }
    return pid;
}

/* Runs it in a process of its own and waits. */
static int run_program(const struct node *node, const char *path, int argc, char **argv,
                       const struct redirect_steps *steps)
{
    struct job *job = job_create(node);
    pid_t pid = start_program(job, path, argc, argv, steps);

    redirect_close(steps);
    if (pid < 0) {
        job_forget(job);
        return 2;
    }
    job_add(job, pid, JOB_FOREGROUND);
    job_enter_group(job, pid, JOB_FOREGROUND);
    return job_wait(job);
}

/* Errors go where the command's own would. */
static int report_redirected(struct command *command, const char *name, enum path_result result)
{
    int status = 2;

    if (redirect_push(&command->steps)) {
        status = report_missing(name, result);
        redirect_pop(&command->steps);
    }
    return status;
}

static int execute_external(struct command *command)
{
    struct variable_scope scope;
    char **argv = command->fields.values;
    int argc = (int)command->fields.count;
    enum path_result result;
    const char *path;
    int status;

    scope_push(&scope);
    assign_for_command(command);
    if (shell.flow != FLOW_NONE) {
        redirect_close(&command->steps);
        scope_pop();
        return shell.status;
    }
    if ((command->how & EXECUTE_LAST) && !shell.interactive) {
        if (!redirect_push(&command->steps)) {
            _exit(2);
        }
        redirect_keep(&command->steps);
        execute_program(argc, argv);
    }
    result = path_find(argv[0], &path);
    status = result == PATH_FOUND ? run_program(command->node, path, argc, argv, &command->steps)
                                  : report_redirected(command, argv[0], result);
    if (status == PATH_MISSING) {
        path_forget();
    }
    scope_pop();
    return status;
}

/* --- builtins and functions --- */

static int run_builtin(const struct builtin *builtin, int argc, char **argv)
{
    int status = builtin->run(argc, argv);

    if (fflush(stdout) != 0 || ferror(stdout)) {
        shell_error("%s: I/O error", argv[0]);
        status = status ? status : 1;
    }
    clearerr(stdout);
    return status;
}

/* An error in a special builtin ends a shell that has no prompt to go back to. */
static int fail_special(int status)
{
    shell.status = status;
    if (shell.flow == FLOW_NONE) {
        shell.flow = FLOW_ABORT;
    }
    return status;
}

static int execute_builtin(struct command *command, const struct builtin *builtin)
{
    struct variable_scope scope;
    bool special = builtin->flags & BUILTIN_SPECIAL;
    bool scoped = !special && command->assignments.count;
    int status;

    if (!redirect_push(&command->steps)) {
        return special ? fail_special(2) : 2;
    }
    if (scoped) {
        scope_push(&scope);
        assign_for_command(command);
    }
    for (size_t index = 0; special && index < command->assignments.count; index++) {
        (void)variable_assign(command->assignments.values[index]);
    }
    status = shell.flow == FLOW_NONE
                 ? run_builtin(builtin, (int)command->fields.count, command->fields.values)
                 : shell.status;
    if (scoped) {
        scope_pop();
    }
    if (builtin->run == builtin_exec && shell.flow == FLOW_NONE) {
        redirect_keep(&command->steps);
    } else {
        redirect_pop(&command->steps);
    }
    return status;
}

static int execute_function(struct command *command, const struct node *function)
{
    struct variable_scope scope;
    int status;

    if (!redirect_push(&command->steps)) {
        return 2;
    }
    scope_push(&scope);
    assign_for_command(command);
    status = shell.flow == FLOW_NONE
                 ? function_call(function, (int)command->fields.count, command->fields.values)
                 : shell.status;
    scope_pop();
    redirect_pop(&command->steps);
    return status;
}

/* Only assignments and redirections. The status is that of the last command substitution. */
static int execute_nothing(struct command *command)
{
    if (!redirect_push(&command->steps)) {
        return 2;
    }
    redirect_pop(&command->steps);
    return shell.substituted ? shell.substitution_status : 0;
}

static bool wants_help(const struct builtin *builtin, const struct command *command)
{
    return (builtin->flags & BUILTIN_IS_TOOL) && command->fields.count == 2 &&
           strcmp(command->fields.values[1], "--help") == 0;
}

static int execute_named(struct command *command)
{
    const char *name = command->fields.values[0];
    const struct builtin *builtin = builtin_find(name);
    const struct node *function;

    if (builtin && (builtin->flags & BUILTIN_SPECIAL)) {
        return execute_builtin(command, builtin);
    }
    function = function_lookup(name);
    if (function) {
        return execute_function(command, function);
    }
    return builtin && !wants_help(builtin, command) ? execute_builtin(command, builtin)
                                                    : execute_external(command);
}

static int redirect_failed(const struct command *command)
{
    const struct builtin *builtin =
        command->fields.count ? builtin_find(command->fields.values[0]) : NULL;

    return builtin && (builtin->flags & BUILTIN_SPECIAL) ? fail_special(2) : 2;
}

int execute_simple(const struct node *node, unsigned how)
{
    struct command command = {.node = node, .how = how};
    int status;

    shell.substituted = false;
    expand_command_words(&command);
    if (shell.flow == FLOW_NONE) {
        if (!redirect_open(node->redirects, &command.steps)) {
            status = redirect_failed(&command);
            goto done;
        }
        expand_assignments(&command);
        if (shell.flow != FLOW_NONE) {
            redirect_close(&command.steps);
        }
    }
    if (shell.flow != FLOW_NONE) {
        status = shell.status;
        goto done;
    }
    trace(&command);
    status = command.fields.count ? execute_named(&command) : execute_nothing(&command);
done:
    fields_fini(&command.fields);
    fields_fini(&command.assignments);
    return status;
}

int execute_command(int argc, char **argv, const char *path_list)
{
    static const struct redirect_steps none;
    static struct tree tree;
    const struct node node = {.tree = &tree};
    const struct builtin *builtin = builtin_find(argv[0]);
    enum path_result result;
    const char *path;

    if (builtin) {
        return run_builtin(builtin, argc, argv);
    }
    result = find_program(argv[0], path_list, &path);
    return result == PATH_FOUND ? run_program(&node, path, argc, argv, &none)
                                : report_missing(argv[0], result);
}
