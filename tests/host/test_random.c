/* SPDX-License-Identifier: MIT */
/* The random server: its building blocks against the vectors of their RFCs, the health tests of its
 * source, and the protocol, called as a client calls it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <quay/handle.h>
#include <quay/host.h>
#include <quay/text.h>
#include "../../servers/random/random.h"

/* --- sources ------------------------------------------------------------------------------- */

static uint64_t clock_now, noise;

/* As unpredictable as a test can be. */
static uint64_t noisy_time(void)
{
    noise = noise * 6364136223846793005u + 1442695040888963407u;
    clock_now += 100 + (noise >> 40) % 1000;
    return clock_now;
}

/* A machine that does one instruction per tick. */
static uint64_t steady_time(void)
{
    return clock_now += 100;
}

static bool cpu_counts(uint64_t *ret_number)
{
    *ret_number = ++noise;
    return true;
}

static bool cpu_is_broken(uint64_t *ret_number)
{
    *ret_number = UINT64_MAX;
    return true;
}

static const struct entropy_source noisy = {.time = noisy_time};
static const struct entropy_source steady = {.time = steady_time};
static const struct entropy_source steady_with_cpu = {.time = steady_time, .cpu = cpu_counts};
static const struct entropy_source broken = {.time = steady_time, .cpu = cpu_is_broken};

/* --- the server ---------------------------------------------------------------------------- */

static struct kept kept;
static struct qy_server server = {
    .dispatch = qy_random_dispatch, .handlers = &random_handlers, .cancelled = random_cancelled};
static handle_t session;

static void start(const struct entropy_source *source)
{
    qy_host_reset();
    random_init(&kept, source);
    session = qy_host_session(&server, QY_RANDOM_ACCESS_READ);
}

static void start_new(const struct entropy_source *source)
{
    memset(&kept, 0, sizeof kept);
    start(source);
}

static int64_t read(uint32_t count, bool wait, uint8_t *ret_data)
{
    uint32_t got = 0;
    int64_t status = qy_random_read(session, count, wait, ret_data, &got, qy_host_now + 1);
    if (status == 0) {
        assert_int_equal(got, count < QY_RANDOM_READ_MAX ? count : QY_RANDOM_READ_MAX);
    }
    return status;
}

static struct qy_random_state state_get(void)
{
    struct qy_random_state now;
    assert_int_equal(qy_random_get(session, &now, DEADLINE_NEVER), 0);
    return now;
}

/* --- building blocks ----------------------------------------------------------------------- */

static void test_chacha20_block_is_that_of_rfc_8439(void **state)
{
    static const uint8_t nonce[12] = {0, 0, 0, 9, 0, 0, 0, 0x4a};
    static const uint8_t expected[64] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
        0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
        0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
        0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
        0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
    uint8_t key[32], block[64];
    (void)state;
    for (uint8_t i = 0; i < sizeof key; i++) {
        key[i] = i;
    }
    chacha20_block(key, 1, nonce, block); /* 2.3.2 */
    assert_memory_equal(block, expected, sizeof block);
}

static void test_blake2s_is_that_of_rfc_7693(void **state)
{
    static const uint8_t expected[BLAKE2S_BYTES] = {0x50, 0x8c, 0x5e, 0x8c, 0x32, 0x7c, 0x14, 0xe2,
                                                    0xe1, 0xa7, 0x2b, 0xa3, 0x4e, 0xeb, 0x45, 0x2f,
                                                    0x37, 0x45, 0x8b, 0x20, 0x9e, 0xd6, 0x3a, 0x29,
                                                    0x4d, 0x99, 0x9b, 0x4c, 0x86, 0x67, 0x59, 0x82};
    uint8_t digest[BLAKE2S_BYTES];
    struct blake2s hash;
    (void)state;
    blake2s_init(&hash, NULL, 0);
    blake2s_add(&hash, "abc", 3); /* appendix B */
    blake2s_end(&hash, digest);
    assert_memory_equal(digest, expected, sizeof digest);
}

/* The sequence of RFC 7693, appendix E. Below: many lengths, with and without a key, in one digest.
 */
static void sequence_fill(uint8_t *bytes, size_t size, uint32_t seed)
{
    uint32_t a = 0xdead4bad * seed, b = 1;
    for (size_t i = 0; i < size; i++) {
        uint32_t t = a + b;
        a = b;
        b = t;
        bytes[i] = (uint8_t)(t >> 24);
    }
}

