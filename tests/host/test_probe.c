/* SPDX-License-Identifier: MIT */
/* What generated clients and servers do beside encoding: errors, deferred answers, handles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <idl/probe.h>
#include <quay/channel.h>
#include <quay/handle.h>
#include <quay/host.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    struct qy_server server;
    handle_t session;
    struct qy_pending pending;
    uint64_t noted;
    int64_t add_status;
    uint32_t deaths; /* of the far end, still to come */
    uint32_t calls;
    struct qy_subscriber subscribers[2];
    struct qy_inbox inboxes[2];
    uint32_t changed_sum, changed_count;
    uint64_t lost;
} the;

static int64_t add(struct qy_request *request, uint64_t a, uint64_t b, uint64_t *ret_sum)
{
    (void)request;
    *ret_sum = a + b;
    return the.add_status;
}

static int64_t later(struct qy_request *request, uint64_t *ret_value)
{
    (void)ret_value;
    return qy_defer(request, &the.pending);
}

static int64_t give(struct qy_request *request, handle_t *event, bool keep, handle_t *spare,
                    bool *ret_has_spare)
{
    (void)request;
    *ret_has_spare = *spare != HANDLE_INVALID;
    if (keep) {
        (void)qy_take(event);
    }
    return 0;
}

static void note(struct qy_request *request, uint32_t number)
{
    assert_int_equal(request->in.token, 0); /* answered already */
    the.noted += number;
}

static int64_t copy(struct qy_request *request, const struct qy_lease *source, uint64_t offset,
                    const struct qy_lease *target, uint64_t *ret_size)
{
    (void)request;
    uint8_t bytes[64];
    if (offset > source->size || source->size - offset > sizeof bytes) {
        return QY_PROBE_FAILURE_MISSING;
    }
    *ret_size = source->size - offset;
    assert_int_equal(qy_lease_get(source, offset, bytes, *ret_size), 0);
    assert_int_equal(qy_lease_put(source, offset, bytes, 1), -EACCES);
    return qy_lease_put(target, 0, bytes, *ret_size) == 0 ? 0 : QY_PROBE_FAILURE_TOO_ODD;
}

static void cancelled(struct qy_server *server, uint64_t token)
{
    (void)qy_pending_cancel(server, &the.pending, token);
}

static int setup(void **state)
{
    static const struct qy_probe_handlers handlers = {
        .add = add, .later = later, .give = give, .note = note, .copy = copy};
    (void)state;
    qy_host_reset();
    the = (typeof(the)){.server = {.dispatch = qy_probe_dispatch,
                                   .handlers = &handlers,
                                   .cancelled = cancelled,
                                   .subscribers = the.subscribers,
                                   .subscriber_max = 2,
                                   .inboxes = the.inboxes,
                                   .inbox_max = 2}};
    the.session = qy_host_session(&the.server, 1);
    return 0;
}

static void test_error_of_the_protocol_is_positive_and_sets_no_result(void **state)
{
    (void)state;
    uint64_t sum = 7;
    the.add_status = QY_PROBE_FAILURE_TOO_ODD;
    assert_int_equal(qy_probe_add(the.session, 1, 2, &sum, DEADLINE_NEVER),
                     QY_PROBE_FAILURE_TOO_ODD);
    assert_int_equal(sum, 7);
}

static void test_error_that_the_protocol_does_not_have_is_a_bad_message(void **state)
{
    (void)state;
    uint64_t sum;
    the.add_status = 4711;
    assert_int_equal(qy_probe_add(the.session, 1, 2, &sum, DEADLINE_NEVER), -EBAD_MESSAGE);
    the.add_status = -ENOENT; /* what a careless handler returns */
    assert_int_equal(qy_probe_add(the.session, 1, 2, &sum, DEADLINE_NEVER), -EBAD_MESSAGE);
}

static void test_missing_handler_is_a_missing_method(void **state)
{
    (void)state;
    assert_int_equal(qy_probe_slow(the.session, DEADLINE_NEVER), -ENO_METHOD);
}

