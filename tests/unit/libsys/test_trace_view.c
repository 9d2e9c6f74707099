/* SPDX-License-Identifier: MIT */
/* Trace records on their way: rings, chunks, names, calls, summary. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <quay/trace_name.h>
#include <quay/trace_view.h>

#define CAPACITY 16u
#define CPUS     2u
#define ROOM     64u

/* --- rings ---------------------------------------------------------------------------------- */

static union {
    struct trace_head head;
    uint8_t bytes[PAGE_SIZE + CPUS * CAPACITY * sizeof(struct trace_record)];
} memory __attribute__((aligned(8)));
static struct qy_trace_ring ring;
static struct trace_record got[ROOM];
static uint64_t position, lost;

static int ring_setup(void **state)
{
    (void)state;
    memset(&memory, 0, sizeof memory);
    memory.head.capacity = CAPACITY;
    memory.head.cpu_count = CPUS;
    position = lost = 0;
    assert_true(qy_trace_ring_open(&ring, &memory, sizeof memory));
    return 0;
}

static void write(uint32_t cpu, uint8_t kind, uint8_t data_count, uint64_t value)
{
    struct trace_record *records = (void *)(memory.bytes + PAGE_SIZE);
    uint64_t number = memory.head.written[cpu]++;
    records[cpu * CAPACITY + number % CAPACITY] = (struct trace_record){
        .kind = kind, .data_count = data_count, .time = (time_ns_t)value, .value = value};
}

static void write_many(uint32_t cpu, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        write(cpu, TRACE_SWITCH, 0, i);
    }
}

static uint32_t read_up_to(uint32_t cpu, time_ns_t until, uint32_t room)
{
    return qy_trace_ring_read(&ring, cpu, &position, until, got, room, &lost);
}

static void test_ring_records_come_in_order_from_their_cpu(void **state)
{
    (void)state;
    write_many(1, 100, 103);
    write(0, TRACE_SWITCH, 0, 7);
    assert_int_equal(read_up_to(1, INT64_MAX, ROOM), 3);
    assert_int_equal(got[0].value, 100);
    assert_int_equal(got[2].value, 102);
    assert_int_equal(read_up_to(1, INT64_MAX, ROOM), 0);
    assert_int_equal(lost, 0);
}

static void test_ring_no_record_is_younger_than_asked_for(void **state)
{
    (void)state;
    write_many(0, 0, 6);
    assert_int_equal(read_up_to(0, 3, ROOM), 4);
    assert_int_equal(read_up_to(0, 3, ROOM), 0);
    assert_int_equal(read_up_to(0, 6, ROOM), 2);
    assert_int_equal(got[0].value, 4);
}

static void test_ring_overwritten_records_are_counted_as_lost(void **state)
{
    (void)state;
    write_many(0, 0, 100);
    uint32_t count = read_up_to(0, INT64_MAX, ROOM);
    assert_int_equal(count, CAPACITY - 1 - TRACE_DATA_MAX);
    assert_int_equal(got[0].value, 100 - count);
    assert_int_equal(got[count - 1].value, 99);
    assert_int_equal(lost, 100 - count);
}

static void test_ring_data_stays_with_its_record(void **state)
{
    (void)state;
    write_many(0, 0, 3);
    write(0, TRACE_CALL, 2, 3);
    write(0, TRACE_DATA, 0, 4);
    write(0, TRACE_DATA, 0, 5);
    assert_int_equal(read_up_to(0, INT64_MAX, 5), 3); /* there is no room for all three */
    assert_int_equal(read_up_to(0, INT64_MAX, 5), 3);
    assert_int_equal(got[0].kind, TRACE_CALL);
    assert_int_equal(got[2].value, 5);
    assert_int_equal(read_up_to(0, INT64_MAX, 5), 0);
}

static void test_ring_data_without_its_record_is_lost(void **state)
{
    (void)state;
    write_many(0, 0, 17);
    write(0, TRACE_CALL, 4, 17); /* 18 to 21 are its data */
    for (uint64_t i = 18; i < 22; i++) {
        write(0, TRACE_DATA, 0, i);
    }
    write_many(0, 22, 30); /* from 19 on all is there */
    assert_int_equal(read_up_to(0, INT64_MAX, ROOM), 8);
    assert_int_equal(got[0].value, 22);
    assert_int_equal(lost, 22);
}

