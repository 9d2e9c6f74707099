/* SPDX-License-Identifier: MIT */
/* The server's side: handlers, dispatch, answers to calls that were deferred. */
#include "c_output.h"
#include "check.h"
#include "layout.h"

static bool is_served(const struct decl *protocol, const struct method *method)
{
    return method_is_live(protocol, method) && !method->is_event;
}

static bool has_answer(const struct decl *protocol, const struct method *method)
{
    return is_served(protocol, method) && !method->is_oneway;
}

static void answer_signature(struct c_output *out, const struct decl *protocol,
                             const struct method *method)
{
    text_printf(out->text,
                "int64_t qy_%s_%s_answer(struct qy_server *server, struct qy_pending *pending",
                c_protocol(out, protocol), method->name);
    c_parameters(out, &method->reply, SIDE_GIVEN);
    text_printf(out->text, ")");
}

void c_server_prototypes(struct c_output *out, const struct decl *protocol)
{
    const char *name = c_protocol(out, protocol);
    text_printf(out->text,
                "/* What a server does. A handler returns 0 and the call is answered with what it "
                "set; an error of\n * the protocol; or qy_defer(). Of handles it keeps those that "
                "it sets to HANDLE_INVALID. */\nstruct qy_%s_handlers {\n",
                name);
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (!is_served(protocol, method)) {
            continue;
        }
        text_printf(out->text, "    %s (*%s)(struct qy_request *request",
                    method->is_oneway ? "void" : "int64_t", method->name);
        c_parameters(out, &method->request, SIDE_HANDLER);
        c_parameters(out, &method->reply, SIDE_TAKEN);
        text_printf(out->text, ");\n");
    }
    text_printf(
        out->text,
        "};\n\n/* For struct qy_server: checks a call, runs its handler (of server->handlers) "
        "and answers. */\nint64_t qy_%s_dispatch(struct qy_request *request);\n\n"
        "/* What it says of itself; messages of others are decoded with it "
        "(<quay/interface.h>). */\n"
        "extern const struct qy_described_head *const qy_%s_description;\n\n",
        name, name);
    text_printf(out->text, "/* Answers to calls that were deferred; *pending is used up. */\n");
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (has_answer(protocol, method)) {
            answer_signature(out, protocol, method);
            text_printf(out->text, ";\n");
        }
    }
    text_printf(out->text, "\n");
}

/* Closes what the handler has left. */
static void handles_close(struct c_output *out, const struct message *message)
{
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        if (type_bare(param->type)->kind == TYPE_HANDLE) {
            text_printf(out->text, "    qy_handle_discard(%s);\n", param->name);
        }
    }
}

/* The answer is made where it is sent from. */
static void answer_begin(struct c_output *out, const struct decl *protocol,
                         const struct method *method)
{
    if (method->reply.slots == NULL) {
        text_printf(out->text, "    (void)qy_message_begin_answer(&request->in.message, 0);\n");
        return;
    }
    text_printf(out->text,
                "    %s *answer =\n        qy_message_begin_answer(&request->in.message, sizeof "
                "*answer);\n",
                c_message_struct(out, protocol, method, &method->reply));
}

static void handler_call(struct c_output *out, const struct method *method)
{
    text_printf(out->text, "handlers->%s(request", method->name);
    c_local_values(out, &method->request, false);
    if (!method->is_oneway && c_is_direct(&method->reply)) {
        const struct member *param = method->reply.params;
        for (; param != NULL; param = param->next) {
            text_printf(out->text, ", %sanswer->%s", param->type->kind == TYPE_ARRAY ? "" : "&",
                        param->name);
        }
    } else {
        c_local_addresses(out, &method->reply, true);
    }
    text_printf(out->text, ");\n");
}

static void serve(struct c_output *out, const struct decl *protocol, const struct method *method)
{
    const char *name = arena_printf(out->arena, "%s_%s", c_protocol(out, protocol), method->name);
    text_printf(out->text,
                "%sstatic int64_t %s_serve(struct qy_request *request, "
                "const struct qy_%s_handlers *handlers)\n{\n",
                c_is_short(method) ? "" : "QY_APART ", name, c_protocol(out, protocol));
    c_locals(out, &method->request, false);
    text_printf(out->text, "    if (!%s_request_decode(&request->in.message", name);
    c_local_addresses(out, &method->request, false);
    text_printf(out->text, ")");
    uint32_t index = 0;
    for (const struct member *param = method->request.params; param != NULL; param = param->next) {
        if (param->type->kind == TYPE_LEASE) {
            text_printf(out->text, " ||\n        !qy_request_lease(request, %u, %s, &%s)", index++,
                        param->type->is_out ? "LEASE_WRITE" : "LEASE_READ", param->name);
        }
    }
    text_printf(out->text,
                ") {\n        return qy_request_refuse(request, EBAD_MESSAGE);\n    }\n");
    bool is_direct = c_is_direct(&method->reply);
    bool has_handles = method->request.handle_max > 0;
    if (method->is_oneway) {
        text_printf(out->text, "    qy_request_acknowledge(request);\n");
    } else if (is_direct) {
        answer_begin(out, protocol, method);
    } else {
        c_locals(out, &method->reply, true);
    }
    bool is_last = is_direct && !has_handles && !method->is_oneway;
    text_printf(out->text, method->is_oneway ? "    "
                           : is_last         ? "    return "
                                             : "    int64_t status = ");
    handler_call(out, method);
    handles_close(out, &method->request);
    if (method->is_oneway || is_last) {
        text_printf(out->text, method->is_oneway ? "    return 0;\n}\n\n" : "}\n\n");
        return;
    }
    if (is_direct) {
        text_printf(out->text, "    return status;\n}\n\n");
        return;
    }
    text_printf(out->text,
                "    return status != 0 ? status\n                       : "
                "%s_reply_encode(&request->in.message",
                name);
    c_local_values(out, &method->reply, true);
    text_printf(out->text, ");\n}\n\n");
}