static void test_method_of_another_protocol_is_none(void **state)
{
    (void)state;
    struct qy_message message = {.header = IPC_HEADER((QY_PROBE_PROTOCOL + 1) << 16 | 1, 16, 0),
                                 .words = {1, 2}};
    assert_int_equal(qy_message_call(the.session, &message, DEADLINE_NEVER), -ENO_METHOD);
    message = (struct qy_message){.header = IPC_HEADER(1, 16, 0), .words = {1, 2}};
    assert_int_equal(qy_message_call(the.session, &message, DEADLINE_NEVER), -ENO_METHOD);
}

static void answer_later(void)
{
    assert_int_equal(qy_probe_later_answer(&the.server, &the.pending, 9), 0);
}

static void test_deferred_call_is_answered_later(void **state)
{
    (void)state;
    uint64_t value = 0;
    qy_host_idle = answer_later;
    assert_int_equal(qy_probe_later(the.session, &value, DEADLINE_NEVER), 0);
    assert_int_equal(value, 9);
    assert_false(qy_is_pending(&the.pending));
}

/* Whether the program says this and ends. */
static bool is_fatal(void (*what)(void), const char *said)
{
    int ends[2];
    char text[200] = "";
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        what();
        _exit(0);
    }
    close(ends[1]);
    FILE *file = fdopen(ends[0], "r");
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 0) && strstr(text, said) != NULL;
}

static void answer_twice(void)
{
    answer_later();
    answer_later();
}

static void call_and_answer_twice(void)
{
    uint64_t value;
    qy_host_idle = answer_twice;
    (void)qy_probe_later(the.session, &value, DEADLINE_NEVER);
}

static void call_and_forget(void)
{
    uint64_t value;
    the.server.cancelled = NULL;
    (void)qy_probe_later(the.session, &value, DEADLINE_NEVER);
}

static void defer_over_another(void)
{
    uint64_t value;
    the.pending.token = 4711;
    (void)qy_probe_later(the.session, &value, DEADLINE_NEVER);
}

static void test_deferred_call_is_answered_exactly_once(void **state)
{
    (void)state;
    assert_true(is_fatal(call_and_answer_twice, "answered twice"));
    assert_true(is_fatal(call_and_forget, "forgotten"));
    assert_true(is_fatal(defer_over_another, "still waits"));
}

static struct qy_method_statistics statistics_of(uint32_t index)
{
    struct qy_method_statistics statistics;
    assert_int_equal(qy_statistics_get(the.session, index, &statistics, DEADLINE_NEVER), 0);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < QY_LATENCY_BUCKETS; i++) {
        sum += statistics.latency[i];
    }
    assert_int_equal(sum, statistics.calls);
    return statistics;
}

static void test_calls_are_counted_by_method(void **state)
{
    (void)state;
    struct qy_method_statistics room[2] = {0}, other;
    uint64_t value;
    assert_int_equal(qy_statistics_get(the.session, 0, &other, DEADLINE_NEVER), -ENO_METHOD);
    the.server.statistics = room;
    the.server.statistics_max = 2;
    assert_int_equal(qy_statistics_get(the.session, 0, &other, DEADLINE_NEVER), ENOENT);
    assert_int_equal(qy_probe_slow(the.session, DEADLINE_NEVER), -ENO_METHOD);
    assert_int_equal(qy_probe_add(the.session, 1, 2, &value, DEADLINE_NEVER), 0);
    the.add_status = QY_PROBE_FAILURE_TOO_ODD;
    assert_int_equal(qy_probe_add(the.session, 1, 2, &value, DEADLINE_NEVER), the.add_status);
    qy_host_idle = answer_later;
    assert_int_equal(qy_probe_later(the.session, &value, DEADLINE_NEVER), 0);
    assert_int_equal(qy_probe_note(the.session, 1, DEADLINE_NEVER), 0); /* no room for it */
    struct qy_method_statistics add_entry = statistics_of(0), later_entry = statistics_of(1);
    assert_int_equal(add_entry.method, QY_PROBE_METHOD_ADD);
    assert_int_equal(add_entry.calls, 2);
    assert_int_equal(add_entry.errors, 1);
    assert_int_equal(later_entry.method, QY_PROBE_METHOD_LATER);
    assert_int_equal(later_entry.calls, 1);
    assert_int_equal(later_entry.errors, 0);
    assert_int_equal(qy_statistics_get(the.session, 2, &other, DEADLINE_NEVER), ENOENT);
}