static void test_ring_that_cannot_be_is_refused(void **state)
{
    (void)state;
    assert_false(qy_trace_ring_open(&ring, &memory, sizeof memory - 1));
    memory.head.capacity = 24;
    assert_false(qy_trace_ring_open(&ring, &memory, sizeof memory));
    memory.head.capacity = CAPACITY;
    memory.head.cpu_count = 0;
    assert_false(qy_trace_ring_open(&ring, &memory, sizeof memory));
    memory.head.cpu_count = TRACE_CPUS_MAX + 1;
    assert_false(qy_trace_ring_open(&ring, &memory, sizeof memory));
}

/* --- the stream ----------------------------------------------------------------------------- */

static void test_stream_chunks_come_back_and_a_cut_one_does_not(void **state)
{
    uint64_t room[16] = {0};
    struct qy_trace_writer writer = {(uint8_t *)room, sizeof room, 0};
    uint32_t at = 0;
    (void)state;
    uint8_t *first = qy_trace_chunk_add(&writer, 1, 5);
    memcpy(first, "hello", 5);
    struct qy_trace_lost *second = qy_trace_chunk_add(&writer, QY_TRACE_LOST, sizeof *second);
    second->count = 12;
    assert_int_equal(writer.length, 16 + 24);
    const struct qy_trace_chunk *chunk = qy_trace_chunk_next(room, writer.length, &at);
    assert_int_equal(chunk->length, 5);
    assert_memory_equal(qy_trace_payload(chunk), "hello\0\0", 8);
    assert_null(qy_trace_chunk_next(room, writer.length - 1, &at));
    chunk = qy_trace_chunk_next(room, writer.length, &at);
    assert_int_equal(((const struct qy_trace_lost *)qy_trace_payload(chunk))->count, 12);
    assert_null(qy_trace_chunk_next(room, writer.length, &at));
}

static void test_stream_that_is_full_takes_no_chunk(void **state)
{
    uint64_t room[4];
    struct qy_trace_writer writer = {(uint8_t *)room, sizeof room, 0};
    (void)state;
    assert_null(qy_trace_chunk_add(&writer, 1, 25));
    assert_null(qy_trace_chunk_add(&writer, 1, UINT32_MAX));
    assert_non_null(qy_trace_chunk_add(&writer, 1, 24));
    assert_null(qy_trace_chunk_add(&writer, 1, 0));
}

static void test_stream_with_a_mad_length_ends(void **state)
{
    struct qy_trace_chunk chunk = {.type = 1, .length = UINT32_MAX};
    uint32_t at = 0;
    (void)state;
    assert_null(qy_trace_chunk_next(&chunk, sizeof chunk, &at));
    chunk.length = UINT32_MAX - 6;
    assert_null(qy_trace_chunk_next(&chunk, sizeof chunk, &at));
}

/* --- names ---------------------------------------------------------------------------------- */

static struct qy_trace_names names;

static void learn(struct trace_record record, const char *text)
{
    qy_trace_names_learn(&names, &record, (const uint8_t *)text, (uint32_t)strlen(text));
}

static int names_setup(void **state)
{
    (void)state;
    memset(&names, 0, sizeof names);
    learn((struct trace_record){.kind = TRACE_PROCESS_START, .object = 10, .badge = 9}, "vfs");
    learn((struct trace_record){.kind = TRACE_THREAD_START, .object = 11, .badge = 10}, "");
    learn((struct trace_record){.kind = TRACE_CALL_RECEIVED, .thread = 11, .object = 12}, "");
    return 0;
}

static void test_names_are_learned_from_records(void **state)
{
    (void)state;
    assert_string_equal(qy_trace_process_name(&names, 10), "vfs");
    assert_int_equal(qy_trace_owner(&names, QY_TRACE_THREAD, 11), 10);
    assert_int_equal(qy_trace_owner(&names, QY_TRACE_PORT, 12), 10);
    assert_int_equal(qy_trace_owner(&names, QY_TRACE_PORT, 11), 0);
    assert_int_equal(qy_trace_flow_owner(11ul << 32 | 10), 10);
    assert_string_equal(qy_trace_process_name(&names, 77), "?");
}

