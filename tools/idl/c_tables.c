/* SPDX-License-Identifier: MIT */
/* Encoding and decoding of tables; the wire form is in layout.h. */
#include "c_output.h"
#include "layout.h"

static void encode(struct c_output *out, const struct decl *decl)
{
    const char *name = c_decl_name(out, decl);
    text_printf(out->text,
                "uint32_t %s_encode(const struct %s *table, uint8_t *bytes)\n{\n"
                "    uint32_t size = 0;\n",
                name, name);
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        text_printf(out->text,
                    "    if (table->has_%s) {\n"
                    "        size += qy_table_put(bytes + size, %u, &table->%s, %u);\n    }\n",
                    member->name, member->ordinal, member->name, member->size);
    }
    text_printf(out->text, "    return size;\n}\n\n");
}

static void decode(struct c_output *out, const struct decl *decl)
{
    const char *name = c_decl_name(out, decl);
    text_printf(out->text,
                "bool %s_decode(const uint8_t *bytes, uint32_t size, struct %s *ret_table)\n{\n"
                "    struct %s table = {0};\n"
                "    struct qy_table_reader reader = {.at = bytes, .left = size};\n"
                "    while (qy_table_next(&reader)) {\n"
                "        switch (reader.ordinal) {\n",
                name, name, name);
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        const char *field = arena_printf(out->arena, "table.%s", member->name);
        text_printf(out->text,
                    "        case %u:\n"
                    "            if (!qy_table_get(&reader, &%s, %u)) {\n"
                    "                return false;\n            }\n",
                    member->ordinal, field, member->size);
        c_valid_check(out, member->type, field, "            ");
        text_printf(out->text, "            table.has_%s = true;\n            break;\n",
                    member->name);
    }
    text_printf(out->text,
                "        default: /* of a newer version */\n            break;\n        }\n    }\n"
                "    if (reader.is_bad) {\n        return false;\n    }\n"
                "    *ret_table = table;\n    return true;\n}\n\n");
}

/* Fields are written in the order of their numbers, whatever that of the source. */
static void members_sort(struct decl *decl)
{
    struct member *sorted = NULL;
    while (decl->members != NULL) {
        struct member *member = decl->members;
        decl->members = member->next;
        struct member **at = &sorted;
        while (*at != NULL && (*at)->ordinal < member->ordinal) {
            at = &(*at)->next;
        }
        member->next = *at;
        *at = member;
    }
    decl->members = sorted;
}

void c_tables(struct c_output *out)
{
    for (struct decl *decl = out->library->decls; decl != NULL; decl = decl->next) {
        if (decl->kind == DECL_TABLE) {
            members_sort(decl);
            encode(out, decl);
            decode(out, decl);
        }
    }
}