static void add_done(struct qy_call *call)
{
    const struct qy_probe_add_call *own = (const struct qy_probe_add_call *)call;
    assert_ptr_equal(call->context, &the);
    the.noted += call->status == 0 ? own->ret_sum : 1000;
}

static void test_callback_gets_the_results(void **state)
{
    (void)state;
    struct qy_caller caller;
    struct qy_probe_add_call call = {.call = {.session = the.session,
                                              .deadline = DEADLINE_NEVER,
                                              .done = add_done,
                                              .context = &the},
                                     .a = 3,
                                     .b = 4};
    assert_int_equal(qy_caller_start(&caller, 1, HANDLE_INVALID, 0), 0);
    qy_probe_add_start(&caller, &call);
    assert_int_equal(the.noted, 7);
    the.add_status = QY_PROBE_FAILURE_MISSING;
    qy_probe_add_start(&caller, &call);
    assert_int_equal(the.noted, 1007);
    assert_int_equal(call.call.status, QY_PROBE_FAILURE_MISSING);
    qy_caller_end(&caller);
}

static void test_every_call_of_a_batch_has_its_answer(void **state)
{
    (void)state;
    struct qy_batch batch;
    uint64_t sum, count = 0;
    qy_batch_begin(&batch);
    assert_int_equal(qy_batch_call(the.session, &batch, DEADLINE_NEVER), 0); /* empty */
    assert_int_equal(qy_probe_add_next(&batch, &sum), -EBAD_MESSAGE);
    qy_batch_begin(&batch);
    while (qy_probe_add_add(&batch, count, 1)) {
        count++;
    }
    assert_int_equal(count, IPC_PAYLOAD_MAX / 24);
    assert_int_equal(qy_batch_call(the.session, &batch, DEADLINE_NEVER), 0);
    for (uint64_t i = 0; i < count; i++) {
        assert_int_equal(qy_probe_add_next(&batch, &sum), 0);
        assert_int_equal(sum, i + 1);
    }
    assert_int_equal(qy_probe_add_next(&batch, &sum), -EBAD_MESSAGE);
    the.add_status = QY_PROBE_FAILURE_TOO_ODD;
    qy_batch_begin(&batch);
    assert_true(qy_probe_add_add(&batch, 1, 1));
    assert_int_equal(qy_batch_call(the.session, &batch, DEADLINE_NEVER), 0);
    assert_int_equal(qy_probe_add_next(&batch, &sum), QY_PROBE_FAILURE_TOO_ODD);
}

/* Sends these words as a batch; returns the status. */
static int64_t batch_send(const uint64_t *words, uint32_t count)
{
    struct qy_batch batch = {.count = count};
    memcpy(batch.words, words, count * 8);
    return qy_batch_call(the.session, &batch, DEADLINE_NEVER);
}

static void test_wrong_batch_is_refused(void **state)
{
    (void)state;
    const uint64_t add_header = IPC_HEADER(QY_PROBE_METHOD_ADD, 16, 0);
    const uint64_t cut[] = {add_header, 1}, with_handle[] = {add_header | 1ull << 48, 1, 2},
                   long_one[10] = {IPC_HEADER(QY_PROBE_METHOD_ADD, 72, 0)},
                   not_batch[] = {IPC_HEADER(QY_PROBE_METHOD_LATER, 0, 0)},
                   nested[] = {IPC_HEADER(QY_METHOD_BATCH, 0, 0)},
                   wrong_size[] = {IPC_HEADER(QY_PROBE_METHOD_ADD, 8, 0), 1};
    assert_int_equal(batch_send(cut, 2), -EBAD_MESSAGE);
    assert_int_equal(batch_send(with_handle, 3), -EBAD_MESSAGE);
    assert_int_equal(batch_send(long_one, 10), -EBAD_MESSAGE);

    /* These are answered, one by one, with an error. */
    assert_int_equal(batch_send(not_batch, 1), 0);
    assert_int_equal(batch_send(nested, 1), 0);
    assert_int_equal(batch_send(wrong_size, 2), 0);
    assert_false(qy_is_pending(&the.pending));
    struct qy_message message = {.header = IPC_HEADER(QY_METHOD_BATCH, 7, 0)};
    assert_int_equal(qy_message_call(the.session, &message, DEADLINE_NEVER), -EBAD_MESSAGE);
}

