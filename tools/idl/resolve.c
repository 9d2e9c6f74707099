/* SPDX-License-Identifier: MIT */
#include "resolve.h"
#include "objects.h"
#include <string.h>

static bool const_evaluate(struct resolver *resolver, struct decl *decl);

/* --- names --------------------------------------------------------------------------------- */

struct decl *library_find(const struct library *library, const char *name)
{
    for (struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        if (strcmp(decl->name, name) == 0) {
            return decl;
        }
    }
    return NULL;
}

/* The part of a path behind its last point, and how long what is in front of it is. */
static const char *last_part(const char *path, size_t *ret_front)
{
    const char *point = strrchr(path, '.');
    *ret_front = point == NULL ? 0 : (size_t)(point - path);
    return point == NULL ? path : point + 1;
}

static bool is_called(const char *name, const char *front, size_t length)
{
    return name != NULL && strlen(name) == length && memcmp(name, front, length) == 0;
}

/* The library that these bytes name: by its alias, its last part or its whole name. */
static struct library *library_named(const struct library *library, const char *front,
                                     size_t length)
{
    for (struct using *using = library->usings; using != NULL; using = using->next) {
        size_t ignored;
        const char *usual =
            using->alias != NULL ? using->alias : last_part(using->path.text, &ignored);
        if (using->library != NULL &&
            (is_called(usual, front, length) || is_called(using->path.text, front, length))) {
            return using->library;
        }
    }
    return is_called(library->path.text, front, length) ? (struct library *)(uintptr_t)library
                                                        : NULL;
}

static struct decl *path_find(const struct library *library, const char *path)
{
    size_t front;
    const char *name = last_part(path, &front);
    if (front == 0) {
        return library_find(library, name);
    }
    const struct library *other = library_named(library, path, front);
    return other != NULL ? library_find(other, name) : NULL;
}

static bool is_type(const struct decl *decl)
{
    return decl->kind != DECL_CONST && decl->kind != DECL_PROTOCOL;
}

static void type_unknown(struct resolver *resolver, struct path path, bool only_enums)
{
    static const char *const words[] = {"bool",  "u8",  "u16",      "u32",    "u64",
                                        "i8",    "i16", "i32",      "string", "vector",
                                        "array", "i64", "optional", "handle"};
    struct suggestion suggestion = {.wrong = path.text};
    for (size_t i = 0; !only_enums && i < sizeof words / sizeof words[0]; i++) {
        suggestion_offer(&suggestion, words[i]);
    }
    for (struct decl *decl = resolver->library->decls; decl != NULL; decl = decl->next) {
        if (only_enums ? decl->kind == DECL_ENUM : is_type(decl)) {
            suggestion_offer(&suggestion, decl->name);
        }
    }
    diagnostic_error(resolver->diagnostics, path.where, "there is no %s `%s`",
                     only_enums ? "enum" : "type", path.text);
    if (strcmp(path.text, "int") == 0 || strcmp(path.text, "uint") == 0) {
        diagnostic_help(resolver->diagnostics, "integers say their width: `i32`, `u64` ...");
    } else if (strcmp(path.text, "f32") == 0 || strcmp(path.text, "f64") == 0 ||
               strcmp(path.text, "float") == 0 || strcmp(path.text, "double") == 0) {
        diagnostic_help(resolver->diagnostics,
                        "there are no floating point numbers; send a scaled integer");
    } else if (suggestion.best != NULL) {
        diagnostic_help(resolver->diagnostics, "did you mean `%s`?", suggestion.best);
    } else if (strchr(path.text, '.') != NULL) {
        diagnostic_help(resolver->diagnostics, "is a line `using LIBRARY;` missing?");
    }
}

/* --- values -------------------------------------------------------------------------------- */

/* A member of an enum or of bits: TYPE.MEMBER. */
static struct member *member_find(struct resolver *resolver, const char *path)
{
    size_t front;
    const char *name = last_part(path, &front);
    char type[256];
    if (front == 0 || front >= sizeof type) {
        return NULL;
    }
    memcpy(type, path, front);
    type[front] = 0;
    struct decl *decl = path_find(resolver->library, type);
    if (decl == NULL || (decl->kind != DECL_ENUM && decl->kind != DECL_BITS)) {
        return NULL;
    }
    for (struct member *member = decl->members; member != NULL; member = member->next) {
        if (strcmp(member->name, name) == 0) {
            return member;
        }
    }
    return NULL;
}

