/* SPDX-License-Identifier: MIT */
/*
 * What a server says of its protocol, any bytes: they are refused, or everything that is done with
 * a description ends without a wrong access. An input is
 *
 *   u16 size of the description | the description | words or a payload
 */
#include <stdlib.h>
#include <string.h>
#include <idl/probe.h>
#include <quay/host.h>
#include <quay/interface.h>
#include <quay/thread.h>

#define WORDS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);

static struct {
    _Alignas(8) uint8_t description[QY_INTERFACE_SIZE_MAX];
    _Alignas(8) uint8_t payload[IPC_PAYLOAD_MAX];
    struct qy_arguments arguments;
    char text[4096];
} the;

static struct qy_text text_make(void)
{
    return (struct qy_text){.text = the.text, .size = sizeof the.text};
}

/* The rest of the input as the words of a call, split at zeros. */
static int words_split(uint8_t *rest, size_t size, char **words)
{
    int count = 0;
    size_t at = 0;
    while (at < size && count < WORDS_MAX) {
        words[count++] = (char *)rest + at;
        at += strnlen((const char *)rest + at, size - at) + 1;
    }
    return count;
}

static void method_try(const struct qy_interface *interface,
                       const struct qy_described_method *method, uint8_t *rest, size_t size)
{
    char *words[WORDS_MAX];
    struct qy_text text = text_make();
    qy_method_print(interface, method, "probe", &text);
    for (int is_reply = 0; is_reply < 2; is_reply++) {
        uint32_t length = (uint32_t)(size < sizeof the.payload ? size : sizeof the.payload);
        memcpy(the.payload, rest, length);
        text = text_make();
        (void)qy_results_print(interface, method, is_reply, the.payload, length, &text);
    }
    for (enum qy_message_kind kind = QY_REQUEST; kind <= QY_EVENT; kind++) {
        uint32_t length = (uint32_t)(size < sizeof the.payload ? size : sizeof the.payload);
        text = text_make();
        (void)qy_message_print(interface, kind, method->number, length % 3 == 0 ? length : 0,
                               the.payload, length, &text);
    }
    text = text_make();
    int count = words_split(rest, size, words);
    if (qy_arguments_parse(interface, method, count, words, &the.arguments, &text)) {
        if (the.arguments.length > IPC_PAYLOAD_MAX || the.arguments.lease_count > IPC_LEASES_MAX) {
            abort();
        }
        /* What was made from text can be read back as a request. */
        text = text_make();
        if (!qy_results_print(interface, method, false, the.arguments.payload, the.arguments.length,
                              &text) &&
            text.length < sizeof the.text) {
            abort();
        }
        text = text_make();
        qy_lent_print(interface, method, &the.arguments, &text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint16_t length;
    struct qy_interface interface;
    if (size < sizeof length) {
        return -1;
    }
    memcpy(&length, data, sizeof length);
    data += sizeof length;
    size -= sizeof length;
    if (length > size || length > sizeof the.description) {
        return -1;
    }
    memcpy(the.description, data, length);
    if (!qy_interface_open(&interface, the.description, length)) {
        return 0;
    }
    size_t rest_size = size - length;
    uint8_t *rest = malloc(rest_size + 1);
    for (uint32_t i = 0; i < interface.head->method_count; i++) {
        memcpy(rest, data + length, rest_size);
        rest[rest_size] = 0;
        method_try(&interface, &interface.methods[i], rest, rest_size);
    }
    free(rest);
    return 0;
}

/* The description of a protocol that has everything. */
static size_t begin(uint8_t *data, size_t room)
{
    static const char rest[] = "17\0002";
    static const struct qy_probe_handlers handlers;
    static struct qy_server server = {.dispatch = qy_probe_dispatch, .handlers = &handlers};
    qy_host_reset();
    handle_t session = qy_host_session(&server, 1);
    int64_t size =
        qy_interface_get(session, the.description, sizeof the.description, DEADLINE_NEVER);
    if (size < 0 || (size_t)size + 2 + sizeof rest > room) {
        return 0;
    }
    uint16_t length = (uint16_t)size;
    memcpy(data, &length, sizeof length);
    memcpy(data + sizeof length, the.description, length);
    memcpy(data + sizeof length + length, rest, sizeof rest);
    return sizeof length + length + sizeof rest;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed)
{
    size_t made = seed % 16 == 0 || size < 64 ? begin(data, room) : size;
    made = made == 0 ? size : made;
    uint16_t length;
    memcpy(&length, data, sizeof length);
    if (seed % 2 == 0 && made > sizeof length + length) { /* only what follows the description */
        size_t head = sizeof length + length;
        return head + LLVMFuzzerMutate(data + head, made - head, room - head);
    }
    return LLVMFuzzerMutate(data, made, room);
}
