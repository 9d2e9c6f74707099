/* SPDX-License-Identifier: MIT */
#include "driver.h"
#include "ps2_regs.h"
#include "scancode.h"
#include "sender.h"
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/device.h>
#include <quay/event.h>
#include <quay/names.h>
#include <quay/text.h>

#define KEY_INTERRUPT 1
#define KEY_TIMER     2

#define EVENTS_MAX    256u /* a power of two: that nobody has read yet */
#define BURST_MAX     256u /* bytes at one interrupt; a controller that never stops is left alone */
#define ANSWER_WITHIN (200 * QY_MILLISECOND)
#define DELAY_STEP_MS 250u
#define DELAY_STEPS   4u

static struct {
    handle_t irq, timer;
    struct scancode scancode;
    struct sender sender;
    struct qy_pending reader; /* the read that waits */
    struct qy_keyboard_event events[EVENTS_MAX];
    uint32_t head, tail; /* run freely */
    uint64_t received_bytes, event_count, lost, interrupts;
} main_state;

/* --- events -------------------------------------------------------------------------------- */

static void event_put(const struct qy_keyboard_event *event)
{
    if (main_state.head - main_state.tail == EVENTS_MAX) {
        main_state.lost++;
        return;
    }
    main_state.events[main_state.head++ % EVENTS_MAX] = *event;
    main_state.event_count++;
}

static uint32_t events_take(struct qy_keyboard_event *to)
{
    uint32_t count = 0;
    while (count < QY_KEYBOARD_READ_MAX && main_state.tail != main_state.head) {
        to[count++] = main_state.events[main_state.tail++ % EVENTS_MAX];
    }
    return count;
}

static void reader_answer(struct qy_server *server)
{
    if (qy_is_pending(&main_state.reader) && main_state.head != main_state.tail) {
        struct qy_keyboard_event events[QY_KEYBOARD_READ_MAX];
        uint32_t count = events_take(events);
        /* It fails only if the reader has gone; then nobody wanted them. */
        (void)qy_keyboard_read_answer(server, &main_state.reader, events, count);
    }
}

/* --- the keyboard -------------------------------------------------------------------------- */

static void bytes_send(void)
{
    uint8_t byte;
    if (sender_next(&main_state.sender, &byte)) {
        /* If the controller does not take it, the time-out comes, and it is sent again. */
        (void)controller_send(byte);
        (void)qy_timer_set(main_state.timer, qy_deadline_after(ANSWER_WITHIN), 0, 0); /* ours */
    }
}

static void bytes_receive(void)
{
    int byte;
    for (uint32_t i = 0; i < BURST_MAX && (byte = controller_receive()) >= 0; i++) {
        struct qy_keyboard_event event;
        main_state.received_bytes++;
        if (!sender_received(&main_state.sender, (uint8_t)byte) &&
            scancode_decode(&main_state.scancode, (uint8_t)byte, &event)) {
            event_put(&event);
        }
    }
}

/* --- the protocol -------------------------------------------------------------------------- */

static int64_t keyboard_read(struct qy_request *request, struct qy_keyboard_event *ret_events,
                             uint32_t *ret_events_count)
{
    if (qy_is_pending(&main_state.reader)) {
        return QY_KEYBOARD_FAILURE_BUSY;
    }
    if (main_state.head == main_state.tail) {
        return qy_defer(request, &main_state.reader);
    }
    *ret_events_count = events_take(ret_events);
    return 0;
}

static int64_t command_send(uint8_t command, uint8_t parameter)
{
    if (!sender_add(&main_state.sender, command, parameter)) {
        return QY_KEYBOARD_FAILURE_BUSY;
    }
    bytes_send();
    return 0;
}

static int64_t keyboard_set_lights(struct qy_request *request, qy_keyboard_lights_t lights)
{
    (void)request;
    if (lights > 7) {
        return QY_KEYBOARD_FAILURE_BAD_VALUE;
    }
    return command_send(PS2_SET_LIGHTS, (uint8_t)lights); /* in the order of its bits */
}

