/* SPDX-License-Identifier: MIT */
#include "target.h"
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process.h>
#include <quay/process_page.h>
#include <quay/system.h>
#include <quay/text.h>
#include <quay/thread.h>

/* A thread that runs on another CPU stops soon. */
#define STOP_TRIES 20
#define STOP_NS    1000000

/* --- memory -------------------------------------------------------------------------------- */

bool target_read(void *context, uint64_t address, void *to, size_t size_bytes)
{
    const struct target *target = context;
    uint8_t *bytes = to;
    while (size_bytes > 0) {
        int64_t count = qy_process_read(target->process, address, bytes, size_bytes);
        if (count <= 0) {
            return false;
        }
        address += (uint64_t)count;
        bytes += count;
        size_bytes -= (size_t)count;
    }
    return true;
}

/* The first mapping that ends above the address. */
static bool mapping_next(const struct target *target, uint64_t address, struct core_segment *ret)
{
    struct qy_result found = qy_process_mapping(target->process, address);
    if (found.status < 0 || found.second <= (uint64_t)found.status) {
        return false;
    }
    *ret = (struct core_segment){
        .address = (uint64_t)found.status,
        .size_bytes = found.second - (uint64_t)found.status,
        .map_flags = (uint32_t)found.third & (MAP_READ | MAP_WRITE | MAP_EXEC),
    };
    return true;
}

const struct image *target_image(const struct target *target, uint64_t address)
{
    for (uint32_t i = 0; i < target->image_count; i++) {
        const struct image *image = &target->images[i];
        if (address >= image->base && address < image->end) {
            return image;
        }
    }
    return NULL;
}

static void images_find(struct target *target, const struct symbols *symbols)
{
    struct core_segment mapping;
    uint64_t address = 0;
    for (uint32_t i = 0; i < CORE_SEGMENTS_MAX && target->image_count < CORE_IMAGES_MAX &&
                         mapping_next(target, address, &mapping);
         i++) {
        struct image *image = &target->images[target->image_count];
        address = mapping.address + mapping.size_bytes;
        if ((mapping.map_flags & MAP_WRITE) == 0 && target_image(target, mapping.address) == NULL &&
            image_look(image, mapping.address, symbols, target_read, target)) {
            target->image_count++;
        }
    }
}

/* --- who it is ----------------------------------------------------------------------------- */

static uint32_t exception_signal(const struct exception_message *exception)
{
    static const uint8_t signals[] = {
        [EXCEPTION_DIVIDE] = 8,
        [EXCEPTION_DEBUG] = 5,
        [EXCEPTION_BREAKPOINT] = 5,
        [EXCEPTION_OPCODE] = 4,
        [16] = 8,
        [19] = 8,
    };
    uint32_t kind = exception->kind;
    return kind < sizeof signals && signals[kind] != 0 ? signals[kind] : 11;
}

static void name_find(struct target *target, handle_t resource)
{
    koid_t koid = target->exception.process;
    struct qy_result result = qy_system_info(resource, SYSTEM_PROCESSES, koid);
    const struct system_process *record = (const void *)qy_buffer()->payload;
    bool is_found = result.status > 0 && record->koid == koid;
    (void)qy_strlcpy(target->name, is_found ? record->name : "?", sizeof target->name);
}

/* The process wrote it: for files and the log it must be harmless. */
static bool is_name(const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '/') {
            return false;
        }
    }
    return length > 0 && text[0] != '.';
}

/* A program of the POSIX layer: the layer says in the page what it had done when it was ended by a
 * signal, and stumbles itself. */
static void posix_look(struct target *target)
{
    struct process_page page;
    struct thread_registers *registers = &target->exception.registers;
    size_t head = offsetof(struct process_page, info);
    if (!target_read(target, PROCESS_PAGE, &page, head) || page.magic != PROCESS_PAGE_MAGIC) {
        return;
    }
    target->is_posix = true;
    target->pid = page.pid;
    page.name[sizeof page.name - 1] = 0;
    if (is_name(page.name)) {
        (void)qy_strlcpy(target->name, page.name, sizeof target->name); /* it fits */
    }
    if (target->exception.kind == EXCEPTION_OPCODE && page.fatal_signal > 0 &&
        page.fatal_signal <= PROCESS_SIGNAL_COUNT &&
        target_read(target, page.fatal_registers, registers,
                    offsetof(struct thread_registers, fs_base))) {
        target->signal = page.fatal_signal;
    }
}

