/* SPDX-License-Identifier: MIT */
/*
 * The stream editor of POSIX: addresses, { }, a b c d D g G h H i l n N p P q r s t w x y = : !
 *
 * sed.c executes, sed_script.c reads the script, sed_input.c the files.
 */
#include "sed.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

static const char usage[] =
    "usage: sed [-Enrsi] SCRIPT [FILE...]\n"
    "       sed [-Enrsi] -e SCRIPT... -f FILE... [FILE...]\n\n"
    "Edits each line as the script says and prints it.\n\n"
    "  -n  prints only what p and w say\n  -E  extended regular expressions\n"
    "  -i  writes each file back\n  -s  counts the lines of each file anew\n\n"
    "Commands: s/RE/TEXT/[gpiN w FILE] y/ABC/XYZ/ d p q = a i c TEXT n N D P g G h H x\n"
    "          b LABEL t LABEL :LABEL r FILE w FILE l { }, each with [ADDRESS[,ADDRESS]][!]\n";

/* A text that grows; always ends with a zero. */
struct space {
    char *text;
    size_t length;
    size_t room;
};

/* What a and r print when the line is done. */
struct appended {
    const char *text;
    bool is_file;
};

#define APPENDED_MAX 64

static struct {
    struct sed_script script;
    bool quiet;
    struct space pattern;
    struct space hold;
    bool substituted;
    struct appended appended[APPENDED_MAX];
    size_t appended_count;
} sed;

static void append_bytes(struct space *space, const char *bytes, size_t length)
{
    if (space->length + length + 1 > space->room) {
        space->room = 2 * space->room + length + 80;
        space->text = tool_resize(space->text, space->room);
    }
    memcpy(space->text + space->length, bytes, length);
    space->length += length;
    space->text[space->length] = 0;
}

static void set_bytes(struct space *space, const char *bytes, size_t length)
{
    space->length = 0;
    append_bytes(space, bytes, length);
}

static bool read_line(bool append)
{
    const struct line *line = sed_input_line();

    if (!line) {
        return false;
    }
    if (append) {
        append_bytes(&sed.pattern, "\n", 1);
        append_bytes(&sed.pattern, line->text, line->length);
    } else {
        set_bytes(&sed.pattern, line->text, line->length);
    }
    return true;
}

/* --- output --- */

static void print(const char *text, size_t length, FILE *file)
{
    (void)fwrite(text, 1, length, file);
    if (sed_input.newline || sed_input.have_ahead) {
        (void)fputc('\n', file);
    }
}

static void print_pattern(void)
{
    print(sed.pattern.text, sed.pattern.length, sed_input.output);
}

static void print_appended(void)
{
    for (size_t index = 0; index < sed.appended_count; index++) {
        const struct appended *appended = &sed.appended[index];
        FILE *file;
        int character;

        if (!appended->is_file) {
            (void)fprintf(sed_input.output, "%s\n", appended->text);
            continue;
        }
        file = fopen(appended->text, "re");
        while (file && (character = getc(file)) != EOF) {
            (void)fputc(character, sed_input.output);
        }
        if (file) {
            (void)fclose(file);
        }
    }
    sed.appended_count = 0;
}

static void append_later(const char *text, bool is_file)
{
    if (sed.appended_count < APPENDED_MAX) {
        sed.appended[sed.appended_count++] = (struct appended){text, is_file};
    }
}

static void end_line(void)
{
    if (!sed.quiet) {
        print_pattern();
    }
    print_appended();
}

/* l: what cannot be seen as sequences, in lines of 69 characters. */
static void print_visible(void)
{
    static const char special[] = "\\\a\b\f\n\r\t\v";
    static const char letters[] = "\\abfnrtv";
    unsigned column = 0;

    for (size_t index = 0; index < sed.pattern.length; index++) {
        char byte = sed.pattern.text[index];
        const char *found = byte ? strchr(special, byte) : NULL;
        char text[8];

        if (found) {
            (void)snprintf(text, sizeof(text), "\\%c", letters[found - special]);
        } else if (isprint((unsigned char)byte)) {
            (void)snprintf(text, sizeof(text), "%c", byte);
        } else {
            (void)snprintf(text, sizeof(text), "\\%03o", (unsigned char)byte);
        }
        if (column + strlen(text) > 69) {
            (void)fputs("\\\n", sed_input.output);
            column = 0;
        }
        (void)fputs(text, sed_input.output);
        column += (unsigned)strlen(text);
    }
    (void)fputs("$\n", sed_input.output);
}

/* --- addresses --- */

static bool address_matches(const struct sed_address *address)
{
    switch (address->kind) {
    case SED_ADDRESS_LINE:
        return sed_input.number == address->number;
    case SED_ADDRESS_LAST:
        return sed_input_is_last();
    case SED_ADDRESS_EXPRESSION:
        return regexec(address->expression, sed.pattern.text, 0, NULL, 0) == 0;
    case SED_ADDRESS_STEP:
        return address->step ? sed_input.number >= address->number &&
                                   (sed_input.number - address->number) % address->step == 0
                             : sed_input.number == address->number;
    case SED_ADDRESS_NONE:
    case SED_ADDRESS_MORE:
        return true;
    }
    return true;
}

