/* SPDX-License-Identifier: MIT */
/*
 * Recursive descent. A function that found an error has reported it and returns NULL or false; the
 * list it is in then goes on behind the next semicolon or closing brace, so that one mistake is one
 * error.
 */
#include "parser.h"
#include "parser_words.h"
#include <string.h>

#define NESTING_MAX 8

static struct member *field_parse(struct parser *parser, bool has_ordinal);

/* --- lists --------------------------------------------------------------------------------- */

/* Skips what cannot be understood, up to a semicolon of this list or its closing sign. */
static void list_resync(struct parser *parser, const char *close)
{
    uint32_t depth = 0;
    while (parser->now->kind != TOKEN_END) {
        if (depth == 0 && (parser_at(parser, close) || parser_at(parser, "}"))) {
            return;
        }
        bool opens = parser_at(parser, "{");
        bool closes = parser_at(parser, "}");
        if (depth == 0 && parser_take(parser, ";")) {
            return;
        }
        depth += opens;
        depth -= closes && depth > 0;
        parser_step(parser);
    }
}

/* "{" { item ";" } "}" ";" */
static bool block_parse(struct parser *parser, bool (*item)(struct parser *, void *), void *context)
{
    if (!parser_expect(parser, "{", "begins the list of its members")) {
        return false;
    }
    while (!parser_at(parser, "}") && parser->now->kind != TOKEN_END &&
           !diagnostic_full(parser->diagnostics)) {
        if (!item(parser, context) || !parser_expect(parser, ";", "ends each member")) {
            list_resync(parser, "}");
        }
    }
    return parser_expect(parser, "}", "ends the list of members") &&
           parser_expect(parser, ";", "ends a declaration");
}

/* --- types --------------------------------------------------------------------------------- */

static struct right *rights_parse(struct parser *parser)
{
    struct right *first = NULL, **end = &first;
    do {
        struct right *right = ARENA_NEW(parser->arena, struct right);
        if (!parser_name(parser, "a right", &right->name, &right->where)) {
            return first;
        }
        *end = right;
        end = &right->next;
    } while (parser_take(parser, "|"));
    return first;
}

/* "<" object [ "," rights [ "," rights ] ] ">" */
static bool handle_parse(struct parser *parser, struct type *type)
{
    type->kind = TYPE_HANDLE;
    if (!parser_expect(parser, "<", "and a type of object follow `handle`") ||
        !parser_name(parser, "a type of object", &type->object_name, &type->object_where)) {
        return false;
    }
    if (parser_take(parser, ",")) {
        type->required = rights_parse(parser);
        if (parser_take(parser, ",")) {
            type->optional = rights_parse(parser);
        }
    }
    return parser_expect(parser, ">", "ends the type");
}

static struct type *type_parse(struct parser *parser);

/* "<" element [ "," count ] ">", or "<" count ">" of a string */
static bool container_parse(struct parser *parser, struct type *type)
{
    if (!parser_expect(parser, "<", "follows, because everything has a bound")) {
        return false;
    }
    if (type->kind != TYPE_STRING) {
        type->element = type_parse(parser);
        if (type->element == NULL) {
            return false;
        }
    }
    if (type->kind == TYPE_VECTOR || type->kind == TYPE_ARRAY) {
        if (!parser_expect(parser, ",", "and the count follow the element's type")) {
            diagnostic_help(parser->diagnostics, type->kind == TYPE_VECTOR
                                                     ? "for example `vector<u8, 64>`: at most 64"
                                                     : "for example `array<u8, 6>`: always 6");
            return false;
        }
    }
    if (type->kind != TYPE_OPTIONAL) {
        type->bound = parser_value(parser);
        if (type->bound == NULL) {
            return false;
        }
    }
    return parser_expect(parser, ">", "ends the type");
}