static void test_blake2s_with_and_without_a_key_agrees_with_hashlib(void **state)
{
    /* What Python's hashlib makes of the same. */
    static const uint8_t expected[BLAKE2S_BYTES] = {0xe9, 0x74, 0x7c, 0x4b, 0xc0, 0x3b, 0x98, 0x3c,
                                                    0xf1, 0x3e, 0x9a, 0xce, 0x36, 0x42, 0xab, 0x4d,
                                                    0x37, 0x45, 0xc3, 0xce, 0x85, 0xcd, 0x3e, 0x2e,
                                                    0xef, 0xef, 0x68, 0x97, 0xcc, 0x30, 0xfa, 0xb3};
    uint8_t input[200], key[32], digest[BLAKE2S_BYTES];
    struct blake2s all, one;
    (void)state;
    sequence_fill(key, sizeof key, 32);
    blake2s_init(&all, NULL, 0);
    for (uint32_t size = 0; size <= sizeof input; size++) {
        sequence_fill(input, size, size);
        blake2s_init(&one, NULL, 0);
        blake2s_add(&one, input, size);
        blake2s_end(&one, digest);
        blake2s_add(&all, digest, sizeof digest);
        blake2s_init(&one, key, sizeof key);
        blake2s_add(&one, input, size / 2);
        blake2s_add(&one, input + size / 2, size - size / 2);
        blake2s_end(&one, digest);
        blake2s_add(&all, digest, sizeof digest);
    }
    blake2s_end(&all, digest);
    assert_memory_equal(digest, expected, sizeof digest);
}

static void test_generator_makes_the_same_of_the_same_seed_and_never_twice(void **state)
{
    struct generator one, other;
    uint8_t first[100], second[100];
    (void)state;
    generator_init(&one);
    generator_add(&one, "seed", 4, 100);
    assert_false(generator_reseed(&one));
    generator_add(&one, "more", 4, 156);
    assert_true(generator_reseed(&one));
    other = one;
    generator_make(&one, first, sizeof first);
    generator_make(&other, second, sizeof second);
    assert_memory_equal(first, second, sizeof first);
    generator_make(&one, second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
    assert_memory_not_equal(one.key, other.key, sizeof one.key);
}

/* --- health -------------------------------------------------------------------------------- */

static void test_steady_clock_counts_for_nothing(void **state)
{
    struct jitter jitter;
    (void)state;
    jitter_init(&jitter);
    for (int i = 0; i < 10000; i++) {
        assert_false(jitter_take(&jitter, steady_time()));
    }
    assert_true(jitter.samples - jitter.refused <= 3); /* the first have none to compare with */
}

static void test_noisy_clock_counts_after_its_first_window(void **state)
{
    struct jitter jitter;
    uint32_t counted = 0;
    (void)state;
    jitter_init(&jitter);
    for (int i = 0; i < 10000; i++) {
        bool counts = jitter_take(&jitter, noisy_time());
        assert_false(counts && i < JITTER_WINDOW);
        counted += counts;
    }
    assert_true(counted > 9000);
}

static void test_source_that_fails_has_to_pass_a_window_again(void **state)
{
    struct jitter jitter;
    (void)state;
    jitter_init(&jitter);
    for (int i = 0; i < 2000; i++) {
        (void)jitter_take(&jitter, noisy_time());
    }
    assert_int_equal(jitter.passed_left, 0);
    for (int i = 0; i < JITTER_REPETITIONS_MAX + 1; i++) {
        (void)jitter_take(&jitter, steady_time());
    }
    assert_true(jitter.passed_left > 0);
}

/* Too often the same, though never many times in a row. */
static void test_value_that_is_too_frequent_is_a_failure(void **state)
{
    struct jitter jitter;
    bool has_failed = false;
    (void)state;
    jitter_init(&jitter);
    for (int i = 0; i < 4 * JITTER_WINDOW; i++) {
        (void)(i % 8 == 7 ? noisy_time() : steady_time());
        (void)jitter_take(&jitter, clock_now);
        has_failed = has_failed || jitter.passed_left == JITTER_WINDOW;
    }
    assert_true(has_failed);
    assert_int_not_equal(jitter.passed_left, 0);
}

static void test_broken_rdrand_is_not_used(void **state)
{
    struct entropy entropy;
    (void)state;
    entropy_init(&entropy, &broken);
    assert_false(entropy.has_cpu);
    entropy_init(&entropy, &steady_with_cpu);
    assert_true(entropy.has_cpu);
}

/* --- the protocol -------------------------------------------------------------------------- */

static void test_read_before_seeding_fails_or_waits(void **state)
{
    uint8_t data[16];
    (void)state;
    start_new(&steady);
    assert_int_equal(read(16, false, data), QY_RANDOM_FAILURE_NOT_SEEDED);
    assert_int_equal(read(16, true, data), -ETIMEDOUT);
    assert_false(state_get().is_seeded);
    assert_int_equal(state_get().gathered_bits, 0);
    assert_int_equal(state_get().given_bytes, 0);
}

static void seed_now(void)
{
    handle_t adder = qy_host_session(&server, QY_RANDOM_ACCESS_ADD);
    uint8_t entropy[32] = {1, 2, 3};
    assert_int_equal(qy_random_add(adder, entropy, 32, 1000, DEADLINE_NEVER), 0);
}

static void test_read_that_waits_is_answered_when_there_is_enough(void **state)
{
    uint8_t data[16] = {0}, zero[16] = {0};
    (void)state;
    start_new(&steady);
    qy_host_idle = seed_now;
    assert_int_equal(read(16, true, data), 0);
    qy_host_idle = NULL;
    assert_memory_not_equal(data, zero, sizeof data);
}

static void test_what_anybody_adds_counts_for_nothing(void **state)
{
    uint8_t data[64] = {7};
    (void)state;
    start_new(&steady);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(qy_random_add(session, data, 64, 512, DEADLINE_NEVER), 0);
    }
    assert_int_equal(read(16, false, data), QY_RANDOM_FAILURE_NOT_SEEDED);
}

