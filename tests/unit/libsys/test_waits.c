/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <quay/text.h>
#include <quay/waits.h>

#define SECOND 1000000000ul

static struct qy_waits waits, before;
static char text[8192];

static int setup(void **state)
{
    (void)state;
    memset(&waits, 0, sizeof waits);
    memset(&before, 0, sizeof before);
    return 0;
}

/* Processes are called by letters. */
static struct system_thread thread_of(char process, uint8_t state)
{
    struct system_thread thread = {
        .koid = 100 + waits.count,
        .process = (koid_t)process,
        .state = state,
        .waiting_ns = 3 * SECOND / 2,
    };
    thread.name[0] = process;
    return thread;
}

static void thread_add(char process, uint8_t state)
{
    struct system_thread thread = thread_of(process, state);
    qy_waits_add(&waits, &thread);
}

static void call_add(char process, uint8_t state, char server)
{
    struct system_thread thread = thread_of(process, state);
    thread.waits_process = (koid_t)server;
    thread.waits_for = 50;
    thread.method = 7;
    qy_waits_add(&waits, &thread);
}

static const char *method(uint64_t number)
{
    return number == 7 ? "files.open" : "?";
}

static const char *put(void)
{
    struct qy_text to = {.text = text, .size = sizeof text};
    text[0] = 0;
    qy_waits_put(&waits, method, &to);
    return text;
}

static void test_chain_is_no_ring(void **state)
{
    (void)state;
    call_add('a', THREAD_STATE_WAIT_REPLY, 'b');
    call_add('b', THREAD_STATE_WAIT_REPLY, 'c');
    thread_add('c', THREAD_STATE_WAIT_RECEIVE);
    qy_waits_find(&waits);
    assert_int_equal(waits.ring_count, 0);
}

static void test_two_call_each_other(void **state)
{
    (void)state;
    call_add('x', THREAD_STATE_WAIT_REPLY, 'a'); /* it only suffers */
    call_add('a', THREAD_STATE_WAIT_REPLY, 'b');
    thread_add('a', THREAD_STATE_WAIT_FUTEX);
    call_add('b', THREAD_STATE_WAIT_SEND, 'a');
    thread_add('b', THREAD_STATE_WAIT_RECEIVE);
    qy_waits_find(&waits);
    assert_int_equal(waits.ring_count, 1);
    assert_int_equal(waits.rings[0], 0);
    assert_int_equal(waits.rings[1], 1);
    assert_int_equal(waits.rings[2], 0);
    assert_int_equal(waits.rings[3], 1);
    assert_true(qy_waits_is_deadlock(&waits, 1));
    assert_string_equal(
        put(), "process      thread  waits\n"
               "x               100  for a to answer its call files.open, port 50, since 1.500 s\n"
               "a               101  for b to answer its call files.open, port 50, since 1.500 s"
               ", deadlock 1\n"
               "a               102  on a futex, since 1.500 s\n"
               "b               103  for a to take its call files.open, port 50, since 1.500 s"
               ", deadlock 1\n"
               "b               104  for a call or notice on port 0, since 1.500 s\n"
               "deadlock 1: a waits for b, which waits for a\n");
}

static void test_three_and_another_ring(void **state)
{
    (void)state;
    call_add('d', THREAD_STATE_WAIT_SEND, 'e');
    call_add('a', THREAD_STATE_WAIT_REPLY, 'b');
    call_add('b', THREAD_STATE_WAIT_REPLY, 'c');
    call_add('c', THREAD_STATE_WAIT_REPLY, 'a');
    call_add('e', THREAD_STATE_WAIT_SEND, 'd');
    call_add('c', THREAD_STATE_WAIT_REPLY, 'e'); /* from one ring to the other */
    qy_waits_find(&waits);
    assert_int_equal(waits.ring_count, 2);
    assert_int_equal(waits.rings[0], waits.rings[4]);
    assert_int_equal(waits.rings[1], waits.rings[2]);
    assert_int_equal(waits.rings[1], waits.rings[3]);
    assert_int_not_equal(waits.rings[0], waits.rings[1]);
    assert_int_equal(waits.rings[5], 0);
    assert_non_null(strstr(put(), "a waits for b, which waits for c, which waits for a\n"));
}

static void test_somebody_goes_on(void **state)
{
    (void)state;
    call_add('a', THREAD_STATE_WAIT_REPLY, 'b');
    call_add('b', THREAD_STATE_WAIT_REPLY, 'a');
    thread_add('b', THREAD_STATE_READY);
    qy_waits_find(&waits);
    assert_int_equal(waits.ring_count, 1);
    assert_false(qy_waits_is_deadlock(&waits, 1));
    assert_non_null(strstr(put(), "ring 1: a waits for b, which waits for a\n"));
}

static void test_own_process_is_no_ring(void **state)
{
    (void)state;
    call_add('a', THREAD_STATE_WAIT_REPLY, 'a');
    thread_add('a', THREAD_STATE_WAIT_OBJECT);
    qy_waits_find(&waits);
    assert_int_equal(waits.ring_count, 0);
}

static void test_only_what_stays_is_one(void **state)
{
    (void)state;
    call_add('a', THREAD_STATE_WAIT_REPLY, 'b');
    call_add('b', THREAD_STATE_WAIT_REPLY, 'a');
    qy_waits_find(&waits);
    before = waits;
    qy_waits_confirm(&waits, &before);
    assert_int_equal(waits.rings[0], 1);
    before.threads[1].method = 8; /* it was another call */
    qy_waits_confirm(&waits, &before);
    assert_int_equal(waits.rings[0], 0);
    assert_int_equal(waits.rings[1], 0);
    assert_null(strstr(put(), "deadlock"));
}

static void test_bounds(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < QY_WAITS_THREADS + 3; i++) { /* everybody for everybody */
        call_add((char)('a' + i % 2), THREAD_STATE_WAIT_REPLY, (char)('b' - i % 2));
    }
    qy_waits_find(&waits);
    assert_int_equal(waits.count, QY_WAITS_THREADS);
    assert_int_equal(waits.ring_count, 1);
    assert_int_equal(waits.rings[QY_WAITS_THREADS - 1], 1);
    (void)put(); /* cut, not overrun */
    assert_int_equal(strlen(text), sizeof text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_chain_is_no_ring, setup),
        cmocka_unit_test_setup(test_two_call_each_other, setup),
        cmocka_unit_test_setup(test_three_and_another_ring, setup),
        cmocka_unit_test_setup(test_somebody_goes_on, setup),
        cmocka_unit_test_setup(test_own_process_is_no_ring, setup),
        cmocka_unit_test_setup(test_only_what_stays_is_one, setup),
        cmocka_unit_test_setup(test_bounds, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
