/* SPDX-License-Identifier: MIT */
/* Calls as text, by the descriptions of their interfaces. Pure. */
#include "value.h"
#include <quay/batch.h>
#include <quay/message.h>
#include <quay/outbox.h>
#include <quay/statistics.h>
#include <quay/text.h>
#include <quay/trace_view.h>

const struct qy_described_head *qy_trace_interface(const struct qy_trace_protocol *all,
                                                   uint32_t method)
{
    for (; all->description != NULL; all++) {
        if ((*all->description)->number == QY_METHOD_PROTOCOL(method)) {
            return *all->description;
        }
    }
    return NULL;
}

const char *qy_trace_protocol_name(const struct qy_described_head *head)
{
    struct qy_interface interface = qy_interface_of(head);
    return qy_interface_text(&interface, head->name);
}

static const struct qy_described_method *method_find(const struct qy_interface *interface,
                                                     uint32_t number)
{
    for (uint32_t i = 0; i < interface->head->method_count; i++) {
        const struct qy_described_method *method = &interface->methods[i];
        if (method->number == number && (method->flags & QY_METHOD_IS_EVENT) == 0) {
            return method;
        }
    }
    return NULL;
}

/* What every server has beside its protocol. */
static const char *reserved_name(uint32_t method)
{
    switch (method) {
    case QY_METHOD_SUBSCRIBE:
        return "subscribe";
    case QY_METHOD_DESCRIBE:
        return "describe";
    case QY_METHOD_STATISTICS:
        return "statistics";
    case QY_METHOD_BATCH:
        return "batch";
    case QY_METHOD_INBOX:
        return "inbox";
    default:
        return NULL;
    }
}

void qy_trace_method_print(const struct qy_trace_protocol *all, uint32_t method,
                           struct qy_text *text)
{
    const struct qy_described_head *head = qy_trace_interface(all, method);
    const char *reserved = reserved_name(method);
    if (reserved != NULL) {
        qy_text_put(text, "%s", reserved);
        return;
    }
    if (head == NULL) {
        qy_text_put(text, "method 0x%x", method);
        return;
    }
    struct qy_interface interface = qy_interface_of(head);
    const struct qy_described_method *found = method_find(&interface, method);
    qy_text_put(text, "%s.", qy_interface_text(&interface, head->name));
    if (found != NULL) {
        qy_text_put(text, "%s", qy_interface_text(&interface, found->name));
    } else {
        qy_text_put(text, "%u", method & 0xffff);
    }
}

/* A payload of which `count` bytes are here. */
static void params_print(const struct qy_interface *interface,
                         const struct qy_described_method *method, bool is_reply,
                         const uint8_t *payload, uint32_t length, uint32_t count,
                         struct qy_text *text)
{
    bool is_whole = count >= length;
    text->is_cut = !is_whole;
    if (!qy_params_print(interface, method, is_reply, payload, is_whole ? length : count, ", ",
                         text)) {
        qy_text_put(text, is_whole ? " ... malformed" : "...");
    }
}

void qy_trace_request_print(const struct qy_trace_protocol *all, const struct qy_trace_call *call,
                            struct qy_text *text)
{
    const struct qy_described_head *head = qy_trace_interface(all, call->method);
    const struct qy_described_method *method = NULL;
    struct qy_interface interface;
    qy_trace_method_print(all, call->method, text);
    if (head != NULL) {
        interface = qy_interface_of(head);
        method = method_find(&interface, call->method);
    }
    qy_text_put(text, "(");
    if (call->request_count == 0 && call->request_length > 0) {
        qy_text_put(text, "%u bytes", call->request_length); /* payloads are not traced */
    } else if (method != NULL) {
        params_print(&interface, method, false, call->request, call->request_length,
                     call->request_count, text);
    } else if (call->request_length > 0) {
        qy_text_put(text, "%u bytes", call->request_length);
    }
    qy_text_put(text, ")");
}

/* "EPEER_DIED" of "the peer died (EPEER_DIED)". */
static void error_print(int32_t status, struct qy_text *text)
{
    qy_text_put(text, "%s", qy_error_text(status));
}

/* An error of the protocol by its name. */
static bool failure_print(const struct qy_interface *interface,
                          const struct qy_described_method *method, int32_t status,
                          struct qy_text *text)
{
    if (method->error == QY_NOWHERE) {
        return false;
    }
    const struct qy_described_member *member =
        qy_value_member(interface, &interface->types[method->error], (uint32_t)status);
    if (member != NULL) {
        qy_text_put(text, "%s", qy_interface_text(interface, member->name));
    }
    return member != NULL;
}

