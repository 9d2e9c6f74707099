/* SPDX-License-Identifier: MIT */
/* Methods and events: what may be a parameter, and what may go together. */
#include "check.h"
#include "layout.h"
#include "objects.h"
#include <string.h>

#define ERROR_TRANSPORT_FIRST 512
#define ERROR_TRANSPORT_LAST  1023
#define ERROR_MAX             65535

/* A value that lies in the fixed part, or an element of a vector or array. */
static bool type_is_fixed(const struct type *type)
{
    return type->kind <= TYPE_I64 || type->kind == TYPE_WRONG || type->kind == TYPE_ARRAY ||
           (type->kind == TYPE_NAMED && type->decl->kind != DECL_TABLE);
}

static bool is_wrong_inside(struct diagnostics *diagnostics, const struct type *type)
{
    if (type->kind != TYPE_VECTOR && type->kind != TYPE_ARRAY && type->kind != TYPE_OPTIONAL) {
        return false;
    }
    const struct type *element = type->element;
    bool is_good =
        (type_is_fixed(element) && (element->kind != TYPE_ARRAY || type->kind == TYPE_OPTIONAL)) ||
        (type->kind == TYPE_OPTIONAL && element->kind == TYPE_HANDLE);
    if (!is_good) {
        diagnostic_error(diagnostics, element->where, "this cannot be inside of %s",
                         type->kind == TYPE_VECTOR  ? "a vector"
                         : type->kind == TYPE_ARRAY ? "an array"
                                                    : "an optional value");
        diagnostic_help(diagnostics, type->kind == TYPE_OPTIONAL
                                         ? "an empty string, vector or table says the same"
                                         : "integers, bool, enums, bits, structs and unions can");
    }
    return !is_good || is_wrong_inside(diagnostics, element);
}

void check_field(struct diagnostics *diagnostics, const struct decl *decl,
                 const struct member *member)
{
    const struct type *type = member->type;
    if (type == NULL) {
        return;
    }
    if (is_wrong_inside(diagnostics, type)) {
        return;
    }
    const struct type *bare = type_bare(type);
    if (bare->kind == TYPE_HANDLE || bare->kind == TYPE_LEASE) {
        diagnostic_error(diagnostics, type->where, "a handle cannot be inside of a %s",
                         decl->kind == DECL_STRUCT  ? "struct"
                         : decl->kind == DECL_TABLE ? "table"
                                                    : "union");
        diagnostic_help(diagnostics, "make it a parameter of the method");
    } else if (type_is_named(bare, DECL_TABLE)) {
        diagnostic_error(diagnostics, type->where, "a table cannot be inside of something else");
        diagnostic_help(diagnostics, "make it a parameter of the method");
    } else if (decl->kind != DECL_STRUCT && !type_is_fixed(type)) {
        diagnostic_error(diagnostics, type->where,
                         "a member of a table or union is of one fixed size without a count");
        diagnostic_help(diagnostics, "put it into a struct");
    }
}

static void params_check(struct diagnostics *diagnostics, const struct method *method,
                         const struct message *message, bool is_reply)
{
    for (struct member *param = message->params; param != NULL; param = param->next) {
        check_name(diagnostics, param->name, param->where);
        check_param_attributes(diagnostics, param);
        (void)is_wrong_inside(diagnostics, param->type); /* it has reported */
        for (struct member *other = message->params; other != param; other = other->next) {
            if (strcmp(other->name, param->name) == 0) {
                diagnostic_error(diagnostics, param->where, "there is a parameter `%s` already",
                                 param->name);
            }
        }
        if (param->type->kind == TYPE_LEASE && (is_reply || method->is_event)) {
            diagnostic_error(diagnostics, param->type->where, "only a request lends memory");
        } else if (param->type->kind == TYPE_LEASE && method->is_oneway) {
            diagnostic_error(diagnostics, param->type->where,
                             "a one-way method lends nothing: nobody waits until it is done");
        }
    }
}

/* An error's number goes into the answer beside the transport's own. */
static void error_check(struct diagnostics *diagnostics, const struct method *method)
{
    for (const struct member *member = method->error->members; member != NULL;
         member = member->next) {
        number_t number = member->value->number;
        if (number >= 1 && number <= ERROR_MAX &&
            (number < ERROR_TRANSPORT_FIRST || number > ERROR_TRANSPORT_LAST)) {
            continue;
        }
        diagnostic_error(diagnostics, member->where,
                         number == 0 ? "0 stands for success and cannot be an error"
                                     : "the value of an error is 1 to 511 or 1024 to 65535");
        diagnostic_note(diagnostics, method->error_path.where, "an error because of this");
        diagnostic_help(diagnostics, "take the Linux number where there is one (`ENOENT`), and "
                                     "1024 and up for your own");
    }
}

/* What may be called again by itself gives no handles away. */
static void repeatable_check(struct diagnostics *diagnostics, const struct method *method)
{
    bool lends = false;
    for (const struct member *param = method->request.params; param != NULL; param = param->next) {
        lends = lends || param->type->kind == TYPE_LEASE;
    }
    for (const struct member *param = method->request.params; param != NULL; param = param->next) {
        bool moves = type_bare(param->type)->kind == TYPE_HANDLE &&
                     attribute_find(param->attributes, "copy") == NULL;
        if (moves && method->is_idempotent) {
            diagnostic_error(diagnostics, param->where,
                             "an idempotent method cannot move a handle: a second try has none");
            diagnostic_help(diagnostics, "write `@copy %s`", param->name);
        } else if (moves && lends) {
            diagnostic_error(diagnostics, param->where,
                             "a method that lends memory cannot move a handle: it is called again "
                             "if a page is not there");
            diagnostic_help(diagnostics, "write `@copy %s`", param->name);
        }
    }
}

void check_method(struct diagnostics *diagnostics, const struct decl *decl, struct method *method)
{
    (void)decl;
    const char *what = method->is_event ? "an event" : "a one-way method";
    check_name(diagnostics, method->name, method->where);
    params_check(diagnostics, method, &method->request, false);
    params_check(diagnostics, method, &method->reply, true);
    if (method->error != NULL) {
        error_check(diagnostics, method);
    }
    if (!method->is_event && !method->is_oneway) {
        repeatable_check(diagnostics, method);
        return;
    }
    for (const struct member *param = method->request.params; method->is_event && param != NULL;
         param = param->next) {
        if (type_bare(param->type)->kind == TYPE_HANDLE) {
            diagnostic_error(diagnostics, param->where,
                             "an event carries no handles: it may go to many");
        }
    }
    if (method->reply.params != NULL || method->error_path.text != NULL) {
        diagnostic_error(diagnostics, method->where, "%s has no answer and no error", what);
    }
    if (method->is_idempotent || method->deadline_ns != 0 ||
        (method->is_event && method->is_oneway)) {
        diagnostic_error(diagnostics, method->where,
                         "%s is not answered, so @idempotent, @deadline and @oneway do not go "
                         "with it",
                         method->is_event ? "an event" : "it");
    }
}
