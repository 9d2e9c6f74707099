/* SPDX-License-Identifier: MIT */
#include "fd.h"
#include <quay/handle.h>
#include <quay/heap.h>
#include <quay/process_start.h>
#include <quay/text.h>
#include <quay/thread.h>
#include "bare.h"
#include "call.h"
#include "file.h"
#include "guest.h"
#include "pages.h"
#include "process.h"
#include "tty.h"

static struct {
    struct qy_mutex mutex; /* of `files`, and of the next */
    uint64_t end;          /* all from there on are free, and were always */
    handle_t root, working;
} table;

static POSIX_TAIL struct posix_fd files[POSIX_FD_MAX];

/* What the parent has while a child of vfork has the table. Its handles stay open: in the table
 * they are borrowed. */
static struct {
    struct posix_fd *files; /* qy_alloc; NULL: there is no such child */
    uint64_t end;
    handle_t root, working;
} lent;

/* --- the table ------------------------------------------------------------------------------- */

static bool is_used(uint64_t descriptor)
{
    return descriptor < POSIX_FD_MAX && files[descriptor].kind != 0;
}

static void put(const struct posix_fd *fd, uint64_t descriptor)
{
    files[descriptor] = *fd;
    files[descriptor].is_borrowed = false;
    table.end = descriptor < table.end ? table.end : descriptor + 1;
}

static void drop(const struct posix_fd *fd)
{
    if (fd->handle != HANDLE_INVALID && !fd->is_borrowed) {
        (void)qy_handle_close(fd->handle); /* ours */
    }
    if (fd->close != NULL) {
        fd->close(fd->local);
    }
}

void posix_fd_lock(void)
{
    qy_mutex_lock(&table.mutex);
}

void posix_fd_unlock(void)
{
    qy_mutex_unlock(&table.mutex);
}

int64_t posix_fd_get(uint64_t descriptor, struct posix_fd *ret_fd)
{
    int64_t status = -EBADF;

    descriptor = (uint32_t)descriptor;
    qy_mutex_lock(&table.mutex);
    if (is_used(descriptor)) {
        *ret_fd = files[descriptor];
        status = 0;
    }
    qy_mutex_unlock(&table.mutex);
    return status;
}

int64_t posix_fd_install(const struct posix_fd *fd, uint64_t least)
{
    qy_mutex_lock(&table.mutex);
    while (least < POSIX_FD_MAX && is_used(least)) {
        least++;
    }
    if (least < POSIX_FD_MAX) {
        put(fd, least);
    }
    qy_mutex_unlock(&table.mutex);
    if (least >= POSIX_FD_MAX) {
        drop(fd);
        return -EMFILE;
    }
    return (int64_t)least;
}

/* Puts it there in place of what was there. Takes it. */
static void replace(const struct posix_fd *fd, uint64_t descriptor)
{
    struct posix_fd before;

    qy_mutex_lock(&table.mutex);
    before = files[descriptor];
    put(fd, descriptor);
    qy_mutex_unlock(&table.mutex);
    drop(&before);
}

int posix_fd_next(uint64_t first, struct posix_fd *ret_fd)
{
    int found = -1;

    qy_mutex_lock(&table.mutex);
    while (first < table.end && !is_used(first)) {
        first++;
    }
    if (first < table.end) {
        *ret_fd = files[first];
        found = (int)first;
    }
    qy_mutex_unlock(&table.mutex);
    return found;
}

static int64_t take(uint64_t descriptor)
{
    const struct posix_fd none = {0};
    struct posix_fd fd;
    const int64_t status = posix_fd_get(descriptor, &fd);

    if (status == 0) {
        replace(&none, (uint32_t)descriptor);
    }
    return status;
}

/* --- start, execve --------------------------------------------------------------------------- */

