/* SPDX-License-Identifier: MIT */
/*
 * x87, SSE and AVX registers: a thread finds its own after whatever takes it off the CPU, and a new
 * thread finds none of those that ran before. The rest of the program is compiled without them.
 */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/thread.h>
#include "../shared/self_spawn.h"

#define WORKERS  6
#define CHILDREN 2
#define ROUNDS   60
#define NO_CALLS 0

/* All that a thread can have; ten bytes an x87 register, of which the first 64 bits are checked. */
struct fpu_image {
    uint8_t vectors[16][32]; /* the upper half of each with AVX only */
    uint8_t x87[8][16];
    uint32_t mxcsr;
    uint16_t control;
};

static bool has_avx(void)
{
    uint32_t a = 1, b, c, d, low, high;
    __asm__("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    if ((c & (3u << 27)) != 3u << 27) { /* OSXSAVE, AVX */
        return false;
    }
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6;
}

#define EACH_REGISTER(X)                                                                           \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD_XMM(n)  "movdqu " #n "*32(%0), %%xmm" #n "\n"
#define LOAD_YMM(n)  "vmovdqu " #n "*32(%0), %%ymm" #n "\n"
#define STORE_XMM(n) "movdqu %%xmm" #n ", " #n "*32(%0)\n"
#define STORE_YMM(n) "vmovdqu %%ymm" #n ", " #n "*32(%0)\n"

static void fpu_load(const struct fpu_image *image, bool avx)
{
    __asm__ volatile("fninit" ::: "memory");
    for (int i = 7; i >= 0; i--) {
        __asm__ volatile("fldt %0" : : "m"(image->x87[i]));
    }
    __asm__ volatile("fldcw %0\n\tldmxcsr %1" : : "m"(image->control), "m"(image->mxcsr));
    if (avx) {
        __asm__ volatile(EACH_REGISTER(LOAD_YMM) : : "r"(image->vectors) : "memory");
    } else {
        __asm__ volatile(EACH_REGISTER(LOAD_XMM) : : "r"(image->vectors) : "memory");
    }
}

/* Takes the x87 registers off their stack. */
static void fpu_store(struct fpu_image *image, bool avx)
{
    *image = (struct fpu_image){0};
    __asm__ volatile("fnstcw %0\n\tstmxcsr %1" : "=m"(image->control), "=m"(image->mxcsr));
    for (unsigned i = 0; i < 8; i++) {
        __asm__ volatile("fstpt %0" : "=m"(image->x87[i]));
    }
    if (avx) {
        __asm__ volatile(EACH_REGISTER(STORE_YMM) : : "r"(image->vectors) : "memory");
    } else {
        __asm__ volatile(EACH_REGISTER(STORE_XMM) : : "r"(image->vectors) : "memory");
    }
}

/* No two seeds have a byte in common at one place. */
static void image_make(struct fpu_image *image, uint8_t seed, bool avx)
{
    *image = (struct fpu_image){0};
    for (unsigned i = 0; i < 16; i++) {
        memset(image->vectors[i], (int)(seed + i * 13), avx ? 32 : 16);
    }
    for (unsigned i = 0; i < 8; i++) {
        memset(image->x87[i], (int)(seed + i * 17), 7);
        image->x87[i][7] = 0x80; /* a normal number, or loading would change it */
        image->x87[i][9] = 0x40;
    }
    image->mxcsr = 0x1f80 | (uint32_t)(seed & 3) << 13;              /* rounding */
    image->control = (uint16_t)(0x37f | (unsigned)(seed & 3) << 10); /* the same of x87 */
}

static bool image_is(const struct fpu_image *image, const struct fpu_image *expected)
{
    return memcmp(image, expected, sizeof *image) == 0;
}

/* What makes the kernel switch: yields, calls (if there is a session), sleeps, and time. */
static void leave_cpu(unsigned round, handle_t session)
{
    if (session != NO_CALLS && round % 2 == 0) {
        struct qy_message message = {.header = IPC_HEADER(1, 0, 0)};
        (void)qy_port_call(session, &message, qy_deadline_after(PATIENT)); /* counted there */
    } else if (round % 16 == 1) {
        time_ns_t end = qy_deadline_after(3 * QY_MILLISECOND);
        while (qy_clock_read() < end) {
            __asm__ volatile("pause");
        }
    } else if (round % 8 == 3) {
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND));
    } else {
        (void)qy_thread_yield();
    }
}