static struct type *type_parse(struct parser *parser)
{
    static const struct {
        const char *name;
        enum type_kind kind;
    } words[] = {
        {"bool", TYPE_BOOL},     {"u8", TYPE_U8},
        {"u16", TYPE_U16},       {"u32", TYPE_U32},
        {"u64", TYPE_U64},       {"i8", TYPE_I8},
        {"i16", TYPE_I16},       {"i32", TYPE_I32},
        {"i64", TYPE_I64},       {"string", TYPE_STRING},
        {"vector", TYPE_VECTOR}, {"array", TYPE_ARRAY},
        {"handle", TYPE_HANDLE}, {"optional", TYPE_OPTIONAL},
    };
    struct type *type = ARENA_NEW(parser->arena, struct type);
    type->kind = TYPE_NAMED;
    type->where = parser->now->where;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (parser_at(parser, words[i].name)) {
            type->kind = words[i].kind;
        }
    }
    if (type->kind == TYPE_NAMED) {
        return parser_path(parser, "a type", &type->path) ? type : NULL;
    }
    parser_step(parser);
    if (type->kind <= TYPE_I64) {
        return type;
    }
    if (++parser->nesting > NESTING_MAX) {
        diagnostic_error(parser->diagnostics, type->where, "types are nested too deeply");
        parser->nesting--;
        return NULL;
    }
    bool is_good =
        type->kind == TYPE_HANDLE ? handle_parse(parser, type) : container_parse(parser, type);
    parser->nesting--;
    type->where.length = parser_end_of_last(parser) - type->where.offset;
    return is_good ? type : NULL;
}

/* --- members ------------------------------------------------------------------------------- */

static struct attribute *attributes_parse(struct parser *parser)
{
    struct attribute *first = NULL, **end = &first;
    while (parser_at(parser, "@")) {
        struct attribute *attribute = ARENA_NEW(parser->arena, struct attribute);
        parser_step(parser);
        if (!parser_name(parser, "an attribute", &attribute->name, &attribute->where)) {
            return first;
        }
        if (parser_take(parser, "(")) {
            attribute->value = parser_value(parser);
            if (attribute->value == NULL ||
                !parser_expect(parser, ")", "ends the attribute's value")) {
                return first;
            }
        }
        *end = attribute;
        end = &attribute->next;
    }
    return first;
}

static struct member *member_begin(struct parser *parser)
{
    struct member *member = ARENA_NEW(parser->arena, struct member);
    member->doc = parser_doc(parser);
    member->attributes = attributes_parse(parser);
    member->where = parser->now->where;
    return member;
}

/* "lease" ( "in" | "out" ) name */
static bool lease_parse(struct parser *parser, struct member *member)
{
    struct type *type = ARENA_NEW(parser->arena, struct type);
    type->kind = TYPE_LEASE;
    type->where = parser->now->where;
    parser_step(parser);
    type->is_out = parser_at(parser, "out");
    if (!type->is_out && !parser_at(parser, "in")) {
        diagnostic_error(parser->diagnostics, parser->now->where,
                         "`in` or `out` must follow `lease`");
        diagnostic_help(parser->diagnostics,
                        "`lease in` lends memory that the server reads, `lease out` such that it "
                        "writes");
        return false;
    }
    parser_step(parser);
    member->type = type;
    return parser_name(parser, "the lease", &member->name, &member->where);
}

/* [ ordinal ":" ] name ":" type */
static struct member *field_parse(struct parser *parser, bool has_ordinal)
{
    struct member *member = member_begin(parser);
    if (has_ordinal) {
        member->ordinal_value = parser_ordinal(parser);
        if (member->ordinal_value == NULL) {
            return NULL;
        }
    }
    if (!parser_name(parser, "a field", &member->name, &member->where) ||
        !parser_expect(parser, ":", "and the type follow the name")) {
        return NULL;
    }
    member->type = type_parse(parser);
    return member->type != NULL ? member : NULL;
}

static void member_append(struct decl *decl, struct member *member)
{
    struct member **end = &decl->members;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = member;
}

/* name "=" value */
static bool constant_item(struct parser *parser, void *context)
{
    struct member *member = member_begin(parser);
    if (!parser_name(parser, "a member", &member->name, &member->where) ||
        !parser_expect(parser, "=", "and the value follow the name")) {
        return false;
    }
    member->value = parser_value(parser);
    if (member->value != NULL) {
        member_append(context, member);
    }
    return member->value != NULL;
}

