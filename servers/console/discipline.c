/* SPDX-License-Identifier: MIT */
/*
 * What a byte from the keys does, in the order in which Linux looks at it (drivers/tty/n_tty.c):
 * taken literally, flow control, signals, translation of ends of lines, editing of the line, and
 * at last an ordinary character.
 */
#include "discipline.h"
#include "discipline_echo.h"
#include <quay/syscall.h>
#include <quay/text.h>

#define INPUT_MASK      (DISCIPLINE_INPUT - 1)
#define TENTH_NS        100000000l
#define DISCIPLINE_BELL 7

void discipline_init(struct discipline *discipline)
{
    static const uint8_t characters[] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22};
    memset(discipline, 0, sizeof *discipline);
    discipline->attributes = (struct qy_tty_attributes){
        .input = QY_TTY_INPUT_MODES_ICRNL | QY_TTY_INPUT_MODES_IXON | QY_TTY_INPUT_MODES_IUTF8,
        .output = QY_TTY_OUTPUT_MODES_OPOST | QY_TTY_OUTPUT_MODES_ONLCR,
        .control = 0xf /* 38400 */ | 0x30 /* 8 bits */ | QY_TTY_CONTROL_MODES_CREAD |
                   QY_TTY_CONTROL_MODES_HUPCL,
        .local = QY_TTY_LOCAL_MODES_ISIG | QY_TTY_LOCAL_MODES_ICANON | QY_TTY_LOCAL_MODES_ECHO |
                 QY_TTY_LOCAL_MODES_ECHOE | QY_TTY_LOCAL_MODES_ECHOK | QY_TTY_LOCAL_MODES_ECHOCTL |
                 QY_TTY_LOCAL_MODES_ECHOKE | QY_TTY_LOCAL_MODES_IEXTEN,
        .input_speed = 38400,
        .output_speed = 38400,
    };
    memcpy(discipline->attributes.control_characters, characters, sizeof characters);
}

static bool bit_get(const uint8_t *bits, uint32_t position)
{
    return (bits[(position & INPUT_MASK) / 8] >> position % 8 & 1) != 0;
}

static void bit_put(uint8_t *bits, uint32_t position, bool value)
{
    uint8_t mask = (uint8_t)(1u << position % 8);
    uint8_t *byte = &bits[(position & INPUT_MASK) / 8];
    *byte = (uint8_t)(value ? *byte | mask : *byte & ~mask);
}

void discipline_set(struct discipline *discipline, const struct qy_tty_attributes *attributes)
{
    bool was_canonical = discipline_is_canonical(discipline);
    discipline->attributes = *attributes;
    if ((attributes->input & QY_TTY_INPUT_MODES_IXON) == 0) {
        discipline->is_stopped = false; /* no key could start it again */
    }
    if (discipline_is_canonical(discipline) == was_canonical) {
        return;
    }
    discipline->is_literal = false;
    if (was_canonical) {
        /* An end of file that nobody has read would be a zero byte now. */
        for (uint32_t at = discipline->tail; at != discipline->head; at++) {
            bit_put(discipline->ends, at, false);
            bit_put(discipline->eofs, at, false);
        }
        discipline->line = discipline->tail;
    } else if (discipline->head != discipline->tail) {
        /* What was typed raw can be read as if it were a line. */
        bit_put(discipline->ends, discipline->head - 1, true);
        discipline->line = discipline->head;
    } else {
        discipline->line = discipline->head;
    }
}

/* --- characters into the queue ------------------------------------------------------------- */

static uint32_t queue_room(const struct discipline *discipline)
{
    return DISCIPLINE_INPUT - (discipline->head - discipline->tail);
}

/* Puts it there, if there is room; `keep` places are for others. */
static bool queue_put(struct discipline *discipline, const struct discipline_outside *outside,
                      uint8_t byte, uint32_t keep)
{
    if (queue_room(discipline) <= keep) {
        discipline->lost++;
        if ((discipline->attributes.input & QY_TTY_INPUT_MODES_IMAXBEL) != 0) {
            static const uint8_t bell = DISCIPLINE_BELL;
            outside->send(outside->context, &bell, 1);
        }
        return false;
    }
    discipline->input[discipline->head & INPUT_MASK] = byte;
    bit_put(discipline->ends, discipline->head, false);
    bit_put(discipline->eofs, discipline->head, false);
    __atomic_store_n(&discipline->head, discipline->head + 1, __ATOMIC_RELEASE);
    return true;
}

static void line_end(struct discipline *discipline, const struct discipline_outside *outside,
                     uint8_t byte, bool is_eof)
{
    if (queue_put(discipline, outside, byte, 0)) {
        bit_put(discipline->eofs, discipline->head - 1, is_eof);
        bit_put(discipline->ends, discipline->head - 1, true);
        __atomic_store_n(&discipline->line, discipline->head, __ATOMIC_RELEASE);
    }
}

