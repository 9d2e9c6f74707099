/* SPDX-License-Identifier: MIT */
#include "names.h"
#include <quay/handle.h>
#include <quay/port.h>
#include <quay/text.h>

struct binding {
    handle_t port; /* HANDLE_INVALID: none */
    koid_t koid;   /* of the port */
    uint32_t badge;
};

struct waiter {
    struct qy_pending call;
    char name[16];
};

/* Who watches, of those that see the same. */
struct watched_view {
    uint32_t view;
    struct qy_subscriber subscribers[VIEW_SUBSCRIBERS_MAX];
};

static struct {
    struct directory *directory;
    struct qy_manifest manifest;
    struct watched_view watched[WATCHED_VIEWS_MAX];
    struct binding bindings[DIRECTORY_MAX]; /* as the directory's names */
    struct waiter waiters[WAITERS_MAX];
    uint32_t waiter_count;
} names_state;

void names_init(struct directory *directory, const struct qy_manifest *manifest)
{
    memset(&names_state, 0, sizeof names_state);
    names_state.directory = directory;
    names_state.manifest = *manifest;
}

/* --- views --------------------------------------------------------------------------------- */

#define VIEW_ALL 0u

static uint32_t view_of(uint64_t badge)
{
    return (uint32_t)(badge >> 32);
}

static bool may_connect(uint32_t view, const char *name)
{
    return view == VIEW_ALL ||
           (view <= names_state.manifest.count &&
            qy_manifest_may_connect(&names_state.manifest.entries[view - 1], name));
}

static bool may_bind(uint32_t view, const char *name)
{
    return view == VIEW_ALL ||
           (view <= names_state.manifest.count &&
            qy_manifest_may_bind(&names_state.manifest.entries[view - 1], name));
}

static bool may_see(uint32_t view, const char *name)
{
    return may_connect(view, name) || may_bind(view, name);
}

static bool has_subscribers(const struct watched_view *watched)
{
    for (uint32_t i = 0; i < VIEW_SUBSCRIBERS_MAX; i++) {
        if (watched->subscribers[i].sender != HANDLE_INVALID) {
            return true;
        }
    }
    return false;
}

/* The place of those that see the same; NULL: there is none left. */
static struct watched_view *watched_find(uint32_t view)
{
    struct watched_view *free_place = NULL;
    for (uint32_t i = 0; i < WATCHED_VIEWS_MAX; i++) {
        struct watched_view *watched = &names_state.watched[i];
        bool is_used = has_subscribers(watched);
        if (is_used && watched->view == view) {
            return watched;
        }
        free_place = is_used || free_place != NULL ? free_place : watched;
    }
    if (free_place != NULL) {
        free_place->view = view;
    }
    return free_place;
}

static void subscribers_are(struct qy_server *server, struct watched_view *watched)
{
    server->subscribers = watched != NULL ? watched->subscribers : NULL;
    server->subscriber_max = watched != NULL ? VIEW_SUBSCRIBERS_MAX : 0;
}

int64_t names_dispatch(struct qy_request *request)
{
    if (IPC_HEADER_METHOD(request->in.message.header) == QY_METHOD_SUBSCRIBE) {
        subscribers_are(request->server, watched_find(view_of(request->in.badge)));
    }
    return qy_names_dispatch(request);
}

/* --- sessions ------------------------------------------------------------------------------ */

static void binding_end(struct binding *binding)
{
    qy_handle_discard(binding->port);
    binding->port = HANDLE_INVALID;
}

/* A session of what the name is bound to: 0 and *ret_session, or an error; -EPEER_DIED: the port
 * is closed, or there is none. */
static int64_t session_mint(struct binding *binding, handle_t *ret_session)
{
    if (binding->port == HANDLE_INVALID) {
        return -EPEER_DIED;
    }
    uint64_t number = ++names_state.directory->connections;
    struct qy_result made = qy_session_create(binding->port, number << 32 | binding->badge, 0);
    if (made.status == -EPEER_DIED) {
        binding_end(binding);
    }
    if (made.status < 0) {
        return made.status;
    }
    (void)qy_handle_close((handle_t)made.status); /* only the server may revoke, and does not ask */
    *ret_session = made.second;
    return 0;
}

/* Whether the port that has the name is open. */
static bool is_alive(struct binding *binding)
{
    handle_t session;
    int64_t status = session_mint(binding, &session);
    if (status == 0) {
        (void)qy_handle_close(session); /* it was only asked for */
    }
    return status != -EPEER_DIED;
}

/* --- who hears of it ----------------------------------------------------------------------- */

static void waiters_answer(struct qy_server *server, uint32_t index)
{
    struct directory_name *name = &names_state.directory->names[index];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < names_state.waiter_count; i++) {
        struct waiter waiter = names_state.waiters[i];
        handle_t session;
        if (!qy_streq(waiter.name, name->name) ||
            session_mint(&names_state.bindings[index], &session) < 0) {
            names_state.waiters[kept++] = waiter;
            continue;
        }
        /* It fails only if the caller has gone; the session goes with the message either way. */
        (void)qy_names_connect_answer(server, &waiter.call, session, name->generation);
    }
    names_state.waiter_count = kept;
}

