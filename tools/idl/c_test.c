/* SPDX-License-Identifier: MIT */
/*
 * A test of the generated C: data for tests/host/conformance.c, and a proxy, a server whose
 * handlers call the client's functions. So what a test sends is decoded, encoded, decoded and
 * encoded again, and must come out as it went in.
 */
#include "c_output.h"
#include "check.h"
#include "outputs.h"
#include "sample.h"
#include "objects.h"

static void bytes_write(struct text *text, const char *name, const struct sample *sample)
{
    text_printf(text, "static const uint8_t %s[] = {", name);
    for (uint32_t i = 0; i < sample->length; i++) {
        text_printf(text, "%s0x%02x,", i % 16 == 0 ? "\n    " : " ", sample->bytes[i]);
    }
    text_printf(text, "%s};\n", sample->length == 0 ? "0" : "\n");
}

static void mutations_write(struct text *text, const char *name, const struct sample *sample)
{
    text_printf(text, "static const struct qy_mutation %s_wrong[] = {\n", name);
    for (const struct mutation *mutation = sample->mutations; mutation != NULL;
         mutation = mutation->next) {
        text_printf(text, "    {\"%s\", %u, %u, 0x%llx, %u},\n", mutation->what, mutation->offset,
                    mutation->size, (unsigned long long)mutation->value, mutation->extra);
    }
    text_printf(text, "    {NULL, 0, 0, 0, 0},\n};\n");
}

static void handles_write(struct text *text, const char *name, const struct message *message)
{
    text_printf(text, "static const struct qy_handle_sample %s_handles[] = {\n", name);
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        const struct type *type = type_bare(param->type);
        if (type->kind != TYPE_HANDLE) {
            continue;
        }
        text_printf(text, "    {\"%s\", %s, ", param->name, type->object->c_name);
        rights_print(text, type->object, type->required_rights);
        text_printf(text, ", ");
        rights_print(text, type->object, type->required_rights | type->optional_rights);
        text_printf(text, ", %s},\n", param->type->kind == TYPE_OPTIONAL ? "true" : "false");
    }
    text_printf(text, "    {NULL, 0, 0, 0, false},\n};\n");
}

static bool has_table(const struct message *message)
{
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        if (type_is_named(param->type, DECL_TABLE)) {
            return true;
        }
    }
    return false;
}

static void message_write(struct c_output *out, const char *name, const struct message *message)
{
    struct sample least, full;
    sample_make(out->arena, message, false, &least);
    sample_make(out->arena, message, true, &full);
    bytes_write(out->text, arena_printf(out->arena, "%s_least", name), &least);
    bytes_write(out->text, arena_printf(out->arena, "%s_full", name), &full);
    mutations_write(out->text, name, &full);
    handles_write(out->text, name, message);
    text_printf(out->text,
                "static const struct qy_message_sample %s = {\n"
                "    %s_least, %u, %s_full, %u, %s_wrong, %s_handles, %u, {",
                name, name, least.length, name, full.length, name, name, message->lease_count);
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        if (param->type->kind == TYPE_LEASE) {
            text_printf(out->text, "%s, ", param->type->is_out ? "LEASE_WRITE" : "LEASE_READ");
        }
    }
    text_printf(out->text, "%s},\n    %s,\n};\n\n", message->lease_count == 0 ? "0" : "",
                has_table(message) ? "true" : "false");
}

