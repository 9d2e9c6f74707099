/* SPDX-License-Identifier: MIT */
/* The reference of a protocol, to be read. */
#include "describe.h"
#include "layout.h"
#include "outputs.h"

/* Documentation in a cell of a table: one line, no bars. */
static void cell(struct text *text, const char *doc)
{
    for (; doc != NULL && *doc != 0; doc++) {
        text_printf(text, *doc == '\n' ? " " : *doc == '|' ? "\\|" : "%c", *doc);
    }
}

static void members(struct text *text, const struct decl *decl)
{
    bool has_type =
        decl->kind == DECL_STRUCT || decl->kind == DECL_TABLE || decl->kind == DECL_UNION;
    const char *first = decl->kind == DECL_STRUCT ? "byte" : has_type ? "number" : "value";
    text_printf(text,
                has_type ? "| %s | name | type | |\n|---|---|---|---|\n"
                         : "| %s | name | |\n|---|---|---|\n",
                first);
    for (const struct member *member = decl->members; member != NULL; member = member->next) {
        if (decl->kind == DECL_BITS) {
            text_printf(text, "| 0x%llx", (unsigned long long)member->value->number);
        } else if (!has_type) {
            text_printf(text, "| %lld", (long long)member->value->number);
        } else {
            text_printf(text, "| %u", decl->kind == DECL_STRUCT ? member->offset : member->ordinal);
        }
        if (member->name == NULL) {
            text_printf(text, " | | %u bytes, zero | |\n", member->size);
            continue;
        }
        text_printf(text, " | `%s` | ", member->name);
        if (has_type) {
            text_printf(text, "`");
            describe_type(text, member->type);
            text_printf(text, "` | ");
        }
        cell(text, member->doc);
        text_printf(text, " |\n");
    }
    text_printf(text, "\n");
}

static void declaration(struct text *text, const struct decl *decl)
{
    static const char *const words[] = {
        [DECL_CONST] = "Constant", [DECL_ENUM] = "Enum",   [DECL_BITS] = "Bits",
        [DECL_STRUCT] = "Struct",  [DECL_TABLE] = "Table", [DECL_UNION] = "Union",
        [DECL_PROTOCOL] = "",
    };
    text_printf(text, "## %s %s\n\n", words[decl->kind], decl->name);
    if (decl->doc != NULL) {
        text_printf(text, "%s\n\n", decl->doc);
    }
    if (decl->kind == DECL_CONST) {
        if (decl->value->kind == VALUE_TEXT) {
            text_printf(text, "`\"%s\"`\n\n", decl->value->text);
        } else {
            text_printf(text, "%lld\n\n", (long long)decl->value->number);
        }
        return;
    }
    if (decl->kind == DECL_TABLE) {
        text_printf(text, "At most %u bytes on the wire.", decl->room);
    } else {
        text_printf(text, "%u bytes.%s", decl->size,
                    decl->is_flexible ? " Flexible: other members may come." : "");
    }
    text_printf(text, "\n\n");
    members(text, decl);
}

static void size_line(struct text *text, const char *what, const struct message *message)
{
    text_printf(text, "%s: %u", what, message->fixed_size);
    if (message->max_size != message->fixed_size) {
        text_printf(text, " to %u", message->max_size);
    }
    text_printf(text, " bytes%s. ",
                message->max_size <= MESSAGE_REGISTER_MAX && message->handle_max == 0
                    ? ", in registers"
                    : "");
}

static void method_section(struct text *text, const struct decl *protocol,
                           const struct method *method)
{
    text_printf(text, "### %s\n\n```\n", method->name);
    describe_method(text, method);
    text_printf(text, "\n```\n\n");
    if (method->doc != NULL) {
        text_printf(text, "%s\n\n", method->doc);
    }
    const char *sign = "Errors: ";
    for (const struct member *member = method->error != NULL ? method->error->members : NULL;
         member != NULL; member = member->next) {
        text_printf(text, "%s`%s`", sign, member->name);
        sign = ", ";
    }
    text_printf(text, method->error != NULL ? ".\n\n" : "");
    size_line(text, method->is_event ? "Event" : "Request", &method->request);
    if (!method->is_event && !method->is_oneway) {
        size_line(text, "Answer", &method->reply);
    }
    text_printf(text, "%s%s%s", method->is_idempotent ? "Idempotent: the client repeats it. " : "",
                method->is_oneway ? "One-way. " : "",
                method->is_batch ? "Can be called in a batch. " : "");
    if (method->deadline_ns != 0) {
        text_printf(text, "Deadline: %llu ms. ", (unsigned long long)method->deadline_ns / 1000000);
    }
    if (method->since > 1) {
        text_printf(text, "Since version %u. ", method->since);
    }
    if (!method_is_live(protocol, method)) {
        text_printf(text, "Removed in version %u. ", method->removed);
    }
    text->length--; /* the last blank */
    text_printf(text, "\n\n");
}

void output_markdown(struct arena *arena, const struct library *library, struct text *text)
{
    (void)arena;
    text_printf(text, "# %s\n\n%s\n\n", library->path.text,
                library->doc != NULL ? library->doc : "");
    for (const struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        if (decl->kind != DECL_PROTOCOL) {
            continue;
        }
        text_printf(
            text, "## Protocol %s\n\nNumber 0x%x, above bit 16 of the numbers of its methods.\n\n",
            decl->name, decl->number);
        if (decl->doc != NULL) {
            text_printf(text, "%s\n\n", decl->doc);
        }
        for (const struct method *method = decl->methods; method != NULL; method = method->next) {
            method_section(text, decl, method);
        }
    }
    for (const struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        if (decl->kind != DECL_PROTOCOL) {
            declaration(text, decl);
        }
    }
    text->length--; /* one line feed at the end */
    text->bytes[text->length] = 0;
}
