/* SPDX-License-Identifier: MIT */
/*
 * Events for who polls: two for each side of a terminal, whose bits are what it is ready for. They
 * are made when somebody asks first, and copies of them lie with the keeper: whoever waits for them
 * when the console dies is woken by the next one.
 */
#include "console.h"
#include <idl/keeper.h>
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/keeper.h>

#define ALL_READY       0xffffu
#define KEEPER_PATIENCE QY_SECOND
#define KEEPER_WATCH    UINT64_MAX /* its key; those of terminals are small */

struct side_events {
    handle_t readable, writable; /* HANDLE_INVALID: nobody has asked for them */
    uint32_t ready;              /* as they say */
};

static struct {
    struct side_events sides[TERMINALS_MAX][2];
    handle_t keeper; /* HANDLE_INVALID: nobody keeps anything */
} events_state;

static uint64_t key_of(uint32_t terminal, enum side side)
{
    return terminal * 2 + side;
}

static void side_tell(const struct terminal *terminal, enum side side)
{
    struct side_events *events = &events_state.sides[terminal_number(terminal)][side];
    uint32_t ready = terminal_ready(terminal, side);
    if (events->readable == HANDLE_INVALID || events->ready == ready) {
        return;
    }
    /* Ours, with all rights. */
    (void)qy_event_signal(events->readable, events->ready & ~ready,
                          ready & ~(uint32_t)QY_FILE_READY_WRITABLE);
    (void)qy_event_signal(events->writable, events->ready & ~ready,
                          ready & ~(uint32_t)QY_FILE_READY_READABLE);
    events->ready = ready;
}

void events_tell(const struct terminal *terminal)
{
    side_tell(terminal, SIDE_SLAVE);
    side_tell(terminal, SIDE_MASTER);
}

/* Without it a poll is not woken when the console has died. */
static void side_keep(uint32_t terminal, enum side side)
{
    const struct side_events *events = &events_state.sides[terminal][side];
    uint64_t instance;
    if (events_state.keeper != HANDLE_INVALID && events->readable != HANDLE_INVALID) {
        (void)qy_keeper_put(events_state.keeper, key_of(terminal, side), events->readable,
                            events->writable, HANDLE_INVALID, HANDLE_INVALID, HANDLE_INVALID,
                            &instance, qy_deadline_after(KEEPER_PATIENCE));
    }
}

void events_keep_all(void)
{
    for (uint32_t i = 0; i < TERMINALS_MAX; i++) {
        side_keep(i, SIDE_SLAVE);
        side_keep(i, SIDE_MASTER);
    }
    if (events_state.keeper != HANDLE_INVALID) {
        /* It may fail: then those who poll now are not woken, should the console die as well. */
        (void)qy_keeper_watch(events_state.keeper, KEEPER_WATCH, console.server->port, KEY_KEEPER);
    }
}

static bool side_make(const struct terminal *terminal, enum side side)
{
    struct side_events *events = &events_state.sides[terminal_number(terminal)][side];
    int64_t readable = qy_event_create(qy_self_job());
    int64_t writable = qy_event_create(qy_self_job());
    if (readable < 0 || writable < 0) {
        qy_handle_discard(readable < 0 ? HANDLE_INVALID : (handle_t)readable);
        qy_handle_discard(writable < 0 ? HANDLE_INVALID : (handle_t)writable);
        return false;
    }
    *events = (struct side_events){(handle_t)readable, (handle_t)writable, 0};
    side_keep(terminal_number(terminal), side);
    side_tell(terminal, side);
    return true;
}

int64_t events_get(const struct description *description, handle_t *ret_readable,
                   handle_t *ret_writable)
{
    const struct side_events *events =
        &events_state.sides[description->terminal][description->side];
    if (events->readable == HANDLE_INVALID &&
        !side_make(description_terminal(description), description->side)) {
        return QY_FILE_FAILURE_NO_MEMORY;
    }
    int64_t readable = qy_handle_dup(events->readable, RIGHTS_SAME);
    int64_t writable = qy_handle_dup(events->writable, RIGHTS_SAME);
    if (readable < 0 || writable < 0) {
        qy_handle_discard(readable < 0 ? HANDLE_INVALID : (handle_t)readable);
        qy_handle_discard(writable < 0 ? HANDLE_INVALID : (handle_t)writable);
        return QY_FILE_FAILURE_NO_MEMORY;
    }
    *ret_readable = (handle_t)readable;
    *ret_writable = (handle_t)writable;
    return 0;
}

/* What they say is not known: every bit is set anew. */
static void side_find(const struct terminal *terminal, enum side side)
{
    struct side_events *events = &events_state.sides[terminal_number(terminal)][side];
    handle_t none[3];
    if (qy_keeper_get(events_state.keeper, key_of(terminal_number(terminal), side),
                      &events->readable, &events->writable, &none[0], &none[1], &none[2],
                      qy_deadline_after(KEEPER_PATIENCE)) == 0) {
        events->ready = ALL_READY;
        side_tell(terminal, side);
    }
}

void events_init(void)
{
    events_state.keeper = qy_bootstrap_handle(BOOTSTRAP_SESSION, "keeper");
    for (uint32_t i = 0; events_state.keeper != HANDLE_INVALID && i < TERMINALS_MAX; i++) {
        const struct terminal *terminal = &console.kept->terminals[i];
        if (terminal->is_used) {
            side_find(terminal, SIDE_SLAVE);
            side_find(terminal, SIDE_MASTER);
        }
    }
    events_keep_all();
}
