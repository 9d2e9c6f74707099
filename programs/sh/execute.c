/* SPDX-License-Identifier: MIT */
#include "execute.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expand.h"
#include "function.h"
#include "jobs.h"
#include "redirect.h"
#include "shell.h"
#include "trap.h"
#include "variable.h"

void execute_end_child(void)
{
    shell_exit(shell.status);
}

/* In a child: executes and ends. */
static _Noreturn void run_child(const struct node *node)
{
    (void)execute_node(node, EXECUTE_LAST);
    execute_end_child();
}

/* --- conditions and loops --- */

static int execute_condition(const struct node *node)
{
    int status;

    shell.condition_depth++;
    status = execute_node(node, 0);
    shell.condition_depth--;
    return status;
}

static int execute_if(const struct node *node, unsigned how)
{
    int status = execute_condition(node->left);

    if (shell.flow != FLOW_NONE) {
        return status;
    }
    if (status == 0) {
        return execute_node(node->right, how);
    }
    return node->otherwise ? execute_node(node->otherwise, how) : 0;
}

/* Whether the loop goes on after its body; a break or continue for it is used up. */
static bool loop_goes_on(void)
{
    if (shell.flow == FLOW_NONE) {
        return !shell_interrupted();
    }
    if (shell.flow != FLOW_BREAK && shell.flow != FLOW_CONTINUE) {
        return false;
    }
    if (shell.flow_count > 1) {
        shell.flow_count--;
        return false;
    }
    if (shell.flow == FLOW_CONTINUE) {
        shell.flow = FLOW_NONE;
        return true;
    }
    shell.flow = FLOW_NONE;
    return false;
}

static int execute_loop(const struct node *node)
{
    int wanted = node->kind == NODE_WHILE;
    int status = 0;

    shell.loop_depth++;
    for (;;) {
        int condition = execute_condition(node->left);

        if (shell.flow != FLOW_NONE) {
            if (!loop_goes_on()) {
                break;
            }
            continue;
        }
        if ((condition == 0) != wanted) {
            break;
        }
        status = execute_node(node->right, 0);
        if (!loop_goes_on()) {
            break;
        }
    }
    shell.loop_depth--;
    return shell.flow == FLOW_NONE ? status : shell.status;
}

static int execute_for(const struct node *node)
{
    struct fields fields = {0};
    int status = 0;

    if (node->has_words) {
        expand_words(node->words, &fields);
    } else {
        for (size_t index = 0; index < positional.count; index++) {
            fields_add(&fields, text_copy(positional.values[index]));
        }
    }
    shell.loop_depth++;
    for (size_t index = 0; index < fields.count && shell.flow == FLOW_NONE; index++) {
        if (!variable_set(node->name, fields.values[index])) {
            break;
        }
        status = execute_node(node->left, 0);
        if (!loop_goes_on()) {
            break;
        }
    }
    shell.loop_depth--;
    fields_fini(&fields);
    return shell.flow == FLOW_NONE ? status : shell.status;
}

static bool case_matches(const struct case_item *item, const char *subject)
{
    for (const struct word *word = item->patterns; word; word = word->next) {
        char *pattern = expand_text(word->parts, EXPAND_PATTERN);
        bool matches = shell.flow == FLOW_NONE && fnmatch(pattern, subject, 0) == 0;

        free(pattern);
        if (matches) {
            return true;
        }
    }
    return false;
}

static int execute_case(const struct node *node, unsigned how)
{
    char *subject = expand_text(node->words->parts, 0);
    int status = 0;

    for (const struct case_item *item = node->items; item && shell.flow == FLOW_NONE;
         item = item->next) {
        if (case_matches(item, subject)) {
            status = item->body ? execute_node(item->body, how) : 0;
            break;
        }
    }
    free(subject);
    return shell.flow == FLOW_NONE ? status : shell.status;
}

/* --- processes --- */

static int execute_subshell(const struct node *node, unsigned how)
{
    struct job *job;
    pid_t pid;

    /* A child that has nothing else to do is a subshell itself. */
    if ((how & EXECUTE_LAST) && shell.subshell) {
        run_child(node->left);
    }
    job = job_create(node);
    pid = job_fork(job, JOB_FOREGROUND);
    if (pid == 0) {
        run_child(node->left);
    }
    if (pid < 0) {
        job_forget(job);
        return 2;
    }
    return job_wait(job);
}

static int execute_background(const struct node *node)
{
    struct job *job = job_create(node->left);
    pid_t pid = job_fork(job, JOB_BACKGROUND);

    if (pid == 0) {
        run_child(node->left);
    }
    if (pid < 0) {
        job_forget(job);
        return 2;
    }
    job_background(job);
    return 0;
}

static void use_pipe_end(int fd, int number)
{
    if (fd >= 0 && fd != number) {
        (void)dup2(fd, number);
        (void)close(fd);
    }
}

