/* SPDX-License-Identifier: MIT */
/* Open descriptions, and what the protocol `file` does with them. */
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/heap.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/text.h>
#include "volume.h"

#define BADGE_FILE       (1ul << 63)
#define DESCRIPTIONS_MAX 65536u
#define KEPT_FLAGS       (QY_FILE_FLAGS_APPEND | QY_FILE_FLAGS_NONBLOCK)

static struct {
    struct description **places;
    uint32_t capacity, first_free; /* no free one is below it */
} description_state;

struct description *description_find(uint64_t badge)
{
    uint32_t index = (uint32_t)badge;
    struct description *found =
        index < description_state.capacity ? description_state.places[index] : NULL;
    return found != NULL && found->badge == badge ? found : NULL;
}

static struct description *place_get(uint32_t *ret_index)
{
    uint32_t i = description_state.first_free;
    while (i < description_state.capacity && description_state.places[i] != NULL &&
           description_state.places[i]->badge != 0) {
        i++;
    }
    if (i == description_state.capacity) {
        uint32_t capacity = i == 0 ? 64 : i * 2;
        struct description **places =
            capacity <= DESCRIPTIONS_MAX
                ? qy_realloc(description_state.places, capacity * sizeof(struct description *))
                : NULL;
        if (places == NULL) {
            return NULL;
        }
        memset(places + i, 0, (capacity - i) * sizeof *places);
        description_state.places = places;
        description_state.capacity = capacity;
    }
    if (description_state.places[i] == NULL) {
        description_state.places[i] = qy_alloc_zeroed(1, sizeof(struct description));
    }
    description_state.first_free = i;
    *ret_index = i;
    return description_state.places[i];
}

int description_open(struct qy_server *server, struct node *node, uint32_t flags, uint64_t offset,
                     handle_t *ret_session)
{
    uint32_t index;
    struct description *description = place_get(&index);
    if (description == NULL) {
        return QY_FILE_FAILURE_TOO_MANY_OPEN;
    }
    uint32_t generation = (description->generation + 1) & 0x7fffffff;
    uint64_t badge = BADGE_FILE | (uint64_t)generation << 32 | index;
    struct qy_result made = qy_session_create(server->port, badge, 0);
    if (made.status < 0) {
        return QY_FILE_FAILURE_TOO_MANY_OPEN;
    }
    (void)qy_handle_close((handle_t)made.status); /* this session is never revoked */
    *description = (struct description){
        .badge = badge, .node = node, .offset = offset, .flags = flags, .generation = generation};
    node_hold(node);
    *ret_session = made.second;
    return 0;
}

void volume_session_closed(struct qy_server *server, uint64_t badge)
{
    struct description *description = description_find(badge);
    if (description == NULL) {
        volume_client_gone(badge);
        return;
    }
    lock_drop(server, description);
    node_release(&volume.tree, description->node);
    description->badge = 0;
    if ((uint32_t)badge < description_state.first_free) {
        description_state.first_free = (uint32_t)badge;
    }
}

/* --- reading and writing ------------------------------------------------------------------- */

/* 0 and where to read, and how much there is of `count`; or an error. */
static int64_t read_begin(struct qy_request *request, uint64_t offset, uint64_t count,
                          struct description **ret_description, uint64_t *ret_from,
                          uint64_t *ret_count)
{
    struct description *description = description_find(request->in.badge);
    if (description == NULL) {
        return ESESSION_STALE;
    }
    if ((description->flags & QY_FILE_FLAGS_READ) == 0) {
        return EBADF;
    }
    uint64_t from = offset == QY_FILE_HERE ? description->offset : offset;
    uint64_t size = description->node->content.size;
    if ((int64_t)from < 0) {
        return EINVAL;
    }
    *ret_description = description;
    *ret_from = from;
    *ret_count = from >= size ? 0 : count < size - from ? count : size - from;
    return 0;
}