/* A line feed that was typed as such is shown as a character (^J), one made from a carriage return
 * as what it does. */
static void character_add(struct discipline *discipline, const struct discipline_outside *outside,
                          uint8_t byte, bool is_as_typed)
{
    bool is_canonical = discipline_is_canonical(discipline);
    uint32_t before = discipline->head;
    if (is_canonical && before == discipline->line) {
        discipline->line_column = discipline->column;
    }
    /* One place is kept for what ends the line. */
    if (!queue_put(discipline, outside, byte, is_canonical ? 1 : 0)) {
        return;
    }
    if ((discipline->attributes.local & QY_TTY_LOCAL_MODES_ECHO) != 0) {
        if (byte == '\n' && !is_as_typed) {
            echo_byte(discipline, outside, byte);
        } else {
            echo_character(discipline, outside, byte);
        }
    }
}

/* --- special characters -------------------------------------------------------------------- */

static bool is_special(const struct discipline *discipline, uint32_t which, uint8_t byte)
{
    uint8_t character = discipline->attributes.control_characters[which];
    return character != 0 && character == byte;
}

/* START and STOP. */
static bool flow_receive(struct discipline *discipline, uint8_t byte)
{
    if ((discipline->attributes.input & QY_TTY_INPUT_MODES_IXON) == 0) {
        return false;
    }
    if (is_special(discipline, QY_TTY_START, byte)) {
        discipline->is_stopped = false;
        return true;
    }
    if (is_special(discipline, QY_TTY_STOP, byte)) {
        discipline->is_stopped = true;
        return true;
    }
    if ((discipline->attributes.input & QY_TTY_INPUT_MODES_IXANY) != 0) {
        discipline->is_stopped = false;
    }
    return false;
}

static bool signal_receive(struct discipline *discipline, const struct discipline_outside *outside,
                           uint8_t byte)
{
    static const struct {
        uint32_t which;
        int signal;
    } signals[] = {
        {QY_TTY_INTR, DISCIPLINE_SIGINT},
        {QY_TTY_QUIT, DISCIPLINE_SIGQUIT},
        {QY_TTY_SUSP, DISCIPLINE_SIGTSTP},
    };
    if ((discipline->attributes.local & QY_TTY_LOCAL_MODES_ISIG) == 0) {
        return false;
    }
    for (uint32_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        if (!is_special(discipline, signals[i].which, byte)) {
            continue;
        }
        if ((discipline->attributes.local & QY_TTY_LOCAL_MODES_NOFLSH) == 0) {
            discipline_flush_input(discipline);
            outside->output_discard(outside->context);
        }
        discipline->is_stopped = false;
        if ((discipline->attributes.local & QY_TTY_LOCAL_MODES_ECHO) != 0) {
            echo_character(discipline, outside, byte);
        }
        outside->signal(outside->context, signals[i].signal);
        return true;
    }
    return false;
}

/* What edits the line, or ends it. */
static bool line_receive(struct discipline *discipline, const struct discipline_outside *outside,
                         uint8_t byte)
{
    uint32_t local = discipline->attributes.local;
    bool is_extended = (local & QY_TTY_LOCAL_MODES_IEXTEN) != 0;
    if (is_special(discipline, QY_TTY_ERASE, byte)) {
        erase_character(discipline, outside, byte);
    } else if (is_special(discipline, QY_TTY_KILL, byte)) {
        erase_line(discipline, outside, byte);
    } else if (is_extended && is_special(discipline, QY_TTY_WERASE, byte)) {
        erase_word(discipline, outside);
    } else if (is_extended && is_special(discipline, QY_TTY_LNEXT, byte)) {
        discipline->is_literal = true;
        echo_literal(discipline, outside);
    } else if (is_extended && (local & QY_TTY_LOCAL_MODES_ECHO) != 0 &&
               is_special(discipline, QY_TTY_REPRINT, byte)) {
        echo_again(discipline, outside, byte);
    } else if (byte == '\n') {
        if ((local & (QY_TTY_LOCAL_MODES_ECHO | QY_TTY_LOCAL_MODES_ECHONL)) != 0) {
            echo_byte(discipline, outside, byte);
        }
        line_end(discipline, outside, byte, false);
    } else if (is_special(discipline, QY_TTY_EOF, byte)) {
        line_end(discipline, outside, 0, true);
    } else if (is_special(discipline, QY_TTY_EOL, byte) ||
               (is_extended && is_special(discipline, QY_TTY_EOL2, byte))) {
        if ((local & QY_TTY_LOCAL_MODES_ECHO) != 0) {
            echo_character(discipline, outside, byte);
        }
        line_end(discipline, outside, byte, false);
    } else {
        return false;
    }
    return true;
}

