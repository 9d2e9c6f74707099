/* SPDX-License-Identifier: MIT */
#include "unit/property.h"

#include "lib/pqueue.h"

/* Checks that `queue` holds exactly these nodes in this order, and that its levels are right. */
static void check_queue(const struct pqueue *queue, struct pqueue_node *const *model, size_t count)
{
    const struct pqueue_node *node = pqueue_first(queue);
    const struct list *level = queue->levels.next;
    const struct list *next;

    assert_int_equal(pqueue_is_empty(queue), count == 0);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(node, model[i]);
        assert_true(pqueue_node_is_linked(node));
        if (i == 0 || model[i - 1]->priority != model[i]->priority) {
            assert_ptr_equal(level, &model[i]->level);
            level = level->next;
        } else {
            assert_false(list_is_linked(&model[i]->level));
        }
        next = node->link.next;
        node = next == &queue->nodes ? NULL : CONTAINER_OF(next, struct pqueue_node, link);
    }
    assert_null(node);
    assert_ptr_equal(level, &queue->levels);
}

#define CHECK_QUEUE(queue, ...)                                                                    \
    check_queue(queue, (struct pqueue_node *const[]){__VA_ARGS__},                                 \
                sizeof((struct pqueue_node *const[]){__VA_ARGS__}) / sizeof(struct pqueue_node *))

static void test_pqueue_new_is_empty(void **state)
{
    struct pqueue queue;
    struct pqueue_node node;

    (void)state;
    pqueue_init(&queue);
    pqueue_node_init(&node);
    assert_true(pqueue_is_empty(&queue));
    assert_null(pqueue_first(&queue));
    assert_null(pqueue_pop_first(&queue));
    assert_false(pqueue_node_is_linked(&node));
}

static void test_pqueue_serves_highest_priority_first(void **state)
{
    struct pqueue_node a;
    struct pqueue_node b;
    struct pqueue_node c;
    struct pqueue queue;

    (void)state;
    pqueue_init(&queue);
    pqueue_insert(&queue, &a, 10);
    pqueue_insert(&queue, &b, 255);
    pqueue_insert(&queue, &c, 0);
    CHECK_QUEUE(&queue, &b, &a, &c);
}

static void test_pqueue_equal_priorities_are_first_in_first_out(void **state)
{
    struct pqueue_node nodes[5];
    struct pqueue queue;

    (void)state;
    pqueue_init(&queue);
    pqueue_insert(&queue, &nodes[0], 5);
    pqueue_insert(&queue, &nodes[1], 9);
    pqueue_insert(&queue, &nodes[2], 5);
    pqueue_insert(&queue, &nodes[3], 9);
    pqueue_insert(&queue, &nodes[4], 5);
    CHECK_QUEUE(&queue, &nodes[1], &nodes[3], &nodes[0], &nodes[2], &nodes[4]);
}

static void test_pqueue_removed_leader_passes_its_place_on(void **state)
{
    struct pqueue_node nodes[4];
    struct pqueue queue;

    (void)state;
    pqueue_init(&queue);
    pqueue_insert(&queue, &nodes[0], 7);
    pqueue_insert(&queue, &nodes[1], 7);
    pqueue_insert(&queue, &nodes[2], 3);
    pqueue_remove(&queue, &nodes[0]);
    CHECK_QUEUE(&queue, &nodes[1], &nodes[2]);
    assert_false(pqueue_node_is_linked(&nodes[0]));
    pqueue_insert(&queue, &nodes[3], 7);
    CHECK_QUEUE(&queue, &nodes[1], &nodes[3], &nodes[2]);
    pqueue_remove(&queue, &nodes[2]);
    CHECK_QUEUE(&queue, &nodes[1], &nodes[3]);
}

static void test_pqueue_pop_first_empties_in_order(void **state)
{
    struct pqueue_node nodes[3];
    struct pqueue queue;

    (void)state;
    pqueue_init(&queue);
    pqueue_insert(&queue, &nodes[0], 1);
    pqueue_insert(&queue, &nodes[1], 2);
    pqueue_insert(&queue, &nodes[2], 2);
    assert_ptr_equal(pqueue_pop_first(&queue), &nodes[1]);
    assert_ptr_equal(pqueue_pop_first(&queue), &nodes[2]);
    assert_ptr_equal(pqueue_pop_first(&queue), &nodes[0]);
    assert_true(pqueue_is_empty(&queue));
}

struct model {
    struct pqueue_node *nodes[64];
    size_t count;
};

static void model_insert(struct model *model, struct pqueue_node *node, uint8_t priority)
{
    size_t place = model->count;

    while (place > 0 && model->nodes[place - 1]->priority < priority) {
        model->nodes[place] = model->nodes[place - 1];
        place--;
    }
    model->nodes[place] = node;
    model->count++;
}

static void model_remove(struct model *model, const struct pqueue_node *node)
{
    size_t kept = 0;

    for (size_t i = 0; i < model->count; i++) {
        if (model->nodes[i] != node) {
            model->nodes[kept++] = model->nodes[i];
        }
    }
    model->count = kept;
}

static void test_pqueue_random_changes_match_model(void **state)
{
    enum {
        NODE_COUNT = 64,
        STEP_COUNT = 100000
    };
    static struct pqueue_node nodes[NODE_COUNT];
    struct model model = {.count = 0};
    struct pqueue queue;
    struct random random;

    (void)state;
    random_init(&random);
    pqueue_init(&queue);
    for (size_t i = 0; i < NODE_COUNT; i++) {
        pqueue_node_init(&nodes[i]);
    }
    for (int step = 0; step < STEP_COUNT; step++) {
        struct pqueue_node *node = &nodes[random_below(&random, NODE_COUNT)];
        uint8_t priority = (uint8_t)random_below(&random, random_chance(&random, 50) ? 4 : 256);

        if (!pqueue_node_is_linked(node)) {
            model_insert(&model, node, priority);
            pqueue_insert(&queue, node, priority);
        } else if (random_chance(&random, 30)) {
            pqueue_remove(&queue, node);
            model_remove(&model, node);
            model_insert(&model, node, priority);
            pqueue_insert(&queue, node, priority);
        } else if (random_chance(&random, 30)) {
            assert_ptr_equal(pqueue_pop_first(&queue), model.nodes[0]);
            model_remove(&model, model.nodes[0]);
        } else {
            pqueue_remove(&queue, node);
            model_remove(&model, node);
        }
        check_queue(&queue, model.nodes, model.count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pqueue_new_is_empty),
        cmocka_unit_test(test_pqueue_serves_highest_priority_first),
        cmocka_unit_test(test_pqueue_equal_priorities_are_first_in_first_out),
        cmocka_unit_test(test_pqueue_removed_leader_passes_its_place_on),
        cmocka_unit_test(test_pqueue_pop_first_empties_in_order),
        cmocka_unit_test(test_pqueue_random_changes_match_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
