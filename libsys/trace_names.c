/* SPDX-License-Identifier: MIT */
/*
 * Who is who: a table of eight places for each hash of a koid. Koids are never used again, so what
 * stands there is true for ever, and only room is a reason to forget it. Pure.
 */
#include <quay/text.h>
#include <quay/trace_name.h>
#include <quay/trace_view.h>

static struct qy_trace_name *places(struct qy_trace_names *names, koid_t koid)
{
    uint64_t hash = koid * 0x9e3779b97f4a7c15ul >> 32;
    return &names->names[hash % (QY_TRACE_NAMES_MAX / QY_TRACE_NAMES_WAY) * QY_TRACE_NAMES_WAY];
}

/* Where it stands, or shall stand. */
static struct qy_trace_name *place_for(struct qy_trace_names *names, koid_t koid)
{
    struct qy_trace_name *place = places(names, koid), *oldest = place;
    for (uint32_t i = 0; i < QY_TRACE_NAMES_WAY; i++) {
        if (place[i].koid == koid) {
            return &place[i];
        }
        oldest = place[i].change < oldest->change ? &place[i] : oldest;
    }
    *oldest = (struct qy_trace_name){0};
    return oldest;
}

bool qy_trace_name_set(struct qy_trace_names *names, uint8_t type, koid_t koid, koid_t owner,
                       const char *text)
{
    char kept[QY_TRACE_NAME_BYTES] = "";
    if (koid == 0) {
        return false;
    }
    struct qy_trace_name *name = place_for(names, koid);
    if (text != NULL) {
        memcpy(kept, text, qy_strnlen(text, sizeof kept - 1));
    }
    bool is_news = name->koid != koid || name->type != type || name->owner != owner ||
                   (text != NULL && memcmp(name->text, kept, sizeof kept) != 0);
    if (is_news) {
        name->koid = koid;
        name->owner = owner;
        name->type = type;
        name->change = ++names->change;
        if (text != NULL) {
            memcpy(name->text, kept, sizeof kept);
        }
    }
    return is_news;
}

const struct qy_trace_name *qy_trace_name_find(const struct qy_trace_names *names, uint8_t type,
                                               koid_t koid)
{
    const struct qy_trace_name *place = places((struct qy_trace_names *)(uintptr_t)names, koid);
    for (uint32_t i = 0; koid != 0 && i < QY_TRACE_NAMES_WAY; i++) {
        if (place[i].koid == koid && place[i].type == type) {
            return &place[i];
        }
    }
    return NULL;
}

koid_t qy_trace_owner(const struct qy_trace_names *names, uint8_t type, koid_t koid)
{
    const struct qy_trace_name *name = qy_trace_name_find(names, type, koid);
    return name != NULL ? name->owner : 0;
}

const char *qy_trace_process_name(const struct qy_trace_names *names, koid_t process)
{
    const struct qy_trace_name *name = qy_trace_name_find(names, QY_TRACE_PROCESS, process);
    return name != NULL && name->text[0] != 0 ? name->text : "?";
}

void qy_trace_names_learn(struct qy_trace_names *names, const struct trace_record *record,
                          const uint8_t *data, uint32_t count)
{
    char text[QY_TRACE_NAME_BYTES] = "";
    koid_t process;
    switch (record->kind) {
    case TRACE_PROCESS_START:
        memcpy(text, data, count < sizeof text ? count : sizeof text - 1);
        (void)qy_trace_name_set(names, QY_TRACE_PROCESS, record->object, record->badge, text);
        break;
    case TRACE_THREAD_START:
        (void)qy_trace_name_set(names, QY_TRACE_THREAD, record->object, record->badge, NULL);
        break;
    case TRACE_USER:
        process = qy_trace_owner(names, QY_TRACE_THREAD, record->thread);
        if (record->method == QY_TRACE_USER_NAME && process != 0) {
            memcpy(text, &record->badge, sizeof record->badge);
            memcpy(text + sizeof record->badge, &record->value, sizeof record->value);
            (void)qy_trace_name_set(names, QY_TRACE_PROCESS, process,
                                    qy_trace_owner(names, QY_TRACE_PROCESS, process), text);
        }
        break;
    case TRACE_CALL_RECEIVED:
        process = qy_trace_owner(names, QY_TRACE_THREAD, record->thread);
        if (process != 0) {
            (void)qy_trace_name_set(names, QY_TRACE_PORT, record->object, process, NULL);
        }
        break;
    default:
        break;
    }
}

static const struct qy_trace_name *first_since(const struct qy_trace_names *names, uint64_t change)
{
    const struct qy_trace_name *first = NULL;
    for (uint32_t i = 0; change < names->change && i < QY_TRACE_NAMES_MAX; i++) {
        const struct qy_trace_name *name = &names->names[i];
        if (name->koid != 0 && name->change > change &&
            (first == NULL || name->change < first->change)) {
            first = name;
        }
    }
    return first;
}

bool qy_trace_names_write(const struct qy_trace_names *names, uint64_t *change,
                          struct qy_trace_writer *writer)
{
    const struct qy_trace_name *name = first_since(names, *change);
    if (name == NULL) {
        *change = names->change;
        return false;
    }
    if (name->type == QY_TRACE_PROCESS) {
        struct qy_trace_process *process =
            qy_trace_chunk_add(writer, QY_TRACE_PROCESS, sizeof *process);
        if (process == NULL) {
            return false;
        }
        process->koid = name->koid;
        process->job = name->owner;
        memcpy(process->name, name->text, sizeof process->name);
    } else {
        struct qy_trace_owned *owned = qy_trace_chunk_add(writer, name->type, sizeof *owned);
        if (owned == NULL) {
            return false;
        }
        owned->koid = name->koid;
        owned->process = name->owner;
    }
    *change = name->change;
    return true;
}