void discipline_receive(struct discipline *discipline, const struct discipline_outside *outside,
                        uint8_t byte)
{
    uint32_t input = discipline->attributes.input;
    if ((discipline->attributes.control & QY_TTY_CONTROL_MODES_CREAD) == 0) {
        return;
    }
    if ((input & QY_TTY_INPUT_MODES_ISTRIP) != 0) {
        byte &= 0x7f;
    }
    if ((input & QY_TTY_INPUT_MODES_IUCLC) != 0 && byte >= 'A' && byte <= 'Z' &&
        (discipline->attributes.local & QY_TTY_LOCAL_MODES_IEXTEN) != 0) {
        byte = (uint8_t)(byte + 'a' - 'A');
    }
    if (discipline->is_literal) {
        discipline->is_literal = false;
        character_add(discipline, outside, byte, true);
        return;
    }
    if (flow_receive(discipline, byte) || signal_receive(discipline, outside, byte)) {
        return;
    }
    bool is_as_typed = byte != '\r';
    if (byte == '\r') {
        if ((input & QY_TTY_INPUT_MODES_IGNCR) != 0) {
            return;
        }
        byte = (input & QY_TTY_INPUT_MODES_ICRNL) != 0 ? '\n' : '\r';
    } else if (byte == '\n' && (input & QY_TTY_INPUT_MODES_INLCR) != 0) {
        byte = '\r';
    }
    if (!discipline_is_canonical(discipline) || !line_receive(discipline, outside, byte)) {
        character_add(discipline, outside, byte, is_as_typed);
    }
}

/* --- reading ------------------------------------------------------------------------------- */

uint32_t discipline_room(const struct discipline *discipline)
{
    uint32_t room = queue_room(discipline);
    if (discipline_is_canonical(discipline)) {
        /* Nobody can read the line until it is ended: what does not fit is lost then. */
        return discipline->line == discipline->tail ? DISCIPLINE_INPUT : room > 1 ? room - 1 : 0;
    }
    return room;
}

uint32_t discipline_available(const struct discipline *discipline)
{
    return (discipline_is_canonical(discipline) ? discipline->line : discipline->head) -
           discipline->tail;
}

bool discipline_is_readable(const struct discipline *discipline, uint32_t min)
{
    if (discipline_is_canonical(discipline)) {
        min = 1;
    }
    return discipline_available(discipline) >= (min > 0 ? min : 1);
}

uint32_t discipline_read(struct discipline *discipline, uint8_t *to, uint32_t max)
{
    bool is_canonical = discipline_is_canonical(discipline);
    uint32_t end = is_canonical ? discipline->line : discipline->head;
    uint32_t at = discipline->tail, count = 0;
    while (at != end && count < max) {
        bool is_end = is_canonical && bit_get(discipline->ends, at);
        if (!(is_end && bit_get(discipline->eofs, at))) {
            to[count++] = discipline->input[at & INPUT_MASK];
        }
        at++;
        if (is_end) {
            break;
        }
    }
    /* A line that was just read up to its end of file: nobody is to see that one by itself. */
    if (is_canonical && count > 0 && count == max && at != end && bit_get(discipline->eofs, at) &&
        !bit_get(discipline->ends, at - 1)) {
        at++;
    }
    __atomic_store_n(&discipline->tail, at, __ATOMIC_RELEASE);
    if (!is_canonical) {
        discipline->line = at;
    }
    return count;
}

bool discipline_is_due(const struct discipline *discipline, uint32_t max, int64_t started,
                       int64_t last_input, int64_t now, int64_t *ret_due)
{
    uint32_t available = discipline_available(discipline);
    uint32_t min = discipline->attributes.control_characters[QY_TTY_MIN];
    int64_t time = discipline->attributes.control_characters[QY_TTY_TIME] * TENTH_NS;
    *ret_due = DEADLINE_NEVER;
    if (discipline_is_canonical(discipline)) {
        return available > 0;
    }
    if (available >= (min < max ? min : max) && (min > 0 || available > 0 || time == 0)) {
        return true;
    }
    if (time == 0 || (min > 0 && available == 0)) {
        return false;
    }
    /* Since the read began, or between the bytes. */
    int64_t since = min > 0 && last_input > started ? last_input : started;
    *ret_due = since + time;
    return now >= *ret_due;
}

void discipline_flush_input(struct discipline *discipline)
{
    discipline->is_literal = false;
    /* Together for whoever sees it between two instructions: nothing to read, nothing to edit. */
    discipline->tail = discipline->line;
    discipline->line = discipline->head;
    discipline->tail = discipline->head;
}
