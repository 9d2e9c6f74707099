/* SPDX-License-Identifier: MIT */
/*
 * A line per fact about the wire form, "key: value". Facts that may be added later have lines of
 * their own; those that may not are part of one line, so that an addition changes it.
 */
#include "describe.h"
#include "layout.h"
#include "outputs.h"

static void member_text(struct text *text, const struct decl *decl, const struct member *member)
{
    switch (decl->kind) {
    case DECL_STRUCT:
        if (member->name == NULL) {
            text_printf(text, "reserved %u", member->size);
            return;
        }
        text_printf(text, "%s: ", member->name);
        describe_type(text, member->type);
        return;
    case DECL_TABLE:
    case DECL_UNION:
        text_printf(text, "%u: %s: ", member->ordinal, member->name);
        describe_type(text, member->type);
        return;
    default:
        text_printf(text, "%s = %lld", member->name, (long long)member->value->number);
    }
}

static void declaration(struct text *text, const struct decl *decl)
{
    static const char *const words[] = {
        [DECL_CONST] = "const",   [DECL_ENUM] = "enum",   [DECL_BITS] = "bits",
        [DECL_STRUCT] = "struct", [DECL_TABLE] = "table", [DECL_UNION] = "union",
        [DECL_PROTOCOL] = "",
    };
    bool may_grow = decl->is_flexible || decl->kind == DECL_TABLE;
    text_printf(text, "%s %s:", words[decl->kind], decl->name);
    if (decl->kind == DECL_ENUM || decl->kind == DECL_BITS) {
        text_printf(text, " %u bytes", decl->size);
    } else {
        text_printf(text, " %u bytes", decl->kind == DECL_TABLE ? decl->room : decl->size);
    }
    text_printf(text, may_grow && decl->kind != DECL_TABLE ? ", flexible" : "");
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        if (may_grow) {
            text_printf(text, "\n%s %s.%s: ", words[decl->kind], decl->name, member->name);
        } else {
            text_printf(text, "; ");
        }
        member_text(text, decl, member);
    }
    text_printf(text, "\n");
}

static void method_facts(struct text *text, const struct decl *decl, const struct method *method)
{
    text_printf(text, "%s %s.%u: ", method->is_event ? "event" : "method", decl->name,
                method->ordinal);
    if (!method_is_live(decl, method)) {
        text_printf(text, "removed\n");
        return;
    }
    describe_method(text, method);
    text_printf(text, "%s; %u to %u bytes", method->is_oneway ? " oneway" : "",
                method->request.fixed_size, method->request.max_size);
    if (!method->is_event && !method->is_oneway) {
        text_printf(text, ", answer %u to %u", method->reply.fixed_size, method->reply.max_size);
    }
    text_printf(text, "\n");
    if (method->is_batch) {
        text_printf(text, "batch %s.%u: yes\n", decl->name, method->ordinal);
    }
}

void output_summary(struct arena *arena, const struct library *library, struct text *text)
{
    (void)arena;
    text_printf(text, "library: %s\n", library->path.text);
    for (const struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        if (decl->kind == DECL_PROTOCOL) {
            for (const struct method *method = decl->methods; method != NULL;
                 method = method->next) {
                method_facts(text, decl, method);
            }
        } else if (decl->kind != DECL_CONST) {
            declaration(text, decl);
        }
    }
}
