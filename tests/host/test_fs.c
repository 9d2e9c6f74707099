/* SPDX-License-Identifier: MIT */
/* The handlers of file systems in memory, called as vfs and as those who opened files call them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <quay/handle.h>
#include <quay/host.h>
#include "../../servers/fs/volume.h"

#define R      QY_DIR_OPEN_FLAGS_READ
#define W      QY_DIR_OPEN_FLAGS_WRITE
#define CREATE QY_DIR_OPEN_FLAGS_CREATE
#define EXCL   QY_DIR_OPEN_FLAGS_EXCLUSIVE
#define TRUNC  QY_DIR_OPEN_FLAGS_TRUNCATE
#define APPEND QY_DIR_OPEN_FLAGS_APPEND
#define NEVER  DEADLINE_NEVER
#define QUOTA  (256 * 1024ul)

#define ENOTDIR      20
#define EISDIR       21
#define ENAMETOOLONG 36
#define ENOTEMPTY    39
#define ELOOP        40
#define ESTALE       116

static struct qy_fs_place place;
static uint32_t found_mode;
static struct qy_server server;
static struct qy_subscriber subscribers[2];
static handle_t fs;
static int64_t clock_now;

static int64_t test_now(void)
{
    return ++clock_now;
}

static int setup(void **state)
{
    (void)state;
    qy_host_reset();
    server = (struct qy_server){.dispatch = volume_dispatch,
                                .session_closed = volume_session_closed,
                                .cancelled = volume_cancelled,
                                .cancel_requested = volume_cancel_requested,
                                .subscribers = subscribers,
                                .subscriber_max = 2};
    server.port = qy_host_port(&server);
    fs = qy_host_session(&server, 1);
    volume = (struct volume){.type = "tmpfs", .device = 7};
    assert_int_equal(tree_init(&volume.tree, QUOTA, 100, test_now), 0);
    struct qy_dir_space space;
    char type[16];
    assert_int_equal(qy_fs_walk(fs, NODE_ROOT, 0, 0, NULL, 0, &place, &found_mode, NEVER),
                     -ESESSION_STALE);
    assert_int_equal(qy_fs_describe(fs, &space, type, NEVER), 0);
    assert_string_equal(type, "tmpfs");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tree_fini(&volume.tree);
    volume_client_gone(1);
    return 0;
}

/* Lets the server see what was closed. */
static void notices_run(void)
{
    (void)qy_server_run(&server); /* ends when there is none left */
}

static int64_t open_at(uint64_t node, const char *path, uint32_t flags, handle_t *ret_file)
{
    uint64_t special;
    return qy_fs_open(fs, node, 0, flags, 0644, (const uint8_t *)path, (uint32_t)strlen(path),
                      ret_file, &place, &special, &found_mode, NEVER);
}

static handle_t file_open(const char *path, uint32_t flags)
{
    handle_t file = HANDLE_INVALID;
    assert_int_equal(open_at(NODE_ROOT, path, flags, &file), 0);
    assert_int_not_equal(file, HANDLE_INVALID);
    return file;
}

static void file_close(handle_t file)
{
    (void)qy_handle_close(file);
    notices_run();
}

static int64_t make_directory(const char *path)
{
    return qy_fs_make(fs, NODE_ROOT, 0, 0, MODE_DIRECTORY | 0755, (const uint8_t *)path,
                      (uint32_t)strlen(path), &place, NEVER);
}

static int64_t remove_path(const char *path, bool is_directory)
{
    return qy_fs_remove(fs, NODE_ROOT, 0, is_directory, (const uint8_t *)path,
                        (uint32_t)strlen(path), &place, NEVER);
}

static uint64_t number_of(const char *path)
{
    uint32_t mode;
    if (qy_fs_walk(fs, NODE_ROOT, 0, 0, (const uint8_t *)path, (uint32_t)strlen(path), &place,
                   &mode, NEVER) != 0) {
        return 0;
    }
    return place.node;
}

static int64_t file_put(handle_t file, uint64_t offset, const char *text)
{
    uint32_t count;
    return qy_file_write(file, offset, (const uint8_t *)text, (uint32_t)strlen(text), &count,
                         NEVER);
}

