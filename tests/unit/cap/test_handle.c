/* SPDX-License-Identifier: MIT */
/* Handles as a process sees them: rights, types, derivation. */
#include "unit/object/start.h"

#include "cap/handle.h"

static handle_t event_make(struct fake_thread *t)
{
    return MAKE(t, SYS_event_create, job());
}

static handle_t dup(struct fake_thread *t, handle_t handle)
{
    return MAKE(t, SYS_handle_dup, handle, RIGHTS_SAME);
}

static int64_t info(struct fake_thread *t, handle_t handle)
{
    return fake_call(t, SYS_handle_info, handle);
}

static int64_t revoke(struct fake_thread *t, handle_t handle)
{
    return fake_call(t, SYS_handle_revoke, handle);
}

static int64_t close_handle(struct fake_thread *t, handle_t handle)
{
    return fake_call(t, SYS_handle_close, handle);
}

static rights_t rights_of(struct fake_thread *t, handle_t handle)
{
    assert_true(info(t, handle) > 0);
    return (rights_t)fake_result2(t);
}

static void test_handle_info_tells_type_rights_and_koid(void **state)
{
    struct fake_thread *t = start();
    handle_t one = event_make(t), two = event_make(t), copy;
    uint64_t koid;

    (void)state;
    assert_int_equal(info(t, one), OBJECT_EVENT);
    koid = fake_result3(t);
    copy = dup(t, one);
    assert_int_equal(info(t, copy), OBJECT_EVENT);
    assert_int_equal(fake_result3(t), koid);
    (void)info(t, two);
    assert_int_not_equal(fake_result3(t), koid);
}

static void test_handle_dup_keeps_at_most_the_rights_asked_for(void **state)
{
    struct fake_thread *t = start();
    handle_t event = event_make(t);
    rights_t all = rights_of(t, event);
    handle_t weak = with_rights(t, event, RIGHT_DUP | RIGHT_INSPECT);
    handle_t same = dup(t, weak);
    handle_t greedy = with_rights(t, weak, all);

    (void)state;
    assert_int_equal(rights_of(t, weak), RIGHT_DUP | RIGHT_INSPECT);
    assert_int_equal(rights_of(t, same), RIGHT_DUP | RIGHT_INSPECT);
    assert_int_equal(rights_of(t, greedy), RIGHT_DUP | RIGHT_INSPECT);
}

static void test_handle_dup_without_the_right_is_refused(void **state)
{
    struct fake_thread *t = start();
    handle_t fixed = with_rights(t, event_make(t), RIGHTS_BASIC & ~RIGHT_DUP);

    (void)state;
    assert_int_equal(fake_call(t, SYS_handle_dup, fixed, RIGHTS_SAME), -EACCES);
}

static void test_handle_of_wrong_type_comes_before_missing_rights(void **state)
{
    struct fake_thread *t = start();
    handle_t weak = with_rights(t, event_make(t), 0);

    (void)state;
    assert_int_equal(fake_call(t, SYS_timer_set, weak, 0, 0, 0), -EWRONG_TYPE);
    assert_int_equal(fake_call(t, SYS_event_signal, weak, 0, 1), -EACCES);
}

static void test_handle_that_is_none_is_refused_by_every_use(void **state)
{
    struct fake_thread *t = start();
    handle_t event = event_make(t);
    const handle_t none[] = {
        0,
        stale(t),
        event + HANDLE_GENERATION_STEP,
        event - HANDLE_GENERATION_STEP,
        event ^ 1,
        event | 0xffffff,
        UINT64_MAX,
    };

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(info(t, none[i]), -EBADF);
        assert_int_equal(close_handle(t, none[i]), -EBADF);
        assert_int_equal(revoke(t, none[i]), -EBADF);
        assert_int_equal(fake_call(t, SYS_handle_dup, none[i], RIGHTS_SAME), -EBADF);
        assert_int_equal(fake_call(t, SYS_event_signal, none[i], 0, 1), -EBADF);
    }
    assert_int_equal(info(t, event), OBJECT_EVENT);
}

static void test_handle_revoke_takes_all_descendants_and_nothing_else(void **state)
{
    struct fake_thread *t = start();
    handle_t event = event_make(t);
    handle_t sibling = dup(t, event), root = dup(t, event);
    handle_t child = dup(t, root), grandchild = dup(t, child), other = dup(t, root);

    (void)state;
    assert_int_equal(revoke(t, root), 0);
    assert_int_equal(info(t, child), -EREVOKED);
    assert_int_equal(info(t, grandchild), -EREVOKED);
    assert_int_equal(info(t, other), -EREVOKED);
    assert_int_equal(info(t, root), OBJECT_EVENT);
    assert_int_equal(info(t, sibling), OBJECT_EVENT);
    assert_int_equal(info(t, event), OBJECT_EVENT);
}