static int64_t file_read(struct qy_request *request, uint64_t offset, uint32_t count,
                         uint8_t *ret_data, uint32_t *ret_data_count)
{
    struct description *description;
    uint64_t from, length;
    count = count < QY_FILE_INLINE_MAX ? count : QY_FILE_INLINE_MAX;
    int64_t error = read_begin(request, offset, count, &description, &from, &length);
    if (error != 0) {
        return error;
    }
    if (length > 0) {
        memcpy(ret_data, description->node->content.bytes + from, length);
    }
    *ret_data_count = (uint32_t)length;
    description->offset += offset == QY_FILE_HERE ? length : 0;
    return 0;
}

/* The kernel copies a lease in one go with interrupts off: not too much at once. */
static uint64_t piece_of(uint64_t left)
{
    return left < 4 * PAGE_SIZE ? left : 4 * PAGE_SIZE;
}

static int64_t file_read_lent(struct qy_request *request, uint64_t offset,
                              const struct qy_lease *data, uint64_t *ret_count)
{
    struct description *description;
    uint64_t from, length;
    int64_t error = read_begin(request, offset, data->size, &description, &from, &length);
    if (error != 0) {
        return error;
    }
    const uint8_t *bytes = description->node->content.bytes + from;
    for (uint64_t done = 0, piece; done < length; done += piece) {
        piece = piece_of(length - done);
        if (qy_lease_put(data, done, bytes + done, piece) != 0) {
            return QY_FILE_FAILURE_BAD_MEMORY;
        }
    }
    *ret_count = length;
    description->offset += offset == QY_FILE_HERE ? length : 0;
    return 0;
}

/* 0, and room at *ret_from for `count` bytes; or an error. */
static int64_t write_begin(struct qy_request *request, uint64_t offset, uint64_t count,
                           struct description **ret_description, uint64_t *ret_from)
{
    struct description *description = description_find(request->in.badge);
    if (description == NULL) {
        return ESESSION_STALE;
    }
    if ((description->flags & QY_FILE_FLAGS_WRITE) == 0) {
        return EBADF;
    }
    struct content *content = &description->node->content;
    bool is_appended = (description->flags & QY_FILE_FLAGS_APPEND) != 0;
    uint64_t from = is_appended              ? content->size
                    : offset == QY_FILE_HERE ? description->offset
                                             : offset;
    if ((int64_t)from < 0 || count > CONTENT_SIZE_MAX || from > CONTENT_SIZE_MAX) {
        return (int64_t)from < 0 ? EINVAL : QY_FILE_FAILURE_TOO_BIG;
    }
    *ret_description = description;
    *ret_from = from;
    return count > 0 ? content_reserve(content, &volume.tree.quota, from + count) : 0;
}

static void write_end(struct description *description, uint64_t offset, uint64_t from,
                      uint64_t count)
{
    struct node *node = description->node;
    content_grown(&node->content, from, from + count);
    node->modified = node->changed = volume.tree.now();
    if (offset == QY_FILE_HERE) {
        description->offset = from + count;
    }
}

static int64_t file_write(struct qy_request *request, uint64_t offset, const uint8_t *data,
                          uint32_t data_count, uint32_t *ret_count)
{
    struct description *description;
    uint64_t from;
    int64_t error = write_begin(request, offset, data_count, &description, &from);
    if (error != 0) {
        return error;
    }
    if (data_count > 0) {
        memcpy(description->node->content.bytes + from, data, data_count);
        write_end(description, offset, from, data_count);
    }
    *ret_count = data_count;
    return 0;
}

static int64_t file_write_lent(struct qy_request *request, uint64_t offset,
                               const struct qy_lease *data, uint64_t *ret_count)
{
    struct description *description;
    uint64_t from;
    int64_t error = write_begin(request, offset, data->size, &description, &from);
    if (error != 0) {
        return error;
    }
    if (data->size > 0) {
        struct content *content = &description->node->content;
        uint8_t *bytes = content->bytes + from;
        for (uint64_t done = 0, piece; done < data->size; done += piece) {
            piece = piece_of(data->size - done);
            if (qy_lease_get(data, done, bytes + done, piece) != 0) {
                content->is_shared = true; /* some of it may be behind the end */
                return QY_FILE_FAILURE_BAD_MEMORY;
            }
        }
        write_end(description, offset, from, data->size);
    }
    *ret_count = data->size;
    return 0;
}

