/* SPDX-License-Identifier: MIT */
#include "c_output.h"
#include "layout.h"
#include <string.h>

static const char *stem_of(struct c_output *out, const struct library *library)
{
    return library_stem(out->arena, library);
}

const char *c_decl_name(struct c_output *out, const struct decl *decl)
{
    return arena_printf(out->arena, "qy_%s_%s", stem_of(out, decl->library), decl->name);
}

const char *c_protocol(struct c_output *out, const struct decl *protocol)
{
    const char *stem = stem_of(out, protocol->library);
    const char *last = strrchr(protocol->library->path.text, '.');
    last = last == NULL ? protocol->library->path.text : last + 1;
    return strcmp(last, protocol->name) == 0
               ? stem
               : arena_printf(out->arena, "%s_%s", stem, protocol->name);
}

const char *c_upper(struct c_output *out, const char *name)
{
    char *upper = arena_text(out->arena, name, strlen(name));
    for (char *at = upper; *at != 0; at++) {
        *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
    }
    return upper;
}

const char *c_method_constant(struct c_output *out, const struct decl *protocol,
                              const struct method *method)
{
    return arena_printf(out->arena, "QY_%s_%s_%s", c_upper(out, c_protocol(out, protocol)),
                        method->is_event ? "EVENT" : "METHOD", c_upper(out, method->name));
}

const char *c_type(struct c_output *out, const struct type *type)
{
    static const char *const integers[] = {
        [TYPE_BOOL] = "bool",    [TYPE_U8] = "uint8_t",   [TYPE_U16] = "uint16_t",
        [TYPE_U32] = "uint32_t", [TYPE_U64] = "uint64_t", [TYPE_I8] = "int8_t",
        [TYPE_I16] = "int16_t",  [TYPE_I32] = "int32_t",  [TYPE_I64] = "int64_t",
    };
    if (type->kind <= TYPE_I64) {
        return integers[type->kind];
    }
    switch (type->kind) {
    case TYPE_NAMED:
        return arena_printf(out->arena, c_is_scalar(type) ? "%s_t" : "struct %s",
                            c_decl_name(out, type->decl));
    case TYPE_VECTOR:
    case TYPE_ARRAY:
    case TYPE_OPTIONAL:
        return c_type(out, type->element);
    case TYPE_STRING:
        return "char";
    case TYPE_HANDLE:
        return "handle_t";
    default:
        return "void";
    }
}

bool c_is_scalar(const struct type *type)
{
    return type->kind <= TYPE_I64 || type_is_named(type, DECL_ENUM) ||
           type_is_named(type, DECL_BITS);
}

const char *c_message_word(const struct method *method, const struct message *message)
{
    return message == &method->reply ? "reply" : method->is_event ? "event" : "request";
}

const char *c_message_struct(struct c_output *out, const struct decl *protocol,
                             const struct method *method, const struct message *message)
{
    return arena_printf(out->arena, "struct qy_%s_%s_%s", c_protocol(out, protocol), method->name,
                        c_message_word(method, message));
}

const char *c_slot_name(struct c_output *out, const struct slot *slot)
{
    switch (slot->role) {
    case SLOT_VALUE:
        return slot->param->name;
    case SLOT_HAS:
        return arena_printf(out->arena, "has_%s", slot->param->name);
    case SLOT_COUNT: {
        const struct type *type = slot->param->type;
        return arena_printf(out->arena, "%s_%s", slot->param->name,
                            type->kind == TYPE_STRING   ? "length"
                            : type->kind == TYPE_VECTOR ? "count"
                                                        : "bytes");
    }
    case SLOT_RESERVED:
        break;
    }
    return "reserved";
}

/* Documentation cannot end the comment that it is in. */
static void doc_line(struct text *text, const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        text_add(text, line + i, 1);
        if (line[i] == '*' && i + 1 < length && line[i + 1] == '/') {
            text_add(text, " ", 1);
        }
    }
}

void c_doc(struct c_output *out, const char *doc, const char *indent)
{
    if (doc == NULL) {
        return;
    }
    text_printf(out->text, "%s/* ", indent);
    for (;;) {
        size_t length = strcspn(doc, "\n");
        doc_line(out->text, doc, length);
        doc += length;
        if (*doc == 0) {
            break;
        }
        doc++;
        text_printf(out->text, "\n%s *%s", indent, *doc == '\n' || *doc == 0 ? "" : " ");
    }
    text_printf(out->text, " */\n");
}
