/* SPDX-License-Identifier: MIT */
/*
 * A dictionary for libFuzzer: what of a protocol's messages chance would not find soon. Whole
 * messages as far as libFuzzer takes them, the values of enums, bits and constants, the numbers of
 * union and table members.
 */
#include "outputs.h"
#include "sample.h"

#define WORD_BYTES_MAX 64

static void word(struct text *text, const char *name, const uint8_t *bytes, uint32_t size)
{
    text_printf(text, "# %s\n\"", name);
    for (uint32_t i = 0; i < size; i++) {
        text_printf(text, "\\x%02x", bytes[i]);
    }
    text_printf(text, "\"\n");
}

static void number(struct text *text, const char *name, uint64_t value, uint32_t size)
{
    uint8_t bytes[8];
    for (uint32_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    word(text, name, bytes, size);
}

static void members(struct arena *arena, const struct decl *decl, struct text *text)
{
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        const char *name = arena_printf(arena, "%s.%s", decl->name, member->name);
        if (decl->kind == DECL_ENUM || decl->kind == DECL_BITS) {
            number(text, name, (uint64_t)member->value->number, decl->size);
        } else if (decl->kind == DECL_TABLE) {
            number(text, name, member->ordinal | (uint64_t)member->size << 16, TABLE_HEADER_BYTES);
        } else if (decl->kind == DECL_UNION) {
            number(text, name, member->ordinal, UNION_HEADER_BYTES);
        }
    }
}

static void message(struct arena *arena, const char *name, const struct message *message,
                    struct text *text)
{
    struct sample full;
    sample_make(arena, message, true, &full);
    if (full.length > 0 && full.length <= WORD_BYTES_MAX) {
        word(text, name, full.bytes, full.length);
    }
}

void output_dictionary(struct arena *arena, const struct library *library, struct text *text)
{
    for (const struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        members(arena, decl, text);
        for (const struct method *method = decl->methods; method != NULL; method = method->next) {
            const char *name = arena_printf(arena, "%s.%s", decl->name, method->name);
            message(arena, name, &method->request, text);
            message(arena, arena_printf(arena, "%s's answer", name), &method->reply, text);
        }
    }
}