static const char *file_get(handle_t file, uint64_t offset)
{
    static char text[QY_FILE_INLINE_MAX + 1];
    uint32_t count;
    assert_int_equal(qy_file_read(file, offset, 4000, (uint8_t *)text, &count, NEVER), 0);
    text[count] = 0;
    return text;
}

/* --- files --------------------------------------------------------------------------------- */

static void test_offset_is_shared_by_duplicates_and_not_moved_by_pread(void **state)
{
    (void)state;
    handle_t file = file_open("a", R | W | CREATE);
    handle_t other = (handle_t)qy_handle_dup(file, RIGHTS_SAME);
    assert_int_equal(file_put(file, QY_FILE_HERE, "hello "), 0);
    assert_int_equal(file_put(other, QY_FILE_HERE, "world"), 0);
    assert_string_equal(file_get(file, 0), "hello world");
    assert_string_equal(file_get(file, QY_FILE_HERE), "");
    uint64_t position;
    assert_int_equal(qy_file_seek(other, -5, QY_FILE_WHENCE_END, &position, NEVER), 0);
    assert_int_equal(position, 6);
    assert_string_equal(file_get(file, QY_FILE_HERE), "world");
    assert_int_equal(qy_file_seek(file, -1, QY_FILE_WHENCE_START, &position, NEVER), EINVAL);
    file_close(file);
    assert_string_equal(file_get(other, 0), "hello world");
    file_close(other);
}

static void test_open_flags(void **state)
{
    (void)state;
    handle_t file;
    assert_int_equal(open_at(NODE_ROOT, "a", R, &file), ENOENT);
    file = file_open("a", W | CREATE | EXCL);
    assert_int_equal(file_put(file, 0, "12345"), 0);
    uint32_t count;
    uint8_t data[8];
    assert_int_equal(qy_file_read(file, 0, 8, data, &count, NEVER), EBADF);
    file_close(file);
    assert_int_equal(open_at(NODE_ROOT, "a", W | CREATE | EXCL, &file), EEXIST);
    file = file_open("a", R | W | APPEND);
    assert_int_equal(file_put(file, 0, "67"), 0);
    assert_string_equal(file_get(file, 0), "1234567");
    file_close(file);
    file = file_open("a", R | CREATE);
    assert_int_equal(file_put(file, 0, "x"), EBADF);
    file_close(file);
    file = file_open("a", R | W | TRUNC);
    assert_string_equal(file_get(file, 0), "");
    file_close(file);
    assert_int_equal(open_at(NODE_ROOT, "a", R | QY_DIR_OPEN_FLAGS_DIRECTORY, &file), ENOTDIR);
    assert_int_equal(open_at(NODE_ROOT, "a/", R, &file), ENOTDIR);
    assert_int_equal(open_at(NODE_ROOT, "b/", W | CREATE, &file), EISDIR);
    assert_int_equal(open_at(NODE_ROOT, "a/b", R, &file), ENOTDIR);
    assert_int_equal(open_at(NODE_ROOT, "no/b", W | CREATE, &file), ENOENT);
    assert_int_equal(open_at(NODE_ROOT, ".", W, &file), EISDIR);
}

static void test_file_lives_while_it_is_open(void **state)
{
    (void)state;
    handle_t file = file_open("a", R | W | CREATE);
    assert_int_equal(file_put(file, 0, "still"), 0);
    assert_int_equal(remove_path("a", false), 0);
    assert_int_equal(remove_path("a", false), ENOENT);
    struct qy_file_stat stat;
    assert_int_equal(qy_file_stat(file, &stat, NEVER), 0);
    assert_int_equal(stat.links, 0);
    assert_int_equal(stat.device, 7);
    assert_string_equal(file_get(file, 0), "still");
    assert_int_equal(volume.tree.node_count, 2);
    file_close(file);
    assert_int_equal(volume.tree.node_count, 1);
    assert_int_equal(qy_file_stat(file, &stat, NEVER), -EBADF);
}

