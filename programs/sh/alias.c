/* SPDX-License-Identifier: MIT */
#include "alias.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct alias {
    struct alias *next; /* sorted by name */
    char *name;
    char *text;
};

static struct alias *aliases;

/* Where the alias is linked in, or would be. */
static struct alias **find(const char *name)
{
    struct alias **link = &aliases;

    while (*link && strcmp((*link)->name, name) < 0) {
        link = &(*link)->next;
    }
    return link;
}

const char *alias_lookup(const char *name)
{
    const struct alias *alias = *find(name);

    return alias && strcmp(alias->name, name) == 0 ? alias->text : NULL;
}

void alias_set(const char *name, const char *text)
{
    struct alias **link = find(name);
    struct alias *alias = *link;

    if (alias && strcmp(alias->name, name) == 0) {
        free(alias->text);
        alias->text = text_copy(text);
        return;
    }
    alias = memory_get(sizeof(*alias));
    *alias = (struct alias){.next = *link, .name = text_copy(name), .text = text_copy(text)};
    *link = alias;
}

bool alias_remove(const char *name)
{
    struct alias **link = find(name);
    struct alias *alias = *link;

    if (!alias || strcmp(alias->name, name) != 0) {
        return false;
    }
    *link = alias->next;
    free(alias->name);
    free(alias->text);
    free(alias);
    return true;
}

void alias_remove_all(void)
{
    while (aliases) {
        (void)alias_remove(aliases->name);
    }
}

void alias_each(void (*visit)(const char *name, const char *text))
{
    for (const struct alias *alias = aliases; alias; alias = alias->next) {
        visit(alias->name, alias->text);
    }
}
