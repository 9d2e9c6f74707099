/* SPDX-License-Identifier: MIT */
#include "object/channel.h"

#include "core/trace.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include "object/message.h"
#include "sched/thread.h"
#include <quay/abi/ipc.h>

#define SLOTS_MAX 4096u

/* Followed by handle_max handles and the payload. */
struct channel_slot {
    uint64_t header;
    uint64_t flow_id;
    koid_t sender_job;
    uint64_t reserved;
    struct message_handle handles[]; /* as sent: `rights` are those to arrive with */
};

static struct slab_cache channel_cache;

static void sender_inactive(struct object *object);
static void receiver_inactive(struct object *object);
static void sender_destroy(struct object *object);
static void receiver_destroy(struct object *object);

static const struct object_ops sender_ops = {
    .destroy = sender_destroy,
    .inactive = sender_inactive,
};

static const struct object_ops receiver_ops = {
    .destroy = receiver_destroy,
    .inactive = receiver_inactive,
};

static struct channel *of_sender(struct object *object)
{
    return CONTAINER_OF(object, struct channel, sender);
}

static struct channel *of_receiver(struct object *object)
{
    return CONTAINER_OF(object, struct channel, receiver);
}

void channel_init(void)
{
    slab_cache_init(&channel_cache, "channel", sizeof(struct channel), CACHE_LINE_SIZE);
}

static uint64_t charge_bytes(unsigned order)
{
    return sizeof(struct channel) + (PAGE_SIZE << order);
}

COLD int channel_create(struct account *account, uint64_t slot_count, uint64_t payload_max,
                        uint64_t handle_max, struct channel **ret_channel)
{
    struct channel *channel;
    struct paddr frame;
    uint64_t slot_bytes;
    unsigned order;
    int error;

    if (slot_count == 0 || slot_count > SLOTS_MAX || payload_max > IPC_PAYLOAD_MAX ||
        handle_max > IPC_HANDLES_MAX) {
        return -EINVAL;
    }
    /* All payload registers fit, so that they are copied without looking. */
    slot_bytes = sizeof(struct channel_slot) + handle_max * sizeof(struct message_handle) +
                 (payload_max < IPC_REGISTER_BYTES ? IPC_REGISTER_BYTES : (payload_max + 7) & ~7ul);
    if (slot_bytes * slot_count > CHANNEL_BYTES_MAX) {
        return -EINVAL;
    }
    order = frame_order(slot_bytes * slot_count);
    error = account_charge(account, JOB_MEMORY, charge_bytes(order));
    if (error != 0) {
        return error;
    }
    channel = slab_alloc(&channel_cache);
    if (channel == NULL) {
        error = -ENOMEM;
        goto undo_charge;
    }
    error = frame_alloc_zeroed(order, &frame);
    if (error != 0) {
        goto undo_channel;
    }
    object_init(&channel->sender, OBJECT_CHANNEL_SENDER, &sender_ops);
    object_init(&channel->receiver, OBJECT_CHANNEL_RECEIVER, &receiver_ops);
    channel->sender.signals = SIGNAL_WRITABLE;
    channel->account = account;
    channel->slots = arch_direct_map(frame);
    channel->slot_count = (uint32_t)slot_count;
    channel->slot_bytes = (uint32_t)slot_bytes;
    channel->payload_max = (uint32_t)payload_max;
    channel->handle_max = (uint32_t)handle_max;
    channel->order = (uint8_t)order;
    spinlock_init(&channel->lock, LOCK_RANK_CHANNEL);
    handle_table_init(&channel->table, account);
    channel->ends = 2;
    *ret_channel = channel;
    return 0;

undo_channel:
    slab_free(&channel_cache, channel);
undo_charge:
    account_uncharge(account, JOB_MEMORY, charge_bytes(order));
    return error;
}

/* --- Sending and receiving --- */

static struct channel_slot *slot_at(const struct channel *channel, uint32_t index)
{
    index = index < channel->slot_count ? index : index - channel->slot_count;
    return (struct channel_slot *)(void *)((uint8_t *)channel->slots +
                                           (uint64_t)index * channel->slot_bytes);
}

static void *payload_of(const struct channel *channel, struct channel_slot *slot)
{
    return &slot->handles[channel->handle_max];
}

