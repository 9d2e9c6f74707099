/* SPDX-License-Identifier: MIT */
/*
 * One encode and one decode function per message. Without tail and handles a message is its
 * fixed part and nothing else; otherwise a writer or a reader goes along it.
 */
#include "c_output.h"
#include "layout.h"
#include "objects.h"
#include "check.h"

struct codec {
    struct c_output *out;
    const struct decl *protocol;
    const struct method *method;
    const struct message *message;
    const char *name; /* counter_increment_request */
};

static bool is_plain(const struct message *message)
{
    return !message->has_tail && message->handle_max == 0 && message->lease_count == 0;
}

static bool is_optional(const struct member *param)
{
    return param->type->kind == TYPE_OPTIONAL;
}

bool c_is_short(const struct method *method)
{
    return is_plain(&method->request) && is_plain(&method->reply) &&
           method->request.fixed_size <= 16 && method->reply.fixed_size <= 8;
}

bool c_is_register(const struct method *method)
{
    return is_plain(&method->request) && is_plain(&method->reply) &&
           method->request.fixed_size <= MESSAGE_REGISTER_MAX &&
           method->reply.fixed_size <= MESSAGE_REGISTER_MAX;
}

bool c_is_direct(const struct message *message)
{
    for (const struct slot *slot = message->slots; slot != NULL; slot = slot->next) {
        if (slot->role != SLOT_RESERVED && (slot->role != SLOT_VALUE || is_optional(slot->param))) {
            return false;
        }
    }
    return is_plain(message) && message->fixed_size <= MESSAGE_REGISTER_MAX;
}

static bool is_handle(const struct member *param)
{
    return type_bare(param->type)->kind == TYPE_HANDLE;
}

/* --- encode -------------------------------------------------------------------------------- */

/* Handles that were given are gone, also if the message cannot be made. */
static void encode_give_up(struct codec *codec, const char *error)
{
    struct c_output *out = codec->out;
    for (const struct member *param = codec->message->params; param != NULL; param = param->next) {
        if (is_handle(param) && attribute_find(param->attributes, "copy") == NULL) {
            text_printf(out->text, "        qy_handle_discard(%s);\n", param->name);
        }
    }
    text_printf(out->text, "        return -%s;\n    }\n", error);
}

/* Lengths within their bounds, tables as bytes. */
static void encode_prepare(struct codec *codec)
{
    struct c_output *out = codec->out;
    for (const struct member *param = codec->message->params; param != NULL; param = param->next) {
        const struct type *type = param->type;
        const char *name = param->name;
        if (type->kind == TYPE_STRING) {
            text_printf(out->text,
                        "    size_t %s_length = qy_string_length(%s, %u);\n"
                        "    if (%s_length > %u) {\n",
                        name, name, type->count, name, type->count);
            encode_give_up(codec, "EMSGSIZE");
        } else if (type->kind == TYPE_VECTOR) {
            text_printf(out->text, "    if (%s_count > %u) {\n", name, type->count);
            encode_give_up(codec, "EMSGSIZE");
        } else if (type_is_named(type, DECL_TABLE)) {
            text_printf(out->text,
                        "    uint8_t %s_bytes[%u];\n"
                        "    uint32_t %s_size = %s_encode(%s, %s_bytes);\n",
                        name, type->decl->room, name, c_decl_name(out, type->decl), name, name);
        }
    }
}

/* What can be said in the initializer; the rest is assigned. */
static void encode_initializer(struct codec *codec, const struct slot *slot)
{
    struct text *text = codec->out->text;
    const char *field = c_slot_name(codec->out, slot);
    const struct member *param = slot->param;
    if (slot->role == SLOT_HAS) {
        text_printf(text, "        .%s = %s != %s,\n", field, param->name,
                    is_handle(param) ? "HANDLE_INVALID" : "NULL");
    } else if (slot->role == SLOT_COUNT) {
        bool is_table = type_is_named(param->type, DECL_TABLE);
        text_printf(text, "        .%s = (uint16_t)%s%s,\n", field, is_table ? param->name : field,
                    is_table ? "_size" : "");
    } else if (slot->role == SLOT_VALUE && c_is_scalar(param->type)) {
        text_printf(text, "        .%s = %s,\n", field, param->name);
    }
}

