/* SPDX-License-Identifier: MIT */
#include "procfs.h"
#include <idl/proc.h>
#include <quay/text.h>
#include <quay/wall.h>
#include "proc_text.h"
#include "text_file.h"

#define DEVICE     0xcul
#define PROC_MAGIC 0x9fa0ul

enum which {
    TOP = 1,
    SELF,
    PROCESS, /* /proc/PID */
    FIRST_FILE,
};

/* Files: of the system (pid 0), and of a process. */
struct file {
    const char *name;
    proc_text_fn *text;
    uint32_t mode;
};

static const struct file system_files[] = {
    {"cpuinfo", proc_text_cpuinfo, MODE_REGULAR | 0444},
    {"filesystems", proc_text_filesystems, MODE_REGULAR | 0444},
    {"loadavg", proc_text_loadavg, MODE_REGULAR | 0444},
    {"meminfo", proc_text_meminfo, MODE_REGULAR | 0444},
    {"mounts", proc_text_mounts, MODE_REGULAR | 0444},
    {"stat", proc_text_system_stat, MODE_REGULAR | 0444},
    {"uptime", proc_text_uptime, MODE_REGULAR | 0444},
    {"version", proc_text_version, MODE_REGULAR | 0444},
};

static const struct file process_files[] = {
    {"cmdline", proc_text_cmdline, MODE_REGULAR | 0444},
    {"comm", proc_text_comm, MODE_REGULAR | 0444},
    {"exe", NULL, MODE_LINK | 0777},
    {"fd", NULL, MODE_DIRECTORY | 0500},
    {"stat", proc_text_stat, MODE_REGULAR | 0444},
    {"statm", proc_text_statm, MODE_REGULAR | 0444},
    {"status", proc_text_status, MODE_REGULAR | 0444},
};

#define SYSTEM_FILES  (sizeof system_files / sizeof system_files[0])
#define PROCESS_FILES (sizeof process_files / sizeof process_files[0])

static uint64_t node_of(int32_t pid, uint32_t which)
{
    return (uint64_t)(uint32_t)pid << 8 | which;
}

static int32_t pid_of(uint64_t node)
{
    return (int32_t)(node >> 8);
}

static uint32_t which_of(uint64_t node)
{
    return node & 0xff;
}

static const struct file *file_of(uint64_t node)
{
    uint32_t index = which_of(node) - FIRST_FILE;
    const struct file *files = pid_of(node) != 0 ? process_files : system_files;
    uint32_t count = pid_of(node) != 0 ? PROCESS_FILES : SYSTEM_FILES;
    return which_of(node) >= FIRST_FILE && index < count ? &files[index] : NULL;
}

/* 0: there is no such node. */
static uint32_t mode_of(uint64_t node)
{
    const struct file *file = file_of(node);
    switch (which_of(node)) {
    case TOP:
    case PROCESS:
        return MODE_DIRECTORY | 0555;
    case SELF:
        return MODE_LINK | 0777;
    default:
        return file != NULL ? file->mode : 0;
    }
}

static bool is_directory(uint64_t node)
{
    return (mode_of(node) & MODE_TYPE) == MODE_DIRECTORY;
}

/* --- names --------------------------------------------------------------------------------- */

static bool is_name(const uint8_t *name, uint32_t length, const char *wanted)
{
    return strlen(wanted) == length && memcmp(name, wanted, length) == 0;
}

/* A decimal number as it is printed, or 0. */
static int32_t pid_parse(const uint8_t *name, uint32_t length)
{
    int32_t pid = 0;
    if (length == 0 || length > 9 || name[0] == '0') {
        return 0;
    }
    for (uint32_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9') {
            return 0;
        }
        pid = pid * 10 + (name[i] - '0');
    }
    return pid;
}