static void test_large_file_keeps_its_bytes_and_reads_zero_in_holes(void **state)
{
    (void)state;
    static uint8_t block[10000], back[10000];
    uint64_t count;
    memset(block, 0xa5, sizeof block);
    handle_t file = file_open("a", R | W | CREATE);
    assert_int_equal(file_put(file, 0, "begin"), 0);
    assert_int_equal(qy_file_write_lent(file, 20000, block, sizeof block, &count, NEVER), 0);
    assert_int_equal(count, sizeof block);
    assert_int_equal(qy_file_read_lent(file, 15000, back, sizeof back, &count, NEVER), 0);
    assert_int_equal(count, sizeof back);
    for (uint32_t i = 0; i < sizeof back; i++) {
        assert_int_equal(back[i], i < 5000 ? 0 : 0xa5);
    }
    struct qy_file_change change = {.what = QY_FILE_CHANGE_WHAT_SIZE, .size = 20001};
    assert_int_equal(qy_file_change(file, &change, NEVER), 0);
    change.size = 25000;
    assert_int_equal(qy_file_change(file, &change, NEVER), 0);
    assert_int_equal(qy_file_read_lent(file, 20000, back, sizeof back, &count, NEVER), 0);
    assert_int_equal(count, 5000);
    assert_int_equal(back[0], 0xa5);
    assert_int_equal(back[1], 0);
    assert_int_equal(back[4999], 0);
    assert_string_equal(file_get(file, 0), "begin");
    change.size = 0;
    assert_int_equal(qy_file_change(file, &change, NEVER), 0);
    assert_int_equal(qy_file_read_lent(file, 0, back, sizeof back, &count, NEVER), 0);
    assert_int_equal(count, 0);
    file_close(file);
}

static void test_quota_refuses_and_is_given_back(void **state)
{
    (void)state;
    static uint8_t block[QUOTA];
    uint64_t count, before = volume.tree.quota.bytes_used;
    handle_t file = file_open("a", R | W | CREATE);
    assert_int_equal(qy_file_write_lent(file, 0, block, sizeof block, &count, NEVER), ENOSPC);
    struct qy_file_change change = {.what = QY_FILE_CHANGE_WHAT_SIZE, .size = 1ul << 50};
    assert_int_equal(qy_file_change(file, &change, NEVER), QY_FILE_FAILURE_TOO_BIG);
    assert_int_equal(qy_file_write_lent(file, 0, block, QUOTA / 2, &count, NEVER), 0);
    assert_true(volume.tree.quota.bytes_used >= before + QUOTA / 2);
    assert_int_equal(remove_path("a", false), 0);
    file_close(file);
    assert_int_equal(volume.tree.quota.bytes_used, before);
    char name[8];
    for (int i = 0; i < 99; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        assert_int_equal(make_directory(name), 0);
    }
    assert_int_equal(make_directory("more"), ENOSPC);
}

/* --- names --------------------------------------------------------------------------------- */

static void test_walk_stops_at_links_mounts_and_the_top(void **state)
{
    (void)state;
    uint32_t mode;
    assert_int_equal(make_directory("d"), 0);
    assert_int_equal(make_directory("d/e"), 0);
    uint64_t d = number_of("d"), e = number_of("d/e");
    assert_int_equal(
        qy_fs_symlink(fs, d, (const uint8_t *)"l", 1, (const uint8_t *)"../x", 4, NEVER), 0);
    assert_int_equal(
        qy_fs_walk(fs, NODE_ROOT, 0, 0, (const uint8_t *)"d//l/more", 9, &place, &mode, NEVER), 0);
    assert_int_equal(place.stop, QY_FS_STOP_LINK);
    assert_int_equal(place.consumed, 4);
    assert_int_equal(place.parent, d);
    uint8_t text[QY_DIR_PATH_MAX + 200];
    uint32_t length;
    assert_int_equal(qy_fs_readlink(fs, place.node, text, &length, NEVER), 0);
    assert_int_equal(length, 4);
    assert_memory_equal(text, "../x", 4);
    assert_int_equal(
        qy_fs_walk(fs, NODE_ROOT, 0, 0, (const uint8_t *)"d/l", 3, &place, &mode, NEVER), 0);
    assert_int_equal(place.stop, QY_FS_STOP_NONE);
    assert_int_equal(mode & MODE_TYPE, MODE_LINK);
    assert_int_equal(qy_fs_walk(fs, e, d, 0, (const uint8_t *)"../../x", 7, &place, &mode, NEVER),
                     0);
    assert_int_equal(place.stop, QY_FS_STOP_UP);
    assert_int_equal(place.node, d);
    assert_int_equal(place.consumed, 5);
    assert_int_equal(qy_fs_cover(fs, e, true, NEVER), 0);
    assert_int_equal(qy_fs_walk(fs, d, 0, 0, (const uint8_t *)"e/x", 3, &place, &mode, NEVER), 0);
    assert_int_equal(place.stop, QY_FS_STOP_MOUNT);
    assert_int_equal(place.node, e);
    assert_int_equal(remove_path("d/e", true), EBUSY);
    char name[300];
    memset(name, 'n', sizeof name);
    assert_int_equal(
        qy_fs_walk(fs, NODE_ROOT, 0, 0, (const uint8_t *)name, 256, &place, &mode, NEVER),
        ENAMETOOLONG);
    assert_int_equal(
        qy_fs_walk(fs, NODE_ROOT, 0, 0, (const uint8_t *)name, 255, &place, &mode, NEVER), ENOENT);
    assert_int_equal(qy_fs_walk(fs, 12345, 0, 0, (const uint8_t *)"x", 1, &place, &mode, NEVER),
                     ESTALE);
}