static void test_latency_is_the_end_of_a_bucket(void **state)
{
    (void)state;
    struct qy_method_statistics statistics = {0};
    assert_int_equal(qy_statistics_latency(&statistics, 50), 0);
    statistics.latency[3] = 98;
    statistics.latency[10] = 2;
    assert_int_equal(qy_statistics_latency(&statistics, 50), 16);
    assert_int_equal(qy_statistics_latency(&statistics, 98), 16);
    assert_int_equal(qy_statistics_latency(&statistics, 99), 2048);
}

static void test_deferred_call_whose_caller_goes_is_forgotten(void **state)
{
    (void)state;
    uint64_t value;
    assert_int_equal(qy_probe_later(the.session, &value, DEADLINE_NEVER), -ETIMEDOUT);
    assert_false(qy_is_pending(&the.pending));
}

static void test_default_deadline_is_that_of_the_interface(void **state)
{
    (void)state;
    qy_host_now = 1000;
    assert_int_equal(qy_probe_slow(the.session, QY_DEADLINE_DEFAULT), -ENO_METHOD);
    assert_int_equal(qy_host_deadline, 1000 + 50 * 1000000);
    assert_int_equal(qy_probe_slow(the.session, 2000), -ENO_METHOD);
    assert_int_equal(qy_host_deadline, 2000);
}

/* What a server of a newer version may answer. */
static void newer_wire(void *context, struct qy_message *message)
{
    (void)context;
    if (IPC_HEADER_METHOD(message->header) == QY_PROBE_METHOD_COLORS) {
        const uint8_t six_and_mood[] = {1, 2, 3, 4, 5, 6, 99, 0};
        struct qy_probe_colors_reply reply = {.mood = 99};
        assert_int_equal(sizeof reply, sizeof six_and_mood);
        memcpy(reply.six, six_and_mood, sizeof reply.six);
        message->header = IPC_HEADER(0, sizeof reply, 0);
        memcpy(message->words, &reply, sizeof reply);
    } else {
        const uint8_t settings[] = {13, 0, 1, 0, 4, 0, 42, 0, 0, 0, 9, 0, 1, 0, 7};
        message->header = IPC_HEADER(0, sizeof settings, 0);
        memcpy(message->words, settings, sizeof settings);
    }
}

static void test_what_is_newer_is_let_through_where_it_is_flexible(void **state)
{
    (void)state;
    handle_t session = qy_host_wire(newer_wire, NULL);
    const uint8_t six[6] = {0};
    uint8_t back[6];
    qy_probe_mood_t mood;
    struct qy_probe_settings settings = {0}, got;
    assert_int_equal(qy_probe_colors(session, NULL, 0, six, back, &mood, DEADLINE_NEVER), 0);
    assert_int_equal(mood, 99);
    assert_int_equal(qy_probe_configure(session, &settings, NULL, 0, &got, DEADLINE_NEVER), 0);
    assert_true(got.has_depth && !got.has_color && !got.has_origin);
    assert_int_equal(got.depth, 42);
    assert_true(qy_probe_value_valid(&(struct qy_probe_value){.tag = 9}));  /* flexible */
    assert_false(qy_probe_shape_valid(&(struct qy_probe_shape){.tag = 9})); /* strict */
    assert_false(qy_probe_color_valid(9));
}

static void test_handle_that_is_not_taken_is_closed(void **state)
{
    (void)state;
    uint32_t before = qy_host_handle_count();
    bool has_spare = true;
    assert_int_equal(qy_probe_give(the.session, qy_host_handle(OBJECT_EVENT, RIGHTS_EVENT), false,
                                   HANDLE_INVALID, &has_spare, DEADLINE_NEVER),
                     0);
    assert_false(has_spare);
    assert_int_equal(qy_host_handle_count(), before);
    assert_int_equal(qy_probe_give(the.session, qy_host_handle(OBJECT_EVENT, RIGHTS_EVENT), true,
                                   qy_host_handle(OBJECT_MEMORY, RIGHTS_MEMORY), &has_spare,
                                   DEADLINE_NEVER),
                     0);
    assert_true(has_spare);
    assert_int_equal(qy_host_handle_count(), before + 1); /* the one that was kept */
}

