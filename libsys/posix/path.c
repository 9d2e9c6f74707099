/* SPDX-License-Identifier: MIT */
#include "path.h"
#include <quay/handle.h>
#include <quay/text.h>
#include <quay/thread.h>
#include "call.h"
#include "guest.h"
#include "process.h"

static uint32_t mask = 022;

uint32_t posix_mode(uint64_t mode)
{
    return (uint32_t)mode & 07777 & ~__atomic_load_n(&mask, __ATOMIC_RELAXED);
}

int64_t posix_umask(uint64_t wanted)
{
    return __atomic_exchange_n(&mask, (uint32_t)wanted & 0777, __ATOMIC_RELAXED);
}

/* --- the file systems of root and working directory ------------------------------------------ */

/* What the directory with this handle has for dir.direct. A handle's value is never used again, so
 * that another directory is never taken for it. */
struct quick {
    handle_t directory, session;
};

static struct {
    struct qy_mutex mutex;
    struct quick root, working;
} quicks;

void posix_path_lock(void)
{
    qy_mutex_lock(&quicks.mutex);
}

void posix_path_unlock(void)
{
    qy_mutex_unlock(&quicks.mutex);
}

static handle_t quick_get(struct quick *quick, handle_t directory)
{
    qy_mutex_lock(&quicks.mutex);
    if (quick->directory != directory) {
        handle_t session, before = quick->session;
        if (POSIX_STEADY(qy_dir_direct(directory, &session, DEADLINE_NEVER)) != 0) {
            session = HANDLE_INVALID;
        }
        *quick = (struct quick){directory, session};
        if (before != HANDLE_INVALID) {
            (void)qy_handle_close(before); /* ours */
        }
    }
    const handle_t session = quick->session;
    qy_mutex_unlock(&quicks.mutex);
    return session;
}

static handle_t quick_of(handle_t directory)
{
    if (directory == HANDLE_INVALID) {
        return HANDLE_INVALID;
    }
    return directory == posix_fd_root()      ? quick_get(&quicks.root, directory)
           : directory == posix_fd_working() ? quick_get(&quicks.working, directory)
                                             : HANDLE_INVALID;
}

bool posix_path_is_elsewhere(struct posix_path *path, int64_t status)
{
    if (status == QY_FILE_FAILURE_ELSEWHERE) {
        return true;
    }
    if (path->quick == HANDLE_INVALID ||
        (status != -ESESSION_STALE && status != -EBADF && status != -EPEER_DIED)) {
        return false;
    }
    path->quick = HANDLE_INVALID;
    qy_mutex_lock(&quicks.mutex); /* to be asked for again */
    quicks.root.directory = quicks.working.directory = HANDLE_INVALID;
    qy_mutex_unlock(&quicks.mutex);
    return status != -EPEER_DIED; /* it may have done it: the caller knows whether that matters */
}

/* --- paths ------------------------------------------------------------------------------------ */

void posix_path_end(struct posix_path *path)
{
    if (path->is_owned) {
        (void)qy_handle_close(path->directory); /* ours */
    }
}

/* Opens what is in front of the last slash within the first `most` bytes. */
static int64_t front_open(struct posix_path *path, uint32_t most)
{
    uint32_t front = path->length < most ? path->length : most;
    handle_t directory;
    qy_dir_kind_t kind;

    while (front > 0 && path->rest[front - 1] != '/') {
        front--;
    }
    if (front == 0) {
        return -ENAMETOOLONG; /* one component is longer than any may be */
    }
    const int64_t status = POSIX_STEADY(
        qy_dir_open(path->directory, QY_DIR_OPEN_FLAGS_PATH | QY_DIR_OPEN_FLAGS_DIRECTORY, 0,
                    path->rest, front, &directory, &kind, DEADLINE_NEVER));
    if (status != 0) {
        return status;
    }
    posix_path_end(path);
    path->directory = directory;
    path->quick = HANDLE_INVALID;
    path->is_owned = true;
    path->rest += front;
    path->length -= front;
    while (path->length > 0 && path->rest[0] == '/') { /* it would count from the root again */
        path->rest++;
        path->length--;
    }
    if (path->length == 0) {
        path->rest = (const uint8_t *)".";
        path->length = 1;
    }
    return 0;
}

int64_t posix_path_shorten(struct posix_path *path, uint32_t most)
{
    int64_t status = 0;

    while (status == 0 && path->length > most) {
        status = front_open(path, most);
    }
    return status;
}

static int64_t path_begin(struct posix_path *path, uint32_t length)
{
    path->is_owned = false;
    path->quick = HANDLE_INVALID;
    path->rest = (const uint8_t *)path->text;
    path->length = length;
    if (length > 0 && path->text[0] == '/') {
        path->directory = posix_fd_root();
    }
    if (length > 0 && path->directory == HANDLE_INVALID) {
        return -ENOENT; /* the process was given no files */
    }
    path->quick = quick_of(path->directory);
    const int64_t status = posix_path_shorten(path, QY_DIR_PATH_MAX);
    if (status != 0) {
        posix_path_end(path);
    }
    return status;
}

bool posix_path_is_program(const struct posix_path *path)
{
    return path->text[0] == '/' && path->text[1] == 'p' && qy_streq(path->text, "/proc/self/exe");
}

int64_t posix_path_get(uint64_t descriptor, uint64_t address, struct posix_path *ret_path)
{
    const int64_t length = guest_read_string(ret_path->text, address, sizeof ret_path->text);

    if (length < 0) {
        return length;
    }
    ret_path->directory = HANDLE_INVALID;
    if (posix_path_is_program(ret_path)) {
        return posix_path_own(posix_program_path(), ret_path);
    }
    if (ret_path->text[0] != '/') {
        const int64_t status = posix_fd_directory(descriptor, &ret_path->directory);
        if (status != 0 && length > 0) {
            return status;
        }
        if (status != 0) {
            ret_path->directory = HANDLE_INVALID;
        }
    }
    return path_begin(ret_path, (uint32_t)length);
}

int64_t posix_path_own(const char *text, struct posix_path *ret_path)
{
    const size_t length = qy_strlcpy(ret_path->text, text, sizeof ret_path->text);

    if (length >= sizeof ret_path->text) {
        return -ENAMETOOLONG;
    }
    ret_path->directory = posix_fd_working();
    return length == 0 ? -ENOENT : path_begin(ret_path, (uint32_t)length);
}

/* What follows `front` in the text, or NULL. */
static const char *behind(const char *text, const char *front)
{
    while (*front != 0) {
        if (*text++ != *front++) {
            return NULL;
        }
    }
    return text;
}

int posix_path_descriptor(const struct posix_path *path)
{
    static const char *const fronts[] = {"/proc/self/fd/", "/proc/thread-self/fd/", "/dev/fd/"};
    static const char *const names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
    uint64_t number;

    if (path->text[0] != '/' || (path->text[1] != 'p' && path->text[1] != 'd')) {
        return -1; /* nearly all */
    }
    for (uint32_t i = 0; i < sizeof fronts / sizeof fronts[0]; i++) {
        const char *rest = behind(path->text, fronts[i]);
        if (rest != NULL && qy_parse_u64(rest, &number) == 0 && number < POSIX_FD_MAX) {
            return (int)number;
        }
    }
    for (int i = 0; i < 3; i++) {
        if (qy_streq(path->text, names[i])) {
            return i;
        }
    }
    return -1;
}
