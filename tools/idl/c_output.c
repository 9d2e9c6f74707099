/* SPDX-License-Identifier: MIT */
#include "c_output.h"
#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static struct c_output begin(struct arena *arena, const struct library *library, struct text *text)
{
    struct c_output out = {arena, library, library_stem(arena, library), text};
    text_printf(text, "/* Made by idl from %s: a change here is lost. */\n",
                base_name(library->source->path));
    return out;
}

#define COLUMNS_MAX 100

/* Breaks lists of parameters that are too long for a line behind their opening parenthesis. */
static void lines_wrap(struct text *text, const char *from)
{
    while (*from != 0) {
        size_t length = strcspn(from, "\n");
        const char *open = memchr(from, '(', length);
        size_t indent = open == NULL ? 0 : (size_t)(open - from) + 1;
        while (open != NULL && length > 1 && text_column(text) + length > COLUMNS_MAX) {
            size_t column = text_column(text); /* a name may be longer than a line */
            size_t cut = column < COLUMNS_MAX ? COLUMNS_MAX - column : 0;
            while (cut > 0 && !(from[cut - 1] == ',' && from[cut] == ' ')) {
                cut--;
            }
            if (cut == 0) {
                break;
            }
            text_printf(text, "%.*s\n%*s", (int)cut, from, (int)indent, "");
            from += cut + 1;
            length -= cut + 1;
        }
        text_printf(text, "%.*s", (int)length, from);
        from += length;
        if (*from == '\n') {
            text_add(text, from++, 1);
        }
    }
}

/* The text so far, with its lines broken. */
static void finish(struct text *text)
{
    struct text raw = *text;
    *text = (struct text){0};
    lines_wrap(text, text_of(&raw));
    text_free(&raw);
}

void c_header(struct arena *arena, const struct library *library, struct text *text)
{
    struct c_output out = begin(arena, library, text);
    c_doc(&out, library->doc, "");
    text_printf(text, "#pragma once\n\n#include <quay/batch.h>\n#include <quay/caller.h>\n"
                      "#include <quay/connection.h>\n#include <quay/outbox.h>\n"
                      "#include <quay/protocol.h>\n");
    for (const struct using *using = library->usings; using != NULL; using = using->next) {
        text_printf(text, "#include <idl/%s.h>\n", library_stem(arena, using->library));
    }
    text_printf(text, "\nQY_C_BEGIN\n\n");
    c_types(&out);
    for (const struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        if (decl->kind != DECL_PROTOCOL) {
            continue;
        }
        text_printf(text, "/* --- protocol %s --- */\n\n", decl->name);
        c_doc(&out, decl->doc, "");
        text_printf(text,
                    "#define QY_%s_PROTOCOL 0x%xu /* QY_METHOD_PROTOCOL() of its methods */\n",
                    c_upper(&out, c_protocol(&out, decl)), decl->number);
        for (const struct method *method = decl->methods; method != NULL; method = method->next) {
            if (method_is_live(decl, method)) {
                text_printf(text, "#define %s 0x%xu\n", c_method_constant(&out, decl, method),
                            method->number);
            }
        }
        text_printf(text, "\n");
        c_message_structs(&out, decl);
        c_client_prototypes(&out, decl);
        c_callback_prototypes(&out, decl);
        if (c_has_oneway(decl)) {
            c_oneway_prototypes(&out, decl);
        }
        c_server_prototypes(&out, decl);
        if (c_has_events(decl)) {
            c_event_prototypes(&out, decl);
        }
    }
    text_printf(text, "QY_C_END\n");
    finish(text);
}

void c_source(struct arena *arena, const struct library *library, struct text *text)
{
    struct c_output out = begin(arena, library, text);
    text_printf(text,
                "#include <idl/%s.h>\n#include <quay/channel.h>\n#include <quay/clock.h>\n"
                "#include <quay/interface.h>\n#include <quay/lending.h>\n"
                "#include <quay/server.h>\n\n",
                out.stem);
    c_valid_functions(&out);
    c_tables(&out);
    for (const struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        if (decl->kind == DECL_PROTOCOL) {
            c_codecs(&out, decl);
            c_client(&out, decl);
            c_callbacks(&out, decl);
            if (c_has_oneway(decl)) {
                c_oneway(&out, decl);
            }
            c_description(&out, decl);
            c_server(&out, decl);
            if (c_has_events(decl)) {
                c_events(&out, decl);
            }
        }
    }
    finish(text);
}
