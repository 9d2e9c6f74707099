/* SPDX-License-Identifier: MIT */
#include "sed.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define DEPTH_MAX 50

struct reader {
    struct sed_script *script;
    const char *next;
    bool extended;
    bool failed;
    regex_t *last; /* what an empty expression means */
    size_t open[DEPTH_MAX];
    size_t depth;
};

static void fail(struct reader *reader, const char *message)
{
    if (!reader->failed) {
        (void)tool_error("script, near '%.20s': %s", reader->next, message);
    }
    reader->failed = true;
}

static void skip_blanks(struct reader *reader)
{
    while (isblank((unsigned char)*reader->next)) {
        reader->next++;
    }
}

/* Up to the delimiter, which is passed over. A delimiter behind a backslash stands for itself, \n
 * is a newline in expressions. */
static char *read_delimited(struct reader *reader, char delimiter, bool expression)
{
    char *text = tool_memory(strlen(reader->next) + 1);
    size_t length = 0;
    bool bracket = false;

    for (; *reader->next && (*reader->next != delimiter || bracket); reader->next++) {
        char byte = *reader->next;

        if (byte == '\\' && reader->next[1] && !bracket) {
            reader->next++;
            if (*reader->next == delimiter) {
                text[length++] = delimiter;
            } else if (*reader->next == 'n' && expression) {
                text[length++] = '\n';
            } else {
                text[length++] = '\\';
                text[length++] = *reader->next;
            }
            continue;
        }
        if (expression && byte == '[' && !bracket) {
            bracket = true;
            text[length++] = byte;
            if (reader->next[1] == '^') {
                text[length++] = *++reader->next;
            }
            if (reader->next[1] == ']') {
                text[length++] = *++reader->next;
            }
            continue;
        }
        if (byte == ']') {
            bracket = false;
        }
        text[length++] = byte;
    }
    text[length] = 0;
    if (!*reader->next) {
        fail(reader, "it does not end");
    } else {
        reader->next++;
    }
    return text;
}

static regex_t *compile(struct reader *reader, const char *text, bool ignore_case)
{
    regex_t *expression;
    int error;

    if (!*text) {
        if (!reader->last) {
            fail(reader, "no previous regular expression");
        }
        return reader->last;
    }
    expression = tool_memory(sizeof(*expression));
    error = regcomp(expression, text,
                    (reader->extended ? REG_EXTENDED : 0) | (ignore_case ? REG_ICASE : 0));
    if (error) {
        char message[100];

        (void)regerror(error, expression, message, sizeof(message));
        fail(reader, message);
    }
    reader->last = expression;
    return expression;
}

static unsigned long read_number(struct reader *reader)
{
    char *end;
    unsigned long number = strtoul(reader->next, &end, 10);

    reader->next = end;
    return number;
}

static bool read_address(struct reader *reader, struct sed_address *address, bool second)
{
    char delimiter = *reader->next;

    if (isdigit((unsigned char)delimiter)) {
        address->kind = SED_ADDRESS_LINE;
        address->number = read_number(reader);
        if (*reader->next == '~') {
            reader->next++;
            address->kind = SED_ADDRESS_STEP;
            address->step = read_number(reader);
        }
    } else if (delimiter == '$') {
        reader->next++;
        address->kind = SED_ADDRESS_LAST;
    } else if (delimiter == '+' && second) {
        reader->next++;
        address->kind = SED_ADDRESS_MORE;
        address->number = read_number(reader);
    } else if (delimiter == '/' || delimiter == '\\') {
        char *text;
        bool ignore_case;

        reader->next += delimiter == '\\';
        delimiter = *reader->next++;
        text = read_delimited(reader, delimiter, true);
        ignore_case = *reader->next == 'I';
        reader->next += ignore_case;
        address->kind = SED_ADDRESS_EXPRESSION;
        address->expression = compile(reader, text, ignore_case);
        free(text);
    } else {
        return false;
    }
    return true;
}

static void read_addresses(struct reader *reader, struct sed_command *command)
{
    if (read_address(reader, &command->addresses[0], false)) {
        skip_blanks(reader);
        if (*reader->next == ',') {
            reader->next++;
            skip_blanks(reader);
            if (!read_address(reader, &command->addresses[1], true)) {
                fail(reader, "unexpected ','");
            }
        }
    }
    skip_blanks(reader);
    while (*reader->next == '!') {
        command->negated = true;
        reader->next++;
        skip_blanks(reader);
    }
}

/* The rest of the line; of a, c and i with newlines behind backslashes. */
static char *read_text(struct reader *reader, bool lines)
{
    char *text;
    size_t length = 0;

    if (lines && *reader->next == '\\') {
        reader->next++;
        skip_blanks(reader);
        reader->next += *reader->next == '\n';
    }
    text = tool_memory(strlen(reader->next) + 1);
    for (; *reader->next && *reader->next != '\n'; reader->next++) {
        if (lines && *reader->next == '\\' && reader->next[1]) {
            reader->next++;
        }
        text[length++] = *reader->next;
    }
    text[length] = 0;
    return text;
}

static char *read_label(struct reader *reader)
{
    size_t length;
    char *label;

    skip_blanks(reader);
    length = strcspn(reader->next, "\n;} \t");
    label = tool_memory(length + 1);
    memcpy(label, reader->next, length);
    label[length] = 0;
    reader->next += length;
    return label;
}

