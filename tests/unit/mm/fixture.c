/* SPDX-License-Identifier: MIT */
#include "unit/mm/fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum {
    LOCK_MAX = 8
};

static struct {
    bool has_memory;
    struct cpu cpus[MAX_CPUS];
    uint32_t *locks[LOCK_MAX];
    uint8_t ranks[LOCK_MAX];
    size_t lock_count;
} x_fixture;

struct cpu *fake_cpu_record;
jmp_buf fixture_panic_jump;
bool fixture_is_panic_expected;
char fixture_panic_text[256];

void fixture_reset(void)
{
    void *memory = (void *)FAKE_PHYSICAL_BASE;

    if (!x_fixture.has_memory) {
        memory = mmap(memory, FIXTURE_MEMORY_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        assert_ptr_equal(memory, (void *)FAKE_PHYSICAL_BASE);
    }
    memset(&x_fixture, 0, sizeof(x_fixture));
    x_fixture.has_memory = true;
    memset(memory, 0xee, FIXTURE_MEMORY_SIZE);
    for (uint32_t i = 0; i < MAX_CPUS; i++) {
        x_fixture.cpus[i].id = i;
    }
    fixture_set_cpu(0);
}

void fixture_set_cpu(uint32_t id)
{
    fake_cpu_record = &x_fixture.cpus[id];
}

/* --- panic ------------------------------------------------------------------------------------ */

void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fixture_panic_text, sizeof(fixture_panic_text), format, arguments);
    va_end(arguments);
    if (!fixture_is_panic_expected) {
        fail_msg("kernel panic: %s", fixture_panic_text);
    }
    longjmp(fixture_panic_jump, 1);
}

/* A panic leaves its locks held: the test goes on, so they are broken here. */
void fixture_check_panic(const char *expected)
{
    fixture_is_panic_expected = false;
    while (x_fixture.lock_count > 0) {
        *x_fixture.locks[--x_fixture.lock_count] = 0;
    }
    if (strstr(fixture_panic_text, expected) == NULL) {
        fail_msg("panic says \"%s\", not \"%s\"", fixture_panic_text, expected);
    }
}

/* --- the CPU layer ---------------------------------------------------------------------------- */

void *arch_direct_map(struct paddr address)
{
    assert_true(address.value < FIXTURE_MEMORY_SIZE);
    return (void *)(FAKE_PHYSICAL_BASE + address.value);
}

/* --- locks ------------------------------------------------------------------------------------ */

/* Called by the fake machine's versions of the atomic operations. */
void fake_choice(void);
void fake_choice(void)
{
}

void lock_rank_push(const struct spinlock *lock, bool nested)
{
    size_t count = x_fixture.lock_count;

    assert_true(lock->rank != LOCK_RANK_NONE);
    assert_true(count < LOCK_MAX);
    assert_true(nested || count == 0 || x_fixture.ranks[count - 1] < lock->rank);
    x_fixture.ranks[count] = lock->rank;
}

void lock_rank_pop(const struct spinlock *lock)
{
    assert_int_equal(lock->word, 1);
}

void lock_wait_count(const struct spinlock *lock)
{
    (void)lock;
    fail(); /* nobody else has a lock here */
}

bool arch_spin_acquire(uint32_t *word)
{
    assert_int_equal(*word, 0); /* only one thread runs here: it would wait for itself */
    *word = 1;
    x_fixture.locks[x_fixture.lock_count++] = word;
    return false;
}

void arch_spin_release(uint32_t *word)
{
    assert_true(x_fixture.lock_count > 0);
    x_fixture.lock_count--;
    assert_ptr_equal(x_fixture.locks[x_fixture.lock_count], word);
    *word = 0;
}
