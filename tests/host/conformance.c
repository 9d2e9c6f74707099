/* SPDX-License-Identifier: MIT */
/*
 *   test == raw bytes ==> skeleton -> proxy -> client's function == raw bytes ==> test
 *        <== raw bytes == skeleton <- proxy <- client's function <== raw bytes ==
 *
 * Right messages must come out of the chain as they went in. Wrong requests must be refused before
 * a handler runs, wrong answers by the client's function; in all cases no handle is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <quay/handle.h>
#include <quay/host.h>
#include <quay/lending.h>
#include <quay/thread.h>
#include "conformance.h"

handle_t qy_proxied_session;
uint8_t qy_lent[QY_LENT_BYTES];

static struct {
    struct qy_server server;
    handle_t session;
    const struct qy_method_sample *methods;

    /* What the far end of the wire expects and answers. */
    const struct qy_method_sample *method;
    uint8_t expected[IPC_PAYLOAD_MAX], answer[IPC_PAYLOAD_MAX];
    uint32_t expected_size, answer_size;
    bool is_full;
    const struct qy_handle_sample *wrong_handle; /* of the answer; with what is wrong about it: */
    int handle_error;
    uint32_t calls;
    uint32_t absences; /* so often the far end finds that a page is not there */
    bool is_fuzz;      /* any bytes and handles: what was accepted decides what comes */
} the;

/* How a handle can be wrong. */
enum {
    HANDLE_RIGHT,
    HANDLE_MISSING,
    HANDLE_TOO_MANY,
    HANDLE_OTHER_TYPE,
    HANDLE_LACKS_RIGHT,
    LEASE_MISSING,
    LEASE_WRONG,
    HANDLE_ERRORS
};

static void payload_set(struct qy_message *message, const uint8_t *bytes, uint32_t size)
{
    memcpy(size > IPC_REGISTER_BYTES ? qy_buffer()->payload : (uint8_t *)message->words, bytes,
           size);
}

static const uint8_t *payload_of(const struct qy_message *message)
{
    bool is_long = IPC_HEADER_LENGTH(message->header) > IPC_REGISTER_BYTES;
    return is_long ? qy_buffer()->payload : (const uint8_t *)message->words;
}

/* Puts the handles of a sample into the buffer; returns how many. */
static uint32_t handles_set(const struct qy_handle_sample *handle, bool is_full, int error)
{
    uint32_t count = 0;
    bool is_first = true;
    for (; handle->name != NULL; handle++) {
        if (handle->is_optional && !is_full) {
            continue;
        }
        int own = is_first ? error : HANDLE_RIGHT;
        is_first = false;
        if (own == HANDLE_MISSING) {
            continue;
        }
        uint32_t type = handle->type == OBJECT_NONE ? OBJECT_EVENT : handle->type; /* any */
        type = own == HANDLE_OTHER_TYPE ? OBJECT_RESOURCE : type;
        rights_t rights = handle->most != 0 ? handle->most : RIGHTS_BASIC;
        rights = own == HANDLE_LACKS_RIGHT ? 0 : rights;
        qy_buffer()->handles[count++] =
            (struct message_handle){.handle = qy_host_handle(type, rights),
                                    .rights = RIGHTS_SAME,
                                    .operation = HANDLE_MOVE};
    }
    if (error == HANDLE_TOO_MANY && count < IPC_HANDLES_MAX) {
        qy_buffer()->handles[count++] =
            (struct message_handle){.handle = qy_host_handle(OBJECT_EVENT, RIGHTS_EVENT),
                                    .rights = RIGHTS_SAME,
                                    .operation = HANDLE_MOVE};
    }
    return count;
}

/* Whether this mistake can be made with these handles, and is one. */
static bool error_applies(const struct qy_message_sample *sample, int error)
{
    const struct qy_handle_sample *handle = sample->handles;
    if (error == LEASE_MISSING || error == LEASE_WRONG) {
        return sample->lease_count > 0;
    }
    return error == HANDLE_TOO_MANY || error == HANDLE_RIGHT ||
           (handle->name != NULL && (error != HANDLE_LACKS_RIGHT || handle->required != 0) &&
            (error != HANDLE_OTHER_TYPE || handle->type != OBJECT_NONE));
}

