/* SPDX-License-Identifier: MIT */
/*
 * The description that a server carries (libsys/include/quay/interface.h): protocol, methods and
 * types as one block of bytes, as C and as it is, for those who decode messages of others. Types
 * are collected so that each comes after those it is made of.
 */
#include "c_output.h"
#include "describe.h"
#include "layout.h"
#include "outputs.h"
#include <string.h>

#define NOWHERE 0xffffu

/* As in libsys/include/quay/interface.h. */
#define MAGIC        0x31697971u
#define HEAD_BYTES   24
#define MEMBER_BYTES 16
#define METHOD_BYTES 32
#define TYPE_BYTES   12

enum {
    KIND_ENUM = 10,
    KIND_BITS,
    KIND_STRUCT,
    KIND_UNION,
    KIND_TABLE,
    KIND_STRING,
    KIND_VECTOR,
    KIND_ARRAY,
    KIND_OPTIONAL,
    KIND_HANDLE,
    KIND_LEASE_IN,
    KIND_LEASE_OUT
};

/* Of each list lines that become its initializer, and its bytes. */
struct list {
    struct text lines, bytes;
};

struct description {
    struct c_output *out;
    const struct decl *protocol;
    struct list strings, members, methods, types;
    uint32_t name, doc;
    uint32_t string_bytes, member_count, method_count, type_count;
    struct known *known_strings, *known_types;
};

static void put(struct list *list, uint64_t value, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        char byte = (char)(value >> (8 * i));
        text_add(&list->bytes, &byte, 1);
    }
}

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
    text_add(&the->strings.bytes, string, left + 1);
    do {
        size_t part = left > LITERAL_MAX ? LITERAL_MAX : left;
        text_printf(&the->strings.lines, "        \"");
        describe_escaped(&the->strings.lines, arena_text(the->out->arena, from, part));
        text_printf(&the->strings.lines, part == left ? "\\0\"\n" : "\"\n");
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

struct kind {
    const char *name;
    uint32_t number;
};

static const struct kind kinds[] = {
    [TYPE_BOOL] = {"BOOL", 1},
    [TYPE_U8] = {"U8", 2},
    [TYPE_U16] = {"U16", 3},
    [TYPE_U32] = {"U32", 4},
    [TYPE_U64] = {"U64", 5},
    [TYPE_I8] = {"I8", 6},
    [TYPE_I16] = {"I16", 7},
    [TYPE_I32] = {"I32", 8},
    [TYPE_I64] = {"I64", 9},
    [TYPE_STRING] = {"STRING", KIND_STRING},
    [TYPE_VECTOR] = {"VECTOR", KIND_VECTOR},
    [TYPE_ARRAY] = {"ARRAY", KIND_ARRAY},
    [TYPE_HANDLE] = {"HANDLE", KIND_HANDLE},
    [TYPE_OPTIONAL] = {"OPTIONAL", KIND_OPTIONAL},
};

static const struct kind decl_kinds[] = {
    [DECL_ENUM] = {"ENUM", KIND_ENUM},       [DECL_BITS] = {"BITS", KIND_BITS},
    [DECL_STRUCT] = {"STRUCT", KIND_STRUCT}, [DECL_TABLE] = {"TABLE", KIND_TABLE},
    [DECL_UNION] = {"UNION", KIND_UNION},
};

static struct kind kind_of(const struct type *type)
{
    if (type->kind == TYPE_LEASE) {
        return type->is_out ? (struct kind){"LEASE_OUT", KIND_LEASE_OUT}
                            : (struct kind){"LEASE_IN", KIND_LEASE_IN};
    }
    return kinds[type->kind];
}

static uint32_t type_add(struct description *the, const struct type *type);

static uint32_t type_write(struct description *the, struct kind kind, const char *name,
                           uint32_t size, uint32_t count, uint32_t first, uint32_t element)
{
    uint32_t name_at = string_add(the, name);
    text_printf(&the->types.lines, "        {QY_TYPE_%s, 0, %u, %u, %u, %u, %u}, /* %s */\n",
                kind.name, name_at, size, count, first, element, name);
    put(&the->types, kind.number, 2);
    put(&the->types, name_at, 2);
    put(&the->types, size, 2);
    put(&the->types, count, 2);
    put(&the->types, first, 2);
    put(&the->types, element, 2);
    return the->type_count++;
}

static void member_write(struct description *the, const char *name, uint64_t value, uint32_t type,
                         uint32_t offset, uint32_t has)
{
    uint32_t name_at = string_add(the, name);
    text_printf(&the->members.lines, "        {%lluu, %u, %u, %u, %u}, /* %s */\n",
                (unsigned long long)value, name_at, type, offset, has, name);
    put(&the->members, value, 8);
    put(&the->members, name_at, 2);
    put(&the->members, type, 2);
    put(&the->members, offset, 2);
    put(&the->members, has, 2);
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
    /* That of an enum or constant has no place of its own, and was not laid out. */
    uint32_t size = type_is_integer(type) ? integer_size(type->kind) : type->size;
    uint32_t at = type_write(the, kind_of(type), name, size, type->count, 0, element);
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
    static const char *const flag_names[] = {"0", "QY_METHOD_IS_EVENT", "QY_METHOD_IS_ONEWAY", "",
                                             "QY_METHOD_IS_IDEMPOTENT"};
    uint32_t flags = method->is_event ? 1 : method->is_oneway ? 2 : method->is_idempotent ? 4 : 0;
    uint64_t deadline_ms = method->deadline_ns / 1000000;
    uint32_t name = string_add(the, method->name);
    uint32_t doc = doc_add(the, method->doc);
    uint32_t error = method->error != NULL ? decl_add(the, method->error) : NOWHERE;
    const uint32_t fields[] = {
        name,
        doc,
        request,
        reply,
        request_count,
        reply_count,
        method->request.fixed_size,
        method->reply.fixed_size,
        error,
    };
    text_printf(&the->methods.lines, "        {0x%xu, %lluu", method->number,
                (unsigned long long)deadline_ms);
    put(&the->methods, method->number, 4);
    put(&the->methods, deadline_ms, 4);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        text_printf(&the->methods.lines, ", %u", fields[i]);
        put(&the->methods, fields[i], 2);
    }
    text_printf(&the->methods.lines, ", %s, {0}}, /* %s */\n", flag_names[flags], method->name);
    put(&the->methods, flags, 6);
    the->method_count++;
}