static void test_names_change_when_a_program_says_so(void **state)
{
    struct trace_record said = {.kind = TRACE_USER, .method = QY_TRACE_USER_NAME, .thread = 11};
    (void)state;
    memcpy(&said.badge, "a longer", 8);
    memcpy(&said.value, " name", 6);
    learn(said, "");
    assert_string_equal(qy_trace_process_name(&names, 10), "a longer name");
    memset(&said.badge, 'x', sizeof said.badge);
    memset(&said.value, 'x', sizeof said.value); /* no zero at its end */
    said.method = 5;
    learn(said, "");
    assert_string_equal(qy_trace_process_name(&names, 10), "a longer name");
    said.method = QY_TRACE_USER_NAME;
    learn(said, "");
    assert_int_equal(strlen(qy_trace_process_name(&names, 10)), 16);
}

static void test_names_are_written_once_in_the_order_of_their_changes(void **state)
{
    uint64_t room[64], change = 0;
    struct qy_trace_writer writer = {(uint8_t *)room, sizeof room, 0};
    uint32_t at = 0, types[4] = {0};
    (void)state;
    for (int i = 0; qy_trace_names_write(&names, &change, &writer); i++) {
        types[i] = qy_trace_chunk_next(room, writer.length, &at)->type;
    }
    assert_int_equal(types[0], QY_TRACE_PROCESS);
    assert_int_equal(types[1], QY_TRACE_THREAD);
    assert_int_equal(types[2], QY_TRACE_PORT);
    assert_int_equal(types[3], 0);
    assert_false(qy_trace_name_set(&names, QY_TRACE_PROCESS, 10, 9, "vfs"));
    assert_false(qy_trace_names_write(&names, &change, &writer));
    assert_true(qy_trace_name_set(&names, QY_TRACE_PROCESS, 10, 9, "vfs2"));
    assert_true(qy_trace_names_write(&names, &change, &writer));
}

static void test_names_without_number_last_when_there_are_too_many(void **state)
{
    (void)state;
    for (koid_t koid = 100; koid < 100 + 8 * QY_TRACE_NAMES_MAX; koid++) {
        (void)qy_trace_name_set(&names, QY_TRACE_THREAD, koid, koid + 1, NULL);
    }
    koid_t last = 99 + 8 * QY_TRACE_NAMES_MAX;
    assert_int_equal(qy_trace_owner(&names, QY_TRACE_THREAD, last), last + 1);
    assert_false(qy_trace_name_set(&names, QY_TRACE_THREAD, 0, 1, NULL));
}

/* --- calls ---------------------------------------------------------------------------------- */

#define CALLS 8u

static struct qy_trace_call room[CALLS];
static struct qy_trace_call done[CALLS * 4]; /* as they ended */
static struct qy_trace_summary summary;
static uint32_t done_count, kept_children;

static bool ended(void *context, struct qy_trace_call *call)
{
    (void)context;
    qy_trace_summary_add(&summary, call);
    for (const struct qy_trace_call *child = call->first; child != NULL; child = child->next) {
        kept_children++;
    }
    done[done_count++] = *call;
    return call->parent == NULL;
}

static struct qy_trace_calls calls;

static int calls_setup(void **state)
{
    (void)state;
    memset(room, 0, sizeof room);
    memset(&summary, 0, sizeof summary);
    done_count = kept_children = 0;
    calls = (struct qy_trace_calls){.calls = room, .count = CALLS, .ended = ended};
    return 0;
}

static void take(uint8_t kind, koid_t thread, uint64_t value, time_ns_t time, const char *data)
{
    struct trace_record record = {.kind = kind,
                                  .thread = thread,
                                  .value = value,
                                  .time = time,
                                  .flow = 1ul << 32,
                                  .object = 50,
                                  .length = (uint32_t)strlen(data)};
    record.method = 0x50001;
    qy_trace_calls_take(&calls, &record, (const uint8_t *)data, record.length);
}

static void one_call(koid_t client, koid_t server, time_ns_t time)
{
    take(TRACE_CALL, client, 0, time, "ask");
    take(TRACE_CALL_RECEIVED, server, client, time + 10, "");
    take(TRACE_REPLY, server, client, time + 30, "answer");
    take(TRACE_REPLY_RECEIVED, client, 0, time + 40, "");
}