static void answer(struct qy_message *message, const struct qy_method_sample *method)
{
    uint32_t count = handles_set(method->reply->handles, the.is_full, the.handle_error);
    message->header = IPC_HEADER(0, the.answer_size, count);
    payload_set(message, the.answer, the.answer_size);
}

int64_t qy_lent_access(const struct qy_lease *lease, uint32_t flags)
{
    uint8_t bytes[QY_LENT_BYTES / 2] = {0};
    uint64_t size = lease->size < sizeof bytes ? lease->size : sizeof bytes;
    int64_t status = 0;
    for (uint64_t at = 0; status == 0 && at + size <= lease->size && at < QY_LENT_BYTES;
         at += sizeof bytes) {
        status = flags == LEASE_READ ? qy_lease_get(lease, at, bytes, size)
                                     : qy_lease_put(lease, at, qy_lent + at, size);
    }
    return -status;
}

/* What the client lends: its memory, and a copy of that when all tries have failed but the last. */
static void lent_check(const struct qy_message_sample *request)
{
    for (uint32_t i = 0; i < request->lease_count; i++) {
        const struct message_lease *lease = qy_host_lent(i);
        uint8_t *memory = (uint8_t *)(uintptr_t)lease->address;
        assert_int_equal(lease->flags, request->leases[i]);
        assert_int_equal(lease->size, QY_LENT_BYTES);
        assert_int_equal(memory == qy_lent, the.calls <= QY_LENDING_TOUCHES + 1);
        assert_memory_equal(memory, qy_lent, QY_LENT_BYTES);
        if (the.calls > the.absences && (lease->flags & LEASE_WRITE) != 0) {
            memory[0] = (uint8_t)(0x50 + the.absences);
        }
    }
}

/* The far end: sees the request as the proxy sent it, and answers. */
static void wire(void *context, struct qy_message *message)
{
    (void)context;
    const struct qy_method_sample *method = the.method;
    the.calls++;
    assert_int_equal(IPC_HEADER_METHOD(message->header), method->number);
    if (!the.is_fuzz || !method->request->has_table) {
        assert_int_equal(IPC_HEADER_LENGTH(message->header), the.expected_size);
        assert_memory_equal(payload_of(message), the.expected, the.expected_size);
    }
    assert_int_equal(IPC_HEADER_LEASES(message->header), method->request->lease_count);
    if (the.is_fuzz) {
        qy_received_handles_close(IPC_HEADER_HANDLES(message->header));
        answer(message, method);
        return;
    }
    lent_check(method->request);
    const struct qy_handle_sample *handle = method->request->handles;
    uint32_t count = 0;
    for (; handle->name != NULL; handle++) {
        if (handle->is_optional && !the.is_full) {
            continue;
        }
        const struct message_handle *got = &qy_buffer()->handles[count++];
        assert_true(handle->type == OBJECT_NONE || got->type == handle->type);
        assert_int_equal(got->rights & handle->required, handle->required);
        assert_true(handle->most == 0 || (got->rights & ~handle->most) == 0);
        assert_int_equal(qy_handle_close(got->handle), 0);
    }
    assert_int_equal(IPC_HEADER_HANDLES(message->header), count);
    if (the.calls <= the.absences) {
        message->header = IPC_HEADER(EPAGER, 0, 0);
        return;
    }
    answer(message, method);
}

/* Sends a request; returns the status in the answer, which lies in *message. */
static uint32_t send(struct qy_message *message, const struct qy_method_sample *method,
                     const uint8_t *bytes, uint32_t size, int handle_error)
{
    uint32_t handles = handles_set(method->request->handles, the.is_full, handle_error);
    uint32_t leases = method->request->lease_count - (handle_error == LEASE_MISSING ? 1 : 0);
    for (uint32_t i = 0; i < leases; i++) {
        uint32_t flags = method->request->leases[i] ^ (handle_error == LEASE_WRONG ? 3 : 0);
        qy_lease_set(qy_buffer(), i, qy_lent, sizeof qy_lent, flags);
    }
    *message = (struct qy_message){.header = IPC_HEADER(method->number, size, handles) |
                                             IPC_LEASES(leases)};
    payload_set(message, bytes, size);
    assert_int_equal(qy_port_call(the.session, message, DEADLINE_NEVER), 0);
    return IPC_HEADER_METHOD(message->header);
}

