/* SPDX-License-Identifier: MIT */
/*
 * The C back end: a header with the types, the client's functions and the server's handlers, and a
 * source with their code. It reads like code written by hand because it is built like it: one
 * encode and one decode function per message, and functions that do nothing else but call them.
 *
 *   client   qy_NAME_METHOD        encode request, call, decode reply
 *   server   NAME_METHOD_serve     decode request, handler, encode reply
 *            qy_NAME_METHOD_answer encode reply, for a call that was deferred
 */
#pragma once

#include "compile.h"

/* How a parameter is written in a list. */
enum side {
    SIDE_GIVEN,   /* `uint64_t by`: what a client sends, what a server answers */
    SIDE_TAKEN,   /* `uint64_t *ret_by`: what a function returns */
    SIDE_HANDLER, /* as given, but of a handle the address: the handler may take it */
};

struct c_output {
    struct arena *arena;
    const struct library *library;
    const char *stem;
    struct text *text;
};

void c_header(struct arena *arena, const struct library *library, struct text *text);
void c_source(struct arena *arena, const struct library *library, struct text *text);

/* --- c_names.c ------------------------------------------------------------------------------ */

/* "qy_fs_stat" */
const char *c_decl_name(struct c_output *out, const struct decl *decl);

/* "fs" or, if the protocol is not called like its library, "fs_lock" */
const char *c_protocol(struct c_output *out, const struct decl *protocol);

/* The same in capitals. */
const char *c_upper(struct c_output *out, const char *name);

/* "QY_FS_METHOD_READ", "QY_FS_EVENT_CHANGED" */
const char *c_method_constant(struct c_output *out, const struct decl *protocol,
                              const struct method *method);

/* "uint32_t", "struct qy_fs_stat": of the type, or of the elements of an array or vector. */
const char *c_type(struct c_output *out, const struct type *type);

/* "struct qy_fs_read_request" */
const char *c_message_struct(struct c_output *out, const struct decl *protocol,
                             const struct method *method, const struct message *message);

/* "request", "reply" or "event" */
const char *c_message_word(const struct method *method, const struct message *message);

/* The name of a slot's field: by, has_by, data_count, name_length. */
const char *c_slot_name(struct c_output *out, const struct slot *slot);

bool c_is_scalar(const struct type *type);

/* A comment with the documentation, indented; nothing if there is none. */
void c_doc(struct c_output *out, const char *doc, const char *indent);

/* --- c_signature.c -------------------------------------------------------------------------- */

/* ", uint64_t by, const char *name": the parameters of a message. */
void c_parameters(struct c_output *out, const struct message *message, enum side side);

/* ", by, name": the same as arguments; ret_ in front where they are taken. */
void c_arguments(struct c_output *out, const struct message *message, enum side side);

/* The local variables in which a server keeps a message's parameters; those of the answer are
 * zeroed and begin with ret_. */
void c_locals(struct c_output *out, const struct message *message, bool is_answer);

/* ", &by, name": where decode or a handler puts the parameters: into those variables. */
void c_local_addresses(struct c_output *out, const struct message *message, bool is_answer);

/* ", by, has_x ? &x : NULL": the same variables as a handler, or encode, gets them. */
void c_local_values(struct c_output *out, const struct message *message, bool is_answer);

/* --- the parts ------------------------------------------------------------------------------ */

void c_types(struct c_output *out);                                        /* c_types.c */
void c_message_structs(struct c_output *out, const struct decl *protocol); /* c_types.c */
bool c_always_valid(const struct type *type);                              /* c_valid.c */
void c_valid_check(struct c_output *out, const struct type *type, const char *expression,
                   const char *indent);       /* c_valid.c */
void c_valid_functions(struct c_output *out); /* c_valid.c */
void c_tables(struct c_output *out);          /* c_tables.c */

/* Whether a call goes through qy_port_call_short. (c_codec.c) */
bool c_is_short(const struct method *method);

/* The same for all whose payload is in registers both ways. (c_codec.c) */
bool c_is_register(const struct method *method);

/* Whether a handler can write its answer to where it is sent from. (c_codec.c) */
bool c_is_direct(const struct message *message);

void c_codecs(struct c_output *out, const struct decl *protocol);              /* c_codec.c */
void c_client_prototypes(struct c_output *out, const struct decl *protocol);   /* c_client.c */
void c_client(struct c_output *out, const struct decl *protocol);              /* c_client.c */
bool c_gives_handles(const struct method *method);                             /* c_client.c */
void c_handles_discard(struct c_output *out, const struct method *method);     /* c_client.c */
void c_error_return(struct c_output *out, const struct method *method);        /* c_client.c */
void c_callback_prototypes(struct c_output *out, const struct decl *protocol); /* c_callback.c */
void c_callbacks(struct c_output *out, const struct decl *protocol);           /* c_callback.c */
bool c_has_oneway(const struct decl *protocol);                                /* c_oneway.c */
void c_oneway_room(const struct decl *protocol, uint32_t *ret_bytes,
                   uint32_t *ret_handles);                                   /* c_oneway.c */
void c_oneway_prototypes(struct c_output *out, const struct decl *protocol); /* c_oneway.c */
void c_oneway(struct c_output *out, const struct decl *protocol);            /* c_oneway.c */
bool c_has_events(const struct decl *protocol);                              /* c_events.c */
uint32_t c_event_bytes_max(const struct decl *protocol);                     /* c_events.c */
void c_event_prototypes(struct c_output *out, const struct decl *protocol);  /* c_events.c */
void c_events(struct c_output *out, const struct decl *protocol);            /* c_events.c */
void c_description(struct c_output *out, const struct decl *protocol);       /* c_describe.c */
void c_server_prototypes(struct c_output *out, const struct decl *protocol); /* c_server.c */
void c_server(struct c_output *out, const struct decl *protocol);            /* c_server.c */
