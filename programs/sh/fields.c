/* SPDX-License-Identifier: MIT */
#include "fields.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "variable.h"

void marked_add(struct marked *marked, int byte, enum mark mark)
{
    buffer_add(&marked->bytes, byte);
    buffer_add(&marked->marks, (int)mark);
}

void marked_add_text(struct marked *marked, const char *text, enum mark mark)
{
    for (; *text; text++) {
        marked_add(marked, *text, mark);
    }
}

void marked_fini(struct marked *marked)
{
    buffer_fini(&marked->bytes);
    buffer_fini(&marked->marks);
}

char *marked_text(const struct marked *marked)
{
    struct buffer text = {0};

    for (size_t index = 0; index < marked->bytes.length; index++) {
        if (marked->bytes.bytes[index]) {
            buffer_add(&text, marked->bytes.bytes[index]);
        } else if (marked->marks.bytes[index] == MARK_BREAK) {
            buffer_add(&text, ' ');
        }
    }
    return buffer_take(&text);
}

char *marked_pattern(const struct marked *marked)
{
    struct buffer text = {0};

    for (size_t index = 0; index < marked->bytes.length; index++) {
        char byte = marked->bytes.bytes[index];

        if (byte && marked->marks.bytes[index] == MARK_QUOTED && strchr("*?[]\\!^-", byte)) {
            buffer_add(&text, '\\');
        }
        if (byte) {
            buffer_add(&text, byte);
        }
    }
    return buffer_take(&text);
}

void fields_add(struct fields *fields, char *text)
{
    if (fields->count + 1 >= fields->capacity) {
        fields->capacity = 2 * fields->capacity + 8;
        fields->values = memory_resize(fields->values, fields->capacity * sizeof(char *));
    }
    fields->values[fields->count++] = text;
    fields->values[fields->count] = NULL;
}

void fields_fini(struct fields *fields)
{
    for (size_t index = 0; index < fields->count; index++) {
        free(fields->values[index]);
    }
    free(fields->values);
    *fields = (struct fields){0};
}

static bool has_pattern(const struct marked *field)
{
    for (size_t index = 0; index < field->bytes.length; index++) {
        char byte = field->bytes.bytes[index];

        if (byte && field->marks.bytes[index] != MARK_QUOTED && strchr("*?[", byte)) {
            return true;
        }
    }
    return false;
}

static void add_matches(struct fields *fields, const struct marked *field)
{
    char *pattern = marked_pattern(field);
    glob_t matches;

    if (glob(pattern, 0, NULL, &matches) == 0) {
        for (size_t index = 0; index < matches.gl_pathc; index++) {
            fields_add(fields, text_copy(matches.gl_pathv[index]));
        }
    } else {
        fields_add(fields, marked_text(field));
    }
    globfree(&matches);
    free(pattern);
}

/* The field being built, and how the last one ended. */
struct splitter {
    struct fields *fields;
    bool patterns;
    struct marked field;
    bool open;        /* the field exists */
    bool ended_blank; /* by white space: a delimiter that follows belongs to it */
};

static void end_field(struct splitter *splitter)
{
    if (splitter->patterns && has_pattern(&splitter->field)) {
        add_matches(splitter->fields, &splitter->field);
    } else {
        fields_add(splitter->fields, marked_text(&splitter->field));
    }
    splitter->field.bytes.length = 0;
    splitter->field.marks.length = 0;
    splitter->open = false;
}

static void split_at(struct splitter *splitter, char byte)
{
    if (strchr(" \t\n", byte)) {
        if (splitter->open) {
            end_field(splitter);
            splitter->ended_blank = true;
        }
        return;
    }
    if (splitter->open || !splitter->ended_blank) {
        end_field(splitter);
    }
    splitter->ended_blank = false;
}

void fields_add_marked(struct fields *fields, const struct marked *marked, bool patterns)
{
    struct splitter splitter = {.fields = fields, .patterns = patterns};
    const char *separators = variable_get("IFS");

    separators = separators ? separators : " \t\n";
    for (size_t index = 0; index < marked->bytes.length; index++) {
        char byte = marked->bytes.bytes[index];
        char mark = marked->marks.bytes[index];

        if (mark == MARK_BREAK) {
            if (splitter.open) {
                end_field(&splitter);
            }
            splitter.ended_blank = false;
        } else if (mark == MARK_EXISTS) {
            splitter.open = true;
        } else if (mark == MARK_SPLIT && strchr(separators, byte)) {
            split_at(&splitter, byte);
        } else {
            marked_add(&splitter.field, byte, (enum mark)mark);
            splitter.open = true;
            splitter.ended_blank = false;
        }
    }
    if (splitter.open) {
        end_field(&splitter);
    }
    marked_fini(&splitter.field);
}
