/* SPDX-License-Identifier: MIT */
/* Trace records: what is noted of what, by both ways of a call, and what filters leave out. */
#include "unit/object/server.h"

#include <quay/abi/trace.h>
#include <string.h>
#include "fake/machine.h"
#include "sched/thread.h"

#define CAPACITY 64u

static uint64_t head_at; /* where init has mapped the rings */

/* A server of init's, with the rings of its machine. */
static struct server traced(unsigned cpus)
{
    struct server s = server_on(cpus, 0, 4);
    handle_t memory = MAKE(s.thread, SYS_trace_open, resource(), job(), CAPACITY);

    head_at = MAKE(s.thread, SYS_aspace_map, aspace(), memory, 0, 0,
                   PAGE_SIZE + cpus * CAPACITY * sizeof(struct trace_record), MAP_READ);
    assert_int_equal(fake_call(s.thread, SYS_handle_close, memory), 0);
    return s;
}

static void note_only(const struct server *s, uint64_t kinds)
{
    assert_true(fake_call(s->thread, SYS_trace_control, resource(), kinds) >= 0);
}

static void read_head(const struct server *s, struct trace_head *head)
{
    assert_true(fake_read_bytes(s->thread, head_at, head, sizeof(*head)));
}

static struct trace_record record(const struct server *s, uint64_t n)
{
    struct trace_record record;

    assert_true(fake_read_bytes(s->thread,
                                head_at + PAGE_SIZE + n % CAPACITY * sizeof(struct trace_record),
                                &record, sizeof(record)));
    return record;
}

static uint64_t written(const struct server *s)
{
    struct trace_head head;

    read_head(s, &head);
    return head.written[0];
}

static void test_trace_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();
    handle_t weak = with_rights(t, resource(), RIGHTS_SAME & ~RIGHT_TRACE);

    (void)state;
    assert_int_equal(fake_call(t, SYS_trace_control, resource(), 0), -ENOENT);
    assert_int_equal(fake_call(t, SYS_trace_open, weak, job(), CAPACITY), -EACCES);
    assert_int_equal(fake_call(t, SYS_trace_open, resource(), job(), 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_trace_open, resource(), job(), 32), -EINVAL);
    assert_int_equal(fake_call(t, SYS_trace_open, resource(), job(), 65), -EINVAL);
    assert_int_equal(fake_call(t, SYS_trace_open, resource(), job(), 1u << 20), -E2BIG);
    assert_int_equal(fake_call(t, SYS_trace_open, resource(), job(), 1ul << 60), -E2BIG);
    assert_int_equal(fake_call(t, SYS_trace_control, resource(), TRACE_ALL + 1), -EINVAL);
    assert_int_equal(fake_call(t, SYS_trace_filter, resource(), TRACE_FILTER_COUNT, 0, 1), -EINVAL);
    assert_int_equal(fake_call(t, SYS_trace_filter, resource(), 0, TRACE_FILTER_VALUES, 1),
                     -EINVAL);
    assert_int_equal(fake_call(t, SYS_trace_emit, 1ul << 32, 0, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_trace_emit, 1, 0, 0), 0);
}

static void test_trace_rings_are_made_once_and_cannot_be_written(void **state)
{
    struct server s = traced(3);
    struct trace_head head;
    handle_t again;
    koid_t koid;

    (void)state;
    read_head(&s, &head);
    assert_int_equal(head.capacity, CAPACITY);
    assert_int_equal(head.cpu_count, 3);
    assert_int_equal(head.kinds, 0);
    for (unsigned i = 0; i < 3; i++) { /* closed and made again in one grace period */
        again = MAKE(s.thread, SYS_trace_open, resource(), job(), CAPACITY);
        assert_int_equal(fake_call(s.thread, SYS_handle_close, again), 0);
    }
    again = MAKE(s.thread, SYS_trace_open, resource(), job(), CAPACITY);
    assert_int_equal(fake_call(s.thread, SYS_handle_info, again), OBJECT_MEMORY);
    koid = fake_result3(s.thread);
    assert_int_equal(fake_result2(s.thread), RIGHTS_BASIC | RIGHT_READ);
    again = MAKE(s.thread, SYS_trace_open, resource(), job(), 4 * CAPACITY);
    assert_int_equal(fake_call(s.thread, SYS_handle_info, again), OBJECT_MEMORY);
    assert_int_equal(fake_result3(s.thread), koid);
    assert_int_equal(
        fake_call(s.thread, SYS_aspace_map, aspace(), again, 0, 0, PAGE_SIZE, MAP_READ | MAP_WRITE),
        -EACCES);
    assert_int_equal(fake_call(s.thread, SYS_trace_control, resource(), TRACE_ALL), 0);
    read_head(&s, &head);
    assert_int_equal(head.kinds, TRACE_ALL);
    assert_int_equal(fake_call(s.thread, SYS_trace_control, resource(), 0), TRACE_ALL);
}

