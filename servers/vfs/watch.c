/* SPDX-License-Identifier: MIT */
#include "watch.h"
#include <quay/port.h>

#define WATCHES_MAX 64u
#define KEY_FIRST   0x1000ul /* and the mount's index */

struct watch {
    uint32_t number; /* 0: the place is free */
    uint32_t what;
    uint64_t badge;
    struct spot spot; /* held */
};

static struct {
    struct watch watches[WATCHES_MAX];
    uint32_t last_number;
    uint32_t count;                /* of those that are used */
    handle_t channels[MOUNTS_MAX]; /* HANDLE_INVALID: nothing was watched there yet */
} watch_state;

/* Has the file system's events come to us. */
static int64_t channel_open(struct qy_server *server, uint64_t index)
{
    handle_t channel;
    struct mount *mount = mount_get(index);
    if (watch_state.channels[index] != HANDLE_INVALID) {
        return 0;
    }
    if (mount == NULL || mount->source == NULL) {
        return ENOTSUP; /* /proc changes without telling */
    }
    if (qy_fs_subscribe(mount->connection.session, &channel, DEADLINE_NEVER) != 0 ||
        qy_port_bind(server->port, channel, SIGNAL_READABLE, KEY_FIRST + index) < 0) {
        return QY_FILE_FAILURE_NO_SPACE;
    }
    watch_state.channels[index] = channel;
    return 0;
}

static bool is_watched(struct spot spot)
{
    for (uint32_t i = 0; i < WATCHES_MAX; i++) {
        if (watch_state.watches[i].number != 0 && spot_is(watch_state.watches[i].spot, spot)) {
            return true;
        }
    }
    return false;
}

int64_t watch_add(struct qy_request *request, struct spot spot, uint32_t what, uint32_t *ret_watch)
{
    struct watch *free_place = NULL;
    for (uint32_t i = 0; i < WATCHES_MAX && free_place == NULL; i++) {
        free_place = watch_state.watches[i].number == 0 ? &watch_state.watches[i] : NULL;
    }
    if (free_place == NULL) {
        return QY_FILE_FAILURE_NO_SPACE;
    }
    int64_t status = channel_open(request->server, spot.mount);
    if (status == 0) {
        status = mount_hold(spot);
    }
    if (status != 0) {
        return status;
    }
    status = mount_watch(spot, true);
    if (status != 0) {
        mount_release(spot);
        return status;
    }
    watch_state.count++;
    *free_place = (struct watch){.number = ++watch_state.last_number,
                                 .what = what,
                                 .badge = request->in.badge,
                                 .spot = spot};
    *ret_watch = free_place->number;
    return 0;
}

static void watch_end(struct watch *watch)
{
    struct spot spot = watch->spot;
    watch->number = 0;
    watch_state.count--;
    if (!is_watched(spot)) {
        (void)mount_watch(spot, false); /* it may be gone */
    }
    mount_release(spot);
}

int64_t watch_remove(uint64_t badge, uint32_t number)
{
    for (uint32_t i = 0; i < WATCHES_MAX; i++) {
        struct watch *watch = &watch_state.watches[i];
        if (number != 0 && watch->number == number && watch->badge == badge) {
            watch_end(watch);
            return 0;
        }
    }
    return EINVAL;
}

void watch_drop(uint64_t badge)
{
    for (uint32_t i = 0; i < WATCHES_MAX && watch_state.count > 0; i++) {
        if (watch_state.watches[i].number != 0 && watch_state.watches[i].badge == badge) {
            watch_end(&watch_state.watches[i]);
        }
    }
}

struct source {
    struct qy_server *server;
    uint64_t mount;
};

static void happened(void *context, uint64_t node, qy_dir_event_what_t what, uint32_t cookie,
                     const uint8_t *name, uint32_t name_count)
{
    const struct source *source = context;
    struct spot spot = {source->mount, node};
    for (uint32_t i = 0; i < WATCHES_MAX; i++) {
        const struct watch *watch = &watch_state.watches[i];
        if (watch->number != 0 && spot_is(watch->spot, spot) && (watch->what & what) != 0) {
            qy_dir_happened_send(source->server, watch->number, what, cookie, name, name_count);
        }
    }
}

void watch_notice(struct qy_server *server, uint64_t key, uint64_t signals)
{
    static const struct qy_fs_events events = {.happened = happened};
    struct source source = {.server = server, .mount = key - KEY_FIRST};
    (void)signals;
    if (key < KEY_FIRST || source.mount >= MOUNTS_MAX) {
        return;
    }
    while (qy_fs_receive(watch_state.channels[source.mount], &events, &source, DEADLINE_POLL) ==
           0) {
    }
}
