/* SPDX-License-Identifier: MIT */
/* Values from text, by their description. What is typed is checked here and again by the server's
 * generated code. Pure. */
#include "value.h"
#include <quay/message.h>
#include <quay/text.h>

#define TOKEN_MAX 80

/* One word that is read; the first error stands. */
struct reading {
    const struct qy_interface *interface;
    const char *at;
    struct qy_text *error;
};

static bool refuse(struct reading *reading, const char *what, const char *type)
{
    if (reading->error->length == 0) {
        qy_text_put(reading->error,
                    reading->at[0] != 0 ? "\"%.30s\" is not %s%s" : "%.0s%s%s is missing",
                    reading->at, what, type);
    }
    return false;
}

static const char *type_name(const struct reading *reading, const struct qy_described_type *type)
{
    return qy_interface_text(reading->interface, type->name);
}

static bool accept(struct reading *reading, char sign)
{
    if (*reading->at != sign) {
        return false;
    }
    reading->at++;
    return true;
}

/* Up to a sign of the structure around it. */
static bool token_take(struct reading *reading, const char *stops, char token[TOKEN_MAX])
{
    uint32_t length = 0;
    const char *at = reading->at;
    for (; *at != 0; at++) {
        for (const char *stop = stops; *stop != 0; stop++) {
            if (*at == *stop) {
                goto end;
            }
        }
        if (length == TOKEN_MAX - 1) {
            return false;
        }
        token[length++] = *at;
    }
end:
    token[length] = 0;
    reading->at = length > 0 ? at : reading->at;
    return length > 0;
}

static bool name_is(const struct reading *reading, const struct qy_described_member *member,
                    const char *name)
{
    return qy_streq(qy_interface_text(reading->interface, member->name), name);
}

/* --- scalars ------------------------------------------------------------------------------- */

static bool number_parse(const struct qy_described_type *type, const char *token, uint8_t *to)
{
    bool is_negative = token[0] == '-';
    bool is_signed = type->kind >= QY_TYPE_I8 && type->kind <= QY_TYPE_I64;
    uint32_t bits = 8u * type->size;
    uint64_t most = UINT64_MAX >> (64 - bits + (is_signed ? 1 : 0));
    uint64_t value;
    if (type->kind == QY_TYPE_BOOL) {
        most = 1;
    }
    if (qy_parse_u64(token + (is_negative ? 1 : 0), &value) != 0 ||
        value > most + (is_negative ? 1 : 0) || (is_negative && !is_signed)) {
        return false;
    }
    value = is_negative ? 0 - value : value;
    memcpy(to, &value, type->size);
    return true;
}

/* A member's name, or a number. */
static bool constant_parse(const struct reading *reading, const struct qy_described_type *type,
                           const char *token, uint64_t *ret_value)
{
    for (uint32_t i = 0; i < type->count; i++) {
        const struct qy_described_member *member = &reading->interface->members[type->first + i];
        if (name_is(reading, member, token)) {
            *ret_value = member->value;
            return true;
        }
    }
    *ret_value = 0;
    return number_parse(&reading->interface->types[type->element], token, (uint8_t *)ret_value);
}

static bool scalar_parse(struct reading *reading, const struct qy_described_type *type, uint8_t *to)
{
    const char *begin = reading->at;
    char token[TOKEN_MAX];
    bool is_bits = type->kind == QY_TYPE_BITS;
    uint64_t value = 0, part;
    bool is_good = true;
    do {
        is_good = is_good && token_take(reading, is_bits ? ",]}|" : ",]}", token);
        if (is_good && type->kind == QY_TYPE_BOOL &&
            (qy_streq(token, "true") || qy_streq(token, "false"))) {
            value = token[0] == 't';
        } else if (is_good && (is_bits || type->kind == QY_TYPE_ENUM)) {
            is_good = constant_parse(reading, type, token, &part);
            value |= part;
        } else {
            is_good = is_good && number_parse(type, token, (uint8_t *)&value);
        }
    } while (is_good && is_bits && accept(reading, '|'));
    if (!is_good) {
        reading->at = begin;
        return refuse(reading, "of type ", type_name(reading, type));
    }
    memcpy(to, &value, type->size);
    return true;
}

/* --- text ---------------------------------------------------------------------------------- */