static void proxy_write(struct c_output *out, const struct decl *protocol,
                        const struct method *method)
{
    const char *name = c_protocol(out, protocol);
    text_printf(out->text, "static %s %s_proxy(struct qy_request *request",
                method->is_oneway ? "void" : "int64_t", method->name);
    c_parameters(out, &method->request, SIDE_HANDLER);
    c_parameters(out, &method->reply, SIDE_TAKEN);
    text_printf(out->text, ")\n{\n    (void)request;\n");
    const char *before = "int64_t status = ";
    for (const struct member *param = method->request.params; param != NULL; param = param->next) {
        if (param->type->kind == TYPE_LEASE) {
            text_printf(out->text, "    %sqy_lent_access(%s, %s);\n", before, param->name,
                        param->type->is_out ? "LEASE_WRITE" : "LEASE_READ");
            before = "status = status != 0 ? status : ";
        }
    }
    if (method->request.lease_count > 0) {
        text_printf(out->text, "    if (status != 0) {\n        return status;\n    }\n");
    }
    text_printf(out->text, "    %sqy_%s_%s(qy_proxied_session",
                method->is_oneway ? "(void)" : "return ", name, method->name);
    for (const struct member *param = method->request.params; param != NULL; param = param->next) {
        const struct type *type = type_bare(param->type);
        bool is_handle = type->kind == TYPE_HANDLE;
        if (type->kind == TYPE_LEASE) {
            text_printf(out->text, ", qy_lent, QY_LENT_BYTES");
            continue;
        }
        bool is_copy = attribute_find(param->attributes, "copy") != NULL;
        text_printf(out->text,
                    is_copy     ? ", *%s"
                    : is_handle ? ", qy_take(%s)"
                                : ", %s",
                    param->name);
        if (type->kind == TYPE_VECTOR) {
            text_printf(out->text, ", %s_count", param->name);
        }
    }
    c_arguments(out, &method->reply, SIDE_TAKEN);
    text_printf(out->text, ", DEADLINE_NEVER);\n}\n\n");
}

static bool is_tried(const struct decl *protocol, const struct method *method)
{
    return method_is_live(protocol, method) && !method->is_event;
}

/* Takes any bytes, and makes its own from right messages. */
static void fuzz_main(struct c_output *out, const char *name)
{
    text_printf(out->text,
                "    {NULL, 0, false, NULL, NULL},\n};\n\n"
                "int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)\n{\n"
                "    return qy_conformance_fuzz(qy_%s_dispatch, &proxies, methods, data, size);\n"
                "}\n\n"
                "size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, "
                "unsigned int seed)\n{\n"
                "    size = qy_conformance_begin(methods, data, size, room, seed);\n"
                "    return LLVMFuzzerMutate(data, size, room);\n}\n",
                name);
}

static void test_main(struct c_output *out, const char *name)
{
    text_printf(out->text,
                "    {NULL, 0, false, NULL, NULL},\n};\n\nint main(void)\n{\n"
                "    return qy_conformance_run(qy_%s_dispatch, &proxies, methods);\n}\n",
                name);
}

static void protocol_write(struct c_output *out, const struct decl *protocol,
                           void (*main_write)(struct c_output *out, const char *name))
{
    const char *name = c_protocol(out, protocol);
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (is_tried(protocol, method)) {
            message_write(out, arena_printf(out->arena, "%s_request", method->name),
                          &method->request);
            message_write(out, arena_printf(out->arena, "%s_reply", method->name), &method->reply);
            proxy_write(out, protocol, method);
        }
    }
    text_printf(out->text, "static const struct qy_%s_handlers proxies = {\n", name);
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (is_tried(protocol, method)) {
            text_printf(out->text, "    .%s = %s_proxy,\n", method->name, method->name);
        }
    }
    text_printf(out->text, "};\n\nstatic const struct qy_method_sample methods[] = {\n");
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (is_tried(protocol, method)) {
            text_printf(out->text, "    {\"%s.%s\", 0x%xu, %s, &%s_request, &%s_reply},\n", name,
                        method->name, method->number, method->is_oneway ? "true" : "false",
                        method->name, method->name);
        }
    }
    main_write(out, name);
}

static void write(struct arena *arena, const struct library *library, struct text *text,
                  void (*main_write)(struct c_output *out, const char *name))
{
    struct c_output out = {arena, library, library_stem(arena, library), text};
    text_printf(text,
                "/* Made by idl: a change here is lost. */\n#include <idl/%s.h>\n"
                "#include <quay/server.h>\n#include \"conformance.h\"\n\n",
                out.stem);
    for (const struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        if (decl->kind == DECL_PROTOCOL) {
            protocol_write(&out, decl, main_write);
            return; /* one protocol per program */
        }
    }
}

void output_c_test(struct arena *arena, const struct library *library, struct text *text)
{
    write(arena, library, text, test_main);
}

void output_c_fuzz(struct arena *arena, const struct library *library, struct text *text)
{
    write(arena, library, text, fuzz_main);
}