/* The keyboard's rate is 240 / ((8 + low three bits) << next two bits) a second. */
static uint8_t rate_find(uint32_t per_second)
{
    uint8_t best = 0;
    uint32_t best_error = UINT32_MAX;
    for (uint8_t rate = 0; rate < 32; rate++) {
        uint32_t tenths = 2400 / ((8u + (rate & 7u)) << (rate >> 3));
        uint32_t wanted = per_second * 10;
        uint32_t error = tenths > wanted ? tenths - wanted : wanted - tenths;
        if (error < best_error) {
            best_error = error;
            best = rate;
        }
    }
    return best;
}

static int64_t keyboard_set_repeat(struct qy_request *request, uint32_t delay_ms,
                                   uint32_t per_second)
{
    (void)request;
    if (delay_ms < 250 || delay_ms > 1000 || per_second < 2 || per_second > 30) {
        return QY_KEYBOARD_FAILURE_BAD_VALUE;
    }
    uint32_t step = (delay_ms + DELAY_STEP_MS / 2) / DELAY_STEP_MS;
    step = step < 1 ? 1 : step > DELAY_STEPS ? DELAY_STEPS : step;
    return command_send(PS2_SET_REPEAT, (uint8_t)((step - 1) << 5 | rate_find(per_second)));
}

static int64_t keyboard_statistics(struct qy_request *request,
                                   struct qy_keyboard_counters *ret_counters)
{
    (void)request;
    *ret_counters = (struct qy_keyboard_counters){
        .received_bytes = main_state.received_bytes,
        .events = main_state.event_count,
        .lost = main_state.lost,
        .bad_bytes = main_state.scancode.bad,
        .time_outs = controller_time_outs() + main_state.sender.failures,
        .interrupts = main_state.interrupts,
    };
    return 0;
}

static const struct qy_keyboard_handlers handlers = {
    .read = keyboard_read,
    .set_lights = keyboard_set_lights,
    .set_repeat = keyboard_set_repeat,
    .statistics = keyboard_statistics,
};

/* --- the loop ------------------------------------------------------------------------------ */

static void notice(struct qy_server *server, uint64_t key, uint64_t signals)
{
    (void)signals;
    if (key == KEY_INTERRUPT) {
        /* The line is edge-triggered: first unmask, then serve until there is nothing left. */
        main_state.interrupts++;
        (void)qy_irq_ack(main_state.irq); /* ours since the start */
        bytes_receive();
    } else if (key == KEY_TIMER) {
        bytes_receive(); /* its interrupt may have been lost */
        sender_timed_out(&main_state.sender);
    }
    bytes_send();
    reader_answer(server);
}

static void cancelled(struct qy_server *server, uint64_t token)
{
    (void)qy_pending_cancel(server, &main_state.reader, token);
}

static int64_t device_init(handle_t port)
{
    int64_t timer = qy_timer_create(qy_self_job());
    if (timer < 0) {
        return timer;
    }
    main_state.timer = (handle_t)timer;
    main_state.irq = qy_bootstrap_handle(BOOTSTRAP_IRQ, NULL);
    int64_t error = qy_port_bind(port, main_state.timer, SIGNAL_FIRED, KEY_TIMER);
    if (error >= 0) {
        error = controller_init(qy_bootstrap_handle(BOOTSTRAP_IO, "data"),
                                qy_bootstrap_handle(BOOTSTRAP_IO, "control"));
    }
    if (error < 0) {
        return error;
    }
    scancode_init(&main_state.scancode, controller_is_set_2());
    /* The last instance's, which would go on with its notices. */
    (void)qy_port_unbind(port, main_state.irq);
    error = qy_port_bind(port, main_state.irq, SIGNAL_FIRED, KEY_INTERRUPT);
    (void)qy_irq_ack(main_state.irq); /* what came meanwhile */
    bytes_receive();
    return error;
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .dispatch = qy_keyboard_dispatch,
        .handlers = &handlers,
        .notice = notice,
        .cancelled = cancelled,
        .cancel_requested = cancelled, /* what waits has not done anything */
    };
    int64_t error = device_init(server.port);
    if (error < 0) {
        /* It serves all the same: nobody types, and who reads waits. */
        qy_log("no keyboard: %s", qy_error_text(error));
    }
    return qy_server_main(&server, "keyboard");
}