/* 0: there is no such name. */
static uint64_t child_find(uint64_t directory, const uint8_t *name, uint32_t length)
{
    struct qy_proc_record record;
    int32_t pid = pid_of(directory);
    if (which_of(directory) != TOP && which_of(directory) != PROCESS) {
        return 0;
    }
    const struct file *files = pid != 0 ? process_files : system_files;
    uint32_t count = pid != 0 ? PROCESS_FILES : SYSTEM_FILES;
    for (uint32_t i = 0; i < count; i++) {
        if (is_name(name, length, files[i].name)) {
            return node_of(pid, FIRST_FILE + i);
        }
    }
    if (pid == 0 && is_name(name, length, "self")) {
        return node_of(0, SELF);
    }
    int32_t found = pid == 0 ? pid_parse(name, length) : 0;
    return found != 0 && proc_record_find(found, &record) ? node_of(found, PROCESS) : 0;
}

static uint64_t parent_of(uint64_t node)
{
    return which_of(node) >= FIRST_FILE && pid_of(node) != 0 ? node_of(pid_of(node), PROCESS)
                                                             : node_of(0, TOP);
}

static int64_t place_set(struct qy_fs_place *place, uint64_t node, enum qy_fs_stop stop,
                         uint32_t consumed)
{
    place->node = node;
    place->stop = stop;
    place->consumed = consumed;
    return 0;
}

int64_t procfs_walk(struct qy_request *request, uint64_t node, uint64_t root, uint32_t flags,
                    const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place,
                    uint32_t *ret_mode)
{
    bool has_slash = false;
    (void)request;
    *ret_place = (struct qy_fs_place){.parent = node};
    for (uint32_t at = 0;;) {
        while (at < length && path[at] == '/') {
            at++;
        }
        *ret_mode = mode_of(node);
        if (at == length) {
            break;
        }
        uint32_t end = at, behind;
        while (end < length && path[end] != '/') {
            end++;
        }
        for (behind = end; behind < length && path[behind] == '/'; behind++) {
        }
        has_slash = behind > end;
        if (!is_directory(node)) {
            return QY_FILE_FAILURE_NOT_A_DIRECTORY;
        }
        if (behind == length && (flags & QY_FS_WALK_FLAGS_PARENT) != 0) {
            return place_set(ret_place, node, QY_FS_STOP_NONE, at);
        }
        if (is_name(path + at, end - at, "..")) {
            if (node == root || node == NODE_ROOT) {
                return place_set(ret_place, node, QY_FS_STOP_UP, end);
            }
            node = parent_of(node);
        } else if (!is_name(path + at, end - at, ".")) {
            ret_place->parent = node;
            node = child_find(node, path + at, end - at);
            if (node == 0) {
                return end - at > 255 ? QY_FILE_FAILURE_NAME_TOO_LONG : ENOENT;
            }
            bool is_followed =
                behind < length || has_slash || (flags & QY_FS_WALK_FLAGS_FOLLOW) != 0;
            if ((mode_of(node) & MODE_TYPE) == MODE_LINK && is_followed) {
                *ret_mode = mode_of(node);
                return place_set(ret_place, node, QY_FS_STOP_LINK, end);
            }
        }
        at = end;
    }
    if (mode_of(node) == 0) {
        return ENOENT;
    }
    if ((has_slash || (flags & QY_FS_WALK_FLAGS_DIRECTORY) != 0) && !is_directory(node)) {
        return QY_FILE_FAILURE_NOT_A_DIRECTORY;
    }
    return place_set(ret_place, node, QY_FS_STOP_NONE, length);
}

/* --- what it says -------------------------------------------------------------------------- */

static void stat_fill(uint64_t node, struct qy_file_stat *ret_stat)
{
    int64_t now = qy_wall_now();
    *ret_stat = (struct qy_file_stat){
        .device = DEVICE,
        .inode = node,
        .mode = mode_of(node),
        .links = is_directory(node) ? 2 : 1,
        .accessed = now,
        .modified = now,
        .changed = now,
        .born = now,
        .block_size = 1024,
    };
}

