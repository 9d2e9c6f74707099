/* SPDX-License-Identifier: MIT */
#include "content.h"
#include <idl/file.h>
#include <quay/heap.h>
#include <quay/text.h>
#include "pages.h"

#define NO_SPACE  ENOSPC
#define TOO_BIG   QY_FILE_FAILURE_TOO_BIG
#define READ_ONLY QY_FILE_FAILURE_READ_ONLY

static uint64_t pages_round(uint64_t bytes)
{
    return (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

/* The room is `room` from now on. What becomes less never fails. */
static bool room_charge(struct content *content, struct content_quota *quota, uint64_t room)
{
    if (room > content->charged && room - content->charged > quota->bytes_max - quota->bytes_used) {
        return false;
    }
    quota->bytes_used += room - content->charged;
    content->charged = room;
    return true;
}

static int small_grow(struct content *content, struct content_quota *quota, uint64_t room)
{
    uint8_t *bytes = room_charge(content, quota, room) ? qy_alloc_zeroed(1, room) : NULL;
    if (bytes == NULL) {
        (void)room_charge(content, quota, content->room); /* as before */
        return NO_SPACE;
    }
    if (content->room > 0) {
        memcpy(bytes, content->bytes, content->size);
    }
    qy_free(content->bytes);
    content->bytes = bytes;
    content->room = room;
    return 0;
}

static int paged_grow(struct content *content, struct content_quota *quota, uint64_t room)
{
    struct pages pages = {
        .memory = content->memory, .address = content->bytes, .size = content->room};
    if (!room_charge(content, quota, room)) {
        return NO_SPACE;
    }
    if (!pages_grow(&pages, room)) {
        (void)room_charge(content, quota, content->room); /* as before */
        return NO_SPACE;
    }
    if (content->memory == HANDLE_INVALID && content->room > 0) {
        memcpy(pages.address, content->bytes, content->size);
        qy_free(content->bytes);
    }
    content->memory = pages.memory;
    content->bytes = pages.address;
    content->room = room;
    return 0;
}

int content_paged(struct content *content, struct content_quota *quota, uint64_t room)
{
    if (content->memory != HANDLE_INVALID && room <= content->room) {
        return 0;
    }
    return paged_grow(content, quota, pages_round(room > 0 ? room : 1));
}

int content_reserve(struct content *content, struct content_quota *quota, uint64_t end)
{
    if (content->is_fixed) {
        return READ_ONLY;
    }
    if (end <= content->room) {
        return 0;
    }
    if (end > CONTENT_SIZE_MAX) {
        return TOO_BIG;
    }
    /* Files that grow bit by bit grow by a part of what they are, if there is room for that. */
    if (end <= CONTENT_SMALL_MAX && content->memory == HANDLE_INVALID) {
        uint64_t room = content->room * 2 > end ? content->room * 2 : (end + 63) & ~63ul;
        room = room < CONTENT_SMALL_MAX ? room : CONTENT_SMALL_MAX;
        int error = small_grow(content, quota, room);
        return error == NO_SPACE ? small_grow(content, quota, end) : error;
    }
    uint64_t more = end - content->size < PAGE_SIZE * 64 ? content->size / 2 : 0;
    int error = paged_grow(content, quota, pages_round(end + more));
    return error == NO_SPACE ? paged_grow(content, quota, pages_round(end)) : error;
}

/* What clients have written beyond the end is not to be seen when the file grows over it. */
static void hidden_zero(struct content *content, uint64_t end)
{
    uint64_t limit = end < content->room ? end : content->room;
    if (content->is_shared && limit > content->size) {
        memset(content->bytes + content->size, 0, limit - content->size);
    }
}

int content_resize(struct content *content, struct content_quota *quota, uint64_t size)
{
    if (size > content->size) {
        int error = content_reserve(content, quota, size);
        if (error == 0) {
            content_grown(content, size, size); /* all that is new is hidden now */
        }
        return error;
    }
    if (content->is_fixed && size < content->size) {
        return READ_ONLY;
    }
    if (content->memory != HANDLE_INVALID) {
        uint64_t room = pages_round(size > 0 ? size : 1);
        struct pages pages = {content->memory, content->bytes, content->room};
        if (size < content->size) {
            uint64_t end = room < content->size ? room : content->size;
            memset(content->bytes + size, 0, end - size);
        }
        if (room < content->room && pages_cut(&pages, room)) {
            content->room = room;
            (void)room_charge(content, quota, room); /* less */
        }
    } else if (size == 0) {
        qy_free(content->bytes);
        content->bytes = NULL;
        content->room = 0;
        (void)room_charge(content, quota, 0); /* less */
    } else {
        memset(content->bytes + size, 0, content->size - size);
    }
    content->size = size;
    return 0;
}

void content_grown(struct content *content, uint64_t from, uint64_t end)
{
    if (end > content->size) {
        if (from > content->size) {
            hidden_zero(content, from);
        }
        content->size = end;
    }
}

void content_fini(struct content *content, struct content_quota *quota)
{
    if (content->is_fixed) {
        return;
    }
    (void)room_charge(content, quota, 0); /* less */
    if (content->memory != HANDLE_INVALID) {
        struct pages pages = {content->memory, content->bytes, content->room};
        pages_end(&pages);
    } else {
        qy_free(content->bytes);
    }
}
