/* SPDX-License-Identifier: MIT */
/* The whole compiler on any bytes: it ends, without a wrong access, and what it accepts has every
 * output; the formatter's result is formatted; an interface is compatible with itself. */
#include <stdlib.h>
#include <string.h>
#include "c_output.h"
#include "compare.h"
#include "format.h"
#include "outputs.h"

struct input {
    const char *bytes;
    size_t length;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct source *source_make(struct compilation *the, const char *path, const char *bytes,
                                  size_t length)
{
    struct source *source = ARENA_NEW(&the->arena, struct source);
    source->path = path;
    source->bytes = arena_text(&the->arena, bytes, length);
    source->length = (uint32_t)length;
    return source;
}

/* There is one file. */
static struct source *input_read(struct compilation *the, const char *path)
{
    const struct input *input = the->context;
    return strcmp(path, "input.idl") == 0
               ? source_make(the, "input.idl", input->bytes, input->length)
               : NULL;
}

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void formatted_twice(struct compilation *the, const struct library *library)
{
    struct text once = {0}, twice = {0};
    format_source(&the->arena, library->source, &once);
    struct source *formatted = source_make(the, "input.idl", text_of(&once), once.length);
    format_source(&the->arena, formatted, &twice);
    must(once.length == twice.length && memcmp(text_of(&once), text_of(&twice), once.length) == 0);
    text_free(&once);
    text_free(&twice);
}

static void outputs_make(struct compilation *the, const struct library *library)
{
    static void (*const outputs[])(struct arena *, const struct library *, struct text *) = {
        output_json,    output_markdown, output_wireshark,  output_vectors,
        output_c_test,  output_c_fuzz,   output_dictionary, c_header,
        output_summary, c_source, /* last: it sorts the members of tables */
    };
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        struct text text = {0};
        outputs[i](&the->arena, library, &text);
        text_free(&text);
    }
    struct text summary = {0}, report = {0};
    output_summary(&the->arena, library, &summary);
    must(compare_summaries(text_of(&summary), text_of(&summary), &report) == COMPARED_SAME);
    text_free(&summary);
    text_free(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {(const char *)data, size};
    struct compilation the = {.read = input_read, .context = &input};
    const struct library *library = compile_file(&the, "input.idl");
    must((library == NULL) == (the.diagnostics.errors > 0));
    if (library != NULL) {
        formatted_twice(&the, library);
        outputs_make(&the, library);
    }
    compile_end(&the);
    return 0;
}
