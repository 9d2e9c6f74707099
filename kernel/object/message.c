/* SPDX-License-Identifier: MIT */
#include "object/message.h"

#include <quay/abi/errno.h>
#include <quay/abi/ipc.h>
#include "lib/string.h"
#include "object/process.h"

static bool needs_buffer(uint64_t header)
{
    return IPC_HEADER_LENGTH(header) > IPC_REGISTER_BYTES || IPC_HEADER_HANDLES(header) != 0;
}

static struct message_handle handle_read(const struct thread *thread, unsigned index)
{
    return *(const volatile struct message_handle *)&thread->buffer->handles[index];
}

/* A handle may leave its table with RIGHT_TRANSFER, and stay there as well with RIGHT_DUP. */
static int handle_check(struct handle_table *from, const struct message_handle *wanted,
                        struct object **ret_object, rights_t *ret_rights)
{
    rights_t needed = RIGHT_TRANSFER;

    if (wanted->operation > HANDLE_COPY) {
        return -EINVAL;
    }
    if (wanted->operation == HANDLE_COPY) {
        needed |= RIGHT_DUP;
    }
    return handle_lookup_rights(from, wanted->handle, OBJECT_NONE, needed, ret_object, ret_rights);
}

void message_handles_read(const struct thread *thread, struct message_handle *handles,
                          unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        handles[i] = handle_read(thread, i);
    }
}

int message_check(struct thread *sender, uint64_t header)
{
    if ((IPC_HEADER_FLAGS(header) | IPC_HEADER_LEASES(header)) != 0) {
        return -EINVAL;
    }
    if (IPC_HEADER_LENGTH(header) > IPC_PAYLOAD_MAX ||
        IPC_HEADER_HANDLES(header) > IPC_HANDLES_MAX) {
        return -EMSGSIZE;
    }
    if (needs_buffer(header) && sender->buffer == NULL) {
        return -ENO_BUFFER;
    }
    for (unsigned i = 0; i < IPC_HEADER_HANDLES(header); i++) {
        struct message_handle wanted = handle_read(sender, i);
        struct object *object;
        rights_t rights;
        int error = handle_check(sender->table, &wanted, &object, &rights);

        /* Later, between two threads that we own, there is no good moment to start over. */
        if (error == 0) {
            error = handle_settle(sender->table, wanted.handle);
        }
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

int message_fits(const struct thread *receiver, uint64_t header)
{
    return needs_buffer(header) && receiver->buffer == NULL ? -ENO_BUFFER : 0;
}

/* One handle of a message on its way. */
struct passage {
    struct handle_entry *target;
    struct handle_entry *source; /* where a moved one came from; NULL for a copy */
    rights_t rights;             /* what it had there */
    struct message_handle result;
};

static int passage_make(struct passage *passage, struct handle_table *from, struct handle_table *to,
                        const struct message_handle *wanted)
{
    struct object *object;
    handle_t handle = HANDLE_INVALID; /* of a moved one: known when the move is final */
    int error = handle_check(from, wanted, &object, &passage->rights);

    if (error != 0) {
        return error;
    }
    error = handle_reserve(to, &passage->target);
    if (error != 0) {
        /* A table that is closed: the receiver is dying, and not the sender's handle bad. */
        return error == -EBADF ? -ERETRY : error;
    }
    if (wanted->operation == HANDLE_MOVE) {
        error =
            handle_move(passage->target, from, wanted->handle, wanted->rights, &passage->source);
    } else {
        error = handle_derive(passage->target, from, wanted->handle, wanted->rights, &handle);
    }
    if (error != 0) {
        handle_unreserve(passage->target);
        return error;
    }
    passage->result = (struct message_handle){
        .handle = handle,
        .rights = passage->rights & wanted->rights,
        .operation = wanted->operation,
        .type = object->type,
    };
    return 0;
}

static void passage_undo(struct passage *passage, struct handle_table *to)
{
    if (passage->source != NULL) {
        handle_move_undo(passage->target, passage->source);
    } else {
        (void)handle_close(to, passage->result.handle); /* revoked meanwhile: as good */
    }
}

int handles_transfer(struct handle_table *from, struct handle_table *to,
                     struct message_handle *handles, unsigned count)
{
    struct passage passages[IPC_HANDLES_MAX];

    for (unsigned i = 0; i < count; i++) {
        int error;

        passages[i].source = NULL;
        error = passage_make(&passages[i], from, to, &handles[i]);
        if (error != 0) {
            while (i-- > 0) {
                passage_undo(&passages[i], to);
            }
            return error;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        if (passages[i].source != NULL) {
            passages[i].result.handle = handle_move_finish(passages[i].target, passages[i].source);
        }
        handles[i] = passages[i].result;
    }
    return 0;
}

/* The sender's list is read once: it can change it at any time. */
static int buffer_handles_transfer(struct thread *sender, struct thread *receiver, unsigned count)
{
    struct message_handle handles[IPC_HANDLES_MAX];
    int error;

    message_handles_read(sender, handles, count);
    error = handles_transfer(sender->table, receiver->table, handles, count);
    if (error == 0) {
        memcpy(receiver->buffer->handles, handles, count * sizeof(handles[0]));
    }
    return error;
}

void message_copy(const struct thread *sender, struct thread *receiver, uint32_t length)
{
    memcpy(receiver->buffer_payload, sender->buffer_payload, length);
    receiver->buffer->flow_id = sender->flow_id;
    receiver->buffer->sender_job = sender->job_koid;
}

int message_transfer(struct thread *sender, struct thread *receiver, uint64_t header)
{
    uint32_t length = IPC_HEADER_LENGTH(header);
    int error = 0;

    if (IPC_HEADER_HANDLES(header) != 0) {
        error = buffer_handles_transfer(sender, receiver, IPC_HEADER_HANDLES(header));
    }
    if (error != 0) {
        return error;
    }
    frame_ipc_copy_words(&receiver->frame, &sender->frame);
    if (needs_buffer(header)) {
        message_copy(sender, receiver, length <= IPC_REGISTER_BYTES ? 0 : length);
    }
    receiver->flow_id = sender->flow_id;
    return 0;
}