/* Starts one command of a pipeline that reads from `input`; returns where the next one reads. */
static int start_in_pipeline(struct job *job, const struct node *command, int input)
{
    int ends[2] = {-1, -1};
    pid_t pid;

    if (command->next && pipe(ends) != 0) {
        shell_fail(2, "Pipe call failed: %s", strerror(errno));
        return -1;
    }
    pid = job_fork(job, JOB_FOREGROUND);
    if (pid == 0) {
        use_pipe_end(input, 0);
        use_pipe_end(ends[1], 1);
        if (ends[0] >= 0) {
            (void)close(ends[0]);
        }
        run_child(command);
    }
    if (input >= 0) {
        (void)close(input);
    }
    if (ends[1] >= 0) {
        (void)close(ends[1]);
    }
    return ends[0];
}

static int execute_pipeline(const struct node *node)
{
    struct job *job = job_create(node);
    int input = -1;

    for (const struct node *command = node->left; command && shell.flow == FLOW_NONE;
         command = command->next) {
        input = start_in_pipeline(job, command, input);
    }
    if (input >= 0) {
        (void)close(input);
    }
    return job_wait(job);
}

static void read_output(int fd, struct buffer *output)
{
    char bytes[4096];

    for (;;) {
        ssize_t got = read(fd, bytes, sizeof(bytes));

        if (got < 0 && errno == EINTR && !shell_interrupted()) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        for (ssize_t index = 0; index < got; index++) {
            if (bytes[index]) {
                buffer_add(output, bytes[index]);
            }
        }
    }
    while (output->length && output->bytes[output->length - 1] == '\n') {
        output->length--;
    }
}

void execute_substitution(const struct node *node, struct buffer *output)
{
    struct job *job;
    int ends[2];
    pid_t pid;

    shell.substituted = true;
    shell.substitution_status = 0;
    if (!node) {
        return;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        shell_fail(2, "Pipe call failed: %s", strerror(errno));
        return;
    }
    job = job_create(node);
    pid = job_fork(job, JOB_WITHIN);
    if (pid == 0) {
        (void)close(ends[0]);
        use_pipe_end(ends[1], 1);
        (void)fcntl(1, F_SETFD, 0);
        shell.condition_depth = 0;
        run_child(node);
    }
    (void)close(ends[1]);
    read_output(ends[0], output);
    (void)close(ends[0]);
    shell.substitution_status = job_wait(job);
}

/* --- everything --- */

static int execute_and_or(const struct node *node, unsigned how)
{
    int status = execute_condition(node->left);

    if (shell.flow == FLOW_NONE && (status == 0) == (node->kind == NODE_AND)) {
        return execute_node(node->right, how);
    }
    return status;
}

static int execute_not(const struct node *node)
{
    int status = execute_condition(node->left);

    return shell.flow == FLOW_NONE ? !status : status;
}

static int execute_kind(const struct node *node, unsigned how)
{
    switch (node->kind) {
    case NODE_SIMPLE:
        return execute_simple(node, how);
    case NODE_PIPELINE:
        return execute_pipeline(node);
    case NODE_AND:
    case NODE_OR:
        return execute_and_or(node, how);
    case NODE_SEQUENCE: {
        int status = execute_node(node->left, 0);

        return shell.flow == FLOW_NONE ? execute_node(node->right, how) : status;
    }
    case NODE_BACKGROUND:
        return execute_background(node);
    case NODE_NOT:
        return execute_not(node);
    case NODE_SUBSHELL:
        return execute_subshell(node, how);
    case NODE_GROUP:
        return execute_node(node->left, how);
    case NODE_IF:
        return execute_if(node, how);
    case NODE_WHILE:
    case NODE_UNTIL:
        return execute_loop(node);
    case NODE_FOR:
        return execute_for(node);
    case NODE_CASE:
        return execute_case(node, how);
    case NODE_FUNCTION:
        function_define(node);
        return 0;
    }
    return 0;
}

/* A compound command with redirections. */
static int execute_redirected(const struct node *node)
{
    struct redirect_steps steps;
    int status;

    if (!redirect_open(node->redirects, &steps) || !redirect_push(&steps)) {
        return 2;
    }
    status = execute_kind(node, 0);
    redirect_pop(&steps);
    return status;
}

/* Those kinds whose failure is their own, not that of a command inside which was already seen. */
static bool counts_for_errexit(const struct node *node)
{
    return node->kind == NODE_SIMPLE || node->kind == NODE_PIPELINE ||
           node->kind == NODE_SUBSHELL || node->redirects;
}

int execute_node(const struct node *node, unsigned how)
{
    if (!node) {
        return shell.status;
    }
    if (shell.no_execute && !shell.interactive) {
        return 0;
    }
    shell.line = node->line;
    if (node->redirects && node->kind != NODE_SIMPLE && node->kind != NODE_FUNCTION) {
        shell.status = execute_redirected(node);
    } else {
        shell.status = execute_kind(node, trap_get(TRAP_EXIT) ? 0 : how);
    }
    if (shell.flow == FLOW_NONE) {
        trap_run_pending();
    }
    if (shell.flow == FLOW_NONE && shell.status && shell.exit_on_error && !shell.condition_depth &&
        counts_for_errexit(node)) {
        shell.flow = FLOW_EXIT;
    }
    return shell.status;
}
