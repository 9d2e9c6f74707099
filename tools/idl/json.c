/* SPDX-License-Identifier: MIT */
/*
 * The JSON form: declarations with every offset and size, for tools that decode messages without
 * knowing the language. Numbers that may be larger than 2^53 are texts.
 */
#include "describe.h"
#include "layout.h"
#include "objects.h"
#include "outputs.h"

struct json {
    struct text *text;
    bool needs_comma;
};

static void open(struct json *json, const char *key, const char *sign)
{
    text_printf(json->text, "%s", json->needs_comma ? ",\n" : "");
    if (key != NULL) {
        text_printf(json->text, "\"%s\": ", key);
    }
    text_printf(json->text, "%s", sign);
    json->needs_comma = false;
}

static void close(struct json *json, const char *sign)
{
    text_printf(json->text, "%s", sign);
    json->needs_comma = true;
}

static void put_text(struct json *json, const char *key, const char *value)
{
    if (value != NULL) {
        open(json, key, "\"");
        describe_escaped(json->text, value);
        close(json, "\"");
    }
}

static void put_number(struct json *json, const char *key, uint32_t value)
{
    open(json, key, "");
    text_printf(json->text, "%u", value);
    json->needs_comma = true;
}

static void put_wide(struct json *json, const char *key, number_t value)
{
    open(json, key, "\"");
    if (value < 0) {
        text_printf(json->text, "%lld", (long long)value);
    } else {
        text_printf(json->text, "%llu", (unsigned long long)value);
    }
    close(json, "\"");
}

static void put_true(struct json *json, const char *key, bool is_set)
{
    if (is_set) {
        open(json, key, "true");
        json->needs_comma = true;
    }
}

static const char *const kinds[] = {
    [DECL_CONST] = "const",       [DECL_ENUM] = "enum",   [DECL_BITS] = "bits",
    [DECL_STRUCT] = "struct",     [DECL_TABLE] = "table", [DECL_UNION] = "union",
    [DECL_PROTOCOL] = "protocol",
};

static void put_rights(struct json *json, const char *key, const struct type *type, uint32_t rights)
{
    struct text text = {0};
    rights_print_plain(&text, type->object, rights);
    put_text(json, key, text_of(&text));
    text_free(&text);
}

static void put_handle(struct json *json, const struct type *type)
{
    put_text(json, "object", type->object->name);
    put_rights(json, "required", type, type->required_rights);
    put_rights(json, "optional", type, type->optional_rights);
}

static void put_type(struct json *json, const char *key, const struct type *type)
{
    struct text name = {0};
    open(json, key, "{");
    describe_type(&name, type);
    put_text(json, "text", text_of(&name));
    text_free(&name);
    put_text(json, "kind",
             type->kind == TYPE_NAMED ? kinds[type->decl->kind] : describe_kind(type));
    put_number(json, "size", type->size);
    if (type->kind == TYPE_NAMED) {
        put_text(json, "library", type->decl->library->path.text);
        put_text(json, "name", type->decl->name);
    }
    if (type_is_named(type, DECL_TABLE)) {
        put_number(json, "room", type->decl->room);
    }
    if (type->kind == TYPE_HANDLE) {
        put_handle(json, type);
    }
    put_true(json, "out", type->kind == TYPE_LEASE && type->is_out);
    if (type->count != 0) {
        put_number(json, "count", type->count);
    }
    if (type->element != NULL) {
        put_type(json, "element", type->element);
    }
    close(json, "}");
}

static void put_member(struct json *json, const struct decl *decl, const struct member *member)
{
    open(json, NULL, "{");
    put_text(json, "name", member->name);
    put_text(json, "doc", member->doc);
    if (member->type == NULL && decl->kind != DECL_STRUCT) {
        put_wide(json, "value", member->value->number);
    } else {
        put_number(json, decl->kind == DECL_STRUCT ? "offset" : "ordinal",
                   decl->kind == DECL_STRUCT ? member->offset : member->ordinal);
        put_number(json, "size", member->size);
    }
    if (member->type != NULL) {
        put_type(json, "type", member->type);
    }
    close(json, "}");
}

