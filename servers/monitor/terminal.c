/* SPDX-License-Identifier: MIT */
#include "terminal.h"
#include <idl/serial.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/text.h>
#include <quay/thread.h>

#define OUTPUT_MAX 1024

static struct {
    handle_t session;
    char output[OUTPUT_MAX];
    uint32_t output_length;
    uint8_t input[QY_SERIAL_READ_MAX];
    uint32_t input_length, input_taken;
} terminal_state;

void terminal_init(void)
{
    terminal_state.session = qy_bootstrap_handle(BOOTSTRAP_SESSION, "serial");
    qy_output_set(terminal_write, NULL);
}

void terminal_flush(void)
{
    uint32_t sent = 0;
    while (sent < terminal_state.output_length) {
        uint32_t accepted;
        int64_t status =
            qy_serial_write(terminal_state.session, (const uint8_t *)terminal_state.output + sent,
                            terminal_state.output_length - sent, &accepted, DEADLINE_NEVER);
        if (status == -EPEER_DIED) {
            continue; /* there is another driver soon; what was sent may appear twice */
        }
        if (status != 0 || accepted > terminal_state.output_length - sent) {
            break; /* no terminal to say it on */
        }
        sent += accepted;
    }
    terminal_state.output_length = 0;
}

static void character_put(char character)
{
    if (terminal_state.output_length == OUTPUT_MAX) {
        terminal_flush();
    }
    terminal_state.output[terminal_state.output_length++] = character;
}

void terminal_write(void *context, const char *text, size_t length)
{
    (void)context;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            character_put('\r');
        }
        character_put(text[i]);
    }
}

uint8_t terminal_read(void)
{
    while (terminal_state.input_taken >= terminal_state.input_length) {
        terminal_flush();
        terminal_state.input_taken = 0;
        int64_t status = qy_serial_read(terminal_state.session, terminal_state.input,
                                        &terminal_state.input_length, DEADLINE_NEVER);
        if (status != 0) {
            terminal_state.input_length = 0;
        }
        if (status != 0 && status != -EPEER_DIED) {
            qy_log("reading the terminal failed: %s", qy_error_text(status));
            (void)qy_thread_sleep(qy_deadline_after(QY_SECOND)); /* it only sleeps */
        }
    }
    return terminal_state.input[terminal_state.input_taken++];
}