static void test_handle_given_is_gone_also_if_the_call_fails(void **state)
{
    (void)state;
    uint32_t before = qy_host_handle_count();
    bool has_spare;
    assert_int_equal(qy_probe_give(HANDLE_INVALID, qy_host_handle(OBJECT_EVENT, RIGHTS_EVENT),
                                   false, HANDLE_INVALID, &has_spare, DEADLINE_NEVER),
                     -EBADF);
    assert_int_equal(qy_host_handle_count(), before);
}

static void test_what_is_too_long_is_not_sent(void **state)
{
    (void)state;
    char text[41];
    uint64_t sum;
    uint8_t data[4001] = {0};
    assert_int_equal(qy_probe_greet(the.session, "a name of 21 bytes...", QY_PROBE_COLOR_RED, text,
                                    DEADLINE_NEVER),
                     -EMSGSIZE);
    assert_int_equal(qy_probe_total(the.session, data, sizeof data, &sum, DEADLINE_NEVER),
                     -EMSGSIZE);
}

static void test_lent_memory_is_read_and_written(void **state)
{
    (void)state;
    const char source[] = "0123456789";
    char target[32] = "";
    uint64_t size;
    assert_int_equal(qy_probe_copy(the.session, source, sizeof source, 4, target, sizeof target,
                                   &size, DEADLINE_NEVER),
                     0);
    assert_int_equal(size, sizeof source - 4);
    assert_string_equal(target, "456789");
    assert_int_equal(
        qy_probe_copy(the.session, source, sizeof source, 4, target, 2, &size, DEADLINE_NEVER),
        QY_PROBE_FAILURE_TOO_ODD);
}

static void changed(void *context, uint32_t what)
{
    assert_ptr_equal(context, &the);
    the.changed_sum += what;
    the.changed_count++;
}

static void lost(void *context, uint64_t count)
{
    assert_ptr_equal(context, &the);
    the.lost += count;
}

static const struct qy_probe_events events = {.lost = lost, .changed = changed};

static void test_events_come_to_every_subscriber(void **state)
{
    (void)state;
    handle_t one, two, three;
    assert_int_equal(qy_probe_subscribe(the.session, &one, DEADLINE_NEVER), 0);
    assert_int_equal(qy_probe_subscribe(the.session, &two, DEADLINE_NEVER), 0);
    assert_int_equal(qy_probe_subscribe(the.session, &three, DEADLINE_NEVER), -EQUOTA);
    qy_probe_changed_send(&the.server, 5);
    assert_int_equal(qy_probe_receive(one, &events, &the, DEADLINE_NEVER), 0);
    assert_int_equal(qy_probe_receive(two, &events, &the, DEADLINE_NEVER), 0);
    assert_int_equal(the.changed_sum, 10);
    assert_int_equal(qy_probe_receive(one, &events, &the, DEADLINE_NEVER), -ETIMEDOUT);
}

static void test_events_that_do_not_fit_are_counted(void **state)
{
    (void)state;
    handle_t receiver;
    assert_int_equal(qy_probe_subscribe(the.session, &receiver, DEADLINE_NEVER), 0);
    for (uint32_t i = 0; i < QY_EVENT_SLOTS + 3; i++) {
        qy_probe_changed_send(&the.server, 1);
    }
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(qy_probe_receive(receiver, &events, &the, DEADLINE_NEVER), 0);
    }
    qy_probe_changed_send(&the.server, 1);
    while (qy_probe_receive(receiver, &events, &the, DEADLINE_NEVER) == 0) {
    }
    assert_int_equal(the.lost, 3);
    assert_int_equal(the.changed_count, QY_EVENT_SLOTS + 1);
}

