/* SPDX-License-Identifier: MIT */
/* Values as text, by their description; the form is that which value_parse.c reads. Pure. */
#include "value.h"
#include <quay/message.h>
#include <quay/text.h>

/* Of what is short: members of a struct, and bytes that are no text. */
#define MEMBERS_SHOWN 4u
#define BYTES_SHOWN   8u

void qy_text_put(struct qy_text *text, const char *format, ...)
{
    va_list arguments;
    size_t at = text->length < text->size ? text->length : text->size;
    va_start(arguments, format);
    text->length += qy_vsnprintf(text->text + at, text->size - at, format, arguments);
    va_end(arguments);
}

uint64_t qy_value_integer(const struct qy_described_type *type, const uint8_t *bytes)
{
    uint64_t value = 0;
    memcpy(&value, bytes, type->size <= sizeof value ? type->size : 0);
    return value;
}

static void print_integer(const struct qy_described_type *type, uint64_t value,
                          struct qy_text *text)
{
    uint32_t unused_bits = 64 - 8u * type->size;
    if (text->shown_max > 0 && value == UINT64_MAX) {
        qy_text_put(text, "-1"); /* what an unsigned one means, too */
    } else if (type->kind >= QY_TYPE_I8 && type->kind <= QY_TYPE_I64) {
        qy_text_put(text, "%ld", (long)((int64_t)(value << unused_bits) >> unused_bits));
    } else {
        qy_text_put(text, "%lu", (unsigned long)value);
    }
}

static void print_enum(const struct qy_interface *interface, const struct qy_described_type *type,
                       uint64_t value, struct qy_text *text)
{
    uint64_t mask = type->size >= 8 ? UINT64_MAX : ((uint64_t)1 << 8 * type->size) - 1;
    for (uint32_t i = type->first; i < (uint32_t)type->first + type->count; i++) {
        if ((interface->members[i].value & mask) == value) {
            qy_text_put(text, "%s", qy_interface_text(interface, interface->members[i].name));
            return;
        }
    }
    print_integer(&interface->types[type->element], value, text);
}

static void print_bits(const struct qy_interface *interface, const struct qy_described_type *type,
                       uint64_t value, struct qy_text *text)
{
    const char *between = "";
    for (uint32_t i = type->first; i < (uint32_t)type->first + type->count; i++) {
        uint64_t bits = interface->members[i].value;
        if (bits != 0 && (value & bits) == bits) {
            qy_text_put(text, "%s%s", between,
                        qy_interface_text(interface, interface->members[i].name));
            value &= ~bits;
            between = "|";
        }
    }
    if (value != 0 || between[0] == 0) {
        qy_text_put(text, value != 0 ? "%s0x%lx" : "%s%lu", between, (unsigned long)value);
    }
}

/* How many of these shall be shown. */
static uint32_t shown(const struct qy_text *text, uint32_t count)
{
    return text->shown_max == 0 || count <= text->shown_max ? count : text->shown_max;
}

static void print_quoted(const uint8_t *bytes, uint32_t count, struct qy_text *text)
{
    uint32_t length = shown(text, count);
    bool is_utf8 = qy_utf8_valid((const char *)bytes, length);
    qy_text_put(text, "\"");
    for (uint32_t i = 0; i < length; i++) {
        switch (bytes[i]) {
        case '"':
        case '\\':
            qy_text_put(text, "\\%c", bytes[i]);
            break;
        case '\n':
            qy_text_put(text, "\\n");
            break;
        default:
            if (bytes[i] < ' ' || bytes[i] == 0x7f || (bytes[i] > 0x7f && !is_utf8)) {
                qy_text_put(text, "\\x%02x", bytes[i]);
            } else {
                qy_text_put(text, "%c", bytes[i]);
            }
        }
    }
    qy_text_put(text, length < count ? "\"..." : "\"");
}

static bool is_text(const uint8_t *bytes, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        if ((bytes[i] < ' ' && bytes[i] != '\n') || bytes[i] >= 0x7f) {
            return false;
        }
    }
    return length > 0;
}

