/* SPDX-License-Identifier: MIT */
#include "c_output.h"
#include "layout.h"
#include <string.h>

static void constant(struct c_output *out, const struct decl *decl)
{
    const char *name = c_upper(out, c_decl_name(out, decl));
    c_doc(out, decl->doc, "");
    if (decl->value->kind == VALUE_TEXT) {
        text_printf(out->text, "#define %s \"%s\"\n", name, decl->value->text);
    } else if (decl->value->kind == VALUE_BOOL) {
        text_printf(out->text, "#define %s %s\n", name, decl->value->number ? "true" : "false");
    } else if (decl->value->number < 0) {
        text_printf(out->text, "#define %s (%lldll)\n", name, (long long)decl->value->number);
    } else {
        text_printf(out->text, "#define %s %llu%s\n", name, (unsigned long long)decl->value->number,
                    decl->value->number > UINT32_MAX ? "ull" : "u");
    }
    text_printf(out->text, "\n");
}

static void enumeration(struct c_output *out, const struct decl *decl)
{
    const char *name = c_decl_name(out, decl), *upper = c_upper(out, name);
    c_doc(out, decl->doc, "");
    text_printf(out->text, "typedef %s %s_t;\n", c_type(out, decl->type), name);
    if (decl->kind == DECL_ENUM) {
        text_printf(out->text, "enum %s {\n", name);
    }
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        const char *own = c_upper(out, member->name);
        c_doc(out, member->doc, decl->kind == DECL_ENUM ? "    " : "");
        if (decl->kind == DECL_ENUM) {
            text_printf(out->text, "    %s_%s = %d,\n", upper, own, (int)member->value->number);
        } else {
            text_printf(out->text, "#define %s_%s ((%s_t)0x%llx)\n", upper, own, name,
                        (unsigned long long)member->value->number);
        }
    }
    text_printf(out->text, decl->kind == DECL_ENUM ? "};\n" : "");
    text_printf(out->text, "bool %s_valid(%s_t value);\n\n", name, name);
}

/* The lines of one field; in a struct everything has its fixed place. */
static void field(struct c_output *out, const struct member *member, uint32_t *reserved)
{
    if (member->name == NULL) {
        text_printf(out->text, "    uint8_t reserved_%u[%u];\n", (*reserved)++, member->size);
        return;
    }
    const struct type *bare = type_bare(member->type);
    const char *type = c_type(out, bare);
    c_doc(out, member->doc, "    ");
    text_printf(out->text, "    %s %s", type, member->name);
    if (bare->kind == TYPE_STRING) {
        text_printf(out->text, "[%u + 1]", bare->count);
    } else if (bare->kind == TYPE_ARRAY || bare->kind == TYPE_VECTOR) {
        text_printf(out->text, "[%u]", bare->count);
    }
    text_printf(out->text, ";\n");
    if (member->type->kind == TYPE_OPTIONAL) {
        text_printf(out->text, "    bool has_%s;\n", member->name);
    } else if (bare->kind == TYPE_VECTOR) {
        uint32_t gap = bare->size - 4 - bare->count * bare->element->size;
        if (gap > 0) {
            text_printf(out->text, "    uint8_t reserved_%u[%u];\n", (*reserved)++, gap);
        }
        text_printf(out->text, "    uint32_t %s_count;\n", member->name);
    }
}

static void structure(struct c_output *out, const struct decl *decl)
{
    const char *name = c_decl_name(out, decl);
    uint32_t reserved = 0;
    c_doc(out, decl->doc, "");
    text_printf(out->text, "struct %s {\n", name);
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        field(out, member, &reserved);
    }
    text_printf(out->text, "};\nQY_STATIC_ASSERT(sizeof(struct %s) == %u);\n", name, decl->size);
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        if (member->name != NULL) {
            text_printf(out->text, "QY_STATIC_ASSERT(offsetof(struct %s, %s) == %u);\n", name,
                        member->name, member->offset);
        }
    }
    text_printf(out->text, "bool %s_valid(const struct %s *value);\n\n", name, name);
}

static void tagged_union(struct c_output *out, const struct decl *decl)
{
    const char *name = c_decl_name(out, decl), *upper = c_upper(out, name);
    c_doc(out, decl->doc, "");
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        text_printf(out->text, "#define %s_%s %uu\n", upper, c_upper(out, member->name),
                    member->ordinal);
    }
    text_printf(out->text, "struct %s {\n    uint32_t tag;\n    uint32_t reserved;\n    union {\n",
                name);
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        c_doc(out, member->doc, "        ");
        text_printf(out->text, "        %s %s", c_type(out, member->type), member->name);
        if (member->type->kind == TYPE_ARRAY) {
            text_printf(out->text, "[%u]", member->type->count);
        }
        text_printf(out->text, ";\n");
    }
    text_printf(out->text, "        uint64_t words[%u]; /* all of it */\n    } as;\n};\n",
                (decl->size - UNION_HEADER_BYTES) / 8);
    text_printf(out->text, "QY_STATIC_ASSERT(sizeof(struct %s) == %u);\n", name, decl->size);
    text_printf(out->text, "bool %s_valid(const struct %s *value);\n\n", name, name);
}

