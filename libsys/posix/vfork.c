/* SPDX-License-Identifier: MIT */
#include "vfork.h"
#include <idl/proc.h>
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/heap.h>
#include <quay/text.h>
#include "call.h"
#include "exec.h"
#include "fd.h"
#include "fpu.h"
#include "memory.h"
#include "pages.h"
#include "path.h"
#include "process.h"
#include "signal.h"

/* Calls that a child without a process can make: they change memory, or what is put aside. */
static const bool is_served[POSIX_CALL_COUNT] = {
    [POSIX_CALL_read] = true,          [POSIX_CALL_write] = true,
    [POSIX_CALL_open] = true,          [POSIX_CALL_close] = true,
    [POSIX_CALL_stat] = true,          [POSIX_CALL_fstat] = true,
    [POSIX_CALL_lstat] = true,         [POSIX_CALL_lseek] = true,
    [POSIX_CALL_mmap] = true,          [POSIX_CALL_mprotect] = true,
    [POSIX_CALL_munmap] = true,        [POSIX_CALL_brk] = true,
    [POSIX_CALL_rt_sigaction] = true,  [POSIX_CALL_rt_sigprocmask] = true,
    [POSIX_CALL_pread64] = true,       [POSIX_CALL_pwrite64] = true,
    [POSIX_CALL_readv] = true,         [POSIX_CALL_writev] = true,
    [POSIX_CALL_access] = true,        [POSIX_CALL_pipe] = true,
    [POSIX_CALL_madvise] = true,       [POSIX_CALL_dup] = true,
    [POSIX_CALL_dup2] = true,          [POSIX_CALL_execve] = true,
    [POSIX_CALL_uname] = true,         [POSIX_CALL_getcwd] = true,
    [POSIX_CALL_chdir] = true,         [POSIX_CALL_fchdir] = true,
    [POSIX_CALL_readlink] = true,      [POSIX_CALL_umask] = true,
    [POSIX_CALL_gettimeofday] = true,  [POSIX_CALL_getuid] = true,
    [POSIX_CALL_getgid] = true,        [POSIX_CALL_geteuid] = true,
    [POSIX_CALL_getegid] = true,       [POSIX_CALL_setuid] = true,
    [POSIX_CALL_setgid] = true,        [POSIX_CALL_setreuid] = true,
    [POSIX_CALL_setregid] = true,      [POSIX_CALL_getgroups] = true,
    [POSIX_CALL_setgroups] = true,     [POSIX_CALL_setresuid] = true,
    [POSIX_CALL_getresuid] = true,     [POSIX_CALL_setresgid] = true,
    [POSIX_CALL_getresgid] = true,     [POSIX_CALL_chroot] = true,
    [POSIX_CALL_clock_gettime] = true, [POSIX_CALL_openat] = true,
    [POSIX_CALL_newfstatat] = true,    [POSIX_CALL_readlinkat] = true,
    [POSIX_CALL_faccessat] = true,     [POSIX_CALL_dup3] = true,
    [POSIX_CALL_pipe2] = true,         [POSIX_CALL_getrandom] = true,
    [POSIX_CALL_close_range] = true,   [POSIX_CALL_faccessat2] = true,
};

static struct {
    struct thread_registers registers; /* of the parent, at the call */
    qy_proc_spawn_flags_t flags;       /* what the child asked for */
    uint32_t mask;                     /* umask */
} parent;

static POSIX_LARGE struct posix_fpu parent_fpu;

bool posix_is_lent;

static bool is_other(struct posix_thread *thread, void *context)
{
    *(bool *)context |= thread != posix_self();
    return false;
}

static bool has_other_threads(void)
{
    bool has_others = false;

    (void)posix_thread_visit(0, is_other, &has_others); /* there is one, who calls */
    return has_others;
}

static uint32_t mask_now(void)
{
    return 0777 ^ posix_mode(0777);
}

int64_t posix_vfork_begin(uint64_t stack)
{
    if (posix_is_lent || has_other_threads() || !posix_fd_lend()) {
        return posix_process_copy(LINUX_CLONE_VFORK, stack, 0, 0, 0);
    }
    parent.registers = posix_redirect()->registers;
    parent.flags = 0;
    parent.mask = mask_now();
    posix_fpu_save(&parent_fpu);
    posix_signal_lend();
    posix_is_lent = true;
    posix_memory_watch(true);
    if (stack != 0) {
        posix_redirect()->registers.rsp = stack;
    }
    return 0;
}

/* The parent's vfork returns. */
static void parent_resume(int64_t result)
{
    posix_is_lent = false;
    posix_memory_watch(false);
    posix_fd_return();
    (void)posix_umask(parent.mask);
    posix_fpu_load(&parent_fpu);
    posix_redirect()->registers = parent.registers;
    posix_redirect()->registers.rax = (uint64_t)result;
    posix_self()->is_replaced = true;
    posix_signal_return();
}

bool posix_vfork_split(void)
{
    const int64_t pid = posix_process_copy(0, 0, 0, 0, 0);

    if (pid != 0) {
        parent_resume(pid);
        return false;
    }
    posix_is_lent = false;
    posix_memory_watch(false);
    posix_fd_keep();
    posix_signal_keep();
    if (parent.flags != 0) {
        (void)qy_proc_group_set(qy_process_page()->proc, 0, 0, DEADLINE_NEVER); /* as it was told */
    }
    return true;
}