static void begin(const struct qy_method_sample *method, bool is_full)
{
    qy_host_reset();
    the.session = qy_host_session(&the.server, 1);
    qy_proxied_session = qy_host_wire(wire, NULL);
    the.method = method;
    the.is_full = is_full;
    the.calls = 0;
    the.absences = 0;
    the.handle_error = HANDLE_RIGHT;
    the.expected_size = is_full ? method->request->full_size : method->request->least_size;
    memcpy(the.expected, is_full ? method->request->full : method->request->least,
           the.expected_size);
    the.answer_size = is_full ? method->reply->full_size : method->reply->least_size;
    memcpy(the.answer, is_full ? method->reply->full : method->reply->least, the.answer_size);
}

static void answer_handles_close(const struct qy_message *message)
{
    qy_received_handles_close(IPC_HEADER_HANDLES(message->header));
}

static void round_trip(const struct qy_method_sample *method, bool is_full)
{
    begin(method, is_full);
    uint32_t before = qy_host_handle_count();
    struct qy_message message;
    assert_int_equal(send(&message, method, the.expected, the.expected_size, HANDLE_RIGHT), 0);
    assert_int_equal(the.calls, 1);
    uint32_t size = method->is_oneway ? 0 : the.answer_size;
    assert_int_equal(IPC_HEADER_LENGTH(message.header), size);
    assert_memory_equal(payload_of(&message), the.answer, size);
    answer_handles_close(&message);
    assert_int_equal(qy_host_handle_count(), before);
}

static void test_every_message_comes_out_as_it_went_in(void **state)
{
    (void)state;
    for (const struct qy_method_sample *method = the.methods; method->name != NULL; method++) {
        round_trip(method, false);
        round_trip(method, true);
    }
}

/* At every access of the server to lent memory: it says so, and has not gone on. */
static void test_lent_memory_that_is_not_there_is_answered(void **state)
{
    (void)state;
    for (const struct qy_method_sample *method = the.methods; method->name != NULL; method++) {
        uint32_t accesses = method->request->lease_count * 2;
        for (uint32_t access = 1; access <= accesses; access++) {
            struct qy_message message;
            begin(method, true);
            uint32_t before = qy_host_handle_count();
            qy_host_lease_fault = access;
            assert_int_equal(send(&message, method, the.expected, the.expected_size, 0), EPAGER);
            assert_int_equal(qy_host_lease_fault, 0);
            assert_int_equal(the.calls, 0);
            assert_int_equal(qy_host_handle_count(), before);
        }
    }
}

/* The client touches it and calls again, then calls with a copy, then gives up. */
static void test_call_is_repeated_when_lent_memory_is_not_there(void **state)
{
    (void)state;
    for (const struct qy_method_sample *method = the.methods; method->name != NULL; method++) {
        const struct qy_message_sample *request = method->request;
        bool writes = false;
        for (uint32_t i = 0; i < request->lease_count; i++) {
            writes = writes || request->leases[i] == LEASE_WRITE;
        }
        for (uint32_t absences = 1; request->lease_count > 0 && absences <= QY_LENDING_TOUCHES + 2;
             absences++) {
            struct qy_message message;
            begin(method, true);
            the.absences = absences;
            memset(qy_lent, 7, sizeof qy_lent);
            uint32_t before = qy_host_handle_count();
            uint32_t status = send(&message, method, the.expected, the.expected_size, 0);
            bool is_in_vain = absences == QY_LENDING_TOUCHES + 2;
            assert_int_equal(status, is_in_vain ? EBAD_MESSAGE : 0); /* it is no error of theirs */
            assert_int_equal(the.calls, absences + (is_in_vain ? 0 : 1));
            assert_int_equal(qy_lent[0], writes && !is_in_vain ? 0x50 + absences : 7);
            assert_int_equal(qy_lent[1], 7);
            answer_handles_close(&message);
            assert_int_equal(qy_host_handle_count(), before);
        }
    }
}

static uint32_t mutate(uint8_t *bytes, uint32_t size, const struct qy_mutation *mutation)
{
    for (uint32_t i = 0; i < mutation->size; i++) {
        bytes[mutation->offset + i] = (uint8_t)(mutation->value >> (8 * i));
    }
    memcpy(bytes + size, bytes + size - mutation->extra, mutation->extra);
    return size + mutation->extra;
}

