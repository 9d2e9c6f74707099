/* SPDX-License-Identifier: MIT */
#include "exec.h"
#include <quay/handle.h>
#include <quay/heap.h>
#include <quay/memory.h>
#include <quay/text.h>
#include <quay/trace_name.h>
#include "call.h"
#include "fd.h"
#include "fpu.h"
#include "guest.h"
#include "memory.h"
#include "native.h"
#include "pages.h"
#include "process.h"
#include "program.h"
#include "signal.h"
#include "system.h"
#include "vfork.h"

#define SCRIPT_DEPTH_MAX 4
#define VIEW_MAX         (256 * 1024ul) /* fits beside the layer's data (pages.c) */
#define FLAGS_INITIAL    0x202ul
#define SIGNAL_FRAME     1024u /* beside the vector registers: AT_MINSIGSTKSZ */

/* A file and what it is. */
struct image {
    handle_t memory;
    uint64_t position, size; /* of the file in the memory */
    const uint8_t *view;     /* of a small one all; NULL: a part is mapped when it is read */
    uint64_t base;           /* where a movable one goes */
    struct posix_program program;
};

struct posix_exec {
    struct posix_arguments arguments;
    struct image main, interpreter; /* the latter's memory is 0: none */
    struct posix_native *native;    /* NULL: a guest */
    uint8_t head[POSIX_HEAD_BYTES];
    char path[LINUX_PATH_MAX];
    char interpreter_path[POSIX_INTERP_MAX + 1];
};

static POSIX_HEAD char program_path[LINUX_PATH_MAX]; /* of what runs */

const char *posix_program_path(void)
{
    return program_path;
}

static uint64_t page_down(uint64_t address)
{
    return address & ~(PAGE_SIZE - 1);
}

static uint64_t page_up(uint64_t address)
{
    return page_down(address + PAGE_SIZE - 1);
}

/* --- prepare --------------------------------------------------------------------------------- */

/* Bytes of the file, which may fail as its memory may. 0, or -EIO. */
static int64_t file_read(const struct image *image, uint64_t offset, void *to, size_t size)
{
    const uint64_t first = page_down(offset);
    const uint64_t mapped = page_up(offset + size) - first;
    void *view;
    int64_t status;

    if (image->view != NULL) {
        return posix_pages_copy(to, image->view + offset, size) < 0 ? -EIO : 0;
    }
    status = qy_memory_map(image->memory, image->position + first, mapped, MAP_READ, &view);
    if (status < 0) {
        return posix_error(status);
    }
    status = posix_pages_copy(to, (const uint8_t *)view + (offset - first), size);
    qy_pages_unmap(view, mapped);
    return status < 0 ? -EIO : 0;
}

static void view_open(struct image *image)
{
    void *view;

    if (image->size <= VIEW_MAX &&
        qy_memory_map(image->memory, image->position, page_up(image->size), MAP_READ, &view) == 0) {
        image->view = view;
    }
}

static void view_close(struct image *image)
{
    if (image->view != NULL) {
        qy_pages_unmap((void *)(uintptr_t)image->view, page_up(image->size));
        image->view = NULL;
    }
}

/* What was opened before this process began. */
static struct posix_program_file given;

void posix_exec_give(const struct posix_program_file *program)
{
    given = *program;
}

static int64_t image_open(struct image *image, const char *path, uint8_t *head)
{
    struct posix_program_file file = given;
    int64_t status = 0;

    given.memory = HANDLE_INVALID;
    if (file.memory == HANDLE_INVALID) {
        status = posix_file_program(path, &file);
    }

    if (status < 0) {
        return status;
    }
    image->position = file.position;
    image->size = file.size;
    status = qy_handle_dup(file.memory, RIGHTS_BASIC | RIGHT_READ | RIGHT_EXEC); /* not to write */
    (void)qy_handle_close(file.memory);                                          /* ours */
    if (status < 0) {
        return posix_error(status);
    }
    image->memory = (handle_t)status;
    if (image->size == 0) {
        return -ENOEXEC;
    }
    view_open(image);
    status =
        file_read(image, 0, head, image->size < POSIX_HEAD_BYTES ? image->size : POSIX_HEAD_BYTES);
    return status == 0 ? posix_program_parse(head, image->size, &image->program) : status;
}

static void image_close(struct image *image)
{
    view_close(image);
    if (image->memory != HANDLE_INVALID) {
        (void)qy_handle_close(image->memory); /* ours */
        image->memory = HANDLE_INVALID;
    }
}

