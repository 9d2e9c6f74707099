/* SPDX-License-Identifier: MIT */
/* Descriptions of protocols: what of one can be relied on. Pure. */
#include <quay/interface.h>
#include <quay/text.h>

static const uint8_t integer_sizes[] = {
    [QY_TYPE_BOOL] = 1, [QY_TYPE_U8] = 1,  [QY_TYPE_U16] = 2, [QY_TYPE_U32] = 4, [QY_TYPE_U64] = 8,
    [QY_TYPE_I8] = 1,   [QY_TYPE_I16] = 2, [QY_TYPE_I32] = 4, [QY_TYPE_I64] = 8,
};

static bool is_integer(uint8_t kind)
{
    return kind >= QY_TYPE_BOOL && kind <= QY_TYPE_I64;
}

/* Has a size, so that it can be inside of another one. */
static bool is_field(const struct qy_interface *interface, const struct qy_described_type *type)
{
    if (type->kind == QY_TYPE_OPTIONAL) {
        type = &interface->types[type->element];
    }
    return type->kind < QY_TYPE_OPTIONAL && type->kind != QY_TYPE_TABLE;
}

static bool members_are_there(const struct qy_interface *interface, uint32_t first, uint32_t count)
{
    return first <= interface->head->member_count && count <= interface->head->member_count - first;
}

/* Fields of a struct follow each other, so that whoever walks through them comes to an end. */
static bool members_check(const struct qy_interface *interface, uint32_t index)
{
    const struct qy_described_type *type = &interface->types[index];
    uint32_t end = 0;
    if (!members_are_there(interface, type->first, type->count)) {
        return false;
    }
    for (uint32_t i = type->first; i < (uint32_t)type->first + type->count; i++) {
        const struct qy_described_member *member = &interface->members[i];
        if (member->type >= index || !is_field(interface, &interface->types[member->type])) {
            return false;
        }
        uint32_t size = interface->types[member->type].size;
        if (type->kind == QY_TYPE_STRUCT) {
            if (member->offset < end) {
                return false;
            }
            end = member->offset + size;
        } else if (member->value > UINT16_MAX) {
            return false;
        } else {
            end = (type->kind == QY_TYPE_UNION ? 8 : 4) + size;
        }
        if (end > type->size) {
            return false;
        }
    }
    return true;
}

static bool element_check(const struct qy_interface *interface,
                          const struct qy_described_type *type)
{
    const struct qy_described_type *element = &interface->types[type->element];
    switch (type->kind) {
    case QY_TYPE_ENUM:
    case QY_TYPE_BITS:
        return is_integer(element->kind) && type->size == element->size &&
               members_are_there(interface, type->first, type->count);
    case QY_TYPE_VECTOR:
        return is_field(interface, element) &&
               (uint32_t)type->count * element->size + 4 <= type->size;
    case QY_TYPE_ARRAY:
        return is_field(interface, element) && (uint32_t)type->count * element->size == type->size;
    default:
        return element->kind != QY_TYPE_OPTIONAL &&
               (!is_field(interface, element) || type->size == element->size + 1u);
    }
}

static bool type_check(const struct qy_interface *interface, uint32_t index)
{
    const struct qy_described_type *type = &interface->types[index];
    if (type->name >= interface->head->string_bytes ||
        (type->size == 0 && type->kind < QY_TYPE_HANDLE)) {
        return false;
    }
    switch (type->kind) {
    case QY_TYPE_STRUCT:
    case QY_TYPE_UNION:
    case QY_TYPE_TABLE:
        return members_check(interface, index);
    case QY_TYPE_ENUM:
    case QY_TYPE_BITS:
    case QY_TYPE_VECTOR:
    case QY_TYPE_ARRAY:
    case QY_TYPE_OPTIONAL:
        return type->element < index && element_check(interface, type);
    case QY_TYPE_STRING:
        return type->size == type->count + 1u;
    case QY_TYPE_HANDLE:
    case QY_TYPE_LEASE_IN:
    case QY_TYPE_LEASE_OUT:
        return true;
    default:
        return is_integer(type->kind) && type->size == integer_sizes[type->kind];
    }
}

/* How many bytes it takes in the fixed part of a message. */
static uint32_t slot_size(const struct qy_described_type *type)
{
    switch (type->kind) {
    case QY_TYPE_STRING:
    case QY_TYPE_VECTOR:
    case QY_TYPE_TABLE:
        return 2;
    default:
        return type->size;
    }
}

static bool params_check(const struct qy_interface *interface, uint32_t first, uint32_t count,
                         uint32_t size)
{
    if (!members_are_there(interface, first, count) || size > IPC_PAYLOAD_MAX) {
        return false;
    }
    uint32_t leases = 0;
    for (uint32_t i = first; i < first + count; i++) {
        const struct qy_described_member *param = &interface->members[i];
        if (param->type >= interface->head->type_count) {
            return false;
        }
        const struct qy_described_type *type = &interface->types[param->type];
        bool is_optional = type->kind == QY_TYPE_OPTIONAL;
        if (is_optional) {
            type = &interface->types[type->element];
        }
        if ((is_optional && param->has >= size) ||
            (type->kind < QY_TYPE_HANDLE && param->offset + slot_size(type) > size)) {
            return false;
        }
        leases += type->kind > QY_TYPE_HANDLE;
    }
    return leases <= IPC_LEASES_MAX;
}

static bool method_check(const struct qy_interface *interface,
                         const struct qy_described_method *method)
{
    const struct qy_described_head *head = interface->head;
    return method->name < head->string_bytes && method->doc < head->string_bytes &&
           (method->error == QY_NOWHERE ||
            (method->error < head->type_count &&
             interface->types[method->error].kind == QY_TYPE_ENUM)) &&
           params_check(interface, method->request, method->request_count, method->request_size) &&
           params_check(interface, method->reply, method->reply_count, method->reply_size);
}

bool qy_interface_open(struct qy_interface *ret_interface, const void *bytes, uint32_t size)
{
    const struct qy_described_head *head = bytes;
    if (size < sizeof *head || size > QY_INTERFACE_SIZE_MAX || (uintptr_t)bytes % 8 != 0 ||
        head->magic != QY_INTERFACE_MAGIC || head->size != size) {
        return false;
    }
    struct qy_interface interface = qy_interface_of(head);
    uint64_t before = sizeof *head + (uint64_t)head->member_count * sizeof *interface.members +
                      (uint64_t)head->method_count * sizeof *interface.methods +
                      (uint64_t)head->type_count * sizeof *interface.types;
    if (before + head->string_bytes != size || head->string_bytes == 0 ||
        interface.strings[head->string_bytes - 1] != 0 || head->name >= head->string_bytes ||
        head->doc >= head->string_bytes) {
        return false;
    }
    bool is_good = true;
    for (uint32_t i = 0; i < head->member_count; i++) {
        is_good = is_good && interface.members[i].name < head->string_bytes;
    }
    for (uint32_t i = 0; i < head->type_count; i++) {
        is_good = is_good && type_check(&interface, i);
    }
    for (uint32_t i = 0; i < head->method_count; i++) {
        is_good = is_good && method_check(&interface, &interface.methods[i]);
    }
    *ret_interface = interface;
    return is_good;
}

const struct qy_described_method *qy_interface_method(const struct qy_interface *interface,
                                                      const char *name)
{
    for (uint32_t i = 0; i < interface->head->method_count; i++) {
        const struct qy_described_method *method = &interface->methods[i];
        if (qy_streq(qy_interface_text(interface, method->name), name)) {
            return method;
        }
    }
    return NULL;
}