int64_t procfs_lookup(struct qy_request *request, uint64_t node, uint64_t root, bool is_followed,
                      const uint8_t *path, uint32_t length, struct qy_file_stat *ret_stat,
                      struct qy_fs_place *ret_place)
{
    uint32_t mode;
    int64_t status = procfs_walk(request, node, root, is_followed ? QY_FS_WALK_FLAGS_FOLLOW : 0,
                                 path, length, ret_place, &mode);
    if (status == 0) {
        stat_fill(ret_place->node, ret_stat);
    }
    return status;
}

static int64_t text_open(struct qy_request *request, uint64_t node, uint32_t flags,
                         handle_t *ret_description)
{
    struct session *session;
    struct text_file *text = text_file_new();
    if (text == NULL) {
        return ENOMEM;
    }
    int64_t status = file_of(node)->text(text, pid_of(node));
    if (status == 0 && text->is_short) {
        status = ENOMEM;
    }
    if (status == 0) {
        status = session_open(request->server, SESSION_TEXT, flags, &session, ret_description);
    }
    if (status != 0) {
        text_file_free(text);
        return status;
    }
    stat_fill(node, &text->stat);
    session->text = text;
    return 0;
}

int64_t procfs_open(struct qy_request *request, uint64_t node, uint64_t root, uint32_t flags,
                    const uint8_t *path, uint32_t length, handle_t *ret_description,
                    struct qy_fs_place *ret_place, uint32_t *ret_mode)
{
    bool is_exclusive =
        (flags & QY_DIR_OPEN_FLAGS_CREATE) != 0 && (flags & QY_DIR_OPEN_FLAGS_EXCLUSIVE) != 0;
    bool is_followed = (flags & QY_DIR_OPEN_FLAGS_NO_FOLLOW) == 0 && !is_exclusive;
    *ret_description = HANDLE_INVALID;
    int64_t status = procfs_walk(request, node, root, is_followed ? QY_FS_WALK_FLAGS_FOLLOW : 0,
                                 path, length, ret_place, ret_mode);
    if (status != 0 || ret_place->stop != QY_FS_STOP_NONE) {
        return status;
    }
    uint64_t found = ret_place->node;
    bool is_changed = (flags & (QY_DIR_OPEN_FLAGS_WRITE | QY_DIR_OPEN_FLAGS_TRUNCATE)) != 0;
    if (is_exclusive) {
        return EEXIST;
    }
    if (is_directory(found)) {
        return is_changed ? QY_FILE_FAILURE_IS_A_DIRECTORY : 0;
    }
    if ((flags & QY_DIR_OPEN_FLAGS_DIRECTORY) != 0) {
        return QY_FILE_FAILURE_NOT_A_DIRECTORY;
    }
    if (file_of(found) == NULL || file_of(found)->text == NULL) {
        return QY_FILE_FAILURE_LOOP; /* a link that is not to be followed */
    }
    return is_changed ? EACCES : text_open(request, found, flags, ret_description);
}

int64_t procfs_readlink(struct qy_request *request, uint64_t node, uint8_t *ret_text,
                        uint32_t *ret_length)
{
    char text[16];
    if ((mode_of(node) & MODE_TYPE) != MODE_LINK) {
        return EINVAL;
    }
    if (which_of(node) != SELF) {
        return proc_exe(pid_of(node), ret_text, ret_length);
    }
    int32_t pid = proc_pid_of_job(request->in.sender_job);
    *ret_length = (uint32_t)qy_snprintf(text, sizeof text, "%d", pid);
    memcpy(ret_text, text, *ret_length);
    return pid != 0 ? 0 : ENOENT;
}

/* --- directories --------------------------------------------------------------------------- */

#define RECORD_HEAD 19u

