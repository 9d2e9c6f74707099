/* SPDX-License-Identifier: MIT */
/*
 * What the compiler knows of a library, filled in by one step after the other:
 *
 *   lexer -> parser: everything as it is written
 *         -> resolve: names become declarations, expressions numbers
 *         -> check:   the rules of the language
 *         -> layout:  sizes, offsets, the slots of messages
 *         -> c_*.c, markdown.c, json.c ...: the outputs; they change nothing
 *
 * All lists are singly linked in the order of the source.
 */
#pragma once

#include "diagnostic.h"

/* Wide enough for every u64 and i64, so that ranges are compared without tricks. */
typedef __int128 number_t;

#define VERSION_NEVER UINT32_MAX

/* a.b.c as written */
struct path {
    const char *text; /* NULL: not there */
    struct span where;
};

enum value_kind {
    VALUE_NUMBER,
    VALUE_TEXT,
    VALUE_BOOL,
    VALUE_PATH
};

struct value {
    enum value_kind kind;
    struct span where;
    bool is_negative; /* a minus was written before a path */
    number_t number;  /* NUMBER; BOOL: 0 or 1; a PATH after resolve */
    const char *text; /* TEXT */
    struct path path; /* PATH */
};

struct attribute {
    struct attribute *next;
    const char *name;
    struct span where;
    struct value *value; /* may be NULL */
};

enum type_kind {
    TYPE_BOOL,
    TYPE_U8,
    TYPE_U16,
    TYPE_U32,
    TYPE_U64,
    TYPE_I8,
    TYPE_I16,
    TYPE_I32,
    TYPE_I64,
    TYPE_NAMED,
    TYPE_STRING,
    TYPE_VECTOR,
    TYPE_ARRAY,
    TYPE_OPTIONAL,
    TYPE_HANDLE,
    TYPE_LEASE,
    TYPE_WRONG, /* an error was reported */
};

struct right {
    struct right *next;
    const char *name;
    struct span where;
};

struct type {
    enum type_kind kind;
    struct span where;
    struct path path;     /* NAMED */
    struct decl *decl;    /* NAMED, after resolve */
    struct type *element; /* VECTOR, ARRAY, OPTIONAL */
    struct value *bound;  /* STRING, VECTOR, ARRAY */
    uint32_t count;       /* the bound, after resolve */

    /* HANDLE */
    const char *object_name;
    struct span object_where;
    struct right *required, *optional;
    const struct object *object;
    uint32_t required_rights, optional_rights;

    bool is_out; /* LEASE: the callee writes */

    /* Where it lies in memory and in a fixed layout; not of HANDLE and LEASE. */
    uint32_t size, align;
};

struct member {
    struct member *next;
    const char *name; /* NULL: reserved bytes */
    struct span where;
    const char *doc;
    struct attribute *attributes;
    struct value *ordinal_value; /* table, union */
    uint32_t ordinal;
    struct value *value; /* enum, bits; of reserved bytes their number */
    struct type *type;
    uint32_t since, removed;

    /* After layout. */
    uint32_t offset, size, align;
    uint32_t handle_index; /* of a handle: its place in the message */
};

/* One field of a message's fixed part. */
enum slot_role {
    SLOT_VALUE,
    SLOT_HAS,     /* whether an optional parameter is there */
    SLOT_COUNT,   /* elements of a vector, bytes of a string or table */
    SLOT_RESERVED /* zero bytes at the end */
};

struct slot {
    struct slot *next;
    enum slot_role role;
    struct member *param;
    uint32_t size, align, offset;
};

struct message {
    struct member *params;
    struct span where;

    /* After layout. */
    struct slot *slots;
    uint32_t fixed_size; /* bytes of the slots */
    uint32_t max_size;   /* with the longest tail */
    uint32_t handle_min, handle_max;
    uint32_t lease_count;
    bool has_tail;
};

struct method {
    struct method *next;
    const char *name;
    struct span where;
    const char *doc;
    struct attribute *attributes;
    struct value *ordinal_value;
    uint32_t ordinal;
    uint32_t number; /* on the wire: the protocol's above bit 16, and the ordinal */
    bool is_event, is_oneway, is_idempotent, is_batch;
    struct message request, reply;
    struct path error_path; /* text NULL: none */
    struct decl *error;
    uint64_t deadline_ns; /* 0: none */
    uint32_t since, removed;
};

enum decl_kind {
    DECL_CONST,
    DECL_ENUM,
    DECL_BITS,
    DECL_STRUCT,
    DECL_TABLE,
    DECL_UNION,
    DECL_PROTOCOL,
};

enum decl_state {
    STATE_NEW,
    STATE_BUSY,
    STATE_DONE
};

struct decl {
    struct decl *next;
    enum decl_kind kind;
    const char *name;
    struct span where;
    const char *doc;
    struct attribute *attributes;
    struct library *library;
    bool is_flexible;
    struct type *type;        /* CONST: its type; ENUM, BITS: the integer; */
    struct value *value;      /* CONST */
    struct value *room_value; /* TABLE, UNION: bytes set aside */
    uint32_t room;
    struct member *members;
    struct method *methods;
    uint32_t version; /* PROTOCOL */
    uint32_t number;  /* PROTOCOL: from its full name; 1 to PROTOCOL_MAX */

    enum decl_state value_state, layout_state;
    uint32_t size, align;
    bool is_error; /* ENUM: some method answers with it */
};

struct using
{
    struct using *next;
    struct path path;
    const char *alias;
    struct library *library;
};

struct library {
    struct library *next;
    struct path path;
    const char *doc;
    const struct source *source;
    struct tokens *tokens;
    struct using *usings;
    struct decl *decls;
};

struct decl *library_find(const struct library *library, const char *name);

/* Whether a method or member is part of what is generated. */
bool method_is_live(const struct decl *protocol, const struct method *method);