/* How often the registers were not what they were before. */
static unsigned fpu_rounds(uint8_t seed, handle_t session)
{
    struct fpu_image mine, found;
    bool avx = has_avx();
    unsigned wrong = 0;
    image_make(&mine, seed, avx);
    for (unsigned round = 0; round < ROUNDS; round++) {
        fpu_load(&mine, avx);
        leave_cpu(round, session);
        fpu_store(&found, avx);
        wrong += !image_is(&found, &mine);
    }
    return wrong;
}

int fpu_child(uint64_t seed)
{
    return (int)fpu_rounds((uint8_t)seed, qy_bootstrap_handle(BOOTSTRAP_SESSION, NULL));
}

/* How much memory its job has paid for the state. */
int fpu_paying_child(void)
{
    uint64_t before = qy_job_info(qy_self_job(), JOB_MEMORY).second;
    __asm__ volatile("fninit");
    return (int)(qy_job_info(qy_self_job(), JOB_MEMORY).second - before);
}

/* Its job has no memory left for the state. */
int fpu_poor_child(void)
{
    handle_t job = qy_self_job();
    if (qy_job_set_limit(job, JOB_MEMORY, qy_job_info(job, JOB_MEMORY).second) != 0) {
        return 1;
    }
    __asm__ volatile("fninit");
    return 2;
}

/* --- many threads and processes ------------------------------------------------------------ */

struct worker {
    struct qy_thread *thread;
    handle_t session;
    uint8_t seed;
    unsigned wrong;
};

static struct {
    handle_t port;
    unsigned calls, wrong;
} server_state;

static void worker(void *argument)
{
    struct worker *self = argument;
    self->wrong = fpu_rounds(self->seed, self->session);
}

/* Has registers of its own to lose, and sees every call. */
static void server(void *argument)
{
    struct qy_received io = {0};
    struct fpu_image mine, found;
    bool avx = has_avx();
    (void)argument;
    image_make(&mine, 251, avx);
    for (;;) {
        fpu_load(&mine, avx);
        int64_t status = qy_port_reply_receive(server_state.port, &io, DEADLINE_NEVER);
        fpu_store(&found, avx);
        server_state.wrong += !image_is(&found, &mine);
        if (status != RECEIVED_CALL) {
            return;
        }
        server_state.calls++;
        io.message.header = IPC_HEADER(0, 0, 0);
    }
}

static void test_switches(void)
{
    struct worker workers[WORKERS];
    handle_t children[CHILDREN];
    struct qy_thread *server_thread;
    unsigned wrong = 0, expected_calls = 0;
    int64_t port = qy_port_create(qy_self_job(), 8);
    struct qy_result session = qy_session_create((handle_t)port, 1, 0);
    server_state.port = (handle_t)port;
    tap_ok(port > 0 && session.status > 0, "a port and a session");
    tap_equal(qy_thread_create(server, NULL, 0, &server_thread), 0, "a server with vectors");
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.seed = (uint8_t)(1 + i),
                                     .session = i % 3 == 2 ? NO_CALLS : session.second};
        expected_calls += workers[i].session == NO_CALLS ? 0 : ROUNDS / 2;
        tap_equal(qy_thread_create(worker, &workers[i], 0, &workers[i].thread), 0, "worker %u", i);
        if (i % 2 == 0) { /* half of them share a CPU, the others move about */
            (void)qy_thread_set_affinity(workers[i].thread->handle, 1);
        }
    }
    for (unsigned i = 0; i < CHILDREN; i++) {
        const struct qy_spawn_handle handle = {session.second,    RIGHTS_SAME, HANDLE_COPY,
                                               BOOTSTRAP_SESSION, 0,           ""};
        expected_calls += ROUNDS / 2;
        tap_equal(self_spawn("fpu", 100 + i, qy_self_job(), &handle, 1, &children[i]), 0,
                  "a process with vectors");
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        tap_equal(qy_thread_join(workers[i].thread, qy_deadline_after(PATIENT)), 0, "it ends");
        wrong += workers[i].wrong;
    }
    tap_equal(wrong, 0, "each thread found its own registers");
    for (unsigned i = 0; i < CHILDREN; i++) {
        (void)qy_object_wait(children[i], SIGNAL_EXITED, qy_deadline_after(PATIENT));
        struct qy_result info = qy_process_info(children[i]);
        tap_ok(info.status == 1 && info.second == 0, "and so did the processes");
        discard((int64_t)children[i]);
    }
    (void)qy_port_notify((handle_t)port, 1);
    tap_equal(qy_thread_join(server_thread, qy_deadline_after(PATIENT)), 0, "the server ends");
    tap_equal(server_state.calls, expected_calls, "it had all calls");
    tap_equal(server_state.wrong, 0, "and found its own registers after each");
    discard((int64_t)session.second);
    discard(session.status);
    discard(port);
}