static uint8_t start_kind(uint32_t flags)
{
    const uint8_t kind = (uint8_t)(flags >> PROCESS_FILE_KIND_SHIFT);

    return kind != 0                                  ? kind
           : (flags & PROCESS_FILE_IS_DIRECTORY) != 0 ? QY_DIR_KIND_DIRECTORY
                                                      : QY_DIR_KIND_DEVICE;
}

void posix_file_start(const struct process_start *start)
{
    for (uint32_t i = 0; i < PROCESS_HANDLES_MAX; i++) {
        const struct process_start_file *file = &start->files[i];
        const handle_t handle = qy_process_page()->handles[i];

        if (file->number >= 0 && file->number < (int32_t)POSIX_FD_MAX && handle != HANDLE_INVALID) {
            const struct posix_fd fd = {
                .handle = handle,
                .open = file->open_flags,
                .kind = start_kind(file->flags),
                .close_on_exec = (file->flags & PROCESS_FILE_CLOSE_EXEC) != 0,
            };

            put(&fd, (uint64_t)file->number);
        } else if (file->number == PROCESS_FILE_ROOT) {
            table.root = handle;
        } else if (file->number == PROCESS_FILE_DIRECTORY) {
            table.working = handle;
        }
    }
    for (uint32_t i = 1; table.working == HANDLE_INVALID && i <= 2; i++) {
        if (!is_used(i)) {
            const struct posix_fd fd = {
                .kind = POSIX_KIND_LOCAL, .open = LINUX_O_WRONLY, .local = &posix_bare_log};

            put(&fd, i);
        }
    }
}

void posix_file_exec(void)
{
    for (uint64_t i = 0; i < table.end; i++) {
        if (is_used(i) && files[i].close_on_exec) {
            (void)take(i); /* it is there */
        }
    }
}

int posix_file_next(int first, handle_t *ret_handle)
{
    struct posix_fd fd = {0};

    do {
        first = posix_fd_next((uint64_t)first, &fd);
        *ret_handle = fd.handle;
    } while (first >= 0 && fd.handle == HANDLE_INVALID && ++first < (int)POSIX_FD_MAX);
    return first < (int)POSIX_FD_MAX ? first : -1;
}

void posix_file_directories(handle_t *ret_root, handle_t *ret_working)
{
    *ret_root = table.root;
    *ret_working = table.working;
}

/* --- directories ----------------------------------------------------------------------------- */

handle_t posix_fd_root(void)
{
    return table.root;
}

handle_t posix_fd_working(void)
{
    return table.working;
}

static void exchange(handle_t *place, handle_t handle)
{
    const handle_t before = __atomic_exchange_n(place, handle, __ATOMIC_ACQ_REL);

    if (before != HANDLE_INVALID &&
        (lent.files == NULL || (before != lent.root && before != lent.working))) {
        (void)qy_handle_close(before); /* ours */
    }
}

void posix_fd_set_working(handle_t directory)
{
    exchange(&table.working, directory);
}

void posix_fd_set_root(handle_t directory)
{
    exchange(&table.root, directory);
}

int64_t posix_fd_directory(uint64_t descriptor, handle_t *ret_directory)
{
    struct posix_fd fd;

    if ((int32_t)descriptor == LINUX_AT_FDCWD) {
        *ret_directory = table.working;
        return table.working != HANDLE_INVALID ? 0 : -ENOENT;
    }
    const int64_t status = posix_fd_get(descriptor, &fd);
    if (status != 0) {
        return status;
    }
    *ret_directory = fd.handle;
    return fd.kind == QY_DIR_KIND_DIRECTORY ? 0 : -ENOTDIR;
}

/* --- vfork ----------------------------------------------------------------------------------- */

bool posix_fd_lend(void)
{
    const size_t size = table.end * sizeof files[0];
    bool is_good = table.working != HANDLE_INVALID;

    for (uint64_t i = 0; i < table.end; i++) {
        is_good &= !is_used(i) || files[i].handle != HANDLE_INVALID; /* what is ours is counted */
    }
    lent.files = is_good ? qy_alloc(size + 1) : NULL;
    if (lent.files == NULL) {
        return false;
    }
    lent.end = table.end;
    lent.root = table.root;
    lent.working = table.working;
    memcpy(lent.files, files, size);
    for (uint64_t i = 0; i < table.end; i++) {
        files[i].is_borrowed = true;
    }
    return true;
}

