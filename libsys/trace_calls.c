/* SPDX-License-Identifier: MIT */
/*
 * Calls, put together from records. A thread has one call under way at most, so the thread that
 * calls says which one a record is about. What a server calls while it serves belongs to the call
 * it serves: the latest one of the same flow that this thread has received and not answered. Pure.
 */
#include <quay/text.h>
#include <quay/trace_view.h>

static bool is_under_way(const struct qy_trace_call *call)
{
    return call->state != QY_TRACE_FREE && call->state != QY_TRACE_DONE;
}

static struct qy_trace_call *find(struct qy_trace_calls *calls, koid_t client)
{
    for (uint32_t i = 0; i < calls->count; i++) {
        if (calls->calls[i].client == client && is_under_way(&calls->calls[i])) {
            return &calls->calls[i];
        }
    }
    return NULL;
}

static struct qy_trace_call *parent_find(struct qy_trace_calls *calls, koid_t server, uint64_t flow)
{
    struct qy_trace_call *found = NULL;
    for (uint32_t i = 0; i < calls->count; i++) {
        struct qy_trace_call *call = &calls->calls[i];
        if (call->server == server && call->flow == flow && call->state == QY_TRACE_RECEIVED &&
            (found == NULL || call->received > found->received)) {
            found = call;
        }
    }
    return found;
}

static void release(struct qy_trace_call *call)
{
    /* Depth first, without a stack: a tree is as deep as calls are nested. */
    struct qy_trace_call *at = call;
    for (;;) {
        struct qy_trace_call *child = at->first;
        if (child != NULL) {
            at->first = child->next;
            if (is_under_way(child)) { /* a root from now on */
                child->parent = NULL;
                child->next = NULL;
            } else {
                at = child;
            }
            continue;
        }
        struct qy_trace_call *parent = at->parent;
        bool is_last = at == call;
        at->state = QY_TRACE_FREE;
        if (is_last) {
            return;
        }
        at = parent;
    }
}

static void unlink_child(struct qy_trace_call *child)
{
    struct qy_trace_call *parent = child->parent, *before = NULL;
    for (struct qy_trace_call *at = parent->first; at != child; at = at->next) {
        before = at;
    }
    if (before != NULL) {
        before->next = child->next;
    } else {
        parent->first = child->next;
    }
    parent->last = parent->last == child ? before : parent->last;
    child->parent = child->next = NULL;
}

static void end(struct qy_trace_calls *calls, struct qy_trace_call *call)
{
    call->state = QY_TRACE_DONE;
    bool is_kept = !calls->ended(calls->context, call) && call->parent != NULL;
    if (!is_kept) {
        if (call->parent != NULL) {
            unlink_child(call);
        }
        release(call);
    }
}

static void cut(struct qy_trace_calls *calls, struct qy_trace_call *call)
{
    call->is_cut = true;
    end(calls, call);
}

static struct qy_trace_call *begin(struct qy_trace_calls *calls, koid_t client, uint64_t flow)
{
    for (uint32_t i = 0; i < calls->count; i++) {
        struct qy_trace_call *call = &calls->calls[i];
        if (call->state != QY_TRACE_FREE) {
            continue;
        }
        struct qy_trace_call *parent = parent_find(calls, client, flow);
        *call = (struct qy_trace_call){
            .state = QY_TRACE_SENT, .client = client, .flow = flow, .parent = parent};
        if (parent != NULL && parent->last != NULL) {
            parent->last->next = call;
        } else if (parent != NULL) {
            parent->first = call;
        }
        if (parent != NULL) {
            parent->last = call;
        }
        return call;
    }
    calls->untracked++;
    return NULL;
}

static void request_set(struct qy_trace_call *call, const struct trace_record *record,
                        const uint8_t *data, uint32_t count)
{
    call->port = record->object;
    call->badge = record->badge;
    call->method = record->method;
    call->request_length = record->length;
    call->handle_count = record->handle_count;
    if (count > call->request_count) {
        memcpy(call->request, data, count);
        call->request_count = (uint16_t)count;
    }
}

static void reply_set(struct qy_trace_call *call, const struct trace_record *record,
                      const uint8_t *data, uint32_t count)
{
    call->reply_length = record->length;
    call->status = record->status;
    if (count > call->reply_count) {
        memcpy(call->reply, data, count);
        call->reply_count = (uint16_t)count;
    }
}

static void take_call(struct qy_trace_calls *calls, const struct trace_record *record,
                      const uint8_t *data, uint32_t count)
{
    struct qy_trace_call *call = find(calls, record->thread);
    if (call != NULL) { /* its end was lost */
        cut(calls, call);
    }
    call = begin(calls, record->thread, record->flow);
    if (call != NULL) {
        call->sent = record->time;
        request_set(call, record, data, count);
    }
}

static void take_received(struct qy_trace_calls *calls, const struct trace_record *record,
                          const uint8_t *data, uint32_t count)
{
    struct qy_trace_call *call = find(calls, record->value);
    if (call != NULL && call->state != QY_TRACE_SENT) { /* this one's beginning was lost */
        cut(calls, call);
        call = NULL;
    }
    if (call == NULL) {
        call = begin(calls, record->value, record->flow);
    }
    if (call != NULL) {
        call->state = QY_TRACE_RECEIVED;
        call->server = record->thread;
        call->received = record->time;
        request_set(call, record, data, count);
    }
}

void qy_trace_calls_take(struct qy_trace_calls *calls, const struct trace_record *record,
                         const uint8_t *data, uint32_t count)
{
    struct qy_trace_call *call;
    count = count < QY_TRACE_PAYLOAD_MAX ? count : QY_TRACE_PAYLOAD_MAX;
    switch (record->kind) {
    case TRACE_CALL:
        take_call(calls, record, data, count);
        return;
    case TRACE_CALL_RECEIVED:
        take_received(calls, record, data, count);
        return;
    case TRACE_REPLY:
        call = find(calls, record->value);
        if (call != NULL) {
            call->state = QY_TRACE_REPLIED;
            call->server = call->server != 0 ? call->server : record->thread;
            call->replied = record->time;
            reply_set(call, record, data, count);
        }
        return;
    case TRACE_REPLY_RECEIVED:
        call = find(calls, record->thread);
        if (call != NULL) {
            call->ended = record->time;
            reply_set(call, record, data, count);
            end(calls, call);
        }
        return;
    default:
        return;
    }
}

void qy_trace_calls_end(struct qy_trace_calls *calls)
{
    for (uint32_t i = 0; i < calls->count; i++) {
        struct qy_trace_call *call = &calls->calls[i];
        if (is_under_way(call) && call->parent == NULL) {
            cut(calls, call);
            i = (uint32_t)-1; /* what it had called is a root now, maybe before it */
        }
    }
}
