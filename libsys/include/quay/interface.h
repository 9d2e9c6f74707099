/* SPDX-License-Identifier: MIT */
/*
 * What a server says about its protocol, and calls made from text with nothing else.
 *
 * The interface compiler puts a description into every server; the generated dispatch function
 * gives it to whoever asks. It is one block of bytes, little-endian, and hostile until it was
 * checked:
 *
 *   head | members | methods | types | strings
 *
 * Everything refers to everything else by index, a text by its offset in the strings; a type only
 * to types before it, so that nothing contains itself.
 */
#pragma once

#include <quay/protocol.h>

#define QY_METHOD_DESCRIBE    0x7ffffffeu
#define QY_INTERFACE_MAGIC    0x31697971u /* "qyi1" */
#define QY_INTERFACE_SIZE_MAX 32768u
#define QY_INTERFACE_DEPTH    8 /* types within types */
#define QY_NOWHERE            0xffffu

enum qy_type_kind {
    QY_TYPE_BOOL = 1,
    QY_TYPE_U8,
    QY_TYPE_U16,
    QY_TYPE_U32,
    QY_TYPE_U64,
    QY_TYPE_I8,
    QY_TYPE_I16,
    QY_TYPE_I32,
    QY_TYPE_I64,
    QY_TYPE_ENUM,
    QY_TYPE_BITS,
    QY_TYPE_STRUCT,
    QY_TYPE_UNION,
    QY_TYPE_TABLE,
    QY_TYPE_STRING,
    QY_TYPE_VECTOR,
    QY_TYPE_ARRAY,
    QY_TYPE_OPTIONAL,
    QY_TYPE_HANDLE,
    QY_TYPE_LEASE_IN,
    QY_TYPE_LEASE_OUT,
};

struct qy_described_head {
    uint32_t magic;
    uint32_t size; /* of everything */
    uint16_t member_count, method_count, type_count;
    uint16_t string_bytes;
    uint16_t version; /* of the protocol */
    uint16_t name, doc;
    uint16_t number; /* QY_METHOD_PROTOCOL() of its methods */
};

/* A member of an enum, bits, struct, union or table, or a parameter. */
struct qy_described_member {
    uint64_t value; /* of an enum or bits; the number in a union or table */
    uint16_t name, type;
    uint16_t offset; /* in a struct; of a parameter in the fixed part: of the value or its count */
    uint16_t has;    /* of an optional parameter: whether it is there */
};

#define QY_METHOD_IS_EVENT      1u
#define QY_METHOD_IS_ONEWAY     2u
#define QY_METHOD_IS_IDEMPOTENT 4u

struct qy_described_method {
    uint32_t number;
    uint32_t deadline_ms; /* 0: none */
    uint16_t name, doc;
    uint16_t request, reply; /* first of the parameters */
    uint16_t request_count, reply_count;
    uint16_t request_size, reply_size; /* fixed parts */
    uint16_t error;                    /* a type, or QY_NOWHERE */
    uint16_t flags;
    uint16_t reserved[2];
};

struct qy_described_type {
    uint8_t kind, reserved;
    uint16_t name;    /* as it is written in the interface */
    uint16_t size;    /* as a field of a struct; a table: of the longest */
    uint16_t count;   /* the bound, or how many members */
    uint16_t first;   /* member */
    uint16_t element; /* type; of an enum or bits its integer */
};

/* A description that was checked. */
struct qy_interface {
    const struct qy_described_head *head;
    const struct qy_described_member *members;
    const struct qy_described_method *methods;
    const struct qy_described_type *types;
    const char *strings;
};

QY_C_BEGIN

/* Asks a server for the description of its protocol, of at most `room` bytes; returns how many they
 * are, or a negative error number. */
int64_t qy_interface_get(handle_t session, void *bytes, uint32_t room, time_ns_t deadline);

/* Of a description that is right, as those are that this program was made with. */
static inline struct qy_interface qy_interface_of(const struct qy_described_head *head)
{
    struct qy_interface interface = {0};
    interface.head = head;
    interface.members = (const struct qy_described_member *)(const void *)(head + 1);
    interface.methods =
        (const struct qy_described_method *)(const void *)(interface.members + head->member_count);
    interface.types =
        (const struct qy_described_type *)(const void *)(interface.methods + head->method_count);
    interface.strings = (const char *)(const void *)(interface.types + head->type_count);
    return interface;
}