void posix_fd_return(void)
{
    const handle_t root = table.root, working = table.working;

    for (uint64_t i = 0; i < table.end; i++) {
        if (is_used(i)) {
            drop(&files[i]);
        }
    }
    memset(files, 0, table.end * sizeof files[0]);
    memcpy(files, lent.files, lent.end * sizeof files[0]);
    qy_free(lent.files);
    lent.files = NULL;
    table.end = lent.end;
    table.root = lent.root;
    table.working = lent.working;
    if (root != lent.root) {
        (void)qy_handle_close(root); /* the child's */
    }
    if (working != lent.working) {
        (void)qy_handle_close(working); /* the same */
    }
}

void posix_fd_keep(void)
{
    for (uint64_t i = 0; i < lent.end; i++) {
        if (lent.files[i].kind != 0 && !files[i].is_borrowed) {
            drop(&lent.files[i]); /* the child has closed it */
        }
    }
    for (uint64_t i = 0; i < table.end; i++) {
        files[i].is_borrowed = false;
    }
    if (table.root != lent.root) {
        (void)qy_handle_close(lent.root); /* as it would have been */
    }
    if (table.working != lent.working) {
        (void)qy_handle_close(lent.working); /* the same */
    }
    qy_free(lent.files);
    lent.files = NULL;
}

/* --- calls ----------------------------------------------------------------------------------- */

static void set_close_on_exec(uint64_t descriptor, bool is_set)
{
    qy_mutex_lock(&table.mutex);
    if (is_used((uint32_t)descriptor)) {
        files[(uint32_t)descriptor].close_on_exec = is_set;
    }
    qy_mutex_unlock(&table.mutex);
}

int64_t posix_close(uint64_t descriptor)
{
    return take(descriptor);
}

int64_t posix_close_range(uint64_t first, uint64_t last, uint64_t flags)
{
    const uint32_t close_on_exec = 4; /* CLOSE_RANGE_CLOEXEC */

    if ((uint32_t)first > (uint32_t)last || (flags & ~6ul) != 0) {
        return -EINVAL;
    }
    for (uint64_t i = (uint32_t)first; i <= (uint32_t)last && i < table.end; i++) {
        if ((flags & close_on_exec) != 0) {
            set_close_on_exec(i, true);
        } else {
            (void)take(i); /* or it was free */
        }
    }
    return 0;
}

static int64_t duplicate(uint64_t descriptor, bool close_on_exec, struct posix_fd *ret_fd)
{
    int64_t status = posix_fd_get(descriptor, ret_fd);

    if (status != 0) {
        return status;
    }
    ret_fd->close_on_exec = close_on_exec;
    if (ret_fd->handle != HANDLE_INVALID) {
        status = qy_handle_dup(ret_fd->handle, RIGHTS_SAME);
        ret_fd->handle = (handle_t)status;
    }
    if (status >= 0 && ret_fd->share != NULL) {
        ret_fd->share(ret_fd->local);
    }
    return status < 0 ? posix_error(status) : 0;
}

static int64_t duplicate_from(uint64_t descriptor, uint64_t least, bool close_on_exec)
{
    struct posix_fd fd;
    const int64_t status = duplicate(descriptor, close_on_exec, &fd);

    return status == 0 ? posix_fd_install(&fd, least) : status;
}

int64_t posix_dup(uint64_t descriptor)
{
    return duplicate_from(descriptor, 0, false);
}

static int64_t duplicate_to(uint64_t descriptor, uint64_t target, bool close_on_exec)
{
    struct posix_fd fd;
    int64_t status;

    target = (uint32_t)target;
    if (target >= POSIX_FD_MAX) {
        return -EBADF;
    }
    status = duplicate(descriptor, close_on_exec, &fd);
    if (status == 0) {
        replace(&fd, target);
    }
    return status == 0 ? (int64_t)target : status;
}

