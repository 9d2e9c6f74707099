/* SPDX-License-Identifier: MIT */
/* Functions that say whether what came over the wire may be what its type says. */
#include "c_output.h"
#include "layout.h"

static uint64_t bits_mask(const struct decl *decl)
{
    uint64_t mask = 0;
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        mask |= (uint64_t)member->value->number;
    }
    return mask;
}

static bool decl_always_valid(const struct decl *decl)
{
    if (decl->kind != DECL_STRUCT) {
        return decl->is_flexible && decl->kind != DECL_UNION;
    }
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        if (member->name == NULL || !c_always_valid(member->type)) {
            return false;
        }
    }
    return true;
}

bool c_always_valid(const struct type *type)
{
    switch (type->kind) {
    case TYPE_NAMED:
        return decl_always_valid(type->decl);
    case TYPE_ARRAY:
        return c_always_valid(type->element);
    default:
        return type_is_integer(type);
    }
}

/* What is left of the value must be zero. */
static void zero_check(struct c_output *out, const char *address, const char *size,
                       const char *indent)
{
    text_printf(out->text, "%sif (!qy_is_zero(%s, %s)) {\n%s    return false;\n%s}\n", indent,
                address, size, indent, indent);
}

static void elements_check(struct c_output *out, const struct type *element, const char *expression,
                           const char *count, const char *indent)
{
    if (c_always_valid(element)) {
        return;
    }
    text_printf(out->text, "%sfor (uint32_t i = 0; i < %s; i++) {\n", indent, count);
    c_valid_check(out, element, arena_printf(out->arena, "%s[i]", expression),
                  arena_printf(out->arena, "%s    ", indent));
    text_printf(out->text, "%s}\n", indent);
}

static void vector_check(struct c_output *out, const struct type *type, const char *expression,
                         const char *indent)
{
    const char *count = arena_printf(out->arena, "%s_count", expression);
    text_printf(out->text, "%sif (%s > %u) {\n%s    return false;\n%s}\n", indent, count,
                type->count, indent, indent);
    elements_check(out, type->element, expression, count, indent);
    zero_check(out, arena_printf(out->arena, "%s + %s", expression, count),
               arena_printf(out->arena, "(%u - %s) * sizeof %s[0]", type->count, count, expression),
               indent);
}

static void optional_check(struct c_output *out, const struct type *type, const char *expression,
                           const char *indent)
{
    /* value->x -> value->has_x */
    size_t at = 0;
    for (size_t i = 0; expression[i] != 0; i++) {
        if (expression[i] == '.' || expression[i] == '>') {
            at = i + 1;
        }
    }
    const char *has = arena_printf(out->arena, "%.*shas_%s", (int)at, expression, expression + at);
    const char *inner = arena_printf(out->arena, "%s    ", indent);
    text_printf(out->text, "%sif (!qy_bool_valid(&%s)) {\n%s    return false;\n%s}\n", indent, has,
                indent, indent);
    if (!c_always_valid(type->element)) {
        text_printf(out->text, "%sif (%s) {\n", indent, has);
        c_valid_check(out, type->element, expression, inner);
        text_printf(out->text, "%s}\n", indent);
    }
    text_printf(out->text,
                "%sif (!%s && !qy_is_zero(&%s, sizeof %s)) {\n%s    return false;\n%s}\n", indent,
                has, expression, expression, indent, indent);
}