static void test_handle_revoked_can_only_be_closed(void **state)
{
    struct fake_thread *t = start();
    handle_t root = event_make(t), child = dup(t, root);

    (void)state;
    assert_int_equal(revoke(t, root), 0);
    assert_int_equal(fake_call(t, SYS_event_signal, child, 0, 1), -EREVOKED);
    assert_int_equal(fake_call(t, SYS_handle_dup, child, RIGHTS_SAME), -EREVOKED);
    assert_int_equal(revoke(t, child), -EREVOKED);
    assert_int_equal(close_handle(t, child), 0);
    assert_int_equal(close_handle(t, child), -EBADF);
}

/* They become children of what the closed one was derived from. */
static void test_handle_close_of_a_parent_leaves_its_children_under_the_grandparent(void **state)
{
    struct fake_thread *t = start();
    handle_t root = event_make(t);
    handle_t middle = dup(t, root), child = dup(t, middle);

    (void)state;
    assert_int_equal(close_handle(t, middle), 0);
    assert_int_equal(info(t, child), OBJECT_EVENT);
    assert_int_equal(revoke(t, root), 0);
    assert_int_equal(info(t, child), -EREVOKED);
}

static void test_handle_close_of_a_parent_does_not_give_its_children_to_a_sibling(void **state)
{
    struct fake_thread *t = start();
    handle_t root = event_make(t);
    handle_t parent = dup(t, root), child = dup(t, parent), sibling = dup(t, root);

    (void)state;
    assert_int_equal(close_handle(t, parent), 0);
    assert_int_equal(revoke(t, sibling), 0);
    assert_int_equal(info(t, child), OBJECT_EVENT);
    assert_int_equal(revoke(t, child), 0);
    assert_int_equal(info(t, sibling), OBJECT_EVENT);
}

static void test_handle_revoke_of_more_than_one_step_is_complete(void **state)
{
    enum {
        COUNT = 5 * HANDLE_STEP + 3
    };
    struct fake_thread *t = start();
    handle_t root = event_make(t), copies[COUNT];

    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        copies[i] = dup(t, i % 3 == 0 ? root : copies[i - 1]);
    }
    assert_int_equal(revoke(t, root), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(info(t, copies[i]), -EREVOKED);
    }
}

static void test_handle_close_of_a_parent_of_many_takes_more_than_one_step(void **state)
{
    enum {
        COUNT = 3 * HANDLE_STEP
    };
    struct fake_thread *t = start();
    handle_t root = event_make(t), parent = dup(t, root), copies[COUNT];

    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        copies[i] = dup(t, parent);
    }
    assert_int_equal(close_handle(t, parent), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(info(t, copies[i]), OBJECT_EVENT);
    }
    assert_int_equal(revoke(t, root), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(info(t, copies[i]), -EREVOKED);
    }
}

/* Whoever finds a revoke half done helps it to its end before it does its own. */
static void test_handle_close_and_revoke_help_what_is_under_way(void **state)
{
    struct fake_thread *t = start(), *other;
    struct fake_process process;
    handle_t first, own, child;
    int64_t result;

    (void)state;
    fake_process_new(job(), &process);
    first = MAKE(t, SYS_event_create, job());
    own = fake_grant(&process, first, RIGHTS_SAME); /* derived from it */
    fake_process_start(&process);
    other = process.main;
    child = MAKE(other, SYS_handle_dup, own, RIGHTS_SAME);
    for (unsigned i = 0; i < 100; i++) {
        (void)MAKE(other, SYS_handle_dup, child, RIGHTS_SAME);
    }
    fake_request_call(other, &(struct fake_registers){.rax = SYS_handle_revoke, .rdi = child});
    while (other->state != FAKE_DONE && other->restarts < 2) {
        assert_true(fake_step());
    }
    assert_int_not_equal(other->state, FAKE_DONE);
    assert_int_equal(fake_call(t, SYS_handle_revoke, first), 0);
    result = fake_wait(other); /* through before its own handle went, or not */
    assert_true(result == 0 || result == -EREVOKED);
    assert_int_equal(fake_call(other, SYS_handle_info, own), -EREVOKED);
    assert_int_equal(fake_call(t, SYS_handle_close, first), 0);
}

static void test_handle_grant_moves_or_copies_into_a_new_process(void **state)
{
    struct fake_thread *t = start();
    handle_t event = event_make(t), moved = dup(t, event);
    struct fake_process process;
    int64_t there, copy;

    (void)state;
    fake_process_new(job(), &process);
    copy = fake_call(t, SYS_handle_grant, process.process, event, RIGHT_WAIT, HANDLE_COPY);
    there = fake_call(t, SYS_handle_grant, process.process, moved, RIGHTS_SAME, HANDLE_MOVE);
    assert_true(copy > 0 && there > 0);
    assert_int_equal(info(t, event), OBJECT_EVENT);
    assert_int_equal(info(t, moved), -EBADF);
    fake_process_start(&process);
    assert_int_equal(rights_of(process.main, (handle_t)copy), RIGHT_WAIT);
    assert_int_equal(info(process.main, (handle_t)there), OBJECT_EVENT);
}