/* What goes to a terminal: text, and orders between it. */
static bool is_nearly_text(const uint8_t *bytes, uint32_t length)
{
    uint32_t letters = 0;
    for (uint32_t i = 0; i < length; i++) {
        letters += bytes[i] == '\n' || bytes[i] == '\r' || (bytes[i] >= ' ' && bytes[i] < 0x7f);
    }
    return letters > 0 && letters >= length - length / 3;
}

static bool print_elements(const struct qy_interface *interface,
                           const struct qy_described_type *element, const uint8_t *bytes,
                           uint32_t count, struct qy_text *text, uint32_t depth)
{
    if (element->kind == QY_TYPE_U8 &&
        (is_text(bytes, count) || (text->shown_max > 0 && is_nearly_text(bytes, count)))) {
        print_quoted(bytes, count, text);
        return true;
    }
    if (element->kind == QY_TYPE_U8 && text->shown_max > 0 && count > BYTES_SHOWN) {
        qy_text_put(text, "(%u bytes)", count);
        return true;
    }
    qy_text_put(text, "[");
    for (uint32_t i = 0; i < shown(text, count); i++) {
        qy_text_put(text, i > 0 ? "," : "");
        if (!qy_value_print(interface, element, bytes + (size_t)i * element->size, text, depth)) {
            return false;
        }
    }
    qy_text_put(text, shown(text, count) < count ? ",...]" : "]");
    return true;
}

static bool print_struct(const struct qy_interface *interface, const struct qy_described_type *type,
                         const uint8_t *bytes, struct qy_text *text, uint32_t depth)
{
    qy_text_put(text, "{");
    for (uint32_t i = 0; i < type->count; i++) {
        const struct qy_described_member *member = &interface->members[type->first + i];
        if (text->shown_max > 0 && type->count > MEMBERS_SHOWN + 1 && i == MEMBERS_SHOWN) {
            qy_text_put(text, ",...");
            break;
        }
        qy_text_put(text, "%s%s=", i > 0 ? "," : "", qy_interface_text(interface, member->name));
        if (!qy_value_print(interface, &interface->types[member->type], bytes + member->offset,
                            text, depth)) {
            return false;
        }
    }
    qy_text_put(text, "}");
    return true;
}

const struct qy_described_member *qy_value_member(const struct qy_interface *interface,
                                                  const struct qy_described_type *type,
                                                  uint64_t ordinal)
{
    for (uint32_t i = type->first; i < (uint32_t)type->first + type->count; i++) {
        if (interface->members[i].value == ordinal) {
            return &interface->members[i];
        }
    }
    return NULL;
}

static bool print_union(const struct qy_interface *interface, const struct qy_described_type *type,
                        const uint8_t *bytes, struct qy_text *text, uint32_t depth)
{
    uint32_t tag;
    memcpy(&tag, bytes, sizeof tag);
    const struct qy_described_member *member = qy_value_member(interface, type, tag);
    if (member == NULL) {
        qy_text_put(text, "(member %u)", tag);
        return true;
    }
    qy_text_put(text, "%s:", qy_interface_text(interface, member->name));
    return qy_value_print(interface, &interface->types[member->type], bytes + 8, text, depth);
}

static bool print_table(const struct qy_interface *interface, const struct qy_described_type *type,
                        const uint8_t *bytes, uint32_t size, struct qy_text *text)
{
    struct qy_table_reader reader = {.at = bytes, .left = size};
    const char *between = "";
    qy_text_put(text, "{");
    while (qy_table_next(&reader)) {
        const struct qy_described_member *member = qy_value_member(interface, type, reader.ordinal);
        if (member == NULL) {
            continue; /* of a newer version */
        }
        qy_text_put(text, "%s%s=", between, qy_interface_text(interface, member->name));
        between = ",";
        if (reader.size != interface->types[member->type].size ||
            !qy_value_print(interface, &interface->types[member->type], reader.value, text, 1)) {
            return false;
        }
    }
    qy_text_put(text, "}");
    return !reader.is_bad;
}