void qy_trace_reply_print(const struct qy_trace_protocol *all, const struct qy_trace_call *call,
                          struct qy_text *text)
{
    const struct qy_described_head *head = qy_trace_interface(all, call->method);
    const struct qy_described_method *method = NULL;
    struct qy_interface interface;
    if (head != NULL) {
        interface = qy_interface_of(head);
        method = method_find(&interface, call->method);
    }
    if (call->is_cut) {
        qy_text_put(text, " -> unfinished");
    } else if (call->state != QY_TRACE_DONE) {
        qy_text_put(text, " ...");
    } else if (call->status != 0) {
        qy_text_put(text, " -> ");
        if (call->status < 0 || method == NULL ||
            !failure_print(&interface, method, call->status, text)) {
            error_print(call->status, text);
        }
    } else if (call->reply_count == 0 && call->reply_length > 0) {
        qy_text_put(text, " -> %u bytes", call->reply_length);
    } else if (method != NULL && (method->reply_count > 0 || call->reply_length > 0)) {
        qy_text_put(text, " -> ");
        params_print(&interface, method, true, call->reply, call->reply_length, call->reply_count,
                     text);
    } else if (call->reply_length > 0) {
        qy_text_put(text, " -> %u bytes", call->reply_length);
    }
}

void qy_trace_time_print(uint64_t ns, struct qy_text *text)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    uint64_t scaled = ns, unit_ns = 1;
    uint32_t unit = 0;
    while (scaled >= 1000 && unit < 3) {
        scaled /= 1000;
        unit_ns *= 1000;
        unit++;
    }
    unsigned long rest = (unsigned long)(ns % unit_ns * 1000 / unit_ns);
    if (unit == 0 || scaled >= 100) {
        qy_text_put(text, "%lu %s", (unsigned long)scaled, units[unit]);
    } else if (scaled >= 10) {
        qy_text_put(text, "%lu.%lu %s", (unsigned long)scaled, rest / 100, units[unit]);
    } else {
        qy_text_put(text, "%lu.%02lu %s", (unsigned long)scaled, rest / 10, units[unit]);
    }
}

/* --- lines ---------------------------------------------------------------------------------- */

#define LINE_BYTES 480
#define COLUMN_WHO 20

/* Spaces up to this column, and one at least. */
static void pad(struct qy_text *text, size_t from, size_t column)
{
    do {
        qy_text_put(text, " ");
    } while (text->length < from + column);
}

static void time_column_print(time_ns_t time, struct qy_text *text)
{
    uint64_t us = time > 0 ? (uint64_t)time / 1000 : 0;
    qy_text_put(text, "%5lu.%03lu ", (unsigned long)(us / 1000), (unsigned long)(us % 1000));
}

static void took_column_print(const struct qy_trace_call *call, struct qy_text *text)
{
    char buffer[16];
    struct qy_text took = {.text = buffer, .size = sizeof buffer};
    if (call->is_cut || call->sent == 0 || call->ended < call->sent) {
        qy_text_put(&took, "-");
    } else {
        qy_trace_time_print((uint64_t)(call->ended - call->sent), &took);
    }
    qy_text_put(text, "%8s  ", buffer);
}

/* The server is who received it, or else who has the port. */
static const char *server_name(const struct qy_trace_names *names, const struct qy_trace_call *call)
{
    koid_t process = qy_trace_owner(names, QY_TRACE_THREAD, call->server);
    if (process == 0) {
        process = qy_trace_owner(names, QY_TRACE_PORT, call->port);
    }
    return qy_trace_process_name(names, process);
}

static void call_line(const struct qy_trace_printer *printer, const struct qy_trace_call *call,
                      uint32_t depth)
{
    char buffer[LINE_BYTES];
    struct qy_text text = {.text = buffer, .size = sizeof buffer, .shown_max = printer->shown_max};
    time_ns_t begun = call->sent != 0 ? call->sent : call->received;
    time_column_print(begun - printer->origin, &text);
    took_column_print(call, &text);
    size_t from = text.length;
    for (uint32_t i = 0; i < depth && i < 8; i++) {
        qy_text_put(&text, "  ");
    }
    qy_text_put(&text, "%s > %s",
                qy_trace_process_name(
                    printer->names, qy_trace_owner(printer->names, QY_TRACE_THREAD, call->client)),
                server_name(printer->names, call));
    pad(&text, from, COLUMN_WHO);
    qy_trace_request_print(printer->all, call, &text);
    qy_trace_reply_print(printer->all, call, &text);
    if (text.length >= sizeof buffer - 1) {
        text.length = sizeof buffer - 5;
        qy_text_put(&text, "...");
    }
    buffer[text.length++] = '\n';
    printer->line(printer->context, buffer, text.length);
}

void qy_trace_tree_print(const struct qy_trace_printer *printer, const struct qy_trace_call *call,
                         uint32_t depth)
{
    call_line(printer, call, depth);
    for (const struct qy_trace_call *child = call->first; child != NULL; child = child->next) {
        if (child->state == QY_TRACE_DONE) { /* others will end later, on their own */
            qy_trace_tree_print(printer, child, depth + 1);
        }
    }
}