static void test_trace_emit_writes_a_record_while_it_is_on(void **state)
{
    struct server s = traced(1);
    struct trace_record r;

    (void)state;
    assert_int_equal(fake_call(s.thread, SYS_trace_emit, 5, 6, 7), 0);
    assert_int_equal(written(&s), 0);
    note_only(&s, TRACE_KIND(TRACE_USER));
    assert_int_equal(fake_call(s.thread, SYS_trace_emit, 5, 6, 7), 0);
    assert_int_equal(written(&s), 1);
    r = record(&s, 0);
    assert_int_equal(r.kind, TRACE_USER);
    assert_int_equal(r.method, 5);
    assert_int_equal(r.badge, 6);
    assert_int_equal(r.value, 7);
    assert_int_equal(r.thread, s.thread->thread->object.koid);
    assert_int_equal(r.flow >> 32, r.thread);
    for (unsigned i = 0; i < 2 * CAPACITY; i++) {
        assert_int_equal(fake_call(s.thread, SYS_trace_emit, i, 0, 0), 0);
    }
    assert_int_equal(written(&s), 2 * CAPACITY + 1);
    assert_int_equal(record(&s, 2 * CAPACITY).method, 2 * CAPACITY - 1);
    assert_int_equal(record(&s, CAPACITY + 1).method, CAPACITY);
}

/* --- Messages --- */

#define METHOD 0x12340009u

struct pair {
    struct server s;
    struct fake_process process; /* the server's */
    struct fake_thread *server;
    handle_t port; /* in its table */
    struct client client;
    bool is_waiting; /* the server, for a call */
};

static struct pair pair(void)
{
    struct pair p = {.s = traced(1)};

    fake_process_new(job(), &p.process);
    p.port = fake_grant(&p.process, p.s.port, RIGHTS_SAME);
    fake_process_start(&p.process);
    p.server = p.process.main;
    p.client = client(&p.s, 7, 0);
    return p;
}

/* A call and its answer, which fails with 3, by the fast way unless `slowly`. */
static void call_once(struct pair *p, bool slowly)
{
    uint64_t words[8] = {0x1111, 0x2222}, back[8] = {0x3333};
    uint64_t fast = fake_machine.fast_count;

    if (!slowly && !p->is_waiting) {
        assert_int_equal(fake_reply_receive(p->server, p->port, 0, DEADLINE_NEVER, 0, NULL),
                         FAKE_BLOCKED);
    }
    assert_int_equal(fake_port_call(p->client.thread, p->client.session, IPC_HEADER(METHOD, 64, 0),
                                    DEADLINE_NEVER, words),
                     FAKE_BLOCKED);
    assert_int_equal(slowly ? fake_reply_receive(p->server, p->port, 0, DEADLINE_NEVER, 0, NULL)
                            : fake_wait(p->server),
                     RECEIVED_CALL);
    assert_int_equal(fake_reply_receive(p->server, p->port, IPC_HEADER(3, 8, 0),
                                        slowly ? DEADLINE_POLL : DEADLINE_NEVER,
                                        p->server->registers.r10, back),
                     slowly ? -ETIMEDOUT : FAKE_BLOCKED);
    p->is_waiting = !slowly;
    assert_int_equal(fake_wait(p->client.thread), 0);
    assert_int_equal(fake_machine.fast_count - fast, slowly ? 0 : 2);
}

