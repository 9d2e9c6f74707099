/* SPDX-License-Identifier: MIT */
/*
 * The description that a server carries (libsys/include/quay/interface.h): protocol, methods and
 * types as one block of bytes. Types are collected so that each comes after those it is made of.
 */
#include "c_output.h"
#include "describe.h"
#include "layout.h"
#include <string.h>

#define NOWHERE 0xffffu

/* A name for each list, and lines that become its initializer. */
struct description {
    struct c_output *out;
    const struct decl *protocol;
    struct text strings, members, methods, types;
    uint32_t string_bytes, member_count, method_count, type_count;
    struct known *known_strings, *known_types;
};

/* What has a place already. */
struct known {
    struct known *next;
    const void *key;
    const char *text;
    uint32_t at;
};

static struct known *known_find(struct known *list, const void *key, const char *text)
{
    while (list != NULL && (list->key != key || strcmp(list->text, text) != 0)) {
        list = list->next;
    }
    return list;
}

static uint32_t known_add(struct description *the, struct known **list, const void *key,
                          const char *text, uint32_t at)
{
    struct known *known = ARENA_NEW(the->out->arena, struct known);
    *known = (struct known){*list, key, text, at};
    *list = known;
    return at;
}

/* --- strings ------------------------------------------------------------------------------- */

#define LITERAL_MAX 64 /* characters in a line */

static uint32_t string_add(struct description *the, const char *string)
{
    struct known *known = known_find(the->known_strings, NULL, string);
    if (known != NULL) {
        return known->at;
    }
    uint32_t at = the->string_bytes;
    size_t left = strlen(string);
    the->string_bytes += (uint32_t)left + 1;
    const char *from = string;
    do {
        size_t part = left > LITERAL_MAX ? LITERAL_MAX : left;
        text_printf(&the->strings, "        \"");
        describe_escaped(&the->strings, arena_text(the->out->arena, from, part));
        text_printf(&the->strings, part == left ? "\\0\"\n" : "\"\n");
        from += part;
        left -= part;
    } while (left > 0);
    return known_add(the, &the->known_strings, NULL, arena_printf(the->out->arena, "%s", string),
                     at);
}

/* The first sentence. */
static uint32_t doc_add(struct description *the, const char *doc)
{
    if (doc == NULL) {
        return string_add(the, "");
    }
    const char *end = strstr(doc, ". ");
    const char *line = strstr(doc, ".\n");
    end = end == NULL || (line != NULL && line < end) ? line : end;
    size_t length = end == NULL ? strlen(doc) : (size_t)(end - doc) + 1;
    char *first = arena_text(the->out->arena, doc, length);
    for (char *at = first; *at != 0; at++) {
        *at = *at == '\n' ? ' ' : *at;
    }
    return string_add(the, first);
}

/* --- types --------------------------------------------------------------------------------- */

static const char *const kinds[] = {
    [TYPE_BOOL] = "BOOL",     [TYPE_U8] = "U8",         [TYPE_U16] = "U16",
    [TYPE_U32] = "U32",       [TYPE_U64] = "U64",       [TYPE_I8] = "I8",
    [TYPE_I16] = "I16",       [TYPE_I32] = "I32",       [TYPE_I64] = "I64",
    [TYPE_STRING] = "STRING", [TYPE_VECTOR] = "VECTOR", [TYPE_ARRAY] = "ARRAY",
    [TYPE_HANDLE] = "HANDLE", [TYPE_LEASE] = "LEASE",   [TYPE_OPTIONAL] = "OPTIONAL",
};

static const char *const decl_kinds[] = {
    [DECL_ENUM] = "ENUM",   [DECL_BITS] = "BITS",   [DECL_STRUCT] = "STRUCT",
    [DECL_TABLE] = "TABLE", [DECL_UNION] = "UNION",
};

static uint32_t type_add(struct description *the, const struct type *type);

static uint32_t type_write(struct description *the, const char *kind, const char *name,
                           uint32_t size, uint32_t count, uint32_t first, uint32_t element)
{
    text_printf(&the->types, "        {QY_TYPE_%s, 0, %u, %u, %u, %u, %u}, /* %s */\n", kind,
                string_add(the, name), size, count, first, element, name);
    return the->type_count++;
}

static void member_write(struct description *the, const char *name, uint64_t value, uint32_t type,
                         uint32_t offset, uint32_t has)
{
    text_printf(&the->members, "        {%lluu, %u, %u, %u, %u}, /* %s */\n",
                (unsigned long long)value, string_add(the, name), type, offset, has, name);
    the->member_count++;
}

/* The members follow each other, so the types of all come first. */
static uint32_t decl_add(struct description *the, const struct decl *decl)
{
    struct known *known = known_find(the->known_types, decl, "");
    if (known != NULL) {
        return known->at;
    }
    uint32_t element = decl->type != NULL ? type_add(the, decl->type) : 0;
    uint32_t largest = 0;
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        if (member->type != NULL) {
            (void)type_add(the, member->type);
        }
        largest += TABLE_HEADER_BYTES + member->size;
    }
    uint32_t first = the->member_count, count = 0;
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        if (member->name == NULL) {
            continue;
        }
        bool is_constant = decl->kind == DECL_ENUM || decl->kind == DECL_BITS;
        member_write(the, member->name,
                     is_constant ? (uint64_t)member->value->number : member->ordinal,
                     is_constant ? 0 : type_add(the, member->type), member->offset, NOWHERE);
        count++;
    }
    uint32_t size = decl->size;
    if (decl->kind == DECL_TABLE) {
        size = decl->room != 0 ? decl->room : largest;
    }
    uint32_t at = type_write(the, decl_kinds[decl->kind], decl->name, size, count, first, element);
    return known_add(the, &the->known_types, decl, "", at);
}