static void test_subscriber_that_goes_leaves_its_place(void **state)
{
    (void)state;
    uint32_t before = qy_host_handle_count();
    handle_t receiver;
    assert_int_equal(qy_probe_subscribe(the.session, &receiver, DEADLINE_NEVER), 0);
    assert_int_equal(qy_handle_close(receiver), 0);
    qy_probe_changed_send(&the.server, 1);
    assert_int_equal(qy_host_handle_count(), before);
    assert_int_equal(the.subscribers[0].sender, HANDLE_INVALID);
}

static void test_places_of_those_that_have_gone_are_given_again_without_an_event(void **state)
{
    (void)state;
    uint32_t before = qy_host_handle_count();
    handle_t receiver;
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(qy_probe_subscribe(the.session, &receiver, DEADLINE_NEVER), 0);
        assert_int_equal(qy_handle_close(receiver), 0);
    }
    assert_int_equal(qy_probe_subscribe(the.session, &receiver, DEADLINE_NEVER), 0);
    assert_true(qy_host_handle_count() <= before + 3); /* its two ends, and one that is not asked */
    qy_probe_changed_send(&the.server, 1);
    assert_int_equal(qy_host_handle_count(), before + 2);
}

static void test_oneway_call_is_answered_before_its_handler_runs(void **state)
{
    (void)state;
    assert_int_equal(qy_probe_note(the.session, 3, DEADLINE_NEVER), 0);
    assert_int_equal(the.noted, 3);
}

static void test_posted_call_is_served_when_its_turn_comes(void **state)
{
    (void)state;
    struct qy_outbox outbox;
    assert_int_equal(qy_outbox_open(&outbox, the.session, DEADLINE_NEVER), 0);
    for (uint32_t i = 1; i <= QY_INBOX_SLOTS; i++) {
        assert_int_equal(qy_probe_note_post(&outbox, i), 0);
    }
    assert_int_equal(the.noted, 0);
    assert_int_equal(qy_probe_note_post(&outbox, 1000), -EAGAIN);
    assert_int_equal(outbox.lost, 1);
    assert_int_equal(qy_server_run(&the.server), -ENOSYS);
    assert_int_equal(the.noted, QY_INBOX_SLOTS * (QY_INBOX_SLOTS + 1) / 2);
    assert_int_equal(qy_probe_note_post(&outbox, 1000), 0); /* it is told of again */
    assert_int_equal(qy_server_run(&the.server), -ENOSYS);
    assert_int_equal(the.noted, 1136);
}

static void test_only_oneway_methods_are_posted(void **state)
{
    (void)state;
    struct qy_outbox outbox;
    struct qy_message message = {0};
    assert_int_equal(qy_outbox_open(&outbox, the.session, DEADLINE_NEVER), 0);
    const uint32_t others[] = {QY_PROBE_METHOD_LATER, QY_PROBE_METHOD_ADD, QY_METHOD_INBOX,
                               QY_METHOD_BATCH, 4711};
    for (uint32_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        message.header = IPC_HEADER(others[i], others[i] == QY_PROBE_METHOD_ADD ? 16 : 0, 0);
        assert_int_equal(qy_channel_send(outbox.sender, &message), 0);
    }
    message.header = IPC_HEADER(QY_PROBE_METHOD_NOTE, 3, 0); /* it has 4 bytes */
    assert_int_equal(qy_channel_send(outbox.sender, &message), 0);
    uint32_t handles = qy_host_handle_count();
    assert_int_equal(qy_server_run(&the.server), -ENOSYS);
    assert_false(qy_is_pending(&the.pending));
    assert_int_equal(the.noted, 0);
    assert_int_equal(qy_host_handle_count(), handles);
}