static void encode_assign(struct codec *codec, const struct slot *slot)
{
    struct text *text = codec->out->text;
    const struct member *param = slot->param;
    const char *name = param->name;
    const char *indent = is_optional(param) ? "        " : "    ";
    if (is_optional(param)) {
        text_printf(text, "    if (%s != NULL) {\n", name);
    }
    if (type_bare(param->type)->kind == TYPE_ARRAY) {
        text_printf(text, "%s__builtin_memcpy(fixed.%s, %s, sizeof fixed.%s);\n", indent, name,
                    name, name);
    } else {
        text_printf(text, "%sfixed.%s = *%s;\n", indent, name, name);
    }
    if (is_optional(param)) {
        text_printf(text, "    }\n");
    }
}

static void encode_fixed(struct codec *codec)
{
    struct text *text = codec->out->text;
    if (codec->message->slots == NULL) {
        return;
    }
    const char *type = c_message_struct(codec->out, codec->protocol, codec->method, codec->message);
    text_printf(text, "    %s fixed = {", type);
    size_t before = text->length;
    text_printf(text, "\n");
    for (const struct slot *slot = codec->message->slots; slot != NULL; slot = slot->next) {
        encode_initializer(codec, slot);
    }
    if (text->length == before + 1) {
        text->length = before;
        text_printf(text, "0");
    } else {
        text_printf(text, "    ");
    }
    text_printf(text, "};\n");
    for (const struct slot *slot = codec->message->slots; slot != NULL; slot = slot->next) {
        if (slot->role == SLOT_VALUE && !c_is_scalar(slot->param->type)) {
            encode_assign(codec, slot);
        }
    }
}

static void encode_tail(struct codec *codec)
{
    struct text *text = codec->out->text;
    for (const struct member *param = codec->message->params; param != NULL; param = param->next) {
        const struct type *type = param->type;
        const char *name = param->name;
        if (type->kind == TYPE_STRING) {
            text_printf(text, "    qy_write(&writer, %s, %s_length);\n", name, name);
        } else if (type->kind == TYPE_VECTOR) {
            text_printf(text, "    qy_write(&writer, %s, %s_count * sizeof *%s);\n", name, name,
                        name);
        } else if (type_is_named(type, DECL_TABLE)) {
            text_printf(text, "    qy_write(&writer, %s_bytes, %s_size);\n", name, name);
        }
    }
    for (const struct member *param = codec->message->params; param != NULL; param = param->next) {
        const struct type *type = type_bare(param->type);
        if (type->kind == TYPE_LEASE) {
            text_printf(text, "    qy_write_lease(&writer, %s, %s_size, %s);\n", param->name,
                        param->name, type->is_out ? "LEASE_WRITE" : "LEASE_READ");
        }
        if (type->kind != TYPE_HANDLE) {
            continue;
        }
        uint32_t rights = type->required_rights | type->optional_rights;
        text_printf(text, "    qy_write_handle(&writer, %s, ", param->name);
        if (rights == 0) {
            text_printf(text, "RIGHTS_SAME");
        } else {
            rights_print(text, type->object, rights);
        }
        text_printf(text, ", %s);\n",
                    attribute_find(param->attributes, "copy") != NULL ? "HANDLE_COPY"
                                                                      : "HANDLE_MOVE");
    }
}

static void encode_size(struct codec *codec)
{
    struct text *text = codec->out->text;
    text_printf(text, codec->message->slots != NULL ? "sizeof fixed" : "0");
    for (const struct member *param = codec->message->params; param != NULL; param = param->next) {
        const struct type *type = param->type;
        if (type->kind == TYPE_STRING) {
            text_printf(text, " + %s_length", param->name);
        } else if (type->kind == TYPE_VECTOR) {
            text_printf(text, " + %s_count * sizeof *%s", param->name, param->name);
        } else if (type_is_named(type, DECL_TABLE)) {
            text_printf(text, " + %s_size", param->name);
        }
    }
}