bool target_open(struct target *target, handle_t port, uint64_t token,
                 const struct exception_message *exception, handle_t resource,
                 const struct symbols *symbols)
{
    *target = (struct target){.exception = *exception};
    int64_t process = qy_exception_process(port, token);
    if (process < 0) {
        return false;
    }
    target->process = (handle_t)process;
    target->pid = (int32_t)exception->process;
    name_find(target, resource);
    posix_look(target);
    images_find(target, symbols);
    return true;
}

void target_close(struct target *target)
{
    (void)qy_handle_close(target->process);
    target->process = HANDLE_INVALID;
}

/* --- what goes into a core ----------------------------------------------------------------- */

static bool registers_read(handle_t thread, struct thread_registers *ret_registers)
{
    int64_t status = qy_thread_read_state(thread);
    for (int i = 0; i < STOP_TRIES && status == -EBUSY; i++) {
        (void)qy_thread_sleep(qy_deadline_after(STOP_NS));
        status = qy_thread_read_state(thread);
    }
    if (status == 0) {
        memcpy(ret_registers, qy_buffer()->payload, sizeof *ret_registers);
    }
    return status == 0;
}

/* Most programs never use their FPU, and have no state. */
static void fpu_read(handle_t handle, struct core_thread *thread)
{
    if (qy_thread_read_fpu(handle) >= CORE_FPU_BYTES) {
        thread->has_fpu = true;
        memcpy(thread->fpu, qy_buffer()->payload, CORE_FPU_BYTES);
    }
}

static void thread_add(const struct target *target, struct core *core, koid_t koid, handle_t handle)
{
    bool is_first = koid == target->exception.thread;
    struct core_thread *thread = is_first ? &core->threads[0] : &core->threads[core->thread_count];
    if (!is_first) {
        (void)qy_thread_suspend(handle, 1); /* it may have ended */
        if (core->thread_count == CORE_THREADS_MAX || !registers_read(handle, &thread->registers)) {
            return;
        }
        core->thread_count++;
    }
    thread->id = koid;
    fpu_read(handle, thread);
}

static void threads_add(const struct target *target, struct core *core)
{
    int64_t handle;
    koid_t koid = 0;
    core->thread_count = 1;
    core->threads[0].registers = target->exception.registers;
    core->threads[0].id = target->exception.thread;
    while ((handle = qy_process_thread(target->process, koid)) >= 0) {
        koid = qy_handle_info((handle_t)handle).third;
        thread_add(target, core, koid, (handle_t)handle);
        (void)qy_handle_close((handle_t)handle);
    }
}

static void images_add(const struct target *target, struct core *core)
{
    for (uint32_t i = 0; i < target->image_count; i++) {
        const struct image *image = &target->images[i];
        struct core_image *to = &core->images[core->image_count++];
        to->base = image->base;
        to->end = image->end;
        (void)qy_snprintf(to->name, sizeof to->name, "/%s", /* it fits */
                          image->program != NULL ? image->program->name : target->name);
    }
}

void target_core(struct target *target, struct core *ret_core)
{
    struct core_segment *segment;
    uint64_t address = 0;
    memset(ret_core, 0, sizeof *ret_core);
    (void)qy_strlcpy(ret_core->name, target->name, sizeof ret_core->name); /* as long */
    ret_core->pid = target->pid;
    ret_core->signal = target->signal != 0 ? target->signal : exception_signal(&target->exception);
    threads_add(target, ret_core);
    images_add(target, ret_core);
    while (ret_core->segment_count < CORE_SEGMENTS_MAX &&
           mapping_next(target, address, segment = &ret_core->segments[ret_core->segment_count])) {
        address = segment->address + segment->size_bytes;
        ret_core->segment_count++;
    }
}
