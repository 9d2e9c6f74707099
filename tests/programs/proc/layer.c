/* SPDX-License-Identifier: MIT */
#include "layer.h"
#include "../../../libsys/start.h"
#include <quay/clock.h>
#include <quay/futex.h>
#include <quay/process.h>
#include <quay/text.h>
#include <quay/thread.h>

QY_NORETURN void layer_start(struct process_page *page);

/* libsys wants one. */
int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    return 1;
}

QY_NORETURN void layer_exit(int64_t code)
{
    qy_process_exit(code);
}

static int64_t fork_call(uint64_t stack, void *argument)
{
    int32_t pid;
    (void)argument;
    int64_t status =
        qy_proc_fork(proc(), (uint64_t)(uintptr_t)qy_fork_begin, stack, 0, &pid, DEADLINE_NEVER);
    return status == 0 ? pid : status > 0 ? FORK_FAILED + status : status;
}

int64_t layer_fork(void)
{
    int64_t result = qy_fork_split(fork_call, NULL);
    if (result == 0) {
        qy_thread_self()->buffer = NULL; /* not inherited */
    }
    return result;
}

int64_t layer_wait(int32_t which, uint32_t options, int32_t *ret_status)
{
    struct process_page *page = qy_process_page();
    uint64_t cpu_ns, memory_bytes;
    for (;;) {
        uint32_t seen = __atomic_load_n(&page->children, __ATOMIC_SEQ_CST);
        int32_t pid;
        int64_t status = qy_proc_wait(proc(), which, options & ~WAIT_NOHANG, &pid, ret_status,
                                      &cpu_ns, &memory_bytes, DEADLINE_NEVER);
        if (status == -EINTR) {
            continue; /* taken back before proc had it */
        }
        if (status != 0 || pid != 0 || (options & WAIT_NOHANG) != 0) {
            return status == 0 ? pid : status > 0 ? -status : status;
        }
        (void)__atomic_fetch_add(&page->waiting, 1, __ATOMIC_SEQ_CST);
        status = qy_futex_wait(&page->children, seen, DEADLINE_NEVER);
        (void)__atomic_fetch_sub(&page->waiting, 1, __ATOMIC_SEQ_CST);
        if (status == -EINTR) {
            return -EINTR;
        }
    }
}

static char *text_put(char *at, const char *text)
{
    size_t size = strlen(text) + 1;
    memcpy(at, text, size);
    return at + size;
}

int64_t layer_spawn(handle_t session, uint32_t flags, int32_t pgid, const char *what)
{
    static _Alignas(8) uint8_t block[512];
    struct process_start *start = (struct process_start *)(void *)block;
    *start = (struct process_start){.magic = PROCESS_START_MAGIC};
    start->size_bytes = (uint32_t)(text_put((char *)(start + 1), what) - (char *)start);
    int32_t pid;
    int64_t status =
        qy_proc_spawn(session, flags, pgid, start, start->size_bytes, HANDLE_INVALID,
                      HANDLE_INVALID, HANDLE_INVALID, HANDLE_INVALID, HANDLE_INVALID,
                      HANDLE_INVALID, HANDLE_INVALID, HANDLE_INVALID, &pid, DEADLINE_NEVER);
    return status == 0 ? pid : status > 0 ? FORK_FAILED + status : status;
}

uint32_t layer_signal_wait(uint64_t set)
{
    struct process_page *page = qy_process_page();
    for (;;) {
        uint64_t found = __atomic_load_n(&page->pending, __ATOMIC_SEQ_CST) & set;
        if (found != 0) {
            uint32_t number = (uint32_t)__builtin_ctzl(found) + 1;
            (void)__atomic_fetch_and(&page->pending, ~(1ul << (number - 1)), __ATOMIC_SEQ_CST);
            return number;
        }
        (void)qy_thread_sleep(qy_deadline_after(10 * QY_MILLISECOND)); /* a kick ends it */
    }
}

static void command_run(const char *what)
{
    uint64_t number = 0;
    const char *at = what;
    while (*at != 0 && *at != ' ') {
        at++;
    }
    size_t length = (size_t)(at - what);
    (void)qy_parse_u64(*at == ' ' ? at + 1 : "0", &number); /* we wrote it ourselves */
    if (length == 5 && memcmp(what, "suite", 5) == 0) {
        suite();
    } else if (length == 4 && memcmp(what, "exit", 4) == 0) {
        layer_exit((int64_t)number);
    } else if (length == 5 && memcmp(what, "fault", 5) == 0) {
        *(volatile uint32_t *)(uintptr_t)number = 1;
    }
    for (;;) { /* "sleep" */
        (void)qy_thread_sleep(DEADLINE_NEVER);
    }
}

QY_NORETURN void layer_start(struct process_page *page)
{
    struct qy_thread *self = qy_thread_self(); /* all zero: nothing has used the stack */
    self->self = self;
    self->handle = page->thread;
    const struct process_start *start =
        (const struct process_start *)(const void *)((const uint8_t *)page + PAGE_SIZE);
    const char *what = (const char *)(start + 1);
    if (what[0] == 'b') {                                           /* "bad": no program */
        (void)qy_proc_start_failed(proc(), EINVAL, DEADLINE_NEVER); /* it ends us */
    } else if (what[0] == 'd') {                                    /* "dies" while it starts */
        layer_exit(1);
    }
    (void)qy_proc_started(proc(), DEADLINE_NEVER); /* always answered */
    command_run(what);
    layer_exit(0);
}
