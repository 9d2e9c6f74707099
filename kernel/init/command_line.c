/* SPDX-License-Identifier: MIT */
#include "init/command_line.h"
#include "lib/string.h"

/* Whether the word at `word` is key or key=value, up to its end. */
static bool word_is(const char *word, size_t length, const char *key, const char *value)
{
    const size_t key_length = strlen(key);

    if (value == NULL) {
        return length == key_length && memcmp(word, key, length) == 0;
    }
    return length == key_length + 1 + strlen(value) && memcmp(word, key, key_length) == 0 &&
           word[key_length] == '=' && memcmp(word + key_length + 1, value, strlen(value)) == 0;
}

bool command_line_has(const char *line, const char *key, const char *value)
{
    while (*line != 0) {
        size_t length = 0;
        while (line[length] != 0 && line[length] != ' ') {
            length++;
        }
        if (word_is(line, length, key, value)) {
            return true;
        }
        line += length;
        while (*line == ' ') {
            line++;
        }
    }
    return false;
}
