/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "layout.h"
#include <string.h>

struct checker {
    struct diagnostics *diagnostics;
    struct library *library;
};

/* --- values -------------------------------------------------------------------------------- */

static void integer_range(enum type_kind kind, number_t *ret_least, number_t *ret_most)
{
    bool is_signed = kind >= TYPE_I8;
    int bits = 8 << (is_signed ? kind - TYPE_I8 : kind - TYPE_U8);
    *ret_most = ((number_t)1 << (is_signed ? bits - 1 : bits)) - 1;
    *ret_least = is_signed ? -*ret_most - 1 : 0;
}

static bool range_check(struct checker *checker, const struct type *type, const struct value *value)
{
    number_t least, most;
    integer_range(type->kind, &least, &most);
    if (value->number >= least && value->number <= most) {
        return true;
    }
    diagnostic_error(checker->diagnostics, value->where, "this does not fit into its type");
    diagnostic_note(checker->diagnostics, type->where, "from %lld to %llu", (long long)least,
                    (unsigned long long)most);
    return false;
}

static void const_check(struct checker *checker, const struct decl *decl)
{
    const struct type *type = decl->type;
    bool is_number = decl->value->kind == VALUE_NUMBER || decl->value->kind == VALUE_PATH;
    if (type->kind == TYPE_STRING) {
        if (decl->value->kind != VALUE_TEXT) {
            diagnostic_error(checker->diagnostics, decl->value->where,
                             "a string constant is a text in quotes");
        }
    } else if (type->kind == TYPE_BOOL) {
        if (decl->value->kind != VALUE_BOOL) {
            diagnostic_error(checker->diagnostics, decl->value->where,
                             "a bool constant is `true` or `false`");
        }
    } else if (!type_is_integer(type)) {
        if (type->kind != TYPE_WRONG) {
            diagnostic_error(checker->diagnostics, type->where,
                             "a constant is an integer, a bool or a string");
        }
    } else if (!is_number) {
        diagnostic_error(checker->diagnostics, decl->value->where, "an integer is wanted here");
    } else {
        (void)range_check(checker, type, decl->value); /* it has reported */
    }
}

static bool has_one_bit(number_t number)
{
    return number > 0 && (number & (number - 1)) == 0;
}

static void enum_member_check(struct checker *checker, const struct decl *decl,
                              const struct member *member)
{
    if (member->value->kind != VALUE_NUMBER || !type_is_integer(decl->type) ||
        !range_check(checker, decl->type, member->value)) {
        return;
    }
    number_t number = member->value->number;
    if (decl->kind == DECL_BITS && !has_one_bit(number)) {
        diagnostic_error(checker->diagnostics, member->value->where, "a member of bits is one bit");
        diagnostic_help(checker->diagnostics, "1, 2, 4, 8 and so on; make a const for several");
    } else if (decl->kind == DECL_ENUM && (number > INT32_MAX || number < INT32_MIN)) {
        diagnostic_error(checker->diagnostics, member->value->where,
                         "a member of an enum fits into 32 bits with a sign, as an int of C");
    }
    for (const struct member *other = decl->members; other != member; other = other->next) {
        if (other->value->kind == VALUE_NUMBER && other->value->number == number) {
            diagnostic_error(checker->diagnostics, member->value->where,
                             "this value is taken by `%s`", other->name);
            diagnostic_note(checker->diagnostics, other->where, "here");
        }
    }
}

/* --- members ------------------------------------------------------------------------------- */

static void member_check(struct checker *checker, const struct decl *decl, struct member *member)
{
    check_member_attributes(checker->diagnostics, decl, member);
    if (member->name == NULL) {
        return;
    }
    if (decl->kind == DECL_STRUCT || decl->kind == DECL_TABLE || decl->kind == DECL_UNION) {
        check_name(checker->diagnostics, member->name, member->where);
        check_field(checker->diagnostics, decl, member);
    } else {
        enum_member_check(checker, decl, member);
    }
    for (const struct member *other = decl->members; other != member; other = other->next) {
        if (other->name != NULL && strcmp(other->name, member->name) == 0) {
            diagnostic_error(checker->diagnostics, member->where, "there is a `%s` already",
                             member->name);
            diagnostic_note(checker->diagnostics, other->where, "here");
        } else if (member->ordinal != 0 && other->ordinal == member->ordinal) {
            diagnostic_error(checker->diagnostics, member->ordinal_value->where,
                             "the number %u is taken by `%s`", member->ordinal, other->name);
            diagnostic_note(checker->diagnostics, other->where, "here");
        }
    }
}

/* --- declarations -------------------------------------------------------------------------- */

static void base_check(struct checker *checker, const struct decl *decl)
{
    if (decl->type->kind == TYPE_WRONG) {
        return;
    }
    if (!type_is_integer(decl->type) || (decl->kind == DECL_BITS && decl->type->kind > TYPE_U64)) {
        diagnostic_error(checker->diagnostics, decl->type->where, "%s",
                         decl->kind == DECL_BITS ? "bits are u8, u16, u32 or u64"
                                                 : "an enum is an integer: u8 to u64, i8 to i64");
        decl->type->kind = TYPE_WRONG;
    }
}

