/* SPDX-License-Identifier: MIT */
#include "complete.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alias.h"
#include "builtins.h"
#include "function.h"
#include "memory.h"
#include "variable.h"

/* Characters that are quoted in a name. */
#define SPECIAL " \t\n\\'\"`$&|;<>()*?[]#~!{}"

/* The word under the cursor, without its quotes. */
struct word_at {
    size_t start;
    struct buffer text;
    char quote;   /* it is in these quotes still */
    bool command; /* it stands where a command may begin */
};

static bool ends_command(char byte)
{
    return strchr(";&|(`{\n", byte);
}

static bool is_opening_word(const char *text, size_t length)
{
    static const char *const words[] = {"if", "then", "else",    "elif", "while", "until",
                                        "do", "!",    "command", "exec", "time",  "{"};

    for (size_t index = 0; index < sizeof(words) / sizeof(words[0]); index++) {
        if (strlen(words[index]) == length && strncmp(words[index], text, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Reads the line up to the cursor as the lexer would, roughly: words, quotes, operators. */
static void find_word(const char *line, size_t cursor, struct word_at *word)
{
    bool in_word = false;
    bool command = true;

    *word = (struct word_at){.start = cursor, .command = true};
    for (size_t index = 0; index < cursor; index++) {
        char byte = line[index];

        if (!word->quote && strchr(" \t\n;&|<>()`", byte)) {
            if (in_word) {
                bool assignment = memchr(line + word->start, '=', index - word->start);

                command = command &&
                          (assignment || is_opening_word(line + word->start, index - word->start));
            }
            in_word = false;
            command = command || ends_command(byte);
            command = command && !strchr("<>", byte);
            continue;
        }
        if (!in_word) {
            in_word = true;
            word->start = index;
            word->command = command;
            word->text.length = 0;
        }
        if (word->quote) {
            if (byte == word->quote) {
                word->quote = 0;
            } else {
                buffer_add(&word->text, byte);
            }
        } else if (byte == '\'' || byte == '"') {
            word->quote = byte;
        } else if (byte == '\\' && index + 1 < cursor) {
            buffer_add(&word->text, line[++index]);
        } else {
            buffer_add(&word->text, byte);
        }
    }
    if (!in_word) {
        word->start = cursor;
        word->command = command;
        word->text.length = 0;
    }
}

/* Adds prefix + name + suffix, quoted as the word was. */
static void add_quoted(struct completion *completion, const struct word_at *word,
                       const char *prefix, const char *name, char suffix)
{
    struct buffer text = {0};
    const char *parts[] = {prefix, name};
    bool tilde = prefix[0] == '~';

    if (word->quote) {
        buffer_add(&text, word->quote);
    }
    for (unsigned part = 0; part < 2; part++) {
        for (const char *byte = parts[part]; *byte; byte++) {
            bool first_tilde = tilde && part == 0 && byte == prefix;

            if (!word->quote && strchr(SPECIAL, *byte) && !first_tilde) {
                buffer_add(&text, '\\');
            }
            buffer_add(&text, *byte);
        }
    }
    if (word->quote && suffix == ' ') {
        buffer_add(&text, word->quote);
    }
    buffer_add(&text, suffix);
    fields_add(&completion->words, buffer_take(&text));
}

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* --- files --- */

static char *open_path(const char *directory)
{
    const char *home = variable_get("HOME");
    struct buffer path = {0};

    if (directory[0] == '~' && directory[1] == '/' && home) {
        buffer_append_text(&path, home);
        directory++;
    } else if (!*directory) {
        buffer_append_text(&path, "./");
    }
    buffer_append_text(&path, directory);
    return buffer_take(&path);
}

static void add_file(struct completion *completion, const struct word_at *word,
                     const char *directory, const char *path, const char *name, bool programs)
{
    struct buffer full = {0};
    struct stat status;
    bool is_directory;

    buffer_append_text(&full, path);
    buffer_append_text(&full, name);
    is_directory = stat(buffer_text(&full), &status) == 0 && S_ISDIR(status.st_mode);
    if (is_directory || !programs || access(buffer_text(&full), X_OK) == 0) {
        add_quoted(completion, word, directory, name, is_directory ? '/' : ' ');
    }
    buffer_fini(&full);
}

static void complete_files(struct completion *completion, struct word_at *word, bool programs)
{
    const char *text = buffer_text(&word->text);
    const char *slash = strrchr(text, '/');
    char *directory = text_copy_bytes(text, slash ? (size_t)(slash + 1 - text) : 0);
    const char *begin = slash ? slash + 1 : text;
    char *path = open_path(directory);
    DIR *opened = opendir(path);
    const struct dirent *item;

    while (opened && (item = readdir(opened))) {
        if (begins(item->d_name, begin) && (item->d_name[0] != '.' || begin[0] == '.') &&
            strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0) {
            add_file(completion, word, directory, path, item->d_name, programs);
        }
    }
    if (opened) {
        (void)closedir(opened);
    }
    free(path);
    free(directory);
}

/* --- commands and variables --- */

static struct {
    struct completion *completion;
    const struct word_at *word;
    const char *begin;
} aliases;

static void add_alias(const char *name, const char *text)
{
    (void)text;
    if (begins(name, aliases.begin)) {
        add_quoted(aliases.completion, aliases.word, "", name, ' ');
    }
}

static void add_programs(struct completion *completion, const struct word_at *word,
                         const char *begin)
{
    const char *list = variable_get("PATH");

    while (list && *list) {
        size_t length = strcspn(list, ":");
        char *directory = text_copy_bytes(length ? list : ".", length ? length : 1);
        DIR *opened = opendir(directory);
        const struct dirent *item;

        while (opened && (item = readdir(opened))) {
            if (item->d_name[0] != '.' && begins(item->d_name, begin)) {
                add_quoted(completion, word, "", item->d_name, ' ');
            }
        }
        if (opened) {
            (void)closedir(opened);
        }
        free(directory);
        list += length + (list[length] == ':');
    }
}

static void complete_commands(struct completion *completion, struct word_at *word)
{
    const char *begin = buffer_text(&word->text);

    for (size_t index = 0; builtin_at(index); index++) {
        if (begins(builtin_at(index)->name, begin)) {
            add_quoted(completion, word, "", builtin_at(index)->name, ' ');
        }
    }
    for (size_t index = 0; function_name(index); index++) {
        if (begins(function_name(index), begin)) {
            add_quoted(completion, word, "", function_name(index), ' ');
        }
    }
    aliases.completion = completion;
    aliases.word = word;
    aliases.begin = begin;
    alias_each(add_alias);
    add_programs(completion, word, begin);
}

/* The word ends with $NAME or ${NAME: returns where NAME begins, NULL if it does not. */
static const char *variable_start(const char *text)
{
    const char *dollar = strrchr(text, '$');
    const char *name;

    if (!dollar) {
        return NULL;
    }
    name = dollar + 1 + (dollar[1] == '{');
    return !*name || name_is_valid(name, strlen(name)) ? name : NULL;
}

static void complete_variables(struct completion *completion, const char *text, const char *name)
{
    struct variable **list = variable_list();

    for (struct variable **entry = list; *entry; entry++) {
        if ((*entry)->value && begins((*entry)->name, name)) {
            struct buffer word = {0};

            buffer_append(&word, text, (size_t)(name - text));
            buffer_append_text(&word, (*entry)->name);
            buffer_add(&word, name[-1] == '{' ? '}' : ' ');
            fields_add(&completion->words, buffer_take(&word));
        }
    }
    free(list);
}

/* --- the result --- */

static int compare(const void *left, const void *right)
{
    const char *const *one = left;
    const char *const *two = right;

    return strcmp(*one, *two);
}

static void sort_and_unite(struct completion *completion)
{
    struct fields *words = &completion->words;
    size_t kept = 0;

    if (words->count == 0) {
        return;
    }
    qsort(words->values, words->count, sizeof(char *), compare);
    for (size_t index = 0; index < words->count; index++) {
        if (kept && strcmp(words->values[kept - 1], words->values[index]) == 0) {
            free(words->values[index]);
        } else {
            words->values[kept++] = words->values[index];
        }
    }
    words->count = kept;
    words->values[kept] = NULL;
    completion->common = strlen(words->values[0]);
    for (size_t index = 1; index < kept; index++) {
        size_t same = 0;

        while (same < completion->common && words->values[index][same] == words->values[0][same]) {
            same++;
        }
        completion->common = same;
    }
    /* Not in the middle of a character. */
    while (completion->common &&
           ((unsigned char)words->values[0][completion->common] & 0xc0) == 0x80) {
        completion->common--;
    }
}

void completion_find(const char *line, size_t cursor, struct completion *ret_completion)
{
    struct word_at word;
    char *raw;

    *ret_completion = (struct completion){0};
    find_word(line, cursor, &word);
    ret_completion->start = word.start;
    raw = text_copy_bytes(line + word.start, cursor - word.start);
    if (word.quote != '\'' && variable_start(raw)) {
        complete_variables(ret_completion, raw, variable_start(raw));
    } else if (word.command && !strchr(buffer_text(&word.text), '/')) {
        complete_commands(ret_completion, &word);
    } else {
        complete_files(ret_completion, &word, word.command);
    }
    sort_and_unite(ret_completion);
    free(raw);
    buffer_fini(&word.text);
}

void completion_fini(struct completion *completion)
{
    fields_fini(&completion->words);
}