static void encode(struct codec *codec)
{
    struct text *text = codec->out->text;
    const struct message *message = codec->message;
    bool is_reply = message == &codec->method->reply;
    const char *number =
        is_reply ? "0" : c_method_constant(codec->out, codec->protocol, codec->method);
    text_printf(text, "static int64_t %s_encode(struct qy_message *message", codec->name);
    c_parameters(codec->out, message, SIDE_GIVEN);
    text_printf(text, ")\n{\n");
    encode_prepare(codec);
    encode_fixed(codec);
    if (is_plain(message)) {
        const char *size = message->slots != NULL ? "&fixed, sizeof fixed" : "NULL, 0";
        if (message->fixed_size > MESSAGE_REGISTER_MAX) {
            text_printf(text, "    return qy_message_set_long(message, %s, %s);\n}\n\n", number,
                        size);
        } else {
            text_printf(text, "    qy_message_set(message, %s, %s);\n    return 0;\n}\n\n", number,
                        size);
        }
        return;
    }
    text_printf(text,
                "    struct qy_writer writer;\n    if (!qy_writer_begin(&writer, message, %s, ",
                number);
    encode_size(codec);
    text_printf(text, ", %u)) {\n", message->handle_max + message->lease_count);
    encode_give_up(codec, "ENO_BUFFER");
    if (message->slots != NULL) {
        text_printf(text, "    qy_write(&writer, &fixed, sizeof fixed);\n");
    }
    encode_tail(codec);
    text_printf(text, "    return 0;\n}\n\n");
}

/* --- decode -------------------------------------------------------------------------------- */

static void refuse_unless(struct codec *codec, const char *condition)
{
    text_printf(codec->out->text, "    if (!%s) {\n        return false;\n    }\n", condition);
}

static void decode_slot_check(struct codec *codec, const struct slot *slot)
{
    struct c_output *out = codec->out;
    const char *field = arena_printf(out->arena, "fixed.%s", c_slot_name(out, slot));
    if (slot->role == SLOT_RESERVED) {
        refuse_unless(codec, arena_printf(out->arena, "qy_is_zero(%s, sizeof %s)", field, field));
    } else if (slot->role == SLOT_HAS && is_handle(slot->param)) {
        refuse_unless(codec, arena_printf(out->arena, "qy_bool_valid(&%s)", field));
    } else if (slot->role == SLOT_VALUE) {
        c_valid_check(out, slot->param->type, field, "    "); /* of an optional one also `has` */
    }
}

static void decode_tail(struct codec *codec)
{
    struct c_output *out = codec->out;
    for (const struct member *param = codec->message->params; param != NULL; param = param->next) {
        const struct type *type = param->type;
        const char *name = param->name;
        if (type->kind == TYPE_STRING) {
            refuse_unless(codec,
                          arena_printf(out->arena,
                                       "qy_read_string(&reader, ret_%s, fixed.%s_length, %u)", name,
                                       name, type->count));
        } else if (type->kind == TYPE_VECTOR) {
            refuse_unless(codec,
                          arena_printf(out->arena,
                                       "qy_read_elements(&reader, ret_%s, fixed.%s_count, %u, "
                                       "sizeof *ret_%s)",
                                       name, name, type->count, name));
            if (!c_always_valid(type->element)) {
                text_printf(out->text, "    for (uint32_t i = 0; i < fixed.%s_count; i++) {\n",
                            name);
                c_valid_check(out, type->element, arena_printf(out->arena, "ret_%s[i]", name),
                              "        ");
                text_printf(out->text, "    }\n");
            }
        } else if (type_is_named(type, DECL_TABLE)) {
            text_printf(out->text, "    uint8_t %s_bytes[%u];\n", name, type->decl->room);
            refuse_unless(codec, arena_printf(out->arena,
                                              "qy_read_elements(&reader, %s_bytes, fixed.%s_bytes, "
                                              "%u, 1)",
                                              name, name, type->decl->room));
            refuse_unless(codec,
                          arena_printf(out->arena, "%s_decode(%s_bytes, fixed.%s_bytes, ret_%s)",
                                       c_decl_name(out, type->decl), name, name, name));
        }
    }
}

