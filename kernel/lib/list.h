/* SPDX-License-Identifier: MIT */
/*
 * Circular doubly linked lists whose links lie inside the elements.
 *
 *        +--------------------------------------------+
 *        v                                            |
 *     [ head ] <-> [ first ] <-> [ second ] <-> [ last ]
 *
 * - The head is a struct list outside the elements; an empty list is a head linked to itself.
 * - A node that is in no list is linked to itself too, or it is not initialized yet: the insert
 *   functions overwrite its links without looking, so inserting a linked node twice breaks both
 * lists.
 * - list_remove() leaves the node self-linked: removing it again does nothing, and list_is_linked()
 *   answers.
 * - Nobody here locks; whoever owns the list does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/compiler.h"

struct list {
    struct list *next;
    struct list *prev;
};

/* A list variable with static storage that is empty from the start. */
#define LIST_INIT(name)                                                                            \
    {                                                                                              \
        &(name), &(name)                                                                           \
    }

/* Makes `list` an empty head, or a node that is in no list. */
static inline void list_init(struct list *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

/* Whether an initialized node is in some list. */
static inline bool list_is_linked(const struct list *node)
{
    return node->next != node;
}

/* Puts `node`, which is in no list, right before `pos`, which is a node or a head. */
static inline void list_insert_before(struct list *pos, struct list *node)
{
    struct list *prev = pos->prev;

    node->next = pos;
    node->prev = prev;
    prev->next = node;
    pos->prev = node;
}

static inline void list_push_front(struct list *head, struct list *node)
{
    list_insert_before(head->next, node);
}

static inline void list_push_back(struct list *head, struct list *node)
{
    list_insert_before(head, node);
}

/* Takes `node` out of its list and leaves it self-linked. Harmless on a node that is in none. */
static inline void list_remove(struct list *node)
{
    struct list *next = node->next;
    struct list *prev = node->prev;

    prev->next = next;
    next->prev = prev;
    list_init(node);
}

/* Puts `node`, which is in no list, in the place of `old`, which is left self-linked. */
static inline void list_replace(struct list *old, struct list *node)
{
    list_insert_before(old, node);
    list_remove(old);
}

/* The first node, NULL if the list is empty. */
static inline struct list *list_first(const struct list *head)
{
    return list_is_empty(head) ? NULL : head->next;
}

/* Takes out the first node and returns it, NULL if the list is empty. */
static inline struct list *list_pop_front(struct list *head)
{
    struct list *node = list_first(head);

    if (node != NULL) {
        list_remove(node);
    }
    return node;
}

/* Visits each node; the list must not change meanwhile. */
#define LIST_FOREACH(pos, head)                                                                    \
    for (struct list *pos = (head)->next; (pos) != (head); (pos) = (pos)->next)

/* Visits each node; the one being visited may be removed, the one behind it may not. */
#define LIST_FOREACH_SAFE(pos, tmp, head)                                                          \
    for (struct list *pos = (head)->next, *tmp = (pos)->next; (pos) != (head);                     \
         (pos) = (tmp), (tmp) = (pos)->next)
