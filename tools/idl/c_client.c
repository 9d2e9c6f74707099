/* SPDX-License-Identifier: MIT */
/* The client's functions. */
#include "c_output.h"
#include "layout.h"
#include "check.h"

enum form {
    FORM_SESSION,    /* qy_fs_read(session, ...) */
    FORM_CONNECTION, /* qy_fs_read_on(via, ...) */
    FORM_ONCE,       /* fs_read_once(session, ...): of one that is idempotent, a single time */
    FORM_TRY         /* fs_read_try(session, ...): of one that lends memory, a single time */
};

static void signature(struct c_output *out, const struct decl *protocol,
                      const struct method *method, enum form form)
{
    static const char *const endings[] = {
        [FORM_SESSION] = "", [FORM_CONNECTION] = "_on", [FORM_ONCE] = "_once", [FORM_TRY] = "_try"};
    bool is_public = form == FORM_SESSION || form == FORM_CONNECTION;
    text_printf(out->text, "%sint64_t %s%s_%s%s(%s", is_public ? "" : "static ",
                is_public ? "qy_" : "", c_protocol(out, protocol), method->name, endings[form],
                form == FORM_CONNECTION ? "struct qy_connection *via" : "handle_t session");
    c_parameters(out, &method->request, SIDE_GIVEN);
    c_parameters(out, &method->reply, SIDE_TAKEN);
    text_printf(out->text, ", time_ns_t deadline)");
}

static void method_comment(struct c_output *out, const struct method *method)
{
    struct text doc = {0};
    text_printf(&doc, "%s", method->doc != NULL ? method->doc : method->name);
    if (method->error != NULL) {
        text_printf(&doc, "\nFails with an enum %s.", c_decl_name(out, method->error));
    }
    if (method->is_idempotent) {
        text_printf(&doc, "\nRepeated by itself if the server dies meanwhile.");
    }
    if (method->deadline_ns != 0) {
        text_printf(&doc, "\nQY_DEADLINE_DEFAULT: %llu ms from now.",
                    (unsigned long long)method->deadline_ns / 1000000);
    }
    if (method->is_oneway) {
        text_printf(&doc, "\nReturns when the server has received it, not when it is done.");
    }
    c_doc(out, text_of(&doc), "");
    text_free(&doc);
}

void c_client_prototypes(struct c_output *out, const struct decl *protocol)
{
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (method_is_live(protocol, method) && !method->is_event) {
            method_comment(out, method);
            signature(out, protocol, method, FORM_SESSION);
            text_printf(out->text, ";\n\n");
        }
    }
    text_printf(out->text, "/* The same by a session that is opened again when it is of no use any "
                           "more:\n * <quay/connection.h>. */\n");
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (method_is_live(protocol, method) && !method->is_event) {
            signature(out, protocol, method, FORM_CONNECTION);
            text_printf(out->text, ";\n");
        }
    }
    text_printf(out->text, "\n");
}

/* A handle that was given is gone: the kernel has moved it, or it is closed here. */
void c_handles_discard(struct c_output *out, const struct method *method)
{
    for (const struct member *param = method->request.params; param != NULL; param = param->next) {
        if (type_bare(param->type)->kind == TYPE_HANDLE &&
            attribute_find(param->attributes, "copy") == NULL) {
            text_printf(out->text, "        qy_handle_discard(%s);\n", param->name);
        }
    }
}

bool c_gives_handles(const struct method *method)
{
    for (const struct member *param = method->request.params; param != NULL; param = param->next) {
        if (type_bare(param->type)->kind == TYPE_HANDLE &&
            attribute_find(param->attributes, "copy") == NULL) {
            return true;
        }
    }
    return false;
}

/* What comes of a call that was not answered with results. */
void c_error_return(struct c_output *out, const struct method *method)
{
    if (method->error != NULL) {
        const char *name = c_decl_name(out, method->error);
        text_printf(out->text,
                    "        bool is_known = status < 0 || %s_valid((%s_t)status);\n"
                    "        return is_known ? status : -EBAD_MESSAGE;\n    }\n",
                    name, name);
    } else {
        text_printf(out->text, "        return status < 0 ? status : -EBAD_MESSAGE;\n    }\n");
    }
}