static void test_remove_tells_what_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(make_directory("d"), 0);
    assert_int_equal(make_directory("d/e/"), 0);
    file_close(file_open("f", W | CREATE));
    assert_int_equal(make_directory("d"), EEXIST);
    assert_int_equal(make_directory("f"), EEXIST);
    assert_int_equal(make_directory("."), EEXIST);
    assert_int_equal(make_directory("f/x"), ENOTDIR);
    assert_int_equal(remove_path("d", true), ENOTEMPTY);
    assert_int_equal(remove_path("d", false), EISDIR);
    assert_int_equal(remove_path("f", true), ENOTDIR);
    assert_int_equal(remove_path("f/", false), ENOTDIR);
    assert_int_equal(remove_path("d/.", true), EINVAL);
    assert_int_equal(remove_path("d/e/..", true), ENOTEMPTY);
    assert_int_equal(remove_path("", true), EBUSY);
    assert_int_equal(remove_path("d/e", true), 0);
    assert_int_equal(remove_path("d/", true), 0);
}

static void test_removed_directory_stays_while_it_is_held_and_is_empty(void **state)
{
    (void)state;
    handle_t file;
    assert_int_equal(make_directory("d"), 0);
    assert_int_equal(open_at(NODE_ROOT, "d", R, &file), 0);
    assert_int_equal(file, HANDLE_INVALID);
    uint64_t d = place.node, next;
    uint32_t count;
    uint8_t entries[100];
    assert_int_equal(remove_path("d", true), 0);
    assert_int_equal(open_at(d, "x", W | CREATE, &file), ENOENT);
    assert_int_equal(open_at(d, "..", R, &file), ENOENT);
    assert_int_equal(qy_fs_entries(fs, d, 0, sizeof entries, entries, &count, &next, NEVER), 0);
    assert_int_equal(count, 0);
    assert_int_equal(qy_fs_release(fs, d, NEVER), 0);
    assert_int_equal(open_at(d, "x", W | CREATE, &file), ESTALE);
}

static int64_t rename_names(const char *from, const char *to, uint32_t flags)
{
    return qy_fs_rename(fs, NODE_ROOT, NODE_ROOT, flags, (const uint8_t *)from,
                        (uint32_t)strlen(from), (const uint8_t *)to, (uint32_t)strlen(to), NEVER);
}

