/* SPDX-License-Identifier: MIT */
/* Clients that do not wait: a structure per method that a caller's threads make the call of
 * (<quay/caller.h>), and many small calls in one message (<quay/batch.h>). */
#include "c_output.h"
#include "check.h"
#include "layout.h"

static bool is_callable(const struct decl *protocol, const struct method *method)
{
    return method_is_live(protocol, method) && !method->is_event;
}

static const char *full_name(struct c_output *out, const struct decl *protocol,
                             const struct method *method)
{
    return arena_printf(out->arena, "%s_%s", c_protocol(out, protocol), method->name);
}

/* --- callbacks ----------------------------------------------------------------------------- */

static void request_field(struct c_output *out, const struct member *param)
{
    const struct type *bare = type_bare(param->type);
    if (bare->kind == TYPE_LEASE) {
        text_printf(out->text, "    %svoid *%s;\n    uint64_t %s_size;\n",
                    bare->is_out ? "" : "const ", param->name, param->name);
    } else if (bare->kind == TYPE_HANDLE) {
        text_printf(out->text, "    handle_t %s;\n", param->name);
    } else if (c_is_scalar(bare) && bare == param->type) {
        text_printf(out->text, "    %s %s;\n", c_type(out, bare), param->name);
    } else {
        text_printf(out->text, "    const %s *%s;\n", c_type(out, bare), param->name);
        if (bare->kind == TYPE_VECTOR) {
            text_printf(out->text, "    uint32_t %s_count;\n", param->name);
        }
    }
}

static void reply_field(struct c_output *out, const struct member *param)
{
    const struct type *bare = type_bare(param->type);
    text_printf(out->text, "    %s ret_%s", c_type(out, bare), param->name);
    if (bare->kind == TYPE_STRING) {
        text_printf(out->text, "[%u + 1]", bare->count);
    } else if (bare->kind == TYPE_ARRAY || bare->kind == TYPE_VECTOR) {
        text_printf(out->text, "[%u]", bare->count);
    }
    text_printf(out->text, ";\n");
    if (bare->kind == TYPE_VECTOR) {
        text_printf(out->text, "    uint32_t ret_%s_count;\n", param->name);
    } else if (bare != param->type && bare->kind != TYPE_HANDLE) {
        text_printf(out->text, "    bool ret_has_%s;\n", param->name);
    }
}

static void call_struct(struct c_output *out, const struct decl *protocol,
                        const struct method *method)
{
    const char *name = full_name(out, protocol, method);
    text_printf(out->text, "struct qy_%s_call {\n    struct qy_call call;\n", name);
    for (const struct member *param = method->request.params; param != NULL; param = param->next) {
        request_field(out, param);
    }
    for (const struct member *param = method->reply.params; param != NULL; param = param->next) {
        reply_field(out, param);
    }
    text_printf(out->text,
                "};\nvoid qy_%s_start(struct qy_caller *caller, struct qy_%s_call *call);\n\n",
                name, name);
}

static void call_arguments(struct c_output *out, const struct method *method)
{
    for (const struct member *param = method->request.params; param != NULL; param = param->next) {
        text_printf(out->text, ", call->%s", param->name);
        if (param->type->kind == TYPE_LEASE) {
            text_printf(out->text, ", call->%s_size", param->name);
        } else if (param->type->kind == TYPE_VECTOR) {
            text_printf(out->text, ", call->%s_count", param->name);
        }
    }
    for (const struct member *param = method->reply.params; param != NULL; param = param->next) {
        const struct type *bare = type_bare(param->type);
        bool decays =
            bare->kind == TYPE_ARRAY || bare->kind == TYPE_VECTOR || bare->kind == TYPE_STRING;
        text_printf(out->text, ", %scall->ret_%s", decays ? "" : "&", param->name);
        if (bare->kind == TYPE_VECTOR) {
            text_printf(out->text, ", &call->ret_%s_count", param->name);
        } else if (bare != param->type && bare->kind != TYPE_HANDLE) {
            text_printf(out->text, ", &call->ret_has_%s", param->name);
        }
    }
}

