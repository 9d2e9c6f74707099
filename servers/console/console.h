/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the console. One thread does everything, in the order in which calls and
 * notices come, so nothing is locked; calls to other servers that may wait are made by threads of a
 * struct qy_caller, and their answers are notices.
 *
 *   keyboard, serial --> terminal 0 --> serial, screen          (line.c)
 *   master           --> terminal N --> master                  (a pseudo-terminal)
 *
 * A program's side of a terminal is its slave side, also of terminal 0. A description is what open
 * made: a session, whose badge says which description, and so which side of which terminal.
 */
#pragma once

#include "discipline.h"
#include <idl/file.h>
#include <quay/clock.h>
#include <quay/server.h>

#define TERMINALS_MAX    16u /* the machine's own, and pairs */
#define DESCRIPTIONS_MAX 128u
#define OUTPUT_BYTES     8192u /* a power of two */

/* Low halves of badges. Sessions by name have the upper half from the name service. */
#define BADGE_NAME        1u
#define BADGE_DESCRIPTION 2u

#define KEY_TIMER  1 /* a read with TIME */
#define KEY_PROC   2 /* events of proc */
#define KEY_KEEPER 4 /* the keeper has died */
#define KEY_DRAW   3 /* the screen is to be drawn */
#define CALLS_BITS 1 /* in a notice with key 0: a call of ours was answered */

enum side {
    SIDE_SLAVE,
    SIDE_MASTER,
};

struct output {
    uint32_t tail, head; /* run freely */
    uint8_t bytes[OUTPUT_BYTES];
};

struct terminal {
    bool is_used;
    bool is_locked;       /* the slave side cannot be opened by its name */
    bool is_hung_up;      /* the master is gone */
    bool was_opened;      /* the slave side */
    bool is_flow_stopped; /* by tty.flow, beside discipline.is_stopped */
    uint32_t opens[2];    /* descriptions, by side */
    int32_t session;      /* that it controls; 0: none */
    int32_t group;        /* in the foreground */
    struct qy_tty_size size;
    struct discipline discipline;
    struct output output;
};

struct description {
    bool is_used;
    bool is_hung_up; /* it was opened by a session that has ended */
    uint16_t generation;
    uint32_t terminal;
    enum side side;
    qy_file_flags_t flags;
};

/* Output of terminal 0 on its way to the serial line. */
#define LINE_OUT_BYTES 16384u
struct line_out {
    _Alignas(8) struct line_span {
        uint32_t from, to; /* bytes that the line has not been given */
    } span;                /* written as one word, or `to` alone after the bytes */
    uint8_t bytes[LINE_OUT_BYTES];
};

/* What survives the console, in memory that init keeps; every instruction leaves it sound. */
struct kept {
    uint64_t is_set_up;
    uint64_t log_next; /* number of the next line of the log */
    struct line_out line_out;
    struct terminal terminals[TERMINALS_MAX];
    struct description descriptions[DESCRIPTIONS_MAX];
};

struct console {
    struct kept *kept;
    struct qy_server *server;
};
extern struct console console;

/* --- terminal.c: a terminal by itself ------------------------------------------------------ */

void terminal_init(struct terminal *terminal);
uint32_t terminal_number(const struct terminal *terminal);

/* The number that Linux would give to the device. */
uint64_t terminal_device(const struct terminal *terminal);

static inline uint32_t output_used(const struct output *output)
{
    return output->head - output->tail;
}

/* Whether output may leave. */
static inline bool terminal_can_send(const struct terminal *terminal)
{
    return !terminal->discipline.is_stopped && !terminal->is_flow_stopped &&
           output_used(&terminal->output) > 0;
}

/* Takes output that may leave. */
uint32_t terminal_take(struct terminal *terminal, uint8_t *to, uint32_t max);

/* Keys. */
void terminal_type(struct terminal *terminal, const uint8_t *bytes, uint32_t count);

/* Moves bytes between a side and its program, as many as it can now. */
uint32_t terminal_read(struct terminal *terminal, enum side side, uint8_t *to, uint32_t max);
uint32_t terminal_write(struct terminal *terminal, enum side side, const uint8_t *from,
                        uint32_t count);

