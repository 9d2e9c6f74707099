/* SPDX-License-Identifier: MIT */
#include "arguments.h"
#include <quay/heap.h>
#include <quay/text.h>
#include "linux.h"

#define AUXILIARY_COUNT  20 /* pairs, with AT_NULL */
#define CLOCKS_PER_SEC   100
#define STRINGS_AT_FIRST 1024u

static const char platform[] = "x86_64";

void posix_arguments_free(struct posix_arguments *arguments)
{
    qy_free(arguments->strings);
    *arguments = (struct posix_arguments){0};
}

char *posix_arguments_grow(struct posix_arguments *arguments, size_t size, int64_t *ret_error)
{
    if (size > POSIX_ARGUMENTS_MAX - arguments->size) {
        *ret_error = -E2BIG;
        return NULL;
    }
    if (size > arguments->capacity - arguments->size) {
        size_t capacity = arguments->capacity == 0 ? STRINGS_AT_FIRST : arguments->capacity * 2;

        while (capacity < arguments->size + size) {
            capacity *= 2;
        }
        char *grown = qy_realloc(arguments->strings, capacity);
        if (grown == NULL) {
            *ret_error = -ENOMEM;
            return NULL;
        }
        arguments->strings = grown;
        arguments->capacity = capacity;
    }
    return arguments->strings + arguments->size;
}

int64_t posix_arguments_add(struct posix_arguments *arguments, const char *text)
{
    const size_t size = strlen(text) + 1;
    int64_t error = 0;
    char *to = posix_arguments_grow(arguments, size, &error);

    if (to != NULL) {
        memcpy(to, text, size);
        arguments->size += size;
    }
    return error;
}

int64_t posix_arguments_script(struct posix_arguments *arguments, const char *path,
                               const char *option, const char *script)
{
    struct posix_arguments made = {.environment_count = arguments->environment_count};
    const size_t skipped = arguments->argument_count > 0 ? strlen(arguments->strings) + 1 : 0;
    const size_t rest = arguments->size - skipped;
    int64_t error = posix_arguments_add(&made, path);

    made.argument_count =
        2 + (option != NULL) + (arguments->argument_count > 0 ? arguments->argument_count - 1 : 0);
    if (error == 0 && option != NULL) {
        error = posix_arguments_add(&made, option);
    }
    if (error == 0) {
        error = posix_arguments_add(&made, script);
    }
    if (error == 0 && rest > 0) {
        char *to = posix_arguments_grow(&made, rest, &error);

        if (to != NULL) {
            memcpy(to, arguments->strings + skipped, rest);
            made.size += rest;
        }
    }
    if (error != 0) {
        posix_arguments_free(&made);
        return error;
    }
    posix_arguments_free(arguments);
    *arguments = made;
    return 0;
}

size_t posix_arguments_size(const struct posix_arguments *arguments)
{
    const char *end = arguments->strings;

    for (uint32_t i = 0; i < arguments->argument_count; i++) {
        end += strlen(end) + 1;
    }
    return (size_t)(end - arguments->strings);
}

/* Words before the strings: argc, both vectors with their ends, the auxiliary vector. */
static size_t word_count(const struct posix_arguments *arguments)
{
    return 1 + (size_t)arguments->argument_count + 1 + arguments->environment_count + 1 +
           2 * AUXILIARY_COUNT;
}

size_t posix_stack_text_size(const struct posix_arguments *arguments,
                             const struct posix_stack_info *info)
{
    return arguments->size + strlen(info->path) + 1 + sizeof platform + sizeof info->random;
}

size_t posix_stack_size(const struct posix_arguments *arguments,
                        const struct posix_stack_info *info)
{
    return (word_count(arguments) * 8 + posix_stack_text_size(arguments, info) + 15) & ~15ul;
}

static uint64_t *vector_write(uint64_t *word, uint32_t count, const uint8_t *image, uint64_t bottom,
                              const char **text)
{
    for (uint32_t i = 0; i < count; i++) {
        *word++ = bottom + (uint64_t)((const uint8_t *)*text - image);
        *text += strlen(*text) + 1;
    }
    *word++ = 0;
    return word;
}

void posix_stack_write(uint8_t *image, size_t size, uint64_t top,
                       const struct posix_arguments *arguments, const struct posix_stack_info *info)
{
    const uint64_t bottom = top - size;
    uint64_t *word = (uint64_t *)(void *)image;
    uint8_t *text = image + size - posix_stack_text_size(arguments, info);
    const char *string = (const char *)text;
    uint8_t *random = text + arguments->size;
    uint8_t *path = random + sizeof info->random;
    uint8_t *machine = path + strlen(info->path) + 1;

    memset(image, 0, size);
    if (arguments->size > 0) {
        memcpy(text, arguments->strings, arguments->size);
    }
    memcpy(random, info->random, sizeof info->random);
    memcpy(path, info->path, strlen(info->path) + 1);
    memcpy(machine, platform, sizeof platform);

    *word++ = arguments->argument_count;
    word = vector_write(word, arguments->argument_count, image, bottom, &string);
    word = vector_write(word, arguments->environment_count, image, bottom, &string);
    const uint64_t pairs[AUXILIARY_COUNT][2] = {
        {LINUX_AT_HWCAP, info->hwcap},
        {LINUX_AT_PAGESZ, PAGE_SIZE},
        {LINUX_AT_CLKTCK, CLOCKS_PER_SEC},
        {LINUX_AT_PHDR, info->headers_address},
        {LINUX_AT_PHENT, 56},
        {LINUX_AT_PHNUM, info->header_count},
        {LINUX_AT_BASE, info->base},
        {LINUX_AT_FLAGS, 0},
        {LINUX_AT_ENTRY, info->entry},
        {LINUX_AT_UID, 0},
        {LINUX_AT_EUID, 0},
        {LINUX_AT_GID, 0},
        {LINUX_AT_EGID, 0},
        {LINUX_AT_SECURE, 0},
        {LINUX_AT_RANDOM, bottom + (uint64_t)(random - image)},
        {LINUX_AT_HWCAP2, 0},
        {LINUX_AT_EXECFN, bottom + (uint64_t)(path - image)},
        {LINUX_AT_PLATFORM, bottom + (uint64_t)(machine - image)},
        {LINUX_AT_MINSIGSTKSZ, info->minimum_signal_stack},
        {LINUX_AT_NULL, 0},
    };
    memcpy(word, pairs, sizeof pairs);
}
