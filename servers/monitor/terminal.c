/* SPDX-License-Identifier: MIT */
#include "terminal.h"
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/server.h>
#include <quay/text.h>
#include <quay/thread.h>
#include <quay/proto/serial.h>

#define OUTPUT_MAX 1024

static struct {
    handle_t session;
    char output[OUTPUT_MAX];
    uint32_t output_length;
    struct serial_data input;
    uint32_t input_taken;
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
        struct serial_written written;
        int64_t status = qy_call_long(
            terminal_state.session, SERIAL_WRITE, terminal_state.output + sent,
            terminal_state.output_length - sent, &written, sizeof written, DEADLINE_NEVER);
        if (status < 0 || written.accepted_bytes > terminal_state.output_length - sent) {
            break; /* no terminal to say it on */
        }
        sent += (uint32_t)written.accepted_bytes;
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
    while (terminal_state.input_taken >= terminal_state.input.length_bytes) {
        terminal_flush();
        terminal_state.input_taken = 0;
        int64_t status =
            qy_call(terminal_state.session, SERIAL_READ, NULL, 0, &terminal_state.input,
                    sizeof terminal_state.input, DEADLINE_NEVER);
        if (status < 0 || terminal_state.input.length_bytes > SERIAL_READ_BYTES_MAX) {
            qy_log("reading the terminal failed: %s", qy_error_text(status));
            terminal_state.input.length_bytes = 0;
            (void)qy_thread_sleep(qy_deadline_after(QY_SECOND)); /* it only sleeps */
        }
    }
    return terminal_state.input.bytes[terminal_state.input_taken++];
}