static void test_rename(void **state)
{
    (void)state;
    assert_int_equal(make_directory("d"), 0);
    assert_int_equal(make_directory("d/e"), 0);
    file_close(file_open("f", W | CREATE));
    file_close(file_open("g", W | CREATE));
    uint64_t f = number_of("f"), g = number_of("g"), d = number_of("d"), e = number_of("d/e");
    assert_int_equal(rename_names("f", "d", 0), EISDIR);
    assert_int_equal(rename_names("d", "f", 0), ENOTDIR);
    assert_int_equal(rename_names("no", "f", 0), ENOENT);
    assert_int_equal(rename_names("f", "g", QY_DIR_RENAME_FLAGS_NO_REPLACE), EEXIST);
    assert_int_equal(rename_names("f", "g", QY_DIR_RENAME_FLAGS_EXCHANGE), 0);
    assert_int_equal(number_of("f"), g);
    assert_int_equal(number_of("g"), f);
    assert_int_equal(rename_names("f", "g", 0), 0);
    assert_int_equal(number_of("g"), g);
    assert_int_equal(number_of("f"), 0);
    assert_int_equal(
        qy_fs_rename(fs, NODE_ROOT, e, 0, (const uint8_t *)"d", 1, (const uint8_t *)"x", 1, NEVER),
        EINVAL);
    assert_int_equal(
        qy_fs_rename(fs, d, NODE_ROOT, 0, (const uint8_t *)"e", 1, (const uint8_t *)"d", 1, NEVER),
        ENOTEMPTY);
    assert_int_equal(qy_fs_link(fs, g, NODE_ROOT, (const uint8_t *)"h", 1, NEVER), 0);
    assert_int_equal(rename_names("g", "h", 0), 0);
    assert_int_equal(number_of("g"), g);
    assert_int_equal(qy_fs_link(fs, d, NODE_ROOT, (const uint8_t *)"i", 1, NEVER), EPERM);
    struct qy_file_stat stat;
    assert_int_equal(
        qy_fs_lookup(fs, NODE_ROOT, 0, false, (const uint8_t *)"h", 1, &stat, &place, NEVER), 0);
    assert_int_equal(stat.links, 2);
    assert_int_equal(
        qy_fs_lookup(fs, NODE_ROOT, 0, false, (const uint8_t *)"d", 1, &stat, &place, NEVER), 0);
    assert_int_equal(stat.links, 3);
}

static void test_entries_survive_changes(void **state)
{
    (void)state;
    char name[8];
    uint8_t seen[60] = {0}, entries[200];
    uint64_t cursor = 0;
    uint32_t count;
    for (int i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        file_close(file_open(name, W | CREATE));
    }
    int rounds = 0;
    for (;;) {
        assert_int_equal(
            qy_fs_entries(fs, NODE_ROOT, cursor, sizeof entries, entries, &count, &cursor, NEVER),
            0);
        if (count == 0) {
            break;
        }
        for (uint32_t at = 0; at < count;) {
            uint16_t length;
            memcpy(&length, entries + at + 16, 2);
            if (entries[at + 19] != '.') {
                seen[atoi((const char *)entries + at + 19)]++;
            }
            at += length;
        }
        /* Meanwhile some go, from both sides, and others come. */
        (void)snprintf(name, sizeof name, "%d", rounds);
        (void)remove_path(name, false);
        (void)snprintf(name, sizeof name, "%d", 40 + rounds);
        if (rounds < 20) {
            file_close(file_open(name, W | CREATE));
        }
        rounds++;
    }
    for (int i = 0; i < 40; i++) {
        assert_true(i < rounds ? seen[i] <= 1 : seen[i] == 1);
    }
    for (int i = 40; i < 60; i++) {
        assert_true(seen[i] <= 1);
    }
    assert_int_equal(qy_fs_entries(fs, NODE_ROOT, 0, 10, entries, &count, &cursor, NEVER), EINVAL);
}

static void test_names_of_directories(void **state)
{
    (void)state;
    uint8_t name[256];
    uint32_t length;
    uint64_t parent;
    assert_int_equal(make_directory("d"), 0);
    assert_int_equal(make_directory("d/long name"), 0);
    uint64_t node = number_of("d/long name");
    assert_int_equal(qy_fs_name(fs, node, &parent, name, &length, NEVER), 0);
    assert_int_equal(parent, number_of("d"));
    assert_int_equal(length, 9);
    assert_memory_equal(name, "long name", 9);
    assert_int_equal(qy_fs_name(fs, NODE_ROOT, &parent, name, &length, NEVER), 0);
    assert_int_equal(length, 0);
}

static int changes;

static void changed(void *context, uint64_t node, qy_dir_event_what_t what, uint32_t cookie,
                    const uint8_t *name, uint32_t name_count)
{
    (void)context, (void)cookie;
    assert_int_equal(node, NODE_ROOT);
    assert_int_equal(what, changes == 0 ? QY_DIR_EVENT_WHAT_CREATED : QY_DIR_EVENT_WHAT_DELETED);
    assert_int_equal(name_count, 1);
    assert_int_equal(name[0], 'a');
    changes++;
}