/* All in registers, and no function of libsys between it and the kernel; short ones have one that
 * is shorter still. */
static void call_registers(struct c_output *out, const struct decl *protocol,
                           const struct method *method)
{
    const char *name = arena_printf(out->arena, "%s_%s", c_protocol(out, protocol), method->name);
    bool is_short = c_is_short(method);
    uint32_t size = method->reply.fixed_size;
    text_printf(out->text, "    struct qy_message message;\n    (void)%s_request_encode(&message",
                name);
    c_arguments(out, &method->request, SIDE_GIVEN);
    text_printf(out->text, "); /* it always fits */\n");
    if (is_short) {
        text_printf(out->text,
                    "    struct qy_short_answer answer = qy_port_call_short(\n"
                    "        session, message.words[0], message.words[1], deadline, "
                    "message.header);\n"
                    "    if (!qy_short_is(answer, %u)) {\n"
                    "        int64_t status = qy_short_error(answer.header);\n",
                    size);
    } else {
        text_printf(out->text,
                    "    int64_t header = qy_syscall_call(session, message.header, deadline, "
                    "message.words);\n"
                    "    if (header != IPC_HEADER(0, %u, 0)) {\n"
                    "        int64_t status = qy_short_error(header);\n",
                    size);
    }
    c_error_return(out, method);
    text_printf(out->text, "    message.header = IPC_HEADER(0, %u, 0);\n%s", size,
                is_short ? "    message.words[0] = answer.word;\n" : "");
    text_printf(out->text, "    return %s_reply_decode(&message", name);
    c_arguments(out, &method->reply, SIDE_TAKEN);
    text_printf(out->text, ") ? 0 : -EBAD_MESSAGE;\n}\n\n");
}

/* One attempt. */
static void call_body(struct c_output *out, const struct decl *protocol,
                      const struct method *method)
{
    if (c_is_register(method)) {
        call_registers(out, protocol, method);
        return;
    }
    const char *name = arena_printf(out->arena, "%s_%s", c_protocol(out, protocol), method->name);
    bool has_handles = method->request.handle_max > 0;
    bool may_not_fit = method->request.max_size > MESSAGE_REGISTER_MAX || has_handles ||
                       method->request.has_tail || method->request.lease_count > 0;
    text_printf(out->text, "    struct qy_message message;\n");
    if (!has_handles &&
        (method->reply.handle_max > 0 || method->reply.max_size > MESSAGE_REGISTER_MAX)) {
        text_printf(out->text, "    if (!qy_message_buffer()) {\n"
                               "        return -ENO_BUFFER; /* for the answer */\n    }\n");
    }
    text_printf(out->text, "    %s%s_request_encode(&message",
                may_not_fit ? "int64_t status = " : "(void)", name);
    c_arguments(out, &method->request, SIDE_GIVEN);
    text_printf(out->text, may_not_fit
                               ? ");\n    if (status != 0) {\n        return status;\n    }\n"
                               : "); /* it always fits */\n");
    text_printf(out->text,
                "    %sstatus = qy_message_call(session, &message, deadline);\n"
                "    if (status != 0) {\n",
                may_not_fit ? "" : "int64_t ");
    if (has_handles) {
        c_handles_discard(out, method);
    }
    c_error_return(out, method);
    text_printf(out->text, "    if (!%s_reply_decode(&message", name);
    c_arguments(out, &method->reply, SIDE_TAKEN);
    text_printf(out->text,
                ")) {\n        return qy_message_reject(&message);\n    }\n    return 0;\n}\n\n");
}

