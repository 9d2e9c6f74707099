/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"
#include "tool.h"

static const char usage[] =
    "usage: sort [-bcCdfghmnrsuz] [-k KEY]... [-t CHARACTER] [-o FILE] [FILE...]\n\n"
    "Sorts the lines of all files together, byte by byte.\n\n"
    "  -n  by a number in front   -g  by any number, 1e3 too   -h  by 2K, 3M\n"
    "  -r  the other way round    -u  equal lines once        -s  equal lines as they come\n"
    "  -f  without case           -b  without blanks in front -d  letters, digits, blanks only\n"
    "  -k  F[.C][OPTIONS][,F[.C][OPTIONS]]: from field F (and character C) to another\n"
    "  -t  what is between fields -o  where to write          -c  only say if it is sorted\n"
    "  -m  nothing else: sorted files are sorted too\n"
    "  -z  lines end with a zero byte\n";

#define KEYS_MAX 16

struct order {
    bool blanks;
    bool dictionary;
    bool fold;
    bool numeric;
    bool general;
    bool human;
    bool reverse;
};

struct key {
    size_t field; /* from 1 */
    size_t character;
    size_t end_field; /* 0: the end of the line */
    size_t end_character;
    bool end_blanks; /* of the end position */
    bool own;        /* its own order */
    struct order order;
};

static struct {
    struct key keys[KEYS_MAX];
    size_t key_count;
    struct order order;
    char separator; /* 0: blanks */
    char delimiter;
    bool unique;
    bool stable;
    bool check;
    bool quiet;
    const char *output;
} sort = {.delimiter = '\n'};

struct sorted_line {
    char *text;
    size_t length;
    size_t number; /* as it came */
};

static struct {
    struct sorted_line *list;
    size_t count;
    size_t room;
} lines;

/* --- keys --- */

static const char *skip_blanks(const char *text, const char *end)
{
    while (text < end && isblank((unsigned char)*text)) {
        text++;
    }
    return text;
}

/* Behind this field; a field begins with the blanks in front of it. */
static const char *skip_field(const char *text, const char *end, bool with_separator)
{
    if (sort.separator) {
        const char *found = memchr(text, sort.separator, (size_t)(end - text));

        return found ? found + with_separator : end;
    }
    text = skip_blanks(text, end);
    while (text < end && !isblank((unsigned char)*text)) {
        text++;
    }
    return text;
}

static const char *advance(const char *text, const char *end, size_t count)
{
    return (size_t)(end - text) < count ? end : text + count;
}

static const char *key_start(const struct key *key, const char *text, const char *end)
{
    for (size_t field = 1; field < key->field && text < end; field++) {
        text = skip_field(text, end, true);
    }
    if (key->order.blanks) {
        text = skip_blanks(text, end);
    }
    return advance(text, end, key->character - 1);
}

static const char *key_end(const struct key *key, const char *text, const char *end)
{
    if (key->end_field == 0) {
        return end;
    }
    for (size_t field = 1; field < key->end_field && text < end; field++) {
        text = skip_field(text, end, true);
    }
    if (key->end_character == 0) {
        return skip_field(text, end, false);
    }
    if (key->end_blanks) {
        text = skip_blanks(text, end);
    }
    return advance(text, end, key->end_character);
}

/* --- comparing --- */

static int compare_digits(const char *one, size_t one_length, const char *two, size_t two_length)
{
    if (one_length != two_length) {
        return one_length < two_length ? -1 : 1;
    }
    return memcmp(one, two, one_length);
}

/* A decimal number of any length at the start of a text. */
struct number {
    bool negative;
    const char *digits;
    size_t count;
    const char *fraction;
    size_t fraction_count;
    unsigned unit; /* 0, or the power of 1024 */
};

static struct number read_number(const char *text, const char *end)
{
    static const char units[] = "KMGTPE";
    struct number number = {0};
    const char *unit;

    text = skip_blanks(text, end);
    number.negative = text < end && *text == '-';
    text += number.negative;
    while (text < end && *text == '0') {
        text++;
    }
    number.digits = text;
    while (text < end && isdigit((unsigned char)*text)) {
        text++;
    }
    number.count = (size_t)(text - number.digits);
    if (text < end && *text == '.') {
        number.fraction = ++text;
        while (text < end && isdigit((unsigned char)*text)) {
            text++;
        }
        number.fraction_count = (size_t)(text - number.fraction);
        while (number.fraction_count && number.fraction[number.fraction_count - 1] == '0') {
            number.fraction_count--;
        }
    }
    unit = text < end && *text ? strchr(units, toupper((unsigned char)*text)) : NULL;
    number.unit = unit ? (unsigned)(unit - units) + 1 : 0;
    return number;
}

