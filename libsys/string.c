/* SPDX-License-Identifier: MIT */
#include <quay/text.h>
#include <quay/abi/errno.h>

size_t qy_strnlen(const char *text, size_t size)
{
    size_t length = 0;
    while (length < size && text[length] != 0) {
        length++;
    }
    return length;
}

int qy_strcmp(const char *a, const char *b)
{
    while (*a != 0 && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

bool qy_streq(const char *a, const char *b)
{
    return qy_strcmp(a, b) == 0;
}

size_t qy_strlcpy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);
    if (size > 0) {
        size_t copied = length < size ? length : size - 1;
        memcpy(to, from, copied);
        to[copied] = 0;
    }
    return length;
}

static int digit_value(char character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    if (character >= 'A' && character <= 'F') {
        return character - 'A' + 10;
    }
    return 99;
}

int qy_parse_u64(const char *text, uint64_t *ret_value)
{
    uint64_t base = 10;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    if (*text == 0) {
        return -EINVAL;
    }
    uint64_t value = 0;
    bool overflow = false;
    for (; *text != 0; text++) {
        uint64_t digit = (uint64_t)digit_value(*text);
        if (digit >= base) {
            return -EINVAL;
        }
        overflow |= __builtin_mul_overflow(value, base, &value);
        overflow |= __builtin_add_overflow(value, digit, &value);
    }
    if (overflow) {
        return -ERANGE;
    }
    *ret_value = value;
    return 0;
}