/* field, or "reserved" bytes */
static bool struct_item(struct parser *parser, void *context)
{
    struct token *ahead = parser->now;
    if (token_is(ahead, "reserved") && ahead[1].kind == TOKEN_NUMBER) {
        struct member *member = member_begin(parser);
        parser_step(parser);
        member->value = parser_value(parser);
        member_append(context, member);
        return true;
    }
    struct member *member = field_parse(parser, false);
    if (member != NULL) {
        member_append(context, member);
    }
    return member != NULL;
}

static bool ordinal_item(struct parser *parser, void *context)
{
    struct member *member = field_parse(parser, true);
    if (member != NULL) {
        member_append(context, member);
    }
    return member != NULL;
}

/* --- methods ------------------------------------------------------------------------------- */

/* "(" [ param { "," param } ] ")" */
static bool message_parse(struct parser *parser, struct message *message)
{
    struct member **end = &message->params;
    message->where = parser->now->where;
    if (!parser_expect(parser, "(", "begins the list of parameters")) {
        return false;
    }
    while (!parser_at(parser, ")")) {
        struct member *param;
        if (parser_at(parser, "lease") && parser->now[1].kind == TOKEN_NAME) {
            param = member_begin(parser);
            if (!lease_parse(parser, param)) {
                return false;
            }
        } else {
            param = field_parse(parser, false);
            if (param == NULL) {
                return false;
            }
        }
        *end = param;
        end = &param->next;
        if (!parser_take(parser, ",")) {
            break;
        }
    }
    return parser_expect(parser, ")", "ends the list of parameters");
}

/* [ "event" ] ordinal ":" name "(" ... ")" [ "->" "(" ... ")" ] [ "error" path ] */
static bool method_item(struct parser *parser, void *context)
{
    struct decl *decl = context;
    struct method *method = ARENA_NEW(parser->arena, struct method);
    method->doc = parser_doc(parser);
    method->attributes = attributes_parse(parser);
    method->is_event = parser_take(parser, "event");
    method->ordinal_value = parser_ordinal(parser);
    if (method->ordinal_value == NULL ||
        !parser_name(parser, "a method", &method->name, &method->where) ||
        !message_parse(parser, &method->request)) {
        return false;
    }
    if (parser->now->kind == TOKEN_ARROW) {
        parser_step(parser);
        if (!message_parse(parser, &method->reply)) {
            return false;
        }
    }
    if (parser_take(parser, "error") && !parser_path(parser, "an enum", &method->error_path)) {
        return false;
    }
    struct method **end = &decl->methods;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = method;
    return true;
}

/* --- declarations -------------------------------------------------------------------------- */

/* ":" type "=" value ";" */
static bool const_parse(struct parser *parser, struct decl *decl)
{
    if (!parser_expect(parser, ":", "and the type follow the name")) {
        return false;
    }
    if (parser_at(parser, "string")) { /* the text itself is the bound */
        decl->type = ARENA_NEW(parser->arena, struct type);
        decl->type->kind = TYPE_STRING;
        decl->type->where = parser->now->where;
        parser_step(parser);
    } else {
        decl->type = type_parse(parser);
    }
    if (decl->type == NULL || !parser_expect(parser, "=", "and the value follow the type")) {
        return false;
    }
    decl->value = parser_value(parser);
    return decl->value != NULL && parser_expect(parser, ";", "ends a declaration");
}

static bool body_parse(struct parser *parser, struct decl *decl)
{
    switch (decl->kind) {
    case DECL_CONST:
        return const_parse(parser, decl);
    case DECL_ENUM:
    case DECL_BITS:
        if (!parser_expect(parser, ":", "and an integer type follow the name")) {
            diagnostic_help(parser->diagnostics, "for example `enum %s : u32 { ... };`",
                            decl->name);
            return false;
        }
        decl->type = type_parse(parser);
        return decl->type != NULL && block_parse(parser, constant_item, decl);
    case DECL_STRUCT:
        return block_parse(parser, struct_item, decl);
    case DECL_TABLE:
    case DECL_UNION:
        if (parser_take(parser, ":")) {
            decl->room_value = parser_value(parser);
            if (decl->room_value == NULL) {
                return false;
            }
        }
        return block_parse(parser, ordinal_item, decl);
    case DECL_PROTOCOL:
        return block_parse(parser, method_item, decl);
    }
    return false;
}

