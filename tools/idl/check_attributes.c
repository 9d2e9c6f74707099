/* SPDX-License-Identifier: MIT */
/* What may stand after @, where, and with which value. */
#include "check.h"
#include "resolve.h"
#include <string.h>

enum place {
    PLACE_PROTOCOL = 1,
    PLACE_METHOD = 2,
    PLACE_MEMBER = 4, /* of an enum, bits, table or union */
    PLACE_PARAM = 8,
    PLACE_OTHER = 16
};

static const struct attribute_rule {
    const char *name;
    unsigned places;
    bool has_value;
    const char *example;
} rules[] = {
    {"version", PLACE_PROTOCOL, true, "@version(2)"},
    {"idempotent", PLACE_METHOD, false, "@idempotent"},
    {"oneway", PLACE_METHOD, false, "@oneway"},
    {"batch", PLACE_METHOD, false, "@batch"},
    {"deadline", PLACE_METHOD, true, "@deadline(2s)"},
    {"since", PLACE_METHOD | PLACE_MEMBER, true, "@since(2)"},
    {"removed", PLACE_METHOD | PLACE_MEMBER, true, "@removed(3)"},
    {"copy", PLACE_PARAM, false, "@copy"},
};

struct attribute *attribute_find(struct attribute *list, const char *name)
{
    for (; list != NULL; list = list->next) {
        if (strcmp(list->name, name) == 0) {
            return list;
        }
    }
    return NULL;
}

static void attribute_check(struct diagnostics *diagnostics, struct attribute *attribute,
                            unsigned place)
{
    struct suggestion suggestion = {.wrong = attribute->name};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const struct attribute_rule *rule = &rules[i];
        suggestion_offer(&suggestion, rule->name);
        if (strcmp(rule->name, attribute->name) != 0) {
            continue;
        }
        if ((rule->places & place) == 0) {
            diagnostic_error(diagnostics, attribute->where, "`@%s` does not belong here",
                             rule->name);
            diagnostic_help(diagnostics, "it is for %s",
                            rule->places == PLACE_PROTOCOL ? "protocols"
                            : rule->places == PLACE_PARAM  ? "parameters that are handles"
                            : rule->places == PLACE_METHOD ? "methods"
                                                           : "methods and members");
        } else if (rule->has_value != (attribute->value != NULL)) {
            diagnostic_error(diagnostics, attribute->where, "`@%s` has %s", rule->name,
                             rule->has_value ? "a value" : "no value");
            diagnostic_help(diagnostics, "write `%s`", rule->example);
        }
        return;
    }
    diagnostic_error(diagnostics, attribute->where, "there is no attribute `@%s`", attribute->name);
    if (suggestion.best != NULL) {
        diagnostic_help(diagnostics, "did you mean `@%s`?", suggestion.best);
    }
}

static void list_check(struct diagnostics *diagnostics, struct attribute *list, unsigned place)
{
    for (; list != NULL; list = list->next) {
        attribute_check(diagnostics, list, place);
        struct attribute *again = attribute_find(list->next, list->name);
        if (again != NULL) {
            diagnostic_error(diagnostics, again->where, "`@%s` is there twice", again->name);
        }
    }
}

/* The value of an attribute, or `otherwise` if it is not there. */
static uint64_t attribute_number(struct diagnostics *diagnostics, struct attribute *list,
                                 const char *name, uint64_t most, uint64_t otherwise)
{
    struct attribute *attribute = attribute_find(list, name);
    if (attribute == NULL || attribute->value == NULL) {
        return otherwise;
    }
    const struct value *value = attribute->value;
    if (value->kind != VALUE_NUMBER || value->number < 1 || value->number > most) {
        diagnostic_error(diagnostics, value->where, "the value of `@%s` is a number from 1 to %llu",
                         name, (unsigned long long)most);
        return otherwise;
    }
    return (uint64_t)value->number;
}

/* @since and @removed, against the protocol's version where there is one. */
static void versions_check(struct diagnostics *diagnostics, struct attribute *list,
                           struct span where, uint32_t version, uint32_t *since, uint32_t *removed)
{
    *since = (uint32_t)attribute_number(diagnostics, list, "since", 65535, 1);
    *removed = (uint32_t)attribute_number(diagnostics, list, "removed", 65535, VERSION_NEVER);
    if (*removed <= *since) {
        diagnostic_error(diagnostics, where, "removed in version %u, but there since version %u",
                         *removed, *since);
    } else if (version != 0 && *since > version) {
        diagnostic_error(diagnostics, where, "since version %u, but the protocol has version %u",
                         *since, version);
        diagnostic_help(diagnostics, "write `@version(%u)` in front of the protocol", *since);
    }
}

void check_decl_attributes(struct diagnostics *diagnostics, struct decl *decl)
{
    bool is_protocol = decl->kind == DECL_PROTOCOL;
    list_check(diagnostics, decl->attributes, is_protocol ? PLACE_PROTOCOL : PLACE_OTHER);
    decl->version = (uint32_t)attribute_number(diagnostics, decl->attributes, "version", 65535, 1);
}

void check_member_attributes(struct diagnostics *diagnostics, const struct decl *decl,
                             struct member *member)
{
    list_check(diagnostics, member->attributes,
               decl->kind == DECL_STRUCT ? PLACE_OTHER : PLACE_MEMBER);
    versions_check(diagnostics, member->attributes, member->where, 0, &member->since,
                   &member->removed);
}

void check_param_attributes(struct diagnostics *diagnostics, struct member *param)
{
    list_check(diagnostics, param->attributes, PLACE_PARAM);
    struct attribute *copy = attribute_find(param->attributes, "copy");
    if (copy != NULL && param->type->kind != TYPE_HANDLE &&
        (param->type->element == NULL || param->type->element->kind != TYPE_HANDLE)) {
        diagnostic_error(diagnostics, copy->where, "`@copy` is for handles; `%s` is none",
                         param->name);
    }
}

void check_method_attributes(struct diagnostics *diagnostics, const struct decl *decl,
                             struct method *method)
{
    list_check(diagnostics, method->attributes, PLACE_METHOD);
    versions_check(diagnostics, method->attributes, method->where, decl->version, &method->since,
                   &method->removed);
    method->is_oneway = attribute_find(method->attributes, "oneway") != NULL;
    method->is_batch = attribute_find(method->attributes, "batch") != NULL;
    method->is_idempotent = attribute_find(method->attributes, "idempotent") != NULL;
    method->deadline_ns =
        attribute_number(diagnostics, method->attributes, "deadline", 3600 * 1000000000ull, 0);
}

bool method_is_live(const struct decl *protocol, const struct method *method)
{
    return method->removed > protocol->version;
}