static void decode_handles(struct codec *codec)
{
    struct text *text = codec->out->text;
    for (const struct member *param = codec->message->params; param != NULL; param = param->next) {
        const struct type *type = type_bare(param->type);
        if (type->kind != TYPE_HANDLE) {
            continue;
        }
        text_printf(text, "    handle_t %s = HANDLE_INVALID;\n    if (", param->name);
        if (is_optional(param)) {
            text_printf(text, "fixed.has_%s && ", param->name);
        }
        text_printf(text, "!qy_read_handle(&reader, %s, ", type->object->c_name);
        rights_print(text, type->object, type->required_rights);
        text_printf(text, ", &%s)) {\n        return false;\n    }\n", param->name);
    }
    text_printf(text, "    if (!qy_reader_done(&reader)) {\n        return false;\n    }\n");
}

static void decode_results(struct codec *codec)
{
    struct text *text = codec->out->text;
    for (const struct slot *slot = codec->message->slots; slot != NULL; slot = slot->next) {
        const char *field = c_slot_name(codec->out, slot);
        const struct member *param = slot->param;
        if (slot->role == SLOT_VALUE && type_bare(param->type)->kind == TYPE_ARRAY) {
            text_printf(text, "    __builtin_memcpy(ret_%s, fixed.%s, sizeof fixed.%s);\n", field,
                        field, field);
        } else if (slot->role == SLOT_VALUE) {
            text_printf(text, "    *ret_%s = fixed.%s;\n", field, field);
        } else if ((slot->role == SLOT_HAS && !is_handle(param)) ||
                   (slot->role == SLOT_COUNT && param->type->kind == TYPE_VECTOR)) {
            text_printf(text, "    *ret_%s = fixed.%s;\n", field, field);
        }
    }
    for (const struct member *param = codec->message->params; param != NULL; param = param->next) {
        if (is_handle(param)) {
            text_printf(text, "    *ret_%s = %s;\n", param->name, param->name);
        }
    }
    text_printf(text, "    return true;\n}\n\n");
}

static void decode(struct codec *codec)
{
    struct text *text = codec->out->text;
    const struct message *message = codec->message;
    text_printf(text, "static bool %s_decode(const struct qy_message *message", codec->name);
    c_parameters(codec->out, message, SIDE_TAKEN);
    text_printf(text, ")\n{\n");
    if (message->slots != NULL) {
        text_printf(text, "    %s fixed;\n",
                    c_message_struct(codec->out, codec->protocol, codec->method, message));
    }
    if (is_plain(message)) {
        if (message->slots == NULL) {
            text_printf(text, "    return qy_message_get(message, NULL, 0);\n}\n\n");
            return;
        }
        refuse_unless(codec, message->fixed_size > MESSAGE_REGISTER_MAX
                                 ? "qy_message_get_long(message, &fixed, sizeof fixed)"
                                 : "qy_message_get(message, &fixed, sizeof fixed)");
    } else {
        text_printf(text, "    struct qy_reader reader;\n");
        refuse_unless(codec,
                      arena_printf(codec->out->arena, "qy_reader_begin(&reader, message, %u)",
                                   message->lease_count));
        if (message->slots != NULL) {
            refuse_unless(codec, "qy_read(&reader, &fixed, sizeof fixed)");
        }
    }
    for (const struct slot *slot = message->slots; slot != NULL; slot = slot->next) {
        decode_slot_check(codec, slot);
    }
    if (!is_plain(message)) {
        decode_tail(codec);
        decode_handles(codec);
    }
    decode_results(codec);
}

static void codec_write(struct c_output *out, const struct decl *protocol,
                        const struct method *method, const struct message *message)
{
    struct codec codec = {out, protocol, method, message, NULL};
    codec.name = arena_printf(out->arena, "%s_%s_%s", c_protocol(out, protocol), method->name,
                              c_message_word(method, message));
    if (!method->is_oneway || message == &method->request) { /* that answer has no handler */
        encode(&codec);
    }
    decode(&codec);
}

void c_codecs(struct c_output *out, const struct decl *protocol)
{
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (!method_is_live(protocol, method)) {
            continue;
        }
        codec_write(out, protocol, method, &method->request);
        if (!method->is_event) {
            codec_write(out, protocol, method, &method->reply);
        }
    }
}
