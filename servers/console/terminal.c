/* SPDX-License-Identifier: MIT */
#include "console.h"
#include <quay/text.h>

#define OUTPUT_MASK     (OUTPUT_BYTES - 1)
#define OUTPUT_WRITABLE 1024u /* room before a poll says that it can be written */

#define DEVICE(major, minor) ((uint64_t)(major) << 8 | (minor))

uint32_t terminal_number(const struct terminal *terminal)
{
    return (uint32_t)(terminal - console.kept->terminals);
}

uint64_t terminal_device(const struct terminal *terminal)
{
    uint32_t number = terminal_number(terminal);
    return number == 0 ? DEVICE(5, 1) : DEVICE(136, number - 1);
}

void terminal_init(struct terminal *terminal)
{
    memset(terminal, 0, sizeof *terminal);
    discipline_init(&terminal->discipline);
    terminal->is_used = true;
}

/* --- what the discipline does -------------------------------------------------------------- */

static uint32_t output_room(const struct output *output)
{
    return OUTPUT_BYTES - output_used(output);
}

static void output_put(struct output *output, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        output->bytes[output->head & OUTPUT_MASK] = bytes[i];
        __atomic_store_n(&output->head, output->head + 1, __ATOMIC_RELEASE);
    }
}

/* Echo for which there is no room is lost. */
static void send(void *context, const uint8_t *bytes, size_t count)
{
    struct terminal *terminal = context;
    if (output_room(&terminal->output) >= count) {
        output_put(&terminal->output, bytes, (uint32_t)count);
    }
}

void terminal_output_discard(struct terminal *terminal)
{
    terminal->output.tail = terminal->output.head;
}

static void output_discard(void *context)
{
    terminal_output_discard(context);
}

static void signal_send(void *context, int signal)
{
    const struct terminal *terminal = context;
    job_signal(terminal->group, signal);
}

static struct discipline_outside outside_of(struct terminal *terminal)
{
    return (struct discipline_outside){
        .send = send,
        .output_discard = output_discard,
        .signal = signal_send,
        .context = terminal,
    };
}

void terminal_type(struct terminal *terminal, const uint8_t *bytes, uint32_t count)
{
    struct discipline_outside outside = outside_of(terminal);
    for (uint32_t i = 0; i < count; i++) {
        discipline_receive(&terminal->discipline, &outside, bytes[i]);
    }
}

/* --- reading and writing ------------------------------------------------------------------- */

uint32_t terminal_take(struct terminal *terminal, uint8_t *to, uint32_t max)
{
    struct output *output = &terminal->output;
    uint32_t count = 0;
    while (count < max && terminal_can_send(terminal)) {
        to[count++] = output->bytes[output->tail & OUTPUT_MASK];
        __atomic_store_n(&output->tail, output->tail + 1, __ATOMIC_RELEASE);
    }
    return count;
}

uint32_t terminal_read(struct terminal *terminal, enum side side, uint8_t *to, uint32_t max)
{
    return side == SIDE_MASTER ? terminal_take(terminal, to, max)
                               : discipline_read(&terminal->discipline, to, max);
}

uint32_t terminal_write(struct terminal *terminal, enum side side, const uint8_t *from,
                        uint32_t count)
{
    uint32_t done = 0;
    if (side == SIDE_MASTER) {
        while (done < count && discipline_room(&terminal->discipline) > 0) {
            terminal_type(terminal, from + done, 1);
            done++;
        }
        return done;
    }
    while (done < count && output_room(&terminal->output) >= DISCIPLINE_EXPANSION) {
        uint8_t bytes[DISCIPLINE_EXPANSION];
        uint32_t length = discipline_output(&terminal->discipline, from[done++], bytes);
        output_put(&terminal->output, bytes, length);
    }
    return done;
}

/* --- what it is ready for ------------------------------------------------------------------ */

static uint32_t slave_ready(const struct terminal *terminal)
{
    const uint8_t *characters = terminal->discipline.attributes.control_characters;
    uint32_t min = characters[QY_TTY_TIME] == 0 ? characters[QY_TTY_MIN] : 1;
    uint32_t ready = 0;
    if (terminal->is_hung_up) {
        return QY_FILE_READY_READABLE | QY_FILE_READY_HANGUP;
    }
    if (discipline_is_readable(&terminal->discipline, min)) {
        ready |= QY_FILE_READY_READABLE;
    }
    if (output_room(&terminal->output) >= OUTPUT_WRITABLE) {
        ready |= QY_FILE_READY_WRITABLE;
    }
    return ready;
}

uint32_t terminal_ready(const struct terminal *terminal, enum side side)
{
    if (side == SIDE_SLAVE) {
        return slave_ready(terminal);
    }
    uint32_t ready = 0;
    if (terminal_can_send(terminal)) {
        ready |= QY_FILE_READY_READABLE;
    }
    if (terminal->was_opened && terminal->opens[SIDE_SLAVE] == 0) {
        ready |= QY_FILE_READY_HANGUP;
    }
    if (discipline_room(&terminal->discipline) > 0) {
        ready |= QY_FILE_READY_WRITABLE;
    }
    return ready;
}