static void test_either_source_alone_seeds(void **state)
{
    uint8_t first[32], second[32];
    (void)state;
    start_new(&noisy);
    assert_false(state_get().is_seeded); /* one step is not enough */
    assert_false(random_continue(&server));
    assert_true(state_get().is_seeded);
    assert_int_equal(read(32, false, first), 0);
    assert_int_equal(read(32, false, second), 0);
    assert_memory_not_equal(first, second, sizeof first);
    start_new(&steady_with_cpu);
    assert_int_equal(read(32, false, second), 0);
    assert_memory_not_equal(first, second, sizeof first);
}

static void test_restart_is_seeded_by_what_was_kept_and_uses_it_once(void **state)
{
    uint8_t first[32], second[32], third[32];
    (void)state;
    start_new(&steady_with_cpu);
    assert_int_equal(read(32, false, first), 0);
    struct kept before = kept;
    clock_now = 0;
    start(&steady);
    assert_int_equal(read(32, false, second), 0);
    assert_int_not_equal(kept.valid, before.valid);
    assert_memory_not_equal(first, second, sizeof first);
    clock_now = 0;
    start(&steady);
    assert_int_equal(read(32, false, third), 0);
    assert_memory_not_equal(second, third, sizeof first);
}

static void test_damaged_kept_memory_seeds_nothing(void **state)
{
    uint8_t data[16];
    (void)state;
    memset(&kept, 0xff, sizeof kept);
    start(&steady);
    assert_int_equal(read(16, false, data), QY_RANDOM_FAILURE_NOT_SEEDED);
}

static void test_fill_writes_lent_memory(void **state)
{
    static uint8_t memory[300 * 1024];
    uint64_t count = 0;
    uint32_t zeros = 0;
    (void)state;
    start_new(&steady_with_cpu);
    assert_int_equal(qy_random_fill(session, false, memory, sizeof memory, &count, DEADLINE_NEVER),
                     0);
    assert_int_equal(count, 256 * 1024);
    for (size_t i = 0; i < count; i++) {
        zeros += memory[i] == 0;
    }
    assert_in_range(zeros, 700, 1400); /* 1024 are expected, sigma is 32 */
}

static void test_session_without_the_right_gets_nothing(void **state)
{
    uint8_t data[16];
    uint32_t got;
    (void)state;
    start_new(&steady_with_cpu);
    handle_t adder = qy_host_session(&server, QY_RANDOM_ACCESS_ADD);
    assert_int_equal(qy_random_read(adder, 16, false, data, &got, DEADLINE_NEVER),
                     QY_RANDOM_FAILURE_NO_ACCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chacha20_block_is_that_of_rfc_8439),
        cmocka_unit_test(test_blake2s_is_that_of_rfc_7693),
        cmocka_unit_test(test_blake2s_with_and_without_a_key_agrees_with_hashlib),
        cmocka_unit_test(test_generator_makes_the_same_of_the_same_seed_and_never_twice),
        cmocka_unit_test(test_steady_clock_counts_for_nothing),
        cmocka_unit_test(test_noisy_clock_counts_after_its_first_window),
        cmocka_unit_test(test_source_that_fails_has_to_pass_a_window_again),
        cmocka_unit_test(test_value_that_is_too_frequent_is_a_failure),
        cmocka_unit_test(test_broken_rdrand_is_not_used),
        cmocka_unit_test(test_read_before_seeding_fails_or_waits),
        cmocka_unit_test(test_read_that_waits_is_answered_when_there_is_enough),
        cmocka_unit_test(test_what_anybody_adds_counts_for_nothing),
        cmocka_unit_test(test_either_source_alone_seeds),
        cmocka_unit_test(test_restart_is_seeded_by_what_was_kept_and_uses_it_once),
        cmocka_unit_test(test_damaged_kept_memory_seeds_nothing),
        cmocka_unit_test(test_fill_writes_lent_memory),
        cmocka_unit_test(test_session_without_the_right_gets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