int64_t posix_dup2(uint64_t descriptor, uint64_t target)
{
    struct posix_fd fd;

    if ((uint32_t)descriptor == (uint32_t)target) {
        return posix_fd_get(descriptor, &fd) == 0 ? (int64_t)(uint32_t)target : -EBADF;
    }
    return duplicate_to(descriptor, target, false);
}

int64_t posix_dup3(uint64_t descriptor, uint64_t target, uint64_t flags)
{
    if ((uint32_t)descriptor == (uint32_t)target || (flags & ~(uint64_t)LINUX_O_CLOEXEC) != 0) {
        return -EINVAL;
    }
    return duplicate_to(descriptor, target, flags != 0);
}

/* What fcntl and ioctl set of the description. */
static int64_t set_flags(const struct posix_fd *fd, uint32_t flags)
{
    if (fd->handle == HANDLE_INVALID) {
        return 0;
    }
    return posix_error(qy_file_set_flags(
        fd->handle, flags & (QY_FILE_FLAGS_APPEND | QY_FILE_FLAGS_NONBLOCK), DEADLINE_NEVER));
}

static int64_t get_flags(const struct posix_fd *fd)
{
    const uint32_t changing = LINUX_O_APPEND | LINUX_O_NONBLOCK;
    const uint32_t once =
        LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_NOCTTY | LINUX_O_TRUNC | LINUX_O_CLOEXEC;
    qy_file_flags_t flags = 0;
    int64_t status = 0;

    if (fd->handle != HANDLE_INVALID) {
        status = qy_file_get_flags(fd->handle, &flags, DEADLINE_NEVER);
    }
    if (status != 0) {
        return posix_error(status);
    }
    return (int64_t)((fd->open & ~(changing | once)) | (flags & changing) | LINUX_O_LARGEFILE);
}

static int64_t lock(const struct posix_fd *fd, uint64_t command, uint64_t address)
{
    const bool is_test = command == LINUX_F_GETLK || command == LINUX_F_OFD_GETLK;
    const bool waits = command == LINUX_F_SETLKW || command == LINUX_F_OFD_SETLKW;
    struct linux_flock asked;
    struct qy_file_lock wanted = {.owner = command >= LINUX_F_OFD_GETLK
                                               ? QY_FILE_LOCK_OWNER_DESCRIPTION
                                               : QY_FILE_LOCK_OWNER_PROCESS};
    struct qy_file_lock found;
    uint64_t job;
    int64_t status;
    uint64_t base = 0;

    if (guest_read(&asked, address, sizeof asked) < 0) {
        return -EFAULT;
    }
    if (asked.type < 0 || asked.type > LINUX_F_UNLCK || asked.whence < 0 || asked.whence > 2) {
        return -EINVAL;
    }
    if (asked.whence == 1) {
        status = qy_file_seek(fd->handle, 0, QY_FILE_WHENCE_CURRENT, &base, DEADLINE_NEVER);
    } else {
        struct qy_file_stat stat = {0};

        status = asked.whence == 2 ? qy_file_stat(fd->handle, &stat, DEADLINE_NEVER) : 0;
        base = stat.size;
    }
    if (status != 0) {
        return posix_error(status);
    }
    if (asked.length < 0) {
        asked.start += asked.length;
        asked.length = -asked.length;
    }
    if (asked.start < 0 && (uint64_t)-asked.start > base) {
        return -EINVAL;
    }
    wanted.start = base + (uint64_t)asked.start;
    wanted.length = (uint64_t)asked.length;
    wanted.kind = asked.type == LINUX_F_RDLCK   ? QY_FILE_LOCK_KIND_SHARED
                  : asked.type == LINUX_F_WRLCK ? QY_FILE_LOCK_KIND_EXCLUSIVE
                                                : QY_FILE_LOCK_KIND_NONE;
    if (!is_test) {
        return posix_error(qy_file_lock(fd->handle, &wanted, waits, DEADLINE_NEVER));
    }
    status = qy_file_lock_test(fd->handle, &wanted, &found, &job, DEADLINE_NEVER);
    if (status != 0) {
        return posix_error(status);
    }
    asked.type = LINUX_F_UNLCK;
    if (found.kind != QY_FILE_LOCK_KIND_NONE) {
        asked = (struct linux_flock){
            .type = found.kind == QY_FILE_LOCK_KIND_SHARED ? LINUX_F_RDLCK : LINUX_F_WRLCK,
            .start = (int64_t)found.start,
            .length = (int64_t)found.length,
            .pid = -1, /* proc tells servers only which process a job is */
        };
    }
    return guest_write(address, &asked, sizeof asked);
}