/* The file is a script: it becomes its interpreter, with other arguments. */
static int64_t script_take(struct posix_exec *exec)
{
    const char *path, *option;
    int64_t status = posix_script_parse(
        exec->head, exec->main.size < POSIX_HEAD_BYTES ? exec->main.size : POSIX_HEAD_BYTES, &path,
        &option);

    image_close(&exec->main);
    if (status == 0) {
        status = posix_arguments_script(&exec->arguments, path, option, exec->path);
    }
    if (status == 0) {
        qy_strlcpy(exec->path, path, sizeof exec->path);
    }
    return status;
}

static int64_t main_open(struct posix_exec *exec)
{
    int64_t status = image_open(&exec->main, exec->path, exec->head);

    for (uint32_t depth = 0; status == -ENOEXEC && exec->main.memory != HANDLE_INVALID; depth++) {
        status = script_take(exec);
        if (status == 0) {
            status =
                depth < SCRIPT_DEPTH_MAX ? image_open(&exec->main, exec->path, exec->head) : -ELOOP;
        }
    }
    return status;
}

static int64_t interpreter_open(struct posix_exec *exec)
{
    const struct posix_program *program = &exec->main.program;
    int64_t status;

    if (!program->has_interp) {
        return 0;
    }
    status = file_read(&exec->main, program->interp_offset, exec->interpreter_path,
                       program->interp_size);
    if (status == 0 && exec->interpreter_path[program->interp_size - 1] != 0) {
        status = -ENOEXEC;
    }
    if (status == 0) {
        status = image_open(&exec->interpreter, exec->interpreter_path, exec->head);
    }
    if (status == 0 &&
        (!exec->interpreter.program.is_movable || exec->interpreter.program.has_interp)) {
        status = -ELIBBAD;
    }
    return status;
}

static void exec_free(struct posix_exec *exec)
{
    if (exec == NULL) {
        return;
    }
    image_close(&exec->main);
    image_close(&exec->interpreter);
    posix_arguments_free(&exec->arguments);
    posix_native_free(exec->native);
    qy_free(exec);
}

/* Opens and reads all. Takes the arguments. */
static int64_t exec_open(const char *path, struct posix_arguments *arguments,
                         struct posix_exec **ret_exec)
{
    struct posix_exec *exec = qy_alloc(sizeof *exec);
    int64_t status = 0;

    *ret_exec = exec;
    if (exec == NULL) {
        posix_arguments_free(arguments);
        return -ENOMEM;
    }
    memset(exec, 0, offsetof(struct posix_exec, head));
    exec->arguments = *arguments;
    *arguments = (struct posix_arguments){0};
    path = qy_streq(path, "/proc/self/exe") ? program_path : path;
    if (qy_strlcpy(exec->path, path, sizeof exec->path) >= sizeof exec->path) {
        status = -ENAMETOOLONG;
    }
    if (status == 0) {
        status = main_open(exec);
    }
    return status == 0 ? interpreter_open(exec) : status;
}

int64_t posix_exec_prepare(const char *path, struct posix_arguments *arguments,
                           struct posix_exec **ret_exec)
{
    struct posix_exec *exec;
    int64_t status = exec_open(path, arguments, &exec);

    if (status == 0 && exec->main.program.is_native) {
        status = posix_native_prepare(&exec->arguments, &exec->native);
    }
    if (status != 0) {
        exec_free(exec);
        return status;
    }
    *ret_exec = exec;
    return 0;
}

int64_t posix_exec_check(char *path, struct posix_arguments *arguments,
                         struct posix_program_file *ret_program)
{
    struct posix_exec *exec;
    const int64_t status = exec_open(path, arguments, &exec);

    if (status == 0) {
        *arguments = exec->arguments;
        exec->arguments = (struct posix_arguments){0};
        (void)qy_strlcpy(path, exec->path, LINUX_PATH_MAX); /* as long at most */
        *ret_program = (struct posix_program_file){
            .memory = exec->main.memory, .position = exec->main.position, .size = exec->main.size};
        exec->main.memory = HANDLE_INVALID;
    }
    exec_free(exec);
    return status;
}

/* --- commit ---------------------------------------------------------------------------------- */

static uint64_t segment_start(const struct image *image, const struct posix_segment *segment)
{
    return page_down(segment->address + image->base);
}

static uint64_t segment_end(const struct image *image, const struct posix_segment *segment)
{
    return page_up(segment->address + image->base + segment->memory_size);
}

/* Memory of its own, with the file's bytes, for `count` segments that follow each other: one memory
 * costs less than several. */
static int64_t segments_copy(const struct image *image, const struct posix_segment *segments,
                             uint32_t count)
{
    const uint64_t start = segment_start(image, &segments[0]);
    const uint64_t size = segment_end(image, &segments[count - 1]) - start;
    const uint32_t writable = LINUX_PROT_READ | LINUX_PROT_WRITE;
    int64_t status = posix_memory_map(start, size, writable, 0, HANDLE_INVALID, 0);

    for (uint32_t i = 0; status == 0 && i < count; i++) {
        if (segments[i].file_size > 0) {
            status = file_read(image, segments[i].offset,
                               (void *)(uintptr_t)(segments[i].address + image->base),
                               segments[i].file_size);
        }
    }
    if (status == 0 && segments[0].protection != writable) {
        status = posix_memory_protect(start, size, segments[0].protection);
    }
    return status;
}

