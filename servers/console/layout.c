/* SPDX-License-Identifier: MIT */
#include "layout.h"
#include "unicode.h"
#include <quay/text.h>

#define TOKEN_MAX 24u

/* --- places -------------------------------------------------------------------------------- */

struct place {
    char name[5];
    uint8_t first; /* key of number 01, or of the place itself */
    uint8_t count; /* 0: the name is that of one key */
};

static const struct place places[] = {
    {"AE", 2, 12},   {"AD", 16, 12},  {"AC", 30, 11},  {"AB", 44, 10},
    {"TLDE", 41, 0}, {"BKSL", 43, 0}, {"LSGT", 86, 0}, {"SPCE", 57, 0},
};

struct token {
    const char *text;
    size_t length;
};

static bool token_is(const struct token *token, const char *text)
{
    return token->length == strlen(text) && memcmp(token->text, text, token->length) == 0;
}

/* The number of a key; 0: there is none of that name. */
static uint32_t key_find(const struct token *token)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const struct place *place = &places[i];
        if (place->count == 0 && token_is(token, place->name)) {
            return place->first;
        }
        if (place->count > 0 && token->length == 4 && memcmp(token->text, place->name, 2) == 0 &&
            token->text[2] >= '0' && token->text[2] <= '9' && token->text[3] >= '0' &&
            token->text[3] <= '9') {
            uint32_t number =
                (uint32_t)(token->text[2] - '0') * 10 + (uint32_t)(token->text[3] - '0');
            return number >= 1 && number <= place->count ? place->first + number - 1 : 0;
        }
    }
    return 0;
}

/* --- accents ------------------------------------------------------------------------------- */

static const struct accent {
    const char *name;
    uint16_t character;
    const char *pairs; /* letter and what it becomes, one after the other, UTF-8 */
} accents[] = {
    {"dead_grave", '`', "aàeèiìoòuùAÀEÈIÌOÒUÙnǹNǸ"},
    {"dead_acute", 0xb4, "aáeéiíoóuúyýAÁEÉIÍOÓUÚYÝcćCĆnńNŃsśSŚzźZŹlĺLĹrŕRŔ"},
    {"dead_circumflex", '^', "aâeêiîoôuûAÂEÊIÎOÔUÛcĉCĈgĝGĜhĥHĤjĵJĴsŝSŜwŵWŴyŷYŶ"},
    {"dead_tilde", '~', "aãnñoõAÃNÑOÕiĩIĨuũUŨ"},
    {"dead_diaeresis", 0xa8, "aäeëiïoöuüyÿAÄEËIÏOÖUÜYŸ"},
    {"dead_cedilla", 0xb8, "cçCÇsşSŞtţTŢ"},
    {"dead_caron", 0x2c7, "cčCČdďDĎeěEĚnňNŇrřRŘsšSŠtťTŤzžZŽ"},
    {"dead_abovering", 0xb0, "aåAÅuůUŮ"},
    {"dead_doubleacute", 0x2dd, "oőOŐuűUŰ"},
    {"dead_abovedot", 0x2d9, "cċCĊeėEĖgġGĠzżZŻIİ"},
    {"dead_ogonek", 0x2db, "aąAĄeęEĘiįIĮuųUŲ"},
    {"dead_breve", 0x2d8, "aăAĂgğGĞuŭUŬ"},
    {"dead_macron", 0xaf, "aāAĀeēEĒiīIĪoōOŌuūUŪ"},
    {"dead_stroke", '/', "oøOØlłLŁdđDĐhħHĦ"},
};

#define ACCENT_COUNT (sizeof accents / sizeof accents[0])

/* The next character of a text that is UTF-8. */
static uint32_t character_next(const char **text)
{
    struct utf8_decoder decoder = {0};
    uint32_t characters[2] = {0};
    while (**text != 0 && utf8_decode(&decoder, (uint8_t) * (*text)++, characters) == 0) {
    }
    return characters[0];
}

