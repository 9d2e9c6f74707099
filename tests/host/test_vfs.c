/* SPDX-License-Identifier: MIT */
/* vfs over two file systems in memory that are one server here: handlers called as clients do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <idl/names.h>
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/host.h>
#include "../../servers/fs/volume.h"
#include "../../servers/vfs/session.h"
#include "../../servers/vfs/setup.h"
#include "../../servers/vfs/watch.h"

int64_t qy_wall_now(void);

#define R     QY_DIR_OPEN_FLAGS_READ
#define W     QY_DIR_OPEN_FLAGS_WRITE
#define NEVER DEADLINE_NEVER

#define ENOTDIR      20
#define EISDIR       21
#define ESPIPE       29
#define EPIPE        32
#define ENAMETOOLONG 36
#define ENOTEMPTY    39
#define ELOOP        40
#define EXDEV        18

static struct qy_server names, fs, vfs;
static handle_t root;
static uint64_t table[4096];

int64_t qy_wall_now(void)
{
    return 1000;
}

uint64_t qy_tsc_hz(void)
{
    return 1000000000;
}

/* Every name is the one file system's, but those that nobody has. */
static int64_t connect(struct qy_request *request, const char *name, handle_t *ret_connection,
                       uint64_t *ret_generation)
{
    static uint64_t badge = 1;
    (void)request;
    if (strncmp(name, "fs.", 3) != 0) {
        return QY_NAMES_FAILURE_FULL;
    }
    badge += 2; /* another connection */
    *ret_connection = qy_host_session(&fs, badge);
    *ret_generation = 1;
    return 0;
}

static const struct qy_names_handlers names_handlers = {.connect = connect};