static koid_t koid_of(const struct fake_thread *thread)
{
    return thread->thread->object.koid;
}

static void check_call(const struct pair *p, uint64_t first)
{
    static const uint8_t kinds[] = {TRACE_CALL, TRACE_CALL_RECEIVED, TRACE_REPLY,
                                    TRACE_REPLY_RECEIVED};
    struct trace_record call = record(&p->s, first);

    for (unsigned i = 0; i < 4; i++) {
        struct trace_record r = record(&p->s, first + i);
        bool is_servers = i == 1 || i == 2;

        assert_int_equal(r.kind, kinds[i]);
        assert_int_equal(r.cpu, 0);
        assert_int_equal(r.data_count, 0);
        assert_int_equal(r.method, METHOD);
        assert_int_equal(r.thread, koid_of(is_servers ? p->server : p->client.thread));
        assert_int_equal(r.flow >> 32, koid_of(p->client.thread));
        assert_int_equal(r.object, call.object);
        assert_int_equal(r.badge, 7);
        assert_int_equal(r.length, i < 2 ? 64 : 8);
        assert_int_equal(r.status, i < 2 ? 0 : 3);
        assert_int_equal(r.value, i == 0 ? (uint64_t)DEADLINE_NEVER : koid_of(p->client.thread));
        assert_true(r.time >= call.time);
    }
}

#define CALLS                                                                                      \
    (TRACE_KIND(TRACE_CALL) | TRACE_KIND(TRACE_CALL_RECEIVED) | TRACE_KIND(TRACE_REPLY) |          \
     TRACE_KIND(TRACE_REPLY_RECEIVED))

static void test_trace_of_a_call_is_the_same_by_both_ways(void **state)
{
    struct pair p = pair();

    (void)state;
    note_only(&p.s, CALLS);
    call_once(&p, true);
    assert_int_equal(written(&p.s), 4);
    check_call(&p, 0);
    call_once(&p, false);
    assert_int_equal(written(&p.s), 8);
    check_call(&p, 4);
}

static void test_trace_of_payloads_takes_the_long_way(void **state)
{
    struct pair p = pair();
    struct trace_data data;
    struct trace_record r;
    uint64_t words[8] = {0x1111, 0x2222};

    (void)state;
    note_only(&p.s, CALLS | TRACE_KIND(TRACE_DATA));
    assert_int_equal(fake_reply_receive(p.server, p.port, 0, DEADLINE_NEVER, 0, NULL),
                     FAKE_BLOCKED);
    assert_int_equal(fake_port_call(p.client.thread, p.client.session, IPC_HEADER(METHOD, 64, 0),
                                    DEADLINE_NEVER, words),
                     FAKE_BLOCKED);
    assert_int_equal(fake_wait(p.server), RECEIVED_CALL);
    assert_int_equal(fake_machine.fast_count, 0);
    assert_int_equal(written(&p.s), 4);
    r = record(&p.s, 0);
    assert_int_equal(r.kind, TRACE_CALL);
    assert_int_equal(r.data_count, 2);
    r = record(&p.s, 1);
    memcpy(&data, &r, sizeof(data));
    assert_int_equal(data.kind, TRACE_DATA);
    assert_int_equal(data.offset, 0);
    assert_int_equal(data.count, TRACE_DATA_BYTES);
    assert_memory_equal(data.bytes, words, 16);
    r = record(&p.s, 2);
    memcpy(&data, &r, sizeof(data));
    assert_int_equal(data.offset, TRACE_DATA_BYTES);
    assert_int_equal(data.count, 64 - TRACE_DATA_BYTES);
    assert_int_equal(record(&p.s, 3).kind, TRACE_CALL_RECEIVED);
    note_only(&p.s, CALLS);
    assert_int_equal(fake_reply_receive(p.server, p.port, IPC_HEADER(0, 8, 0), DEADLINE_NEVER,
                                        p.server->registers.r10, words),
                     FAKE_BLOCKED);
    assert_int_equal(fake_wait(p.client.thread), 0);
    assert_int_equal(fake_machine.fast_count, 1); /* open again */
}

