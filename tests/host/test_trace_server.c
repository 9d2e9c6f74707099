/* SPDX-License-Identifier: MIT */
/* The trace server over a ring that the test writes: what readers get, the summary, lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <idl/dir.h>
#include <idl/file.h>
#include <quay/clock.h>
#include <quay/host.h>
#include <quay/text.h>
#include "../../servers/trace/filter.h"
#include "../../servers/trace/machine.h"
#include "../../servers/trace/merge.h"
#include "../../servers/trace/trace.h"

#define CAPACITY 64u
#define CPUS     2u

#define CALLS                                                                                      \
    (QY_TRACE_KINDS_DATA | QY_TRACE_KINDS_CALL | QY_TRACE_KINDS_CALL_RECEIVED |                    \
     QY_TRACE_KINDS_REPLY | QY_TRACE_KINDS_REPLY_RECEIVED)

/* Who there is: processes 100 (ls), 200 (vfs), 300 (log), 900 (the server itself), each with the
 * thread one above; vfs has port 202, log 302, the server 902. */
enum {
    LS = 100,
    VFS = 200,
    LOG = 300,
    OWN = 900
};

/* --- the machine ---------------------------------------------------------------------------- */

static union {
    struct trace_head head;
    uint8_t bytes[PAGE_SIZE + CPUS * CAPACITY * sizeof(struct trace_record)];
} memory __attribute__((aligned(8)));

static struct {
    int64_t rings_error;
    uint32_t kinds;
    char log[4096];
    size_t log_length;
    uint8_t port[8192];
    uint32_t port_length;
    bool has_port;
    void *allocated[8];
    uint32_t allocated_count;
} fake;

int64_t machine_rings(uint64_t records, struct qy_trace_ring *ret_ring)
{
    assert_true(records >= TRACE_RECORDS_USUAL);
    return fake.rings_error != 0                                  ? fake.rings_error
           : qy_trace_ring_open(ret_ring, &memory, sizeof memory) ? 0
                                                                  : -EINVAL;
}

void machine_note(uint32_t kinds)
{
    fake.kinds = kinds;
}

static void program(struct qy_trace_names *names, koid_t process, const char *name)
{
    (void)qy_trace_name_set(names, QY_TRACE_PROCESS, process, 1, name);
    (void)qy_trace_name_set(names, QY_TRACE_THREAD, process + 1, process, NULL);
    (void)qy_trace_name_set(names, QY_TRACE_PORT, process + 2, process, NULL);
}

void machine_names(struct qy_trace_names *names)
{
    program(names, LS, "ls");
    program(names, VFS, "vfs");
    program(names, LOG, "log");
}

void *machine_memory(size_t bytes)
{
    void *got = calloc(1, bytes);
    fake.allocated[fake.allocated_count++] = got;
    return got;
}

int64_t machine_wall(void)
{
    return 77;
}

bool machine_port_write(const void *bytes, uint32_t count)
{
    if (fake.has_port && count <= sizeof fake.port - fake.port_length) {
        memcpy(fake.port + fake.port_length, bytes, count);
        fake.port_length += count;
    }
    return fake.has_port;
}

void machine_log(const char *text, size_t length)
{
    assert_true(fake.log_length + length < sizeof fake.log);
    memcpy(fake.log + fake.log_length, text, length);
    fake.log_length += length;
    fake.log[fake.log_length] = 0;
}

/* --- the kernel ----------------------------------------------------------------------------- */

static void put(uint32_t cpu, const void *record)
{
    uint64_t number = memory.head.written[cpu]++;
    memcpy(memory.bytes + PAGE_SIZE +
               (cpu * CAPACITY + number % CAPACITY) * sizeof(struct trace_record),
           record, sizeof(struct trace_record));
}

static void note(uint32_t cpu, uint8_t kind, struct trace_record record, const void *data,
                 uint32_t length)
{
    record.kind = kind;
    record.cpu = (uint8_t)cpu;
    record.length = length;
    record.data_count = length > 0 ? 1 : 0;
    record.time = ++qy_host_now;
    put(cpu, &record);
    if (length > 0) {
        struct trace_data part = {.kind = TRACE_DATA, .cpu = (uint8_t)cpu, .count = length};
        memcpy(part.bytes, data, length);
        put(cpu, &part);
    }
}

