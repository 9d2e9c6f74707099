/* SPDX-License-Identifier: MIT */
#include "unit/property.h"

#include "lib/tree.h"

struct item {
    uint64_t key;
    struct tree_node node;
};

static const struct item *item_of(const struct tree_node *node)
{
    return CONTAINER_OF(node, const struct item, node);
}

static uint64_t item_key(const struct tree_node *node)
{
    return item_of(node)->key;
}

static bool item_less(const struct tree_node *a, const struct tree_node *b)
{
    return item_key(a) < item_key(b);
}

/* Checks links, heights and balance below `node`; returns the height. */
static int check_subtree(const struct tree_node *node, const struct tree_node *parent)
{
    int heights[2];

    if (node == NULL) {
        return 0;
    }
    assert_ptr_equal(node->parent, parent);
    heights[0] = check_subtree(node->child[0], node);
    heights[1] = check_subtree(node->child[1], node);
    assert_true(heights[0] - heights[1] <= 1 && heights[1] - heights[0] <= 1);
    assert_int_equal(node->height, 1 + (heights[0] > heights[1] ? heights[0] : heights[1]));
    return node->height;
}

/* Checks the whole tree against the sorted array of its items. */
static void check_tree(const struct tree *tree, struct item *const *model, size_t count)
{
    const struct tree_node *node = tree_first(tree);
    const struct tree_node *last = NULL;

    (void)check_subtree(tree->root, NULL); /* it asserts by itself */
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(node, &model[i]->node);
        assert_ptr_equal(tree_prev(node), last);
        last = node;
        node = tree_next(node);
    }
    assert_null(node);
    assert_int_equal(tree->root == NULL, count == 0);
}

static void test_tree_new_is_empty(void **state)
{
    struct tree tree;

    (void)state;
    tree_init(&tree);
    assert_null(tree_first(&tree));
    assert_null(tree_find_floor(&tree, 5, item_key));
}

static void test_tree_find_floor_returns_the_last_not_above_the_key(void **state)
{
    struct item items[3] = {{.key = 10}, {.key = 20}, {.key = 30}};
    struct tree tree;

    (void)state;
    tree_init(&tree);
    for (int i = 0; i < 3; i++) {
        tree_insert(&tree, &items[i].node, item_less);
    }
    assert_null(tree_find_floor(&tree, 9, item_key));
    assert_ptr_equal(tree_find_floor(&tree, 10, item_key), &items[0].node);
    assert_ptr_equal(tree_find_floor(&tree, 19, item_key), &items[0].node);
    assert_ptr_equal(tree_find_floor(&tree, UINT64_MAX, item_key), &items[2].node);
}

static void test_tree_equal_keys_keep_order_of_insertion(void **state)
{
    struct item items[5] = {{.key = 7}, {.key = 7}, {.key = 3}, {.key = 7}, {.key = 9}};
    struct item *model[5] = {&items[2], &items[0], &items[1], &items[3], &items[4]};
    struct tree tree;

    (void)state;
    tree_init(&tree);
    for (int i = 0; i < 5; i++) {
        tree_insert(&tree, &items[i].node, item_less);
    }
    check_tree(&tree, model, 5);
    assert_ptr_equal(tree_find_floor(&tree, 7, item_key), &items[3].node);
}

static void test_tree_removed_node_is_unlinked(void **state)
{
    struct item item = {.key = 1};
    struct tree tree;

    (void)state;
    tree_init(&tree);
    tree_node_init(&item.node);
    assert_false(tree_node_is_linked(&item.node));
    tree_insert(&tree, &item.node, item_less);
    assert_true(tree_node_is_linked(&item.node));
    tree_remove(&tree, &item.node);
    assert_false(tree_node_is_linked(&item.node));
    assert_null(tree_first(&tree));
}

static void test_tree_sorted_inserts_stay_low(void **state)
{
    enum {
        COUNT = 4096
    };
    static struct item items[COUNT];
    struct tree tree;

    (void)state;
    tree_init(&tree);
    for (size_t i = 0; i < COUNT; i++) {
        items[i].key = i;
        tree_insert(&tree, &items[i].node, item_less);
    }
    assert_true(check_subtree(tree.root, NULL) <= 13);
    for (size_t i = 0; i < COUNT; i += 2) {
        tree_remove(&tree, &items[i].node);
    }
    assert_true(check_subtree(tree.root, NULL) <= 12);
}

