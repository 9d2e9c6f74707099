/* SPDX-License-Identifier: MIT */
/* Lists of structures: the link lies in the structure, the head is a link too. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct link {
    struct link *next, *previous;
};

static inline void list_init(struct link *head)
{
    head->next = head;
    head->previous = head;
}

static inline bool list_is_empty(const struct link *head)
{
    return head->next == head;
}

/* At the end. */
static inline void list_add(struct link *head, struct link *link)
{
    link->next = head;
    link->previous = head->previous;
    head->previous->next = link;
    head->previous = link;
}

/* It is a list of its own then, so removing it again does nothing. */
static inline void list_remove(struct link *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    list_init(link);
}

#define LIST_ENTRY(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* `each` may not be removed in the loop; see LIST_EACH_SAFE. */
#define LIST_EACH(each, head)                                                                      \
    for (struct link *each = (head)->next; each != (head); each = each->next)

#define LIST_EACH_SAFE(each, after, head)                                                          \
    for (struct link *each = (head)->next, *after = each->next; each != (head);                    \
         each = after, after = each->next)
