/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <stdlib.h>
#include <string.h>

#include "variable.h"

struct tree *tree_create(void)
{
    struct tree *tree = memory_get(sizeof(*tree));

    *tree = (struct tree){.references = 1};
    return tree;
}

void tree_ref(struct tree *tree)
{
    tree->references++;
}

void tree_unref(struct tree *tree)
{
    if (tree && --tree->references == 0) {
        arena_fini(&tree->arena);
        free(tree);
    }
}

const char *word_plain(const struct word *word)
{
    const struct part *part = word ? word->parts : NULL;

    return part && !part->next && part->kind == PART_TEXT && !part->quoted ? part->text : NULL;
}

bool word_is_assignment(const struct word *word)
{
    const struct part *first = word->parts;
    const char *equals;

    if (!first || first->kind != PART_TEXT || first->quoted) {
        return false;
    }
    equals = strchr(first->text, '=');
    return equals && name_is_valid(first->text, (size_t)(equals - first->text));
}