static int64_t seek_target(const struct description *description, int64_t offset,
                           qy_file_whence_t whence, uint64_t *ret_position)
{
    uint64_t size = node_size(description->node), base = 0;
    switch (whence) {
    case QY_FILE_WHENCE_START:
        break;
    case QY_FILE_WHENCE_CURRENT:
        base = description->offset;
        break;
    case QY_FILE_WHENCE_END:
        base = size;
        break;
    case QY_FILE_WHENCE_DATA:
    case QY_FILE_WHENCE_HOLE: /* files are all data, with a hole at the end */
        if (offset < 0 || (uint64_t)offset >= size) {
            return ENXIO;
        }
        *ret_position = whence == QY_FILE_WHENCE_HOLE ? size : (uint64_t)offset;
        return 0;
    default:
        return EINVAL;
    }
    int64_t position;
    if (__builtin_add_overflow((int64_t)base, offset, &position)) {
        return EOVERFLOW;
    }
    *ret_position = (uint64_t)position;
    return position < 0 ? EINVAL : 0;
}

static int64_t file_seek(struct qy_request *request, int64_t offset, qy_file_whence_t whence,
                         uint64_t *ret_position)
{
    struct description *description = description_find(request->in.badge);
    int64_t error = description == NULL ? ESESSION_STALE
                                        : seek_target(description, offset, whence, ret_position);
    if (error == 0) {
        description->offset = *ret_position;
    }
    return error;
}

/* --- the rest ------------------------------------------------------------------------------ */

static int64_t file_get_flags(struct qy_request *request, qy_file_flags_t *ret_flags)
{
    struct description *description = description_find(request->in.badge);
    if (description == NULL) {
        return ESESSION_STALE;
    }
    *ret_flags = description->flags;
    return 0;
}

static int64_t file_set_flags(struct qy_request *request, qy_file_flags_t flags)
{
    struct description *description = description_find(request->in.badge);
    if (description == NULL) {
        return ESESSION_STALE;
    }
    description->flags = (description->flags & ~KEPT_FLAGS) | (flags & KEPT_FLAGS);
    return 0;
}

static int64_t file_stat(struct qy_request *request, struct qy_file_stat *ret_stat)
{
    struct description *description = description_find(request->in.badge);
    if (description == NULL) {
        return ESESSION_STALE;
    }
    node_stat(description->node, ret_stat);
    ret_stat->device = volume.device;
    return 0;
}

static int64_t file_change(struct qy_request *request, const struct qy_file_change *change)
{
    struct description *description = description_find(request->in.badge);
    if (description == NULL) {
        return ESESSION_STALE;
    }
    if ((change->what & QY_FILE_CHANGE_WHAT_SIZE) != 0 &&
        (description->flags & QY_FILE_FLAGS_WRITE) == 0) {
        return EINVAL;
    }
    return node_change(&volume.tree, description->node, change);
}

static int64_t file_sync(struct qy_request *request)
{
    return description_find(request->in.badge) != NULL ? 0 : ESESSION_STALE;
}

/* A copy of its own of memory that cannot be cloned. */
static int64_t fixed_copy(const struct content *content, uint64_t offset, uint64_t size)
{
    void *at;
    int64_t made = qy_memory_create(qy_self_job(), size, 0);
    if (made < 0 || qy_memory_map((handle_t)made, 0, size, MAP_READ | MAP_WRITE, &at) < 0) {
        qy_handle_discard(made < 0 ? HANDLE_INVALID : (handle_t)made);
        return -ENOMEM;
    }
    uint64_t left = content->size > offset ? content->size - offset : 0;
    memcpy(at, content->bytes + offset, left < size ? left : size);
    qy_pages_unmap(at, size);
    return made;
}

