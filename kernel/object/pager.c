/* SPDX-License-Identifier: MIT */
#include "object/pager.h"

#include <quay/abi/errno.h>
#include "arch/time.h"
#include "arch/upcalls.h"
#include "lib/checked.h"
#include "sched/sched.h"
#include "vm/aspace.h"

static void pager_destroy(struct object *object);

const struct object_ops pager_ops = {
    OBJECT_RECORD(pager, OBJECT_NONE, _Alignof(struct pager)),
    .destroy = pager_destroy,
};

static struct pager *pager_of(struct object *object)
{
    return CONTAINER_OF(object, struct pager, object);
}

/* Whom the thread waits for; with a reference while it does. */
static struct pager *pager_of_thread(const struct thread *thread)
{
    return (struct pager *)(uintptr_t)thread->sleep_key[1];
}

int pager_create(struct memory *memory, struct port *port, uint64_t key, time_ns_t timeout_ns)
{
    struct object *object;
    struct pager *pager;
    int status = object_create(&pager_ops, memory->object.account, &object);

    if (status != 0) {
        return status;
    }
    pager = pager_of(object);
    pager->port = port;
    object_ref(&port->object);
    pager->timeout_ns = timeout_ns;
    pager->notice.kind = NOTICE_FAULT;
    pager->notice.key = key;
    list_init(&pager->notice.link);
    list_init(&pager->asking);
    list_init(&pager->told);
    list_init(&pager->port_link);
    memory->is_simple = false;
    memory->pager = object; /* which is let go with the memory */
    spin_lock(&port->lock);
    if (port->is_closed) {
        status = -EPEER_DIED;
    } else {
        list_push_back(&port->pagers, &pager->port_link);
    }
    spin_unlock(&port->lock);
    return status;
}

static void pager_destroy(struct object *object)
{
    struct pager *pager = pager_of(object);
    struct port *port = pager->port;

    spin_lock(&port->lock);
    if (list_is_linked(&pager->port_link)) {
        list_remove(&pager->port_link);
    }
    if (list_is_linked(&pager->notice.link)) {
        list_remove(&pager->notice.link);
        port_update_locked(port);
    }
    spin_unlock(&port->lock);
    object_unref(&port->object);
    object_free(object);
}

void pager_tell_locked(struct notice *notice) NO_THREAD_SAFETY_ANALYSIS
{
    struct pager *pager = CONTAINER_OF(notice, struct pager, notice);
    struct list *first;

    if (pager->port->is_closed || list_is_linked(&notice->link)) {
        return;
    }
    first = list_pop_front(&pager->asking);
    if (first != NULL) {
        const struct thread *thread = CONTAINER_OF(first, struct thread, sleep_link);

        list_push_back(&pager->told, first);
        notice->user_bits = thread->sleep_key[0] << PAGE_SHIFT;
        notice_raise_locked(pager->port, notice, NOTICE_PAGE_FAULT);
    }
}

/* --- Waiting --- */

static void fault_unlink(struct thread *thread)
{
    struct pager *pager = pager_of_thread(thread);

    spin_lock(&pager->port->lock);
    if (list_is_linked(&thread->sleep_link)) {
        list_remove(&thread->sleep_link); /* else the port was being closed */
    }
    spin_unlock(&pager->port->lock);
    object_unref(&pager->object);
}

/* The instruction runs again. If its page is not there then, the error counts. */
static bool fault_expired(struct thread *thread, uint64_t seen, MAYBE_UNUSED time_ns_t now)
{
    if (wait_try_end(thread, seen)) {
        fault_unlink(thread);
        thread->pager_error = -ETIMEDOUT;
        sched_wake(thread);
    }
    return true;
}

static koid_t fault_waits_for(const struct thread *thread)
{
    return pager_of_thread(thread)->port->object.koid;
}