/* Four records on two CPUs: process `from` calls `to`. */
static void call_in_flow(koid_t from, koid_t to, uint32_t method, int32_t status, uint64_t flow)
{
    struct qy_dir_lookup_request {
        uint16_t path_count;
        bool follow;
        uint8_t reserved;
    } request = {.follow = true};
    bool is_lookup = method == QY_DIR_METHOD_LOOKUP;
    struct trace_record record = {
        .method = method, .thread = from + 1, .flow = flow, .object = to + 2};
    note(0, TRACE_CALL, record, &request, is_lookup ? 4 : 0);
    qy_host_now += 1000;
    record.thread = to + 1;
    record.value = from + 1;
    note(1, TRACE_CALL_RECEIVED, record, NULL, 0);
    qy_host_now += 5000;
    record.status = status;
    note(1, TRACE_REPLY, record, NULL, 0);
    record.thread = from + 1;
    note(0, TRACE_REPLY_RECEIVED, record, NULL, 0);
}

static void call(koid_t from, koid_t to, uint32_t method, int32_t status)
{
    call_in_flow(from, to, method, status, (from + 1) << 32 | from);
}

/* --- fixtures ------------------------------------------------------------------------------- */

static void session_closed(struct qy_server *server, uint64_t badge)
{
    (void)server;
    trace_session_closed(badge);
}

static struct qy_server server = {
    .dispatch = qy_trace_dispatch, .handlers = &trace_handlers, .session_closed = session_closed};
static handle_t session;
static _Alignas(8) uint8_t chunks[32768];
static uint32_t count;

static int setup(void **state)
{
    (void)state;
    memset(&memory, 0, sizeof memory);
    memset(&fake, 0, sizeof fake);
    memory.head.capacity = CAPACITY;
    memory.head.cpu_count = CPUS;
    fake.has_port = true;
    qy_host_reset();
    qy_host_now = QY_SECOND;
    trace_init(OWN + 1, OWN + 2);
    server.port = qy_host_port(&server);
    session = qy_host_session(&server, 1ul << 32 | 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < fake.allocated_count; i++) {
        free(fake.allocated[i]);
    }
    return 0;
}

static void settle(void)
{
    qy_host_now += QY_MILLISECOND;
}

static void read_all(void)
{
    settle();
    assert_int_equal(qy_trace_read(session, chunks, sizeof chunks, &count, DEADLINE_NEVER), 0);
}

/* Chunks of this type, and in *ret_last the last one. */
static uint32_t chunks_of(uint32_t type, const struct qy_trace_chunk **ret_last)
{
    const struct qy_trace_chunk *chunk;
    uint32_t at = 0, found = 0;
    while ((chunk = qy_trace_chunk_next(chunks, count, &at)) != NULL) {
        if (chunk->type == type) {
            found++;
            *ret_last = chunk;
        }
    }
    return found;
}

/* Records in what was read, and whether they are in the order of time. */
static uint32_t records(bool *ret_is_sorted)
{
    const struct qy_trace_chunk *chunk;
    uint32_t at = 0, found = 0;
    time_ns_t last = 0;
    *ret_is_sorted = true;
    while ((chunk = qy_trace_chunk_next(chunks, count, &at)) != NULL) {
        const struct qy_trace_source *source = qy_trace_payload(chunk);
        const struct trace_record *record = (const void *)(source + 1);
        uint32_t number = (chunk->length - 8) / 64;
        for (uint32_t i = 0; chunk->type == QY_TRACE_RECORDS && i < number; i++) {
            assert_int_equal(record[i].cpu, source->cpu);
            if (record[i].kind != TRACE_DATA) {
                found++;
                *ret_is_sorted = *ret_is_sorted && record[i].time >= last;
                last = record[i].time;
            }
        }
    }
    return found;
}

/* --- readers -------------------------------------------------------------------------------- */

static void test_nothing_is_noted_before_somebody_wants_it(void **state)
{
    struct qy_trace_state told;
    (void)state;
    assert_int_equal(qy_trace_get(session, &told, DEADLINE_NEVER), 0);
    assert_int_equal(told.kinds, 0);
    assert_int_equal(told.records_per_cpu, 0);
    assert_int_equal(fake.allocated_count, 0);
    assert_int_equal(qy_trace_read(session, chunks, sizeof chunks, &count, DEADLINE_NEVER),
                     QY_TRACE_FAILURE_NOT_STARTED);
}