static bool is_sharable(const struct posix_segment *segment)
{
    return (segment->protection & LINUX_PROT_WRITE) == 0 &&
           segment->memory_size == segment->file_size;
}

/* The file's own pages, if they can be mapped so and are all that there is. */
static int64_t segment_share(const struct image *image, const struct posix_segment *segment)
{
    const uint64_t start = segment_start(image, segment);

    if (!is_sharable(segment)) {
        return -EOPNOTSUPP;
    }
    return posix_memory_map(start, segment_end(image, segment) - start, segment->protection,
                            POSIX_RANGE_FILE, image->memory,
                            image->position + page_down(segment->offset));
}

/* How many of the segments from the first one on are copied together. */
static uint32_t segments_alike(const struct image *image, const struct posix_segment *first,
                               uint32_t most)
{
    uint32_t count = 1;

    while (count < most && !is_sharable(&first[count]) &&
           first[count].protection == first->protection &&
           segment_start(image, &first[count]) == segment_end(image, &first[count - 1])) {
        count++;
    }
    return count;
}

static int64_t image_load(struct image *image)
{
    const struct posix_segment *segments = image->program.segments;
    const uint32_t count = image->program.segment_count;
    int64_t status = 0;

    for (uint32_t i = 0, done = 1; status == 0 && i < count; i += done, done = 1) {
        if (segment_share(image, &segments[i]) != 0) {
            done = is_sharable(&segments[i]) ? 1 : segments_alike(image, &segments[i], count - i);
            status = segments_copy(image, &segments[i], done);
        }
    }
    return status;
}

static void random_fill(uint8_t bytes[16])
{
    uint64_t words[2] = {qy_syscall0(SYS_clock_read), 0};

    /* Where nobody gives random numbers the canary of the C library is only hard to guess. */
    __asm__ volatile("rdtsc\n\tshlq $32, %%rdx\n\torq %%rdx, %%rax" : "=a"(words[1]) : : "rdx");
    words[0] = words[0] * 0x9e3779b97f4a7c15ul ^ (uint64_t)qy_process_page()->pid << 40;
    words[1] *= 0xbf58476d1ce4e5b9ul;
    memcpy(bytes, words, sizeof words);
    posix_random_early(bytes, sizeof words);
}

static int64_t stack_make(const struct posix_exec *exec, uint64_t *ret_sp)
{
    const struct posix_program *program = &exec->main.program;
    struct posix_stack_info info = {
        .path = exec->path,
        .headers_address =
            program->headers_address != 0 ? program->headers_address + exec->main.base : 0,
        .header_count = program->header_count,
        .entry = program->entry + exec->main.base,
        .base = exec->interpreter.base,
        .hwcap = posix_cpu_features(),
        .minimum_signal_stack = posix_fpu_size() + SIGNAL_FRAME,
    };
    random_fill(info.random);
    const size_t size = posix_stack_size(&exec->arguments, &info);
    uint8_t *image = qy_alloc(size);
    int64_t status = image == NULL ? -ENOMEM : 0;

    if (status == 0) {
        status = posix_memory_make_stack(size);
    }
    if (status == 0) {
        posix_stack_write(image, size, POSIX_STACK_TOP, &exec->arguments, &info);
        status = guest_write(POSIX_STACK_TOP - size, image, size);
        *ret_sp = POSIX_STACK_TOP - size;
        qy_process_page()->arguments =
            POSIX_STACK_TOP - posix_stack_text_size(&exec->arguments, &info);
        qy_process_page()->arguments_bytes = posix_arguments_size(&exec->arguments);
    }
    qy_free(image);
    return status;
}

static void program_path_set(const char *path)
{
    uint32_t length = 0;

    if (path[0] != '/' && posix_fd_working() != HANDLE_INVALID &&
        qy_dir_where(posix_fd_working(), (uint8_t *)program_path, &length, DEADLINE_NEVER) == 0 &&
        length + 1 < sizeof program_path) {
        length -= length == 1; /* the root */
        program_path[length++] = '/';
    }
    qy_strlcpy(program_path + length, path, sizeof program_path - length);
}

/* What ps shows: the last part of the path. */
static void page_fill(const struct posix_exec *exec)
{
    struct process_page *page = qy_process_page();
    const char *name = exec->path;

    for (const char *at = exec->path; *at != 0; at++) {
        name = *at == '/' ? at + 1 : name;
    }
    qy_strlcpy(page->name, name, sizeof page->name);
    qy_trace_name(page->name);
    page->flags |= PROCESS_EXECUTED;
    program_path_set(exec->path);
}