static void call_functions(struct c_output *out, const struct decl *protocol,
                           const struct method *method)
{
    const char *name = full_name(out, protocol, method);
    bool has_none = method->request.params == NULL && method->reply.params == NULL;
    text_printf(out->text, "static void %s_make(struct qy_call *base)\n{\n", name);
    if (!has_none) {
        text_printf(out->text, "    struct qy_%s_call *call = (struct qy_%s_call *)base;\n", name,
                    name);
    }
    text_printf(out->text,
                "    if (base->connection != NULL) {\n"
                "        base->status = qy_%s_on(base->connection",
                name);
    call_arguments(out, method);
    text_printf(out->text,
                ", base->deadline);\n        return;\n    }\n"
                "    base->status = qy_%s(base->session",
                name);
    call_arguments(out, method);
    text_printf(out->text,
                ", base->deadline);\n}\n\n"
                "void qy_%s_start(struct qy_caller *caller, struct qy_%s_call *call)\n{\n"
                "    call->call.make = %s_make;\n"
                "    qy_caller_submit(caller, &call->call);\n}\n\n",
                name, name, name);
}

/* --- batches ------------------------------------------------------------------------------- */

static void add_signature(struct c_output *out, const struct decl *protocol,
                          const struct method *method)
{
    text_printf(out->text, "bool qy_%s_add(struct qy_batch *batch",
                full_name(out, protocol, method));
    c_parameters(out, &method->request, SIDE_GIVEN);
    text_printf(out->text, ")");
}

static void next_signature(struct c_output *out, const struct decl *protocol,
                           const struct method *method)
{
    text_printf(out->text, "int64_t qy_%s_next(struct qy_batch *batch",
                full_name(out, protocol, method));
    c_parameters(out, &method->reply, SIDE_TAKEN);
    text_printf(out->text, ")");
}

static void batch_functions(struct c_output *out, const struct decl *protocol,
                            const struct method *method)
{
    const char *name = full_name(out, protocol, method);
    add_signature(out, protocol, method);
    text_printf(out->text,
                "\n{\n    struct qy_message *message = qy_batch_place(batch, %u, %u);\n"
                "    if (message == NULL) {\n        return false;\n    }\n"
                "    (void)%s_request_encode(message",
                method->request.fixed_size, method->reply.fixed_size, name);
    c_arguments(out, &method->request, SIDE_GIVEN);
    text_printf(out->text, "); /* it always fits */\n    return true;\n}\n\n");
    next_signature(out, protocol, method);
    text_printf(out->text,
                "\n{\n    const struct qy_message *message = qy_batch_next(batch, %u);\n"
                "    if (message == NULL) {\n"
                "        int64_t status = qy_batch_error(batch);\n",
                method->reply.fixed_size);
    c_error_return(out, method);
    text_printf(out->text, "    return %s_reply_decode(message", name);
    c_arguments(out, &method->reply, SIDE_TAKEN);
    text_printf(out->text, ") ? 0 : -EBAD_MESSAGE;\n}\n\n");
}

/* --- all ----------------------------------------------------------------------------------- */

void c_callback_prototypes(struct c_output *out, const struct decl *protocol)
{
    text_printf(out->text, "/* The same without waiting, by a caller's threads. */\n");
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (is_callable(protocol, method)) {
            call_struct(out, protocol, method);
        }
    }
    bool is_first = true;
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (is_callable(protocol, method) && method->is_batch) {
            text_printf(out->text, "%s",
                        is_first ? "/* The same in a batch: adds a call, takes its answer. */\n"
                                 : "");
            is_first = false;
            add_signature(out, protocol, method);
            text_printf(out->text, ";\n");
            next_signature(out, protocol, method);
            text_printf(out->text, ";\n\n");
        }
    }
}

void c_callbacks(struct c_output *out, const struct decl *protocol)
{
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (is_callable(protocol, method)) {
            call_functions(out, protocol, method);
            if (method->is_batch) {
                batch_functions(out, protocol, method);
            }
        }
    }
}