static void test_reader_gets_start_names_and_records_in_order(void **state)
{
    const struct qy_trace_chunk *last;
    bool is_sorted;
    (void)state;
    call(LS, VFS, QY_DIR_METHOD_LOOKUP, 0); /* before it began */
    assert_int_equal(qy_trace_start(session, CALLS, DEADLINE_NEVER), 0);
    assert_int_equal(fake.kinds & CALLS, CALLS);
    call(LS, VFS, QY_DIR_METHOD_LOOKUP, 0);
    call(LS, VFS, QY_FILE_METHOD_STAT, 0);
    read_all();
    assert_int_equal(chunks_of(QY_TRACE_START, &last), 1);
    assert_int_equal(((const struct qy_trace_start *)qy_trace_payload(last))->wall_ns, 77);
    assert_int_equal(chunks_of(QY_TRACE_PROCESS, &last), 3);
    assert_int_equal(records(&is_sorted), 8);
    assert_true(is_sorted);
    read_all();
    assert_int_equal(count, 0);
}

static void test_reader_gets_what_is_settled_only(void **state)
{
    bool is_sorted;
    (void)state;
    assert_int_equal(qy_trace_start(session, CALLS, DEADLINE_NEVER), 0);
    call(LS, VFS, QY_FILE_METHOD_STAT, 0);
    assert_int_equal(qy_trace_read(session, chunks, sizeof chunks, &count, DEADLINE_NEVER), 0);
    assert_int_equal(records(&is_sorted), 0); /* another CPU may still write what is older */
    read_all();
    assert_int_equal(records(&is_sorted), 4);
}

static void test_follower_gets_its_flow_and_what_is_started_in_it(void **state)
{
    struct trace_record started = {.thread = VFS + 1, .flow = (LS + 1ul) << 32 | LS, .object = 500};
    bool is_sorted;
    (void)state;
    assert_int_equal(qy_trace_start(session, CALLS, DEADLINE_NEVER), 0);
    assert_int_equal(qy_trace_follow(session, LS, DEADLINE_NEVER), 0);
    call(LS, VFS, QY_FILE_METHOD_STAT, 0);
    call(LOG, VFS, QY_FILE_METHOD_STAT, 0);
    call_in_flow(VFS, LOG, QY_FILE_METHOD_STAT, 0, (LS + 1ul) << 32 | LS);
    call_in_flow(VFS, LOG, QY_FILE_METHOD_STAT, 0, 501ul << 32 | 500); /* not yet */
    note(0, TRACE_PROCESS_START, started, "child", 5);
    call_in_flow(VFS, LOG, QY_FILE_METHOD_STAT, 0, 501ul << 32 | 500);
    read_all();
    assert_int_equal(records(&is_sorted), 12);
}

static void test_calls_of_the_tracing_itself_are_nobodys(void **state)
{
    bool is_sorted;
    (void)state;
    assert_int_equal(qy_trace_start(session, CALLS, DEADLINE_NEVER), 0);
    call(LS, OWN, QY_FILE_METHOD_STAT, 0);
    call(OWN, VFS, QY_FILE_METHOD_STAT, 0);
    read_all();
    assert_int_equal(records(&is_sorted), 0);
}

static void test_reader_that_is_late_is_told_what_it_lost(void **state)
{
    const struct qy_trace_chunk *last = NULL;
    bool is_sorted;
    (void)state;
    assert_int_equal(qy_trace_start(session, CALLS, DEADLINE_NEVER), 0);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        call(LS, VFS, QY_FILE_METHOD_STAT, 0);
    }
    read_all();
    assert_int_equal(chunks_of(QY_TRACE_LOST, &last), 2);
    uint64_t lost = ((const struct qy_trace_lost *)qy_trace_payload(last))->count;
    assert_int_equal(lost, CAPACITY * 2 - (CAPACITY - 5));
    assert_int_equal(records(&is_sorted), 2 * (CAPACITY - 5));
    call(LS, VFS, QY_FILE_METHOD_STAT, 0);
    read_all();
    assert_int_equal(chunks_of(QY_TRACE_LOST, &last), 0);
}