static int hex_digit(char character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    character |= 0x20;
    return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

/* The next character of a text in quotes; -1: it ends, -2: it is not right. */
static int quoted_next(struct reading *reading)
{
    if (accept(reading, '"')) {
        return -1;
    }
    if (*reading->at == 0) {
        return -2;
    }
    if (!accept(reading, '\\')) {
        return (uint8_t)*reading->at++;
    }
    char escape = *reading->at;
    reading->at += escape != 0 ? 1 : 0;
    switch (escape) {
    case 'n':
        return '\n';
    case '"':
    case '\\':
        return escape;
    case 'x': {
        int high = hex_digit(reading->at[0]);
        int low = high >= 0 ? hex_digit(reading->at[1]) : -1;
        reading->at += low >= 0 ? 2 : 0;
        return low >= 0 ? high << 4 | low : -2;
    }
    default:
        return -2;
    }
}

/* Text in quotes; without them all of the word, or up to the next sign inside of something. At most
 * `room` bytes; the count, or -1. */
static int64_t text_parse(struct reading *reading, bool is_inside, uint8_t *to, uint32_t room)
{
    uint32_t length = 0;
    bool is_quoted = accept(reading, '"');
    for (;;) {
        int character = is_quoted ? quoted_next(reading) : (uint8_t)*reading->at;
        if (character == -2) {
            reading->at = "";
            (void)refuse(reading, "a closing ", "\"");
            return -1;
        }
        if (character == -1 ||
            (!is_quoted && (character == 0 || (is_inside && (character == ',' || character == ']' ||
                                                             character == '}'))))) {
            return length;
        }
        if (length == room) {
            if (reading->error->length == 0) {
                qy_text_put(reading->error, "longer than %u bytes", room);
            }
            return -1;
        }
        to[length++] = (uint8_t)character;
        reading->at += is_quoted ? 0 : 1;
    }
}

/* --- what is made of others ---------------------------------------------------------------- */

static bool value_parse(struct reading *reading, const struct qy_described_type *type, uint8_t *to,
                        uint32_t depth);

/* How many elements, or -1. */
static int64_t elements_parse(struct reading *reading, const struct qy_described_type *type,
                              uint8_t *to, bool is_inside, uint32_t depth)
{
    const struct qy_described_type *element = &reading->interface->types[type->element];
    uint32_t count = 0;
    if (element->kind == QY_TYPE_U8 && *reading->at != '[' && (!is_inside || *reading->at == '"')) {
        return text_parse(reading, is_inside, to, type->count);
    }
    if (!accept(reading, '[')) {
        (void)refuse(reading, "of type ", type_name(reading, type));
        return -1;
    }
    if (accept(reading, ']')) {
        return 0;
    }
    do {
        if (count == type->count) {
            if (reading->error->length == 0) {
                qy_text_put(reading->error, "more than %u elements", count);
            }
            return -1;
        }
        if (!value_parse(reading, element, to + (size_t)count * element->size, depth)) {
            return -1;
        }
        count++;
    } while (accept(reading, ','));
    if (!accept(reading, ']')) {
        (void)refuse(reading, "a closing ", "]");
        return -1;
    }
    return count;
}

/* All fields in their order; a name in front of one must be its own. */
static bool struct_parse(struct reading *reading, const struct qy_described_type *type, uint8_t *to,
                         uint32_t depth)
{
    if (!accept(reading, '{')) {
        return refuse(reading, "of type ", type_name(reading, type));
    }
    for (uint32_t i = 0; i < type->count; i++) {
        const struct qy_described_member *member = &reading->interface->members[type->first + i];
        const char *name = qy_interface_text(reading->interface, member->name);
        size_t length = strlen(name);
        if (i > 0 && !accept(reading, ',')) {
            return refuse(reading, "a field ", name);
        }
        if (memcmp(reading->at, name, qy_strnlen(reading->at, length)) == 0 &&
            qy_strnlen(reading->at, length) == length && reading->at[length] == '=') {
            reading->at += length + 1;
        }
        if (!value_parse(reading, &reading->interface->types[member->type], to + member->offset,
                         depth)) {
            return false;
        }
    }
    return accept(reading, '}') || refuse(reading, "a closing ", "}");
}

static const struct qy_described_member *
member_parse(struct reading *reading, const struct qy_described_type *type, char sign)
{
    const char *begin = reading->at;
    char token[TOKEN_MAX];
    const char stops[] = {sign, ',', ']', '}', 0};
    bool is_name = token_take(reading, stops, token) && accept(reading, sign);
    for (uint32_t i = 0; is_name && i < type->count; i++) {
        const struct qy_described_member *member = &reading->interface->members[type->first + i];
        if (name_is(reading, member, token)) {
            return member;
        }
    }
    reading->at = begin;
    (void)refuse(reading, "a member of ", type_name(reading, type));
    return NULL;
}

static bool union_parse(struct reading *reading, const struct qy_described_type *type, uint8_t *to,
                        uint32_t depth)
{
    const struct qy_described_member *member = member_parse(reading, type, ':');
    if (member == NULL) {
        return false;
    }
    uint32_t tag = (uint32_t)member->value;
    memcpy(to, &tag, sizeof tag);
    return value_parse(reading, &reading->interface->types[member->type], to + 8, depth);
}

/* How many bytes, or -1. */
static int64_t table_parse(struct reading *reading, const struct qy_described_type *type,
                           uint8_t *to)
{
    uint32_t size = 0;
    uint64_t last = 0;
    if (!accept(reading, '{')) {
        (void)refuse(reading, "of type ", type_name(reading, type));
        return -1;
    }
    while (!accept(reading, '}')) {
        const struct qy_described_member *member = member_parse(reading, type, '=');
        uint8_t value[IPC_PAYLOAD_MAX] = {0};
        if (member == NULL) {
            return -1;
        }
        const struct qy_described_type *inner = &reading->interface->types[member->type];
        if (member->value <= last || size + 4u + inner->size > type->size) {
            (void)refuse(reading, "in the order of ", type_name(reading, type));
            return -1;
        }
        last = member->value;
        if (inner->size > sizeof value || !value_parse(reading, inner, value, 1)) {
            return -1;
        }
        size += qy_table_put(to + size, (uint16_t)last, value, inner->size);
        if (!accept(reading, ',') && *reading->at != '}') {
            (void)refuse(reading, "a closing ", "}");
            return -1;
        }
    }
    return size;
}

/* Where it lies in a struct, all zero. */
static bool value_parse(struct reading *reading, const struct qy_described_type *type, uint8_t *to,
                        uint32_t depth)
{
    const struct qy_described_type *element = &reading->interface->types[type->element];
    bool is_inside = depth > 0;
    if (depth++ == QY_INTERFACE_DEPTH) {
        return refuse(reading, "so deep", "");
    }
    switch (type->kind) {
    case QY_TYPE_STRUCT:
        return struct_parse(reading, type, to, depth);
    case QY_TYPE_UNION:
        return union_parse(reading, type, to, depth);
    case QY_TYPE_STRING:
        return text_parse(reading, is_inside, to, type->count) >= 0;
    case QY_TYPE_VECTOR: {
        int64_t count = elements_parse(reading, type, to, true, depth);
        uint32_t stored = (uint32_t)count;
        memcpy(to + type->size - sizeof stored, &stored, sizeof stored);
        return count >= 0;
    }
    case QY_TYPE_ARRAY: {
        int64_t count = elements_parse(reading, type, to, true, depth);
        return count == type->count ||
               (count >= 0 && refuse(reading, "enough for ", type_name(reading, type)));
    }
    case QY_TYPE_OPTIONAL: {
        const char *begin = reading->at;
        char token[TOKEN_MAX];
        if (token_take(reading, ",]}", token) && qy_streq(token, "none")) {
            return true;
        }
        reading->at = begin;
        to[element->size] = 1;
        return value_parse(reading, element, to, depth);
    }
    default:
        return scalar_parse(reading, type, to);
    }
}

/* --- messages ------------------------------------------------------------------------------ */

static bool lease_parse(struct reading *reading, bool is_out, struct qy_arguments *arguments)
{
    uint32_t room = (uint32_t)sizeof arguments->lent - arguments->lent_bytes;
    uint64_t size;
    if (is_out) {
        const char *begin = reading->at;
        char token[TOKEN_MAX];
        if (!token_take(reading, "", token) || qy_parse_u64(token, &size) != 0 || size > room) {
            reading->at = begin;
            return refuse(reading, "a number of bytes to lend for writing, at most 4096", "");
        }
    } else {
        int64_t length = text_parse(reading, false, arguments->lent + arguments->lent_bytes, room);
        if (length < 0) {
            return false;
        }
        size = (uint64_t)length;
    }
    arguments->leases[arguments->lease_count].at = arguments->lent_bytes;
    arguments->leases[arguments->lease_count].size = (uint32_t)size;
    arguments->leases[arguments->lease_count++].is_out = is_out;
    arguments->lent_bytes += (uint32_t)size;
    return true;
}

/* Behind the fixed part. */
static bool tail_parse(struct reading *reading, const struct qy_described_type *type,
                       uint32_t offset, struct qy_arguments *arguments)
{
    uint8_t *bytes = arguments->payload + arguments->length;
    bool is_vector = type->kind == QY_TYPE_VECTOR;
    uint32_t unit = is_vector ? reading->interface->types[type->element].size : 1;
    uint32_t most = type->kind == QY_TYPE_TABLE ? type->size : type->count * unit;
    int64_t count;
    if (most > IPC_PAYLOAD_MAX - arguments->length) {
        return refuse(reading, "short enough for a message", "");
    }
    if (type->kind == QY_TYPE_STRING) {
        count = text_parse(reading, false, bytes, type->count);
    } else if (is_vector) {
        count = elements_parse(reading, type, bytes, false, 1);
    } else {
        count = table_parse(reading, type, bytes);
    }
    if (count < 0) {
        return false;
    }
    uint16_t stored = (uint16_t)count;
    memcpy(arguments->payload + offset, &stored, sizeof stored);
    arguments->length += (uint32_t)count * unit;
    return true;
}

static bool param_parse(struct reading *reading, const struct qy_described_member *param,
                        struct qy_arguments *arguments)
{
    const struct qy_described_type *type = &reading->interface->types[param->type];
    if (type->kind == QY_TYPE_OPTIONAL) {
        if (qy_streq(reading->at, "none")) {
            reading->at += 4;
            return true;
        }
        arguments->payload[param->has] = 1;
        type = &reading->interface->types[type->element];
    }
    switch (type->kind) {
    case QY_TYPE_HANDLE:
        if (reading->error->length == 0) {
            qy_text_put(reading->error, "a handle cannot be given as text");
        }
        return false;
    case QY_TYPE_LEASE_IN:
    case QY_TYPE_LEASE_OUT:
        return lease_parse(reading, type->kind == QY_TYPE_LEASE_OUT, arguments);
    case QY_TYPE_STRING:
    case QY_TYPE_VECTOR:
    case QY_TYPE_TABLE:
        return tail_parse(reading, type, param->offset, arguments);
    default:
        return value_parse(reading, type, arguments->payload + param->offset, 0);
    }
}

/* Skips "NAME=" in front of a word. */
static const char *name_skip(const char *word, const char *name)
{
    size_t length = strlen(name);
    if (qy_strnlen(word, length) == length && memcmp(word, name, length) == 0 &&
        word[length] == '=') {
        return word + length + 1;
    }
    return word;
}

bool qy_arguments_parse(const struct qy_interface *interface,
                        const struct qy_described_method *method, int count, char **words,
                        struct qy_arguments *ret_arguments, struct qy_text *error)
{
    memset(ret_arguments, 0, sizeof *ret_arguments);
    ret_arguments->length = method->request_size;
    if (count != method->request_count) {
        qy_text_put(error, "takes %u argument%s, not %d", method->request_count,
                    method->request_count == 1 ? "" : "s", count);
        return false;
    }
    for (int i = 0; i < count; i++) {
        const struct qy_described_member *param = &interface->members[method->request + i];
        const char *name = qy_interface_text(interface, param->name);
        char text[160];
        struct qy_text why = {.text = text, .size = sizeof text};
        struct reading reading = {
            .interface = interface, .at = name_skip(words[i], name), .error = &why};
        if (!param_parse(&reading, param, ret_arguments) ||
            (*reading.at != 0 && !refuse(&reading, "the end", ""))) {
            qy_text_put(error, "%s: %s", name, text);
            return false;
        }
    }
    return true;
}