int64_t posix_fcntl(uint64_t descriptor, uint64_t command, uint64_t value)
{
    struct posix_fd fd;
    uint32_t size = 0;
    int64_t status = posix_fd_get(descriptor, &fd);

    if (status != 0) {
        return status;
    }
    switch (command) {
    case LINUX_F_DUPFD:
    case LINUX_F_DUPFD_CLOEXEC:
        if ((uint32_t)value >= POSIX_FD_MAX) {
            return -EINVAL;
        }
        return duplicate_from(descriptor, (uint32_t)value, command == LINUX_F_DUPFD_CLOEXEC);
    case LINUX_F_GETFD:
        return fd.close_on_exec ? LINUX_FD_CLOEXEC : 0;
    case LINUX_F_SETFD:
        set_close_on_exec(descriptor, (value & LINUX_FD_CLOEXEC) != 0);
        return 0;
    case LINUX_F_GETFL:
        return get_flags(&fd);
    case LINUX_F_SETFL:
        return set_flags(&fd, (uint32_t)value);
    case LINUX_F_GETLK:
    case LINUX_F_SETLK:
    case LINUX_F_SETLKW:
    case LINUX_F_OFD_GETLK:
    case LINUX_F_OFD_SETLK:
    case LINUX_F_OFD_SETLKW:
        return lock(&fd, command, value);
    case LINUX_F_SETPIPE_SZ:
    case LINUX_F_GETPIPE_SZ:
        status = qy_file_capacity(fd.handle, command == LINUX_F_SETPIPE_SZ ? (uint32_t)value : 0,
                                  &size, DEADLINE_NEVER);
        return status == 0 ? size : posix_error(status);
    default:
        return -EINVAL;
    }
}

/* ioctl's that every descriptor has; others are of what it stands for (tty.c). */
int64_t posix_ioctl(uint64_t descriptor, uint64_t request, uint64_t argument)
{
    struct posix_fd fd;
    uint64_t count = 0;
    int32_t value = 0;
    int64_t status = posix_fd_get(descriptor, &fd);

    if (status != 0) {
        return status;
    }
    switch ((uint32_t)request) {
    case LINUX_FIOCLEX:
    case LINUX_FIONCLEX:
        set_close_on_exec(descriptor, (uint32_t)request == LINUX_FIOCLEX);
        return 0;
    case LINUX_FIONBIO:
        if (guest_read(&value, argument, sizeof value) < 0) {
            return -EFAULT;
        }
        status = get_flags(&fd);
        return status < 0 ? status
                          : set_flags(&fd, value != 0 ? (uint32_t)status | LINUX_O_NONBLOCK
                                                      : (uint32_t)status & ~LINUX_O_NONBLOCK);
    case LINUX_FIONREAD:
        status = fd.handle == HANDLE_INVALID ? ENOTTY
                                             : qy_file_available(fd.handle, &count, DEADLINE_NEVER);
        value = (int32_t)count;
        return status == 0 ? guest_write(argument, &value, sizeof value) : posix_error(status);
    default:
        return posix_tty_ioctl(&fd, (uint32_t)request, argument);
    }
}
