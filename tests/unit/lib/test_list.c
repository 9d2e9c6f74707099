/* SPDX-License-Identifier: MIT */
#include "unit/property.h"

#include "lib/list.h"

struct item {
    int value;
    struct list link;
};

static int item_value(const struct list *link)
{
    return CONTAINER_OF(link, const struct item, link)->value;
}

/* Checks that `head` holds exactly these values, read in both directions. */
static void assert_values(const struct list *head, const int *values, size_t count)
{
    const struct list *node = head;

    for (size_t i = 0; i < count; i++) {
        node = node->next;
        assert_ptr_not_equal(node, head);
        assert_ptr_equal(node->next->prev, node);
        assert_ptr_equal(node->prev->next, node);
        assert_int_equal(item_value(node), values[i]);
    }
    assert_ptr_equal(node->next, head);
    assert_ptr_equal(head->prev, node);
}

#define ASSERT_VALUES(head, ...)                                                                   \
    assert_values(head, (const int[]){__VA_ARGS__},                                                \
                  sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

static void test_list_new_is_empty(void **state)
{
    struct list head;

    (void)state;
    list_init(&head);
    assert_true(list_is_empty(&head));
    assert_null(list_first(&head));
    assert_null(list_pop_front(&head));
}

static void test_list_static_initializer_is_empty(void **state)
{
    static struct list head = LIST_INIT(head);

    (void)state;
    assert_true(list_is_empty(&head));
    assert_null(list_first(&head));
}

static void test_list_push_keeps_order(void **state)
{
    struct item items[4] = {{.value = 1}, {.value = 2}, {.value = 3}, {.value = 4}};
    struct list head;

    (void)state;
    list_init(&head);
    list_push_back(&head, &items[1].link);
    list_push_back(&head, &items[2].link);
    list_push_front(&head, &items[0].link);
    list_push_back(&head, &items[3].link);
    ASSERT_VALUES(&head, 1, 2, 3, 4);
    assert_ptr_equal(list_first(&head), &items[0].link);
}

static void test_list_insert_before_puts_node_there(void **state)
{
    struct item items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
    struct list head;

    (void)state;
    list_init(&head);
    list_push_back(&head, &items[2].link);
    list_insert_before(&items[2].link, &items[0].link);
    list_insert_before(&items[2].link, &items[1].link);
    ASSERT_VALUES(&head, 1, 2, 3);
}

static void test_list_remove_leaves_node_unlinked(void **state)
{
    struct item items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
    struct list head;

    (void)state;
    list_init(&head);
    for (int i = 0; i < 3; i++) {
        list_push_back(&head, &items[i].link);
        assert_true(list_is_linked(&items[i].link));
    }
    list_remove(&items[1].link);
    assert_false(list_is_linked(&items[1].link));
    ASSERT_VALUES(&head, 1, 3);
    list_remove(&items[1].link);
    ASSERT_VALUES(&head, 1, 3);
    list_remove(&items[0].link);
    list_remove(&items[2].link);
    assert_true(list_is_empty(&head));
}

static void test_list_replace_takes_the_place(void **state)
{
    struct item items[4] = {{.value = 1}, {.value = 2}, {.value = 3}, {.value = 9}};
    struct list head;

    (void)state;
    list_init(&head);
    for (int i = 0; i < 3; i++) {
        list_push_back(&head, &items[i].link);
    }
    list_replace(&items[1].link, &items[3].link);
    ASSERT_VALUES(&head, 1, 9, 3);
    assert_false(list_is_linked(&items[1].link));
}

static void test_list_pop_front_returns_in_order(void **state)
{
    struct item items[2] = {{.value = 1}, {.value = 2}};
    struct list head;

    (void)state;
    list_init(&head);
    list_push_back(&head, &items[0].link);
    list_push_back(&head, &items[1].link);
    assert_ptr_equal(list_pop_front(&head), &items[0].link);
    assert_false(list_is_linked(&items[0].link));
    assert_ptr_equal(list_pop_front(&head), &items[1].link);
    assert_null(list_pop_front(&head));
}

static void test_list_foreach_visits_each_in_order(void **state)
{
    struct item items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
    struct list head;
    int sum = 0;

    (void)state;
    list_init(&head);
    LIST_FOREACH (pos, &head) {
        fail_msg("an empty list has no node");
    }
    for (int i = 0; i < 3; i++) {
        list_push_back(&head, &items[i].link);
    }
    LIST_FOREACH (pos, &head) {
        sum = sum * 10 + item_value(pos);
    }
    assert_int_equal(sum, 123);
}

static void test_list_foreach_safe_allows_removal(void **state)
{
    struct item items[4] = {{.value = 1}, {.value = 2}, {.value = 3}, {.value = 4}};
    struct list head;

    (void)state;
    list_init(&head);
    for (int i = 0; i < 4; i++) {
        list_push_back(&head, &items[i].link);
    }
    LIST_FOREACH_SAFE (pos, next, &head) {
        if (item_value(pos) % 2 == 0) {
            list_remove(pos);
        }
    }
    ASSERT_VALUES(&head, 1, 3);
}

/* Random changes of two lists beside two arrays. */
static void test_list_random_changes_match_model(void **state)
{
    enum {
        ITEM_COUNT = 40,
        STEP_COUNT = 50000
    };
    struct item items[ITEM_COUNT];
    struct list heads[2];
    int model[2][ITEM_COUNT];
    size_t counts[2] = {0, 0};
    struct random random;

    (void)state;
    random_init(&random);
    list_init(&heads[0]);
    list_init(&heads[1]);
    for (int i = 0; i < ITEM_COUNT; i++) {
        items[i].value = i;
        list_init(&items[i].link);
    }
    for (int step = 0; step < STEP_COUNT; step++) {
        int value = (int)random_below(&random, ITEM_COUNT);
        size_t which = random_below(&random, 2);
        size_t place = random_below(&random, counts[which] + 1);

        if (list_is_linked(&items[value].link)) {
            list_remove(&items[value].link);
            for (int side = 0; side < 2; side++) {
                size_t kept = 0;

                for (size_t i = 0; i < counts[side]; i++) {
                    if (model[side][i] != value) {
                        model[side][kept++] = model[side][i];
                    }
                }
                counts[side] = kept;
            }
        } else {
            struct list *pos = &heads[which];

            if (place < counts[which]) {
                pos = &items[model[which][place]].link;
            }
            list_insert_before(pos, &items[value].link);
            for (size_t i = counts[which]; i > place; i--) {
                model[which][i] = model[which][i - 1];
            }
            model[which][place] = value;
            counts[which]++;
        }
        assert_values(&heads[0], model[0], counts[0]);
        assert_values(&heads[1], model[1], counts[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_new_is_empty),
        cmocka_unit_test(test_list_static_initializer_is_empty),
        cmocka_unit_test(test_list_push_keeps_order),
        cmocka_unit_test(test_list_insert_before_puts_node_there),
        cmocka_unit_test(test_list_remove_leaves_node_unlinked),
        cmocka_unit_test(test_list_replace_takes_the_place),
        cmocka_unit_test(test_list_pop_front_returns_in_order),
        cmocka_unit_test(test_list_foreach_visits_each_in_order),
        cmocka_unit_test(test_list_foreach_safe_allows_removal),
        cmocka_unit_test(test_list_random_changes_match_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