static void test_watched_directory_tells(void **state)
{
    static const struct qy_fs_events events = {.happened = changed};
    handle_t channel;
    (void)state;
    changes = 0;
    assert_int_equal(qy_fs_subscribe(fs, &channel, NEVER), 0);
    assert_int_equal(make_directory("unseen"), 0);
    assert_int_equal(qy_fs_watch(fs, NODE_ROOT, true, NEVER), 0);
    assert_int_equal(make_directory("a"), 0);
    assert_int_equal(remove_path("a", true), 0);
    assert_int_equal(qy_fs_receive(channel, &events, NULL, 0), 0);
    assert_int_equal(qy_fs_receive(channel, &events, NULL, 0), 0);
    assert_int_equal(changes, 2);
}

/* --- locks --------------------------------------------------------------------------------- */

static handle_t unlocking;

static void unlock_meanwhile(void)
{
    struct qy_file_lock none = {.kind = QY_FILE_LOCK_KIND_NONE};
    qy_host_idle = NULL;
    assert_int_equal(qy_file_lock(unlocking, &none, false, NEVER), 0);
}

static void test_locks_of_descriptions(void **state)
{
    (void)state;
    struct qy_file_lock exclusive = {.kind = QY_FILE_LOCK_KIND_EXCLUSIVE};
    struct qy_file_lock shared = {.kind = QY_FILE_LOCK_KIND_SHARED}, found;
    uint64_t job;
    handle_t one = file_open("a", R | W | CREATE), other = file_open("a", R);
    assert_int_equal(qy_file_lock(one, &shared, false, NEVER), 0);
    assert_int_equal(qy_file_lock(other, &shared, false, NEVER), 0);
    assert_int_equal(qy_file_lock(one, &exclusive, false, NEVER), EAGAIN);
    assert_int_equal(qy_file_lock_test(one, &exclusive, &found, &job, NEVER), 0);
    assert_int_equal(found.kind, QY_FILE_LOCK_KIND_SHARED);
    unlocking = other;
    qy_host_idle = unlock_meanwhile;
    assert_int_equal(qy_file_lock(one, &exclusive, true, NEVER), 0);
    assert_int_equal(qy_file_lock(other, &shared, false, NEVER), EAGAIN);
    assert_int_equal(qy_file_lock(other, &shared, true, NEVER), -ETIMEDOUT);
    file_close(one);
    assert_int_equal(qy_file_lock(other, &shared, false, NEVER), 0);
    file_close(other);
    assert_int_equal(volume.tree.node_count, 2);
}

static void test_failed_write_leaves_nothing_behind_the_end(void **state)
{
    static uint8_t data[20000], back[20000];
    struct qy_file_change change = {.what = QY_FILE_CHANGE_WHAT_SIZE, .size = sizeof data};
    uint64_t count;
    (void)state;
    memset(data, 7, sizeof data);
    handle_t file = file_open("f", R | W | CREATE);
    qy_host_lease_fault = 2; /* of two pieces */
    assert_int_equal(qy_file_write_lent(file, 0, data, sizeof data, &count, NEVER), EFAULT);
    assert_int_equal(qy_file_change(file, &change, NEVER), 0);
    assert_int_equal(qy_file_read_lent(file, 0, back, sizeof back, &count, NEVER), 0);
    assert_int_equal(count, sizeof back);
    for (uint32_t i = 0; i < sizeof back; i++) {
        assert_int_equal(back[i], 0);
    }
    file_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_offset_is_shared_by_duplicates_and_not_moved_by_pread),
        TEST(test_open_flags),
        TEST(test_file_lives_while_it_is_open),
        TEST(test_large_file_keeps_its_bytes_and_reads_zero_in_holes),
        TEST(test_failed_write_leaves_nothing_behind_the_end),
        TEST(test_quota_refuses_and_is_given_back),
        TEST(test_walk_stops_at_links_mounts_and_the_top),
        TEST(test_remove_tells_what_is_wrong),
        TEST(test_removed_directory_stays_while_it_is_held_and_is_empty),
        TEST(test_rename),
        TEST(test_entries_survive_changes),
        TEST(test_names_of_directories),
        TEST(test_watched_directory_tells),
        TEST(test_locks_of_descriptions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
