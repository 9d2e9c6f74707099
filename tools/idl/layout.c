/* SPDX-License-Identifier: MIT */
#include "layout.h"

struct layout {
    struct arena *arena;
    struct diagnostics *diagnostics;
};

static void decl_layout(struct layout *layout, struct decl *decl);

bool type_is_integer(const struct type *type)
{
    return type->kind >= TYPE_U8 && type->kind <= TYPE_I64;
}

bool type_is_named(const struct type *type, enum decl_kind kind)
{
    return type->kind == TYPE_NAMED && type->decl->kind == kind;
}

bool type_has_tail(const struct type *type)
{
    return type->kind == TYPE_STRING || type->kind == TYPE_VECTOR ||
           type_is_named(type, DECL_TABLE);
}

uint32_t type_tail_max(const struct type *type)
{
    if (type->kind == TYPE_STRING) {
        return type->count;
    }
    return type->kind == TYPE_VECTOR ? type->count * type->element->size : type->decl->room;
}

const struct type *type_bare(const struct type *type)
{
    return type->kind == TYPE_OPTIONAL ? type->element : type;
}

static uint32_t round_up(uint32_t value, uint32_t align)
{
    return (value + align - 1) / align * align;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

uint32_t integer_size(enum type_kind kind)
{
    switch (kind) {
    case TYPE_U64:
    case TYPE_I64:
        return 8;
    case TYPE_U32:
    case TYPE_I32:
        return 4;
    case TYPE_U16:
    case TYPE_I16:
        return 2;
    default:
        return 1;
    }
}

/* Size and alignment of a type as a field of a struct. */
static void type_layout(struct layout *layout, struct type *type)
{
    if (type->element != NULL) {
        type_layout(layout, type->element);
        type->align = type->element->align;
    }
    switch (type->kind) {
    case TYPE_NAMED:
        decl_layout(layout, type->decl);
        type->size = type->decl->size;
        type->align = type->decl->align;
        break;
    case TYPE_STRING:
        type->size = type->count + 1;
        type->align = 1;
        break;
    case TYPE_ARRAY:
        type->size = type->count * type->element->size;
        break;
    case TYPE_VECTOR:
        type->align = larger(type->align, 4);
        type->size = round_up(type->count * type->element->size, 4) + 4;
        break;
    case TYPE_OPTIONAL:
        type->size = type->element->size + 1;
        break;
    case TYPE_HANDLE:
    case TYPE_LEASE:
    case TYPE_WRONG:
        type->size = 0;
        type->align = 1;
        break;
    default:
        type->size = integer_size(type->kind);
        type->align = type->size;
    }
    /* Strings and vectors count with the struct or the message that they are in. */
    if (type->size > MESSAGE_BYTES_MAX && !type_has_tail(type)) {
        diagnostic_error(layout->diagnostics, type->where,
                         "this takes %u bytes, more than the %u of a message", type->size,
                         MESSAGE_BYTES_MAX);
        type->size = 1;
        type->align = 1;
    }
}

/* --- declarations -------------------------------------------------------------------------- */

static void struct_layout(struct layout *layout, struct decl *decl)
{
    uint32_t at = 0;
    decl->align = 1;
    for (struct member *member = decl->members; member != NULL; member = member->next) {
        if (member->type != NULL) {
            type_layout(layout, member->type);
            member->size = member->type->size;
            member->align = member->type->align;
        }
        if (at % member->align != 0) {
            uint32_t gap = round_up(at, member->align) - at;
            diagnostic_error(layout->diagnostics, member->where,
                             "`%s` would start at byte %u, and must at a multiple of %u",
                             member->name, at, member->align);
            diagnostic_help(layout->diagnostics,
                            "put `reserved %u;` in front of it, or the wider fields first", gap);
            at += gap;
        }
        member->offset = at;
        at += member->size;
        decl->align = larger(decl->align, member->align);
    }
    if (at % decl->align != 0) {
        diagnostic_error(layout->diagnostics, decl->where,
                         "`%s` has %u bytes, which is no multiple of its alignment, %u", decl->name,
                         at, decl->align);
        diagnostic_help(layout->diagnostics, "put `reserved %u;` at its end",
                        round_up(at, decl->align) - at);
        at = round_up(at, decl->align);
    }
    if (at > MESSAGE_BYTES_MAX) {
        diagnostic_error(layout->diagnostics, decl->where,
                         "`%s` takes %u bytes, more than the %u of a message", decl->name, at,
                         MESSAGE_BYTES_MAX);
        at = decl->align;
    }
    decl->size = at;
}

/* Lays the members out one by one; returns the largest, or their sum as fields of a table. */
static uint32_t members_layout(struct layout *layout, struct decl *decl)
{
    uint32_t largest = 0, sum = 0;
    for (struct member *member = decl->members; member != NULL; member = member->next) {
        type_layout(layout, member->type);
        member->size = member->type->size;
        member->align = member->type->align;
        largest = larger(largest, member->size);
        sum += TABLE_HEADER_BYTES + member->size;
    }
    uint32_t needed = decl->kind == DECL_TABLE ? sum : largest;
    if (decl->room != 0 && decl->room < needed) {
        diagnostic_error(layout->diagnostics, decl->room_value->where,
                         "the members of `%s` need %u bytes", decl->name, needed);
    }
    return needed;
}

static void decl_layout(struct layout *layout, struct decl *decl)
{
    if (decl->layout_state == STATE_BUSY) {
        diagnostic_error(layout->diagnostics, decl->where, "`%s` contains itself", decl->name);
        decl->size = 1;
        decl->align = 1;
    }
    if (decl->layout_state != STATE_NEW) {
        return;
    }
    decl->layout_state = STATE_BUSY;
    switch (decl->kind) {
    case DECL_CONST:
    case DECL_PROTOCOL:
        break;
    case DECL_ENUM:
    case DECL_BITS:
        decl->size = integer_size(decl->type->kind);
        decl->align = decl->size;
        break;
    case DECL_STRUCT:
        struct_layout(layout, decl);
        break;
    case DECL_TABLE:
        (void)members_layout(layout, decl);
        decl->size = 1; /* it is never inside of anything */
        decl->align = 1;
        break;
    case DECL_UNION: {
        uint32_t needed = members_layout(layout, decl);
        decl->size = UNION_HEADER_BYTES + round_up(larger(needed, decl->room), 8);
        decl->align = 8;
        break;
    }
    }
    decl->layout_state = STATE_DONE;
}

/* --- messages ------------------------------------------------------------------------------ */

/* Behind all slots of the same or a wider alignment. */
static void slot_add(struct layout *layout, struct message *message, enum slot_role role,
                     struct member *param, uint32_t size, uint32_t align)
{
    struct slot *slot = ARENA_NEW(layout->arena, struct slot);
    *slot = (struct slot){.role = role, .param = param, .size = size, .align = align};
    struct slot **at = &message->slots;
    while (*at != NULL && (*at)->align >= align) {
        at = &(*at)->next;
    }
    slot->next = *at;
    *at = slot;
}

static void param_layout(struct layout *layout, struct message *message, struct member *param)
{
    const struct type *bare = type_bare(param->type);
    bool is_optional = param->type->kind == TYPE_OPTIONAL;
    type_layout(layout, param->type);
    if (bare->kind == TYPE_LEASE) {
        message->lease_count++;
    } else if (bare->kind == TYPE_HANDLE) {
        param->handle_index = message->handle_max++;
        message->handle_min += !is_optional;
    } else if (type_has_tail(bare)) {
        slot_add(layout, message, SLOT_COUNT, param, 2, 2);
        message->max_size += type_tail_max(bare);
        message->has_tail = true;
    } else {
        slot_add(layout, message, SLOT_VALUE, param, bare->size, bare->align);
    }
    if (is_optional) {
        slot_add(layout, message, SLOT_HAS, param, 1, 1);
    }
}

static void counts_check(struct layout *layout, const struct message *message, const char *what)
{
    if (message->handle_max > MESSAGE_HANDLES_MAX) {
        diagnostic_error(layout->diagnostics, message->where,
                         "the %s moves %u handles; a message carries %u", what, message->handle_max,
                         MESSAGE_HANDLES_MAX);
    }
    if (message->lease_count > MESSAGE_LEASES_MAX) {
        diagnostic_error(layout->diagnostics, message->where,
                         "the %s lends %u ranges of memory; a call lends %u", what,
                         message->lease_count, MESSAGE_LEASES_MAX);
    }
}

static void message_layout(struct layout *layout, struct message *message, const char *what)
{
    for (struct member *param = message->params; param != NULL; param = param->next) {
        param_layout(layout, message, param);
    }
    uint32_t at = 0, align = 1;
    for (struct slot *slot = message->slots; slot != NULL; slot = slot->next) {
        slot->offset = at;
        at += slot->size;
        align = larger(align, slot->align);
    }
    if (at % align != 0) {
        uint32_t gap = round_up(at, align) - at;
        slot_add(layout, message, SLOT_RESERVED, NULL, gap, 1);
        struct slot *last = message->slots;
        while (last->next != NULL) {
            last = last->next;
        }
        last->offset = at;
        at += gap;
    }
    message->fixed_size = at;
    message->max_size += at;
    if (message->max_size > MESSAGE_BYTES_MAX) {
        diagnostic_error(layout->diagnostics, message->where,
                         "the %s takes up to %u bytes; a message carries %u", what,
                         message->max_size, MESSAGE_BYTES_MAX);
        diagnostic_help(layout->diagnostics,
                        "lower a bound by %u, or lend memory with `lease in` or `lease out`",
                        message->max_size - MESSAGE_BYTES_MAX);
    }
    counts_check(layout, message, what);
}

/* In a batch it stands between others, and is answered before the next is looked at. */
static void batch_check(struct layout *layout, const struct method *method)
{
    const struct message *request = &method->request, *reply = &method->reply;
    bool is_small = request->max_size <= MESSAGE_REGISTER_MAX &&
                    reply->max_size <= MESSAGE_REGISTER_MAX && !request->has_tail &&
                    !reply->has_tail;
    if (!is_small || method->is_event || method->is_oneway ||
        request->handle_max + reply->handle_max + request->lease_count > 0) {
        diagnostic_error(layout->diagnostics, method->where, "`%s` cannot be called in a batch",
                         method->name);
        diagnostic_help(layout->diagnostics,
                        "`@batch` is for methods with an answer and at most %u bytes each way, "
                        "without strings, vectors, tables, handles and leases",
                        MESSAGE_REGISTER_MAX);
    }
}

void layout_run(struct arena *arena, struct diagnostics *diagnostics, struct library *library)
{
    struct layout layout = {arena, diagnostics};
    for (struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        decl_layout(&layout, decl);
        for (struct method *method = decl->methods; method != NULL; method = method->next) {
            message_layout(&layout, &method->request, method->is_event ? "event" : "request");
            message_layout(&layout, &method->reply, "reply");
            if (method->is_batch) {
                batch_check(&layout, method);
            }
        }
    }
}
