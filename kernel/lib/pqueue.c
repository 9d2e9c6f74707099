/* SPDX-License-Identifier: MIT */
#include "lib/pqueue.h"

/*
 * The new node goes before the leader of the next lower priority, or to the end: in both cases it
 * ends up last among its equals.
 */
void pqueue_insert_ordered(struct pqueue *queue, struct pqueue_node *node)
{
    bool is_leader = true;
    struct list *before_node = &queue->nodes;
    struct list *before_level = &queue->levels;

    LIST_FOREACH (pos, &queue->levels) {
        struct pqueue_node *leader = CONTAINER_OF(pos, struct pqueue_node, level);

        if (leader->priority < node->priority) {
            before_node = &leader->link;
            before_level = pos;
            break;
        }
        if (leader->priority == node->priority) {
            is_leader = false;
        }
    }
    list_insert_before(before_node, &node->link);
    if (is_leader) {
        list_insert_before(before_level, &node->level);
    } else {
        list_init(&node->level);
    }
}