static uint32_t type_add(struct description *the, const struct type *type)
{
    if (type->kind == TYPE_NAMED) {
        return decl_add(the, type->decl);
    }
    struct text text = {0};
    describe_type(&text, type);
    const char *name = arena_printf(the->out->arena, "%s", text_of(&text));
    text_free(&text);
    uint32_t element = type->element != NULL ? type_add(the, type->element) : 0;
    /* Names are written as they are in their library: two may mean different declarations. */
    const void *key = NULL;
    for (const struct type *inner = type; inner != NULL; inner = inner->element) {
        key = inner->kind == TYPE_NAMED ? inner->decl : key;
    }
    struct known *known = known_find(the->known_types, key, name);
    if (known != NULL) {
        return known->at;
    }
    const char *kind = type->kind != TYPE_LEASE ? kinds[type->kind]
                       : type->is_out           ? "LEASE_OUT"
                                                : "LEASE_IN";
    /* That of an enum or constant has no place of its own, and was not laid out. */
    uint32_t size = type_is_integer(type) ? integer_size(type->kind) : type->size;
    uint32_t at = type_write(the, kind, name, size, type->count, 0, element);
    return known_add(the, &the->known_types, key, name, at);
}

/* --- methods ------------------------------------------------------------------------------- */

static uint32_t slot_offset(const struct message *message, const struct member *param, bool is_has)
{
    for (const struct slot *slot = message->slots; slot != NULL; slot = slot->next) {
        if (slot->param == param && slot->role != SLOT_RESERVED &&
            (slot->role == SLOT_HAS) == is_has) {
            return slot->offset;
        }
    }
    return NOWHERE;
}

static uint32_t params_add(struct description *the, const struct message *message,
                           uint32_t *ret_count)
{
    uint32_t count = 0;
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        (void)type_add(the, param->type);
    }
    uint32_t first = the->member_count;
    for (const struct member *param = message->params; param != NULL; param = param->next) {
        member_write(the, param->name, 0, type_add(the, param->type),
                     slot_offset(message, param, false), slot_offset(message, param, true));
        count++;
    }
    *ret_count = count;
    return first;
}

static void method_add(struct description *the, const struct method *method)
{
    uint32_t request_count, reply_count;
    uint32_t request = params_add(the, &method->request, &request_count);
    uint32_t reply = params_add(the, &method->reply, &reply_count);
    text_printf(&the->methods,
                "        {%uu, %lluu, %u, %u, %u, %u, %u, %u, %u, %u, %u, %s, {0}}, /* %s */\n",
                method->ordinal, (unsigned long long)method->deadline_ns / 1000000,
                string_add(the, method->name), doc_add(the, method->doc), request, reply,
                request_count, reply_count, method->request.fixed_size, method->reply.fixed_size,
                method->error != NULL ? decl_add(the, method->error) : NOWHERE,
                method->is_event        ? "QY_METHOD_IS_EVENT"
                : method->is_oneway     ? "QY_METHOD_IS_ONEWAY"
                : method->is_idempotent ? "QY_METHOD_IS_IDEMPOTENT"
                                        : "0",
                method->name);
    the->method_count++;
}

static void list_write(struct description *the, const char *name, const struct text *lines)
{
    if (lines->length > 0) {
        text_printf(the->out->text, "    .%s = {\n%s    },\n", name, text_of(lines));
    }
}

void c_description(struct c_output *out, const struct decl *protocol)
{
    struct description the = {.out = out, .protocol = protocol};
    (void)string_add(&the, "");
    uint32_t name = string_add(&the, protocol->name);
    const char *doc = protocol->doc != NULL ? protocol->doc : out->library->doc;
    uint32_t doc_at = doc_add(&the, doc);
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (method_is_live(protocol, method)) {
            method_add(&the, method);
        }
    }
    /* The string has a zero of its own behind it. */
    text_printf(out->text,
                "static const struct {\n    struct qy_described_head head;\n"
                "    struct qy_described_member members[%u];\n"
                "    struct qy_described_method methods[%u];\n"
                "    struct qy_described_type types[%u];\n    char strings[%u];\n"
                "} %s_description = {\n"
                "    .head = {QY_INTERFACE_MAGIC, %u, %u, %u, %u, %u, %u, %u, %u, 0},\n",
                the.member_count, the.method_count, the.type_count, the.string_bytes + 1,
                c_protocol(out, protocol),
                24 + 16 * the.member_count + 32 * the.method_count + 12 * the.type_count +
                    the.string_bytes,
                the.member_count, the.method_count, the.type_count, the.string_bytes,
                protocol->version, name, doc_at);
    list_write(&the, "members", &the.members);
    list_write(&the, "methods", &the.methods);
    list_write(&the, "types", &the.types);
    text_printf(out->text, "    .strings =\n%.*s,\n};\n\n", (int)the.strings.length - 1,
                text_of(&the.strings));
    text_free(&the.strings);
    text_free(&the.members);
    text_free(&the.methods);
    text_free(&the.types);
}
