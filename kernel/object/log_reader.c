/* SPDX-License-Identifier: MIT */
#include "object/log_reader.h"

#include "core/log.h"
#include "core/panic.h"
#include "object/port.h"
#include "object/process.h"
#include <quay/abi/errno.h>

static struct {
    /* READABLE: there may be text in the ring. One is bound to the port; a port that is bound again
     * gets the other one before this one goes. */
    struct object objects[2];

    struct spinlock lock;
    /* Under the lock. */
    unsigned bound;           /* which of the objects */
    struct process *process;  /* who drains, with a reference; NULL: nobody */
    struct port *port;        /* that hears of it, with a reference */
    struct observer observer; /* of the process's end */

    /* Atomic: the node below is on its way. */
    bool is_notifying, is_releasing;
    struct sync_node notify_node, release_node;
} reader_state = {.lock = SPINLOCK_INIT(LOCK_RANK_LOG_READER)};

static void reader_destroy(struct object *object)
{
    panic("the log (koid %lu) was destroyed", object->koid);
}

static const struct object_ops reader_ops = {.destroy = reader_destroy};

/* Posts a node unless it is under way. The log is written in every kind of place, so what a line
 * leads to happens in an entry of its own. */
static void post_once(bool *is_posted, struct sync_node *node, void (*run)(struct sync_node *))
{
    if (!__atomic_exchange_n(is_posted, true, __ATOMIC_ACQ_REL)) {
        sync_post(node, run);
    }
}

static void signal_both(signals_t clear, signals_t set)
{
    object_signal(&reader_state.objects[0], clear, set);
    object_signal(&reader_state.objects[1], clear, set);
}

static void notify_run(struct sync_node *node)
{
    (void)node;
    __atomic_store_n(&reader_state.is_notifying, false, __ATOMIC_RELEASE);
    signal_both(0, SIGNAL_READABLE);
}

static void notify(void)
{
    post_once(&reader_state.is_notifying, &reader_state.notify_node, notify_run);
}

/* Nobody drains any more. */
static void let_go_locked(void) REQUIRES(&reader_state.lock)
{
    if (reader_state.process == NULL) {
        return;
    }
    object_unobserve(&reader_state.observer);
    /* Gone already, if the port is closed. */
    (void)port_unbind(reader_state.port, &reader_state.objects[reader_state.bound]);
    object_unref(&reader_state.port->object);
    object_unref(&reader_state.process->object);
    reader_state.process = NULL;
    reader_state.port = NULL;
}

static void release_run(struct sync_node *node)
{
    (void)node;
    __atomic_store_n(&reader_state.is_releasing, false, __ATOMIC_RELEASE);
    spin_lock(&reader_state.lock);
    if (reader_state.process != NULL && process_is_dying(reader_state.process)) {
        let_go_locked();
        log_set_driver(NULL);
    }
    spin_unlock(&reader_state.lock);
}

/* Under the process's signal lock. */
static void process_exited(struct observer *observer, signals_t signals)
{
    (void)observer;
    (void)signals;
    post_once(&reader_state.is_releasing, &reader_state.release_node, release_run);
}

void log_reader_init(void)
{
    for (unsigned i = 0; i < 2; i++) {
        object_init(&reader_state.objects[i], OBJECT_NONE, &reader_ops); /* our reference stays */
    }
    list_init(&reader_state.observer.link);
}

int log_reader_bind(struct process *process, struct port *port, uint64_t key)
{
    int status;

    spin_lock(&reader_state.lock);
    status = port_bind(port, &process->job->account, &reader_state.objects[!reader_state.bound],
                       SIGNAL_READABLE, key);
    if (status == 0) {
        let_go_locked();
        reader_state.bound = !reader_state.bound;
        object_ref(&process->object);
        object_ref(&port->object);
        reader_state.process = process;
        reader_state.port = port;
        reader_state.observer.mask = SIGNAL_EXITED;
        reader_state.observer.notify = process_exited;
        object_observe(&process->object, &reader_state.observer);
    }
    log_set_driver(reader_state.process == NULL ? NULL : notify);
    spin_unlock(&reader_state.lock);
    return status;
}

/* Cleared before the ring is looked at: a line that comes later sets it again. */
size_t log_reader_read(char *buffer, size_t capacity)
{
    size_t length;

    signal_both(SIGNAL_READABLE, 0);
    length = log_drain(buffer, capacity);
    if (length == capacity) {
        signal_both(0, SIGNAL_READABLE);
    }
    return length;
}
