/* SPDX-License-Identifier: MIT */
#include "native.h"
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/heap.h>
#include <quay/memory.h>
#include <quay/process_page.h>
#include <quay/text.h>
#include <quay/thread.h>
#include "../stack.h"
#include "linux.h"
#include "process.h"

#define STACK_BYTES (64 * 1024ul)
#define FILES_MAX   64u
#define HANDLES_MAX (8u + FILES_MAX)

struct posix_native {
    struct bootstrap *block; /* BOOTSTRAP_SIZE_MAX */
    handle_t thread;
    uint64_t stack; /* lowest address */
};

int64_t posix_native_prepare(const struct posix_arguments *arguments,
                             struct posix_native **ret_native)
{
    const size_t offset = sizeof(struct bootstrap) + HANDLES_MAX * sizeof(struct bootstrap_handle);
    struct posix_native *native;
    int64_t thread, stack;

    if (arguments->size > BOOTSTRAP_SIZE_MAX - offset) {
        return -E2BIG;
    }
    native = qy_alloc_zeroed(1, sizeof *native);
    if (native == NULL) {
        return -ENOMEM;
    }
    native->block = qy_pages_map(BOOTSTRAP_SIZE_MAX);
    thread = qy_sys_thread_create(qy_self_process());
    native->thread = thread > 0 ? (handle_t)thread : HANDLE_INVALID;
    stack = qy_stack_map(qy_self_job(), qy_self_aspace(), STACK_BYTES, true);
    native->stack = stack > 0 ? (uint64_t)stack : 0;
    if (native->block == NULL || thread < 0 || stack < 0) {
        posix_native_free(native);
        return -ENOMEM;
    }
    *native->block = (struct bootstrap){
        .magic = BOOTSTRAP_MAGIC,
        .abi_version = ABI_VERSION,
        .size_bytes = BOOTSTRAP_SIZE_MAX,
        .argument_count = arguments->argument_count,
        .environment_count = arguments->environment_count,
        .strings_offset = (uint32_t)offset,
        .strings_size = (uint32_t)arguments->size,
        .tsc_hz = qy_tsc_hz(),
    };
    memcpy((uint8_t *)native->block + offset, arguments->strings, arguments->size);
    *ret_native = native;
    return 0;
}

void posix_native_free(struct posix_native *native)
{
    if (native == NULL) {
        return;
    }
    if (native->block != NULL) {
        qy_pages_unmap(native->block, BOOTSTRAP_SIZE_MAX);
    }
    if (native->thread != HANDLE_INVALID) {
        (void)qy_handle_close(native->thread); /* ours, never started */
    }
    if (native->stack != 0) {
        (void)qy_aspace_unmap(qy_self_aspace(), native->stack - PAGE_SIZE,
                              STACK_BYTES + PAGE_SIZE); /* ours */
    }
    qy_free(native);
}

static void give(struct bootstrap *block, uint32_t kind, const char *name, handle_t handle,
                 uint64_t value)
{
    struct bootstrap_handle *handles = (struct bootstrap_handle *)(block + 1);
    struct bootstrap_handle *given = &handles[block->handle_count];

    if (handle == HANDLE_INVALID || block->handle_count == HANDLES_MAX) {
        return;
    }
    *given = (struct bootstrap_handle){.handle = handle, .kind = kind, .value = value};
    qy_strlcpy(given->name, name, sizeof given->name);
    block->handle_count++;
}

QY_NORETURN void posix_native_run(struct posix_native *native, uint64_t entry)
{
    struct process_page *page = qy_process_page();
    struct bootstrap *block = native->block;
    handle_t root, working, file;

    posix_file_directories(&root, &working);
    give(block, BOOTSTRAP_PROCESS, "", page->process, 0);
    give(block, BOOTSTRAP_THREAD, "", native->thread, 0);
    give(block, BOOTSTRAP_ASPACE, "", page->aspace, 0);
    give(block, BOOTSTRAP_JOB, "", page->job, 0);
    give(block, BOOTSTRAP_SESSION, "proc", page->proc, (uint64_t)page->pid);
    give(block, BOOTSTRAP_SESSION, "names", qy_bootstrap_handle(BOOTSTRAP_SESSION, "names"), 0);
    give(block, BOOTSTRAP_SESSION, "root", root, 0);
    give(block, BOOTSTRAP_SESSION, "cwd", working, 0);
    for (int number = posix_file_next(0, &file); number >= 0;
         number = posix_file_next(number + 1, &file)) {
        give(block, BOOTSTRAP_FILE, "", file, (uint64_t)number);
    }
    (void)qy_aspace_protect(page->aspace, (uint64_t)(uintptr_t)block, BOOTSTRAP_SIZE_MAX,
                            MAP_READ); /* ours */
    (void)qy_thread_redirect(false);   /* it did */
    if (qy_thread_start(native->thread, entry, native->stack + STACK_BYTES,
                        (uint64_t)(uintptr_t)block) < 0) {
        posix_process_end(PROCESS_EXIT_SIGNAL | LINUX_SIGKILL);
    }
    qy_thread_exit();
}
