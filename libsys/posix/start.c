/* SPDX-License-Identifier: MIT */
/*
 * The first instructions of a process, in place of libsys's own: the layer gets no bootstrap block
 * but the process page and the start block behind it (<quay/process_start.h>).
 */
#include "../start.h"
#include <idl/proc.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/process.h>
#include <quay/system.h>
#include <quay/text.h>
#include "access.h"
#include "exec.h"
#include "memory.h"
#include "process.h"
#include "thread.h"

static handle_t names_session;

QY_NORETURN void posix_process_end(uint32_t code)
{
    qy_process_exit(code);
}

QY_NORETURN void posix_panic(const char *what)
{
    qy_fatal(what);
}

/* --- what libsys asks for -------------------------------------------------------------------- */

QY_NORETURN void qy_fatal(const char *what)
{
    qy_log("%s", what);
    posix_process_end(127);
}

QY_NORETURN void qy_start(const struct bootstrap *block)
{
    (void)block;
    qy_fatal("started as a program of Quay");
}

void qy_start_again(handle_t process, handle_t aspace, handle_t thread)
{
    (void)process; /* they stand in the process page */
    (void)aspace;
    (void)thread;
}

const char *qy_program_name(void)
{
    return qy_process_page()->name;
}

handle_t qy_bootstrap_handle(uint32_t kind, const char *name)
{
    const bool is_names = kind == BOOTSTRAP_SESSION && name != NULL && qy_streq(name, "names");

    return is_names ? names_session : HANDLE_INVALID;
}

const struct bootstrap_handle *qy_bootstrap_at(uint32_t index)
{
    (void)index;
    return NULL;
}

uint64_t qy_bootstrap_value(uint32_t kind, const char *name)
{
    (void)kind;
    (void)name;
    return 0;
}

uint64_t qy_tsc_hz(void)
{
    return 0;
}

handle_t qy_self_process(void)
{
    return qy_process_page()->process;
}

handle_t qy_self_aspace(void)
{
    return qy_process_page()->aspace;
}

handle_t qy_self_job(void)
{
    return qy_process_page()->job;
}

/* --- start ----------------------------------------------------------------------------------- */

/* How many strings, each with its zero, lie in [text, end): their end, or NULL. */
static const char *strings_skip(const char *text, const char *end, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const size_t length = qy_strnlen(text, (size_t)(end - text));

        if (length == (size_t)(end - text)) {
            return NULL;
        }
        text += length + 1;
    }
    return text;
}

static int64_t arguments_take(const struct process_start *start, size_t mapped,
                              struct posix_arguments *ret_arguments)
{
    const char *path = (const char *)(start + 1);
    const char *end = (const char *)start + start->size_bytes;
    const char *first, *behind;
    int64_t error = 0;
    char *to;

    if (mapped < sizeof *start || start->magic != PROCESS_START_MAGIC ||
        start->size_bytes > mapped || start->size_bytes < sizeof *start) {
        return -EINVAL;
    }
    first = strings_skip(path, end, 1);
    behind = first == NULL ? NULL : strings_skip(first, end, start->argument_count);
    behind = behind == NULL ? NULL : strings_skip(behind, end, start->environment_count);
    if (behind == NULL) {
        return -EINVAL;
    }
    ret_arguments->argument_count = start->argument_count;
    ret_arguments->environment_count = start->environment_count;
    to = posix_arguments_grow(ret_arguments, (size_t)(behind - first), &error);
    if (to != NULL) {
        memcpy(to, first, (size_t)(behind - first));
        ret_arguments->size = (size_t)(behind - first);
    }
    return error;
}

static void handles_find(const struct process_start *start)
{
    for (uint32_t i = 0; i < PROCESS_HANDLES_MAX; i++) {
        const handle_t handle = qy_process_page()->handles[i];

        if (start->files[i].number == PROCESS_FILE_NAMES) {
            names_session = handle;
        } else if (start->files[i].number == PROCESS_FILE_PROGRAM) {
            posix_exec_give(&(struct posix_program_file){
                .memory = handle,
                .position = start->program_position,
                .size = start->program_size,
            });
        }
    }
}

static int64_t begin(const struct process_page *page, const struct process_start *start)
{
    struct posix_arguments arguments = {0};
    struct posix_exec *exec;
    int64_t status = posix_thread_begin(page->thread, (uint32_t)page->pid);

    if (status == 0) {
        status = arguments_take(start, page->start_bytes, &arguments);
    }
    if (status != 0) {
        return status;
    }
    handles_find(start);
    posix_process_start(start);
    posix_file_start(start);
    status = posix_exec_prepare((const char *)(start + 1), &arguments, &exec);
    if (status == 0) {
        (void)qy_proc_started(page->proc, DEADLINE_NEVER); /* who waited may be gone */
        posix_exec_commit(exec);
    }
    return status;
}

/* Called by entry.S on the first stack, which ends with the thread's records. */
void posix_main(const struct process_page *page)
{
    const struct process_start *start = (const void *)((const uint8_t *)page + PAGE_SIZE);
    int64_t status = -EINVAL;

    if (page->magic == PROCESS_PAGE_MAGIC) {
        status = begin(page, start);
    }
    if (status < 0) {
        (void)qy_proc_start_failed(page->proc, (uint32_t)-status, DEADLINE_NEVER);
        posix_process_end(127);
    }
    posix_self()->is_replaced = false; /* that was no call of the guest's */
    (void)qy_thread_resume();          /* does not return */
    posix_panic("thread_resume came back");
}