uint32_t layout_compose(uint32_t accent, uint32_t character)
{
    if (character == ' ' || character == accent) {
        return accent;
    }
    for (size_t i = 0; i < ACCENT_COUNT; i++) {
        const char *pairs = accents[i].pairs;
        while (accents[i].character == accent && *pairs != 0) {
            uint32_t letter = character_next(&pairs), made = character_next(&pairs);
            if (letter == character) {
                return made;
            }
        }
    }
    return 0;
}

/* --- the text ------------------------------------------------------------------------------ */

static bool hexadecimal_parse(const struct token *token, size_t from, uint32_t *ret_value)
{
    uint32_t value = 0;
    if (token->length <= from || token->length > from + 6) {
        return false;
    }
    for (size_t i = from; i < token->length; i++) {
        char digit = token->text[i];
        uint32_t number = digit >= '0' && digit <= '9'   ? (uint32_t)(digit - '0')
                          : digit >= 'a' && digit <= 'f' ? (uint32_t)(digit - 'a') + 10
                          : digit >= 'A' && digit <= 'F' ? (uint32_t)(digit - 'A') + 10
                                                         : 16;
        if (number == 16) {
            return false;
        }
        value = value * 16 + number;
    }
    *ret_value = value;
    return value > 0 && value < 0x110000 && (value < 0xd800 || value > 0xdfff);
}

static bool character_parse(const struct token *token, uint32_t *ret_character)
{
    struct utf8_decoder decoder = {0};
    uint32_t characters[2], count = 0;
    if (token_is(token, "none")) {
        *ret_character = 0;
        return true;
    }
    if (token->length > 2 && memcmp(token->text, "U+", 2) == 0) {
        return hexadecimal_parse(token, 2, ret_character);
    }
    for (size_t i = 0; i < ACCENT_COUNT; i++) {
        if (token_is(token, accents[i].name)) {
            *ret_character = LAYOUT_DEAD | accents[i].character;
            return true;
        }
    }
    for (size_t i = 0; i < token->length; i++) {
        if (count > 0) {
            return false; /* more than one */
        }
        count = utf8_decode(&decoder, (uint8_t)token->text[i], characters);
    }
    *ret_character = characters[0];
    return count == 1 && characters[0] != UNICODE_REPLACEMENT && characters[0] >= ' ' &&
           characters[0] != 0x7f;
}

/* The next word of a line; false: there is none. */
static bool token_next(const char **at, const char *end, struct token *ret_token)
{
    while (*at < end && (**at == ' ' || **at == '\t' || **at == '\r')) {
        (*at)++;
    }
    ret_token->text = *at;
    while (*at < end && **at != ' ' && **at != '\t' && **at != '\r') {
        (*at)++;
    }
    ret_token->length = (size_t)(*at - ret_token->text);
    return ret_token->length > 0;
}

static bool line_parse(const char *at, const char *end, struct layout *layout)
{
    struct token token;
    if (!token_next(&at, end, &token) || token.text[0] == '#') {
        return true;
    }
    uint32_t key = key_find(&token), level = 0;
    while (key != 0 && token_next(&at, end, &token)) {
        if (level == LAYOUT_LEVELS || !character_parse(&token, &layout->characters[key][level])) {
            return false;
        }
        level++;
    }
    return key != 0 && level > 0;
}

uint32_t layout_parse(const char *text, size_t length, struct layout *ret_layout)
{
    struct layout layout = {0};
    const char *at = text, *end = text + length;
    for (uint32_t line = 1; at < end; line++) {
        const char *stop = at;
        while (stop < end && *stop != '\n') {
            stop++;
        }
        if (!line_parse(at, stop, &layout)) {
            return line;
        }
        at = stop < end ? stop + 1 : end;
    }
    *ret_layout = layout;
    return 0;
}

bool layout_is_letter(const struct layout *layout, uint32_t key)
{
    uint32_t plain = layout->characters[key][0], shifted = layout->characters[key][1];
    bool is_small = (plain >= 'a' && plain <= 'z') || (plain >= 0xe0 && plain != 0xf7);
    return is_small && (plain & LAYOUT_DEAD) == 0 &&
           (shifted == plain - 0x20 || (plain >= 0x100 && shifted == plain - 1));
}
