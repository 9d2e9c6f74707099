/* SPDX-License-Identifier: MIT */
/* call and watch: any server, by the description that it gives of itself. */
#include "call.h"
#include "command.h"
#include "sessions.h"
#include "words.h"
#include <quay/channel.h>
#include <quay/clock.h>
#include <quay/files.h>
#include <quay/interface.h>
#include <quay/message.h>
#include <quay/text.h>

#define DESCRIBE_WITHIN QY_SECOND
#define ANSWER_WITHIN   (5 * QY_SECOND)
#define WATCHED_MAX     8
#define PRINT_BYTES     256 /* qy_printf cuts what is longer */

static struct {
    _Alignas(8) uint8_t description[QY_INTERFACE_SIZE_MAX];
    struct qy_interface interface;
    struct qy_arguments arguments;
    char text[4 * IPC_PAYLOAD_MAX]; /* of a byte at most "255," */
} call_state;

static struct watched {
    char name[16];
    handle_t events; /* HANDLE_INVALID: the place is free */
} watched[WATCHED_MAX];

static struct qy_text text_begin(void)
{
    call_state.text[0] = 0;
    return (struct qy_text){.text = call_state.text, .size = sizeof call_state.text};
}

static void text_print(void)
{
    size_t length = strlen(call_state.text);
    for (size_t at = 0; at < length; at += PRINT_BYTES) {
        qy_printf("%.*s", PRINT_BYTES, call_state.text + at);
    }
}

/* --- what there is ------------------------------------------------------------------------- */

static int64_t describe(handle_t session)
{
    int64_t size = qy_interface_get(session, call_state.description, sizeof call_state.description,
                                    qy_deadline_after(DESCRIBE_WITHIN));
    if (size < 0) {
        return size;
    }
    return qy_interface_open(&call_state.interface, call_state.description, (uint32_t)size)
               ? 0
               : -EBAD_MESSAGE;
}

static bool describe_or_say(const struct qy_connection *connection)
{
    int64_t status = describe(connection->session);
    if (status == -ENO_METHOD) {
        (void)qy_files_report("%.40s: it does not tell its methods", connection->name);
    } else if (status < 0) {
        (void)qy_files_report("%.40s: it does not tell its methods: %s", connection->name,
                              qy_error_text(status));
    }
    return status == 0;
}

static void servers_print(void)
{
    char name[16];
    for (uint32_t index = 0; session_name(index, name); index++) {
        struct qy_connection *connection = name[0] != 0 ? session_open(name) : NULL;
        if (connection != NULL && describe_or_say(connection)) {
            const struct qy_interface *interface = &call_state.interface;
            qy_printf("%-10s protocol %s: %u methods and events. %s\n", name,
                      qy_interface_text(interface, interface->head->name),
                      interface->head->method_count,
                      qy_interface_text(interface, interface->head->doc));
        }
    }
}

static void methods_print(const char *name)
{
    const struct qy_interface *interface = &call_state.interface;
    for (uint32_t i = 0; i < interface->head->method_count; i++) {
        const struct qy_described_method *method = &interface->methods[i];
        const char *doc = qy_interface_text(interface, method->doc);
        struct qy_text text = text_begin();
        qy_method_print(interface, method, name, &text);
        qy_text_put(&text, doc[0] != 0 ? "\n    %s\n" : "\n", doc);
        text_print();
    }
}

const char *method_name(handle_t session, uint32_t number)
{
    static char unknown[16];
    if (number == QY_METHOD_DESCRIBE) {
        return "(described)";
    }
    if (number == QY_METHOD_SUBSCRIBE) {
        return "(subscribed)";
    }
    if (describe(session) == 0) {
        const struct qy_interface *interface = &call_state.interface;
        for (uint32_t i = 0; i < interface->head->method_count; i++) {
            if (interface->methods[i].number == number) {
                return qy_interface_text(interface, interface->methods[i].name);
            }
        }
    }
    (void)qy_snprintf(unknown, sizeof unknown, "0x%x", number); /* it fits */
    return unknown;
}

/* --- call ---------------------------------------------------------------------------------- */

static void method_wrong(const char *name, const char *method_name)
{
    (void)qy_files_report("%.40s: no such method; %.16s has", method_name, name);
    methods_print(name);
}

static void event_called(const char *name)
{
    (void)qy_files_report("that is an event: watch %.16s", name);
}

static void usage_print(const char *name, const struct qy_described_method *method)
{
    struct qy_text text = text_begin();
    qy_text_put(&text, "\nusage: call ");
    qy_method_print(&call_state.interface, method, name, &text);
    qy_text_put(&text, "\n");
    text_print();
}

