/* SPDX-License-Identifier: MIT */
/*
 * Events: the server sends to all subscribers, who get them from a channel of their own. A struct
 * of functions, one per event, takes them on the client's side.
 */
#include "c_output.h"
#include "layout.h"

bool c_has_events(const struct decl *protocol)
{
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (method->is_event && method_is_live(protocol, method)) {
            return true;
        }
    }
    return false;
}

uint32_t c_event_bytes_max(const struct decl *protocol)
{
    uint32_t most = 8; /* a count of losses */
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (method->is_event && method->request.max_size > most) {
            most = method->request.max_size;
        }
    }
    return most;
}

static void send_signature(struct c_output *out, const struct decl *protocol,
                           const struct method *event)
{
    text_printf(out->text, "void qy_%s_%s_send(struct qy_server *server", c_protocol(out, protocol),
                event->name);
    c_parameters(out, &event->request, SIDE_GIVEN);
    text_printf(out->text, ")");
}

static void receive_signature(struct c_output *out, const struct decl *protocol)
{
    const char *name = c_protocol(out, protocol);
    text_printf(out->text,
                "int64_t qy_%s_receive(handle_t events, const struct qy_%s_events *functions, "
                "void *context, time_ns_t deadline)",
                name, name);
}

void c_event_prototypes(struct c_output *out, const struct decl *protocol)
{
    const char *name = c_protocol(out, protocol);
    text_printf(out->text,
                "/* A channel on which the events come from now on. */\n"
                "int64_t qy_%s_subscribe(handle_t session, handle_t *ret_events, "
                "time_ns_t deadline);\n"
                "int64_t qy_%s_subscribe_on(struct qy_connection *via, handle_t *ret_events, "
                "time_ns_t deadline);\n\n"
                "/* What a subscriber does with each event; NULL: nothing. `lost` tells how many "
                "did not fit. */\nstruct qy_%s_events {\n"
                "    void (*lost)(void *context, uint64_t count);\n",
                name, name, name);
    for (const struct method *event = protocol->methods; event != NULL; event = event->next) {
        if (event->is_event && method_is_live(protocol, event)) {
            c_doc(out, event->doc, "    ");
            text_printf(out->text, "    void (*%s)(void *context", event->name);
            c_parameters(out, &event->request, SIDE_GIVEN);
            text_printf(out->text, ");\n");
        }
    }
    text_printf(out->text, "};\n\n/* Blocks for the next event and calls its function. 0, or the "
                           "negative of an error number:\n * -EPEER_DIED when no more come. */\n");
    receive_signature(out, protocol);
    text_printf(out->text, ";\n\n/* For the server: sends to all of server->subscribers, and never "
                           "blocks. */\n");
    for (const struct method *event = protocol->methods; event != NULL; event = event->next) {
        if (event->is_event && method_is_live(protocol, event)) {
            send_signature(out, protocol, event);
            text_printf(out->text, ";\n");
        }
    }
    text_printf(out->text, "\n");
}

/* Decodes one kind of event and calls its function. */
static void take(struct c_output *out, const struct decl *protocol, const struct method *event)
{
    const char *name = c_protocol(out, protocol);
    text_printf(out->text,
                "static int64_t %s_%s_take(const struct qy_message *message, "
                "const struct qy_%s_events *functions, void *context)\n{\n",
                name, event->name, name);
    c_locals(out, &event->request, false);
    text_printf(out->text, "    if (!%s_%s_event_decode(message", name, event->name);
    c_local_addresses(out, &event->request, false);
    text_printf(out->text,
                ")) {\n        return qy_message_reject(message);\n    }\n"
                "    if (functions->%s != NULL) {\n        functions->%s(context",
                event->name, event->name);
    c_local_values(out, &event->request, false);
    text_printf(out->text, ");\n    }\n    return 0;\n}\n\n");
}

static void receive(struct c_output *out, const struct decl *protocol)
{
    const char *name = c_protocol(out, protocol);
    receive_signature(out, protocol);
    text_printf(out->text,
                "\n{\n    struct qy_message message;\n"
                "    int64_t status = qy_channel_receive_wait(events, &message, deadline);\n"
                "    if (status < 0) {\n        return status;\n    }\n"
                "    switch (IPC_HEADER_METHOD(message.header)) {\n"
                "    case QY_EVENT_LOST:\n"
                "        return qy_event_lost_take(&message, functions->lost, context);\n");
    for (const struct method *event = protocol->methods; event != NULL; event = event->next) {
        if (event->is_event && method_is_live(protocol, event)) {
            text_printf(out->text,
                        "    case %s:\n        return %s_%s_take(&message, functions, context);\n",
                        c_method_constant(out, protocol, event), name, event->name);
        }
    }
    text_printf(out->text, "    default: /* of a newer server */\n"
                           "        qy_received_handles_close("
                           "IPC_HEADER_HANDLES(message.header));\n"
                           "        return 0;\n    }\n}\n\n");
}

void c_events(struct c_output *out, const struct decl *protocol)
{
    const char *name = c_protocol(out, protocol);
    text_printf(out->text,
                "int64_t qy_%s_subscribe(handle_t session, handle_t *ret_events, "
                "time_ns_t deadline)\n{\n"
                "    return qy_subscribe(session, ret_events, deadline);\n}\n\n"
                "int64_t qy_%s_subscribe_on(struct qy_connection *via, handle_t *ret_events, "
                "time_ns_t deadline)\n{\n"
                "    return qy_subscribe_on(via, ret_events, deadline);\n}\n\n",
                name, name);
    for (const struct method *event = protocol->methods; event != NULL; event = event->next) {
        if (event->is_event && method_is_live(protocol, event)) {
            take(out, protocol, event);
            send_signature(out, protocol, event);
            text_printf(out->text,
                        "\n{\n    struct qy_message message;\n    if (%s_%s_event_encode("
                        "&message",
                        name, event->name);
            c_arguments(out, &event->request, SIDE_GIVEN);
            text_printf(out->text, ") == 0) {\n        qy_event_send(server, &message);\n"
                                   "    }\n}\n\n");
        }
    }
    receive(out, protocol);
}