void terminal_output_discard(struct terminal *terminal);

/* Bits of qy_file_ready. */
uint32_t terminal_ready(const struct terminal *terminal, enum side side);

/* --- wait.c: calls that are put off -------------------------------------------------------- */

int64_t wait_read(struct qy_request *request, struct description *description, uint32_t count,
                  uint8_t *ret_data, uint32_t *ret_count);
int64_t wait_read_lent(struct qy_request *request, struct description *description,
                       const struct qy_lease *lease, uint64_t *ret_count);
int64_t wait_write(struct qy_request *request, struct description *description, const uint8_t *data,
                   uint32_t count, uint32_t *ret_count);
int64_t wait_write_lent(struct qy_request *request, struct description *description,
                        const struct qy_lease *lease, uint64_t *ret_count);
int64_t wait_drain(struct qy_request *request, struct description *description);
int64_t wait_set(struct qy_request *request, struct description *description,
                 qy_tty_moment_t moment, const struct qy_tty_attributes *attributes);

/* Serves who waits for this terminal, and tells who polls. Call after every change. */
void terminal_changed(struct terminal *terminal);

/* A timer of a read is due. */
void wait_time(void);

/* The call of this token is to end; its caller still waits if `is_asked`. */
void wait_cancel(uint64_t token, bool is_asked);

/* The description is closed: nobody may wait for it. */
void wait_forget(const struct description *description);

int wait_init(void);

/* --- events.c: for poll -------------------------------------------------------------------- */

/* Finds what the last instance had. */
void events_init(void);
void events_keep_all(void); /* the keeper has died */

/* Two new handles: 0, or an error of the protocol file. */
int64_t events_get(const struct description *description, handle_t *ret_readable,
                   handle_t *ret_writable);

/* Makes the bits what the terminal is ready for. */
void events_tell(const struct terminal *terminal);

/* --- job.c: whose terminal it is ----------------------------------------------------------- */

void job_init(handle_t proc);
void job_event(void);

void job_signal(int32_t group, int signal);

/* 0 if the caller may use the terminal as if from the foreground; else an error of file or tty (the
 * same numbers): its group was sent `signal`, or it may not. */
int64_t job_background(struct terminal *terminal, uint64_t job, int signal);

/* A session that opens a terminal gets it as its controlling one, where the rules say so. */
void job_opened(struct terminal *terminal, uint64_t job);

int64_t job_group_get(struct terminal *terminal, enum side side, uint64_t job, int32_t *ret_group);
int64_t job_group_set(struct terminal *terminal, enum side side, uint64_t job, uint32_t group);
int64_t job_session_get(struct terminal *terminal, enum side side, uint64_t job,
                        int32_t *ret_session);
int64_t job_control(struct terminal *terminal, uint64_t job);
int64_t job_control_end(struct terminal *terminal, uint64_t job);

/* SIGHUP and SIGCONT to the foreground; the terminal is nobody's any more. */
void job_hang_up(struct terminal *terminal);

/* The terminal that controls the session of this job; NULL: none. */
struct terminal *job_terminal(uint64_t job);

/* --- open.c -------------------------------------------------------------------------------- */

/* NULL: not a session of ours (any more). */
struct description *description_of(uint64_t badge);
struct terminal *description_terminal(const struct description *description);

/* A session on a side of a terminal: 0 and *ret_session, or an error of the protocol file. */
int64_t description_open(struct terminal *terminal, enum side side, uint32_t flags,
                         handle_t *ret_session);
void description_closed(uint64_t badge);

/* --- line.c: the machine's own terminal ---------------------------------------------------- */

/* With the kernel's command line, which may say which keyboard it is; NULL: there is none. */
void line_init(const char *command_line);
void line_notice(uint64_t key);

/* Sends output, if it can; whether it took some. */
bool line_pump(void);

/* Whether everything that was written has reached the line. */
bool line_is_drained(void);
void line_flush(void);
void line_resize(void);