static void test_call_is_put_together_from_its_four_records(void **state)
{
    (void)state;
    one_call(1, 2, 1000);
    assert_int_equal(done_count, 1);
    assert_int_equal(done[0].client, 1);
    assert_int_equal(done[0].server, 2);
    assert_int_equal(done[0].method, 0x50001);
    assert_int_equal(done[0].sent, 1000);
    assert_int_equal(done[0].replied, 1030);
    assert_int_equal(done[0].ended, 1040);
    assert_memory_equal(done[0].request, "ask", 3);
    assert_memory_equal(done[0].reply, "answer", 6);
    assert_int_equal(done[0].status, 0);
}

static void test_calls_for_a_call_are_its_children(void **state)
{
    (void)state;
    take(TRACE_CALL, 1, 0, 100, "");
    take(TRACE_CALL_RECEIVED, 2, 1, 110, "");
    one_call(2, 3, 120);
    one_call(2, 3, 220);
    take(TRACE_REPLY, 2, 1, 300, "");
    one_call(2, 3, 310); /* answered already: it is for nobody */
    take(TRACE_REPLY_RECEIVED, 1, 0, 400, "");
    assert_int_equal(done_count, 4);
    assert_ptr_equal(done[0].parent, done[1].parent);
    assert_non_null(done[0].parent);
    assert_null(done[2].parent);
    assert_int_equal(done[3].client, 1);
    assert_int_equal(kept_children, 2);
    for (uint32_t i = 0; i < CALLS; i++) {
        assert_int_equal(room[i].state, QY_TRACE_FREE);
    }
}

static void test_call_that_fails_has_its_error(void **state)
{
    struct trace_record failed = {
        .kind = TRACE_REPLY_RECEIVED, .thread = 1, .status = -110, .time = 9};
    (void)state;
    take(TRACE_CALL, 1, 0, 5, "");
    qy_trace_calls_take(&calls, &failed, NULL, 0);
    assert_int_equal(done[0].status, -110);
    take(TRACE_CALL, 1, 0, 15, "");
    failed.status = 2; /* the server's own error */
    qy_trace_calls_take(&calls, &failed, NULL, 0);
    assert_int_equal(done[1].status, 2);
}

static void test_call_whose_end_was_lost_is_cut(void **state)
{
    (void)state;
    take(TRACE_CALL, 1, 0, 5, "");
    take(TRACE_CALL, 1, 0, 6, "");
    assert_int_equal(done_count, 1);
    assert_true(done[0].is_cut);
    qy_trace_calls_end(&calls);
    assert_int_equal(done_count, 2);
    assert_int_equal(summary.count, 0);
}

static void test_call_whose_beginning_was_lost_is_not_counted(void **state)
{
    (void)state;
    take(TRACE_REPLY_RECEIVED, 1, 0, 5, "");
    take(TRACE_REPLY, 2, 1, 5, "");
    assert_int_equal(done_count, 0);
    take(TRACE_CALL_RECEIVED, 2, 1, 6, "");
    take(TRACE_REPLY_RECEIVED, 1, 0, 9, "");
    assert_int_equal(done_count, 1);
    assert_int_equal(done[0].sent, 0);
    assert_int_equal(summary.count, 0);
}

static void test_child_that_outlives_its_parent_goes_on_alone(void **state)
{
    (void)state;
    take(TRACE_CALL, 1, 0, 100, "");
    take(TRACE_CALL_RECEIVED, 2, 1, 110, "");
    take(TRACE_CALL, 2, 0, 120, "");
    take(TRACE_REPLY_RECEIVED, 1, 0, 130, ""); /* it did not wait */
    assert_int_equal(done_count, 1);
    take(TRACE_REPLY_RECEIVED, 2, 0, 140, "");
    assert_int_equal(done_count, 2);
    assert_null(done[1].parent);
}

static void test_calls_without_room_are_counted(void **state)
{
    (void)state;
    for (koid_t client = 1; client <= CALLS + 3; client++) {
        take(TRACE_CALL, client, 0, 5, "");
    }
    assert_int_equal(calls.untracked, 3);
    qy_trace_calls_end(&calls);
    assert_int_equal(done_count, CALLS);
}

static void test_random_records_leave_the_calls_sound(void **state)
{
    (void)state;
    srand(7);
    for (int i = 0; i < 300000; i++) {
        uint8_t kind = (uint8_t)(rand() % 4 + TRACE_CALL);
        done_count = 0;
        take(kind, (koid_t)(rand() % 6), (uint64_t)(rand() % 6), i + 1, "x");
    }
    done_count = 0;
    qy_trace_calls_end(&calls);
    for (uint32_t i = 0; i < CALLS; i++) {
        assert_int_equal(room[i].state, QY_TRACE_FREE);
    }
}

