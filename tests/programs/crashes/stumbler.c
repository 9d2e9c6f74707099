/* SPDX-License-Identifier: MIT */
/* A driver that stumbles, in the way that `increment` says: what is left of its stack is of all
 * kinds. docs/crashes.md, tests/system/crashes. */
#include <idl/counter.h>
#include <quay/names.h>
#include <quay/server.h>

enum stumble {
    STUMBLE_WRITE = 1,
    STUMBLE_CALL = 2,
    STUMBLE_LOOP = 3,
    STUMBLE_OVERFLOW = 4,
    STUMBLE_NO_STACK = 5,
    STUMBLE_KERNEL_FRAME = 6,
    STUMBLE_DIVIDE = 7,
};

static __attribute__((noinline)) void registers_write(volatile uint64_t *address)
{
    *address = 0x1234; /* SAFETY: meant to fault */
    __asm__ volatile("");
}

static __attribute__((noinline)) void device_reset(void)
{
    registers_write((volatile uint64_t *)0x18);
    __asm__ volatile("");
}

static __attribute__((noinline)) void call_nowhere(void)
{
    void (*volatile nowhere)(void) = (void (*)(void))0x2000;
    nowhere();
    __asm__ volatile("");
}

static __attribute__((noinline)) uint64_t deeper(volatile uint64_t *above)
{
    volatile uint64_t here[64];
    here[0] = above == NULL ? 0 : above[0] + 1;
    return here[0] == UINT64_MAX ? 0 : deeper(here) + here[0]; /* never */
}

/* A frame that is its own caller. */
static __attribute__((noinline)) void frame_loop(void)
{
    uint64_t *frame = __builtin_frame_address(0);
    frame[0] = (uint64_t)(uintptr_t)frame;
    registers_write((volatile uint64_t *)0x20);
    __asm__ volatile("");
}

static void stumble(uint64_t how)
{
    switch (how) {
    case STUMBLE_WRITE:
        device_reset();
        break;
    case STUMBLE_CALL:
        call_nowhere();
        break;
    case STUMBLE_LOOP:
        frame_loop();
        break;
    case STUMBLE_OVERFLOW:
        (void)deeper(NULL);
        break;
    case STUMBLE_NO_STACK:
        __asm__ volatile("mov $0x1234567, %%esp; mov %%rsp, %%rbp; ud2" ::: "memory");
        break;
    case STUMBLE_KERNEL_FRAME:
        __asm__ volatile("mov $-0x80000000, %%rbp; mov $-8, %%rsp; ud2" ::: "memory");
        break;
    case STUMBLE_DIVIDE:
        __asm__ volatile("xor %%ecx, %%ecx; xor %%edx, %%edx; div %%ecx" ::: "rax", "rcx", "rdx");
        break;
    default:
        break;
    }
}

static int64_t counter_increment(struct qy_request *request, uint64_t by, uint64_t *ret_value)
{
    (void)request;
    stumble(by);
    *ret_value = by;
    return 0;
}

static int64_t counter_read(struct qy_request *request, uint64_t *ret_value)
{
    (void)request;
    *ret_value = 1;
    return 0;
}

int main(int argument_count, char **arguments)
{
    static const struct qy_counter_handlers handlers = {
        .increment = counter_increment,
        .read = counter_read,
    };
    struct qy_server server = {.dispatch = qy_counter_dispatch, .handlers = &handlers};
    (void)argument_count;
    (void)arguments;
    return qy_server_main(&server, "stumbler");
}