static void test_small_memory_is_filled_again_and_again(void **state)
{
    bool is_sorted;
    uint32_t found = 0;
    (void)state;
    assert_int_equal(qy_trace_start(session, CALLS, DEADLINE_NEVER), 0);
    for (uint32_t i = 0; i < 20; i++) {
        call(LS, VFS, QY_DIR_METHOD_LOOKUP, 0);
    }
    settle();
    assert_int_equal(qy_trace_read(session, chunks, 4096, &count, DEADLINE_NEVER),
                     QY_TRACE_FAILURE_INVALID);
    do {
        assert_int_equal(qy_trace_read(session, chunks, 8192, &count, DEADLINE_NEVER), 0);
        found += records(&is_sorted);
        assert_true(is_sorted);
    } while (count > 0);
    assert_in_range(found, 76, 80); /* CPU 0 has written 60 of the 64 that fit */
}

static void test_lender_whose_page_is_away_loses_nothing(void **state)
{
    bool is_sorted;
    (void)state;
    assert_int_equal(qy_trace_start(session, CALLS, DEADLINE_NEVER), 0);
    call(LS, VFS, QY_FILE_METHOD_STAT, 0);
    qy_host_lease_fault = 1;
    read_all();
    assert_int_equal(qy_host_lease_fault, 0);
    assert_int_equal(records(&is_sorted), 4);
}

static void test_wish_ends_with_its_session(void **state)
{
    (void)state;
    assert_int_equal(qy_trace_start(session, CALLS, DEADLINE_NEVER), 0);
    trace_session_closed(1ul << 32 | 1);
    assert_int_equal(fake.kinds, 0);
    assert_false(trace_is_on());
    for (uint64_t i = 1; i <= TRACE_READERS_MAX; i++) {
        handle_t other = qy_host_session(&server, i << 33);
        assert_int_equal(qy_trace_start(other, CALLS, DEADLINE_NEVER), 0);
    }
    assert_int_equal(qy_trace_start(session, CALLS, DEADLINE_NEVER), QY_TRACE_FAILURE_TOO_MANY);
}

static void test_kernel_without_memory_is_told(void **state)
{
    (void)state;
    fake.rings_error = -ENOMEM;
    assert_int_equal(qy_trace_start(session, CALLS, DEADLINE_NEVER), QY_TRACE_FAILURE_NO_MEMORY);
    assert_int_equal(qy_trace_switch_on(session, CALLS, false, "", DEADLINE_NEVER),
                     QY_TRACE_FAILURE_NO_MEMORY);
    assert_int_equal(fake.kinds, 0);
    fake.rings_error = 0;
    assert_int_equal(qy_trace_start(session, CALLS, DEADLINE_NEVER), 0);
}

/* --- of the machine ------------------------------------------------------------------------- */

static void test_summary_counts_while_it_is_on(void **state)
{
    static struct qy_trace_row rows[64];
    struct qy_trace_state told;
    (void)state;
    assert_int_equal(qy_trace_switch_on(session, CALLS, false, "", DEADLINE_NEVER), 0);
    call(LS, VFS, QY_FILE_METHOD_STAT, 0);
    call(LS, VFS, QY_FILE_METHOD_STAT, QY_FILE_FAILURE_IO);
    call(LS, VFS, QY_DIR_METHOD_LOOKUP, 0);
    settle();
    assert_int_equal(qy_trace_switch_off(session, DEADLINE_NEVER), 0);
    assert_int_equal(fake.kinds, 0);
    call(LS, VFS, QY_DIR_METHOD_LOOKUP, 0);
    settle();
    assert_int_equal(qy_trace_summary(session, 0, rows, &count, DEADLINE_NEVER), 0);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].number, QY_FILE_METHOD_STAT);
    assert_int_equal(rows[0].calls, 2);
    assert_int_equal(rows[0].errors, 1);
    assert_in_range(rows[0].median_ns, 5000, 7000);
    assert_int_equal(qy_trace_get(session, &told, DEADLINE_NEVER), 0);
    assert_int_equal(told.calls, 3);
    assert_int_equal(qy_trace_reset(session, DEADLINE_NEVER), 0);
    assert_int_equal(qy_trace_summary(session, 0, rows, &count, DEADLINE_NEVER), 0);
    assert_int_equal(count, 0);
}