static bool path_number(struct resolver *resolver, struct value *value, number_t *ret_number)
{
    const char *text = value->path.text;
    struct suggestion suggestion = {.wrong = text};
    uint32_t number = errno_find(text, &suggestion);
    if (number != 0) {
        *ret_number = number;
        return true;
    }
    struct decl *decl = path_find(resolver->library, text);
    if (decl != NULL && decl->kind == DECL_CONST) {
        if (!const_evaluate(resolver, decl)) {
            return false;
        }
        *ret_number = decl->value->number;
        return true;
    }
    struct member *member = member_find(resolver, text);
    if (member != NULL && member->value != NULL && member->value->kind == VALUE_NUMBER) {
        *ret_number = member->value->number;
        return true;
    }
    for (decl = resolver->library->decls; decl != NULL; decl = decl->next) {
        if (decl->kind == DECL_CONST) {
            suggestion_offer(&suggestion, decl->name);
        }
    }
    diagnostic_error(resolver->diagnostics, value->where, "there is no constant `%s`", text);
    if (suggestion.best != NULL) {
        diagnostic_help(resolver->diagnostics, "did you mean `%s`?", suggestion.best);
    }
    return false;
}

bool resolve_number(struct resolver *resolver, struct value *value, const char *what,
                    number_t *ret_number)
{
    if (value->kind == VALUE_NUMBER) {
        *ret_number = value->number;
        return true;
    }
    if (value->kind != VALUE_PATH) {
        diagnostic_error(resolver->diagnostics, value->where, "%s is a number", what);
        return false;
    }
    if (!path_number(resolver, value, ret_number)) {
        return false;
    }
    *ret_number = value->is_negative ? -*ret_number : *ret_number;
    value->number = *ret_number;
    return true;
}

/* Finds the value of a constant, and of those that it is made of. */
static bool const_evaluate(struct resolver *resolver, struct decl *decl)
{
    if (decl->value_state == STATE_BUSY) {
        diagnostic_error(resolver->diagnostics, decl->where, "`%s` is defined by itself",
                         decl->name);
        decl->value_state = STATE_DONE;
        return false;
    }
    if (decl->value_state == STATE_DONE || decl->value->kind != VALUE_PATH) {
        return true;
    }
    decl->value_state = STATE_BUSY;
    struct resolver own = {resolver->diagnostics, decl->library};
    number_t number;
    bool is_good = resolve_number(&own, decl->value, "this constant", &number);
    decl->value_state = STATE_DONE;
    return is_good;
}

/* A bound, a count of bytes: from least to most. */
static uint32_t bound_resolve(struct resolver *resolver, struct value *value, const char *what,
                              uint32_t most)
{
    number_t number;
    if (!resolve_number(resolver, value, what, &number)) {
        return 1;
    }
    if (number < 1 || number > most) {
        diagnostic_error(resolver->diagnostics, value->where, "%s is 1 to %u", what, most);
        if (number > most) {
            diagnostic_help(resolver->diagnostics,
                            "a message carries 4096 bytes; lend more with `lease in` or `lease "
                            "out`");
        }
        return 1;
    }
    return (uint32_t)number;
}

/* --- types --------------------------------------------------------------------------------- */

static uint32_t rights_resolve(struct resolver *resolver, const struct object *object,
                               const struct right *list)
{
    uint32_t rights = 0;
    for (const struct right *right = list; right != NULL; right = right->next) {
        struct suggestion suggestion = {.wrong = right->name};
        uint32_t bit = right_find(object, right->name, &suggestion);
        if (bit == 0) {
            diagnostic_error(resolver->diagnostics, right->where, "`%s` has no right `%s`",
                             object->name, right->name);
            if (suggestion.best != NULL) {
                diagnostic_help(resolver->diagnostics, "did you mean `%s`?", suggestion.best);
            } else {
                struct text all = {0};
                rights_print_plain(&all, object, UINT32_MAX);
                diagnostic_help(resolver->diagnostics, "its rights are %s", text_of(&all));
                text_free(&all);
            }
        }
        rights |= bit;
    }
    return rights;
}

static void handle_resolve(struct resolver *resolver, struct type *type)
{
    struct suggestion suggestion = {.wrong = type->object_name};
    type->object = object_find(type->object_name, &suggestion);
    if (type->object == NULL) {
        diagnostic_error(resolver->diagnostics, type->object_where,
                         "there is no kernel object `%s`", type->object_name);
        if (suggestion.best != NULL) {
            diagnostic_help(resolver->diagnostics, "did you mean `%s`?", suggestion.best);
        }
        type->kind = TYPE_WRONG;
        return;
    }
    type->required_rights = rights_resolve(resolver, type->object, type->required);
    type->optional_rights = rights_resolve(resolver, type->object, type->optional);
}