static bool range_ends(struct sed_command *command)
{
    const struct sed_address *end = &command->addresses[1];

    switch (end->kind) {
    case SED_ADDRESS_LINE:
        return sed_input.number >= end->number;
    case SED_ADDRESS_MORE:
        return sed_input.number >= command->first_line + end->number;
    default:
        return address_matches(end);
    }
}

static bool is_selected(struct sed_command *command)
{
    if (command->addresses[1].kind == SED_ADDRESS_NONE) {
        return address_matches(&command->addresses[0]);
    }
    if (command->in_range) {
        command->in_range = !range_ends(command);
        return true;
    }
    if (!address_matches(&command->addresses[0])) {
        return false;
    }
    command->first_line = sed_input.number;
    /* The end is looked for from the next line on, but a line number may be behind already. */
    command->in_range = !((command->addresses[1].kind == SED_ADDRESS_LINE ||
                           command->addresses[1].kind == SED_ADDRESS_MORE) &&
                          range_ends(command));
    return true;
}

/* --- s and y --- */

static void add_replacement(struct space *result, const char *replacement, const char *text,
                            const regmatch_t *matches)
{
    for (; *replacement; replacement++) {
        int group = -1;

        if (*replacement == '&') {
            group = 0;
        } else if (*replacement == '\\' && replacement[1]) {
            replacement++;
            if (isdigit((unsigned char)*replacement)) {
                group = *replacement - '0';
            } else if (*replacement == 'n') {
                append_bytes(result, "\n", 1);
                continue;
            } else if (*replacement == 't') {
                append_bytes(result, "\t", 1);
                continue;
            }
        }
        if (group < 0) {
            append_bytes(result, replacement, 1);
        } else if (matches[group].rm_so >= 0) {
            append_bytes(result, text + matches[group].rm_so,
                         (size_t)(matches[group].rm_eo - matches[group].rm_so));
        }
    }
}

static void substitute(const struct sed_command *command)
{
    const struct sed_substitution *how = &command->substitution;
    struct space result = {0};
    const char *text = sed.pattern.text;
    const char *end = sed.pattern.text + sed.pattern.length;
    unsigned count = 0;
    bool replaced = false;
    regmatch_t matches[10];
    int flags = 0;

    append_bytes(&result, "", 0);
    while (text <= end && regexec(how->expression, text, 10, matches, flags) == 0) {
        size_t before = (size_t)matches[0].rm_so;
        size_t after = (size_t)matches[0].rm_eo;

        count++;
        append_bytes(&result, text, before);
        if (count >= how->which) {
            add_replacement(&result, command->text, text, matches);
            replaced = true;
        } else {
            append_bytes(&result, text + before, after - before);
        }
        text += after;
        if (after == before) {
            /* Nothing matched: the next character is not part of it. */
            if (text < end) {
                append_bytes(&result, text, 1);
            }
            text++;
        }
        flags = REG_NOTBOL;
        if (replaced && !how->all) {
            break;
        }
    }
    if (!replaced) {
        free(result.text);
        return;
    }
    if (text < end) {
        append_bytes(&result, text, (size_t)(end - text));
    }
    free(sed.pattern.text);
    sed.pattern = result;
    sed.substituted = true;
    if (how->print) {
        print_pattern();
    }
    if (command->file) {
        print(sed.pattern.text, sed.pattern.length, command->file);
    }
}

static void transliterate(const struct sed_command *command)
{
    for (size_t index = 0; index < sed.pattern.length; index++) {
        unsigned char byte = (unsigned char)sed.pattern.text[index];

        if (command->table[byte]) {
            sed.pattern.text[index] = (char)command->table[byte];
        }
    }
}

/* --- commands --- */

enum step {
    STEP_NEXT,    /* the next command */
    STEP_END,     /* of the line */
    STEP_DELETED, /* without printing */
    STEP_AGAIN,   /* the script again with what is left (D) */
    STEP_QUIT,
};

static void swap_spaces(void)
{
    struct space held = sed.hold;

    sed.hold = sed.pattern;
    sed.pattern = held;
    append_bytes(&sed.pattern, "", 0);
}

static enum step change(struct sed_command *command)
{
    if (command->addresses[1].kind == SED_ADDRESS_NONE || command->negated || !command->in_range) {
        (void)fprintf(sed_input.output, "%s\n", command->text);
    }
    return STEP_DELETED;
}

static enum step delete_first_line(void)
{
    const char *newline = memchr(sed.pattern.text, '\n', sed.pattern.length);

    if (!newline) {
        return STEP_DELETED;
    }
    size_t length = (size_t)(newline + 1 - sed.pattern.text);

    memmove(sed.pattern.text, newline + 1, sed.pattern.length - length + 1);
    sed.pattern.length -= length;
    return STEP_AGAIN;
}