static void test_handle_grant_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();
    handle_t event = event_make(t);
    handle_t kept = with_rights(t, event, RIGHTS_BASIC & ~RIGHT_TRANSFER);
    handle_t single = with_rights(t, event, RIGHTS_BASIC & ~RIGHT_DUP);
    struct fake_process process;

    (void)state;
    fake_process_new(job(), &process);
#define GRANT(handle, how) fake_call(t, SYS_handle_grant, process.process, handle, RIGHTS_SAME, how)
    assert_int_equal(GRANT(event, 2), -EINVAL);
    assert_int_equal(GRANT(kept, HANDLE_MOVE), -EACCES);
    assert_int_equal(GRANT(single, HANDLE_COPY), -EACCES);
    assert_int_equal(GRANT(stale(t), HANDLE_COPY), -EBADF);
    assert_int_equal(fake_call(t, SYS_handle_grant, event, event, RIGHTS_SAME, HANDLE_COPY),
                     -EWRONG_TYPE);
    fake_process_start(&process);
    assert_int_equal(GRANT(event, HANDLE_COPY), -EBUSY);
#undef GRANT
}

/* Moving does not change what a handle was derived from. */
static void test_handle_revoke_reaches_what_was_moved_into_another_process(void **state)
{
    struct fake_thread *t = start();
    handle_t root = event_make(t), moved = dup(t, root);
    struct fake_process process;
    int64_t there;

    (void)state;
    fake_process_new(job(), &process);
    there = fake_call(t, SYS_handle_grant, process.process, moved, RIGHTS_SAME, HANDLE_MOVE);
    assert_true(there > 0);
    fake_process_start(&process);
    assert_int_equal(revoke(t, root), 0);
    assert_int_equal(info(process.main, (handle_t)there), -EREVOKED);
}

/* Two processes derive and close below a handle while a third takes all of it away. */
static void test_handle_revoke_while_others_derive_leaves_nothing_behind(void **state)
{
    struct fake_thread *t = start_with(3, 4);
    struct fake_balance before;

    (void)state;
    fake_balance(&before);
    for (unsigned round = 0; round < 20; round++) {
        handle_t event = event_make(t), root = dup(t, event), own[2];
        struct fake_process processes[2];

        for (unsigned i = 0; i < 2; i++) {
            fake_process_new(job(), &processes[i]);
            own[i] = fake_grant(&processes[i], root, RIGHTS_SAME);
            fake_process_start(&processes[i]);
            fake_request_call(
                processes[i].main,
                &(struct fake_registers){.rax = SYS_handle_dup, .rdi = own[i], .rsi = RIGHTS_SAME});
        }
        assert_int_equal(revoke(t, root), 0);
        for (unsigned i = 0; i < 2; i++) {
            int64_t copy = fake_wait(processes[i].main);

            assert_true(copy > 0 || copy == -EREVOKED);
            assert_int_equal(info(processes[i].main, own[i]), -EREVOKED);
            if (copy > 0) {
                assert_int_equal(info(processes[i].main, (handle_t)copy), -EREVOKED);
            }
            assert_int_equal(fake_call(t, SYS_process_kill, processes[i].process), 0);
            assert_int_equal(close_handle(t, processes[i].process), 0);
            assert_int_equal(close_handle(t, processes[i].aspace), 0);
            assert_int_equal(close_handle(t, processes[i].thread), 0);
        }
        assert_int_equal(close_handle(t, root), 0);
        assert_int_equal(close_handle(t, event), 0);
    }
    fake_run_for(1000000000);
    fake_balance_check(&before);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_handle_info_tells_type_rights_and_koid),
    FAKE_TEST(test_handle_dup_keeps_at_most_the_rights_asked_for),
    FAKE_TEST(test_handle_dup_without_the_right_is_refused),
    FAKE_TEST(test_handle_of_wrong_type_comes_before_missing_rights),
    FAKE_TEST(test_handle_that_is_none_is_refused_by_every_use),
    FAKE_TEST(test_handle_revoke_takes_all_descendants_and_nothing_else),
    FAKE_TEST(test_handle_revoked_can_only_be_closed),
    FAKE_TEST(test_handle_close_of_a_parent_leaves_its_children_under_the_grandparent),
    FAKE_TEST(test_handle_close_of_a_parent_does_not_give_its_children_to_a_sibling),
    FAKE_TEST(test_handle_revoke_of_more_than_one_step_is_complete),
    FAKE_TEST(test_handle_close_of_a_parent_of_many_takes_more_than_one_step),
    FAKE_TEST(test_handle_close_and_revoke_help_what_is_under_way),
    FAKE_TEST(test_handle_grant_moves_or_copies_into_a_new_process),
    FAKE_TEST(test_handle_grant_refuses_what_is_wrong),
    FAKE_TEST(test_handle_revoke_reaches_what_was_moved_into_another_process),
    FAKE_TEST(test_handle_revoke_while_others_derive_leaves_nothing_behind),
};

FAKE_TEST_MAIN(tests)
