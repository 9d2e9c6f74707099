/* SPDX-License-Identifier: MIT */
/* Messages as lines of text, for those who watch. Pure. */
#include "value.h"
#include <quay/batch.h>
#include <quay/message.h>
#include <quay/outbox.h>
#include <quay/statistics.h>
#include <quay/text.h>

bool qy_interface_next(struct qy_interface *ret_interface, const void *bytes, uint32_t size,
                       uint32_t *at)
{
    struct qy_described_head head;
    if (*at > size || size - *at < sizeof head) {
        return false;
    }
    memcpy(&head, (const uint8_t *)bytes + *at, sizeof head);
    if (head.size > size - *at ||
        !qy_interface_open(ret_interface, (const uint8_t *)bytes + *at, head.size)) {
        return false;
    }
    *at += (head.size + 7) & ~7u;
    return true;
}

/* What every server has beside its protocol. */
static const char *reserved_name(uint32_t method)
{
    switch (method) {
    case QY_METHOD_SUBSCRIBE:
        return "(subscribe)";
    case QY_METHOD_DESCRIBE:
        return "(describe)";
    case QY_METHOD_STATISTICS:
        return "(statistics)";
    case QY_METHOD_BATCH:
        return "(batch)";
    case QY_METHOD_INBOX:
        return "(inbox)";
    default:
        return NULL;
    }
}

static const struct qy_described_method *method_find(const struct qy_interface *interface,
                                                     uint32_t number, bool is_event)
{
    for (uint32_t i = 0; i < interface->head->method_count; i++) {
        const struct qy_described_method *method = &interface->methods[i];
        if (method->number == number && ((method->flags & QY_METHOD_IS_EVENT) != 0) == is_event) {
            return method;
        }
    }
    return NULL;
}

/* An error of the protocol by its name, one of the transport by its text. */
static void error_print(const struct qy_interface *interface,
                        const struct qy_described_method *method, uint32_t status,
                        struct qy_text *text)
{
    const struct qy_described_member *member = NULL;
    if (method != NULL && method->error != QY_NOWHERE) {
        member = qy_value_member(interface, &interface->types[method->error], status);
    }
    if (member != NULL) {
        qy_text_put(text, "%s", qy_interface_text(interface, member->name));
    } else {
        qy_text_put(text, "error %u: %s", status, qy_error_text(status));
    }
}

/* What is not described is told by its size. */
static bool unknown_print(uint32_t method, enum qy_message_kind kind, uint32_t length,
                          struct qy_text *text)
{
    const char *name = kind == QY_EVENT ? NULL : reserved_name(method);
    if (name != NULL) {
        qy_text_put(text, "%s", name);
    } else if (kind == QY_EVENT && method == QY_EVENT_LOST) {
        qy_text_put(text, "(lost)");
        name = "";
    } else {
        qy_text_put(text, "0x%x", method);
    }
    qy_text_put(text, "%s(%u bytes)", kind == QY_REPLY ? " -> " : "", length);
    return name != NULL;
}

bool qy_message_print(const struct qy_interface *interface, enum qy_message_kind kind,
                      uint32_t method, uint32_t status, const void *payload, uint32_t length,
                      struct qy_text *text)
{
    const struct qy_described_method *found = method_find(interface, method, kind == QY_EVENT);
    qy_text_put(text, "%s.", qy_interface_text(interface, interface->head->name));
    if (kind == QY_REPLY && status != 0) {
        const char *name =
            found != NULL ? qy_interface_text(interface, found->name) : reserved_name(method);
        qy_text_put(text, name != NULL ? "%s -> " : "%s0x%x -> ", name != NULL ? name : "", method);
        error_print(interface, found, status, text);
        return true;
    }
    if (found == NULL) {
        return unknown_print(method, kind, length, text);
    }
    qy_text_put(text, "%s%s", qy_interface_text(interface, found->name),
                kind == QY_REPLY ? " -> (" : "(");
    bool is_good = qy_params_print(interface, found, kind == QY_REPLY, payload, length, ", ", text);
    qy_text_put(text, is_good ? ")" : " ...) is malformed");
    return is_good;
}