static void room_check(struct checker *checker, const struct decl *decl)
{
    bool wants_room = decl->kind == DECL_TABLE || decl->is_flexible;
    if (wants_room && decl->room_value == NULL) {
        diagnostic_error(checker->diagnostics, decl->where,
                         "a %s says how many bytes it may take for ever",
                         decl->kind == DECL_TABLE ? "table" : "flexible union");
        diagnostic_help(checker->diagnostics, "for example `%s %s : 64 { ... };`",
                        decl->kind == DECL_TABLE ? "table" : "flexible union", decl->name);
    } else if (!wants_room && decl->room_value != NULL) {
        diagnostic_error(checker->diagnostics, decl->room_value->where,
                         "a strict union is as large as its largest member");
        diagnostic_help(checker->diagnostics, "leave the number out, or make it flexible");
    } else if (decl->kind == DECL_UNION && decl->room % 8 != 0) {
        diagnostic_error(checker->diagnostics, decl->room_value->where,
                         "the room of a union is a multiple of 8");
    }
}

/* C has functions qy_NAME_METHOD, qy_NAME_METHOD_start ... and qy_NAME_dispatch in one space. */
static void c_names_check(struct checker *checker, const struct decl *decl,
                          const struct method *method)
{
    static const char *const own[] = {"dispatch",  "handlers",     "events", "description",
                                      "subscribe", "subscribe_on", "receive"};
    static const char *const made[] = {"_start", "_call",    "_answer", "_add",   "_next", "_send",
                                       "_on",    "_request", "_reply",  "_event", "_post"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(method->name, own[i]) == 0) {
            diagnostic_error(checker->diagnostics, method->where,
                             "`%s` is what C calls a part of every protocol", method->name);
        }
    }
    for (const struct method *other = decl->methods; other != NULL; other = other->next) {
        size_t length = strlen(other->name);
        if (strncmp(method->name, other->name, length) != 0) {
            continue;
        }
        for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
            if (strcmp(method->name + length, made[i]) == 0) {
                diagnostic_error(checker->diagnostics, method->where,
                                 "`%s` is what C calls a part of `%s`", method->name, other->name);
                diagnostic_note(checker->diagnostics, other->where, "here");
            }
        }
    }
}

static void methods_check(struct checker *checker, struct decl *decl)
{
    for (struct method *method = decl->methods; method != NULL; method = method->next) {
        check_method_attributes(checker->diagnostics, decl, method);
        check_method(checker->diagnostics, decl, method);
        c_names_check(checker, decl, method);
        for (const struct method *other = decl->methods; other != method; other = other->next) {
            if (strcmp(other->name, method->name) == 0) {
                diagnostic_error(checker->diagnostics, method->where, "there is a `%s` already",
                                 method->name);
                diagnostic_note(checker->diagnostics, other->where, "here");
            } else if (method->ordinal != 0 && other->ordinal == method->ordinal) {
                diagnostic_error(checker->diagnostics, method->ordinal_value->where,
                                 "the number %u is taken by `%s`", method->ordinal, other->name);
                diagnostic_note(checker->diagnostics, other->where, "here");
            }
        }
    }
}

static void decl_check(struct checker *checker, struct decl *decl)
{
    check_decl_attributes(checker->diagnostics, decl);
    for (const struct decl *other = checker->library->decls; other != decl; other = other->next) {
        if (strcmp(other->name, decl->name) == 0) {
            diagnostic_error(checker->diagnostics, decl->where, "there is a `%s` already",
                             decl->name);
            diagnostic_note(checker->diagnostics, other->where, "here");
        }
    }
    check_name(checker->diagnostics, decl->name, decl->where);
    if (decl->kind == DECL_CONST) {
        const_check(checker, decl);
        return;
    }
    if (decl->kind == DECL_ENUM || decl->kind == DECL_BITS) {
        base_check(checker, decl);
    } else if (decl->kind == DECL_TABLE || decl->kind == DECL_UNION) {
        room_check(checker, decl);
    }
    for (struct member *member = decl->members; member != NULL; member = member->next) {
        member_check(checker, decl, member);
    }
    methods_check(checker, decl);
    if (decl->members == NULL && decl->methods == NULL) {
        diagnostic_error(checker->diagnostics, decl->where, "`%s` has no members", decl->name);
    }
}

void check_run(struct diagnostics *diagnostics, struct library *library)
{
    struct checker checker = {diagnostics, library};
    for (const char *at = library->path.text; *at != 0; at++) {
        if (!(*at >= 'a' && *at <= 'z') && !(*at >= '0' && *at <= '9') && *at != '_' &&
            *at != '.') {
            diagnostic_error(diagnostics, library->path.where,
                             "a library's name is lower-case words with points between them");
            break;
        }
    }
    for (struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        decl_check(&checker, decl);
    }
}