static void table(struct c_output *out, const struct decl *decl)
{
    const char *name = c_decl_name(out, decl);
    c_doc(out, decl->doc, "");
    text_printf(out->text, "struct %s {\n", name);
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        c_doc(out, member->doc, "    ");
        text_printf(out->text, "    bool has_%s;\n    %s %s", member->name,
                    c_type(out, member->type), member->name);
        if (member->type->kind == TYPE_ARRAY) {
            text_printf(out->text, "[%u]", member->type->count);
        }
        text_printf(out->text, ";\n");
    }
    text_printf(out->text, "};\n#define %s_BYTES_MAX %uu /* on the wire */\n", c_upper(out, name),
                decl->room);
    text_printf(out->text,
                "uint32_t %s_encode(const struct %s *table, uint8_t *bytes);\n"
                "bool %s_decode(const uint8_t *bytes, uint32_t size, struct %s *ret_table);\n\n",
                name, name, name, name);
}

/* What a declaration needs comes before it, whatever the order in the source. */
static void type_with_needs(struct c_output *out, const struct decl *decl,
                            const struct decl **written, uint32_t *count)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (written[i] == decl) {
            return;
        }
    }
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        const struct type *type = member->type;
        while (type != NULL && type->element != NULL) {
            type = type->element;
        }
        if (type != NULL && type->kind == TYPE_NAMED && type->decl->library == out->library) {
            type_with_needs(out, type->decl, written, count);
        }
    }
    written[(*count)++] = decl;
    switch (decl->kind) {
    case DECL_CONST:
        constant(out, decl);
        break;
    case DECL_ENUM:
    case DECL_BITS:
        enumeration(out, decl);
        break;
    case DECL_STRUCT:
        structure(out, decl);
        break;
    case DECL_TABLE:
        table(out, decl);
        break;
    case DECL_UNION:
        tagged_union(out, decl);
        break;
    case DECL_PROTOCOL:
        break;
    }
}

void c_types(struct c_output *out)
{
    uint32_t total = 0, count = 0;
    for (const struct decl *decl = out->library->decls; decl != NULL; decl = decl->next) {
        total++;
    }
    const struct decl **written = arena_alloc(out->arena, (total + 1) * sizeof(void *));
    for (const struct decl *decl = out->library->decls; decl != NULL; decl = decl->next) {
        type_with_needs(out, decl, written, &count);
    }
}

/* --- messages ------------------------------------------------------------------------------ */

static void slot_field(struct c_output *out, const struct slot *slot)
{
    const char *name = c_slot_name(out, slot);
    const struct type *bare = slot->param != NULL ? type_bare(slot->param->type) : NULL;
    switch (slot->role) {
    case SLOT_VALUE:
        text_printf(out->text, "    %s %s", c_type(out, bare), name);
        if (bare->kind == TYPE_ARRAY) {
            text_printf(out->text, "[%u]", bare->count);
        }
        break;
    case SLOT_HAS:
        text_printf(out->text, "    bool %s", name);
        break;
    case SLOT_COUNT:
        text_printf(out->text, "    uint16_t %s", name);
        break;
    case SLOT_RESERVED:
        text_printf(out->text, "    uint8_t %s[%u]", name, slot->size);
        break;
    }
    text_printf(out->text, ";\n");
}

static void message_struct(struct c_output *out, const struct decl *protocol,
                           const struct method *method, const struct message *message)
{
    if (message->slots == NULL) {
        return;
    }
    const char *name = c_message_struct(out, protocol, method, message);
    text_printf(out->text, "%s {\n", name);
    for (const struct slot *slot = message->slots; slot != NULL; slot = slot->next) {
        slot_field(out, slot);
    }
    text_printf(out->text, "} QY_ON_WIRE;\nQY_STATIC_ASSERT(sizeof(%s) == %u);\n", name,
                message->fixed_size);
    for (const struct slot *slot = message->slots; slot != NULL; slot = slot->next) {
        text_printf(out->text, "QY_STATIC_ASSERT(offsetof(%s, %s) == %u);\n", name,
                    c_slot_name(out, slot), slot->offset);
    }
    text_printf(out->text, "\n");
}

void c_message_structs(struct c_output *out, const struct decl *protocol)
{
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (method_is_live(protocol, method)) {
            message_struct(out, protocol, method, &method->request);
            message_struct(out, protocol, method, &method->reply);
        }
    }
}
