/* SPDX-License-Identifier: MIT */
/* Notices and the bindings that make them of signals. */
#include <quay/abi/errno.h>
#include "core/trace.h"
#include "mm/slab.h"
#include "object/binding.h"
#include "object/pager.h"
#include "sched/sched.h"

static struct {
    struct slab_cache cache;
} binding_state;

void binding_init(void)
{
    slab_cache_init(&binding_state.cache, "binding", sizeof(struct binding), 8);
}

/* The packet has arrived, or nobody is left to receive it: a session's reference to itself goes. */
static void notice_gone_locked(struct notice *notice)
{
    if (notice->kind == NOTICE_CLOSED) {
        struct session *session = CONTAINER_OF(notice, struct session, closed);

        list_remove(&session->port_link); /* a closing port must not find it any more */
        object_unref(&session->object);
    } else if (notice->kind == NOTICE_FAULT) {
        pager_tell_locked(notice);
    }
}

void notice_deliver_locked(struct port *port, struct notice *notice, struct thread *receiver)
{
    if (list_is_linked(&notice->link)) {
        list_remove(&notice->link);
        port_update_locked(port);
    }
    if (trace_on(TRACE_KIND(TRACE_NOTICE))) {
        trace_note(TRACE_NOTICE, receiver, port->object.koid, notice->key, 0,
                   notice->user_bits | notice->signals);
    }
    slot_uncache_locked(port, receiver); /* it does not wait any more */
    frame_ipc_result(&receiver->frame, RECEIVED_NOTICE, notice->key, 0, 0, 0);
    frame_ipc_set_words(&receiver->frame,
                        notice->kind == NOTICE_USER ? notice->user_bits : notice->signals,
                        notice->kind == NOTICE_FAULT ? notice->user_bits : notice->count);
    notice->user_bits = 0;
    notice->signals = 0;
    notice->count = 0;
    notice_gone_locked(notice);
}

void notice_raise_locked(struct port *port, struct notice *notice, signals_t signals)
{
    struct thread *receiver;

    if (port->is_closed) {
        notice_gone_locked(notice);
        return;
    }
    notice->signals |= signals;
    notice->count++;
    if (list_is_linked(&notice->link)) {
        return;
    }
    receiver = receiver_take_locked(port, false);
    if (receiver != NULL) {
        notice_deliver_locked(port, notice, receiver);
        sched_wake(receiver);
    } else {
        list_push_back(&port->notices, &notice->link);
        port->has_work = true;
    }
}

void port_notify(struct port *port, uint64_t bits)
{
    spin_lock(&port->lock);
    port->user.user_bits |= bits;
    notice_raise_locked(port, &port->user, 0);
    spin_unlock(&port->lock);
}

/* --- Bindings --- */

/* Under the object's signal lock, which ranks below the port's. */
static void binding_notify(struct observer *observer, signals_t signals)
{
    struct binding *binding = CONTAINER_OF(observer, struct binding, observer);

    spin_lock(&binding->port->lock);
    notice_raise_locked(binding->port, &binding->notice, signals);
    spin_unlock(&binding->port->lock);
}

static struct binding *binding_find_locked(struct port *port, const struct object *object)
{
    LIST_FOREACH (each, &port->bindings) {
        struct binding *binding = CONTAINER_OF(each, struct binding, port_link);

        if (binding->observer.object == object) {
            return binding;
        }
    }
    return NULL;
}

static int binding_link(struct port *port, struct binding *binding)
{
    int error = 0;

    spin_lock(&port->lock);
    if (port->is_closed) {
        error = -EPEER_DIED;
    } else if (binding_find_locked(port, binding->observer.object) != NULL) {
        error = -EEXIST;
    } else {
        list_push_back(&port->bindings, &binding->port_link);
    }
    spin_unlock(&port->lock);
    return error;
}

int port_bind(struct port *port, struct account *account, struct object *object, signals_t signals,
              uint64_t key)
{
    struct binding *binding = account_alloc(account, &binding_state.cache);
    int error;

    if (binding == NULL) {
        return -ENOMEM;
    }
    binding->observer = (struct observer){
        .object = object,
        .mask = signals,
        .notify = binding_notify,
    };
    list_init(&binding->observer.link);
    list_init(&binding->notice.link);
    list_init(&binding->port_link);
    binding->notice.key = key;
    binding->notice.kind = NOTICE_BINDING;
    binding->port = port;
    binding->account = account;
    /* Who finds the binding in the port's list and ends it waits for this lock. */
    spin_lock(&object->signal_lock);
    error = binding_link(port, binding);
    if (error == 0) {
        object_ref(object);
        object_observe_locked(object, &binding->observer);
    }
    spin_unlock(&object->signal_lock);
    if (error != 0) {
        account_free(account, &binding_state.cache, binding);
    }
    return error;
}

static void binding_free(struct sync_node *node)
{
    struct binding *binding = CONTAINER_OF(node, struct binding, grace);

    account_free(binding->account, &binding_state.cache, binding);
}

/* Off the port's list already. A signal may be on its way into the notice at this moment, so the
 * notice is taken back only after the observer is. */
static void binding_end(struct port *port, struct binding *binding)
{
    struct object *object = binding->observer.object;

    object_unobserve(&binding->observer);
    spin_lock(&port->lock);
    if (list_is_linked(&binding->notice.link)) {
        list_remove(&binding->notice.link);
        port_update_locked(port);
    }
    spin_unlock(&port->lock);
    object_unref(object);
    sync_defer(&binding->grace, binding_free);
}

int port_unbind(struct port *port, struct object *object)
{
    struct binding *binding;

    spin_lock(&port->lock);
    binding = binding_find_locked(port, object);
    if (binding != NULL) {
        list_remove(&binding->port_link);
    }
    spin_unlock(&port->lock);
    if (binding == NULL) {
        return -ENOENT;
    }
    binding_end(port, binding);
    return 0;
}

bool binding_close_one(struct port *port)
{
    struct list *first;

    spin_lock(&port->lock);
    first = list_pop_front(&port->bindings);
    spin_unlock(&port->lock);
    if (first != NULL) {
        binding_end(port, CONTAINER_OF(first, struct binding, port_link));
    }
    return first != NULL;
}