static void description_make(struct description *the, struct c_output *out,
                             const struct decl *protocol)
{
    *the = (struct description){.out = out, .protocol = protocol};
    (void)string_add(the, "");
    the->name = string_add(the, protocol->name);
    the->doc = doc_add(the, protocol->doc != NULL ? protocol->doc : out->library->doc);
    for (const struct method *method = protocol->methods; method != NULL; method = method->next) {
        if (method_is_live(protocol, method)) {
            method_add(the, method);
        }
    }
}

static void description_end(struct description *the)
{
    struct list *lists[] = {&the->members, &the->methods, &the->types, &the->strings};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        text_free(&lists[i]->lines);
        text_free(&lists[i]->bytes);
    }
}

static uint32_t description_size(const struct description *the)
{
    return HEAD_BYTES + MEMBER_BYTES * the->member_count + METHOD_BYTES * the->method_count +
           TYPE_BYTES * the->type_count + the->string_bytes;
}

static void list_write(struct description *the, const char *name, const struct list *list)
{
    if (list->lines.length > 0) {
        text_printf(the->out->text, "    .%s = {\n%s    },\n", name, text_of(&list->lines));
    }
}

void c_description(struct c_output *out, const struct decl *protocol)
{
    struct description the;
    description_make(&the, out, protocol);
    /* The string has a zero of its own behind it. */
    text_printf(out->text,
                "static const struct {\n    struct qy_described_head head;\n"
                "    struct qy_described_member members[%u];\n"
                "    struct qy_described_method methods[%u];\n"
                "    struct qy_described_type types[%u];\n    char strings[%u];\n"
                "} %s_description = {\n"
                "    .head = {QY_INTERFACE_MAGIC, %u, %u, %u, %u, %u, %u, %u, %u, 0x%x},\n",
                the.member_count, the.method_count, the.type_count, the.string_bytes + 1,
                c_protocol(out, protocol), description_size(&the), the.member_count,
                the.method_count, the.type_count, the.string_bytes, protocol->version, the.name,
                the.doc, protocol->number);
    list_write(&the, "members", &the.members);
    list_write(&the, "methods", &the.methods);
    list_write(&the, "types", &the.types);
    text_printf(out->text,
                "    .strings =\n%.*s,\n};\n\n"
                "const struct qy_described_head *const qy_%s_description = "
                "&%s_description.head;\n\n",
                (int)the.strings.lines.length - 1, text_of(&the.strings.lines),
                c_protocol(out, protocol), c_protocol(out, protocol));
    description_end(&the);
}

void output_tables(struct arena *arena, const struct library *library, struct text *text)
{
    struct c_output out = {arena, library, library_stem(arena, library), text};
    for (const struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        if (decl->kind != DECL_PROTOCOL) {
            continue;
        }
        struct description the;
        struct list head = {0};
        description_make(&the, &out, decl);
        const uint32_t fields[] = {the.member_count, the.method_count, the.type_count,
                                   the.string_bytes, decl->version,    the.name,
                                   the.doc,          decl->number};
        put(&head, MAGIC, 4);
        put(&head, description_size(&the), 4);
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
            put(&head, fields[i], 2);
        }
        /* Up to the next multiple of 8, where another one may begin. */
        put(&the.strings, 0, (0u - description_size(&the)) % 8);
        const struct list *lists[] = {&head, &the.members, &the.methods, &the.types, &the.strings};
        for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
            text_add(text, text_of(&lists[i]->bytes), lists[i]->bytes.length);
        }
        text_free(&head.bytes);
        description_end(&the);
    }
}