static void entry_fill(uint32_t index, struct qy_names_entry *ret_entry)
{
    const struct directory_name *name = &names_state.directory->names[index];
    *ret_entry = (struct qy_names_entry){
        .generation = name->generation,
        .is_bound = names_state.bindings[index].port != HANDLE_INVALID,
    };
    (void)qy_strlcpy(ret_entry->name, name->name, sizeof ret_entry->name); /* as long */
}

static void bound_tell(struct qy_server *server, uint32_t index)
{
    struct qy_names_entry entry;
    entry_fill(index, &entry);
    for (uint32_t i = 0; i < WATCHED_VIEWS_MAX; i++) {
        struct watched_view *watched = &names_state.watched[i];
        if (may_see(watched->view, entry.name)) {
            subscribers_are(server, watched);
            (void)qy_names_bound_send(server, &entry); /* whoever does not read is told so */
        }
    }
}

/* --- the protocol -------------------------------------------------------------------------- */

static void binding_set(uint32_t index, uint32_t badge, handle_t port)
{
    struct binding *binding = &names_state.bindings[index];
    binding_end(binding);
    *binding =
        (struct binding){.port = port, .koid = (koid_t)qy_handle_info(port).third, .badge = badge};
}

void names_preset(const char *name, uint32_t badge, handle_t port)
{
    int index = directory_add(names_state.directory, name);
    if (index < 0) {
        qy_handle_discard(port);
        return;
    }
    binding_set((uint32_t)index, badge, port);
}

static int64_t names_bind(struct qy_request *request, const char *name, uint32_t badge,
                          handle_t *port, uint64_t *ret_generation)
{
    if (name[0] == 0) {
        return QY_NAMES_FAILURE_BAD_NAME;
    }
    if ((request->in.badge & QY_NAMES_ACCESS_BIND) == 0 ||
        !may_bind(view_of(request->in.badge), name)) {
        return QY_NAMES_FAILURE_NO_ACCESS;
    }
    int index = directory_add(names_state.directory, name);
    if (index < 0) {
        return QY_NAMES_FAILURE_FULL;
    }
    struct binding *binding = &names_state.bindings[index];
    if (binding->koid != (koid_t)qy_handle_info(*port).third && is_alive(binding)) {
        return QY_NAMES_FAILURE_TAKEN;
    }
    binding_set((uint32_t)index, badge, qy_take(port));
    *ret_generation = ++names_state.directory->names[index].generation;
    waiters_answer(request->server, (uint32_t)index);
    bound_tell(request->server, (uint32_t)index);
    return 0;
}

static int64_t names_connect(struct qy_request *request, const char *name, handle_t *ret_session,
                             uint64_t *ret_generation)
{
    if (name[0] == 0) {
        return QY_NAMES_FAILURE_BAD_NAME;
    }
    if ((request->in.badge & QY_NAMES_ACCESS_CONNECT) == 0 ||
        !may_connect(view_of(request->in.badge), name)) {
        return QY_NAMES_FAILURE_NO_ACCESS;
    }
    int index = directory_find(names_state.directory, name);
    int64_t status =
        index >= 0 ? session_mint(&names_state.bindings[index], ret_session) : -EPEER_DIED;
    if (status == 0) {
        *ret_generation = names_state.directory->names[index].generation;
        return 0;
    }
    if (status != -EPEER_DIED || names_state.waiter_count == WAITERS_MAX) {
        return QY_NAMES_FAILURE_FULL;
    }
    struct waiter *waiter = &names_state.waiters[names_state.waiter_count++];
    *waiter = (struct waiter){0};
    (void)qy_strlcpy(waiter->name, name, sizeof waiter->name); /* as long as names may be */
    return qy_defer(request, &waiter->call);
}

static int64_t names_get(struct qy_request *request, uint32_t index,
                         struct qy_names_entry *ret_entry)
{
    uint32_t view = view_of(request->in.badge);
    for (uint32_t i = 0; i < names_state.directory->count; i++) {
        if (may_see(view, names_state.directory->names[i].name) && index-- == 0) {
            entry_fill(i, ret_entry);
            return 0;
        }
    }
    return QY_NAMES_FAILURE_NO_SUCH_INDEX;
}

void names_cancelled(struct qy_server *server, uint64_t token)
{
    for (uint32_t i = 0; i < names_state.waiter_count; i++) {
        if (qy_pending_cancel(server, &names_state.waiters[i].call, token)) {
            names_state.waiters[i] = names_state.waiters[--names_state.waiter_count];
            return;
        }
    }
}

const struct qy_names_handlers names_handlers = {
    .bind = names_bind,
    .connect = names_connect,
    .get = names_get,
};