static int compare_fractions(const struct number *one, const struct number *two)
{
    size_t both =
        one->fraction_count < two->fraction_count ? one->fraction_count : two->fraction_count;
    int order = both ? memcmp(one->fraction, two->fraction, both) : 0;

    if (order) {
        return order;
    }
    return one->fraction_count < two->fraction_count   ? -1
           : one->fraction_count > two->fraction_count ? 1
                                                       : 0;
}

static bool is_zero(const struct number *number)
{
    return number->count == 0 && number->fraction_count == 0;
}

static int compare_numbers(const char *one, const char *one_end, const char *two,
                           const char *two_end, bool human)
{
    struct number left = read_number(one, one_end);
    struct number right = read_number(two, two_end);
    int order = 0;

    left.negative = left.negative && !is_zero(&left);
    right.negative = right.negative && !is_zero(&right);
    if (left.negative != right.negative) {
        return left.negative ? -1 : 1;
    }
    if (human && left.unit != right.unit) {
        order = left.unit < right.unit ? -1 : 1;
    }
    if (!order) {
        order = compare_digits(left.digits, left.count, right.digits, right.count);
    }
    if (!order) {
        order = compare_fractions(&left, &right);
    }
    return left.negative ? -order : order;
}

static int compare_general(const char *one, const char *two)
{
    char *one_end;
    char *two_end;
    double left = strtod(one, &one_end);
    double right = strtod(two, &two_end);

    if (one_end == one || two_end == two) {
        return (one_end != one) - (two_end != two);
    }
    return left < right ? -1 : left > right;
}

static bool counts(const struct order *order, char character)
{
    return !order->dictionary || isalnum((unsigned char)character) ||
           isblank((unsigned char)character);
}

static int compare_texts(const struct order *order, const char *one, const char *one_end,
                         const char *two, const char *two_end)
{
    if (!order->dictionary && !order->fold) {
        size_t left = (size_t)(one_end - one);
        size_t right = (size_t)(two_end - two);
        int result = memcmp(one, two, left < right ? left : right);

        return result ? result : left < right ? -1 : left > right;
    }
    for (;;) {
        int left;
        int right;

        while (one < one_end && !counts(order, *one)) {
            one++;
        }
        while (two < two_end && !counts(order, *two)) {
            two++;
        }
        if (one >= one_end || two >= two_end) {
            return (one < one_end) - (two < two_end);
        }
        left = order->fold ? toupper((unsigned char)*one) : (unsigned char)*one;
        right = order->fold ? toupper((unsigned char)*two) : (unsigned char)*two;
        if (left != right) {
            return left - right;
        }
        one++;
        two++;
    }
}

static int compare_keys(const struct key *key, const struct sorted_line *one,
                        const struct sorted_line *two)
{
    const struct order *order = &key->order;
    const char *one_end = one->text + one->length;
    const char *two_end = two->text + two->length;
    const char *left = key_start(key, one->text, one_end);
    const char *right = key_start(key, two->text, two_end);
    const char *left_end = key_end(key, one->text, one_end);
    const char *right_end = key_end(key, two->text, two_end);
    int result;

    left_end = left_end < left ? left : left_end;
    right_end = right_end < right ? right : right_end;
    if (order->numeric || order->human) {
        result = compare_numbers(left, left_end, right, right_end, order->human);
    } else if (order->general) {
        result = compare_general(left, right);
    } else {
        result = compare_texts(order, left, left_end, right, right_end);
    }
    return order->reverse ? -result : result;
}

static int compare_all_keys(const struct sorted_line *one, const struct sorted_line *two)
{
    for (size_t index = 0; index < sort.key_count; index++) {
        int order = compare_keys(&sort.keys[index], one, two);

        if (order) {
            return order;
        }
    }
    return 0;
}

/* Equal by their keys: by the whole line, or as they came. */
static int compare(const void *left, const void *right)
{
    static const struct order plain;
    const struct sorted_line *one = left;
    const struct sorted_line *two = right;
    int order = compare_all_keys(one, two);

    if (order == 0 && !sort.stable && !sort.unique) {
        order = compare_texts(&plain, one->text, one->text + one->length, two->text,
                              two->text + two->length);
        order = sort.order.reverse ? -order : order;
    }
    return order ? order : one->number < two->number ? -1 : one->number > two->number;
}

/* --- options --- */

static bool set_order(struct order *order, char letter)
{
    switch (letter) {
    case 'b':
        order->blanks = true;
        return true;
    case 'd':
        order->dictionary = true;
        return true;
    case 'f':
        order->fold = true;
        return true;
    case 'g':
        order->general = true;
        return true;
    case 'h':
        order->human = true;
        return true;
    case 'n':
        order->numeric = true;
        return true;
    case 'r':
        order->reverse = true;
        return true;
    default:
        return false;
    }
}