static void test_trace_of_a_long_payload_is_cut(void **state)
{
    struct pair p = pair();
    struct trace_data data;
    struct trace_record r;

    (void)state;
    (void)MAKE(p.client.thread, SYS_thread_buffer, 0);
    (void)MAKE(p.server, SYS_thread_buffer, 0);
    memset(p.client.thread->thread->buffer_payload, 0xab, IPC_PAYLOAD_MAX);
    note_only(&p.s, TRACE_KIND(TRACE_CALL) | TRACE_KIND(TRACE_DATA));
    assert_int_equal(fake_port_call(p.client.thread, p.client.session, IPC_HEADER(METHOD, 4096, 0),
                                    DEADLINE_NEVER, NULL),
                     FAKE_BLOCKED);
    assert_int_equal(written(&p.s), 5);
    assert_int_equal(record(&p.s, 0).data_count, TRACE_DATA_MAX);
    assert_int_equal(record(&p.s, 0).length, 4096);
    r = record(&p.s, 4);
    memcpy(&data, &r, sizeof(data));
    assert_int_equal(data.offset, 3 * TRACE_DATA_BYTES);
    assert_int_equal(data.count, TRACE_DATA_BYTES);
    assert_int_equal(data.bytes[55], 0xab);
}

static void test_trace_of_a_call_that_fails_has_its_end(void **state)
{
    struct pair p = pair();

    (void)state;
    note_only(&p.s, CALLS);
    assert_int_equal(fake_port_call(p.client.thread, p.client.session, IPC_HEADER(METHOD, 0, 0),
                                    fake_now() + 1000000000, NULL),
                     FAKE_BLOCKED);
    fake_time_add(2000000000);
    assert_int_equal(fake_wait(p.client.thread), -ETIMEDOUT);
    assert_int_equal(written(&p.s), 2);
    assert_int_equal(record(&p.s, 0).kind, TRACE_CALL);
    assert_int_equal(record(&p.s, 1).kind, TRACE_REPLY_RECEIVED);
    assert_int_equal(record(&p.s, 1).status, -ETIMEDOUT);
    assert_int_equal(record(&p.s, 1).thread, koid_of(p.client.thread));

    assert_int_equal(fake_port_call(p.client.thread, p.client.session, IPC_HEADER(METHOD, 0, 0),
                                    DEADLINE_NEVER, NULL),
                     FAKE_BLOCKED);
    assert_int_equal(fake_reply_receive(p.server, p.port, 0, DEADLINE_NEVER, 0, NULL),
                     RECEIVED_CALL);
    assert_int_equal(fake_call(p.server, SYS_token_drop, p.port, p.server->registers.r10), 0);
    assert_int_equal(fake_wait(p.client.thread), -ETOKEN_DROPPED);
    assert_int_equal(written(&p.s), 5);
    assert_int_equal(record(&p.s, 4).kind, TRACE_REPLY_RECEIVED);
    assert_int_equal(record(&p.s, 4).status, -ETOKEN_DROPPED);
}

static void set_filter(const struct pair *p, uint64_t which, uint64_t index, uint64_t value)
{
    assert_int_equal(fake_call(p->s.thread, SYS_trace_filter, resource(), which, index, value), 0);
}

/* How many records a call leaves. */
static uint64_t count_call(struct pair *p, bool slowly)
{
    uint64_t before = written(&p->s);

    call_once(p, slowly);
    return written(&p->s) - before;
}

