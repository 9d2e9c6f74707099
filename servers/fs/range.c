/* SPDX-License-Identifier: MIT */
#include "range.h"
#include <quay/heap.h>

static bool is_same_owner(const struct range *a, const struct range *b)
{
    return a->is_of_process == b->is_of_process && a->owner == b->owner;
}

static bool overlaps(const struct range *a, const struct range *b)
{
    return a->first <= b->last && b->first <= a->last;
}

const struct range *range_conflict(const struct range_list *list, const struct range *wanted)
{
    for (const struct range *range = list->first; range != NULL; range = range->next) {
        if (range->is_of_process == wanted->is_of_process && !is_same_owner(range, wanted) &&
            overlaps(range, wanted) &&
            (range->kind == RANGE_EXCLUSIVE || wanted->kind == RANGE_EXCLUSIVE)) {
            return range;
        }
    }
    return NULL;
}

/* Whether they can be one: the same in all, and nothing between them. */
static bool joins(const struct range *a, const struct range *b)
{
    return is_same_owner(a, b) && a->kind == b->kind && a->description == b->description &&
           (a->last == UINT64_MAX || a->last + 1 >= b->first) &&
           (b->last == UINT64_MAX || b->last + 1 >= a->first);
}

/* Cuts what the owner has in the range of `wanted` out of *link; *spare is used if it falls apart.
 */
static void cut(struct range **link, const struct range *wanted, struct range **spare)
{
    struct range *range = *link;
    if (range->first < wanted->first && range->last > wanted->last) {
        struct range *behind = *spare;
        *spare = NULL;
        *behind = *range;
        behind->first = wanted->last + 1;
        behind->next = range->next;
        range->last = wanted->first - 1;
        range->next = behind;
    } else if (range->first < wanted->first) {
        range->last = wanted->first - 1;
    } else if (range->last > wanted->last) {
        range->first = wanted->last + 1;
    } else {
        *link = range->next;
        qy_free(range);
    }
}

bool range_set(struct range_list *list, const struct range *wanted)
{
    struct range *made = wanted->kind != RANGE_NONE ? qy_alloc(sizeof *made) : NULL;
    struct range *spare = qy_alloc(sizeof *spare);
    if (spare == NULL || (wanted->kind != RANGE_NONE && made == NULL)) {
        qy_free(made);
        qy_free(spare);
        return false;
    }
    for (struct range **link = &list->first; *link != NULL;) {
        struct range *range = *link;
        if (is_same_owner(range, wanted) && overlaps(range, wanted)) {
            cut(link, wanted, &spare);
        }
        if (*link == range) {
            link = &range->next;
        }
    }
    if (made != NULL) {
        *made = *wanted;
        for (struct range **link = &list->first; *link != NULL;) {
            struct range *range = *link;
            if (!joins(range, made)) {
                link = &range->next;
                continue;
            }
            made->first = range->first < made->first ? range->first : made->first;
            made->last = range->last > made->last ? range->last : made->last;
            *link = range->next;
            qy_free(range);
        }
        made->next = list->first;
        list->first = made;
    }
    qy_free(spare);
    return true;
}

bool range_drop(struct range_list *list, uint64_t description)
{
    bool is_any = false;
    for (struct range **link = &list->first; *link != NULL;) {
        struct range *range = *link;
        if (range->description != description) {
            link = &range->next;
            continue;
        }
        *link = range->next;
        qy_free(range);
        is_any = true;
    }
    return is_any;
}

void range_list_free(struct range_list *list)
{
    while (list != NULL && list->first != NULL) {
        struct range *range = list->first;
        list->first = range->next;
        qy_free(range);
    }
    qy_free(list);
}