/* F[.C][OPTIONS] */
static const char *parse_position(const char *text, size_t *ret_field, size_t *ret_character,
                                  struct key *key, bool end)
{
    char *rest;

    *ret_field = strtoul(text, &rest, 10);
    if (*rest == '.') {
        *ret_character = strtoul(rest + 1, &rest, 10);
    }
    while (*rest && *rest != ',') {
        struct order before = key->order;

        if (!set_order(&key->order, *rest++)) {
            return NULL;
        }
        key->own = true;
        if (end && key->order.blanks && !before.blanks) {
            key->end_blanks = true;
            key->order.blanks = false;
        }
    }
    return rest;
}

static bool parse_key(const char *text)
{
    struct key *key = &sort.keys[sort.key_count];
    const char *rest;

    if (sort.key_count == KEYS_MAX) {
        (void)tool_error("too many keys");
        return false;
    }
    *key = (struct key){.character = 1};
    rest = parse_position(text, &key->field, &key->character, key, false);
    if (rest && *rest == ',') {
        rest = parse_position(rest + 1, &key->end_field, &key->end_character, key, true);
    }
    if (!rest || *rest || key->field == 0 || key->character == 0) {
        (void)tool_error("invalid key '%s'", text);
        return false;
    }
    sort.key_count++;
    return true;
}

static bool read_options(int argc, char **argv)
{
    int option;

    while ((option = tool_option(argc, argv, "bcCdfghk:mno:rst:uz")) != -1) {
        switch (option) {
        case 'c':
        case 'C':
            sort.check = true;
            sort.quiet = option == 'C';
            break;
        case 'k':
            if (!parse_key(optarg)) {
                return false;
            }
            break;
        case 'm':
            break;
        case 'o':
            sort.output = optarg;
            break;
        case 's':
            sort.stable = true;
            break;
        case 't':
            sort.separator = strcmp(optarg, "\\0") == 0 ? 0 : optarg[0];
            if (!optarg[0] || (optarg[1] && strcmp(optarg, "\\0") != 0)) {
                (void)tool_error("multi-character tab '%s'", optarg);
                return false;
            }
            break;
        case 'u':
            sort.unique = true;
            break;
        case 'z':
            sort.delimiter = 0;
            break;
        default:
            if (option == '?' || !set_order(&sort.order, (char)option)) {
                (void)tool_usage();
                return false;
            }
        }
    }
    if (sort.key_count == 0) {
        sort.keys[sort.key_count++] = (struct key){.field = 1, .character = 1};
    }
    for (size_t index = 0; index < sort.key_count; index++) {
        if (!sort.keys[index].own) {
            sort.keys[index].order = sort.order;
        }
    }
    return true;
}

/* --- the work --- */

static int read_lines(FILE *file, const char *path)
{
    struct line line = {0};

    (void)path;
    while (line_read(&line, file, sort.delimiter)) {
        if (lines.count == lines.room) {
            lines.room = 2 * lines.room + 64;
            lines.list = tool_resize(lines.list, lines.room * sizeof(*lines.list));
        }
        lines.list[lines.count] =
            (struct sorted_line){.text = line.text, .length = line.length, .number = lines.count};
        lines.count++;
        line = (struct line){0};
    }
    line_fini(&line);
    return 0;
}

static int check(void)
{
    for (size_t index = 1; index < lines.count; index++) {
        int order = compare(&lines.list[index - 1], &lines.list[index]);

        if (order > 0 ||
            (sort.unique && compare_all_keys(&lines.list[index - 1], &lines.list[index]) == 0)) {
            if (!sort.quiet) {
                (void)tool_error("-:%zu: disorder: %s", index + 1, lines.list[index].text);
            }
            return 1;
        }
    }
    return 0;
}

static int run(int argc, char **argv)
{
    int status;

    if (!read_options(argc, argv)) {
        return 2;
    }
    status = tool_each_file(argc - optind, argv + optind, read_lines);
    if (status) {
        return 2;
    }
    if (sort.check) {
        return check();
    }
    qsort(lines.list, lines.count, sizeof(*lines.list), compare);
    /* Opened only now: it may be one of the files that were read. */
    if (sort.output && !freopen(sort.output, "we", stdout)) {
        (void)tool_error_number("open failed: %s", sort.output);
        return 2;
    }
    for (size_t index = 0; index < lines.count; index++) {
        const struct sorted_line *line = &lines.list[index];

        if (!sort.unique || index == 0 || compare_all_keys(&lines.list[index - 1], line) != 0) {
            (void)fwrite(line->text, 1, line->length, stdout);
            putchar(sort.delimiter);
        }
    }
    return 0;
}

const struct tool tool_sort = {.name = "sort", .usage = usage, .run = run};