static void test_log_gets_a_line_for_each_call(void **state)
{
    (void)state;
    assert_int_equal(qy_trace_switch_on(session, CALLS, true, "", DEADLINE_NEVER), 0);
    call(LS, VFS, QY_DIR_METHOD_LOOKUP, QY_FILE_FAILURE_NO_SUCH_FILE);
    call(LOG, VFS, QY_DIR_METHOD_LOOKUP, 0); /* it shows the line, so there is none about it */
    settle();
    trace_tick();
    assert_non_null(strstr(fake.log, "6.00 us  ls > vfs            dir.lookup("));
    assert_non_null(strstr(fake.log, ") -> no_such_file\n"));
    assert_null(strstr(fake.log, "log > vfs"));
}

static void test_log_filter_lets_programs_and_protocols_pass(void **state)
{
    (void)state;
    assert_int_equal(qy_trace_switch_on(session, CALLS, true, "sh,file", DEADLINE_NEVER), 0);
    call(LS, VFS, QY_DIR_METHOD_LOOKUP, 0);
    call(LS, VFS, QY_FILE_METHOD_STAT, 0);
    settle();
    trace_tick();
    assert_null(strstr(fake.log, "dir.lookup"));
    assert_non_null(strstr(fake.log, "file.stat"));
    assert_int_equal(qy_trace_switch_on(session, CALLS, true, "a,b,c,d,e,f,g,h,i", DEADLINE_NEVER),
                     QY_TRACE_FAILURE_INVALID);
}

static void test_log_is_told_what_was_left_out(void **state)
{
    (void)state;
    assert_int_equal(qy_trace_switch_on(session, CALLS, true, "", DEADLINE_NEVER), 0);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        call(LS, VFS, QY_FILE_METHOD_STAT, 0);
    }
    settle();
    trace_tick();
    settle();
    trace_tick();
    assert_non_null(strstr(fake.log, "records lost\n"));
}

static void test_stream_goes_to_the_port_and_cores_with_it(void **state)
{
    static uint8_t core[100] = {1, 2, 3};
    bool is_sorted;
    (void)state;
    assert_int_equal(qy_trace_put(session, QY_TRACE_CORE_DATA, core, sizeof core, DEADLINE_NEVER),
                     QY_TRACE_FAILURE_NO_PORT);
    assert_int_equal(trace_stream_on(CALLS), 0);
    call(LS, VFS, QY_FILE_METHOD_STAT, 0);
    settle();
    trace_tick();
    assert_int_equal(qy_trace_put(session, QY_TRACE_CORE_DATA, core, sizeof core, DEADLINE_NEVER),
                     0);
    assert_int_equal(qy_trace_put(session, QY_TRACE_RECORDS, core, sizeof core, DEADLINE_NEVER),
                     QY_TRACE_FAILURE_INVALID);
    memcpy(chunks, fake.port, fake.port_length);
    count = fake.port_length;
    assert_int_equal(records(&is_sorted), 4);
    const struct qy_trace_chunk *last = NULL;
    assert_int_equal(chunks_of(QY_TRACE_CORE_DATA, &last), 1);
    assert_memory_equal(qy_trace_payload(last), core, sizeof core);
}

static void test_stream_without_a_port_ends(void **state)
{
    (void)state;
    fake.has_port = false;
    assert_int_equal(trace_stream_on(CALLS), 0);
    trace_tick();
    assert_false(trace_is_on());
    assert_int_equal(fake.kinds, 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_noted_before_somebody_wants_it),
        TEST(test_reader_gets_start_names_and_records_in_order),
        TEST(test_reader_gets_what_is_settled_only),
        TEST(test_follower_gets_its_flow_and_what_is_started_in_it),
        TEST(test_calls_of_the_tracing_itself_are_nobodys),
        TEST(test_reader_that_is_late_is_told_what_it_lost),
        TEST(test_small_memory_is_filled_again_and_again),
        TEST(test_lender_whose_page_is_away_loses_nothing),
        TEST(test_wish_ends_with_its_session),
        TEST(test_kernel_without_memory_is_told),
        TEST(test_summary_counts_while_it_is_on),
        TEST(test_log_gets_a_line_for_each_call),
        TEST(test_log_filter_lets_programs_and_protocols_pass),
        TEST(test_log_is_told_what_was_left_out),
        TEST(test_stream_goes_to_the_port_and_cores_with_it),
        TEST(test_stream_without_a_port_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
