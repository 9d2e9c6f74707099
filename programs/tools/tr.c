/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "escape.h"
#include "tool.h"

static const char usage[] = "usage: tr [-cCds] SET1 [SET2]\n\n"
                            "Replaces the bytes of SET1 by those of SET2 at the same place.\n\n"
                            "  -c, -C  all but those of SET1\n  -d  take them out\n"
                            "  -s  one for a run of the same byte of the last set\n\n"
                            "Sets: single bytes, a-z, \\n \\t \\\\ \\NNN, [:alpha:] and its like, "
                            "[x*] as often as needed.\n";

#define SET_MAX 4096

struct set {
    unsigned char bytes[SET_MAX];
    size_t count;
    bool fills; /* the last byte as often as needed */
};

static bool add(struct set *set, int byte)
{
    if (set->count == SET_MAX) {
        (void)tool_error("a set is too long");
        return false;
    }
    set->bytes[set->count++] = (unsigned char)byte;
    return true;
}

static int read_byte(const char **text)
{
    int byte;

    if (**text != '\\' || !(*text)[1]) {
        return (unsigned char)*(*text)++;
    }
    (*text)++;
    byte = escape_read(text, false);
    return byte < 0 ? (unsigned char)*(*text)++ : byte;
}

/* [:NAME:]: 1 if it is one, 0 if not, -1, reported, for a bad name. */
static int read_class(struct set *set, const char **text)
{
    static const struct {
        const char *name;
        int (*contains)(int);
    } classes[] = {
        {"alpha", isalpha}, {"digit", isdigit}, {"alnum", isalnum}, {"lower", islower},
        {"upper", isupper}, {"space", isspace}, {"blank", isblank}, {"punct", ispunct},
        {"print", isprint}, {"graph", isgraph}, {"cntrl", iscntrl}, {"xdigit", isxdigit},
    };
    const char *end = strncmp(*text, "[:", 2) == 0 ? strstr(*text, ":]") : NULL;

    if (!end) {
        return 0;
    }
    for (size_t index = 0; index < sizeof(classes) / sizeof(classes[0]); index++) {
        if (strlen(classes[index].name) == (size_t)(end - *text - 2) &&
            strncmp(*text + 2, classes[index].name, (size_t)(end - *text - 2)) == 0) {
            for (int byte = 0; byte < 256; byte++) {
                if (classes[index].contains(byte) && !add(set, byte)) {
                    return -1;
                }
            }
            *text = end + 2;
            return 1;
        }
    }
    (void)tool_error("invalid character class '%.*s'", (int)(end - *text - 2), *text + 2);
    return -1;
}

static bool read_set(struct set *set, const char *text)
{
    while (*text) {
        int class = read_class(set, &text);
        int first;
        int last;

        if (class < 0) {
            return false;
        }
        if (class) {
            continue;
        }
        if (text[0] == '[' && text[1] && text[2] == '*' && text[3] == ']') {
            set->fills = true;
            if (!add(set, (unsigned char)text[1])) {
                return false;
            }
            text += 4;
            continue;
        }
        first = read_byte(&text);
        last = first;
        if (text[0] == '-' && text[1]) {
            text++;
            last = read_byte(&text);
            if (last < first) {
                (void)tool_error("range-endpoints are in reverse collating sequence order");
                return false;
            }
        }
        for (int byte = first; byte <= last; byte++) {
            if (!add(set, byte)) {
                return false;
            }
        }
    }
    return true;
}

static bool contains(const struct set *set, int byte)
{
    return memchr(set->bytes, byte, set->count) != NULL;
}

static void complement(struct set *set)
{
    struct set rest = {0};

    for (int byte = 0; byte < 256; byte++) {
        if (!contains(set, byte)) {
            (void)add(&rest, byte);
        }
    }
    *set = rest;
}

/* What each byte becomes. */
static void make_table(const struct set *from, const struct set *to, unsigned char *table)
{
    for (int byte = 0; byte < 256; byte++) {
        table[byte] = (unsigned char)byte;
    }
    for (size_t index = 0; index < from->count && to->count; index++) {
        size_t place = index < to->count ? index : to->count - 1;

        table[from->bytes[index]] = to->bytes[place];
    }
}

static void filter(const unsigned char *table, const struct set *removed,
                   const struct set *squeezed)
{
    int last = -1;
    int byte;

    while ((byte = getchar()) != EOF) {
        if (removed && contains(removed, byte)) {
            continue;
        }
        byte = table[byte];
        if (squeezed && byte == last && contains(squeezed, byte)) {
            continue;
        }
        last = byte;
        putchar(byte);
    }
}

static int run(int argc, char **argv)
{
    static struct set one;
    static struct set two;
    unsigned char table[256];
    bool complemented = false;
    bool remove = false;
    bool squeeze = false;
    int count;
    int option;

    while ((option = tool_option(argc, argv, "+cCds")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        complemented = complemented || option == 'c' || option == 'C';
        remove = remove || option == 'd';
        squeeze = squeeze || option == 's';
    }
    count = argc - optind;
    if (count < 1 || (count < 2 && !remove && !squeeze) || (count < 2 && remove && squeeze)) {
        if (count == 1) {
            (void)tool_error("missing operand after '%s'", argv[optind]);
            return tool_usage();
        }
        return tool_missing_operand();
    }
    if (count > 2 || (count == 2 && remove && !squeeze)) {
        (void)tool_error("extra operand '%s'", argv[optind + (count > 2 ? 2 : 1)]);
        return tool_usage();
    }
    if (!read_set(&one, argv[optind]) || (count == 2 && !read_set(&two, argv[optind + 1]))) {
        return 1;
    }
    if (complemented) {
        complement(&one);
    }
    if (count == 2 && !remove && two.count == 0) {
        return tool_error("when not truncating set1, string2 must be non-empty");
    }
    make_table(&one, remove ? &(struct set){0} : &two, table);
    filter(table, remove ? &one : NULL, squeeze ? (count == 2 ? &two : &one) : NULL);
    return ferror(stdin) ? tool_error_number("read error") : 0;
}

const struct tool tool_tr = {.name = "tr", .usage = usage, .run = run};
