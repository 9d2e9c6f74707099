/* SPDX-License-Identifier: MIT */
/* The kernel's command line, against the plainest reading of it: a word between two spaces. */
#include "fuzz/input.h"

#include "init/command_line.h"

/* Whether " word " is in " line ". */
static bool has_word(const char *line, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = line; length != 0 && (at = strstr(at, word)) != NULL; at++) {
        if ((at == line || at[-1] == ' ') && (at[length] == 0 || at[length] == ' ')) {
            return true;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    size_t word_length = input_take(&input, 1) % 8;
    struct input word_input = {input.bytes, input.left < word_length ? input.left : word_length};
    char *word, *line;

    input.bytes += word_input.left;
    input.left -= word_input.left;
    word = input_copy(&word_input, word_input.left + 1);
    line = input_copy(&input, input.left + 1);
    if (strlen(word) != 0 && strchr(word, ' ') == NULL) {
        MUST(command_line_has(line, word) == has_word(line, word));
    } else {
        (void)command_line_has(line, word);
    }
    free(word);
    free(line);
    return 0;
}