static enum step next_line(bool append)
{
    if (sed_input_is_last() && !(sed_input.next < sed_input.count)) {
        /* Without a next line both end; POSIX prints for n, and GNU for N too. */
        return STEP_QUIT;
    }
    if (!append) {
        end_line();
    } else {
        print_appended();
    }
    return read_line(append) ? STEP_NEXT : STEP_QUIT;
}

static void print_first_line(void)
{
    const char *newline = memchr(sed.pattern.text, '\n', sed.pattern.length);

    (void)fwrite(sed.pattern.text, 1,
                 newline ? (size_t)(newline - sed.pattern.text) : sed.pattern.length,
                 sed_input.output);
    (void)fputc('\n', sed_input.output);
}

static enum step execute(struct sed_command *command)
{
    switch (command->letter) {
    case 'a':
        append_later(command->text, false);
        break;
    case 'c':
        return change(command);
    case 'd':
        return STEP_DELETED;
    case 'D':
        return delete_first_line();
    case 'g':
        set_bytes(&sed.pattern, sed.hold.text ? sed.hold.text : "", sed.hold.length);
        break;
    case 'G':
        append_bytes(&sed.pattern, "\n", 1);
        append_bytes(&sed.pattern, sed.hold.text ? sed.hold.text : "", sed.hold.length);
        break;
    case 'h':
        set_bytes(&sed.hold, sed.pattern.text, sed.pattern.length);
        break;
    case 'H':
        append_bytes(&sed.hold, "\n", 1);
        append_bytes(&sed.hold, sed.pattern.text, sed.pattern.length);
        break;
    case 'i':
        (void)fprintf(sed_input.output, "%s\n", command->text);
        break;
    case 'l':
        print_visible();
        break;
    case 'n':
    case 'N':
        return next_line(command->letter == 'N');
    case 'p':
        print_pattern();
        break;
    case 'P':
        print_first_line();
        break;
    case 'q':
    case 'Q':
        sed_input.status = command->status;
        return command->letter == 'q' ? STEP_QUIT : (sed.quiet = true, STEP_QUIT);
    case 'r':
        append_later(command->text, true);
        break;
    case 's':
        substitute(command);
        break;
    case 'w':
        print(sed.pattern.text, sed.pattern.length, command->file);
        break;
    case 'x':
        swap_spaces();
        break;
    case 'y':
        transliterate(command);
        break;
    case '=':
        (void)fprintf(sed_input.output, "%lu\n", sed_input.number);
        break;
    default:
        break;
    }
    return STEP_NEXT;
}

static enum step run_script(void)
{
    size_t index = 0;

    while (index < sed.script.count) {
        struct sed_command *command = &sed.script.commands[index];
        enum step step;

        if (is_selected(command) == command->negated) {
            index = command->letter == '{' ? command->target : index + 1;
            continue;
        }
        if (command->letter == 'b' || (command->letter == 't' && sed.substituted)) {
            sed.substituted = sed.substituted && command->letter == 'b';
            index = command->target;
            continue;
        }
        step = execute(command);
        if (step != STEP_NEXT) {
            return step;
        }
        index++;
    }
    return STEP_END;
}

static int run_lines(void)
{
    bool again = false;

    for (;;) {
        enum step step;

        if (!again && !read_line(false)) {
            return sed_input.status;
        }
        if (!again) {
            sed.substituted = false;
        }
        step = run_script();
        again = step == STEP_AGAIN;
        if (step == STEP_END || step == STEP_QUIT) {
            end_line();
        } else {
            print_appended();
        }
        if (step == STEP_QUIT) {
            sed_input_finish();
            return sed_input.status;
        }
    }
}

static int run(int argc, char **argv)
{
    static char input[] = "-";
    static char *inputs[] = {input};
    bool extended = false;
    struct space script = {0};
    int option;

    sed_input.output = stdout;
    while ((option = tool_option(argc, argv, "e:Ef:inrs")) != -1) {
        switch (option) {
        case 'e':
            append_bytes(&script, optarg, strlen(optarg));
            append_bytes(&script, "\n", 1);
            break;
        case 'f': {
            FILE *file = tool_open(optarg);
            int character;

            while (file && (character = getc(file)) != EOF) {
                char byte = (char)character;

                append_bytes(&script, &byte, 1);
            }
            if (!file) {
                return 1;
            }
            append_bytes(&script, "\n", 1);
            tool_close(file);
            break;
        }
        case 'E':
        case 'r':
            extended = true;
            break;
        case 'i':
            sed_input.in_place = true;
            break;
        case 'n':
            sed.quiet = true;
            break;
        case 's':
            sed_input.separate = true;
            break;
        default:
            return tool_usage();
        }
    }
    if (!script.text) {
        if (optind == argc) {
            (void)fputs(usage, stderr);
            return 1;
        }
        append_bytes(&script, argv[optind], strlen(argv[optind]));
        optind++;
    }
    if (!sed_parse(&sed.script, script.text, extended)) {
        return 1;
    }
    sed_input.paths = optind < argc ? argv + optind : inputs;
    sed_input.count = optind < argc ? argc - optind : 1;
    append_bytes(&sed.pattern, "", 0);
    return run_lines();
}

const struct tool tool_sed = {.name = "sed", .usage = usage, .run = run};
