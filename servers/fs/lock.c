/* SPDX-License-Identifier: MIT */
/* Advisory locks: who has them, and who waits for them. */
#include <quay/heap.h>
#include "range.h"
#include "volume.h"

#define WAITERS_MAX 64

struct waiter {
    struct qy_pending call; /* not pending: the place is free */
    struct node *node;      /* held */
    struct range wanted;
};

static struct waiter waiters[WAITERS_MAX];

static int64_t range_make(const struct qy_request *request, const struct description *description,
                          const struct qy_file_lock *lock, struct range *ret_range)
{
    if (lock->length > 0 && lock->start + (lock->length - 1) < lock->start) {
        return EOVERFLOW;
    }
    bool is_of_process = lock->owner == QY_FILE_LOCK_OWNER_PROCESS;
    *ret_range = (struct range){
        .first = lock->start,
        .last = lock->length > 0 ? lock->start + (lock->length - 1) : UINT64_MAX,
        .kind = (enum range_kind)lock->kind,
        .is_of_process = is_of_process,
        .owner = is_of_process ? request->in.sender_job : description->badge,
        .description = description->badge,
    };
    return 0;
}

/* Whether `owner`, a process, would wait for itself if it waited for this one. */
static bool is_circle(uint64_t owner, uint64_t other, uint32_t depth)
{
    if (owner == other || depth == WAITERS_MAX) {
        return true;
    }
    for (uint32_t i = 0; i < WAITERS_MAX; i++) {
        const struct waiter *waiter = &waiters[i];
        if (!qy_is_pending(&waiter->call) || !waiter->wanted.is_of_process ||
            waiter->wanted.owner != other) {
            continue;
        }
        const struct range *in_the_way = range_conflict(waiter->node->locks, &waiter->wanted);
        if (in_the_way != NULL && is_circle(owner, in_the_way->owner, depth + 1)) {
            return true;
        }
    }
    return false;
}

/* Gives those who wait for this node what they can have now. */
static void waiters_retry(struct qy_server *server, struct node *node)
{
    for (uint32_t i = 0; i < WAITERS_MAX; i++) {
        struct waiter *waiter = &waiters[i];
        if (!qy_is_pending(&waiter->call) || waiter->node != node ||
            range_conflict(node->locks, &waiter->wanted) != NULL) {
            continue;
        }
        struct range wanted = waiter->wanted;
        if (!range_set(node->locks, &wanted)) {
            (void)qy_pending_refuse(server, &waiter->call, QY_FILE_FAILURE_NO_LOCKS);
        } else if (qy_file_lock_answer(server, &waiter->call) < 0) {
            wanted.kind = RANGE_NONE; /* its caller has gone */
            (void)range_set(node->locks, &wanted);
        }
        node->holds--; /* whoever unlocked has it open */
    }
}

static int64_t wait_begin(struct qy_request *request, struct node *node, const struct range *wanted,
                          const struct range *in_the_way)
{
    if (wanted->is_of_process && is_circle(wanted->owner, in_the_way->owner, 0)) {
        return EDEADLK;
    }
    for (uint32_t i = 0; i < WAITERS_MAX; i++) {
        if (!qy_is_pending(&waiters[i].call)) {
            waiters[i] = (struct waiter){.node = node, .wanted = *wanted};
            node_hold(node);
            return qy_defer(request, &waiters[i].call);
        }
    }
    return QY_FILE_FAILURE_NO_LOCKS;
}

int64_t lock_set(struct qy_request *request, struct description *description,
                 const struct qy_file_lock *lock, bool is_waiting)
{
    struct node *node = description->node;
    struct range wanted;
    int64_t error = range_make(request, description, lock, &wanted);
    if (error != 0) {
        return error;
    }
    if (wanted.is_of_process &&
        ((wanted.kind == RANGE_SHARED && (description->flags & QY_FILE_FLAGS_READ) == 0) ||
         (wanted.kind == RANGE_EXCLUSIVE && (description->flags & QY_FILE_FLAGS_WRITE) == 0))) {
        return EBADF;
    }
    if (node->locks == NULL) {
        node->locks = qy_alloc_zeroed(1, sizeof *node->locks);
    }
    if (node->locks == NULL) {
        return QY_FILE_FAILURE_NO_LOCKS;
    }
    const struct range *in_the_way =
        wanted.kind != RANGE_NONE ? range_conflict(node->locks, &wanted) : NULL;
    if (in_the_way != NULL) {
        return is_waiting ? wait_begin(request, node, &wanted, in_the_way) : EAGAIN;
    }
    if (!range_set(node->locks, &wanted)) {
        return QY_FILE_FAILURE_NO_LOCKS;
    }
    waiters_retry(request->server, node);
    return 0;
}

int64_t lock_find(struct qy_request *request, struct description *description,
                  const struct qy_file_lock *lock, struct qy_file_lock *ret_blocking,
                  uint64_t *ret_job)
{
    struct range wanted;
    int64_t error = range_make(request, description, lock, &wanted);
    if (error != 0) {
        return error;
    }
    const struct range *found =
        description->node->locks != NULL ? range_conflict(description->node->locks, &wanted) : NULL;
    *ret_blocking = *lock;
    *ret_job = 0;
    ret_blocking->kind = QY_FILE_LOCK_KIND_NONE;
    if (found != NULL) {
        *ret_blocking = (struct qy_file_lock){
            .start = found->first,
            .length = found->last == UINT64_MAX ? 0 : found->last - found->first + 1,
            .kind = (qy_file_lock_kind_t)found->kind,
            .owner = lock->owner,
        };
        *ret_job = found->is_of_process ? found->owner : 0;
    }
    return 0;
}

void lock_drop(struct qy_server *server, struct description *description)
{
    struct node *node = description->node;
    if (node->locks != NULL && range_drop(node->locks, description->badge)) {
        waiters_retry(server, node);
    }
}

static void waiter_end(struct waiter *waiter)
{
    node_release(&volume.tree, waiter->node);
}

void volume_cancelled(struct qy_server *server, uint64_t token)
{
    for (uint32_t i = 0; i < WAITERS_MAX; i++) {
        if (qy_pending_cancel(server, &waiters[i].call, token)) {
            waiter_end(&waiters[i]);
        }
    }
}

void volume_cancel_requested(struct qy_server *server, uint64_t token)
{
    for (uint32_t i = 0; i < WAITERS_MAX; i++) {
        if (qy_pending_is(&waiters[i].call, token)) {
            (void)qy_pending_refuse(server, &waiters[i].call, EINTR); /* it may have gone */
            waiter_end(&waiters[i]);
        }
    }
}
