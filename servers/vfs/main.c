/* SPDX-License-Identifier: MIT */
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/text.h>
#include "session.h"
#include "setup.h"
#include "watch.h"

#define KEPT_BYTES   (64 * 1024ul)
#define UNKEPT_BYTES (256 * 1024ul)
#define SUBSCRIBERS  16

int main(int argument_count, char **arguments)
{
    (void)argument_count, (void)arguments;
    uint64_t bytes = KEPT_BYTES;
    void *table = qy_memory_kept(bytes);
    if (table == NULL) { /* then sessions do not survive us */
        bytes = UNKEPT_BYTES;
        table = qy_pages_map(bytes);
    }
    if (table == NULL) {
        qy_log("no memory");
        return 1;
    }
    sessions_init(table, bytes);
    if (!setup_tree()) {
        qy_log("there is no fs.tmp");
        return 1;
    }
    static struct qy_subscriber subscribers[SUBSCRIBERS];
    struct qy_server server = {
        .dispatch = vfs_dispatch,
        .session_closed = vfs_session_closed,
        .cancelled = vfs_cancelled,
        .cancel_requested = vfs_cancel_requested,
        .notice = watch_notice,
        .subscribers = subscribers,
        .subscriber_max = SUBSCRIBERS,
    };
    return qy_server_main(&server, "vfs");
}
