/* SPDX-License-Identifier: MIT */
/* Files as memory: programs to be loaded, and mmap. */
#include <quay/handle.h>
#include <quay/memory.h>
#include "bare.h"
#include "call.h"
#include "file.h"
#include "path.h"
#include "process.h"

/* All of it read, from a file that cannot be mapped. */
static int64_t program_read(handle_t file, uint64_t size, handle_t *ret_memory)
{
    const uint64_t rounded = (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    const int64_t memory = qy_memory_create(qy_process_page()->job, rounded, 0);
    uint64_t done = 0;
    void *view;
    int64_t status;

    if (memory < 0) {
        return memory;
    }
    status = qy_memory_map((handle_t)memory, 0, rounded, MAP_READ | MAP_WRITE, &view);
    if (status == 0) {
        uint64_t got = 1;

        while (status == 0 && done < size && got > 0) {
            status = qy_file_read_lent(file, done, (uint8_t *)view + done, size - done, &got,
                                       DEADLINE_NEVER);
            done += status == 0 ? got : 0;
        }
        qy_pages_unmap(view, rounded);
    }
    *ret_memory = (handle_t)memory;
    if (status != 0) {
        (void)qy_handle_close((handle_t)memory); /* ours */
    }
    return status;
}

static int64_t program_memory(handle_t file, struct posix_program_file *ret_program)
{
    struct qy_file_stat stat;
    int64_t status = qy_file_stat(file, &stat, DEADLINE_NEVER);

    if (status != 0) {
        return status;
    }
    if ((stat.mode & LINUX_S_IFMT) != LINUX_S_IFREG || (stat.mode & 0111) == 0) {
        return -EACCES;
    }
    *ret_program = (struct posix_program_file){.size = stat.size};
    if (stat.size == 0) {
        return -ENOEXEC;
    }
    status = qy_file_memory(file, QY_FILE_ACCESS_READ | QY_FILE_ACCESS_EXECUTE, 0,
                            (stat.size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1), &ret_program->memory,
                            &ret_program->position, DEADLINE_NEVER);
    return status == 0 ? 0 : program_read(file, stat.size, &ret_program->memory);
}

/* A Linux error, or what tells that the file system died between two calls. */
static int64_t program_open(const char *path, struct posix_program_file *ret_program)
{
    struct posix_path place;
    handle_t file;
    qy_dir_kind_t kind;
    int64_t status = posix_path_own(path, &place);

    if (status != 0) {
        return status;
    }
    status = POSIX_DIR_AGAIN(&place, qy_dir_open, QY_DIR_OPEN_FLAGS_READ, 0, place.rest,
                             place.length, &file, &kind);
    posix_path_end(&place);
    if (status != 0) {
        return status;
    }
    status = kind == QY_DIR_KIND_REGULAR ? program_memory(file, ret_program) : -EACCES;
    (void)qy_handle_close(file); /* ours; the memory stays */
    return status;
}

int64_t posix_file_program(const char *path, struct posix_program_file *ret_program)
{
    uint32_t deaths = 0;
    int64_t status;

    if (posix_fd_working() == HANDLE_INVALID) {
        return posix_bare_program(ret_program);
    }
    do {
        status = program_open(path, ret_program);
    } while ((status == -EPEER_DIED || status == -ESESSION_STALE) && ++deaths < QY_ATTEMPTS_MAX);
    return posix_error(status);
}

int64_t posix_file_map(int descriptor, uint64_t offset, uint64_t size, bool is_shared,
                       uint32_t protection, handle_t *ret_memory, uint64_t *ret_offset)
{
    const bool writes = (protection & LINUX_PROT_WRITE) != 0;
    const qy_file_access_t access =
        QY_FILE_ACCESS_READ | (writes ? QY_FILE_ACCESS_WRITE : 0) |
        ((protection & LINUX_PROT_EXEC) != 0 ? QY_FILE_ACCESS_EXECUTE : 0) |
        (!is_shared && writes ? QY_FILE_ACCESS_PRIVATE : 0);
    struct posix_fd fd;
    const int64_t status = posix_fd_get((uint64_t)descriptor, &fd);

    if (status != 0) {
        return status;
    }
    if (fd.handle == HANDLE_INVALID) {
        return -ENODEV;
    }
    if (!posix_file_can_read(&fd) || (is_shared && writes && !posix_file_can_write(&fd))) {
        return -EACCES;
    }
    return posix_error(
        qy_file_memory(fd.handle, access, offset, size, ret_memory, ret_offset, DEADLINE_NEVER));
}