/* A wrong request is refused, no handler runs, no handle stays, and the server goes on. */
static void refused(const struct qy_method_sample *method, const uint8_t *bytes, uint32_t size,
                    int handle_error, const char *what)
{
    uint32_t before = qy_host_handle_count();
    struct qy_message message;
    uint32_t status = send(&message, method, bytes, size, handle_error);
    if (status != EBAD_MESSAGE || the.calls != 0) {
        fail_msg("%s: not refused: %s", method->name, what);
    }
    assert_int_equal(IPC_HEADER_LENGTH(message.header), 0);
    assert_int_equal(qy_host_handle_count(), before);
}

static void test_every_wrong_request_is_refused(void **state)
{
    (void)state;
    for (const struct qy_method_sample *method = the.methods; method->name != NULL; method++) {
        const struct qy_message_sample *request = method->request;
        uint8_t bytes[IPC_PAYLOAD_MAX + 64] = {0};
        begin(method, true);
        memcpy(bytes, request->full, request->full_size);
        for (int error = HANDLE_MISSING; error < HANDLE_ERRORS; error++) {
            if (error_applies(request, error)) {
                refused(method, bytes, request->full_size, error, "a wrong handle");
            }
        }
        if (request->full_size > 0) {
            refused(method, bytes, request->full_size - 1, 0, "too short");
            refused(method, bytes, 0, 0, "empty");
        }
        if (request->full_size < IPC_PAYLOAD_MAX) {
            refused(method, bytes, request->full_size + 1, 0, "too long");
        }
        for (const struct qy_mutation *wrong = request->wrong; wrong->what != NULL; wrong++) {
            memcpy(bytes, request->full, request->full_size);
            uint32_t size = mutate(bytes, request->full_size, wrong);
            refused(method, bytes, size, 0, wrong->what);
        }
        round_trip(method, true);
    }
}

/* The proxy's client function refuses the answer; what the proxy returns then is no error of the
 * protocol, and arrives as a bad message. */
static void answer_refused(const struct qy_method_sample *method, const char *what)
{
    uint32_t before = qy_host_handle_count();
    struct qy_message message;
    uint32_t status = send(&message, method, the.expected, the.expected_size, HANDLE_RIGHT);
    if (!method->is_oneway && status != EBAD_MESSAGE) {
        fail_msg("%s: answer not refused: %s", method->name, what);
    }
    assert_int_equal(qy_host_handle_count(), before);
}

static void test_every_wrong_answer_is_refused(void **state)
{
    (void)state;
    for (const struct qy_method_sample *method = the.methods; method->name != NULL; method++) {
        const struct qy_message_sample *reply = method->reply;
        begin(method, true);
        for (int error = HANDLE_MISSING; error < HANDLE_ERRORS; error++) {
            the.handle_error = error;
            if (error_applies(reply, error)) {
                answer_refused(method, "a wrong handle");
            }
        }
        the.handle_error = HANDLE_RIGHT;
        if (reply->full_size > 0) {
            the.answer_size = reply->full_size - 1;
            answer_refused(method, "too short");
        }
        if (reply->full_size < IPC_PAYLOAD_MAX) {
            the.answer_size = reply->full_size + 1;
            answer_refused(method, "too long");
        }
        for (const struct qy_mutation *wrong = reply->wrong; wrong->what != NULL; wrong++) {
            uint8_t bytes[IPC_PAYLOAD_MAX + 64];
            memcpy(bytes, reply->full, reply->full_size);
            the.answer_size = mutate(bytes, reply->full_size, wrong);
            memcpy(the.answer, bytes, the.answer_size);
            answer_refused(method, wrong->what);
        }
    }
}

static void test_unknown_method_is_refused_and_its_handles_closed(void **state)
{
    (void)state;
    begin(the.methods, true);
    uint32_t before = qy_host_handle_count();
    qy_buffer()->handles[0] =
        (struct message_handle){.handle = qy_host_handle(OBJECT_EVENT, RIGHTS_EVENT),
                                .rights = RIGHTS_SAME,
                                .operation = HANDLE_MOVE};
    struct qy_message message = {.header = IPC_HEADER(0xffffff, 0, 1)};
    assert_int_equal(qy_port_call(the.session, &message, DEADLINE_NEVER), 0);
    assert_int_equal(IPC_HEADER_METHOD(message.header), ENO_METHOD);
    assert_int_equal(qy_host_handle_count(), before);
}

/* --- any bytes ------------------------------------------------------------------------------ */