bool qy_value_print(const struct qy_interface *interface, const struct qy_described_type *type,
                    const uint8_t *bytes, struct qy_text *text, uint32_t depth)
{
    const struct qy_described_type *element = &interface->types[type->element];
    if (depth++ == QY_INTERFACE_DEPTH) {
        return false;
    }
    switch (type->kind) {
    case QY_TYPE_BOOL:
        qy_text_put(text, bytes[0] == 1 ? "true" : "false");
        return bytes[0] <= 1;
    case QY_TYPE_ENUM:
        print_enum(interface, type, qy_value_integer(type, bytes), text);
        return true;
    case QY_TYPE_BITS:
        print_bits(interface, type, qy_value_integer(type, bytes), text);
        return true;
    case QY_TYPE_STRUCT:
        return print_struct(interface, type, bytes, text, depth);
    case QY_TYPE_UNION:
        return print_union(interface, type, bytes, text, depth);
    case QY_TYPE_STRING:
        print_quoted(bytes, (uint32_t)qy_strnlen((const char *)bytes, type->count), text);
        return true;
    case QY_TYPE_VECTOR: {
        uint32_t count;
        memcpy(&count, bytes + type->size - sizeof count, sizeof count);
        return count <= type->count &&
               print_elements(interface, element, bytes, count, text, depth);
    }
    case QY_TYPE_ARRAY:
        return print_elements(interface, element, bytes, type->count, text, depth);
    case QY_TYPE_OPTIONAL:
        if (bytes[element->size] == 0) {
            qy_text_put(text, "none");
            return true;
        }
        return qy_value_print(interface, element, bytes, text, depth);
    default:
        print_integer(type, qy_value_integer(type, bytes), text);
        return true;
    }
}

/* --- messages ------------------------------------------------------------------------------ */

/* Of a text or vector with `count` elements, of which so many bytes are here. */
static void print_beginning(const struct qy_described_type *element, const uint8_t *bytes,
                            uint32_t here, uint32_t count, struct qy_text *text)
{
    if (element->size > 1) {
        qy_text_put(text, "[%u elements]", count);
    } else if (is_nearly_text(bytes, here)) {
        print_quoted(bytes, here < text->shown_max ? here : text->shown_max, text);
        qy_text_put(text, "...");
    } else {
        qy_text_put(text, "(%u bytes)", count);
    }
}

/* A handle's kind is what matters: "session" of "handle<session, call>". */
static void print_handle(const char *name, struct qy_text *text)
{
    const char *from = name, *to;
    while (*from != 0 && *from != '<') {
        from++;
    }
    for (to = from; *to != 0 && *to != ',' && *to != '>'; to++) {
    }
    if (text->shown_max == 0 || *from == 0) {
        qy_text_put(text, "(%s)", name);
    } else {
        qy_text_put(text, "(%.*s)", (int)(to - from - 1), from + 1);
    }
}

/* A value that is not in the fixed part; *at goes on behind it. */
static bool print_tail(const struct qy_interface *interface, const struct qy_described_type *type,
                       uint32_t count, const uint8_t **at, const uint8_t *end, struct qy_text *text)
{
    const struct qy_described_type *element = &interface->types[type->element];
    size_t size = type->kind == QY_TYPE_VECTOR ? (size_t)count * element->size : count;
    const uint8_t *bytes = *at;
    if (size > (size_t)(end - bytes)) {
        if (!text->is_cut || type->kind == QY_TYPE_TABLE) {
            return false;
        }
        *at = end;
        print_beginning(element, bytes, (uint32_t)(end - bytes), count, text);
        return true;
    }
    *at += size;
    switch (type->kind) {
    case QY_TYPE_STRING:
        print_quoted(bytes, count, text);
        return true;
    case QY_TYPE_VECTOR:
        return print_elements(interface, element, bytes, count, text, 1);
    default:
        return print_table(interface, type, bytes, count, text);
    }
}

static bool is_in_tail(const struct qy_described_type *type)
{
    return type->kind == QY_TYPE_STRING || type->kind == QY_TYPE_VECTOR ||
           type->kind == QY_TYPE_TABLE;
}