static bool method_call(struct qy_connection *connection, const struct qy_described_method *method,
                        int count, char **words)
{
    const struct qy_interface *interface = &call_state.interface;
    struct qy_text text = text_begin();
    if (!qy_arguments_parse(interface, method, count, words, &call_state.arguments, &text)) {
        text_print();
        usage_print(connection->name, method);
        return false;
    }
    time_ns_t deadline = qy_deadline_after(
        method->deadline_ms > 0 ? method->deadline_ms * QY_MILLISECOND : ANSWER_WITHIN);
    bool is_idempotent = (method->flags & QY_METHOD_IS_IDEMPOTENT) != 0;
    struct qy_attempt attempt =
        QY_ATTEMPT(connection, is_idempotent ? QY_REPEAT_ALWAYS : QY_REPEAT_UNDONE, deadline);
    while (qy_attempt_next(&attempt)) {
        text = text_begin();
        attempt.status = qy_interface_call(interface, method, attempt.session,
                                           &call_state.arguments, &text, deadline);
    }
    if (attempt.session == HANDLE_INVALID) {
        text = text_begin();
        qy_text_put(&text, "%s\n", qy_error_text(attempt.status));
    }
    text_print();
    if (attempt.status == 0 && method->reply_count == 0 && call_state.text[0] == 0) {
        qy_printf("done\n");
    }
    return attempt.status == 0;
}

/* Cuts NAME.METHOD in two; the method is NULL if there is none. */
static const char *method_cut(char *word)
{
    for (; *word != 0; word++) {
        if (*word == '.') {
            *word = 0;
            return word + 1;
        }
    }
    return NULL;
}

bool call_run(int count, char **words)
{
    if (count <= 1) {
        servers_print();
        return true;
    }
    const char *method_name = method_cut(words[1]);
    struct qy_connection *connection = session_open(words[1]);
    if (connection == NULL || !describe_or_say(connection)) {
        return false;
    }
    if (method_name == NULL) {
        methods_print(words[1]);
        return true;
    }
    const struct qy_described_method *method =
        qy_interface_method(&call_state.interface, method_name);
    if (method == NULL) {
        method_wrong(words[1], method_name);
        return false;
    }
    if ((method->flags & QY_METHOD_IS_EVENT) != 0) {
        event_called(words[1]);
        return false;
    }
    return method_call(connection, method, count - 2, words + 2);
}

void cmd_call(int count, char **words)
{
    (void)call_run(count, words); /* it has said what is wrong */
}

/* --- watch --------------------------------------------------------------------------------- */

static const struct qy_described_method *event_find(uint32_t number)
{
    const struct qy_interface *interface = &call_state.interface;
    for (uint32_t i = 0; i < interface->head->method_count; i++) {
        const struct qy_described_method *method = &interface->methods[i];
        if (method->number == number && (method->flags & QY_METHOD_IS_EVENT) != 0) {
            return method;
        }
    }
    return NULL;
}

static void event_print(const char *name, const struct qy_message *message)
{
    uint32_t number = IPC_HEADER_METHOD(message->header);
    const struct qy_described_method *event = event_find(number);
    uint64_t lost;
    if (number == QY_EVENT_LOST && qy_message_get(message, &lost, sizeof lost)) {
        qy_printf("%s: %lu events did not fit and are lost\n", name, lost);
        return;
    }
    struct qy_reader reader;
    struct qy_text text = text_begin();
    if (event == NULL || !qy_reader_begin(&reader, message, 0)) {
        qy_printf("%s: an event that is not described, number 0x%x\n", name, number);
        (void)qy_message_reject(message);
        return;
    }
    qy_text_put(&text, "%s.%s: ", name, qy_interface_text(&call_state.interface, event->name));
    if (!qy_results_print(&call_state.interface, event, false, reader.at, reader.left, &text)) {
        qy_text_put(&text, " (not what is described)\n");
    }
    for (char *at = call_state.text; *at != 0; at++) {
        *at = *at == '\n' && at[1] != 0 ? ' ' : *at; /* one line for an event */
    }
    text_print();
}

static void events_print(struct watched *place)
{
    struct qy_message message;
    int64_t status;
    uint32_t shown = 0;
    while ((status = qy_channel_receive(place->events, &message)) == 0) {
        event_print(place->name, &message);
        shown++;
    }
    if (status != -EAGAIN) {
        qy_printf("%s: no more events come (%s); watch %s begins again\n", place->name,
                  qy_error_text(status), place->name);
        qy_handle_discard(place->events);
        place->events = HANDLE_INVALID;
    } else if (shown == 0) {
        qy_printf("%s: no event yet\n", place->name);
    }
}

static struct watched *watched_find(const char *name)
{
    struct watched *free = NULL;
    for (uint32_t i = 0; i < WATCHED_MAX; i++) {
        if (watched[i].events == HANDLE_INVALID) {
            free = &watched[i];
        } else if (qy_streq(watched[i].name, name)) {
            return &watched[i];
        }
    }
    return free;
}

void cmd_watch(int count, char **words)
{
    (void)count;
    struct qy_connection *connection = session_open(words[1]);
    if (connection == NULL || !describe_or_say(connection)) {
        return;
    }
    struct watched *place = watched_find(words[1]);
    if (place == NULL) {
        qy_printf("%d servers are watched already\n", WATCHED_MAX);
        return;
    }
    if (place->events != HANDLE_INVALID) {
        events_print(place);
        return;
    }
    int64_t status =
        qy_subscribe(connection->session, &place->events, qy_deadline_after(ANSWER_WITHIN));
    if (status == -ENO_METHOD) {
        qy_printf("%.16s: it has no events\n", words[1]);
    } else if (status != 0) {
        qy_printf("%.16s: %s\n", words[1], qy_error_text(status));
    } else {
        (void)qy_strlcpy(place->name, words[1], sizeof place->name); /* as long as names are */
        qy_printf("watching %s; watch %s shows what has come\n", words[1], words[1]);
    }
}