/* What the first bytes of an input say. */
struct choice {
    uint8_t method, is_reply, is_full, handle_error;
};

static const struct qy_method_sample *method_chosen(const struct qy_method_sample *methods,
                                                    uint8_t number)
{
    uint32_t count = 0;
    while (methods[count].name != NULL) {
        count++;
    }
    return count == 0 ? NULL : &methods[number % count];
}

static void request_fuzz(const struct qy_method_sample *method, int error)
{
    uint32_t before = qy_host_handle_count();
    struct qy_message message;
    uint32_t status = send(&message, method, the.expected, the.expected_size, error);
    assert_true(status == (the.calls == 1 ? 0 : EBAD_MESSAGE));
    answer_handles_close(&message);
    assert_int_equal(qy_host_handle_count(), before);
}

static void reply_fuzz(const struct qy_method_sample *method)
{
    uint32_t before = qy_host_handle_count();
    struct qy_message message;
    uint32_t status = send(&message, method, the.expected, the.expected_size, HANDLE_RIGHT);
    assert_int_equal(the.calls, 1);
    assert_true(status == 0 || status == EBAD_MESSAGE);
    if (status == 0 && !method->is_oneway && !method->reply->has_table) {
        assert_int_equal(IPC_HEADER_LENGTH(message.header), the.answer_size);
        assert_memory_equal(payload_of(&message), the.answer, the.answer_size);
    }
    answer_handles_close(&message);
    assert_int_equal(qy_host_handle_count(), before);
}

int qy_conformance_fuzz(qy_dispatch_fn *dispatch, const void *handlers,
                        const struct qy_method_sample *methods, const uint8_t *data, size_t size)
{
    struct choice choice;
    if (size < sizeof choice || size - sizeof choice > IPC_PAYLOAD_MAX) {
        return -1;
    }
    memcpy(&choice, data, sizeof choice);
    data += sizeof choice;
    size -= sizeof choice;
    const struct qy_method_sample *method = method_chosen(methods, choice.method);
    if (method == NULL) {
        return -1;
    }
    the.server = (struct qy_server){.dispatch = dispatch, .handlers = handlers};
    begin(method, choice.is_full & 1);
    the.is_fuzz = true;
    const struct qy_message_sample *sample = choice.is_reply & 1 ? method->reply : method->request;
    int error = choice.handle_error % HANDLE_ERRORS;
    error = error_applies(sample, error) ? error : HANDLE_RIGHT;
    if (choice.is_reply & 1) {
        the.handle_error = error;
        the.answer_size = (uint32_t)size;
        memcpy(the.answer, data, size);
        reply_fuzz(method);
    } else {
        the.expected_size = (uint32_t)size;
        memcpy(the.expected, data, size);
        request_fuzz(method, error);
    }
    return 0;
}

size_t qy_conformance_begin(const struct qy_method_sample *methods, uint8_t *data, size_t size,
                            size_t room, unsigned int seed)
{
    struct choice choice = {
        .method = (uint8_t)(seed >> 8),
        .is_reply = (uint8_t)(seed >> 4) & 1,
        .is_full = (uint8_t)(seed >> 5) & 1,
    };
    const struct qy_method_sample *method = method_chosen(methods, choice.method);
    if (seed % 16 == 0 && method != NULL) {
        const struct qy_message_sample *sample = choice.is_reply ? method->reply : method->request;
        size_t length = choice.is_full ? sample->full_size : sample->least_size;
        if (sizeof choice + length <= room) {
            memcpy(data, &choice, sizeof choice);
            memcpy(data + sizeof choice, choice.is_full ? sample->full : sample->least, length);
            size = sizeof choice + length;
        }
    }
    return size;
}

int qy_conformance_run(qy_dispatch_fn *dispatch, const void *handlers,
                       const struct qy_method_sample *methods)
{
    the.server = (struct qy_server){.dispatch = dispatch, .handlers = handlers};
    the.methods = methods;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_message_comes_out_as_it_went_in),
        cmocka_unit_test(test_lent_memory_that_is_not_there_is_answered),
        cmocka_unit_test(test_call_is_repeated_when_lent_memory_is_not_there),
        cmocka_unit_test(test_every_wrong_request_is_refused),
        cmocka_unit_test(test_every_wrong_answer_is_refused),
        cmocka_unit_test(test_unknown_method_is_refused_and_its_handles_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