static void test_trace_filters_restrict(void **state)
{
    struct pair p = pair();
    koid_t clients = 0, servers = 0, port;

    (void)state;
    note_only(&p.s, CALLS);
    assert_int_equal(fake_call(p.s.thread, SYS_process_info, p.client.process.process), 0);
    clients = fake_result3(p.s.thread);
    assert_int_equal(fake_call(p.s.thread, SYS_process_info, p.process.process), 0);
    servers = fake_result3(p.s.thread);
    assert_int_equal(fake_call(p.s.thread, SYS_handle_info, p.s.port), OBJECT_PORT);
    port = fake_result3(p.s.thread);
    for (unsigned i = 0; i < 2; i++) {
        bool slowly = i == 0;

        set_filter(&p, TRACE_BY_PROCESS, 3, clients);
        assert_int_equal(count_call(&p, slowly), 2);
        set_filter(&p, TRACE_BY_PROCESS, 1, servers);
        assert_int_equal(count_call(&p, slowly), 4);
        set_filter(&p, TRACE_BY_PROCESS, 3, 0);
        set_filter(&p, TRACE_BY_PROCESS, 1, 0);
        set_filter(&p, TRACE_BY_FLOW, 0, servers);
        assert_int_equal(count_call(&p, slowly), 0);
        set_filter(&p, TRACE_BY_FLOW, 0, clients);
        assert_int_equal(count_call(&p, slowly), 4);
        set_filter(&p, TRACE_BY_PORT, 0, port);
        set_filter(&p, TRACE_BY_PROTOCOL, 0, METHOD >> 16);
        assert_int_equal(count_call(&p, slowly), 4);
        set_filter(&p, TRACE_BY_PROTOCOL, 0, 1);
        assert_int_equal(count_call(&p, slowly), 0);
        set_filter(&p, TRACE_BY_PROTOCOL, 0, 0);
        set_filter(&p, TRACE_BY_PORT, 0, port + 1);
        assert_int_equal(count_call(&p, slowly), 0);
        set_filter(&p, TRACE_BY_PORT, 0, 0);
        set_filter(&p, TRACE_BY_FLOW, 0, 0);
        assert_int_equal(count_call(&p, slowly), 4);
    }
}

/* --- Everything else --- */

/* How many records of the kind there are; *ret_last is the last one. */
static unsigned count_kind(const struct server *s, uint8_t kind, struct trace_record *ret_last)
{
    uint64_t end = written(s), n = end < CAPACITY ? 0 : end - CAPACITY;
    unsigned count = 0;

    for (; n < end; n++) {
        struct trace_record r = record(s, n);

        if (r.kind == kind) {
            *ret_last = r;
            count++;
        }
        n += r.data_count;
    }
    return count;
}

static void test_trace_of_a_process_has_its_life(void **state)
{
    struct server s = traced(1);
    struct fake_process process;
    struct trace_record r;
    struct trace_data data;

    (void)state;
    note_only(&s, TRACE_KIND(TRACE_PROCESS_START) | TRACE_KIND(TRACE_PROCESS_END) |
                      TRACE_KIND(TRACE_THREAD_START) | TRACE_KIND(TRACE_THREAD_END));
    assert_true(fake_write_bytes(s.thread, FAKE_DATA, "somebody", 8));
    process.process = MAKE(s.thread, SYS_process_create, job(), FAKE_DATA, 8);
    assert_int_equal(count_kind(&s, TRACE_PROCESS_START, &r), 1);
    assert_int_equal(fake_call(s.thread, SYS_process_info, process.process), 0);
    assert_int_equal(r.object, fake_result3(s.thread));
    assert_int_equal(r.badge, s.thread->thread->job_koid);
    assert_int_equal(r.data_count, 1);
    r = record(&s, 1);
    memcpy(&data, &r, sizeof(data));
    assert_string_equal(data.bytes, "somebody");
    fake_process_create(&process);
    assert_int_equal(count_kind(&s, TRACE_THREAD_START, &r), 1);
    assert_int_equal(r.object, koid_of(process.main));
    assert_int_equal(r.badge, process.main->thread->flow_id & UINT32_MAX);
    assert_int_equal(fake_call(s.thread, SYS_process_kill, process.process), 0);
    fake_settle();
    assert_int_equal(count_kind(&s, TRACE_THREAD_END, &r), 1);
    assert_int_equal(count_kind(&s, TRACE_PROCESS_END, &r), 1);
    assert_int_equal((int64_t)r.value, -1000);
}

