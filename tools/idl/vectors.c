/* SPDX-License-Identifier: MIT */
/*
 * Conformance vectors as text, a line each:
 *
 *   PROTOCOL METHOD NUMBER request|reply|event full|least HEX
 *   PROTOCOL METHOD NUMBER request|reply|event refused HEX WHY
 *
 * A binding must encode what the sample's bytes mean to the same bytes, and refuse the others.
 * An empty payload is "-". With the full sample, and with what is to be refused, come all handles;
 * with the least only those that are not optional.
 */
#include "outputs.h"
#include "sample.h"

static void line(struct text *text, const struct decl *protocol, const struct method *method,
                 const char *word, const char *kind, const struct sample *sample, const char *why)
{
    text_printf(text, "%s.%s %s %u %s %s ", protocol->library->path.text, protocol->name,
                method->name, method->number, word, kind);
    for (uint32_t i = 0; i < sample->length; i++) {
        text_printf(text, "%02x", sample->bytes[i]);
    }
    text_printf(text, "%s%s%s\n", sample->length == 0 ? "-" : "", *why != 0 ? " " : "", why);
}

static void message_lines(struct arena *arena, struct text *text, const struct decl *protocol,
                          const struct method *method, const struct message *message,
                          const char *word)
{
    struct sample sample;
    sample_make(arena, message, false, &sample);
    line(text, protocol, method, word, "least", &sample, "");
    sample_make(arena, message, true, &sample);
    line(text, protocol, method, word, "full", &sample, "");
    for (const struct mutation *mutation = sample.mutations; mutation != NULL;
         mutation = mutation->next) {
        struct sample wrong = sample;
        for (uint32_t i = 0; i < mutation->size; i++) {
            wrong.bytes[mutation->offset + i] = (uint8_t)(mutation->value >> (8 * i));
        }
        for (uint32_t i = 0; i < mutation->extra; i++, wrong.length++) {
            wrong.bytes[wrong.length] = wrong.bytes[wrong.length - mutation->extra];
        }
        line(text, protocol, method, word, "refused", &wrong, mutation->what);
    }
}

void output_vectors(struct arena *arena, const struct library *library, struct text *text)
{
    for (const struct decl *decl = library->decls; decl != NULL; decl = decl->next) {
        for (const struct method *method = decl->methods; method != NULL; method = method->next) {
            if (!method_is_live(decl, method)) {
                continue;
            }
            message_lines(arena, text, decl, method, &method->request,
                          method->is_event ? "event" : "request");
            if (!method->is_event && !method->is_oneway) {
                message_lines(arena, text, decl, method, &method->reply, "reply");
            }
        }
    }
}
