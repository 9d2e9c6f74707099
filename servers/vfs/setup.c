/* SPDX-License-Identifier: MIT */
#include "setup.h"
#include <quay/text.h>
#include "device.h"
#include "mount.h"

static const struct spot top = {0, NODE_ROOT};

static const struct {
    const char *path;
    uint32_t mode;
    uint64_t special;
} nodes[] = {
    {"boot", MODE_DIRECTORY | 0755, 0},
    {"dev", MODE_DIRECTORY | 0755, 0},
    {"dev/pts", MODE_DIRECTORY | 0755, 0},
    {"dev/shm", MODE_DIRECTORY | 01777, 0},
    {"etc", MODE_DIRECTORY | 0755, 0},
    {"home", MODE_DIRECTORY | 0755, 0},
    {"mnt", MODE_DIRECTORY | 0755, 0},
    {"proc", MODE_DIRECTORY | 0555, 0},
    {"root", MODE_DIRECTORY | 0700, 0},
    {"run", MODE_DIRECTORY | 0755, 0},
    {"tmp", MODE_DIRECTORY | 01777, 0},
    {"usr", MODE_DIRECTORY | 0755, 0},
    {"var", MODE_DIRECTORY | 0755, 0},
    {"dev/null", MODE_CHARACTER | 0666, MAKEDEV(MAJOR_MEMORY, DEVICE_NULL)},
    {"dev/zero", MODE_CHARACTER | 0666, MAKEDEV(MAJOR_MEMORY, DEVICE_ZERO)},
    {"dev/full", MODE_CHARACTER | 0666, MAKEDEV(MAJOR_MEMORY, DEVICE_FULL)},
    {"dev/random", MODE_CHARACTER | 0666, MAKEDEV(MAJOR_MEMORY, DEVICE_RANDOM)},
    {"dev/urandom", MODE_CHARACTER | 0666, MAKEDEV(MAJOR_MEMORY, DEVICE_URANDOM)},
    {"dev/tty", MODE_CHARACTER | 0666, MAKEDEV(MAJOR_TTY, 0)},
    {"dev/console", MODE_CHARACTER | 0600, MAKEDEV(MAJOR_TTY, 1)},
    {"dev/ptmx", MODE_CHARACTER | 0666, MAKEDEV(MAJOR_TTY, 2)},
};

/* name -> text, in `directory` of the top's file system ("": the top). */
static const struct {
    const char *directory, *name, *text;
} links[] = {
    {"", "bin", "boot/bin"},
    {"", "sbin", "boot/bin"},
    {"", "share", "boot/share"},
    {"usr", "bin", "../boot/bin"},
    {"usr", "sbin", "../boot/bin"},
    {"usr", "share", "../boot/share"},
    {"var", "tmp", "../tmp"},
    {"dev", "fd", "/proc/self/fd"},
    {"dev", "stdin", "/proc/self/fd/0"},
    {"dev", "stdout", "/proc/self/fd/1"},
    {"dev", "stderr", "/proc/self/fd/2"},
};

static bool spot_find(const char *path, struct spot *ret_spot)
{
    struct qy_fs_place place;
    uint32_t mode;
    *ret_spot = top;
    int64_t status =
        mount_walk(NULL, top, 0, 0, (const uint8_t *)path, (uint32_t)strlen(path), &place, &mode);
    ret_spot->node = place.node; /* a mount point is found even if it is covered already */
    return status == 0;
}

/* Whether this went well; what is there already is as it should be. */
static bool is_made(const char *path, int64_t status)
{
    if (status != 0 && status != EEXIST) {
        qy_log("cannot make /%s: error %ld", path, status);
        return false;
    }
    return true;
}

/* Files of the archive's etc/ can be replaced, because each is a link of its own. */
static void etc_link(void)
{
    struct spot etc, boot = {1, NODE_ROOT};
    struct qy_fs_place place;
    uint8_t entries[QY_DIR_ENTRIES_MAX];
    uint32_t mode, count;
    uint64_t cursor = 0;
    if (!spot_find("etc", &etc) ||
        mount_walk(NULL, boot, 0, 0, (const uint8_t *)"etc", 3, &place, &mode) != 0) {
        return; /* the archive has none */
    }
    boot.node = place.node;
    while (mount_entries(NULL, boot, cursor, sizeof entries, entries, &count, &cursor) == 0 &&
           count > 0) {
        for (uint32_t at = 0; at < count;) {
            const char *name = (const char *)entries + at + 19;
            uint16_t length;
            char text[300];
            memcpy(&length, entries + at + 16, 2);
            if (name[0] != '.') {
                uint32_t size = (uint32_t)qy_snprintf(text, sizeof text, "/boot/etc/%s", name);
                (void)is_made(text + 6,
                              mount_symlink(etc, (const uint8_t *)name, (uint32_t)strlen(name),
                                            (uint8_t *)text, size));
            }
            at += length;
        }
    }
}

static void mount_at(const char *source, const char *name, const char *path)
{
    struct spot spot;
    int64_t status = spot_find(name, &spot) ? mount_add(source, spot, path) : ENOENT;
    if (status != 0) {
        qy_log("cannot mount %s: error %ld", path, status);
    }
}

bool setup_tree(void)
{
    struct spot spot;
    if (mount_get(0) == NULL && mount_add("fs.tmp", top, "/") != 0) {
        return false;
    }
    for (uint32_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        struct qy_fs_place place;
        const char *path = nodes[i].path;
        (void)is_made(path, mount_make(top, 0, nodes[i].special, nodes[i].mode,
                                       (const uint8_t *)path, (uint32_t)strlen(path), &place));
    }
    for (uint32_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        const char *name = links[i].name, *text = links[i].text;
        if (spot_find(links[i].directory, &spot)) {
            (void)is_made(name, mount_symlink(spot, (const uint8_t *)name, (uint32_t)strlen(name),
                                              (const uint8_t *)text, (uint32_t)strlen(text)));
        }
    }
    mount_at("fs.boot", "boot", "/boot");
    mount_at(NULL, "proc", "/proc");
    etc_link();
    return true;
}
