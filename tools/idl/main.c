/* SPDX-License-Identifier: MIT */
/* The command line. */
#include "c_output.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: idl COMMAND [-I FOLDER]... [-o OUTPUT] FILE.idl\n"
    "\n"
    "  c         write OUTPUT/NAME.h and OUTPUT/NAME.c: types, client, server\n"
    "\n"
    "A library that a file uses is looked for beside it and in the folders. Exit status: 0 done,\n"
    "1 the file has errors, 2 used wrongly, 3 something could not be written.\n";

struct options {
    const char *command;
    const char *output;
    const char *file;
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

static bool options_parse(struct compilation *the, int count, char **words, struct options *options)
{
    for (int i = 1; i < count; i++) {
        bool has_value = i + 1 < count;
        if (strcmp(words[i], "-I") == 0 && has_value && the->folder_count < FOLDERS_MAX) {
            the->folders[the->folder_count++] = words[++i];
        } else if (strcmp(words[i], "-o") == 0 && has_value) {
            options->output = words[++i];
        } else if (words[i][0] == '-') {
            return false;
        } else if (options->command == NULL) {
            options->command = words[i];
        } else if (options->file == NULL) {
            options->file = words[i];
        } else {
            return false;
        }
    }
    return options->file != NULL;
}

static int run(struct compilation *the, const struct options *options)
{
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
