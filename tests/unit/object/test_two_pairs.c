/* SPDX-License-Identifier: MIT */
/*
 * Two clients call two servers on two CPUs: on the fast path they share no lock, and write no cache
 * line in common. What is written is found by comparing all of RAM, where every record of threads,
 * ports and sessions is, after each half of a call: what the kernel's own variables hold is not
 * seen, but for their locks.
 */
#include "unit/object/server.h"

#include <stdlib.h>
#include "fake/machine.h"

#define ROUNDS     4
#define LINE_WORDS 8
#define LOCKS_MAX  64

struct pair {
    struct fake_process process;
    handle_t port; /* in the server's table */
    struct client client;
};

static struct {
    unsigned pair; /* whose turn it is */
    uint64_t *before;
    uint8_t *written; /* by line: bits of pairs */
    size_t words;
    const uint32_t *locks[LOCKS_MAX];
    uint8_t lock_pairs[LOCKS_MAX];
    unsigned lock_count;
} seen;

static void pair_make(struct pair *pair, struct fake_thread *t, unsigned cpu)
{
    struct server server = {t, MAKE(t, SYS_port_create, job(), 4)};

    fake_process_new(job(), &pair->process);
    pair->port = fake_grant(&pair->process, server.port, RIGHTS_SAME);
    fake_process_start(&pair->process);
    pair->client = client(&server, 7, 0);
    assert_int_equal(fake_call(t, SYS_thread_set_affinity, pair->process.thread, 1u << cpu), 0);
    assert_int_equal(fake_call(t, SYS_thread_set_affinity, pair->client.process.thread, 1u << cpu),
                     0);
}

/* SAFETY: reads all of RAM, also what the address sanitizer knows to be free. */
__attribute__((no_sanitize("address"))) static void look(bool is_noted)
{
    const volatile uint64_t *ram = arch_direct_map((struct paddr){0});

    for (size_t i = 0; i < seen.words; i++) {
        if (is_noted && ram[i] != seen.before[i]) {
            seen.written[i / LINE_WORDS] |= (uint8_t)(1u << seen.pair);
        }
        seen.before[i] = ram[i];
    }
}

static void lock_taken(const uint32_t *word)
{
    unsigned i = 0;

    while (i < seen.lock_count && seen.locks[i] != word) {
        i++;
    }
    assert_in_range(i, 0, LOCKS_MAX - 1);
    seen.locks[i] = word;
    seen.lock_pairs[i] |= (uint8_t)(1u << seen.pair);
    seen.lock_count += i == seen.lock_count;
}

static void half_over(void)
{
    if (seen.before != NULL) {
        look(true);
    }
}

static void call_once(struct pair *pair)
{
    struct fake_thread *server = pair->process.main;

    call_begin(pair->client.thread, pair->client.session, 5);
    assert_int_equal(fake_wait(server), RECEIVED_CALL);
    half_over();
    assert_int_equal(fake_reply_receive(server, pair->port, IPC_HEADER(0, 8, 0), DEADLINE_NEVER,
                                        server->registers.r10, NULL),
                     FAKE_BLOCKED);
    assert_int_equal(fake_wait(pair->client.thread), 0);
    half_over();
}

static void test_two_pairs_share_no_lock_and_no_written_line(void **state)
{
    struct fake_thread *t = start_with(2, 0);
    struct pair pairs[2];
    unsigned lines[2] = {0, 0};
    uint64_t fast;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        pair_make(&pairs[i], t, i);
        assert_int_equal(
            fake_reply_receive(pairs[i].process.main, pairs[i].port, 0, DEADLINE_NEVER, 0, NULL),
            FAKE_BLOCKED);
    }
    assert_int_equal(fake_call(t, SYS_thread_sleep, DEADLINE_NEVER), FAKE_BLOCKED);
    for (unsigned i = 0; i < 2; i++) {
        call_once(&pairs[i]); /* remembers its handles */
    }

    seen.words = fake_machine.memory_bytes / sizeof(uint64_t);
    seen.before = calloc(seen.words, sizeof(uint64_t));
    seen.written = calloc(seen.words / LINE_WORDS, 1);
    fake_lock_hook = lock_taken;
    fast = fake_machine.fast_count;
    look(false);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (seen.pair = 0; seen.pair < 2; seen.pair++) {
            call_once(&pairs[seen.pair]);
            assert_int_equal(pairs[seen.pair].client.thread->thread->cpu, seen.pair);
            assert_int_equal(pairs[seen.pair].process.main->thread->cpu, seen.pair);
        }
    }
    fake_lock_hook = NULL;
    assert_int_equal(fake_machine.fast_count - fast, 2 * 2 * ROUNDS);

    for (unsigned i = 0; i < seen.lock_count; i++) {
        assert_int_not_equal(seen.lock_pairs[i], 3);
    }
    for (size_t i = 0; i < seen.words / LINE_WORDS; i++) {
        assert_int_not_equal(seen.written[i], 3);
        lines[0] += seen.written[i] & 1;
        lines[1] += seen.written[i] >> 1;
    }
    assert_int_equal(seen.lock_count, 2); /* their ports' */
    assert_true(lines[0] >= 4 && lines[1] >= 4);
    free(seen.before);
    free(seen.written);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_two_pairs_share_no_lock_and_no_written_line),
};

FAKE_TEST_MAIN(tests)
