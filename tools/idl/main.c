/* SPDX-License-Identifier: MIT */
/* The command line. */
#include "c_output.h"
#include "compare.h"
#include "format.h"
#include "outputs.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: idl COMMAND [OPTION]... FILE.idl\n"
    "\n"
    "  c          OUTPUT/NAME.h and OUTPUT/NAME.c: types, client, server\n"
    "  json       everything, with sizes and offsets, as JSON\n"
    "  markdown   the reference\n"
    "  wireshark  a dissector in Lua\n"
    "  tables     what servers say of themselves, in its bytes, to decode their messages\n"
    "  vectors    messages as bytes, right and wrong ones, to check a binding with\n"
    "  test       a test program of the generated C, with the same messages\n"
    "  fuzz       the same for libFuzzer, which makes its messages up\n"
    "  dictionary and what it should know for that\n"
    "  summary    what is on the wire, a fact per line\n"
    "  check      compare with the summary in the file SUMMARY; write OUTPUT if nothing differs\n"
    "  fmt        the file in its one form; --check: only say whether it has it\n"
    "\n"
    "  -I FOLDER      look for libraries there, too, not only beside the file\n"
    "  -o OUTPUT      a folder (c), a file (all others; without it: standard output)\n"
    "  -s SUMMARY     check: the file to compare with\n"
    "  --update       check: write SUMMARY anew, if older programs still understand\n"
    "\n"
    "Exit status: 0 done, 1 the file has errors or differs, 2 used wrongly, 3 cannot be written.\n";

struct options {
    const char *command;
    const char *output;
    const char *summary;
    const char *file;
    bool is_check, is_update;
};

/* Writes a file; says why it did not work. */
static int file_write(const char *path, const struct text *text)
{
    FILE *file = fopen(path, "wb");
    bool is_good = file != NULL;
    is_good = is_good && fwrite(text_of(text), 1, text->length, file) == text->length;
    if (file != NULL && fclose(file) != 0) {
        is_good = false;
    }
    if (!is_good) {
        fprintf(stderr, "idl: %s: %s\n", path, strerror(errno));
    }
    return is_good ? 0 : 3;
}

static int c_write(struct compilation *the, const struct library *library,
                   const struct options *options)
{
    const char *folder = options->output != NULL ? options->output : ".";
    const char *stem = library_stem(&the->arena, library);
    struct text header = {0}, source = {0};
    c_header(&the->arena, library, &header);
    c_source(&the->arena, library, &source);
    int status = file_write(arena_printf(&the->arena, "%s/%s.h", folder, stem), &header);
    if (status == 0) {
        status = file_write(arena_printf(&the->arena, "%s/%s.c", folder, stem), &source);
    }
    text_free(&header);
    text_free(&source);
    return status;
}

/* To the output file, or to standard output. */
static int text_write(const struct options *options, const struct text *text)
{
    if (options->output != NULL) {
        return file_write(options->output, text);
    }
    return fwrite(text_of(text), 1, text->length, stdout) == text->length ? 0 : 3;
}

static int check(struct compilation *the, const struct library *library,
                 const struct options *options)
{
    struct text now = {0}, report = {0};
    output_summary(&the->arena, library, &now);
    const struct source *before = compile_read(the, options->summary);
    enum compared result = COMPARED_GROWN;
    if (before != NULL) {
        result = compare_summaries(before->bytes, text_of(&now), &report);
    }
    int status = result == COMPARED_SAME ? 0 : 1;
    if (result == COMPARED_GROWN && options->is_update) {
        status = file_write(options->summary, &now);
    } else if (result != COMPARED_SAME) {
        fprintf(stderr, "%s: %s\n%s", options->file,
                before == NULL ? "has no summary yet"
                               : "differs from what older programs were made from",
                text_of(&report));
        fprintf(stderr,
                result == COMPARED_GROWN
                    ? "help: idl check --update -s %s %s records it\n"
                    : "help: leave what is there as it was, and add beside it\n",
                options->summary, options->file);
    }
    if (status == 0 && options->output != NULL) {
        status = file_write(options->output, &report);
    }
    text_free(&now);
    text_free(&report);
    return status;
}

static int format(struct compilation *the, const struct library *library,
                  const struct options *options)
{
    struct text text = {0};
    format_source(&the->arena, library->source, &text);
    bool is_same = text.length == library->source->length &&
                   memcmp(text_of(&text), library->source->bytes, text.length) == 0;
    int status = 0;
    if (options->is_check) {
        status = is_same ? 0 : 1;
        fprintf(stderr, "%s%s", is_same ? "" : options->file,
                is_same ? "" : ": idl fmt would change it\n");
    } else {
        status = text_write(options, &text);
    }
    text_free(&text);
    return status;
}

static bool flag_parse(const char *word, struct options *options)
{
    options->is_check |= strcmp(word, "--check") == 0;
    options->is_update |= strcmp(word, "--update") == 0;
    return strcmp(word, "--check") == 0 || strcmp(word, "--update") == 0;
}

static bool options_parse(struct compilation *the, int count, char **words, struct options *options)
{
    for (int i = 1; i < count; i++) {
        bool has_value = i + 1 < count;
        if (strcmp(words[i], "-I") == 0 && has_value && the->folder_count < FOLDERS_MAX) {
            the->folders[the->folder_count++] = words[++i];
        } else if (strcmp(words[i], "-o") == 0 && has_value) {
            options->output = words[++i];
        } else if (strcmp(words[i], "-s") == 0 && has_value) {
            options->summary = words[++i];
        } else if (words[i][0] == '-') {
            if (!flag_parse(words[i], options)) {
                return false;
            }
        } else if (options->command == NULL) {
            options->command = words[i];
        } else if (options->file == NULL) {
            options->file = words[i];
        } else {
            return false;
        }
    }
    return options->file != NULL &&
           (strcmp(options->command, "check") != 0 || options->summary != NULL);
}

static int run(struct compilation *the, const struct options *options)
{
    static const struct {
        const char *name;
        void (*write)(struct arena *arena, const struct library *library, struct text *text);
    } outputs[] = {
        {"json", output_json},           {"markdown", output_markdown},
        {"wireshark", output_wireshark}, {"summary", output_summary},
        {"vectors", output_vectors},     {"test", output_c_test},
        {"fuzz", output_c_fuzz},         {"dictionary", output_dictionary},
        {"tables", output_tables},
    };
    const struct library *library = compile_file(the, options->file);
    if (library == NULL) {
        fputs(text_of(&the->diagnostics.text), stderr);
        if (the->diagnostics.errors > 1) {
            fprintf(stderr, "%u errors\n", the->diagnostics.errors);
        }
        return 1;
    }
    if (strcmp(options->command, "c") == 0) {
        return c_write(the, library, options);
    }
    if (strcmp(options->command, "check") == 0) {
        return check(the, library, options);
    }
    if (strcmp(options->command, "fmt") == 0) {
        return format(the, library, options);
    }
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        if (strcmp(options->command, outputs[i].name) == 0) {
            struct text text = {0};
            outputs[i].write(&the->arena, library, &text);
            int status = text_write(options, &text);
            text_free(&text);
            return status;
        }
    }
    fputs(usage, stderr);
    return 2;
}

int main(int count, char **words)
{
    struct compilation the = {0};
    struct options options = {0};
    if (count == 2 && strcmp(words[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    int status = 2;
    if (options_parse(&the, count, words, &options)) {
        status = run(&the, &options);
    } else {
        fputs(usage, stderr);
    }
    compile_end(&the);
    return status;
}
