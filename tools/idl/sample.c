/* SPDX-License-Identifier: MIT */
#include "sample.h"
#include <string.h>

#define PATTERN 0x1122334455667788ull

static void value_make(struct sample *sample, const struct type *type, uint32_t at,
                       const char *name);

static void put(struct sample *sample, uint32_t at, uint64_t value, uint32_t size)
{
    for (uint32_t i = 0; i < size && i < 8; i++) {
        sample->bytes[at + i] = (uint8_t)(value >> (8 * i));
    }
}

static void mutate(struct sample *sample, const char *name, const char *what, uint32_t at,
                   uint32_t size, uint64_t value)
{
    if (!sample->is_full) {
        return;
    }
    struct mutation *mutation = ARENA_NEW(sample->arena, struct mutation);
    *mutation = (struct mutation){
        .what = arena_printf(sample->arena, "%s %s", name, what),
        .offset = at,
        .size = size,
        .value = value,
    };
    *sample->mutations_end = mutation;
    sample->mutations_end = &mutation->next;
}

static struct mutation *mutation_last(const struct sample *sample)
{
    struct mutation *last = sample->mutations;
    while (last->next != NULL) {
        last = last->next;
    }
    return last;
}

/* --- named types --------------------------------------------------------------------------- */

static void bits_make(struct sample *sample, const struct decl *decl, uint32_t at, const char *name)
{
    uint64_t mask = 0;
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        mask |= (uint64_t)member->value->number;
    }
    put(sample, at, sample->is_full ? mask : 0, decl->size);
    uint64_t all = decl->size == 8 ? UINT64_MAX : (1ull << (8 * decl->size)) - 1;
    if (!decl->is_flexible && mask != all) {
        mutate(sample, name, "has an unknown bit", at, decl->size, all);
    }
}

static void enum_make(struct sample *sample, const struct decl *decl, uint32_t at, const char *name)
{
    const struct member *chosen = decl->members;
    uint64_t unknown = 0;
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        chosen = sample->is_full ? member : chosen;
    }
    put(sample, at, (uint64_t)chosen->value->number, decl->size);
    for (const struct member *member = decl->members; member != NULL;) {
        bool is_taken = (uint64_t)member->value->number == unknown;
        unknown += is_taken;
        member = is_taken ? decl->members : member->next;
    }
    uint64_t all = decl->size == 8 ? UINT64_MAX : (1ull << (8 * decl->size)) - 1;
    if (!decl->is_flexible && unknown <= all) {
        mutate(sample, name, "is no member", at, decl->size, unknown);
    }
}

static void struct_make(struct sample *sample, const struct decl *decl, uint32_t at,
                        const char *name)
{
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        if (member->name == NULL) {
            mutate(sample, name, "has a reserved byte that is not zero", at + member->offset, 1, 1);
        } else {
            value_make(sample, member->type, at + member->offset,
                       arena_printf(sample->arena, "%s.%s", name, member->name));
        }
    }
}

static void union_make(struct sample *sample, const struct decl *decl, uint32_t at,
                       const char *name)
{
    const struct member *chosen = decl->members;
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        chosen = sample->is_full ? member : chosen;
    }
    put(sample, at, chosen->ordinal, 4);
    value_make(sample, chosen->type, at + UNION_HEADER_BYTES,
               arena_printf(sample->arena, "%s.%s", name, chosen->name));
    if (!decl->is_flexible) {
        mutate(sample, name, "has an unknown tag", at, 4, 0xffff);
    }
    mutate(sample, name, "has a reserved word that is not zero", at + 4, 4, 1);
    if (UNION_HEADER_BYTES + chosen->size < decl->size) {
        mutate(sample, name, "has a byte behind its member that is not zero", at + decl->size - 1,
               1, 1);
    }
}

/* --- values -------------------------------------------------------------------------------- */

static void string_make(struct sample *sample, const struct type *type, uint32_t at,
                        const char *name)
{
    uint32_t length = sample->is_full ? type->count : 0;
    memset(sample->bytes + at, 'a', length);
    if (length >= 2) {
        put(sample, at, 0xa9c3, 2); /* e with an accent */
        mutate(sample, name, "is not UTF-8", at, 2, 0x41c3);
    }
    mutate(sample, name, "is not UTF-8 at its first byte", at, 1, 0xff);
}

static void elements_make(struct sample *sample, const struct type *type, uint32_t at,
                          const char *name)
{
    uint32_t count = type->kind == TYPE_ARRAY || sample->is_full ? type->count : 0;
    for (uint32_t i = 0; i < count; i++) {
        bool is_watched = i + 1 == count; /* the last stands for all */
        struct mutation **end = sample->mutations_end;
        value_make(sample, type->element, at + i * type->element->size,
                   is_watched ? arena_printf(sample->arena, "%s[%u]", name, i) : "");
        if (!is_watched && end != NULL) {
            *end = NULL;
            sample->mutations_end = end;
        }
    }
}

static void optional_make(struct sample *sample, const struct type *type, uint32_t at,
                          uint32_t has_at, const char *name)
{
    if (sample->is_full) {
        value_make(sample, type->element, at, name);
        put(sample, has_at, 1, 1);
    }
    mutate(sample, name, "is there twice", has_at, 1, 2);
    mutate(sample, name, "is not there and not zero", has_at, 1, 0);
}

static void vector_in_struct(struct sample *sample, const struct type *type, uint32_t at,
                             const char *name)
{
    uint32_t count_at = at + type->size - 4;
    elements_make(sample, type, at, name);
    put(sample, count_at, sample->is_full ? type->count : 0, 4);
    mutate(sample, name, "has too many elements", count_at, 4, type->count + 1ull);
    mutate(sample, name, "has elements behind its last", count_at, 4, type->count - 1ull);
}