static bool print_param(const struct qy_interface *interface,
                        const struct qy_described_member *param, const uint8_t *fixed,
                        const uint8_t **at, const uint8_t *end, struct qy_text *text)
{
    const struct qy_described_type *type = &interface->types[param->type];
    bool is_there = true;
    if (type->kind == QY_TYPE_OPTIONAL) {
        is_there = fixed[param->has] != 0;
        type = &interface->types[type->element];
    }
    qy_text_put(text, "%s = ", qy_interface_text(interface, param->name));
    if (is_there && is_in_tail(type)) {
        uint16_t count;
        memcpy(&count, fixed + param->offset, sizeof count);
        if (!print_tail(interface, type, count, at, end, text)) {
            return false;
        }
    } else if (is_there && type->kind >= QY_TYPE_HANDLE) {
        print_handle(qy_interface_text(interface, type->name), text);
    } else if (is_there && !qy_value_print(interface, type, fixed + param->offset, text, 0)) {
        return false;
    }
    qy_text_put(text, is_there ? "" : "none");
    return true;
}

bool qy_params_print(const struct qy_interface *interface, const struct qy_described_method *method,
                     bool is_reply, const void *payload, uint32_t length, const char *between,
                     struct qy_text *text)
{
    uint32_t first = is_reply ? method->reply : method->request;
    uint32_t count = is_reply ? method->reply_count : method->request_count;
    uint32_t fixed_size = is_reply ? method->reply_size : method->request_size;
    const uint8_t *at = (const uint8_t *)payload + fixed_size;
    const uint8_t *end = (const uint8_t *)payload + length;
    if (length < fixed_size) {
        return false;
    }
    for (uint32_t i = first; i < first + count; i++) {
        qy_text_put(text, "%s", i > first ? between : "");
        if (!print_param(interface, &interface->members[i], payload, &at, end, text)) {
            return false;
        }
    }
    return at == end;
}

bool qy_results_print(const struct qy_interface *interface,
                      const struct qy_described_method *method, bool is_reply, const void *payload,
                      uint32_t length, struct qy_text *text)
{
    uint32_t count = is_reply ? method->reply_count : method->request_count;
    bool is_good = qy_params_print(interface, method, is_reply, payload, length, "\n", text);
    qy_text_put(text, is_good && count > 0 ? "\n" : "");
    return is_good;
}

void qy_lent_print(const struct qy_interface *interface, const struct qy_described_method *method,
                   const struct qy_arguments *arguments, struct qy_text *text)
{
    uint32_t lease = 0;
    for (uint32_t i = 0; i < method->request_count; i++) {
        const struct qy_described_member *param = &interface->members[method->request + i];
        uint8_t kind = interface->types[param->type].kind;
        if (kind != QY_TYPE_LEASE_IN && kind != QY_TYPE_LEASE_OUT) {
            continue;
        }
        if (kind == QY_TYPE_LEASE_OUT && lease < arguments->lease_count) {
            qy_text_put(text, "%s = ", qy_interface_text(interface, param->name));
            print_quoted(arguments->lent + arguments->leases[lease].at,
                         arguments->leases[lease].size, text);
            qy_text_put(text, "\n");
        }
        lease++;
    }
}

/* --- signatures ---------------------------------------------------------------------------- */

static void print_params(const struct qy_interface *interface, uint32_t first, uint32_t count,
                         struct qy_text *text)
{
    qy_text_put(text, "(");
    for (uint32_t i = first; i < first + count; i++) {
        const struct qy_described_member *param = &interface->members[i];
        qy_text_put(text, "%s%s: %s", i > first ? ", " : "",
                    qy_interface_text(interface, param->name),
                    qy_interface_text(interface, interface->types[param->type].name));
    }
    qy_text_put(text, ")");
}

void qy_method_print(const struct qy_interface *interface, const struct qy_described_method *method,
                     const char *server, struct qy_text *text)
{
    qy_text_put(text, "%s%s%s%s", (method->flags & QY_METHOD_IS_EVENT) != 0 ? "event " : "", server,
                server[0] != 0 ? "." : "", qy_interface_text(interface, method->name));
    print_params(interface, method->request, method->request_count, text);
    if (method->reply_count > 0) {
        qy_text_put(text, " -> ");
        print_params(interface, method->reply, method->reply_count, text);
    }
}
