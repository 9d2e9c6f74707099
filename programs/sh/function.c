/* SPDX-License-Identifier: MIT */
#include "function.h"

#include <stdlib.h>
#include <string.h>

#include "execute.h"
#include "redirect.h"
#include "shell.h"
#include "variable.h"

#define DEPTH_MAX 1000

struct function {
    struct function *next;
    const struct node *node; /* a reference to its tree; the name is in it */
};

static struct function *functions;

static struct function **find(const char *name)
{
    struct function **link = &functions;

    while (*link && strcmp((*link)->node->name, name) != 0) {
        link = &(*link)->next;
    }
    return link;
}

const struct node *function_lookup(const char *name)
{
    const struct function *function = *find(name);

    return function ? function->node : NULL;
}

bool function_remove(const char *name)
{
    struct function **link = find(name);
    struct function *function = *link;

    if (!function) {
        return false;
    }
    *link = function->next;
    tree_unref(function->node->tree);
    free(function);
    return true;
}

void function_define(const struct node *node)
{
    struct function *function;

    tree_ref(node->tree);
    (void)function_remove(node->name);
    function = memory_get(sizeof(*function));
    *function = (struct function){.next = functions, .node = node};
    functions = function;
}

/* The tree is held, because the function may redefine itself. */
int function_call(const struct node *function, int argc, char **argv)
{
    struct positional saved;
    struct variable_scope scope;
    unsigned loops = shell.loop_depth;
    int status;

    if (shell.function_depth >= DEPTH_MAX) {
        shell_fail(2, "%s: functions nested too deeply", argv[0]);
        return 2;
    }
    tree_ref(function->tree);
    saved = positional_replace(argv + 1, (size_t)argc - 1);
    scope_push(&scope);
    shell.function_depth++;
    shell.loop_depth = 0;
    status = execute_node(function->left, 0);
    if (shell.flow == FLOW_RETURN) {
        shell.flow = FLOW_NONE;
        status = shell.status;
    }
    shell.loop_depth = loops;
    shell.function_depth--;
    scope_pop();
    positional_restore(saved);
    tree_unref(function->tree);
    return status;
}

const char *function_name(size_t position)
{
    const struct function *function = functions;

    while (function && position-- > 0) {
        function = function->next;
    }
    return function ? function->node->name : NULL;
}