/* The word that begins a declaration. */
static bool decl_kind_parse(struct parser *parser, struct decl *decl)
{
    static const struct {
        const char *word;
        enum decl_kind kind;
    } kinds[] = {
        {"const", DECL_CONST},       {"enum", DECL_ENUM},   {"bits", DECL_BITS},
        {"struct", DECL_STRUCT},     {"table", DECL_TABLE}, {"union", DECL_UNION},
        {"protocol", DECL_PROTOCOL},
    };
    struct suggestion suggestion = {.wrong = parser_word(parser)};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (parser_take(parser, kinds[i].word)) {
            decl->kind = kinds[i].kind;
            return true;
        }
        suggestion_offer(&suggestion, kinds[i].word);
    }
    diagnostic_error(parser->diagnostics, parser->now->where,
                     "a declaration begins with const, enum, bits, struct, table, union or "
                     "protocol");
    if (suggestion.best != NULL) {
        diagnostic_help(parser->diagnostics, "did you mean `%s`?", suggestion.best);
    }
    return false;
}

static bool flexibility_parse(struct parser *parser, struct decl *decl)
{
    struct token *word = parser->now;
    if (!parser_take(parser, "strict") && !parser_take(parser, "flexible")) {
        return true;
    }
    decl->is_flexible = token_is(word, "flexible");
    if (parser_at(parser, "enum") || parser_at(parser, "bits") || parser_at(parser, "union")) {
        return true;
    }
    diagnostic_error(parser->diagnostics, word->where,
                     "only an enum, bits or a union can be strict or flexible");
    return false;
}

static struct decl *decl_parse(struct parser *parser)
{
    struct decl *decl = ARENA_NEW(parser->arena, struct decl);
    decl->library = parser->library;
    decl->doc = parser_doc(parser);
    decl->attributes = attributes_parse(parser);
    if (!flexibility_parse(parser, decl) || !decl_kind_parse(parser, decl) ||
        !parser_name(parser, "the declaration", &decl->name, &decl->where)) {
        return NULL;
    }
    return body_parse(parser, decl) ? decl : NULL;
}

/* To the next line that begins a declaration. */
static void decl_resync(struct parser *parser)
{
    static const char *const words[] = {"const", "enum",  "bits",     "struct", "table",
                                        "union", "using", "protocol", "strict", "flexible"};
    while (parser->now->kind != TOKEN_END) {
        parser_step(parser);
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            if (parser->now->lines_before > 0 && parser_at(parser, words[i]) &&
                parser_column(parser) == 1) {
                return;
            }
        }
    }
}

static void using_parse(struct parser *parser, struct using **end)
{
    struct using *using = ARENA_NEW(parser->arena, struct using);
    struct span where;
    parser_step(parser);
    bool is_good = parser_path(parser, "a library", &using->path) &&
                   (!parser_take(parser, "as") ||
                    parser_name(parser, "another name of the library", &using->alias, &where)) &&
                   parser_expect(parser, ";", "ends a declaration");
    if (is_good) {
        *end = using;
    } else {
        decl_resync(parser);
    }
}

struct library *parser_run(struct arena *arena, struct diagnostics *diagnostics,
                           const struct source *source)
{
    struct parser parser = {.arena = arena, .diagnostics = diagnostics};
    parser_begin(&parser, source);
    struct library *library = ARENA_NEW(arena, struct library);
    parser.library = library;
    library->source = source;
    library->doc = parser_doc(&parser);
    if (!parser_expect(&parser, "library", "and a name begin a file") ||
        !parser_path(&parser, "the library", &library->path) ||
        !parser_expect(&parser, ";", "ends a declaration")) {
        diagnostic_help(diagnostics, "for example `library quay.clock;`");
        return library;
    }
    struct using **using_end = &library->usings;
    struct decl **decl_end = &library->decls;
    while (parser.now->kind != TOKEN_END && !diagnostic_full(diagnostics)) {
        if (parser_at(&parser, "using")) {
            using_parse(&parser, using_end);
            using_end = *using_end != NULL ? &(*using_end)->next : using_end;
            continue;
        }
        struct decl *decl = decl_parse(&parser);
        if (decl == NULL) {
            decl_resync(&parser);
            continue;
        }
        *decl_end = decl;
        decl_end = &decl->next;
    }
    return library;
}