static void value_make(struct sample *sample, const struct type *type, uint32_t at,
                       const char *name)
{
    switch (type->kind) {
    case TYPE_BOOL:
        put(sample, at, sample->is_full, 1);
        mutate(sample, name, "is neither true nor false", at, 1, 2);
        break;
    case TYPE_NAMED:
        if (type->decl->kind == DECL_ENUM) {
            enum_make(sample, type->decl, at, name);
        } else if (type->decl->kind == DECL_BITS) {
            bits_make(sample, type->decl, at, name);
        } else if (type->decl->kind == DECL_STRUCT) {
            struct_make(sample, type->decl, at, name);
        } else {
            union_make(sample, type->decl, at, name);
        }
        break;
    case TYPE_STRING:
        string_make(sample, type, at, name);
        mutate(sample, name, "does not end", at + type->count, 1, 'a');
        break;
    case TYPE_VECTOR:
        vector_in_struct(sample, type, at, name);
        break;
    case TYPE_ARRAY:
        elements_make(sample, type, at, name);
        break;
    case TYPE_OPTIONAL:
        optional_make(sample, type, at, at + type->size - 1, name);
        break;
    default:
        put(sample, at, sample->is_full ? PATTERN : 0, type->size);
    }
}

/* --- messages ------------------------------------------------------------------------------ */

/* All fields, in the order of their numbers. Returns how many bytes they took. */
static uint32_t table_make(struct sample *sample, const struct decl *decl, uint32_t at,
                           const char *name)
{
    uint32_t size = 0, before = 0;
    for (;;) {
        const struct member *next = NULL;
        for (const struct member *member = decl->members; member != NULL; member = member->next) {
            if (member->ordinal > before && (next == NULL || member->ordinal < next->ordinal)) {
                next = member;
            }
        }
        if (next == NULL || !sample->is_full) {
            return size;
        }
        put(sample, at + size, next->ordinal, 2);
        put(sample, at + size + 2, next->size, 2);
        mutate(sample, name, "has a field without a number", at + size, 2, 0);
        mutate(sample, name, "has a field of a wrong size", at + size + 2, 2, next->size + 1);
        value_make(sample, next->type, at + size + TABLE_HEADER_BYTES,
                   arena_printf(sample->arena, "%s.%s", name, next->name));
        size += TABLE_HEADER_BYTES + next->size;
        before = next->ordinal;
    }
}

static void tail_make(struct sample *sample, const struct slot *slot)
{
    const struct type *type = slot->param->type;
    const char *name = slot->param->name;
    uint32_t at = sample->length, count = sample->is_full ? type->count : 0;
    if (type->kind == TYPE_STRING) {
        string_make(sample, type, at, name);
        mutate(sample, name, "has a zero inside", at, 1, 0);
        sample->length += count;
    } else if (type->kind == TYPE_VECTOR) {
        elements_make(sample, type, at, name);
        sample->length += count * type->element->size;
    } else {
        count = table_make(sample, type->decl, at, name);
        sample->length += count;
    }
    put(sample, slot->offset, count, 2);
    uint32_t extra = type->kind == TYPE_VECTOR ? type->element->size : 1;
    if (type->kind != TYPE_NAMED && sample->is_full &&
        sample->length + extra <= MESSAGE_BYTES_MAX) {
        mutate(sample, name, "has a count beyond its bound", slot->offset, 2, count + 1);
        mutation_last(sample)->extra = extra;
    }
    mutate(sample, name, "has a count beyond the message", slot->offset, 2, count + 1);
    mutate(sample, name, "does not fill the message", slot->offset, 2, count - 1);
}

static const struct slot *slot_find(const struct message *message, enum slot_role role,
                                    const struct member *param)
{
    const struct slot *slot = message->slots;
    while (slot->role != role || slot->param != param) {
        slot = slot->next;
    }
    return slot;
}

static void slot_make(struct sample *sample, const struct message *message, const struct slot *slot)
{
    const struct member *param = slot->param;
    if (slot->role == SLOT_RESERVED) {
        mutate(sample, "the message", "has a reserved byte that is not zero", slot->offset, 1, 1);
    } else if (slot->role == SLOT_VALUE && param->type->kind == TYPE_OPTIONAL) {
        optional_make(sample, param->type, slot->offset,
                      slot_find(message, SLOT_HAS, param)->offset, param->name);
    } else if (slot->role == SLOT_VALUE) {
        value_make(sample, param->type, slot->offset, param->name);
    } else if (slot->role == SLOT_HAS && type_bare(param->type)->kind == TYPE_HANDLE) {
        put(sample, slot->offset, sample->is_full, 1);
        mutate(sample, param->name, "is there twice", slot->offset, 1, 2);
        mutate(sample, param->name, "is there and not announced", slot->offset, 1, 0);
    }
}

void sample_make(struct arena *arena, const struct message *message, bool is_full,
                 struct sample *ret_sample)
{
    *ret_sample =
        (struct sample){.arena = arena, .length = message->fixed_size, .is_full = is_full};
    ret_sample->mutations_end = &ret_sample->mutations;
    for (const struct slot *slot = message->slots; slot != NULL; slot = slot->next) {
        slot_make(ret_sample, message, slot);
    }
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        if (type_has_tail(param->type)) {
            tail_make(ret_sample, slot_find(message, SLOT_COUNT, param));
        }
    }
}
