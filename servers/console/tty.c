/* SPDX-License-Identifier: MIT */
/* The protocol tty. */
#include "console.h"
#include "handlers.h"
#include <quay/text.h>

static struct description *own(const struct qy_request *request)
{
    return description_of(request->in.badge); /* main.c has looked: it is there */
}

static struct terminal *own_terminal(const struct qy_request *request)
{
    return description_terminal(own(request));
}

/* A change from the background sends SIGTTOU. */
static int64_t may_change(const struct qy_request *request)
{
    const struct description *description = own(request);
    if (description->is_hung_up) {
        return QY_TTY_FAILURE_HUNG_UP;
    }
    return description->side == SIDE_MASTER
               ? 0
               : job_background(description_terminal(description), request->in.sender_job,
                                DISCIPLINE_SIGTTOU);
}

static int64_t tty_get_attributes(struct qy_request *request,
                                  struct qy_tty_attributes *ret_attributes)
{
    *ret_attributes = own_terminal(request)->discipline.attributes;
    return 0;
}

static int64_t tty_set_attributes(struct qy_request *request, qy_tty_moment_t moment,
                                  const struct qy_tty_attributes *attributes)
{
    int64_t status = may_change(request);
    if (status != 0) {
        return status;
    }
    struct qy_tty_attributes wanted = *attributes;
    wanted.discipline = 0;
    status = wait_set(request, own(request), moment, &wanted);
    terminal_changed(own_terminal(request));
    return status;
}

static int64_t tty_get_size(struct qy_request *request, struct qy_tty_size *ret_size)
{
    *ret_size = own_terminal(request)->size;
    return 0;
}

static int64_t tty_set_size(struct qy_request *request, const struct qy_tty_size *size)
{
    struct terminal *terminal = own_terminal(request);
    if (own(request)->is_hung_up) {
        return QY_TTY_FAILURE_HUNG_UP;
    }
    if (memcmp(&terminal->size, size, sizeof *size) != 0) {
        terminal->size = *size;
        if (terminal_number(terminal) == 0) {
            line_resize();
        }
        job_signal(terminal->group, DISCIPLINE_SIGWINCH);
    }
    return 0;
}

static int64_t tty_get_group(struct qy_request *request, uint32_t *ret_group)
{
    int32_t group;
    int64_t status =
        job_group_get(own_terminal(request), own(request)->side, request->in.sender_job, &group);
    if (status == 0) {
        *ret_group = (uint32_t)group;
    }
    return status;
}

static int64_t tty_set_group(struct qy_request *request, uint32_t group)
{
    return job_group_set(own_terminal(request), own(request)->side, request->in.sender_job, group);
}

static int64_t tty_get_session(struct qy_request *request, uint32_t *ret_leader)
{
    int32_t session;
    int64_t status = job_session_get(own_terminal(request), own(request)->side,
                                     request->in.sender_job, &session);
    if (status == 0) {
        *ret_leader = (uint32_t)session;
    }
    return status;
}

static int64_t tty_control(struct qy_request *request)
{
    if (own(request)->side == SIDE_MASTER || own(request)->is_hung_up) {
        return QY_TTY_FAILURE_HUNG_UP;
    }
    return job_control(own_terminal(request), request->in.sender_job);
}

static int64_t tty_control_end(struct qy_request *request)
{
    return job_control_end(own_terminal(request), request->in.sender_job);
}

static int64_t tty_queued(struct qy_request *request, uint32_t *ret_input_bytes,
                          uint32_t *ret_output_bytes)
{
    const struct terminal *terminal = own_terminal(request);
    bool is_master = own(request)->side == SIDE_MASTER;
    uint32_t input = discipline_available(&terminal->discipline);
    uint32_t output = output_used(&terminal->output);
    *ret_input_bytes = is_master ? output : input;
    *ret_output_bytes = is_master ? input : output;
    return 0;
}

static int64_t tty_drain(struct qy_request *request)
{
    int64_t status = may_change(request);
    return status != 0 ? status : wait_drain(request, own(request));
}