/* What a channel must not carry: see the header. */
static int handle_allowed(const struct handle_table *table, const struct message_handle *wanted)
{
    struct object *object;
    rights_t rights;
    int error = handle_lookup_rights(table, wanted->handle, OBJECT_NONE, 0, &object, &rights);

    if (error != 0) {
        return error;
    }
    switch (object->type) {
    case OBJECT_JOB:
    case OBJECT_CHANNEL_SENDER:
    case OBJECT_CHANNEL_RECEIVER:
        return -EPERM;
    case OBJECT_PORT:
        return rights & wanted->rights & RIGHT_RECV ? -EPERM : 0;
    default:
        return 0;
    }
}

/* The handles go into the channel's table with the right to leave it again. */
static int handles_queue(struct channel *channel, struct thread *thread, struct channel_slot *slot,
                         unsigned count)
{
    struct message_handle handles[IPC_HANDLES_MAX];
    rights_t rights[IPC_HANDLES_MAX];
    int error;

    message_handles_read(thread, handles, count);
    for (unsigned i = 0; i < count; i++) {
        error = handle_allowed(thread->table, &handles[i]);
        if (error != 0) {
            return error;
        }
        rights[i] = handles[i].rights;
        handles[i].rights |= RIGHT_TRANSFER;
    }
    error = handles_transfer(thread->table, &channel->table, handles, count);
    if (error != 0) {
        return error;
    }
    for (unsigned i = 0; i < count; i++) {
        slot->handles[i] = (struct message_handle){
            .handle = handles[i].handle, .rights = rights[i], .operation = HANDLE_MOVE};
    }
    return 0;
}

static int send_locked(struct channel *channel, struct thread *thread, uint64_t header)
    REQUIRES(&channel->lock)
{
    uint32_t length = IPC_HEADER_LENGTH(header);
    struct channel_slot *slot;
    int error;

    if (channel->receiver_gone) {
        return -EPEER_DIED;
    }
    if (channel->used == channel->slot_count) {
        return -EAGAIN;
    }
    slot = slot_at(channel, channel->first + channel->used);
    if (UNLIKELY(IPC_HEADER_HANDLES(header) != 0)) {
        error = handles_queue(channel, thread, slot, IPC_HEADER_HANDLES(header));
        if (error != 0) {
            return error;
        }
    }
    slot->header = header;
    slot->flow_id = thread->flow_id;
    slot->sender_job = thread->job_koid;
    if (length <= IPC_REGISTER_BYTES) {
        frame_ipc_save_words(&thread->frame, payload_of(channel, slot));
    } else {
        memcpy(payload_of(channel, slot), thread->buffer_payload, length);
    }
    if (trace_on(TRACE_KIND(TRACE_CHANNEL_SEND))) {
        trace_note(TRACE_CHANNEL_SEND, thread, channel->sender.koid, 0, header, 0);
    }
    channel->used++;
    if (channel->used == channel->slot_count) {
        object_signal(&channel->sender, SIGNAL_WRITABLE, 0);
    }
    if (channel->used == 1) {
        object_signal(&channel->receiver, 0, SIGNAL_READABLE);
    }
    return 0;
}

int channel_send(struct object *sender, uint64_t header)
{
    struct channel *channel = of_sender(sender);
    struct thread *thread = thread_current();
    int error = 0;

    if (IPC_HEADER_LENGTH(header) > channel->payload_max ||
        IPC_HEADER_HANDLES(header) > channel->handle_max) {
        error = -EMSGSIZE;
    } else if ((header >> 32) > IPC_REGISTER_BYTES) {
        error = message_check(thread, header);
    }
    if (error != 0) {
        return error;
    }
    spin_lock(&channel->lock);
    error = send_locked(channel, thread, header);
    spin_unlock(&channel->lock);
    return error;
}

/* Handles that were revoked in the queue stay behind, and leave their places empty. */
static int handles_take(struct channel *channel, struct thread *thread, struct channel_slot *slot,
                        unsigned count)
{
    struct message_handle live[IPC_HANDLES_MAX];
    unsigned place[IPC_HANDLES_MAX], live_count = 0;
    struct object *object;
    int error;

    for (unsigned i = 0; i < count; i++) {
        if (handle_lookup(&channel->table, slot->handles[i].handle, OBJECT_NONE, 0, &object) == 0) {
            live[live_count] = slot->handles[i];
            place[live_count++] = i;
        }
    }
    error = handles_transfer(&channel->table, thread->table, live, live_count);
    if (error != 0) {
        return error == -EREVOKED ? -ERETRY : error; /* just now: the next look sees it */
    }
    memset(thread->buffer->handles, 0, count * sizeof(live[0]));
    for (unsigned i = 0; i < count; i++) {
        (void)handle_close(&channel->table, slot->handles[i].handle); /* gone, but for revoked */
    }
    for (unsigned i = 0; i < live_count; i++) {
        thread->buffer->handles[place[i]] = live[i];
    }
    return 0;
}

