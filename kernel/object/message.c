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

/* A handle may leave its table with RIGHT_TRANSFER, and stay there as well with RIGHT_DUP. */
static rights_t rights_needed(const struct message_handle *wanted)
{
    return RIGHT_TRANSFER | (wanted->operation == HANDLE_COPY ? RIGHT_DUP : 0);
}

void message_handles_read(const struct thread *thread, struct message_handle *handles,
                          unsigned count)
{
    const volatile struct message_handle *theirs = thread->buffer->handles;

    for (unsigned i = 0; i < count; i++) {
        handles[i] = theirs[i];
    }
}

/* Also that nothing is under way on their lists: later, between two threads that we own, there is
 * no good moment to start over. */
static int handles_check(const struct thread *sender, unsigned count)
{
    struct message_handle handles[IPC_HANDLES_MAX];
    int error = 0;

    message_handles_read(sender, handles, count);
    for (unsigned i = 0; i < count && error == 0; i++) {
        error = handles[i].operation > HANDLE_COPY
                    ? -EINVAL
                    : handle_settle(sender->table, handles[i].handle, rights_needed(&handles[i]));
    }
    return error;
}

int message_check(struct thread *sender, uint64_t header)
{
    if (header >> 56 != 0) {
        return -EINVAL;
    }
    if (IPC_HEADER_LENGTH(header) > IPC_PAYLOAD_MAX ||
        IPC_HEADER_HANDLES(header) > IPC_HANDLES_MAX) {
        return -EMSGSIZE;
    }
    if (needs_buffer(header) && sender->buffer == NULL) {
        return -ENO_BUFFER;
    }
    return IPC_HEADER_HANDLES(header) == 0 ? 0 : handles_check(sender, IPC_HEADER_HANDLES(header));
}

int message_fits(const struct thread *receiver, uint64_t header)
{
    return needs_buffer(header) && receiver->buffer == NULL ? -ENO_BUFFER : 0;
}

/* One handle of a message on its way. */
struct passage {
    struct handle_entry *target;
    struct handle_entry *source; /* where a moved one came from; NULL for a copy */
};

static int passage_make(struct passage *passage, struct handle_table *from, struct handle_table *to,
                        struct message_handle *wanted)
{
    struct object *object;
    rights_t rights;
    int error = wanted->operation > HANDLE_COPY
                    ? -EINVAL
                    : handle_lookup_rights(from, wanted->handle, OBJECT_NONE, rights_needed(wanted),
                                           &object, &rights);

    if (error != 0) {
        return error;
    }
    error = handle_reserve(to, &passage->target);
    if (error != 0) {
        /* A table that is closed: the receiver is dying, and not the sender's handle bad. */
        return error == -EBADF ? -ERETRY : error;
    }
    passage->source = NULL;
    if (wanted->operation == HANDLE_MOVE) {
        error =
            handle_move(passage->target, from, wanted->handle, wanted->rights, &passage->source);
    } else {
        error =
            handle_derive(passage->target, from, wanted->handle, wanted->rights, &wanted->handle);
    }
    if (error != 0) {
        handle_unreserve(passage->target);
        return error;
    }
    wanted->rights &= rights;
    wanted->type = object->type;
    return 0;
}

int handles_transfer(struct handle_table *from, struct handle_table *to,
                     struct message_handle *handles, unsigned count)
{
    struct passage passages[IPC_HANDLES_MAX];
    unsigned done = 0;
    int error = 0;

    while (done < count && error == 0) {
        error = passage_make(&passages[done], from, to, &handles[done]);
        done += error == 0;
    }
    for (unsigned i = 0; i < done; i++) {
        const struct passage *passage = &passages[i];

        if (error == 0 && passage->source != NULL) {
            handles[i].handle = handle_move_finish(passage->target, passage->source);
        } else if (error != 0 && passage->source != NULL) {
            handle_move_undo(passage->target, passage->source);
        } else if (error != 0) {
            (void)handle_close(to, handles[i].handle); /* revoked meanwhile: as good */
        }
    }
    return error;
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
