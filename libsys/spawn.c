/* SPDX-License-Identifier: MIT */
/*
 * A start in steps, each of which can fail: check the file, make the process, fill its memory,
 * grant the handles, write the bootstrap block, start. Until the last step the process has no
 * thread that runs, so killing it undoes everything.
 */
#include <quay/bootstrap.h>
#include <quay/elf.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process.h>
#include <quay/spawn.h>
#include <quay/text.h>
#include <quay/thread.h>
#include "stack.h"

#define STACK_BYTES (64 * 1024ul)

/* The child under construction; handles in our table. */
struct child {
    const struct qy_spawn *spawn;
    handle_t process, aspace, thread;
    uint64_t stack_top;
    uint64_t bootstrap;
};

static uint64_t page_down(uint64_t value)
{
    return value & ~(PAGE_SIZE - 1);
}

static uint64_t page_up(uint64_t value)
{
    return page_down(value + PAGE_SIZE - 1);
}

/* Maps `memory` here, copies bytes to an offset in it, and unmaps it again. */
static int memory_fill(handle_t memory, uint64_t size_bytes, uint64_t offset, const void *bytes,
                       uint64_t length)
{
    void *view;
    int error = qy_memory_map(memory, 0, size_bytes, MAP_READ | MAP_WRITE, &view);
    if (error < 0) {
        return error;
    }
    memcpy((uint8_t *)view + offset, bytes, length);
    qy_pages_unmap(view, size_bytes);
    return 0;
}

static int segment_load(const struct child *child, const struct qy_elf_segment *segment)
{
    uint64_t base = page_down(segment->address);
    uint64_t size_bytes = page_up(segment->address + segment->size_bytes) - base;
    int64_t memory = qy_memory_create(child->spawn->job, size_bytes, 0);
    if (memory < 0) {
        return (int)memory;
    }
    int error = 0;
    if (segment->file_bytes > 0) {
        const uint8_t *file = child->spawn->image;
        error =
            memory_fill((handle_t)memory, page_up(segment->address - base + segment->file_bytes),
                        segment->address - base, file + segment->file_offset, segment->file_bytes);
    }
    if (error == 0) {
        int64_t address = qy_aspace_map(child->aspace, (handle_t)memory, 0, base, size_bytes,
                                        segment->map_flags | MAP_FIXED |
                                            (segment->map_flags & MAP_WRITE ? 0 : MAP_FORK_SHARE));
        error = address < 0 ? (int)address : 0;
    }
    (void)qy_handle_close((handle_t)memory); /* the mapping keeps the pages */
    return error;
}

/* --- bootstrap block ----------------------------------------------------------------------- */

/* The block as it grows; `block` is our copy of what the child will see. */
struct writer {
    uint8_t block[BOOTSTRAP_SIZE_MAX];
    uint32_t handle_count;
    uint32_t strings_size;
};

static struct bootstrap_handle *writer_handles(struct writer *writer)
{
    return (struct bootstrap_handle *)(void *)(writer->block + sizeof(struct bootstrap));
}

static int grant(struct child *child, struct writer *writer, const struct qy_spawn_handle *handle)
{
    int64_t value =
        qy_handle_grant(child->process, handle->handle, handle->rights, handle->operation);
    if (value < 0) {
        return (int)value;
    }
    struct bootstrap_handle *entry = &writer_handles(writer)[writer->handle_count++];
    *entry = (struct bootstrap_handle){
        .handle = (handle_t)value, .value = handle->value, .kind = handle->kind};
    if (handle->name != NULL) {
        qy_strlcpy(entry->name, handle->name, sizeof entry->name);
    }
    return 0;
}

static int grant_all(struct child *child, struct writer *writer)
{
    const struct qy_spawn_handle own[] = {
        {child->process, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_PROCESS, 0, NULL},
        {child->thread, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_THREAD, 0, NULL},
        {child->aspace, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_ASPACE, 0, NULL},
    };
    int error = 0;
    for (size_t i = 0; error == 0 && i < sizeof own / sizeof own[0]; i++) {
        error = grant(child, writer, &own[i]);
    }
    for (uint32_t i = 0; error == 0 && i < child->spawn->handle_count; i++) {
        error = grant(child, writer, &child->spawn->handles[i]);
    }
    return error;
}

static int arguments_write(struct writer *writer, const struct qy_spawn *spawn, uint32_t offset)
{
    for (uint32_t i = 0; i < spawn->argument_count; i++) {
        size_t size = strlen(spawn->arguments[i]) + 1;
        if (size > BOOTSTRAP_SIZE_MAX - offset - writer->strings_size) {
            return -E2BIG;
        }
        memcpy(writer->block + offset + writer->strings_size, spawn->arguments[i], size);
        writer->strings_size += (uint32_t)size;
    }
    return 0;
}

