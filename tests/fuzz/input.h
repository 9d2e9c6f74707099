/* SPDX-License-Identifier: MIT */
/* What a fuzzer's program makes of its bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    ((condition) ? (void)0                                                                         \
                 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), abort()))

struct input {
    const uint8_t *bytes;
    size_t left;
};

/* The next bytes, zeros where there are no more. */
static inline uint64_t input_take(struct input *input, size_t size)
{
    uint64_t value = 0;
    size_t taken = input->left < size ? input->left : size;

    memcpy(&value, input->bytes, taken);
    input->bytes += taken;
    input->left -= taken;
    return value;
}

/* A copy that ends where its allocation ends, of `size` bytes, zeros behind what there is. */
static inline void *input_copy(const struct input *input, size_t size)
{
    void *copy = calloc(1, size != 0 ? size : 1);

    MUST(copy != NULL);
    memcpy(copy, input->bytes, input->left < size ? input->left : size);
    return copy;
}

/* Sets the byte at `at` so that the sum of all is 0, as ACPI wants it. */
static inline void checksum_fix(uint8_t *bytes, size_t size, size_t at)
{
    uint8_t sum = 0;

    bytes[at] = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    bytes[at] = (uint8_t)-sum;
}