static void put_message(struct json *json, const char *key, const struct message *message)
{
    static const char *const roles[] = {
        [SLOT_VALUE] = "value",
        [SLOT_HAS] = "has",
        [SLOT_COUNT] = "count",
        [SLOT_RESERVED] = "reserved",
    };
    open(json, key, "{");
    put_number(json, "fixed_size", message->fixed_size);
    put_number(json, "max_size", message->max_size);
    open(json, "fixed", "[");
    for (const struct slot *slot = message->slots; slot != NULL; slot = slot->next) {
        open(json, NULL, "{");
        put_text(json, "role", roles[slot->role]);
        put_text(json, "param", slot->param != NULL ? slot->param->name : NULL);
        put_number(json, "offset", slot->offset);
        put_number(json, "size", slot->size);
        close(json, "}");
    }
    close(json, "]");
    open(json, "params", "[");
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        open(json, NULL, "{");
        put_text(json, "name", param->name);
        put_type(json, "type", param->type);
        close(json, "}");
    }
    close(json, "]");
    close(json, "}");
}

static void put_method(struct json *json, const struct decl *protocol, const struct method *method)
{
    open(json, NULL, "{");
    put_text(json, "name", method->name);
    put_text(json, "doc", method->doc);
    put_number(json, "ordinal", method->ordinal);
    put_number(json, "number", method->number);
    put_true(json, "event", method->is_event);
    put_true(json, "oneway", method->is_oneway);
    put_true(json, "idempotent", method->is_idempotent);
    put_true(json, "batch", method->is_batch);
    put_true(json, "removed", !method_is_live(protocol, method));
    put_number(json, "since", method->since);
    if (method->deadline_ns != 0) {
        put_wide(json, "deadline_ns", (number_t)method->deadline_ns);
    }
    put_message(json, "request", &method->request);
    if (!method->is_event && !method->is_oneway) {
        put_message(json, "reply", &method->reply);
    }
    if (method->error != NULL) {
        put_text(json, "error", method->error->name);
        put_text(json, "error_library", method->error->library->path.text);
    }
    close(json, "}");
}

static void put_decl(struct json *json, const struct decl *decl)
{
    open(json, NULL, "{");
    put_text(json, "kind", kinds[decl->kind]);
    put_text(json, "name", decl->name);
    put_text(json, "doc", decl->doc);
    put_true(json, "flexible", decl->is_flexible);
    if (decl->size != 0) {
        put_number(json, "size", decl->size);
    }
    if (decl->type != NULL) {
        put_text(json, "of", describe_kind(decl->type));
    }
    if (decl->kind == DECL_CONST) {
        if (decl->value->kind == VALUE_TEXT) {
            put_text(json, "value", decl->value->text);
        } else {
            put_wide(json, "value", decl->value->number);
        }
    } else if (decl->kind == DECL_PROTOCOL) {
        put_number(json, "version", decl->version);
        put_number(json, "number", decl->number);
        open(json, "methods", "[");
        for (const struct method *method = decl->methods; method != NULL; method = method->next) {
            put_method(json, decl, method);
        }
        close(json, "]");
    } else {
        open(json, "members", "[");
        for (const struct member *member = decl->members; member != NULL; member = member->next) {
            put_member(json, decl, member);
        }
        close(json, "]");
    }
    close(json, "}");
}

void output_json(struct arena *arena, const struct library *library, struct text *text)
{
    (void)arena;
    struct json json = {.text = text};
    open(&json, NULL, "{");
    put_text(&json, "library", library->path.text);
    put_text(&json, "doc", library->doc);
    open(&json, "declarations", "[");
    for (const struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        put_decl(&json, decl);
    }
    close(&json, "]");
    close(&json, "}");
    text_printf(text, "\n");
}
