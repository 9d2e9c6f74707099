/* SPDX-License-Identifier: MIT */
/* Files in memory. Argument: quota=MEBIBYTES. */
#include <quay/names.h>
#include <quay/text.h>
#include <quay/wall.h>
#include "volume.h"

#define MIB          (1024 * 1024ul)
#define QUOTA_USUAL  16ul
#define BYTES_A_NODE 4096ul /* so many nodes for so many bytes */
#define TMPFS_MAGIC  0x01021994ul
#define DEVICE       0x11ul
#define SUBSCRIBERS  4

int main(int argument_count, char **arguments)
{
    static struct qy_subscriber subscribers[SUBSCRIBERS];
    uint64_t quota = QUOTA_USUAL;
    for (int i = 1; i < argument_count; i++) {
        if (memcmp(arguments[i], "quota=", 6) != 0 || qy_parse_u64(arguments[i] + 6, &quota) != 0 ||
            quota == 0 || quota > 1u << 20) {
            qy_log("%s: want quota=MEBIBYTES", arguments[i]);
            return 1;
        }
    }
    volume = (struct volume){.type = "tmpfs", .magic = TMPFS_MAGIC, .device = DEVICE};
    if (tree_init(&volume.tree, quota * MIB, (uint32_t)(quota * (MIB / BYTES_A_NODE)),
                  qy_wall_now) != 0) {
        qy_log("no memory");
        return 1;
    }
    struct qy_server server = {
        .dispatch = volume_dispatch,
        .session_closed = volume_session_closed,
        .cancelled = volume_cancelled,
        .cancel_requested = volume_cancel_requested,
        .subscribers = subscribers,
        .subscriber_max = SUBSCRIBERS,
    };
    return qy_server_main(&server, "fs.tmp");
}
