/* SPDX-License-Identifier: MIT */
/* Slots: taken, filled, emptied, used again. Called as the kernel calls them, on the boot CPU. */
#include "unit/object/start.h"

#include "cap/handle.h"
#include "mm/inject.h"

static struct account account;
static struct handle_table table;
static unsigned destroyed_count;

static void object_destroyed(struct object *object)
{
    (void)object;
    destroyed_count++;
}

static const struct object_ops ops = {.destroy = object_destroyed};

static void table_make(void)
{
    fake_boot(NULL);
    fake_settle();
    account_init(&account, NULL, NULL);
    handle_table_init(&table, &account);
    destroyed_count = 0;
}

static handle_t install(struct object *object)
{
    struct handle_entry *entry;

    assert_int_equal(handle_reserve(&table, &entry), 0);
    object_init(object, OBJECT_EVENT, &ops);
    return handle_install(entry, object, RIGHTS_BASIC);
}

/* Lets grace periods end. */
static void graces_end(void)
{
    struct fake_balance unused;

    fake_balance(&unused);
}

static void table_end(void)
{
    while (!handle_table_drain(&table)) {
        continue;
    }
    graces_end();
    while (!handle_table_fini(&table)) {
        continue;
    }
    graces_end();
    assert_int_equal(account.usage[JOB_MEMORY], 0);
}

static void test_handle_table_reserved_slot_shows_nothing(void **state)
{
    struct handle_entry *entry;

    (void)state;
    table_make();
    assert_int_equal(handle_reserve(&table, &entry), 0);
    assert_int_equal(table.live_count, 1);
    assert_int_equal(entry->value, 0);
    handle_unreserve(entry);
    assert_int_equal(table.live_count, 0);
    handle_unreserve(NULL);
    table_end();
}

static void test_handle_table_lookup_finds_what_was_installed(void **state)
{
    struct object object, *found = NULL;
    handle_t handle;

    (void)state;
    table_make();
    handle = install(&object);
    assert_int_equal(handle_lookup(&table, handle, OBJECT_EVENT, RIGHT_DUP, &found), 0);
    assert_ptr_equal(found, &object);
    assert_ptr_equal(handle_peek(&table, handle, OBJECT_EVENT, RIGHT_DUP), &object);
    assert_ptr_equal(handle_peek(&table, handle, OBJECT_PORT, RIGHT_DUP), NULL);
    assert_int_equal(handle_lookup(&table, handle, OBJECT_PORT, 0, &found), -EWRONG_TYPE);
    assert_int_equal(handle_lookup(&table, handle, OBJECT_NONE, 1u << 30, &found), -EACCES);
    table_end();
    assert_int_equal(destroyed_count, 1);
}

static void test_handle_table_slot_used_again_has_another_value(void **state)
{
    struct object first, second, *found;
    handle_t old, new;

    (void)state;
    table_make();
    old = install(&first);
    assert_int_equal(handle_close(&table, old), 0);
    graces_end();
    new = install(&second);
    assert_ptr_equal(handle_slot(&table, old), handle_slot(&table, new));
    assert_int_not_equal(old, new);
    assert_int_equal(handle_lookup(&table, old, OBJECT_NONE, 0, &found), -EBADF);
    assert_int_equal(handle_close(&table, old), -EBADF);
    assert_int_equal(handle_lookup(&table, new, OBJECT_NONE, 0, &found), 0);
    table_end();
}

/* Whoever reads a slot without a lock must find an empty one empty in every part. */
static void test_handle_table_emptied_slot_keeps_nothing(void **state)
{
    struct object object;
    struct handle_entry *entry;
    handle_t handle;

    (void)state;
    table_make();
    handle = install(&object);
    entry = handle_slot(&table, handle);
    assert_int_equal(entry->type, OBJECT_EVENT);
    assert_int_equal(handle_close(&table, handle), 0);
    assert_int_equal(entry->value, 0);
    assert_int_equal(entry->type, OBJECT_NONE);
    assert_ptr_equal(entry->object, NULL);
    table_end();
}