/* As often as the memory that is lent is not there. */
static void lending_body(struct c_output *out, const struct decl *protocol,
                         const struct method *method)
{
    uint32_t index = 0;
    text_printf(out->text, "    struct qy_lending lending = {0};\n");
    for (const struct member *param = method->request.params; param != NULL; param = param->next) {
        if (param->type->kind == TYPE_LEASE) {
            text_printf(out->text, "    qy_lend(&lending, %s, %s_size, %s);\n", param->name,
                        param->name, param->type->is_out ? "LEASE_WRITE" : "LEASE_READ");
        }
    }
    text_printf(out->text, "    int64_t status;\n    do {\n");
    for (const struct member *param = method->request.params; param != NULL; param = param->next) {
        if (param->type->kind == TYPE_LEASE) {
            text_printf(out->text, "        %s = lending.lent[%u].at;\n", param->name, index++);
        }
    }
    text_printf(out->text, "        status = %s_%s_try(session", c_protocol(out, protocol),
                method->name);
    c_arguments(out, &method->request, SIDE_GIVEN);
    c_arguments(out, &method->reply, SIDE_TAKEN);
    text_printf(out->text, ", deadline);\n"
                           "    } while (qy_lending_again(&lending, &status));\n"
                           "    return status;\n}\n\n");
}

static void deadline_default(struct c_output *out, const struct method *method)
{
    if (method->deadline_ns != 0) {
        text_printf(out->text,
                    "    if (deadline == QY_DEADLINE_DEFAULT) {\n"
                    "        deadline = qy_deadline_after(%llu);\n    }\n",
                    (unsigned long long)method->deadline_ns);
    }
}

static void body(struct c_output *out, const struct decl *protocol, const struct method *method)
{
    if (method->request.lease_count > 0) {
        lending_body(out, protocol, method);
    } else {
        call_body(out, protocol, method);
    }
}

static void idempotent(struct c_output *out, const struct decl *protocol,
                       const struct method *method)
{
    signature(out, protocol, method, FORM_ONCE);
    text_printf(out->text, "\n{\n");
    body(out, protocol, method);
    signature(out, protocol, method, FORM_SESSION);
    text_printf(out->text, "\n{\n");
    deadline_default(out, method);
    text_printf(out->text,
                "    int64_t status;\n    uint32_t attempts = 0;\n    do {\n"
                "        status = %s_%s_once(session",
                c_protocol(out, protocol), method->name);
    c_arguments(out, &method->request, SIDE_GIVEN);
    c_arguments(out, &method->reply, SIDE_TAKEN);
    text_printf(out->text, ", deadline);\n"
                           "    } while (status == -EPEER_DIED && ++attempts < "
                           "QY_ATTEMPTS_MAX);\n    return status;\n}\n\n");
}

static void by_connection(struct c_output *out, const struct decl *protocol,
                          const struct method *method)
{
    bool gives = c_gives_handles(method);
    signature(out, protocol, method, FORM_CONNECTION);
    text_printf(out->text, "\n{\n");
    deadline_default(out, method);
    text_printf(out->text,
                "    struct qy_attempt attempt = QY_ATTEMPT(via, QY_REPEAT_%s, deadline);\n"
                "    while (qy_attempt_next(&attempt)) {\n"
                "        attempt.status = %s%s_%s%s(attempt.session",
                gives                   ? "NEVER"
                : method->is_idempotent ? "ALWAYS"
                                        : "UNDONE",
                method->is_idempotent ? "" : "qy_", c_protocol(out, protocol), method->name,
                method->is_idempotent ? "_once" : "");
    c_arguments(out, &method->request, SIDE_GIVEN);
    c_arguments(out, &method->reply, SIDE_TAKEN);
    text_printf(out->text, ", deadline);\n    }\n");
    if (gives) {
        text_printf(out->text, "    if (attempt.session == HANDLE_INVALID) {\n");
        c_handles_discard(out, method);
        text_printf(out->text, "    }\n");
    }
    text_printf(out->text, "    return attempt.status;\n}\n\n");
}

void c_client(struct c_output *out, const struct decl *protocol)
{
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (!method_is_live(protocol, method) || method->is_event) {
            continue;
        }
        if (method->request.lease_count > 0) {
            signature(out, protocol, method, FORM_TRY);
            text_printf(out->text, "\n{\n");
            call_body(out, protocol, method);
        }
        if (method->is_idempotent) {
            idempotent(out, protocol, method);
        } else {
            signature(out, protocol, method, FORM_SESSION);
            text_printf(out->text, "\n{\n");
            deadline_default(out, method);
            body(out, protocol, method);
        }
        by_connection(out, protocol, method);
    }
}