static int64_t tty_flush(struct qy_request *request, qy_tty_direction_t direction)
{
    struct terminal *terminal = own_terminal(request);
    bool is_master = own(request)->side == SIDE_MASTER;
    int64_t status = may_change(request);
    if (status != 0) {
        return status;
    }
    /* The master's output is the terminal's input. */
    uint32_t input = is_master ? QY_TTY_DIRECTION_OUTPUT : QY_TTY_DIRECTION_INPUT;
    uint32_t output = is_master ? QY_TTY_DIRECTION_INPUT : QY_TTY_DIRECTION_OUTPUT;
    if ((direction & input) != 0) {
        discipline_flush_input(&terminal->discipline);
    }
    if ((direction & output) != 0) {
        terminal_output_discard(terminal);
    }
    terminal_changed(terminal);
    return 0;
}

/* As if it stood in the output: whatever the output modes are. */
static void character_send(struct terminal *terminal, uint32_t which)
{
    uint8_t character = terminal->discipline.attributes.control_characters[which];
    if (character != 0) {
        (void)terminal_write(terminal, SIDE_SLAVE, &character, 1); /* if there is room */
    }
}

static int64_t tty_flow(struct qy_request *request, qy_tty_flow_t action)
{
    struct terminal *terminal = own_terminal(request);
    int64_t status = may_change(request);
    if (status != 0) {
        return status;
    }
    switch (action) {
    case QY_TTY_FLOW_OUTPUT_OFF:
    case QY_TTY_FLOW_OUTPUT_ON:
        terminal->is_flow_stopped = action == QY_TTY_FLOW_OUTPUT_OFF;
        break;
    case QY_TTY_FLOW_INPUT_OFF:
        character_send(terminal, QY_TTY_STOP);
        break;
    case QY_TTY_FLOW_INPUT_ON:
        character_send(terminal, QY_TTY_START);
        break;
    }
    terminal_changed(terminal);
    return 0;
}

static int64_t tty_pair_number(struct qy_request *request, uint32_t *ret_number)
{
    if (own(request)->side != SIDE_MASTER) {
        return QY_TTY_FAILURE_NO_TERMINAL;
    }
    *ret_number = terminal_number(own_terminal(request)) - 1;
    return 0;
}

static int64_t tty_pair_lock(struct qy_request *request, bool is_locked)
{
    if (own(request)->side != SIDE_MASTER) {
        return QY_TTY_FAILURE_NO_TERMINAL;
    }
    own_terminal(request)->is_locked = is_locked;
    return 0;
}

static int64_t tty_pair_is_locked(struct qy_request *request, bool *ret_is_locked)
{
    if (own(request)->side != SIDE_MASTER) {
        return QY_TTY_FAILURE_NO_TERMINAL;
    }
    *ret_is_locked = own_terminal(request)->is_locked;
    return 0;
}

static int64_t tty_pair_open(struct qy_request *request, uint32_t flags, handle_t *ret_terminal)
{
    if (own(request)->side != SIDE_MASTER) {
        return QY_TTY_FAILURE_NO_TERMINAL;
    }
    struct terminal *terminal = own_terminal(request);
    if (description_open(terminal, SIDE_SLAVE, flags, ret_terminal) != 0) {
        return QY_TTY_FAILURE_FULL;
    }
    terminal_changed(terminal);
    return 0;
}

const struct qy_tty_handlers tty_handlers = {
    .get_attributes = tty_get_attributes,
    .set_attributes = tty_set_attributes,
    .get_size = tty_get_size,
    .set_size = tty_set_size,
    .get_group = tty_get_group,
    .set_group = tty_set_group,
    .get_session = tty_get_session,
    .control = tty_control,
    .control_end = tty_control_end,
    .queued = tty_queued,
    .drain = tty_drain,
    .flush = tty_flush,
    .flow = tty_flow,
    .pair_number = tty_pair_number,
    .pair_lock = tty_pair_lock,
    .pair_is_locked = tty_pair_is_locked,
    .pair_open = tty_pair_open,
};