/* Every way to remove one node from every tree of up to 7 nodes, inserted in every order. */
static void check_permutation(const uint64_t *keys, size_t count)
{
    for (size_t victim = 0; victim < count; victim++) {
        struct item items[7];
        struct item *model[7];
        struct tree tree;
        size_t kept = 0;

        tree_init(&tree);
        for (size_t i = 0; i < count; i++) {
            items[i].key = keys[i];
            tree_insert(&tree, &items[i].node, item_less);
        }
        tree_remove(&tree, &items[victim].node);
        for (uint64_t key = 0; key < count; key++) {
            for (size_t i = 0; i < count; i++) {
                if (keys[i] == key && i != victim) {
                    model[kept++] = &items[i];
                }
            }
        }
        check_tree(&tree, model, kept);
    }
}

static void check_all_permutations(uint64_t *keys, size_t fixed, size_t count)
{
    if (fixed == count) {
        check_permutation(keys, count);
        return;
    }
    for (size_t i = fixed; i < count; i++) {
        uint64_t key = keys[i];

        keys[i] = keys[fixed];
        keys[fixed] = key;
        check_all_permutations(keys, fixed + 1, count);
        keys[fixed] = keys[i];
        keys[i] = key;
    }
}

static void test_tree_small_trees_survive_every_removal(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 7; count++) {
        uint64_t keys[7] = {0, 1, 2, 3, 4, 5, 6};

        check_all_permutations(keys, 0, count);
    }
}

/* Index of the first item of the sorted model with a key > `key`. */
static size_t model_upper(struct item *const *model, size_t count, uint64_t key)
{
    size_t i = 0;

    while (i < count && model[i]->key <= key) {
        i++;
    }
    return i;
}

static void check_searches(const struct tree *tree, struct item *const *model, size_t count,
                           uint64_t key)
{
    size_t above = model_upper(model, count, key);
    const struct tree_node *floor = tree_find_floor(tree, key, item_key);

    assert_ptr_equal(floor, above == 0 ? NULL : &model[above - 1]->node);
}

static void test_tree_random_changes_match_model(void **state)
{
    enum {
        ITEM_COUNT = 200,
        KEY_COUNT = 120,
        STEP_COUNT = 20000
    };
    static struct item items[ITEM_COUNT];
    struct item *model[ITEM_COUNT];
    struct random random;
    struct tree tree;
    size_t count = 0;

    (void)state;
    random_init(&random);
    tree_init(&tree);
    for (size_t i = 0; i < ITEM_COUNT; i++) {
        tree_node_init(&items[i].node);
    }
    for (int step = 0; step < STEP_COUNT; step++) {
        struct item *item = &items[random_below(&random, ITEM_COUNT)];
        size_t place = 0;

        if (tree_node_is_linked(&item->node)) {
            tree_remove(&tree, &item->node);
            while (model[place] != item) {
                place++;
            }
            count--;
            for (size_t i = place; i < count; i++) {
                model[i] = model[i + 1];
            }
        } else {
            item->key = random_below(&random, KEY_COUNT);
            tree_insert(&tree, &item->node, item_less);
            place = model_upper(model, count, item->key);
            for (size_t i = count; i > place; i--) {
                model[i] = model[i - 1];
            }
            model[place] = item;
            count++;
        }
        check_tree(&tree, model, count);
        check_searches(&tree, model, count, random_below(&random, KEY_COUNT + 2));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree_new_is_empty),
        cmocka_unit_test(test_tree_find_floor_returns_the_last_not_above_the_key),
        cmocka_unit_test(test_tree_equal_keys_keep_order_of_insertion),
        cmocka_unit_test(test_tree_removed_node_is_unlinked),
        cmocka_unit_test(test_tree_sorted_inserts_stay_low),
        cmocka_unit_test(test_tree_small_trees_survive_every_removal),
        cmocka_unit_test(test_tree_random_changes_match_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