static int bootstrap_map(struct child *child, struct writer *writer, uint32_t strings_offset)
{
    uint64_t size_bytes = page_up(strings_offset + writer->strings_size);
    *(struct bootstrap *)(void *)writer->block = (struct bootstrap){
        .magic = BOOTSTRAP_MAGIC,
        .abi_version = ABI_VERSION,
        .size_bytes = (uint32_t)size_bytes,
        .handle_count = writer->handle_count,
        .argument_count = child->spawn->argument_count,
        .strings_offset = strings_offset,
        .strings_size = writer->strings_size,
        .tsc_hz = qy_tsc_hz(),
    };
    int64_t memory = qy_memory_create(child->spawn->job, size_bytes, 0);
    if (memory < 0) {
        return (int)memory;
    }
    int64_t address = memory_fill((handle_t)memory, size_bytes, 0, writer->block, size_bytes);
    if (address == 0) {
        address = qy_aspace_map(child->aspace, (handle_t)memory, 0, 0, size_bytes,
                                MAP_READ | MAP_FORK_SHARE);
    }
    (void)qy_handle_close((handle_t)memory); /* the mapping keeps the pages */
    child->bootstrap = (uint64_t)address;
    return address < 0 ? (int)address : 0;
}

static int bootstrap_write(struct child *child)
{
    struct writer *writer = qy_pages_map(sizeof *writer);
    if (writer == NULL) {
        return -ENOMEM;
    }
    int error = grant_all(child, writer);
    if (error == 0) {
        uint32_t offset = (uint32_t)(sizeof(struct bootstrap) +
                                     writer->handle_count * sizeof(struct bootstrap_handle));
        error = arguments_write(writer, child->spawn, offset);
        if (error == 0) {
            error = bootstrap_map(child, writer, offset);
        }
    }
    qy_pages_unmap(writer, sizeof *writer);
    return error;
}

/* --- the steps ----------------------------------------------------------------------------- */

static int child_build(struct child *child, const struct qy_elf *elf)
{
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        int error = segment_load(child, &elf->segments[i]);
        if (error < 0) {
            return error;
        }
    }
    int64_t stack = qy_stack_map(child->spawn->job, child->aspace, STACK_BYTES, false);
    if (stack < 0) {
        return (int)stack;
    }
    child->stack_top = (uint64_t)stack + STACK_BYTES;
    int64_t thread = qy_sys_thread_create(child->process);
    if (thread < 0) {
        return (int)thread;
    }
    child->thread = (handle_t)thread;
    int error = bootstrap_write(child);
    if (error < 0) {
        return error;
    }
    return (int)qy_thread_start(child->thread, elf->entry, child->stack_top, child->bootstrap);
}

static void handle_close_if(handle_t handle)
{
    if (handle != HANDLE_INVALID) {
        (void)qy_handle_close(handle);
    }
}

/* Handles to be moved are gone for the caller however the start ends. */
static void moved_handles_close(const struct qy_spawn *spawn)
{
    for (uint32_t i = 0; i < spawn->handle_count; i++) {
        if (spawn->handles[i].operation == HANDLE_MOVE) {
            (void)qy_handle_close(spawn->handles[i].handle); /* -EBADF if already granted */
        }
    }
}

int qy_spawn(const struct qy_spawn *spawn, handle_t *ret_process)
{
    struct qy_elf elf;
    int error = -EINVAL;
    if (spawn->handle_count <= QY_SPAWN_HANDLES_MAX &&
        spawn->argument_count <= QY_SPAWN_ARGUMENTS_MAX) {
        error = qy_elf_parse(spawn->image, spawn->image_bytes, &elf, NULL);
    }
    struct child child = {.spawn = spawn};
    if (error == 0) {
        struct qy_result made = qy_process_create(spawn->job, spawn->name, strlen(spawn->name));
        child.process = made.status > 0 ? (handle_t)made.status : HANDLE_INVALID;
        child.aspace = made.status > 0 ? made.second : HANDLE_INVALID;
        error = made.status > 0 ? child_build(&child, &elf) : (int)made.status;
    }
    if (error < 0) {
        if (child.process != HANDLE_INVALID) {
            (void)qy_process_kill(child.process); /* frees what was built */
        }
        moved_handles_close(spawn);
    }
    handle_close_if(child.thread);
    handle_close_if(child.aspace);
    if (error == 0 && ret_process != NULL) {
        *ret_process = child.process;
    } else {
        handle_close_if(child.process);
    }
    return error < 0 ? error : 0;
}