static bool record_put(uint8_t *to, uint32_t size, uint32_t *used, uint64_t node, uint64_t next,
                       const char *name)
{
    uint32_t length = (uint32_t)strlen(name), total = (RECORD_HEAD + length + 1 + 7) & ~7u;
    uint16_t short_total = (uint16_t)total;
    if (total > size - *used) {
        return false;
    }
    uint8_t *at = to + *used;
    memset(at, 0, total);
    memcpy(at, &node, 8);
    memcpy(at + 8, &next, 8);
    memcpy(at + 16, &short_total, 2);
    at[18] = (uint8_t)((mode_of(node) & MODE_TYPE) >> 12);
    memcpy(at + RECORD_HEAD, name, length);
    *used += total;
    return true;
}

/* What stands at this cursor: 0 ".", 1 "..", then files, then (in the top) self and processes by
 * their numbers. False: nothing does, from there on. */
static bool entry_at(uint64_t directory, uint64_t *cursor, uint64_t *ret_node, char *name,
                     uint32_t name_size)
{
    int32_t pid = pid_of(directory);
    uint32_t count = pid != 0 ? PROCESS_FILES : SYSTEM_FILES;
    if (*cursor < 2) {
        *ret_node = *cursor == 0 ? directory : parent_of(directory);
        (void)qy_strlcpy(name, *cursor == 0 ? "." : "..", name_size); /* room for both */
        return true;
    }
    if (which_of(directory) >= FIRST_FILE) {
        return false; /* fd: known to the process alone */
    }
    if (*cursor - 2 < count) {
        *ret_node = node_of(pid, FIRST_FILE + (uint32_t)(*cursor - 2));
        (void)qy_strlcpy(name, file_of(*ret_node)->name, name_size); /* short */
        return true;
    }
    if (pid != 0) {
        return false;
    }
    if (*cursor - 2 == count) {
        *ret_node = node_of(0, SELF);
        (void)qy_strlcpy(name, "self", name_size);
        return true;
    }
    int32_t next = proc_pid_from((int32_t)(*cursor - 2 - count));
    if (next == 0) {
        return false;
    }
    *cursor = (uint64_t)next + 2 + count;
    *ret_node = node_of(next, PROCESS);
    (void)qy_snprintf(name, name_size, "%d", next);
    return true;
}

int64_t procfs_entries(struct qy_request *request, uint64_t node, uint64_t cursor, uint32_t size,
                       uint8_t *ret_entries, uint32_t *ret_count, uint64_t *ret_next)
{
    char name[32];
    uint64_t found;
    uint32_t used = 0;
    bool fits = true;
    (void)request;
    if (!is_directory(node)) {
        return QY_FILE_FAILURE_NOT_A_DIRECTORY;
    }
    size = size < QY_DIR_ENTRIES_MAX ? size : QY_DIR_ENTRIES_MAX;
    while (fits && entry_at(node, &cursor, &found, name, sizeof name)) {
        fits = record_put(ret_entries, size, &used, found, cursor + 1, name);
        cursor += fits;
    }
    *ret_count = used;
    *ret_next = cursor;
    return !fits && used == 0 ? EINVAL : 0;
}

int64_t procfs_name(struct qy_request *request, uint64_t node, uint64_t *ret_parent,
                    uint8_t *ret_name, uint32_t *ret_length)
{
    char name[16] = "";
    (void)request;
    *ret_parent = parent_of(node);
    if (which_of(node) == PROCESS) {
        (void)qy_snprintf(name, sizeof name, "%d", pid_of(node));
    } else if (file_of(node) != NULL) {
        (void)qy_strlcpy(name, file_of(node)->name, sizeof name); /* short */
    }
    *ret_length = (uint32_t)strlen(name);
    memcpy(ret_name, name, *ret_length);
    return 0;
}

int64_t procfs_describe(struct qy_dir_space *ret_space, char *ret_type)
{
    *ret_space = (struct qy_dir_space){
        .magic = PROC_MAGIC, .block_size = PAGE_SIZE, .device = DEVICE, .name_max = 255};
    (void)qy_strlcpy(ret_type, "proc", 16);
    return 0;
}