static void test_outbox_ends_with_its_owner_or_the_session(void **state)
{
    (void)state;
    struct qy_outbox outboxes[3];
    uint32_t handles = qy_host_handle_count();
    assert_int_equal(qy_outbox_open(&outboxes[0], the.session, DEADLINE_NEVER), 0);
    assert_int_equal(qy_outbox_open(&outboxes[1], the.session, DEADLINE_NEVER), 0);
    assert_int_equal(qy_outbox_open(&outboxes[2], the.session, DEADLINE_NEVER), -EQUOTA);
    assert_int_equal(outboxes[2].sender, HANDLE_INVALID);
    assert_int_equal(qy_probe_note_post(&outboxes[0], 1), 0);
    qy_outbox_close(&outboxes[0]); /* what was posted counts */
    assert_int_equal(qy_server_run(&the.server), -ENOSYS);
    assert_int_equal(the.noted, 1);
    assert_int_equal(qy_host_handle_count(), handles + 2);
    assert_int_equal(qy_outbox_open(&outboxes[0], the.session, DEADLINE_NEVER), 0);
    assert_int_equal(qy_probe_note_post(&outboxes[0], 1), 0);
    assert_int_equal(qy_handle_close(the.session), 0);
    assert_int_equal(qy_server_run(&the.server), -ENOSYS);
    assert_int_equal(the.noted, 2);
    assert_int_equal(qy_probe_note_post(&outboxes[0], 1), -EPEER_DIED);
    assert_int_equal(qy_probe_note_post(&outboxes[1], 1), -EPEER_DIED);
    the.server.inbox_max = 0;
    the.session = qy_host_session(&the.server, 2);
    assert_int_equal(qy_outbox_open(&outboxes[0], the.session, DEADLINE_NEVER), -ENO_METHOD);
}

/* A server that dies some times, as the kernel tells it, and then answers. */
static void dying_wire(void *context, struct qy_message *message)
{
    (void)context;
    the.calls++;
    uint64_t length = IPC_HEADER_LENGTH(message->header);
    bool is_dead = the.deaths > 0;
    the.deaths -= is_dead;
    /* What came goes back, which is right for echo. */
    message->header = is_dead ? IPC_HEADER(EPEER_DIED, 0, 0) : IPC_HEADER(0, length, 0);
}

static void test_idempotent_method_is_repeated_when_the_server_dies(void **state)
{
    (void)state;
    handle_t session = qy_host_wire(dying_wire, NULL);
    struct qy_probe_record record = {.color = QY_PROBE_COLOR_RED}, back;
    uint64_t sum;
    the.deaths = 3;
    assert_int_equal(qy_probe_echo(session, &record, &back, DEADLINE_NEVER), -EPEER_DIED);
    assert_int_equal(the.calls, QY_ATTEMPTS_MAX);
    the.deaths = 2;
    assert_int_equal(qy_probe_echo(session, &record, &back, DEADLINE_NEVER), 0);
    the.deaths = 1;
    the.calls = 0;
    assert_int_equal(qy_probe_add(session, 1, 1, &sum, DEADLINE_NEVER), -EPEER_DIED);
    assert_int_equal(the.calls, 1); /* not idempotent */
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_error_of_the_protocol_is_positive_and_sets_no_result),
        TEST(test_error_that_the_protocol_does_not_have_is_a_bad_message),
        TEST(test_missing_handler_is_a_missing_method),
        TEST(test_method_of_another_protocol_is_none),
        TEST(test_deferred_call_is_answered_later),
        TEST(test_deferred_call_is_answered_exactly_once),
        TEST(test_calls_are_counted_by_method),
        TEST(test_callback_gets_the_results),
        TEST(test_every_call_of_a_batch_has_its_answer),
        TEST(test_wrong_batch_is_refused),
        TEST(test_latency_is_the_end_of_a_bucket),
        TEST(test_deferred_call_whose_caller_goes_is_forgotten),
        TEST(test_default_deadline_is_that_of_the_interface),
        TEST(test_what_is_newer_is_let_through_where_it_is_flexible),
        TEST(test_handle_that_is_not_taken_is_closed),
        TEST(test_handle_given_is_gone_also_if_the_call_fails),
        TEST(test_what_is_too_long_is_not_sent),
        TEST(test_lent_memory_is_read_and_written),
        TEST(test_events_come_to_every_subscriber),
        TEST(test_events_that_do_not_fit_are_counted),
        TEST(test_subscriber_that_goes_leaves_its_place),
        TEST(test_places_of_those_that_have_gone_are_given_again_without_an_event),
        TEST(test_oneway_call_is_answered_before_its_handler_runs),
        TEST(test_posted_call_is_served_when_its_turn_comes),
        TEST(test_only_oneway_methods_are_posted),
        TEST(test_outbox_ends_with_its_owner_or_the_session),
        TEST(test_idempotent_method_is_repeated_when_the_server_dies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