static const struct wait_ops wait_fault = {
    .state = THREAD_STATE_WAIT_KERNEL, /* a kick waits for the next one */
    .unlink = fault_unlink,
    .expired = fault_expired,
    .waits_for = fault_waits_for,
};

/* The memory's lock, which memory_supply takes to put pages in, is held until the thread is in the
 * list where that looks for it afterwards. */
static int fault_begin(struct memory *memory, uint64_t index) REQUIRES(&memory->lock)
{
    struct thread *thread = thread_current();
    struct pager *pager = pager_of(memory->pager);
    bool was_asked = thread->sleep_key[0] == index && pager_of_thread(thread) == pager;
    int status = was_asked ? thread->pager_error : 0;

    thread->pager_error = 0;
    spin_lock(&pager->port->lock);
    if (status == 0 && pager->port->is_closed) {
        status = -EPEER_DIED;
    }
    if (status == 0) {
        time_ns_t now = arch_time_now();

        object_ref(&pager->object);
        thread->sleep_key[0] = index;
        thread->sleep_key[1] = (uintptr_t)pager;
        list_push_back(&pager->asking, &thread->sleep_link);
        thread->wait_ops = &wait_fault;
        thread->deadline =
            pager->timeout_ns > DEADLINE_NEVER - now ? DEADLINE_NEVER : now + pager->timeout_ns;
        wait_publish(thread);
        pager_tell_locked(&pager->notice);
    }
    spin_unlock(&pager->port->lock);
    return status;
}

int pager_fault(uint64_t address)
{
    struct thread *thread = thread_current();
    struct memory *memory;
    uint64_t index;
    bool waits = false;
    int status = aspace_find_page(aspace_current(), address, &memory, &index);

    if (status != 0) {
        return -ERETRY; /* unmapped meanwhile */
    }
    spin_lock(&memory->lock);
    if (memory->pager != NULL && memory_is_missing(memory, index)) {
        status = fault_begin(memory, index);
        waits = status == 0;
    }
    spin_unlock(&memory->lock);
    object_unref(&memory->object);
    if (waits) {
        (void)sched_wait(thread->deadline); /* another thread is current now */
    }
    return status;
}

/* --- The end of a fault --- */

static void wake_in(struct list *threads, uint64_t first, uint64_t count)
{
    LIST_FOREACH_SAFE (each, next, threads) {
        struct thread *thread = CONTAINER_OF(each, struct thread, sleep_link);

        if (thread->sleep_key[0] - first < count && wait_end(thread)) {
            object_unref(&pager_of_thread(thread)->object);
            list_remove(each);
            sched_wake(thread);
        }
    }
}

void pager_supplied(struct memory *memory, uint64_t offset, uint64_t size_bytes)
{
    struct pager *pager = pager_of(memory->pager);

    spin_lock(&pager->port->lock);
    wake_in(&pager->asking, offset >> PAGE_SHIFT, size_bytes >> PAGE_SHIFT);
    wake_in(&pager->told, offset >> PAGE_SHIFT, size_bytes >> PAGE_SHIFT);
    spin_unlock(&pager->port->lock);
}

bool pager_close_one(struct port *port)
{
    struct list *first, *waiting;
    struct pager *pager;

    spin_lock(&port->lock);
    first = list_first(&port->pagers);
    if (first != NULL) {
        pager = CONTAINER_OF(first, struct pager, port_link);
        waiting = list_first(&pager->asking);
        waiting = waiting != NULL ? waiting : list_first(&pager->told);
        if (waiting == NULL) {
            list_remove(first);
        } else {
            struct thread *thread = CONTAINER_OF(waiting, struct thread, sleep_link);

            /* If the wait was won by somebody else, its unlink comes. */
            list_remove(waiting);
            if (wait_end(thread)) {
                object_unref(&pager->object);
                sched_wake(thread); /* its fault finds the port closed */
            }
        }
    }
    spin_unlock(&port->lock);
    return first != NULL;
}