void c_valid_check(struct c_output *out, const struct type *type, const char *expression,
                   const char *indent)
{
    if (c_always_valid(type)) {
        return;
    }
    switch (type->kind) {
    case TYPE_ARRAY:
        elements_check(out, type->element, expression, arena_printf(out->arena, "%u", type->count),
                       indent);
        return;
    case TYPE_VECTOR:
        vector_check(out, type, expression, indent);
        return;
    case TYPE_OPTIONAL:
        optional_check(out, type, expression, indent);
        return;
    case TYPE_BOOL:
        text_printf(out->text, "%sif (!qy_bool_valid(&%s)) {\n", indent, expression);
        break;
    case TYPE_STRING:
        text_printf(out->text, "%sif (!qy_string_valid(%s, sizeof %s)) {\n", indent, expression,
                    expression);
        break;
    default:
        text_printf(out->text, "%sif (!%s_valid(%s%s)) {\n", indent, c_decl_name(out, type->decl),
                    c_is_scalar(type) ? "" : "&", expression);
    }
    text_printf(out->text, "%s    return false;\n%s}\n", indent, indent);
}

static void enum_valid(struct c_output *out, const struct decl *decl)
{
    const char *name = c_decl_name(out, decl);
    text_printf(out->text, "bool %s_valid(%s_t value)\n{\n", name, name);
    if (decl->is_flexible) {
        text_printf(out->text, "    (void)value; /* flexible */\n    return true;\n}\n\n");
        return;
    }
    if (decl->kind == DECL_BITS) {
        text_printf(out->text, "    return (value & ~0x%llxull) == 0;\n}\n\n",
                    (unsigned long long)bits_mask(decl));
        return;
    }
    text_printf(out->text, "    switch (value) {\n");
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        text_printf(out->text, "    case %s_%s:\n", c_upper(out, name), c_upper(out, member->name));
    }
    text_printf(out->text,
                "        return true;\n    default:\n        return false;\n    }\n}\n\n");
}

static void struct_valid(struct c_output *out, const struct decl *decl)
{
    const char *name = c_decl_name(out, decl);
    uint32_t reserved = 0;
    text_printf(out->text, "bool %s_valid(const struct %s *value)\n{\n", name, name);
    size_t before = out->text->length;
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        const char *field = arena_printf(out->arena, "value->%s", member->name);
        if (member->name != NULL) {
            c_valid_check(out, member->type, field, "    ");
        }
        bool has_gap = member->name == NULL;
        if (member->name != NULL && member->type->kind == TYPE_VECTOR) {
            has_gap = member->type->count * member->type->element->size % 4 != 0;
        }
        if (has_gap) {
            field = arena_printf(out->arena, "value->reserved_%u", reserved++);
            zero_check(out, field, arena_printf(out->arena, "sizeof %s", field), "    ");
        }
    }
    if (out->text->length == before) {
        text_printf(out->text, "    (void)value; /* any bytes will do */\n");
    }
    text_printf(out->text, "    return true;\n}\n\n");
}

static void union_valid(struct c_output *out, const struct decl *decl)
{
    const char *name = c_decl_name(out, decl);
    text_printf(out->text, "bool %s_valid(const struct %s *value)\n{\n", name, name);
    text_printf(out->text, "    const uint8_t *bytes = (const uint8_t *)&value->as;\n"
                           "    uint32_t used;\n    switch (value->tag) {\n");
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        const char *field = arena_printf(out->arena, "value->as.%s", member->name);
        text_printf(out->text, "    case %s_%s:\n", c_upper(out, name), c_upper(out, member->name));
        c_valid_check(out, member->type, field, "        ");
        text_printf(out->text, "        used = sizeof %s;\n        break;\n", field);
    }
    text_printf(out->text, "    default:\n        %s\n    }\n",
                decl->is_flexible ? "return value->reserved == 0;" : "return false;");
    text_printf(out->text, "    return value->reserved == 0 && "
                           "qy_is_zero(bytes + used, sizeof value->as - used);\n}\n\n");
}

void c_valid_functions(struct c_output *out)
{
    for (const struct decl *decl = out->library->decls; decl != NULL; decl = decl->next) {
        if (decl->kind == DECL_ENUM || decl->kind == DECL_BITS) {
            enum_valid(out, decl);
        } else if (decl->kind == DECL_STRUCT) {
            struct_valid(out, decl);
        } else if (decl->kind == DECL_UNION) {
            union_valid(out, decl);
        }
    }
}
