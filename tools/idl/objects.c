/* SPDX-License-Identifier: MIT */
#include "objects.h"
#include <quay/abi/errno.h>
#include <quay/abi/object.h>
#include <string.h>

struct right_name {
    const char *object; /* NULL: every type has it */
    const char *name;
    const char *c_name;
    uint32_t bit;
};

#define OBJECT(name, NAME)                                                                         \
    {                                                                                              \
        name, "OBJECT_" #NAME, OBJECT_##NAME                                                       \
    }
#define RIGHT(object, name, NAME)                                                                  \
    {                                                                                              \
        object, name, "RIGHT_" #NAME, RIGHT_##NAME                                                 \
    }

static const struct object any = {"any", "OBJECT_NONE", OBJECT_NONE};

static const struct object objects[] = {
    OBJECT("job", JOB),
    OBJECT("process", PROCESS),
    OBJECT("thread", THREAD),
    OBJECT("aspace", ASPACE),
    OBJECT("memory", MEMORY),
    OBJECT("port", PORT),
    OBJECT("session", SESSION),
    OBJECT("event", EVENT),
    OBJECT("timer", TIMER),
    OBJECT("channel_sender", CHANNEL_SENDER),
    OBJECT("channel_receiver", CHANNEL_RECEIVER),
    OBJECT("irq", IRQ),
    OBJECT("io", IO),
    OBJECT("resource", RESOURCE),
};

static const struct right_name rights[] = {
    RIGHT(NULL, "dup", DUP),
    RIGHT(NULL, "transfer", TRANSFER),
    RIGHT(NULL, "wait", WAIT),
    RIGHT(NULL, "inspect", INSPECT),
    RIGHT("job", "manage", MANAGE),
    RIGHT("job", "create", CREATE),
    RIGHT("process", "manage", MANAGE),
    RIGHT("process", "read_state", READ_STATE),
    RIGHT("thread", "manage", MANAGE),
    RIGHT("thread", "read_state", READ_STATE),
    RIGHT("thread", "write_state", WRITE_STATE),
    RIGHT("aspace", "map", MAP),
    RIGHT("memory", "read", READ),
    RIGHT("memory", "write", WRITE),
    RIGHT("memory", "exec", EXEC),
    RIGHT("memory", "resize", RESIZE),
    RIGHT("port", "recv", RECV),
    RIGHT("port", "mint", MINT),
    RIGHT("port", "notify", NOTIFY),
    RIGHT("port", "bind", BIND),
    RIGHT("session", "call", CALL),
    RIGHT("channel_sender", "send", SEND),
    RIGHT("channel_receiver", "recv", RECV),
    RIGHT("event", "signal", SIGNAL),
    RIGHT("timer", "set", SET),
    RIGHT("irq", "ack", ACK),
    RIGHT("io", "use", USE),
    RIGHT("resource", "mint_irq", MINT_IRQ),
    RIGHT("resource", "mint_io", MINT_IO),
    RIGHT("resource", "mint_memory", MINT_MEMORY),
    RIGHT("resource", "system_info", SYSTEM_INFO),
    RIGHT("resource", "power", POWER),
};

/* What an error enum may name; transport errors are not for protocols. */
static const struct {
    const char *name;
    uint32_t number;
} errors[] = {
    {"EPERM", EPERM},
    {"ENOENT", ENOENT},
    {"ESRCH", ESRCH},
    {"EINTR", EINTR},
    {"EIO", EIO},
    {"ENXIO", ENXIO},
    {"E2BIG", E2BIG},
    {"ENOEXEC", ENOEXEC},
    {"EBADF", EBADF},
    {"EAGAIN", EAGAIN},
    {"ENOMEM", ENOMEM},
    {"EACCES", EACCES},
    {"EFAULT", EFAULT},
    {"EBUSY", EBUSY},
    {"EEXIST", EEXIST},
    {"ENODEV", ENODEV},
    {"EINVAL", EINVAL},
    {"EMFILE", EMFILE},
    {"ENOSPC", ENOSPC},
    {"ERANGE", ERANGE},
    {"EDEADLK", EDEADLK},
    {"ENOSYS", ENOSYS},
    {"EOVERFLOW", EOVERFLOW},
    {"EMSGSIZE", EMSGSIZE},
    {"ENOTSUP", ENOTSUP},
    {"ETIMEDOUT", ETIMEDOUT},
    {"ECANCELED", ECANCELED},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool right_belongs(const struct right_name *right, const struct object *object)
{
    return right->object == NULL || strcmp(right->object, object->name) == 0;
}

const struct object *object_find(const char *name, struct suggestion *suggestion)
{
    for (size_t i = 0; i < COUNT(objects); i++) {
        if (strcmp(objects[i].name, name) == 0) {
            return &objects[i];
        }
        suggestion_offer(suggestion, objects[i].name);
    }
    return strcmp(name, any.name) == 0 ? &any : NULL;
}

uint32_t right_find(const struct object *object, const char *name, struct suggestion *suggestion)
{
    for (size_t i = 0; i < COUNT(rights); i++) {
        if (!right_belongs(&rights[i], object)) {
            continue;
        }
        if (strcmp(rights[i].name, name) == 0) {
            return rights[i].bit;
        }
        suggestion_offer(suggestion, rights[i].name);
    }
    return 0;
}

void rights_print(struct text *text, const struct object *object, uint32_t bits)
{
    const char *between = "";
    for (size_t i = 0; i < COUNT(rights); i++) {
        if (right_belongs(&rights[i], object) && (bits & rights[i].bit) != 0) {
            text_printf(text, "%s%s", between, rights[i].c_name);
            between = " | ";
        }
    }
    if (bits == 0) {
        text_printf(text, "0");
    }
}

void rights_print_plain(struct text *text, const struct object *object, uint32_t bits)
{
    const char *between = "";
    for (size_t i = 0; i < COUNT(rights); i++) {
        if (right_belongs(&rights[i], object) && (bits & rights[i].bit) != 0) {
            text_printf(text, "%s%s", between, rights[i].name);
            between = " | ";
        }
    }
}

uint32_t errno_find(const char *name, struct suggestion *suggestion)
{
    for (size_t i = 0; i < COUNT(errors); i++) {
        if (strcmp(errors[i].name, name) == 0) {
            return errors[i].number;
        }
        suggestion_offer(suggestion, errors[i].name);
    }
    return 0;
}
