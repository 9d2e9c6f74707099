/* SPDX-License-Identifier: MIT */
/* User mode as tests play it: requests of threads, and what most tests begin with. */
#include <string.h>
#include <quay/abi/bootstrap.h>
#include "machine.h"

static struct {
    struct fake_thread *init;
    struct bootstrap_handle handles[32];
    unsigned handle_count;
} fake_user;

/* --- requests --------------------------------------------------------------------------------- */

static void request_begin(struct fake_thread *thread, enum fake_request_kind kind)
{
    FAKE_CHECK(thread->state == FAKE_FREE || thread->state == FAKE_DONE);
    thread->state = FAKE_REQUEST;
    thread->kind = kind;
}

void fake_request_call(struct fake_thread *thread, const struct fake_registers *registers)
{
    request_begin(thread, FAKE_SYSCALL);
    thread->registers = *registers;
}

void fake_request_access(struct fake_thread *thread, enum fake_request_kind kind, uint64_t address,
                         uint64_t value)
{
    FAKE_CHECK((address & 7) == 0);
    request_begin(thread, kind);
    thread->address = address;
    thread->value = value;
}

void fake_request_exception(struct fake_thread *thread, unsigned vector, uint64_t error_code)
{
    request_begin(thread, FAKE_EXCEPTION);
    thread->address = vector;
    thread->value = error_code;
}

#define STARVED_NS 2000000000 /* a hundred threads have had their turns */

static bool is_dead(const struct fake_thread *thread)
{
    return thread->state == FAKE_DEAD || (thread->thread->flags & THREAD_DEAD);
}

static bool is_blocked(const struct fake_thread *thread)
{
    return (thread->state == FAKE_CALL || thread->state == FAKE_REQUEST) &&
           (thread->thread->wait & THREAD_WAITING); /* in a call, or in a fault of its access */
}

int64_t fake_wait(struct fake_thread *thread)
{
    time_ns_t since = fake_now();

    for (unsigned rounds = 0;;) {
        if (is_dead(thread)) {
            return FAKE_KILLED;
        }
        if (thread->state == FAKE_DONE) {
            thread->state = FAKE_FREE;
            return (int64_t)thread->registers.rax;
        }
        if (fake_step()) {
            continue;
        }
        if (is_dead(thread) || thread->state == FAKE_DONE) {
            continue;
        }
        if (is_blocked(thread)) {
            return FAKE_BLOCKED;
        }
        if (!fake_time_to_next_timer() || (++rounds > 10000 && fake_now() - since > STARVED_NS) ||
            rounds > 10000000) {
            fake_fail("thread t%u is ready since %ld and gets no CPU", thread->id, (long)since);
        }
    }
}

int64_t fake_call6(struct fake_thread *thread, uint64_t number, const uint64_t arguments[6])
{
    const struct fake_registers registers = {
        .rax = number,
        .rdi = arguments[0],
        .rsi = arguments[1],
        .rdx = arguments[2],
        .r10 = arguments[3],
        .r8 = arguments[4],
        .r9 = arguments[5],
        .rbx = 0xb1,
        .rbp = 0xb2,
        .r12 = 0xb3,
        .r13 = 0xb4,
        .r14 = 0xb5,
        .r15 = 0xb6,
    };
    const struct fake_registers *after = &thread->registers;
    int64_t result;

    fake_request_call(thread, &registers);
    result = fake_wait(thread);
    if (result != FAKE_BLOCKED && result != FAKE_KILLED) {
        FAKE_CHECK(after->rbx == 0xb1 && after->rbp == 0xb2 && after->r12 == 0xb3);
        FAKE_CHECK(after->r13 == 0xb4 && after->r14 == 0xb5 && after->r15 == 0xb6);
        FAKE_CHECK(after->rsi == arguments[1] && after->r10 == arguments[3]);
        FAKE_CHECK(after->r8 == arguments[4] && after->r9 == arguments[5]);
    }
    return result;
}

uint64_t fake_result2(const struct fake_thread *thread)
{
    return thread->registers.rdx;
}

uint64_t fake_result3(const struct fake_thread *thread)
{
    return thread->registers.rdi;
}

static void set_words(struct fake_registers *r, const uint64_t *words)
{
    if (words != NULL) {
        r->rbx = words[0];
        r->rbp = words[1];
        r->r12 = words[2];
        r->r13 = words[3];
        r->r14 = words[4];
        r->r15 = words[5];
        r->r8 = words[6];
        r->r9 = words[7];
    }
}

static void get_words(const struct fake_registers *r, uint64_t *words)
{
    if (words != NULL) {
        const uint64_t values[8] = {r->rbx, r->rbp, r->r12, r->r13, r->r14, r->r15, r->r8, r->r9};

        memcpy(words, values, sizeof(values));
    }
}

static int64_t ipc(struct fake_thread *thread, struct fake_registers *registers, uint64_t *words)
{
    int64_t result;

    set_words(registers, words);
    fake_request_call(thread, registers);
    result = fake_wait(thread);
    if (result != FAKE_BLOCKED && result != FAKE_KILLED) {
        get_words(&thread->registers, words);
    }
    return result;
}

int64_t fake_port_call(struct fake_thread *thread, handle_t session, uint64_t header,
                       time_ns_t deadline, uint64_t *words)
{
    struct fake_registers registers = {
        .rax = SYS_port_call,
        .rdi = session,
        .rsi = header,
        .rdx = (uint64_t)deadline,
    };

    return ipc(thread, &registers, words);
}