/* A group of its own can be made later as well. */
static bool group_note(const struct thread_registers *r)
{
    if (r->rax != POSIX_CALL_setpgid || (uint32_t)r->rdi != 0 || (uint32_t)r->rsi != 0) {
        return false;
    }
    parent.flags = QY_PROC_SPAWN_FLAGS_GROUP;
    return true;
}

static bool can_serve(const struct thread_registers *r)
{
    if (r->rax == POSIX_CALL_fcntl) {
        return r->rsi <= LINUX_F_SETFL || r->rsi == LINUX_F_DUPFD_CLOEXEC;
    }
    return r->rax < POSIX_CALL_COUNT && is_served[r->rax];
}

int64_t posix_vfork_serve(const struct thread_registers *r)
{
    if (group_note(r)) {
        return 0;
    }
    if (!can_serve(r) && !posix_vfork_split()) {
        return 0; /* the parent's registers are set */
    }
    return posix_call_serve(r);
}

/* --- execve ---------------------------------------------------------------------------------- */

struct spawning {
    struct process_start *start;
    handle_t handles[PROCESS_HANDLES_MAX];
    uint32_t count;
};

static bool give(struct spawning *spawning, handle_t handle, const struct process_start_file *file)
{
    if (handle == HANDLE_INVALID) {
        return true;
    }
    if (spawning->count == PROCESS_HANDLES_MAX) {
        return false;
    }
    spawning->handles[spawning->count] = handle;
    spawning->start->files[spawning->count++] = *file;
    return true;
}

/* False: there are more handles than a spawn takes. */
static bool handles_give(struct spawning *spawning)
{
    const handle_t names = qy_bootstrap_handle(BOOTSTRAP_SESSION, "names");
    struct posix_fd fd;
    bool fits =
        give(spawning, posix_fd_root(), &(struct process_start_file){PROCESS_FILE_ROOT, 0, 0, 0}) &&
        give(spawning, posix_fd_working(),
             &(struct process_start_file){PROCESS_FILE_DIRECTORY, 0, 0, 0}) &&
        give(spawning, names, &(struct process_start_file){PROCESS_FILE_NAMES, 0, 0, 0});

    for (int i = posix_fd_next(0, &fd); fits && i >= 0; i = posix_fd_next((uint64_t)i + 1, &fd)) {
        const struct process_start_file file = {i, (uint32_t)fd.kind << PROCESS_FILE_KIND_SHIFT,
                                                fd.open, 0};

        fits =
            fd.close_on_exec || (fd.handle != HANDLE_INVALID && give(spawning, fd.handle, &file));
    }
    for (uint32_t i = spawning->count; i < PROCESS_HANDLES_MAX; i++) {
        spawning->start->files[i].number = PROCESS_FILE_NONE;
    }
    return fits;
}

static struct process_start *start_make(const char *path, const struct posix_arguments *arguments)
{
    const size_t length = strlen(path) + 1;
    const size_t size = sizeof(struct process_start) + length + arguments->size;
    struct process_start *start = size <= PROCESS_START_MAX ? qy_alloc(size) : NULL;

    if (start != NULL) {
        *start = (struct process_start){
            .magic = PROCESS_START_MAGIC,
            .size_bytes = (uint32_t)size,
            .argument_count = arguments->argument_count,
            .environment_count = arguments->environment_count,
            .blocked = posix_self()->mask,
            .ignored = posix_signal_ignored(),
            .mask = PROCESS_START_MASK | mask_now(),
        };
        memcpy(start + 1, path, length);
        memcpy((uint8_t *)(start + 1) + length, arguments->strings, arguments->size);
    }
    return start;
}

/* -EAGAIN: not so, but perhaps by a process of its own. */
static int64_t spawn(const char *path, const struct posix_arguments *arguments,
                     const struct posix_program_file *program, int32_t *ret_pid)
{
    const struct process_start_file file = {PROCESS_FILE_PROGRAM, 0, 0, 0};
    struct spawning spawning = {.start = start_make(path, arguments)};
    struct process_start *start = spawning.start;
    const handle_t *h = spawning.handles;
    int64_t status = -EAGAIN;

    if (start != NULL && handles_give(&spawning)) {
        start->program_position = program->position;
        start->program_size = program->size;
        (void)give(&spawning, program->memory, &file); /* else it opens it itself */
        do {
            status = qy_proc_spawn(qy_process_page()->proc, parent.flags, 0, start,
                                   start->size_bytes, h[0], h[1], h[2], h[3], h[4], h[5], h[6],
                                   h[7], ret_pid, DEADLINE_NEVER);
        } while (status == -EINTR);
    }
    qy_free(spawning.start);
    return posix_error(status);
}

int64_t posix_vfork_exec(char *path, struct posix_arguments *arguments, bool *ret_is_child)
{
    struct posix_program_file program;
    int32_t pid;
    int64_t status = posix_exec_check(path, arguments, &program);

    *ret_is_child = false;
    if (status == 0) {
        status = spawn(path, arguments, &program, &pid);
        (void)qy_handle_close(program.memory); /* ours */
        if (status == -EAGAIN) {
            *ret_is_child = posix_vfork_split();
            status = 0;
        } else if (status == 0) {
            parent_resume(pid);
        }
    }
    if (!*ret_is_child) {
        posix_arguments_free(arguments);
    }
    return status;
}
