/* SPDX-License-Identifier: MIT */
#include "describe.h"
#include "check.h"
#include "objects.h"

static void describe_handle(struct text *text, const struct type *type)
{
    text_printf(text, "handle<%s", type->object->name);
    if (type->required_rights != 0 || type->optional_rights != 0) {
        text_printf(text, ", ");
        rights_print_plain(text, type->object, type->required_rights);
    }
    if (type->optional_rights != 0) {
        text_printf(text, ", ");
        rights_print_plain(text, type->object, type->optional_rights);
    }
    text_printf(text, ">");
}

const char *describe_kind(const struct type *type)
{
    static const char *const words[] = {
        [TYPE_BOOL] = "bool",     [TYPE_U8] = "u8",         [TYPE_U16] = "u16",
        [TYPE_U32] = "u32",       [TYPE_U64] = "u64",       [TYPE_I8] = "i8",
        [TYPE_I16] = "i16",       [TYPE_I32] = "i32",       [TYPE_I64] = "i64",
        [TYPE_VECTOR] = "vector", [TYPE_ARRAY] = "array",   [TYPE_OPTIONAL] = "optional",
        [TYPE_LEASE] = "lease",   [TYPE_HANDLE] = "handle", [TYPE_STRING] = "string",
    };
    return words[type->kind];
}

void describe_type(struct text *text, const struct type *type)
{
    switch (type->kind) {
    case TYPE_NAMED:
        text_printf(text, "%s", type->path.text);
        break;
    case TYPE_STRING:
        text_printf(text, "string<%u>", type->count);
        break;
    case TYPE_VECTOR:
    case TYPE_ARRAY:
        text_printf(text, "%s<", describe_kind(type));
        describe_type(text, type->element);
        text_printf(text, ", %u>", type->count);
        break;
    case TYPE_OPTIONAL:
        text_printf(text, "optional<");
        describe_type(text, type->element);
        text_printf(text, ">");
        break;
    case TYPE_HANDLE:
        describe_handle(text, type);
        break;
    case TYPE_LEASE:
        text_printf(text, "lease %s", type->is_out ? "out" : "in");
        break;
    case TYPE_WRONG:
        break;
    default:
        text_printf(text, "%s", describe_kind(type));
    }
}

void describe_message(struct text *text, const struct message *message)
{
    text_printf(text, "(");
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        if (param->type->kind == TYPE_LEASE) {
            describe_type(text, param->type);
            text_printf(text, " %s", param->name);
        } else {
            bool is_copy = attribute_find(param->attributes, "copy") != NULL;
            text_printf(text, "%s%s: ", is_copy ? "@copy " : "", param->name);
            describe_type(text, param->type);
        }
        text_printf(text, param->next != NULL ? ", " : "");
    }
    text_printf(text, ")");
}

void describe_method(struct text *text, const struct method *method)
{
    text_printf(text, "%s%u: %s", method->is_event ? "event " : "", method->ordinal, method->name);
    describe_message(text, &method->request);
    if (method->reply.params != NULL) {
        text_printf(text, " -> ");
        describe_message(text, &method->reply);
    }
    if (method->error != NULL) {
        text_printf(text, " error %s", method->error_path.text);
    }
}

void describe_escaped(struct text *text, const char *from)
{
    for (; *from != 0; from++) {
        if (*from == '\n') {
            text_add(text, "\\n", 2);
        } else if ((unsigned char)*from >= ' ') {
            if (*from == '"' || *from == '\\') {
                text_add(text, "\\", 1);
            }
            text_add(text, from, 1);
        }
    }
}
