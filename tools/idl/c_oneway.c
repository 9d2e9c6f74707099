/* SPDX-License-Identifier: MIT */
/* One-way methods through an outbox (<quay/outbox.h>). What serves them is in c_server.c. */
#include "c_output.h"
#include "check.h"
#include "layout.h"

static bool is_posted(const struct decl *protocol, const struct method *method)
{
    return method->is_oneway && method_is_live(protocol, method);
}

bool c_has_oneway(const struct decl *protocol)
{
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (is_posted(protocol, method)) {
            return true;
        }
    }
    return false;
}

void c_oneway_room(const struct decl *protocol, uint32_t *ret_bytes, uint32_t *ret_handles)
{
    *ret_bytes = 8;
    *ret_handles = 0;
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (is_posted(protocol, method)) {
            const struct message *request = &method->request;
            *ret_bytes = request->max_size > *ret_bytes ? request->max_size : *ret_bytes;
            *ret_handles = request->handle_max > *ret_handles ? request->handle_max : *ret_handles;
        }
    }
}

static void signature(struct c_output *out, const struct decl *protocol,
                      const struct method *method)
{
    text_printf(out->text, "int64_t qy_%s_%s_post(struct qy_outbox *outbox",
                c_protocol(out, protocol), method->name);
    c_parameters(out, &method->request, SIDE_GIVEN);
    text_printf(out->text, ")");
}

void c_oneway_prototypes(struct c_output *out, const struct decl *protocol)
{
    text_printf(out->text, "/* One-way calls that wait for nobody (<quay/outbox.h>). */\n");
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (is_posted(protocol, method)) {
            signature(out, protocol, method);
            text_printf(out->text, ";\n");
        }
    }
    text_printf(out->text, "\n");
}

void c_oneway(struct c_output *out, const struct decl *protocol)
{
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (!is_posted(protocol, method)) {
            continue;
        }
        signature(out, protocol, method);
        text_printf(out->text,
                    "\n{\n    struct qy_message message;\n"
                    "    int64_t status = %s_%s_request_encode(&message",
                    c_protocol(out, protocol), method->name);
        c_arguments(out, &method->request, SIDE_GIVEN);
        text_printf(out->text, ");\n    if (status != 0) {\n        return status;\n    }\n");
        if (c_gives_handles(method)) {
            text_printf(out->text, "    status = qy_outbox_post(outbox, &message);\n"
                                   "    if (status != 0) {\n");
            c_handles_discard(out, method);
            text_printf(out->text, "    }\n    return status;\n}\n\n");
        } else {
            text_printf(out->text, "    return qy_outbox_post(outbox, &message);\n}\n\n");
        }
    }
}