int64_t fake_reply_receive(struct fake_thread *thread, handle_t port, uint64_t header,
                           time_ns_t deadline, uint64_t token, uint64_t *words)
{
    struct fake_registers registers = {
        .rax = SYS_port_reply_receive,
        .rdi = port,
        .rsi = header,
        .rdx = (uint64_t)deadline,
        .r10 = token,
    };

    return ipc(thread, &registers, words);
}

/* --- user memory ------------------------------------------------------------------------------ */

bool fake_write(struct fake_thread *thread, uint64_t address, uint64_t value)
{
    fake_request_access(thread, FAKE_WRITE, address, value);
    return fake_wait(thread) != FAKE_KILLED;
}

bool fake_read(struct fake_thread *thread, uint64_t address, uint64_t *ret_value)
{
    fake_request_access(thread, FAKE_READ, address, 0);
    if (fake_wait(thread) == FAKE_KILLED) {
        return false;
    }
    *ret_value = thread->value;
    return true;
}

bool fake_read_bytes(struct fake_thread *thread, uint64_t address, void *data, size_t size)
{
    uint8_t *out = data;

    for (size_t done = 0; done < size;) {
        uint64_t word;
        size_t offset = (address + done) & 7;
        size_t part = 8 - offset < size - done ? 8 - offset : size - done;

        if (!fake_read(thread, address + done - offset, &word)) {
            return false;
        }
        memcpy(out + done, (uint8_t *)&word + offset, part);
        done += part;
    }
    return true;
}

bool fake_write_bytes(struct fake_thread *thread, uint64_t address, const void *data, size_t size)
{
    const uint8_t *in = data;

    for (size_t done = 0; done < size;) {
        uint64_t word;
        size_t offset = (address + done) & 7;
        size_t part = 8 - offset < size - done ? 8 - offset : size - done;

        if (!fake_read(thread, address + done - offset, &word)) {
            return false;
        }
        memcpy((uint8_t *)&word + offset, in + done, part);
        if (!fake_write(thread, address + done - offset, word)) {
            return false;
        }
        done += part;
    }
    return true;
}

/* --- init and its children -------------------------------------------------------------------- */

struct fake_thread *fake_init_thread(void)
{
    if (fake_user.init == NULL) {
        for (struct fake_thread *each = fake_machine.threads; each != NULL; each = each->next) {
            if (each->thread != NULL && each->thread->process != NULL) {
                fake_user.init = each; /* the oldest is the last */
            }
        }
        FAKE_CHECK(fake_user.init != NULL);
    }
    return fake_user.init;
}

void fake_bootstrap_find(struct fake_thread *init)
{
    uint64_t address = init->thread->frame.rdi;
    struct bootstrap block;

    FAKE_CHECK(fake_read_bytes(init, address, &block, sizeof(block)));
    FAKE_CHECK(block.magic == BOOTSTRAP_MAGIC && block.abi_version == ABI_VERSION);
    FAKE_CHECK(block.handle_count <= 32);
    fake_user.handle_count = block.handle_count;
    FAKE_CHECK(fake_read_bytes(init, address + sizeof(block), fake_user.handles,
                               block.handle_count * sizeof(struct bootstrap_handle)));
}

handle_t fake_bootstrap(uint32_t kind)
{
    for (unsigned i = 0; i < fake_user.handle_count; i++) {
        if (fake_user.handles[i].kind == kind) {
            return fake_user.handles[i].handle;
        }
    }
    return 0;
}

struct fake_thread *fake_thread_of_handle(struct fake_thread *holder, handle_t thread)
{
    struct object *object;

    FAKE_CHECK(handle_lookup(holder->thread->table, thread, OBJECT_THREAD, 0, &object) == 0);
    return thread_of(object)->arch.fake;
}

static handle_t must(int64_t result)
{
    if (result < 0) {
        fake_fail("a call that a test begins with returned %ld", (long)result);
    }
    return (handle_t)result;
}

void fake_process_new(handle_t job, struct fake_process *ret_process)
{
    struct fake_thread *init = fake_init_thread();

    ret_process->process = must(fake_call(init, SYS_process_create, job, FAKE_DATA, 0));
    ret_process->aspace = fake_result2(init);
    ret_process->thread = must(fake_call(init, SYS_thread_create, ret_process->process));
    ret_process->main = fake_thread_of_handle(init, ret_process->thread);
}

void fake_process_start(struct fake_process *process)
{
    must(fake_call(fake_init_thread(), SYS_thread_start, process->thread, FAKE_CODE, 0, 0));
}

void fake_process_create_in(handle_t job, struct fake_process *ret_process)
{
    fake_process_new(job, ret_process);
    fake_process_start(ret_process);
}

void fake_process_create(struct fake_process *ret_process)
{
    fake_process_create_in(fake_bootstrap(BOOTSTRAP_JOB), ret_process);
}

struct fake_thread *fake_thread_create(const struct fake_process *process, handle_t *ret_handle)
{
    struct fake_thread *init = fake_init_thread();
    handle_t thread = must(fake_call(init, SYS_thread_create, process->process));

    must(fake_call(init, SYS_thread_start, thread, FAKE_CODE, 0, 0));
    if (ret_handle != NULL) {
        *ret_handle = thread;
    }
    return fake_thread_of_handle(init, thread);
}

handle_t fake_grant(const struct fake_process *process, handle_t handle, rights_t rights)
{
    return must(fake_call(fake_init_thread(), SYS_handle_grant, process->process, handle, rights,
                          HANDLE_COPY));
}