static int receive_locked(struct channel *channel, struct thread *thread) REQUIRES(&channel->lock)
{
    struct channel_slot *slot = slot_at(channel, channel->first);
    uint64_t header = slot->header;
    uint32_t length = IPC_HEADER_LENGTH(header);
    int error;

    if (channel->used == 0) {
        return channel->sender_gone ? -EPEER_DIED : -EAGAIN;
    }
    error = message_fits(thread, header);
    if (error == 0 && UNLIKELY(IPC_HEADER_HANDLES(header) != 0)) {
        error = handles_take(channel, thread, slot, IPC_HEADER_HANDLES(header));
    }
    if (error != 0) {
        return error;
    }
    if (length <= IPC_REGISTER_BYTES) {
        frame_ipc_load_words(&thread->frame, payload_of(channel, slot));
    } else {
        memcpy(thread->buffer_payload, payload_of(channel, slot), length);
        frame_ipc_set_words(&thread->frame, 0, 0);
    }
    frame_ipc_result(&thread->frame, 0, 0, header, slot->sender_job, 0);
    thread->flow_id = slot->flow_id;
    if (trace_on(TRACE_KIND(TRACE_CHANNEL_RECEIVE))) {
        trace_note(TRACE_CHANNEL_RECEIVE, thread, channel->sender.koid, 0, header, 0);
    }
    channel->first = channel->first + 1 < channel->slot_count ? channel->first + 1 : 0;
    channel->used--;
    if (channel->used == 0) {
        object_signal(&channel->receiver, SIGNAL_READABLE, 0);
    }
    if (channel->used == channel->slot_count - 1) {
        object_signal(&channel->sender, 0, SIGNAL_WRITABLE);
    }
    return 0;
}

int channel_receive(struct object *receiver)
{
    struct channel *channel = of_receiver(receiver);
    int error;

    spin_lock(&channel->lock);
    error = receive_locked(channel, thread_current());
    spin_unlock(&channel->lock);
    return error;
}

/* --- The end --- */

static void sender_inactive(struct object *object)
{
    struct channel *channel = of_sender(object);

    spin_lock(&channel->lock);
    channel->sender_gone = true;
    object_signal(&channel->receiver, 0, SIGNAL_PEER_CLOSED);
    spin_unlock(&channel->lock);
}

/* Nobody will have what is queued. */
static void drain_step(struct sync_node *node)
{
    struct channel *channel = CONTAINER_OF(node, struct channel, work);

    if (handle_table_drain(&channel->table)) {
        object_unref(&channel->receiver); /* receiver_inactive's */
    } else {
        sync_post(&channel->work, drain_step);
    }
}

static void receiver_inactive(struct object *object)
{
    struct channel *channel = of_receiver(object);
    bool was_gone;

    spin_lock(&channel->lock);
    was_gone = channel->receiver_gone;
    channel->receiver_gone = true;
    channel->used = 0;
    object_signal(&channel->receiver, SIGNAL_READABLE, 0);
    object_signal(&channel->sender, SIGNAL_WRITABLE, SIGNAL_PEER_CLOSED);
    spin_unlock(&channel->lock);
    if (!was_gone) {
        object_ref(object);
        sync_post(&channel->work, drain_step);
    }
}

static void free_step(struct sync_node *node)
{
    struct channel *channel = CONTAINER_OF(node, struct channel, work);
    struct account *account = channel->account;
    unsigned order = channel->order;

    if (!handle_table_fini(&channel->table)) {
        sync_post(&channel->work, free_step);
        return;
    }
    frame_free(arch_direct_map_reverse(channel->slots), order);
    slab_free(&channel_cache, channel);
    account_uncharge(account, JOB_MEMORY, charge_bytes(order));
}

/* The drained table has seen a grace period since: the one of the end that is destroyed here. */
static void end_destroyed(struct channel *channel)
{
    if (__atomic_sub_fetch(&channel->ends, 1, __ATOMIC_ACQ_REL) == 0) {
        sync_post(&channel->work, free_step);
    }
}

static void sender_destroy(struct object *object)
{
    end_destroyed(of_sender(object));
}

static void receiver_destroy(struct object *object)
{
    end_destroyed(of_receiver(object));
}