/* --- summary -------------------------------------------------------------------------------- */

static void test_summary_has_calls_errors_and_times_of_a_method(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 100; i++) {
        struct qy_trace_call call = {
            .method = 7, .sent = 1, .ended = 1 + 1000 * i, .status = i == 3 ? 2 : 0};
        qy_trace_summary_add(&summary, &call);
    }
    const struct qy_trace_method *method = &summary.methods[0];
    assert_int_equal(summary.count, 1);
    assert_int_equal(method->calls, 100);
    assert_int_equal(method->errors, 1);
    assert_int_equal(method->max_ns, 100000);
    assert_in_range(qy_trace_percentile(method, 50), 44000, 56000);
    assert_in_range(qy_trace_percentile(method, 99), 87000, 100000);
    assert_int_equal(qy_trace_percentile(&summary.methods[1], 50), 0);
}

static void test_summary_without_room_counts_what_it_leaves_out(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < QY_TRACE_METHODS_MAX + 5; i++) {
        struct qy_trace_call call = {.method = i, .sent = 1, .ended = INT64_MAX};
        qy_trace_summary_add(&summary, &call);
    }
    assert_int_equal(summary.count, QY_TRACE_METHODS_MAX);
    assert_int_equal(summary.unlisted, 5);
}

static void test_times_are_short(void **state)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } cases[] = {{0, "0 ns"},
                 {999, "999 ns"},
                 {1000, "1.00 us"},
                 {45678, "45.6 us"},
                 {999999, "999 us"},
                 {1234567, "1.23 ms"},
                 {59999999999, "59.9 s"},
                 {1000000000000, "1000 s"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buffer[32];
        struct qy_text text = {.text = buffer, .size = sizeof buffer};
        qy_trace_time_print(cases[i].ns, &text);
        assert_string_equal(buffer, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_ring_records_come_in_order_from_their_cpu, ring_setup),
        cmocka_unit_test_setup(test_ring_no_record_is_younger_than_asked_for, ring_setup),
        cmocka_unit_test_setup(test_ring_overwritten_records_are_counted_as_lost, ring_setup),
        cmocka_unit_test_setup(test_ring_data_stays_with_its_record, ring_setup),
        cmocka_unit_test_setup(test_ring_data_without_its_record_is_lost, ring_setup),
        cmocka_unit_test_setup(test_ring_that_cannot_be_is_refused, ring_setup),
        cmocka_unit_test(test_stream_chunks_come_back_and_a_cut_one_does_not),
        cmocka_unit_test(test_stream_that_is_full_takes_no_chunk),
        cmocka_unit_test(test_stream_with_a_mad_length_ends),
        cmocka_unit_test_setup(test_names_are_learned_from_records, names_setup),
        cmocka_unit_test_setup(test_names_change_when_a_program_says_so, names_setup),
        cmocka_unit_test_setup(test_names_are_written_once_in_the_order_of_their_changes,
                               names_setup),
        cmocka_unit_test_setup(test_names_without_number_last_when_there_are_too_many, names_setup),
        cmocka_unit_test_setup(test_call_is_put_together_from_its_four_records, calls_setup),
        cmocka_unit_test_setup(test_calls_for_a_call_are_its_children, calls_setup),
        cmocka_unit_test_setup(test_call_that_fails_has_its_error, calls_setup),
        cmocka_unit_test_setup(test_call_whose_end_was_lost_is_cut, calls_setup),
        cmocka_unit_test_setup(test_call_whose_beginning_was_lost_is_not_counted, calls_setup),
        cmocka_unit_test_setup(test_child_that_outlives_its_parent_goes_on_alone, calls_setup),
        cmocka_unit_test_setup(test_calls_without_room_are_counted, calls_setup),
        cmocka_unit_test_setup(test_random_records_leave_the_calls_sound, calls_setup),
        cmocka_unit_test_setup(test_summary_has_calls_errors_and_times_of_a_method, calls_setup),
        cmocka_unit_test_setup(test_summary_without_room_counts_what_it_leaves_out, calls_setup),
        cmocka_unit_test(test_times_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