static FILE *open_output(struct reader *reader)
{
    char *path;
    FILE *file;

    skip_blanks(reader);
    path = read_text(reader, false);
    file = strcmp(path, "/dev/stdout") == 0 ? stdout : fopen(path, "we");
    if (!file) {
        (void)tool_error_number("%s", path);
        reader->failed = true;
    }
    free(path);
    return file;
}

static void read_substitution(struct reader *reader, struct sed_command *command)
{
    struct sed_substitution *how = &command->substitution;
    char delimiter = *reader->next;
    bool ignore_case = false;
    char *expression;

    if (!delimiter || delimiter == '\n' || delimiter == '\\') {
        fail(reader, "unterminated 's' command");
        return;
    }
    reader->next++;
    expression = read_delimited(reader, delimiter, true);
    command->text = read_delimited(reader, delimiter, false);
    how->which = 1;
    for (;; reader->next++) {
        if (*reader->next == 'g') {
            how->all = true;
        } else if (*reader->next == 'p') {
            how->print = true;
        } else if (*reader->next == 'i' || *reader->next == 'I') {
            ignore_case = true;
        } else if (isdigit((unsigned char)*reader->next)) {
            how->which = (unsigned)read_number(reader);
            reader->next--;
        } else {
            break;
        }
    }
    if (*reader->next == 'w') {
        reader->next++;
        command->file = open_output(reader);
    }
    if (!reader->failed) {
        how->expression = compile(reader, expression, ignore_case);
    }
    free(expression);
}

static void read_transliteration(struct reader *reader, struct sed_command *command)
{
    char delimiter = *reader->next++;
    char *from = read_delimited(reader, delimiter, true);
    char *to = read_delimited(reader, delimiter, true);

    if (!reader->failed && strlen(from) != strlen(to)) {
        fail(reader, "strings for 'y' command are different lengths");
    }
    for (size_t index = 0; !reader->failed && from[index]; index++) {
        command->table[(unsigned char)from[index]] = (unsigned char)to[index];
    }
    free(from);
    free(to);
}

static void read_arguments(struct reader *reader, struct sed_command *command)
{
    size_t place = reader->script->count;

    switch (command->letter) {
    case '{':
        if (reader->depth == DEPTH_MAX) {
            fail(reader, "nested too deeply");
        } else {
            reader->open[reader->depth++] = place;
        }
        break;
    case '}':
        if (reader->depth == 0) {
            fail(reader, "unexpected '}'");
        } else {
            reader->script->commands[reader->open[--reader->depth]].target = place + 1;
        }
        break;
    case 'a':
    case 'c':
    case 'i':
        skip_blanks(reader);
        command->text = read_text(reader, true);
        break;
    case ':':
    case 'b':
    case 't':
        command->text = read_label(reader);
        break;
    case 'r':
        skip_blanks(reader);
        command->text = read_text(reader, false);
        break;
    case 'w':
        command->file = open_output(reader);
        break;
    case 's':
        read_substitution(reader, command);
        break;
    case 'y':
        read_transliteration(reader, command);
        break;
    case 'q':
    case 'Q':
        skip_blanks(reader);
        command->status = (int)read_number(reader);
        break;
    default:
        if (!command->letter || !strchr("dDgGhHlnNpPx=", command->letter)) {
            reader->next--;
            fail(reader, "unknown command");
        }
        break;
    }
}

static void resolve_labels(struct reader *reader)
{
    struct sed_script *script = reader->script;

    for (size_t index = 0; index < script->count; index++) {
        struct sed_command *command = &script->commands[index];

        if (command->letter != 'b' && command->letter != 't') {
            continue;
        }
        command->target = script->count;
        for (size_t place = 0; *command->text && place < script->count; place++) {
            if (script->commands[place].letter == ':' &&
                strcmp(script->commands[place].text, command->text) == 0) {
                command->target = place;
            }
        }
        if (*command->text && command->target == script->count) {
            (void)tool_error("can't find label for jump to '%s'", command->text);
            reader->failed = true;
        }
    }
}

bool sed_parse(struct sed_script *script, const char *text, bool extended)
{
    struct reader reader = {.script = script, .next = text, .extended = extended};

    while (!reader.failed) {
        struct sed_command command = {0};

        reader.next += strspn(reader.next, " \t\n;");
        if (!*reader.next) {
            break;
        }
        if (*reader.next == '#') {
            reader.next += strcspn(reader.next, "\n");
            continue;
        }
        read_addresses(&reader, &command);
        command.letter = *reader.next;
        reader.next += *reader.next != 0;
        script->commands =
            tool_resize(script->commands, (script->count + 1) * sizeof(*script->commands));
        read_arguments(&reader, &command);
        script->commands[script->count++] = command;
        skip_blanks(&reader);
        if (!reader.failed && *reader.next && !strchr("\n;}#", *reader.next) &&
            command.letter != '{' && command.letter != '}') {
            fail(&reader, "extra characters after command");
        }
    }
    if (!reader.failed && reader.depth) {
        fail(&reader, "unmatched '{'");
    }
    resolve_labels(&reader);
    return !reader.failed;
}