/* Whether these bytes (8-aligned, which must stay) are a description that can be relied on. */
bool qy_interface_open(struct qy_interface *ret_interface, const void *bytes, uint32_t size);

static inline const char *qy_interface_text(const struct qy_interface *interface, uint16_t at)
{
    return interface->strings + at;
}

/* By its name; NULL: there is none. */
const struct qy_described_method *qy_interface_method(const struct qy_interface *interface,
                                                      const char *name);

/* --- text ---------------------------------------------------------------------------------- */

/* Text that is put together; what does not fit is cut. All zero but text and size: empty. */
struct qy_text {
    char *text;
    size_t size, length;
    uint32_t shown_max; /* bytes of a text, elements of a vector; 0: all. With it other values are
                           short, too: for reading only */
    bool is_cut;        /* the payload has a rest that is not here */
};
void qy_text_put(struct qy_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "counter.increment(by: u64) -> (value: u64)", for the server's name or "" */
void qy_method_print(const struct qy_interface *interface, const struct qy_described_method *method,
                     const char *server, struct qy_text *text);

/* A call made from text. */
struct qy_arguments {
    uint32_t length;
    uint32_t lease_count;
    uint32_t lent_bytes;
    struct {
        uint32_t at, size; /* in `lent` */
        bool is_out;
    } leases[IPC_LEASES_MAX];
    uint8_t payload[IPC_PAYLOAD_MAX];
    uint8_t lent[IPC_PAYLOAD_MAX];
};

/* One word for each parameter, or NAME=WORD:
 *
 *   12 -3 0x1f    numbers                     text "te,xt"  strings, and vectors of u8
 *   true false    bool                        [1,2,3]       vectors and arrays
 *   name name|12  enums, bits                 {1,x=2}       structs; tables, but with names
 *   none          no optional value           name:1        unions
 *
 * What is lent for reading is given as text, for writing as a number of bytes. Handles cannot be
 * given. False: *error says what is wrong. */
bool qy_arguments_parse(const struct qy_interface *interface,
                        const struct qy_described_method *method, int count, char **words,
                        struct qy_arguments *ret_arguments, struct qy_text *error);

/* Puts the values of an answer or event, "value = 12\n" each, in the same form. False: it is not
 * what the description says. */
bool qy_results_print(const struct qy_interface *interface,
                      const struct qy_described_method *method, bool is_reply, const void *payload,
                      uint32_t length, struct qy_text *text);

/* What a message is, as somebody sees it who is none of the two. */
enum qy_message_kind {
    QY_REQUEST = 0,
    QY_REPLY = 1, /* `method` is that of its request */
    QY_EVENT = 2, /* in a channel of events */
};

/* A message of this protocol in one line: "counter.increment(by = 5)", "counter.increment ->
 * (value = 12)", "names.connect -> full", "names.bound(entry = {...})". `status` of a reply is what
 * its header has for a method. False: it is not what the protocol says, and `text` ends with why.
 */
bool qy_message_print(const struct qy_interface *interface, enum qy_message_kind kind,
                      uint32_t method, uint32_t status, const void *payload, uint32_t length,
                      struct qy_text *text);

/* The next description of several one behind the other, as `idl tables` writes them: from *at on,
 * which then is behind it. False: there is no other, or what is there is none. */
bool qy_interface_next(struct qy_interface *ret_interface, const void *bytes, uint32_t size,
                       uint32_t *at);

/* What was written to lent memory. */
void qy_lent_print(const struct qy_interface *interface, const struct qy_described_method *method,
                   const struct qy_arguments *arguments, struct qy_text *text);

/* Calls, and says in `text` what came of it, lines with their ends. 0 if it was answered; an error
 * as generated functions return it, which `text` explains. */
int64_t qy_interface_call(const struct qy_interface *interface,
                          const struct qy_described_method *method, handle_t session,
                          struct qy_arguments *arguments, struct qy_text *text, time_ns_t deadline);

QY_C_END