/* --- a new thread -------------------------------------------------------------------------- */

static void dirty(void *argument)
{
    struct fpu_image image;
    (void)argument;
    image_make(&image, 99, has_avx());
    fpu_load(&image, has_avx());
}

/* What FXSAVE writes (SDM Vol. 1, 10.5.1): also the values of x87 registers that are empty. */
struct fxsave_area {
    uint16_t control, status;
    uint32_t tags_and_opcode;
    uint64_t pointers[2];
    uint32_t mxcsr, mxcsr_mask;
    uint64_t registers[60];
} __attribute__((aligned(16)));

_Static_assert(sizeof(struct fxsave_area) == 512, "FXSAVE area");

static bool is_zero(const void *bytes, size_t size)
{
    const uint8_t *each = bytes;
    while (size != 0 && *each == 0) {
        each++;
        size--;
    }
    return size == 0;
}

static void fresh(void *argument)
{
    static struct fxsave_area area;
    struct fpu_image image;
    __asm__ volatile("fxsave64 %0" : "=m"(area));
    fpu_store(&image, has_avx());
    *(bool *)argument = area.control == 0x37f && area.status == 0 && area.tags_and_opcode == 0 &&
                        is_zero(area.pointers, sizeof area.pointers) && area.mxcsr == 0x1f80 &&
                        is_zero(area.registers, sizeof area.registers) &&
                        is_zero(image.vectors, sizeof image.vectors);
}

/* After one with state has died on the CPU, while its state is freed and used again. */
static void test_fresh(void)
{
    bool is_ok = true, is_run = true;
    (void)qy_thread_set_affinity(qy_thread_self()->handle, 1);
    for (unsigned i = 0; i < 40; i++) {
        bool is_fresh = false;
        struct qy_thread *thread;
        for (unsigned step = 0; step < 2; step++) {
            is_run &= qy_thread_create(step == 0 ? dirty : fresh, &is_fresh, 0, &thread) == 0 &&
                      qy_thread_set_affinity(thread->handle, 1) == 0 &&
                      qy_thread_join(thread, qy_deadline_after(PATIENT)) == 0;
        }
        is_ok &= is_fresh;
    }
    (void)qy_thread_set_affinity(qy_thread_self()->handle, UINT64_MAX);
    tap_ok(is_run, "threads on one CPU, every other of which leaves registers behind");
    tap_ok(is_ok, "a new thread sees nothing of them");
}

/* --- who pays ------------------------------------------------------------------------------ */

/* What a job still pays for when all its processes have ended and had time to go. */
static int64_t memory_left(int64_t job)
{
    time_ns_t end = qy_deadline_after(PATIENT);
    while (qy_job_info((handle_t)job, JOB_MEMORY).second != 0 && qy_clock_read() < end) {
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND));
    }
    return (int64_t)qy_job_info((handle_t)job, JOB_MEMORY).second;
}

static void test_charge(void)
{
    int64_t job = qy_job_create(qy_self_job());
    handle_t child = HANDLE_INVALID;
    tap_equal(self_spawn("fpu-pays", 0, (handle_t)job, NULL, 0, &child), 0,
              "a child that begins to use the registers");
    (void)qy_object_wait(child, SIGNAL_EXITED, qy_deadline_after(PATIENT));
    int64_t grown = (int64_t)qy_process_info(child).second;
    tap_ok(grown >= 512 && grown < (int64_t)PAGE_SIZE, "its job pays %ld bytes for them", grown);
    discard((int64_t)child);
    tap_equal(memory_left(job), 0, "and has it back in the end");
    tap_equal(self_spawn("fpu-poor", 0, (handle_t)job, NULL, 0, &child), 0,
              "a child whose job has no memory left");
    (void)qy_object_wait(child, SIGNAL_EXITED, qy_deadline_after(PATIENT));
    tap_ok((int64_t)qy_process_info(child).second < 0, "gets none, and is ended");
    discard((int64_t)child);
    tap_equal(memory_left(job), 0, "all is given back");
    discard(job);
}

void test_fpu(void)
{
    test_switches();
    test_fresh();
    test_charge();
}
