/* SPDX-License-Identifier: MIT */
#include "session.h"
#include <quay/handle.h>
#include <quay/port.h>
#include <quay/text.h>

#define BADGE_OURS (1ul << 63)
#define MAGIC      0x31736676ul

struct table {
    uint64_t magic;
    uint64_t count;
    struct session places[];
};

static struct {
    struct table *table;
    uint32_t first_free; /* no free place is below it */
} session_state;

void sessions_init(void *memory, uint64_t bytes)
{
    struct table *table = memory;
    session_state.table = table;
    session_state.first_free = 0;
    if (table->magic != MAGIC) {
        table->count = (bytes - sizeof *table) / sizeof table->places[0];
        table->magic = MAGIC;
    }
    for (uint64_t i = 0; i < table->count; i++) {
        if (table->places[i].kind != SESSION_DIRECTORY) {
            table->places[i].kind = SESSION_FREE; /* what it pointed to is gone */
        }
    }
}

struct session *session_find(uint64_t badge)
{
    static struct session top;
    uint32_t index = (uint32_t)badge;
    if ((badge & BADGE_OURS) == 0) {
        top = (struct session){.kind = SESSION_DIRECTORY, .flags = QY_FILE_FLAGS_READ};
        top.directory.view = (struct view){.here = {0, NODE_ROOT}, .root = {0, NODE_ROOT}};
        return &top;
    }
    if (index >= session_state.table->count) {
        return NULL;
    }
    struct session *session = &session_state.table->places[index];
    return session->kind != SESSION_FREE && session->badge == badge ? session : NULL;
}

int64_t session_open(struct qy_server *server, enum session_kind kind, uint32_t flags,
                     struct session **ret_session, handle_t *ret_handle)
{
    struct table *table = session_state.table;
    uint32_t i = session_state.first_free;
    while (i < table->count && table->places[i].kind != SESSION_FREE) {
        i++;
    }
    session_state.first_free = i;
    if (i == table->count) {
        return QY_FILE_FAILURE_TOO_MANY_OPEN;
    }
    struct session *session = &table->places[i];
    uint32_t generation = (session->generation + 1) & 0x7fffffff;
    uint64_t badge = BADGE_OURS | (uint64_t)generation << 32 | i;
    struct qy_result made = qy_session_create(server->port, badge, 0);
    if (made.status < 0) {
        return QY_FILE_FAILURE_TOO_MANY_OPEN;
    }
    (void)qy_handle_close((handle_t)made.status); /* this session is never revoked */
    *session = (struct session){.badge = badge, .generation = generation, .flags = flags};
    if (kind == SESSION_DIRECTORY) {
        session->directory.koid = (uint64_t)qy_handle_info(made.second).third;
    }
    *ret_session = session;
    *ret_handle = made.second;
    session->kind = kind;
    return 0;
}

void session_free(struct session *session)
{
    uint32_t index = (uint32_t)session->badge;
    session->kind = SESSION_FREE;
    session->badge = 0;
    if (index < session_state.first_free) {
        session_state.first_free = index;
    }
}

struct session *session_of_handle(handle_t handle)
{
    uint64_t koid = (uint64_t)qy_handle_info(handle).third;
    for (uint64_t i = 0; i < session_state.table->count; i++) {
        struct session *session = &session_state.table->places[i];
        if (session->kind == SESSION_DIRECTORY && session->directory.koid == koid) {
            return session;
        }
    }
    return NULL;
}
