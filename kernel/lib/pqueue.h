/* SPDX-License-Identifier: MIT */
/*
 * Priority queues: highest priority first, first in first out among equals.
 *
 *     nodes:   [A 200] -> [B 200] -> [C 200] -> [D 90] -> [E 90] -> [F 7]
 *                 |                                |                   |
 *     levels:  [A] ----------------------------> [D] --------------> [F]
 *
 * All nodes stand in one list, in the order of service. The first node of each priority, its
 * leader, also stands in the list of levels. An insert walks the levels only, so that its cost
 * grows with the number of distinct priorities present and not with the number of nodes. A leader
 * that goes passes its place on to the next node of its priority.
 *
 * A node is in one queue at most; pqueue_node_init() before the first use. Nobody here locks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/list.h"

struct pqueue {
    struct list nodes;
    struct list levels;
};

struct pqueue_node {
    struct list link;  /* in pqueue.nodes, self-linked when in no queue */
    struct list level; /* in pqueue.levels if the node is a leader, otherwise self-linked */
    uint8_t priority;
};

static inline void pqueue_init(struct pqueue *queue)
{
    list_init(&queue->nodes);
    list_init(&queue->levels);
}

static inline void pqueue_node_init(struct pqueue_node *node)
{
    list_init(&node->link);
    list_init(&node->level);
    node->priority = 0;
}

static inline bool pqueue_is_empty(const struct pqueue *queue)
{
    return list_is_empty(&queue->nodes);
}

static inline bool pqueue_node_is_linked(const struct pqueue_node *node)
{
    return list_is_linked(&node->link);
}

/* The node to serve next, NULL if the queue is empty. */
static inline struct pqueue_node *pqueue_first(const struct pqueue *queue)
{
    struct list *first = queue->nodes.next;

    return first == &queue->nodes ? NULL : CONTAINER_OF(first, struct pqueue_node, link);
}

/* The general case of pqueue_insert(); use that one. */
void pqueue_insert_ordered(struct pqueue *queue, struct pqueue_node *node);

/* Puts `node`, which is in no queue, behind all nodes of the same or a higher priority. */
static inline void pqueue_insert(struct pqueue *queue, struct pqueue_node *node, uint8_t priority)
{
    node->priority = priority;
    if (LIKELY(pqueue_is_empty(queue))) {
        list_push_back(&queue->nodes, &node->link);
        list_push_back(&queue->levels, &node->level);
        return;
    }
    pqueue_insert_ordered(queue, node);
}

/* Takes `node` out of `queue`, where it is. */
static inline void pqueue_remove(struct pqueue *queue, struct pqueue_node *node)
{
    struct pqueue_node *next = CONTAINER_OF(node->link.next, struct pqueue_node, link);

    if (list_is_linked(&node->level)) {
        if (&next->link != &queue->nodes && next->priority == node->priority) {
            list_insert_before(&node->level, &next->level);
        }
        list_remove(&node->level);
    }
    list_remove(&node->link);
}

/* Takes out the node to serve next and returns it, NULL if the queue is empty. */
static inline struct pqueue_node *pqueue_pop_first(struct pqueue *queue)
{
    struct pqueue_node *node = pqueue_first(queue);

    if (node != NULL) {
        pqueue_remove(queue, node);
    }
    return node;
}