static int setup(void **state)
{
    (void)state;
    qy_host_reset();
    memset(table, 0, sizeof table);
    names = (struct qy_server){.dispatch = qy_names_dispatch, .handlers = &names_handlers};
    qy_host_give(BOOTSTRAP_SESSION, "names", qy_host_session(&names, 1));
    fs = (struct qy_server){.dispatch = volume_dispatch, .session_closed = volume_session_closed};
    fs.port = qy_host_port(&fs);
    vfs = (struct qy_server){.dispatch = vfs_dispatch,
                             .session_closed = vfs_session_closed,
                             .cancelled = vfs_cancelled,
                             .cancel_requested = vfs_cancel_requested};
    vfs.port = qy_host_port(&vfs);
    volume = (struct volume){.type = "tmpfs", .device = 7};
    assert_int_equal(tree_init(&volume.tree, 1 << 20, 1000, qy_wall_now), 0);
    sessions_init(table, sizeof table);
    mount_forget();
    assert_true(setup_tree());
    root = qy_host_session(&vfs, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tree_fini(&volume.tree);
    for (uint64_t badge = 1; badge < 1000; badge++) {
        volume_client_gone(badge);
    }
    return 0;
}

static void notices_run(void)
{
    (void)qy_server_run(&vfs); /* both servers' notices, told apart by their badges */
}

#define PATH(text) (const uint8_t *)(text), (uint32_t)strlen(text)

static qy_dir_kind_t kind;

static int64_t open_from(handle_t directory, const char *path, uint32_t flags, handle_t *ret_file)
{
    return qy_dir_open(directory, flags, 0644, PATH(path), ret_file, &kind, NEVER);
}

static handle_t opened(handle_t directory, const char *path, uint32_t flags)
{
    handle_t file = HANDLE_INVALID;
    assert_int_equal(open_from(directory, path, flags, &file), 0);
    return file;
}

static int64_t status_of(const char *path)
{
    struct qy_file_stat stat;
    return qy_dir_lookup(root, true, PATH(path), &stat, NEVER);
}

static void link_make(const char *text, const char *path)
{
    char both[300];
    (void)snprintf(both, sizeof both, "%s%s", text, path);
    assert_int_equal(qy_dir_symlink(root, (uint32_t)strlen(text), PATH(both), NEVER), 0);
}

static void directory_make(const char *path)
{
    assert_int_equal(qy_dir_make_directory(root, 0755, PATH(path), NEVER), 0);
}

static const char *where(handle_t directory)
{
    static char path[4097];
    uint32_t length;
    assert_int_equal(qy_dir_where(directory, (uint8_t *)path, &length, NEVER), 0);
    path[length] = 0;
    return path;
}

static int64_t rename_to(const char *from, const char *to, handle_t target)
{
    char both[300];
    (void)snprintf(both, sizeof both, "%s%s", from, to);
    return qy_dir_rename(root, 0, (uint32_t)strlen(from), target, PATH(both), NEVER);
}

/* --- paths ------------------------------------------------------------------------------------ */

static void test_links_are_followed_and_circles_are_not(void **state)
{
    (void)state;
    directory_make("d");
    directory_make("d/e");
    link_make("e", "d/relative");
    link_make("/d/e", "absolute");
    link_make("absolute/..", "up");
    link_make("two", "one");
    link_make("one", "two");
    link_make("nowhere", "dangling");
    assert_int_equal(status_of("d/relative"), 0);
    assert_int_equal(status_of("absolute/../e/./../relative/"), 0);
    assert_string_equal(where(opened(root, "up", R)), "/d");
    assert_int_equal(status_of("one"), ELOOP);
    assert_int_equal(status_of("dangling"), ENOENT);
    handle_t file = opened(root, "dangling", W | QY_DIR_OPEN_FLAGS_CREATE);
    assert_int_equal(kind, QY_DIR_KIND_REGULAR);
    assert_int_equal(status_of("nowhere"), 0);
    (void)qy_handle_close(file);
    assert_int_equal(open_from(root, "absolute", R | QY_DIR_OPEN_FLAGS_NO_FOLLOW, &file), ELOOP);
    char text[100];
    uint32_t length;
    assert_int_equal(qy_dir_readlink(root, PATH("up"), (uint8_t *)text, &length, NEVER), 0);
    assert_int_equal(length, 11);
}

static void test_40_links_are_followed_and_41_are_not(void **state)
{
    char name[8], text[8];
    (void)state;
    directory_make("l0");
    for (int i = 1; i <= 41; i++) {
        (void)snprintf(name, sizeof name, "l%d", i);
        (void)snprintf(text, sizeof text, "l%d", i - 1);
        link_make(text, name);
    }
    assert_int_equal(status_of("l40"), 0);
    assert_int_equal(status_of("l41"), ELOOP);
}

static void test_links_do_not_make_paths_too_long(void **state)
{
    char text[201], path[3901];
    (void)state;
    for (int i = 0; i < 200; i += 2) {
        memcpy(text + i, "./", 2);
    }
    text[200] = 0;
    link_make(text, "dots");
    path[0] = 0;
    for (int i = 0; i < 30; i++) {
        strcat(path, "dots/");
    }
    assert_int_equal(status_of(path), 0);
    memset(path, '/', 3900);
    path[3900] = 0;
    memcpy(path, "dots", 4);
    assert_int_equal(status_of(path), ENAMETOOLONG); /* 200 and 3896 */
    path[3899] = 0;
    assert_int_equal(status_of(path), 0); /* more than a message holds */
}

static void test_mounts_are_entered_and_left(void **state)
{
    (void)state;
    assert_int_equal(status_of("proc/mounts"), 0);
    assert_int_equal(status_of("proc/../proc/version"), 0);
    assert_int_equal(status_of("proc/none"), ENOENT);
    assert_string_equal(where(opened(root, "proc", R)), "/proc");
    assert_string_equal(where(opened(root, "proc/..", R)), "/");
    assert_int_equal(qy_dir_remove(root, true, PATH("proc"), NEVER), EBUSY);
    assert_int_equal(rename_to("proc/version", "v", HANDLE_INVALID), EXDEV);
    assert_int_equal(qy_dir_make_directory(root, 0755, PATH("proc/new"), NEVER), EPERM);
}

static void test_root_of_a_session_is_not_left(void **state)
{
    (void)state;
    directory_make("jail");
    directory_make("jail/in");
    handle_t jail = opened(root, "jail", R | QY_DIR_OPEN_FLAGS_AS_ROOT);
    assert_string_equal(where(jail), "/");
    handle_t inside = opened(jail, "in", R);
    assert_string_equal(where(inside), "/in");
    assert_string_equal(where(opened(inside, "../../../..", R)), "/");
    assert_string_equal(where(opened(inside, "/in", R)), "/in");
    char both[] = "/in/absolute";
    assert_int_equal(qy_dir_symlink(jail, 3, PATH(both), NEVER), 0);
    assert_string_equal(where(opened(inside, "../absolute", R)), "/in");
}

static void test_rename_between_sessions(void **state)
{
    (void)state;
    directory_make("from");
    directory_make("to");
    (void)qy_handle_close(opened(root, "from/f", W | QY_DIR_OPEN_FLAGS_CREATE));
    handle_t to = opened(root, "to", R);
    assert_int_equal(rename_to("from/f", "g", to), 0);
    assert_int_equal(status_of("to/g"), 0);
    assert_int_equal(rename_to("from/", "to/from/", HANDLE_INVALID), 0);
    assert_int_equal(rename_to("to/g/", "g", HANDLE_INVALID), ENOTDIR);
    assert_int_equal(rename_to("to", "to/x", HANDLE_INVALID), EINVAL);
    assert_int_equal(rename_to(".", "x", HANDLE_INVALID), EBUSY);
    assert_int_equal(rename_to("to/g", "x", qy_host_session(&names, 1)), EXDEV);
}

static void test_removed_directory_has_no_place(void **state)
{
    uint8_t path[100];
    uint32_t length;
    (void)state;
    directory_make("gone");
    handle_t gone = opened(root, "gone", R), file;
    struct qy_file_stat stat;
    assert_int_equal(qy_dir_remove(root, true, PATH("gone"), NEVER), 0);
    assert_int_equal(qy_dir_where(gone, path, &length, NEVER), ENOENT);
    assert_int_equal(open_from(gone, "x", W | QY_DIR_OPEN_FLAGS_CREATE, &file), ENOENT);
    assert_int_equal(qy_file_stat(gone, &stat, NEVER), 0);
    assert_int_equal(stat.links, 0);
}

static void test_directories_survive_vfs_and_others_do_not(void **state)
{
    handle_t in, out;
    (void)state;
    directory_make("d");
    handle_t d = opened(root, "d", R);
    assert_int_equal(qy_dir_pipe(root, 0, &in, &out, NEVER), 0);
    sessions_init(table, sizeof table); /* as the next instance does */
    assert_string_equal(where(d), "/d");
    qy_file_flags_t flags;
    assert_int_equal(qy_file_get_flags(in, &flags, NEVER), -ESESSION_STALE);
}

static void test_directory_of_a_mount_that_is_not_there_has_no_place(void **state)
{
    uint8_t path[4080];
    uint32_t length;
    (void)state;
    handle_t boot = opened(root, "boot", R);
    handle_t proc = opened(root, "proc", R);
    mount_forget(); /* as the next instance, without file systems */
    assert_int_equal(qy_dir_where(boot, path, &length, NEVER), EIO);
    assert_int_equal(qy_dir_where(proc, path, &length, NEVER), EIO);
}

/* The next instance of the file system, which has nothing and knows nobody. */
static void fs_restart(void)
{
    tree_fini(&volume.tree);
    assert_int_equal(tree_init(&volume.tree, 1 << 20, 1000, qy_wall_now), 0);
    for (uint64_t badge = 1; badge < 1000; badge++) {
        volume_client_gone(badge);
    }
}

static void test_file_system_that_begins_anew_has_its_tree_before_it_is_asked(void **state)
{
    handle_t directory, quick;
    struct qy_file_stat stat;
    (void)state;
    fs_restart();
    assert_int_equal(status_of("dev/null"), 0);
    fs_restart();
    directory = opened(root, "usr", R | QY_DIR_OPEN_FLAGS_DIRECTORY);
    assert_string_equal(where(directory), "/usr");
    fs_restart();
    assert_int_equal(qy_dir_direct(root, &quick, NEVER), 0);
    assert_int_equal(qy_dir_lookup(quick, true, PATH("dev/shm"), &stat, NEVER), 0);
}

static void test_nothing_is_available_beyond_the_end(void **state)
{
    uint64_t at, count;
    (void)state;
    handle_t version = opened(root, "proc/version", R);
    assert_int_equal(qy_file_seek(version, 100, QY_FILE_WHENCE_END, &at, NEVER), 0);
    assert_int_equal(qy_file_available(version, &count, NEVER), 0);
    assert_int_equal(count, 0);
    (void)qy_handle_close(version);
    notices_run();
}

static void test_devices(void **state)
{
    uint8_t data[64];
    uint32_t count;
    (void)state;
    handle_t null = opened(root, "dev/null", R | W);
    assert_int_equal(kind, QY_DIR_KIND_DEVICE);
    assert_int_equal(qy_file_write(null, QY_FILE_HERE, data, 64, &count, NEVER), 0);
    assert_int_equal(count, 64);
    assert_int_equal(qy_file_read(null, QY_FILE_HERE, 64, data, &count, NEVER), 0);
    assert_int_equal(count, 0);
    struct qy_file_stat stat;
    assert_int_equal(qy_file_stat(null, &stat, NEVER), 0);
    assert_int_equal(stat.special, 0x103);
    handle_t zero = opened(root, "dev/zero", R), full = opened(root, "dev/full", W);
    memset(data, 1, sizeof data);
    uint64_t lent;
    assert_int_equal(qy_file_read_lent(zero, QY_FILE_HERE, data, 64, &lent, NEVER), 0);
    assert_int_equal(lent, 64);
    assert_int_equal(data[63], 0);
    assert_int_equal(qy_file_write(full, QY_FILE_HERE, data, 1, &count, NEVER), ENOSPC);
    handle_t file;
    assert_int_equal(open_from(root, "dev/tty", R, &file), ENXIO); /* there is no console */
}

/* --- pipes ------------------------------------------------------------------------------------ */

static handle_t in, out;

static int64_t put(const char *text)
{
    uint32_t count;
    return qy_file_write(out, QY_FILE_HERE, PATH(text), &count, NEVER);
}

static const char *get(void)
{
    static char text[QY_FILE_INLINE_MAX + 1];
    uint32_t count;
    if (qy_file_read(in, QY_FILE_HERE, 4000, (uint8_t *)text, &count, NEVER) != 0) {
        return "failed";
    }
    text[count] = 0;
    return text;
}

static void put_meanwhile(void)
{
    qy_host_idle = NULL;
    assert_int_equal(put("late"), 0);
}

static void close_meanwhile(void)
{
    qy_host_idle = NULL;
    (void)qy_handle_close(out);
    notices_run();
}

static void drain_meanwhile(void)
{
    uint64_t count;
    static uint8_t data[100000];
    qy_host_idle = NULL;
    assert_int_equal(qy_file_read_lent(in, QY_FILE_HERE, data, sizeof data, &count, NEVER), 0);
    assert_int_equal(count, 65536);
    assert_int_equal(data[65535], 7);
}

static void test_pipe_waits_and_ends(void **state)
{
    qy_file_ready_t ready;
    (void)state;
    assert_int_equal(qy_dir_pipe(root, 0, &in, &out, NEVER), 0);
    assert_int_equal(put("one"), 0);
    assert_int_equal(qy_file_ready(in, &ready, NEVER), 0);
    assert_int_equal(ready, QY_FILE_READY_READABLE);
    assert_string_equal(get(), "one");
    qy_host_idle = put_meanwhile;
    assert_string_equal(get(), "late");
    uint64_t position;
    assert_int_equal(qy_file_seek(in, 0, QY_FILE_WHENCE_CURRENT, &position, NEVER), ESPIPE);
    qy_host_idle = close_meanwhile;
    assert_string_equal(get(), "");
    assert_string_equal(get(), "");
    assert_int_equal(qy_file_ready(in, &ready, NEVER), 0);
    assert_int_equal(ready, QY_FILE_READY_HANGUP);
}

static void test_pipe_is_as_it_was_after_bad_memory(void **state)
{
    static uint8_t data[4096];
    uint64_t count;
    (void)state;
    assert_int_equal(qy_dir_pipe(root, 0, &in, &out, NEVER), 0);
    assert_int_equal(qy_file_write_lent(out, QY_FILE_HERE, data, 4000, &count, NEVER), 0);
    assert_int_equal(qy_file_read_lent(in, QY_FILE_HERE, data, 3000, &count, NEVER), 0);
    qy_host_lease_fault = 2; /* the ring's end is in between */
    assert_int_equal(qy_file_write_lent(out, QY_FILE_HERE, data, 3000, &count, NEVER), EFAULT);
    assert_int_equal(qy_file_available(in, &count, NEVER), 0);
    assert_int_equal(count, 1000);
    assert_int_equal(qy_file_write_lent(out, QY_FILE_HERE, data, 3000, &count, NEVER), 0);
    qy_host_lease_fault = 2;
    assert_int_equal(qy_file_read_lent(in, QY_FILE_HERE, data, 4000, &count, NEVER), EFAULT);
    assert_int_equal(qy_file_read_lent(in, QY_FILE_HERE, data, 4096, &count, NEVER), 0);
    assert_int_equal(count, 4000);
}

static void test_writer_waits_for_room_and_for_all_of_it(void **state)
{
    static uint8_t data[80000];
    uint64_t count;
    (void)state;
    memset(data, 7, sizeof data);
    assert_int_equal(qy_dir_pipe(root, 0, &in, &out, NEVER), 0);
    qy_host_idle = drain_meanwhile;
    assert_int_equal(qy_file_write_lent(out, QY_FILE_HERE, data, sizeof data, &count, NEVER), 0);
    assert_int_equal(count, sizeof data);
    uint64_t left;
    assert_int_equal(qy_file_available(in, &left, NEVER), 0);
    assert_int_equal(left, sizeof data - 65536);
}

static void test_pipe_without_waiting(void **state)
{
    static uint8_t data[70000];
    uint8_t byte;
    uint32_t count;
    uint64_t done;
    (void)state;
    assert_int_equal(qy_dir_pipe(root, QY_DIR_OPEN_FLAGS_NONBLOCK, &in, &out, NEVER), 0);
    assert_int_equal(qy_file_read(in, QY_FILE_HERE, 1, &byte, &count, NEVER), EAGAIN);
    assert_int_equal(qy_file_write_lent(out, QY_FILE_HERE, data, sizeof data, &done, NEVER), 0);
    assert_int_equal(done, 65536);
    assert_int_equal(qy_file_write(out, QY_FILE_HERE, data, 1, &count, NEVER), EAGAIN);
    assert_int_equal(qy_file_read(in, QY_FILE_HERE, 1, &byte, &count, NEVER), 0);
    assert_int_equal(qy_file_write(out, QY_FILE_HERE, data, 2, &count, NEVER), EAGAIN);
    (void)qy_handle_close(in);
    notices_run();
    assert_int_equal(qy_file_write(out, QY_FILE_HERE, data, 1, &count, NEVER), EPIPE);
}

static void test_caller_that_goes_is_forgotten(void **state)
{
    uint8_t byte;
    uint32_t count;
    (void)state;
    assert_int_equal(qy_dir_pipe(root, 0, &in, &out, NEVER), 0);
    assert_int_equal(qy_file_read(in, QY_FILE_HERE, 1, &byte, &count, NEVER), -ETIMEDOUT);
    assert_int_equal(put("x"), 0);
    assert_string_equal(get(), "x");
    assert_int_equal(vfs.deferred, 0);
}

static handle_t fifo_end;

static void open_meanwhile(void)
{
    qy_host_idle = NULL;
    out = opened(root, "fifo", W);
}

static void test_fifo_waits_for_the_other_side(void **state)
{
    (void)state;
    assert_int_equal(qy_dir_make_node(root, 0, MODE_FIFO | 0600, PATH("fifo"), NEVER), 0);
    assert_int_equal(open_from(root, "fifo", W | QY_DIR_OPEN_FLAGS_NONBLOCK, &fifo_end), ENXIO);
    qy_host_idle = open_meanwhile;
    in = opened(root, "fifo", R);
    assert_int_equal(kind, QY_DIR_KIND_PIPE);
    assert_int_equal(put("through"), 0);
    assert_string_equal(get(), "through");
}

static uint32_t watched, told;

static void seen(void *context, uint32_t watch, qy_dir_event_what_t what, uint32_t cookie,
                 const uint8_t *name, uint32_t name_count)
{
    (void)context, (void)cookie;
    assert_int_equal(watch, watched);
    assert_int_equal(what, QY_DIR_EVENT_WHAT_CREATED);
    assert_int_equal(name_count, 3);
    assert_memory_equal(name, "new", 3);
    told++;
}

static void test_watched_directory_tells_its_watcher(void **state)
{
    static const struct qy_dir_events events = {.happened = seen};
    static struct qy_subscriber subscribers[2], fs_subscribers[2];
    handle_t channel;
    (void)state;
    memset(subscribers, 0, sizeof subscribers);
    memset(fs_subscribers, 0, sizeof fs_subscribers);
    vfs.subscribers = subscribers;
    fs.subscribers = fs_subscribers;
    vfs.subscriber_max = fs.subscriber_max = 2;
    told = 0;
    directory_make("d");
    handle_t d = opened(root, "d", R);
    assert_int_equal(qy_dir_subscribe(d, &channel, NEVER), 0);
    assert_int_equal(qy_dir_watch(d, QY_DIR_EVENT_WHAT_CREATED, PATH("."), &watched, NEVER), 0);
    assert_int_equal(qy_dir_watch(root, 1, PATH("proc"), &watched, NEVER), ENOTSUP);
    directory_make("d/new");
    directory_make("other");
    assert_int_equal(qy_dir_remove(root, true, PATH("d/new"), NEVER), 0);
    watched = 1;
    watch_notice(&vfs, 0x1000, SIGNAL_READABLE); /* as the binding does */
    assert_int_equal(qy_dir_receive(channel, &events, NULL, 0), 0);
    assert_int_not_equal(qy_dir_receive(channel, &events, NULL, 0), 0);
    assert_int_equal(told, 1);
    assert_int_equal(qy_dir_unwatch(root, watched, NEVER), EINVAL); /* another's */
    assert_int_equal(qy_dir_unwatch(d, watched, NEVER), 0);
    assert_int_equal(qy_dir_unwatch(d, watched, NEVER), EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_links_are_followed_and_circles_are_not),
        TEST(test_40_links_are_followed_and_41_are_not),
        TEST(test_links_do_not_make_paths_too_long),
        TEST(test_mounts_are_entered_and_left),
        TEST(test_root_of_a_session_is_not_left),
        TEST(test_rename_between_sessions),
        TEST(test_removed_directory_has_no_place),
        TEST(test_directories_survive_vfs_and_others_do_not),
        TEST(test_directory_of_a_mount_that_is_not_there_has_no_place),
        TEST(test_file_system_that_begins_anew_has_its_tree_before_it_is_asked),
        TEST(test_nothing_is_available_beyond_the_end),
        TEST(test_pipe_is_as_it_was_after_bad_memory),
        TEST(test_devices),
        TEST(test_pipe_waits_and_ends),
        TEST(test_writer_waits_for_room_and_for_all_of_it),
        TEST(test_pipe_without_waiting),
        TEST(test_caller_that_goes_is_forgotten),
        TEST(test_fifo_waits_for_the_other_side),
        TEST(test_watched_directory_tells_its_watcher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