static void test_handle_table_slot_without_generations_left_is_retired(void **state)
{
    struct object object, next;
    struct handle_entry *entry;
    handle_t last;

    (void)state;
    table_make();
    assert_int_equal(handle_reserve(&table, &entry), 0);
    entry->generation_index |= ~(HANDLE_GENERATION_STEP - 1);
    object_init(&object, OBJECT_EVENT, &ops);
    last = handle_install(entry, &object, RIGHTS_BASIC);
    assert_int_equal(handle_close(&table, last), 0);
    for (unsigned i = 0; i < HANDLE_CHUNK_SLOTS; i++) {
        struct handle_entry *other;

        assert_int_equal(handle_reserve(&table, &other), 0);
        assert_ptr_not_equal(other, entry);
    }
    (void)next;
}

static void test_handle_table_grows_and_every_handle_stays_valid(void **state)
{
    enum {
        COUNT = 600 * 64
    }; /* more than one page of chunks */
    static struct object objects[COUNT];
    static handle_t handles[COUNT];
    struct object *found;

    (void)state;
    table_make();
    for (unsigned i = 0; i < COUNT; i++) {
        handles[i] = install(&objects[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(handle_lookup(&table, handles[i], OBJECT_EVENT, 0, &found), 0);
        assert_ptr_equal(found, &objects[i]);
    }
    assert_true(account.usage[JOB_MEMORY] >= COUNT / HANDLE_CHUNK_SLOTS * PAGE_SIZE);
    table_end();
    assert_int_equal(destroyed_count, COUNT);
}

static void test_handle_table_without_memory_takes_no_slot(void **state)
{
    struct handle_entry *entry;

    (void)state;
    table_make();
    account_set_limit(&account, JOB_MEMORY, 0);
    assert_int_equal(handle_reserve(&table, &entry), -ENOMEM);
    account_set_limit(&account, JOB_MEMORY, JOB_UNLIMITED);
    for (uint64_t n = 1; n <= 2; n++) {
        inject_fail_after(n);
        assert_int_equal(handle_reserve(&table, &entry), -ENOMEM);
    }
    inject_fail_after(0);
    assert_int_equal(table.live_count, 0);
    assert_int_equal(handle_reserve(&table, &entry), 0);
    handle_unreserve(entry);
    table_end();
}

static void test_handle_table_drained_takes_no_handles(void **state)
{
    struct object objects[100];
    struct handle_entry *entry;
    unsigned steps = 0;

    (void)state;
    table_make();
    for (unsigned i = 0; i < 100; i++) {
        (void)install(&objects[i]);
    }
    while (!handle_table_drain(&table)) {
        steps++;
    }
    assert_true(steps > 1);
    assert_int_equal(table.live_count, 0);
    assert_int_equal(handle_reserve(&table, &entry), -EBADF);
    graces_end();
    assert_int_equal(destroyed_count, 100);
    table_end();
}

static void test_handle_table_move_undone_leaves_the_handle_as_it_was(void **state)
{
    struct object object, *found;
    struct handle_entry *target, *source;
    handle_t handle;

    (void)state;
    table_make();
    handle = install(&object);
    assert_int_equal(handle_reserve(&table, &target), 0);
    assert_int_equal(handle_move(target, &table, handle, RIGHTS_SAME, &source), 0);
    assert_int_equal(handle_lookup(&table, handle, OBJECT_NONE, 0, &found), -EBADF);
    handle_move_undo(target, source);
    assert_int_equal(handle_lookup(&table, handle, OBJECT_NONE, RIGHTS_BASIC, &found), 0);
    assert_int_equal(table.live_count, 1);
    table_end();
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_handle_table_reserved_slot_shows_nothing),
    FAKE_TEST(test_handle_table_lookup_finds_what_was_installed),
    FAKE_TEST(test_handle_table_slot_used_again_has_another_value),
    FAKE_TEST(test_handle_table_emptied_slot_keeps_nothing),
    FAKE_TEST(test_handle_table_slot_without_generations_left_is_retired),
    FAKE_TEST(test_handle_table_grows_and_every_handle_stays_valid),
    FAKE_TEST(test_handle_table_without_memory_takes_no_slot),
    FAKE_TEST(test_handle_table_drained_takes_no_handles),
    FAKE_TEST(test_handle_table_move_undone_leaves_the_handle_as_it_was),
};

FAKE_TEST_MAIN(tests)
