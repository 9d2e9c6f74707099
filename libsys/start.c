/* SPDX-License-Identifier: MIT */
#include "start.h"
#include <quay/process.h>
#include <quay/system.h>
#include <quay/text.h>

static struct {
    const struct bootstrap *block;
    handle_t process, aspace, job;
    const char *name;
    char *arguments[QY_ARGUMENTS_MAX + 1];
} start_state = {.name = "?"};

QY_NORETURN void qy_fatal(const char *what)
{
    qy_log("%s", what);
    qy_process_exit(127);
}

static int arguments_collect(const struct bootstrap *block)
{
    uint32_t count = block->argument_count;
    if (count > QY_ARGUMENTS_MAX) {
        count = QY_ARGUMENTS_MAX;
    }
    /* SAFETY: main's arguments are not const by custom; the block is mapped read-only. */
    char *string = (char *)(uintptr_t)block + block->strings_offset;
    for (uint32_t i = 0; i < count; i++) {
        start_state.arguments[i] = string;
        string += strlen(string) + 1;
    }
    return (int)count;
}

QY_NORETURN void qy_start(const struct bootstrap *block)
{
    struct qy_thread *self = qy_thread_self(); /* all zero: nothing has used the stack */
    self->self = self;

    /* Whoever made the block mapped at least the page that we can read its size from. */
    if (block == NULL || (uintptr_t)block % PAGE_SIZE != 0 ||
        !qy_bootstrap_valid(block, BOOTSTRAP_SIZE_MAX)) {
        qy_fatal("the bootstrap block is not sound");
    }
    start_state.block = block;
    start_state.process = qy_bootstrap_handle(BOOTSTRAP_PROCESS, NULL);
    start_state.aspace = qy_bootstrap_handle(BOOTSTRAP_ASPACE, NULL);
    start_state.job = qy_bootstrap_handle(BOOTSTRAP_JOB, NULL);
    self->handle = qy_bootstrap_handle(BOOTSTRAP_THREAD, NULL);
    int argument_count = arguments_collect(block);
    if (argument_count > 0) {
        start_state.name = start_state.arguments[0];
    }
    qy_process_exit(main(argument_count, start_state.arguments));
}

void qy_start_again(handle_t process, handle_t aspace, handle_t thread)
{
    struct qy_thread *self = qy_thread_self();
    start_state.process = process;
    start_state.aspace = aspace;
    self->handle = thread;
    self->buffer = NULL; /* not inherited */
}

const char *qy_program_name(void)
{
    return start_state.name;
}

handle_t qy_bootstrap_handle(uint32_t kind, const char *name)
{
    const struct bootstrap_handle *found = qy_bootstrap_lookup(start_state.block, kind, name);
    return found != NULL ? found->handle : HANDLE_INVALID;
}

const struct bootstrap_handle *qy_bootstrap_at(uint32_t index)
{
    const struct bootstrap *block = start_state.block;
    const struct bootstrap_handle *handles = (const struct bootstrap_handle *)(block + 1);
    return index < block->handle_count ? &handles[index] : NULL;
}

const char *qy_bootstrap_environment(uint32_t index)
{
    const struct bootstrap *block = start_state.block;
    const char *string = (const char *)block + block->strings_offset;
    if (index >= block->environment_count) {
        return NULL;
    }
    for (uint32_t i = 0; i < block->argument_count + index; i++) {
        string += strlen(string) + 1;
    }
    return string;
}

uint64_t qy_bootstrap_value(uint32_t kind, const char *name)
{
    const struct bootstrap_handle *found = qy_bootstrap_lookup(start_state.block, kind, name);
    return found != NULL ? found->value : 0;
}

uint64_t qy_tsc_hz(void)
{
    return start_state.block->tsc_hz;
}

handle_t qy_self_process(void)
{
    return start_state.process;
}

handle_t qy_self_aspace(void)
{
    return start_state.aspace;
}

handle_t qy_self_job(void)
{
    return start_state.job;
}
