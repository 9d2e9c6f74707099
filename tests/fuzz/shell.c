/* SPDX-License-Identifier: MIT */
/*
 * Any text for the shell: all commands of it are read, and all their words expanded, without
 * executing anything. The trees are freed, and nothing may be left of them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "complete.h"
#include "expand.h"
#include "parser.h"
#include "quiet_shell.h"
#include "shell.h"
#include "variable.h"

/* Expansions can multiply ("$@$@$@..."): enough is enough. */
#define INPUT_MAX 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expand_node(const struct node *node);

static void expand_list(const struct word *words)
{
    struct fields fields = {0};

    expand_words(words, &fields);
    fields_fini(&fields);
}

static void expand_parts_alone(const struct part *parts)
{
    free(expand_text(parts, EXPAND_ASSIGNMENT));
    shell.flow = FLOW_NONE;
    free(expand_text(parts, EXPAND_PATTERN));
    shell.flow = FLOW_NONE;
}

static void expand_node(const struct node *node)
{
    if (!node) {
        return;
    }
    for (const struct word *word = node->assignments; word; word = word->next) {
        expand_parts_alone(word->parts);
    }
    expand_list(node->words);
    shell.flow = FLOW_NONE;
    for (const struct redirect *redirect = node->redirects; redirect; redirect = redirect->next) {
        expand_parts_alone(redirect->target);
    }
    for (const struct case_item *item = node->items; item; item = item->next) {
        for (const struct word *word = item->patterns; word; word = word->next) {
            expand_parts_alone(word->parts);
        }
        expand_node(item->body);
    }
    expand_node(node->left);
    expand_node(node->right);
    expand_node(node->otherwise);
    expand_node(node->next);
}

static void complete(const char *text, size_t length)
{
    struct completion completion;

    (void)variable_set("PATH", "");
    if (!memchr(text, '/', length) && !memchr(text, '~', length)) {
        completion_find(text, length, &completion);
        completion_fini(&completion);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct input input;
    enum parse_result result;

    if (!text || size > INPUT_MAX) {
        free(text);
        return 0;
    }
    if (size) {
        memcpy(text, data, size);
    }
    text[size] = 0;
    quiet_reset();
    /* No pattern looks through the machine. */
    shell.no_glob = true;
    input_from_text(&input, text);
    do {
        struct tree *tree = NULL;

        result = parser_next(&input, &tree);
        if (result == PARSE_COMMAND) {
            expand_node(tree->root);
        }
        tree_unref(tree);
        shell.flow = FLOW_NONE;
        shell.no_glob = true;
    } while (result != PARSE_END);
    input_fini(&input);
    complete(text, size);
    free(text);
    return 0;
}
