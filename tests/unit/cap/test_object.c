/* SPDX-License-Identifier: MIT */
/* References, signals and observers of the common header. */
#include "unit/object/start.h"

#include "cap/object.h"

static unsigned destroyed_count;

static void object_destroyed(struct object *object)
{
    (void)object;
    destroyed_count++;
}

static const struct object_ops ops = {.destroy = object_destroyed};
static struct object object;

struct watcher {
    struct observer observer;
    unsigned told_count;
    signals_t told;
    bool leaves; /* takes itself out when it is told */
};

static void watcher_notify(struct observer *observer, signals_t signals)
{
    struct watcher *watcher = CONTAINER_OF(observer, struct watcher, observer);

    watcher->told_count++;
    watcher->told = signals;
    if (watcher->leaves) {
        list_remove(&observer->link);
    }
}

static void watch(struct watcher *watcher, signals_t mask)
{
    *watcher = (struct watcher){.observer = {.mask = mask, .notify = watcher_notify}};
    list_init(&watcher->observer.link);
    object_observe(&object, &watcher->observer);
}

static void object_make(void)
{
    fake_boot(NULL);
    fake_settle();
    destroyed_count = 0;
    object_init(&object, OBJECT_EVENT, &ops);
}

static void graces_end(void)
{
    struct fake_balance unused;

    fake_balance(&unused);
}

static void test_object_koids_are_never_the_same(void **state)
{
    struct object other;

    (void)state;
    object_make();
    object_init(&other, OBJECT_EVENT, &ops);
    assert_true(other.koid > object.koid);
}

static void test_object_last_reference_destroys_after_a_grace_period(void **state)
{
    (void)state;
    object_make();
    object_ref(&object);
    object_unref(&object);
    graces_end();
    assert_int_equal(destroyed_count, 0);
    object_unref(&object);
    assert_int_equal(destroyed_count, 0); /* who has looked it up may still be using it */
    graces_end();
    assert_int_equal(destroyed_count, 1);
    object_unref(NULL);
}

static void test_object_on_its_way_out_gives_no_reference(void **state)
{
    (void)state;
    object_make();
    assert_true(object_try_ref(&object));
    object_unref(&object);
    object_unref(&object);
    assert_false(object_try_ref(&object));
}

static void test_object_count_follows_live_objects(void **state)
{
    uint64_t before;

    (void)state;
    object_make();
    before = object_count(OBJECT_EVENT);
    object_unref(&object);
    graces_end();
    assert_int_equal(object_count(OBJECT_EVENT), before - 1);
}

static void test_object_signal_clears_before_it_sets(void **state)
{
    (void)state;
    object_make();
    object_signal(&object, 0, 0x7);
    object_signal(&object, 0x3, 0x2);
    assert_int_equal(object.signals, 0x6);
}

static void test_object_observer_is_told_of_its_own_signals_only(void **state)
{
    struct watcher watcher;

    (void)state;
    object_make();
    watch(&watcher, 0x2);
    object_signal(&object, 0, 0x5);
    assert_int_equal(watcher.told_count, 0);
    object_signal(&object, 0, 0x3);
    assert_int_equal(watcher.told_count, 1);
    assert_int_equal(watcher.told, 0x2);
    object_unobserve(&watcher.observer);
}

static void test_object_observer_of_a_set_signal_is_told_at_once(void **state)
{
    struct watcher watcher;

    (void)state;
    object_make();
    object_signal(&object, 0, 0x1);
    watch(&watcher, 0x1);
    assert_int_equal(watcher.told_count, 1);
    object_unobserve(&watcher.observer);
}

static void test_object_signal_cleared_tells_nobody(void **state)
{
    struct watcher watcher;

    (void)state;
    object_make();
    watch(&watcher, 0x1);
    object_signal(&object, 0, 0x1);
    object_signal(&object, 0x1, 0);
    assert_int_equal(watcher.told_count, 1);
    object_unobserve(&watcher.observer);
}

static void test_object_observer_may_leave_while_it_is_told(void **state)
{
    struct watcher first, second;

    (void)state;
    object_make();
    watch(&first, 0x1);
    watch(&second, 0x1);
    first.leaves = true;
    object_signal(&object, 0, 0x1);
    object_signal(&object, 0x1, 0);
    object_signal(&object, 0, 0x1);
    assert_int_equal(first.told_count, 1);
    assert_int_equal(second.told_count, 2);
    object_unobserve(&first.observer);
    object_unobserve(&second.observer);
}

static void test_object_observer_removed_is_told_nothing(void **state)
{
    struct watcher watcher;

    (void)state;
    object_make();
    watch(&watcher, 0x1);
    object_unobserve(&watcher.observer);
    object_signal(&object, 0, 0x1);
    assert_int_equal(watcher.told_count, 0);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_object_koids_are_never_the_same),
    FAKE_TEST(test_object_last_reference_destroys_after_a_grace_period),
    FAKE_TEST(test_object_on_its_way_out_gives_no_reference),
    FAKE_TEST(test_object_count_follows_live_objects),
    FAKE_TEST(test_object_signal_clears_before_it_sets),
    FAKE_TEST(test_object_observer_is_told_of_its_own_signals_only),
    FAKE_TEST(test_object_observer_of_a_set_signal_is_told_at_once),
    FAKE_TEST(test_object_signal_cleared_tells_nobody),
    FAKE_TEST(test_object_observer_may_leave_while_it_is_told),
    FAKE_TEST(test_object_observer_removed_is_told_nothing),
};

FAKE_TEST_MAIN(tests)