static void test_trace_of_notices_channels_handles_and_faults(void **state)
{
    struct pair p = pair();
    struct fake_thread *t = p.s.thread;
    handle_t sender, receiver, copy;
    struct trace_record r;
    struct fake_registers send = {0};

    (void)state;
    note_only(&p.s, TRACE_ALL & ~TRACE_KIND(TRACE_SWITCH));
    assert_int_equal(fake_call(t, SYS_port_notify, p.s.port, 5), 0);
    assert_int_equal(fake_reply_receive(t, p.s.port, 0, DEADLINE_POLL, 0, NULL), RECEIVED_NOTICE);
    assert_int_equal(count_kind(&p.s, TRACE_NOTICE, &r), 1);
    assert_int_equal(r.value, 5);

    sender = MAKE(t, SYS_channel_create, job(), 4, 64, 0);
    receiver = fake_result2(t);
    send.rax = SYS_channel_send;
    send.rdi = sender;
    send.rsi = IPC_HEADER(METHOD, 8, 0);
    fake_request_call(t, &send);
    assert_int_equal(fake_wait(t), 0);
    assert_int_equal(count_kind(&p.s, TRACE_CHANNEL_SEND, &r), 1);
    assert_int_equal(r.method, METHOD);
    assert_int_equal(r.length, 8);
    assert_int_equal(r.data_count, 1);
    send.rax = SYS_channel_receive;
    send.rdi = receiver;
    fake_request_call(t, &send);
    assert_int_equal(fake_wait(t), 0);
    assert_int_equal(count_kind(&p.s, TRACE_CHANNEL_RECEIVE, &r), 1);
    assert_int_equal(r.method, METHOD);

    note_only(&p.s, TRACE_KIND(TRACE_HANDLE));
    copy = MAKE(t, SYS_handle_dup, receiver, RIGHTS_SAME);
    (void)count_kind(&p.s, TRACE_HANDLE, &r);
    assert_int_equal(r.method, TRACE_HANDLE_MADE);
    assert_int_equal(r.value, copy);
    assert_int_equal(fake_call(t, SYS_handle_close, copy), 0);
    (void)count_kind(&p.s, TRACE_HANDLE, &r);
    assert_int_equal(r.method, TRACE_HANDLE_CLOSED);
    assert_int_equal(r.value, copy);
    assert_int_equal(fake_call(t, SYS_handle_revoke, receiver), 0);
    (void)count_kind(&p.s, TRACE_HANDLE, &r);
    assert_int_equal(r.method, TRACE_HANDLE_REVOKED);
    assert_int_equal(r.value, receiver);

    note_only(&p.s, TRACE_KIND(TRACE_FAULT));
    set_filter(&p, TRACE_BY_PROCESS, 0, p.client.thread->thread->flow_id & UINT32_MAX);
    assert_int_equal(fake_write(p.client.thread, 0x10, 1), false);
    assert_true(count_kind(&p.s, TRACE_FAULT, &r) >= 1);
    assert_int_equal(r.thread, koid_of(p.client.thread));
    assert_int_equal(r.value, 0x10);
    assert_int_equal(r.status, -EFAULT);
    assert_int_equal(r.method, 14);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_trace_refuses_what_is_wrong),
    FAKE_TEST(test_trace_rings_are_made_once_and_cannot_be_written),
    FAKE_TEST(test_trace_emit_writes_a_record_while_it_is_on),
    FAKE_TEST(test_trace_of_a_call_is_the_same_by_both_ways),
    FAKE_TEST(test_trace_of_payloads_takes_the_long_way),
    FAKE_TEST(test_trace_of_a_long_payload_is_cut),
    FAKE_TEST(test_trace_of_a_call_that_fails_has_its_end),
    FAKE_TEST(test_trace_filters_restrict),
    FAKE_TEST(test_trace_of_a_process_has_its_life),
    FAKE_TEST(test_trace_of_notices_channels_handles_and_faults),
};

FAKE_TEST_MAIN(tests)