static void type_resolve(struct resolver *resolver, struct type *type)
{
    switch (type->kind) {
    case TYPE_NAMED:
        type->decl = path_find(resolver->library, type->path.text);
        if (type->decl != NULL && is_type(type->decl)) {
            return;
        }
        if (type->decl != NULL) {
            diagnostic_error(resolver->diagnostics, type->where, "`%s` is not a type",
                             type->path.text);
            diagnostic_note(resolver->diagnostics, type->decl->where, "it is declared here");
        } else {
            type_unknown(resolver, type->path, false);
        }
        type->kind = TYPE_WRONG;
        return;
    case TYPE_STRING:
        type->count = type->bound != NULL
                          ? bound_resolve(resolver, type->bound, "the length of a string", 4095)
                          : 0;
        return;
    case TYPE_VECTOR:
    case TYPE_ARRAY:
        type->count = bound_resolve(resolver, type->bound, "a count of elements", 4096);
        type_resolve(resolver, type->element);
        return;
    case TYPE_OPTIONAL:
        type_resolve(resolver, type->element);
        return;
    case TYPE_HANDLE:
        handle_resolve(resolver, type);
        return;
    default:
        return;
    }
}

/* --- declarations -------------------------------------------------------------------------- */

#define ORDINAL_MAX 65535u

static void ordinal_resolve(struct resolver *resolver, struct value *value, uint32_t *ret_ordinal)
{
    number_t number;
    *ret_ordinal = 0;
    if (value == NULL || !resolve_number(resolver, value, "an ordinal", &number)) {
        return;
    }
    if (number < 1 || number > ORDINAL_MAX) {
        diagnostic_error(resolver->diagnostics, value->where, "an ordinal is 1 to %u", ORDINAL_MAX);
        return;
    }
    *ret_ordinal = (uint32_t)number;
}

static void members_resolve(struct resolver *resolver, struct decl *decl)
{
    for (struct member *member = decl->members; member != NULL; member = member->next) {
        if (member->type != NULL) {
            type_resolve(resolver, member->type);
        }
        ordinal_resolve(resolver, member->ordinal_value, &member->ordinal);
        if (member->value == NULL) {
            continue;
        }
        if (decl->kind == DECL_STRUCT) {
            member->size =
                bound_resolve(resolver, member->value, "a count of reserved bytes", 4096);
            member->align = 1;
            continue;
        }
        number_t number;
        if (resolve_number(resolver, member->value, "the value of a member", &number)) {
            member->value->kind = VALUE_NUMBER;
            member->value->number = number;
        }
    }
}

/* Of the full name, so that nobody has to give numbers away: FNV-1a, folded. */
static uint32_t protocol_number(const struct decl *protocol)
{
    const char *const parts[] = {protocol->library->path.text, ".", protocol->name};
    uint32_t hash = 0x811c9dc5;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        for (const char *at = parts[i]; *at != 0; at++) {
            hash = (hash ^ (uint8_t)*at) * 0x01000193;
        }
    }
    return hash % PROTOCOL_MAX + 1;
}

static void method_resolve(struct resolver *resolver, const struct decl *protocol,
                           struct method *method)
{
    ordinal_resolve(resolver, method->ordinal_value, &method->ordinal);
    method->number = protocol->number << 16 | method->ordinal;
    struct message *messages[2] = {&method->request, &method->reply};
    for (int i = 0; i < 2; i++) {
        for (struct member *param = messages[i]->params; param != NULL; param = param->next) {
            type_resolve(resolver, param->type);
        }
    }
    if (method->error_path.text == NULL) {
        return;
    }
    method->error = path_find(resolver->library, method->error_path.text);
    if (method->error == NULL || method->error->kind != DECL_ENUM) {
        method->error = NULL;
        type_unknown(resolver, method->error_path, true);
        return;
    }
    method->error->is_error = true;
}

void resolve_run(struct diagnostics *diagnostics, struct library *library)
{
    struct resolver resolver = {diagnostics, library};
    for (struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        if (decl->kind == DECL_CONST) {
            (void)const_evaluate(&resolver, decl); /* it has reported what is wrong */
        }
        if (decl->type != NULL) {
            type_resolve(&resolver, decl->type);
        }
        if (decl->room_value != NULL) {
            decl->room = bound_resolve(&resolver, decl->room_value, "the room in bytes", 4096);
        }
        members_resolve(&resolver, decl);
        if (decl->kind == DECL_PROTOCOL) {
            decl->number = protocol_number(decl);
        }
        for (struct method *method = decl->methods; method != NULL; method = method->next) {
            method_resolve(&resolver, decl, method);
        }
    }
}