static int64_t file_memory(struct qy_request *request, qy_file_access_t access, uint64_t offset,
                           uint64_t size, handle_t *ret_memory, uint64_t *ret_position)
{
    struct description *description = description_find(request->in.badge);
    if (description == NULL) {
        return ESESSION_STALE;
    }
    struct content *content = &description->node->content;
    bool is_private = (access & QY_FILE_ACCESS_PRIVATE) != 0;
    bool is_written = (access & QY_FILE_ACCESS_WRITE) != 0;
    if (!node_is(description->node, MODE_REGULAR)) {
        return ENODEV;
    }
    if ((description->flags & QY_FILE_FLAGS_READ) == 0 ||
        (is_written && !is_private && (description->flags & QY_FILE_FLAGS_WRITE) == 0)) {
        return EACCES;
    }
    if (size == 0 || (offset | size) % PAGE_SIZE != 0 || offset + size < offset) {
        return EINVAL;
    }
    if (!content->is_fixed && content_paged(content, &volume.tree.quota, content->size) != 0) {
        return ENOMEM;
    }
    int64_t made;
    *ret_position = content->position + offset;
    if (is_private && is_written) {
        *ret_position = 0;
        made = content->is_fixed || offset + size > content->room
                   ? fixed_copy(content, offset, size)
                   : qy_memory_snapshot(qy_self_job(), content->memory, offset, size);
    } else {
        content->is_shared |= is_written;
        made = qy_handle_dup(content->memory, RIGHTS_BASIC | RIGHT_READ | RIGHT_EXEC |
                                                  (is_written ? RIGHT_WRITE : 0));
    }
    *ret_memory = made < 0 ? HANDLE_INVALID : (handle_t)made;
    return made < 0 ? ENOMEM : 0;
}

static int64_t file_lock(struct qy_request *request, const struct qy_file_lock *lock, bool wait)
{
    struct description *description = description_find(request->in.badge);
    return description == NULL ? ESESSION_STALE : lock_set(request, description, lock, wait);
}

static int64_t file_lock_test(struct qy_request *request, const struct qy_file_lock *lock,
                              struct qy_file_lock *ret_blocking, uint64_t *ret_job)
{
    struct description *description = description_find(request->in.badge);
    return description == NULL ? ESESSION_STALE
                               : lock_find(request, description, lock, ret_blocking, ret_job);
}

static int64_t file_ready(struct qy_request *request, qy_file_ready_t *ret_ready)
{
    *ret_ready = QY_FILE_READY_READABLE | QY_FILE_READY_WRITABLE;
    return description_find(request->in.badge) != NULL ? 0 : ESESSION_STALE;
}

static int64_t file_readiness(struct qy_request *request, handle_t *ret_readable,
                              handle_t *ret_writable)
{
    (void)request;
    *ret_readable = *ret_writable = HANDLE_INVALID;
    return EPERM;
}

static int64_t file_available(struct qy_request *request, uint64_t *ret_count)
{
    struct description *description;
    uint64_t from;
    return read_begin(request, QY_FILE_HERE, UINT64_MAX, &description, &from, ret_count);
}

static int64_t file_copy(struct qy_request *request, uint64_t offset, handle_t *target,
                         uint64_t target_offset, uint64_t count, uint64_t *ret_count_done)
{
    (void)request, (void)offset, (void)target, (void)target_offset, (void)count;
    *ret_count_done = 0;
    return ENOTSUP; /* the target may be another server's, or even our own */
}

static int64_t file_capacity(struct qy_request *request, uint32_t size, uint32_t *ret_now)
{
    (void)request, (void)size;
    *ret_now = 0;
    return EBADF; /* no pipe */
}

const struct qy_file_handlers file_handlers = {
    .read = file_read,
    .write = file_write,
    .read_lent = file_read_lent,
    .write_lent = file_write_lent,
    .seek = file_seek,
    .get_flags = file_get_flags,
    .set_flags = file_set_flags,
    .stat = file_stat,
    .change = file_change,
    .sync = file_sync,
    .memory = file_memory,
    .lock = file_lock,
    .lock_test = file_lock_test,
    .ready = file_ready,
    .readiness = file_readiness,
    .available = file_available,
    .copy = file_copy,
    .capacity = file_capacity,
};
