/* SPDX-License-Identifier: MIT */
#include "unit/object/start.h"

#include "cap/account.h"

#define DEPTH 4

static struct account chain[DEPTH]; /* each below the one before */
static unsigned released_count;

static unsigned change_count;

static void note_change(struct account *account)
{
    (void)account;
    change_count++;
}

static void chain_make(void)
{
    change_count = 0;
    for (unsigned i = 0; i < DEPTH; i++) {
        account_init(&chain[i], i == 0 ? NULL : &chain[i - 1], note_change);
    }
    released_count = 0;
}

static void count_release(struct account *account)
{
    (void)account;
    released_count++;
}

static void assert_usage(enum job_resource resource, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    assert_int_equal(chain[0].usage[resource], a);
    assert_int_equal(chain[1].usage[resource], b);
    assert_int_equal(chain[2].usage[resource], c);
    assert_int_equal(chain[3].usage[resource], d);
}

static void test_account_charge_counts_at_every_level(void **state)
{
    (void)state;
    chain_make();
    assert_int_equal(account_charge(&chain[3], JOB_MEMORY, 100), 0);
    assert_int_equal(account_charge(&chain[1], JOB_MEMORY, 10), 0);
    assert_usage(JOB_MEMORY, 110, 110, 100, 100);
    assert_usage(JOB_THREADS, 0, 0, 0, 0);
}

static void test_account_uncharge_takes_back_at_every_level(void **state)
{
    (void)state;
    chain_make();
    assert_int_equal(account_charge(&chain[3], JOB_THREADS, 3), 0);
    account_uncharge(&chain[3], JOB_THREADS, 2);
    assert_usage(JOB_THREADS, 1, 1, 1, 1);
}

static void test_account_limit_reached_is_allowed_and_passed_is_not(void **state)
{
    (void)state;
    chain_make();
    account_set_limit(&chain[3], JOB_THREADS, 5);
    assert_int_equal(account_charge(&chain[3], JOB_THREADS, 5), 0);
    assert_int_equal(account_charge(&chain[3], JOB_THREADS, 1), -EQUOTA);
}

static void test_account_refusal_in_the_middle_leaves_no_charge(void **state)
{
    (void)state;
    chain_make();
    account_set_limit(&chain[1], JOB_PROCESSES, 2);
    assert_int_equal(account_charge(&chain[3], JOB_PROCESSES, 2), 0);
    assert_int_equal(account_charge(&chain[3], JOB_PROCESSES, 1), -EQUOTA);
    assert_usage(JOB_PROCESSES, 2, 2, 2, 2);
}

static void test_account_memory_refused_is_no_memory(void **state)
{
    (void)state;
    chain_make();
    account_set_limit(&chain[0], JOB_MEMORY, 4095);
    assert_int_equal(account_charge(&chain[3], JOB_MEMORY, 4096), -ENOMEM);
    assert_usage(JOB_MEMORY, 0, 0, 0, 0);
}

static void test_account_limit_below_usage_stops_only_what_comes(void **state)
{
    (void)state;
    chain_make();
    assert_int_equal(account_charge(&chain[2], JOB_THREADS, 4), 0);
    account_set_limit(&chain[2], JOB_THREADS, 1);
    assert_int_equal(account_charge(&chain[2], JOB_THREADS, 1), -EQUOTA);
    account_uncharge(&chain[2], JOB_THREADS, 4);
    assert_int_equal(account_charge(&chain[2], JOB_THREADS, 1), 0);
}

static void test_account_orphan_unused_is_released_at_once(void **state)
{
    (void)state;
    chain_make();
    account_orphan(&chain[3], count_release);
    assert_int_equal(released_count, 1);
}

static void test_account_orphan_in_use_is_released_with_its_last_charge(void **state)
{
    (void)state;
    chain_make();
    assert_int_equal(account_charge(&chain[3], JOB_MEMORY, 8), 0);
    assert_int_equal(account_charge(&chain[3], JOB_THREADS, 1), 0);
    account_orphan(&chain[3], count_release);
    account_uncharge(&chain[3], JOB_MEMORY, 8);
    assert_int_equal(released_count, 0);
    account_uncharge(&chain[3], JOB_THREADS, 1);
    assert_int_equal(released_count, 1);
}

static void test_account_with_an_owner_is_not_released(void **state)
{
    (void)state;
    chain_make();
    assert_int_equal(account_charge(&chain[3], JOB_MEMORY, 8), 0);
    account_uncharge(&chain[3], JOB_MEMORY, 8);
    assert_int_equal(released_count, 0);
}

static void test_account_low_memory_is_told_once_and_ends_an_eighth_later(void **state)
{
    (void)state;
    chain_make();
    account_set_limit(&chain[1], JOB_MEMORY_LOW, 800);
    account_set_limit(&chain[1], JOB_MEMORY, 2000);
    assert_int_equal(account_charge(&chain[3], JOB_MEMORY, 1200), 0);
    assert_int_equal(change_count, 0);
    assert_false(account_settle(&chain[1]));
    assert_int_equal(account_charge(&chain[3], JOB_MEMORY, 1), 0);
    assert_int_equal(account_charge(&chain[3], JOB_MEMORY, 799), 0);
    assert_int_equal(change_count, 1);
    assert_true(account_settle(&chain[1]));
    assert_int_equal(account_charge(&chain[3], JOB_MEMORY, 1), -ENOMEM);
    assert_usage(JOB_MEMORY, 2000, 2000, 2000, 2000);
    account_uncharge(&chain[3], JOB_MEMORY, 899);
    assert_int_equal(change_count, 1);
    assert_true(account_settle(&chain[1]));
    account_uncharge(&chain[3], JOB_MEMORY, 1);
    assert_int_equal(change_count, 2);
    assert_false(account_settle(&chain[1]));
    assert_int_equal(account_charge(&chain[3], JOB_MEMORY, 50), 0);
    assert_false(account_settle(&chain[1]));
    /* A limit that is moved counts like a charge, once it is settled. */
    account_set_limit(&chain[1], JOB_MEMORY, 1500);
    assert_true(account_settle(&chain[1]));
    account_set_limit(&chain[1], JOB_MEMORY_LOW, 0);
    assert_false(account_settle(&chain[1]));
    assert_int_equal(account_charge(&chain[3], JOB_MEMORY, 350), 0);
    assert_int_equal(change_count, 2);
    account_set_limit(&chain[1], JOB_MEMORY_LOW, JOB_UNLIMITED);
    assert_true(account_settle(&chain[1]));
    account_uncharge(&chain[3], JOB_MEMORY, 1500);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_account_charge_counts_at_every_level),
    FAKE_TEST(test_account_uncharge_takes_back_at_every_level),
    FAKE_TEST(test_account_limit_reached_is_allowed_and_passed_is_not),
    FAKE_TEST(test_account_refusal_in_the_middle_leaves_no_charge),
    FAKE_TEST(test_account_memory_refused_is_no_memory),
    FAKE_TEST(test_account_limit_below_usage_stops_only_what_comes),
    FAKE_TEST(test_account_orphan_unused_is_released_at_once),
    FAKE_TEST(test_account_orphan_in_use_is_released_with_its_last_charge),
    FAKE_TEST(test_account_with_an_owner_is_not_released),
    FAKE_TEST(test_account_low_memory_is_told_once_and_ends_an_eighth_later),
};

FAKE_TEST_MAIN(tests)