static bool is_any(const struct method *method)
{
    return !method->is_event;
}

static bool is_batch(const struct method *method)
{
    return method->is_batch;
}

static bool is_oneway(const struct method *method)
{
    return method->is_oneway;
}

static void cases(struct c_output *out, const struct decl *protocol,
                  bool (*is_chosen)(const struct method *))
{
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (is_served(protocol, method) && is_chosen(method)) {
            text_printf(out->text,
                        "    case %s:\n        if (handlers->%s != NULL) {\n"
                        "            return %s_%s_serve(request, handlers);\n"
                        "        }\n        break;\n",
                        c_method_constant(out, protocol, method), method->name,
                        c_protocol(out, protocol), method->name);
        }
    }
}

/* A dispatch function of some methods only, if there are any; false if not. */
static bool dispatch_some(struct c_output *out, const struct decl *protocol, const char *which,
                          bool (*is_chosen)(const struct method *))
{
    const char *name = c_protocol(out, protocol);
    bool has = false;
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        has |= is_served(protocol, method) && is_chosen(method);
    }
    if (has) {
        text_printf(out->text,
                    "static int64_t %s_%s(struct qy_request *request)\n{\n"
                    "    const struct qy_%s_handlers *handlers = request->handlers;\n"
                    "    switch (IPC_HEADER_METHOD(request->in.message.header)) {\n",
                    name, which, name);
        cases(out, protocol, is_chosen);
        text_printf(out->text, "    default:\n        break;\n    }\n"
                               "    return qy_request_refuse(request, ENO_METHOD);\n}\n\n");
    }
    return has;
}

static void dispatch(struct c_output *out, const struct decl *protocol)
{
    const char *name = c_protocol(out, protocol);
    bool has_batch = dispatch_some(out, protocol, "batched", is_batch);
    bool has_oneway = dispatch_some(out, protocol, "posted", is_oneway);
    text_printf(out->text,
                "int64_t qy_%s_dispatch(struct qy_request *request)\n{\n"
                "    const struct qy_%s_handlers *handlers = request->handlers;\n"
                "    switch (IPC_HEADER_METHOD(request->in.message.header)) {\n",
                name, name);
    cases(out, protocol, is_any);
    if (has_batch) {
        text_printf(out->text,
                    "    case QY_METHOD_BATCH:\n"
                    "        return qy_batch_serve(request, %s_batched);\n",
                    name);
    }
    if (has_oneway) {
        uint32_t bytes, handles;
        c_oneway_room(protocol, &bytes, &handles);
        text_printf(out->text,
                    "    case QY_METHOD_INBOX:\n"
                    "        return qy_inbox_open_serve(request, %u, %u, %s_posted);\n",
                    bytes, handles, name);
    }
    if (c_has_events(protocol)) {
        text_printf(out->text,
                    "    case QY_METHOD_SUBSCRIBE:\n"
                    "        return qy_subscribe_serve(request, %u);\n",
                    c_event_bytes_max(protocol));
    }
    text_printf(out->text,
                "    default:\n        break;\n    }\n"
                "    return qy_request_describe(request, &%s_description.head);\n}\n\n",
                name);
}

static void answer(struct c_output *out, const struct decl *protocol, const struct method *method)
{
    answer_signature(out, protocol, method);
    text_printf(out->text,
                "\n{\n    struct qy_message message;\n"
                "    int64_t status = %s_%s_reply_encode(&message",
                c_protocol(out, protocol), method->name);
    c_arguments(out, &method->reply, SIDE_GIVEN);
    text_printf(out->text, ");\n    if (status != 0) {\n"
                           "        (void)qy_pending_refuse(server, pending, EBAD_MESSAGE);\n"
                           "        return status;\n    }\n"
                           "    return qy_pending_answer(server, pending, &message);\n}\n\n");
}

void c_server(struct c_output *out, const struct decl *protocol)
{
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (is_served(protocol, method)) {
            serve(out, protocol, method);
        }
    }
    dispatch(out, protocol);
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (has_answer(protocol, method)) {
            answer(out, protocol, method);
        }
    }
}