static int64_t load(struct posix_exec *exec, uint64_t *ret_entry, uint64_t *ret_sp)
{
    struct image *interpreter = &exec->interpreter;
    struct posix_program *program = &exec->main.program;
    int64_t status;

    exec->main.base = program->is_movable ? POSIX_MOVABLE_BASE - program->low : 0;
    status = image_load(&exec->main);
    posix_memory_set_heap(program->high + exec->main.base);
    if (status == 0 && interpreter->memory != HANDLE_INVALID) {
        interpreter->base =
            posix_memory_room(interpreter->program.high - interpreter->program.low) -
            interpreter->program.low;
        status = image_load(interpreter);
    }
    if (status == 0 && exec->native == NULL) {
        status = stack_make(exec, ret_sp);
    }
    *ret_entry = interpreter->memory != HANDLE_INVALID
                     ? interpreter->program.entry + interpreter->base
                     : program->entry + exec->main.base;
    return status;
}

void posix_exec_commit(struct posix_exec *exec)
{
    struct posix_thread *self = posix_self();
    uint64_t entry, sp;

    posix_threads_end_others();
    posix_memory_clear();
    if (load(exec, &entry, &sp) != 0) {
        posix_process_end(PROCESS_EXIT_SIGNAL | LINUX_SIGKILL);
    }
    page_fill(exec);
    if (exec->native != NULL) {
        image_close(&exec->main);
        posix_native_run(exec->native, entry); /* does not return */
    }
    exec_free(exec);
    self->fs_base = 0;
    (void)qy_thread_set_base(0, 0); /* a good base */
    self->alternate = (struct linux_stack){0};
    self->id = (uint32_t)qy_process_page()->pid;
    posix_redirect()->registers =
        (struct thread_registers){.rip = entry, .rsp = sp, .rflags = FLAGS_INITIAL};
    self->is_replaced = true;
}

/* --- execve ---------------------------------------------------------------------------------- */

/* Appends the strings that a vector of the guest points to. */
static int64_t vector_read(struct posix_arguments *arguments, uint64_t vector, uint32_t *ret_count)
{
    uint64_t pointer;
    int64_t status = 0;

    *ret_count = 0;
    while (vector != 0) {
        const size_t room = POSIX_ARGUMENTS_MAX - arguments->size;
        int64_t length;
        char *to;

        if (guest_read(&pointer, vector, sizeof pointer) < 0) {
            return -EFAULT;
        }
        if (pointer == 0) {
            return 0;
        }
        for (size_t step = 256;; step *= 8) {
            const size_t size = step < room ? step : room;

            to = posix_arguments_grow(arguments, size, &status);
            if (to == NULL || size == 0) {
                return status != 0 ? status : -E2BIG;
            }
            length = guest_read_string(to, pointer, size);
            if (length != -ENAMETOOLONG) {
                break;
            }
            if (size == room) {
                return -E2BIG;
            }
        }
        if (length < 0) {
            return length;
        }
        arguments->size += (size_t)length + 1;
        ++*ret_count;
        vector += sizeof pointer;
    }
    return 0;
}

static int64_t execve(char *path, uint64_t argv, uint64_t envp)
{
    struct posix_arguments arguments = {0};
    struct posix_exec *exec;
    bool is_child = true;
    int64_t status = vector_read(&arguments, argv, &arguments.argument_count);

    if (status == 0 && arguments.argument_count == 0) { /* as Linux since 5.18 */
        arguments.argument_count = 1;
        status = posix_arguments_add(&arguments, "");
    }
    if (status == 0) {
        status = vector_read(&arguments, envp, &arguments.environment_count);
    }
    if (status != 0) {
        posix_arguments_free(&arguments);
        return status;
    }
    if (posix_is_lent) {
        status = posix_vfork_exec(path, &arguments, &is_child);
    }
    if (status == 0 && is_child) {
        status = posix_exec_prepare(path, &arguments, &exec);
    }
    if (status != 0 || !is_child) {
        return status;
    }
    posix_file_exec();
    posix_signal_exec();
    posix_fpu_reset();
    posix_exec_commit(exec);
    return 0;
}

int64_t posix_execve(uint64_t path, uint64_t argv, uint64_t envp)
{
    char *text = qy_alloc(LINUX_PATH_MAX);
    int64_t status;

    if (text == NULL) {
        return -ENOMEM;
    }
    status = guest_read_string(text, path, LINUX_PATH_MAX);
    if (status >= 0) {
        status = status == 0 ? -ENOENT : execve(text, argv, envp);
    }
    qy_free(text);
    return status;
}
