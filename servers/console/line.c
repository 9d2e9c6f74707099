/* SPDX-License-Identifier: MIT */
/*
 * The machine's own terminal: keys come from the keyboard and from the serial line, output goes to
 * the serial line and the screen, and to each of them only once it was put together here:
 *
 *   output of terminal 0 --> screen (a model) --> picture --> pixels
 *                       \--> out -----------------> serial line
 *   log --> above ----------/
 *
 * Questions to the terminal (where is the cursor?) are answered from the model and not sent to the
 * serial line, or there would be two answers. The model is kept even if nobody sees it: from it
 * comes what has to be written to put a line of the log above the line that is being edited.
 */
#include "above.h"
#include "console.h"
#include "keys.h"
#include "layouts.h"
#include "picture.h"
#include "report.h"
#include <idl/display.h>
#include <idl/keyboard.h>
#include <idl/log.h>
#include <idl/serial.h>
#include <quay/bootstrap.h>
#include <quay/caller.h>
#include <quay/event.h>
#include <quay/memory.h>
#include <quay/process.h>
#include <quay/text.h>

#define COLUMNS_DEFAULT 80u
#define ROWS_DEFAULT    24u
#define COLUMNS_MAX     160u /* without a screen: what the model can be set to */
#define ROWS_MAX        64u
#define LAYOUT_DEFAULT  "us"

#define PIECE       2048u
#define HELD_MAX    64u /* a sequence that may be a question */
#define ABOVE_BYTES 8192u
#define DRAW_EVERY  (10 * QY_MILLISECOND)
#define CALLERS     5u /* calls that wait at a time: read, write, keyboard, log, figures */

static struct {
    struct qy_caller caller;
    handle_t serial, keyboard, log; /* HANDLE_INVALID: not there (any more) */
    struct qy_serial_read_call reading;
    struct qy_serial_write_call writing;
    struct qy_keyboard_read_call keying;
    struct qy_log_get_line_call logging;

    bool is_writing;

    /* The start of a sequence that is not complete. */
    uint8_t held[HELD_MAX];
    uint32_t held_count;

    /* A line of the log that waits to be shown. */
    char notice[QY_LOG_TEXT_MAX + 64];
    bool has_notice;

    struct keys keys;
    uint32_t lights;

    struct screen screen;
    struct picture picture;
    bool has_picture;
    handle_t draw_timer;
    bool is_draw_set;
    time_ns_t drawn;
} line_state;

static struct terminal *own(void)
{
    return &console.kept->terminals[0];
}

static struct line_out *out(void)
{
    return &console.kept->line_out;
}

static void span_set(uint32_t from, uint32_t to)
{
    struct line_span span = {from, to};
    __atomic_store(&out()->span, &span, __ATOMIC_RELEASE);
}

/* --- the screen ---------------------------------------------------------------------------- */

static void draw(void)
{
    line_state.drawn = qy_clock_read();
    line_state.is_draw_set = false;
    picture_draw(&line_state.picture, &line_state.screen);
}

/* Now, or when the last time is long enough ago. */
static void draw_soon(void)
{
    if (!line_state.has_picture || line_state.is_draw_set) {
        return;
    }
    time_ns_t due = line_state.drawn + DRAW_EVERY;
    if (qy_clock_read() >= due || line_state.draw_timer == HANDLE_INVALID) {
        draw();
        return;
    }
    line_state.is_draw_set = true;
    (void)qy_timer_set(line_state.draw_timer, due, 0, 0); /* ours, and without a period */
}

/* A byte of output: to the model, and to the line unless it belongs to a question. */
static void feed(uint8_t byte)
{
    bool is_complete = screen_put(&line_state.screen, byte);
    line_state.held[line_state.held_count++] = byte;
    if (!is_complete && line_state.held_count < HELD_MAX) {
        return;
    }
    if (!(is_complete && line_state.screen.is_query) && line_state.serial != HANDLE_INVALID) {
        memcpy(out()->bytes + out()->span.to, line_state.held, line_state.held_count);
        span_set(out()->span.from, out()->span.to + line_state.held_count);
    }
    line_state.held_count = 0;
}

static void replies_type(void)
{
    char replies[SCREEN_REPLIES_MAX];
    uint32_t count = line_state.screen.reply_count;
    memcpy(replies, line_state.screen.replies, count);
    line_state.screen.reply_count = 0;
    terminal_type(own(), (const uint8_t *)replies, count);
}

static uint32_t out_room(void)
{
    return LINE_OUT_BYTES - out()->span.to;
}

/* --- the log ------------------------------------------------------------------------------- */

static void log_done(struct qy_call *call);

static void log_next(void)
{
    line_state.logging = (struct qy_log_get_line_call){
        .call = {.session = line_state.log, .deadline = DEADLINE_NEVER, .done = log_done},
        .number = console.kept->log_next,
        .wait = true,
    };
    qy_log_get_line_start(&line_state.caller, &line_state.logging);
}

static void notice_show(void)
{
    static uint8_t bytes[ABOVE_BYTES];
    if (!line_state.has_notice || line_state.held_count > 0 ||
        out_room() < ABOVE_BYTES + HELD_MAX || !above_is_possible(&line_state.screen)) {
        return;
    }
    uint32_t count = above_write(&line_state.screen, line_state.notice, bytes, sizeof bytes);
    for (uint32_t i = 0; i < count; i++) {
        feed(bytes[i]);
    }
    line_state.has_notice = false;
    log_next();
}

/* Above the line that is edited; into what a program shows, if it has the whole screen. */
static void report_show(void)
{
    static uint8_t bytes[ABOVE_BYTES];
    char line[QY_LOG_TEXT_MAX];
    while (line_state.held_count == 0 && out_room() >= ABOVE_BYTES + HELD_MAX &&
           report_line(line, sizeof line)) {
        uint32_t count = above_is_possible(&line_state.screen)
                             ? above_write(&line_state.screen, line, bytes, sizeof bytes)
                             : (uint32_t)qy_snprintf((char *)bytes, sizeof bytes, "\r\n%s", line);
        for (uint32_t i = 0; i < count; i++) {
            feed(bytes[i]);
        }
    }
}

void report_changed(void)
{
    terminal_changed(own());
}

static void log_done(struct qy_call *call)
{
    struct qy_log_get_line_call *read = (struct qy_log_get_line_call *)call;
    if (call->status == -EPEER_DIED) {
        log_next();
        return;
    }
    if (call->status != 0) {
        qy_log("the log is not shown any more: %s", qy_error_text(call->status));
        return;
    }
    console.kept->log_next = read->ret_line.number + 1;
    if (!read->ret_line.is_for_console) {
        log_next();
        return;
    }
    (void)qy_snprintf(line_state.notice, sizeof line_state.notice, "%s: %s", read->ret_line.program,
                      read->ret_text);
    line_state.has_notice = true;
    terminal_changed(own());
}

/* From where the last instance was, or from now on. */
static void log_init(void)
{
    struct qy_log_state state;
    line_state.log = qy_bootstrap_handle(BOOTSTRAP_SESSION, "log");
    if (line_state.log == HANDLE_INVALID ||
        qy_log_get(line_state.log, &state, qy_deadline_after(5 * QY_SECOND)) != 0) {
        return;
    }
    if (console.kept->log_next == 0) {
        console.kept->log_next = state.next;
    }
    log_next();
}

/* --- the serial line ----------------------------------------------------------------------- */

static void write_done(struct qy_call *call);

/* What the driver is given counts as sent at once: it takes it at once, too, and what it has not
 * taken it says. So a console that dies meanwhile leaves nothing that would be sent twice. */
static void write_next(void)
{
    uint32_t from = out()->span.from, count = out()->span.to - from;
    count = count < QY_SERIAL_WRITE_MAX ? count : QY_SERIAL_WRITE_MAX;
    line_state.is_writing = true;
    line_state.writing = (struct qy_serial_write_call){
        .call = {.session = line_state.serial, .deadline = DEADLINE_NEVER, .done = write_done},
        .data = out()->bytes + from,
        .data_count = count,
    };
    span_set(from + count, out()->span.to);
    qy_serial_write_start(&line_state.caller, &line_state.writing);
}

static void write_done(struct qy_call *call)
{
    uint32_t count = line_state.writing.data_count;
    uint32_t accepted = call->status == 0 ? line_state.writing.ret_accepted : 0;
    line_state.is_writing = false;
    if (call->status == 0 || call->status == -EPEER_DIED) { /* then there is another driver soon */
        accepted = accepted < count ? accepted : count;
        span_set(out()->span.from - (count - accepted), out()->span.to);
    } else {
        qy_log("no serial line: %s", qy_error_text(call->status));
        line_state.serial = HANDLE_INVALID;
        span_set(0, 0);
    }
    terminal_changed(own());
}

/* What was typed, without the key that asks who waits for whom. */
static void keys_type(const uint8_t *bytes, uint32_t count)
{
    uint32_t from = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] == REPORT_KEY) {
            terminal_type(own(), bytes + from, i - from);
            from = i + 1;
            report_ask();
        }
    }
    terminal_type(own(), bytes + from, count - from);
}

static void read_done(struct qy_call *call)
{
    if (call->status == 0) {
        keys_type(line_state.reading.ret_data, line_state.reading.ret_data_count);
        terminal_changed(own());
    } else if (call->status != -EPEER_DIED) {
        qy_log("no keys from the serial line: %s", qy_error_text(call->status));
        return;
    }
    qy_serial_read_start(&line_state.caller, &line_state.reading);
}

bool line_pump(void)
{
    uint8_t piece[PIECE];
    uint32_t count = 0;
    if (out()->span.from == out()->span.to && !line_state.is_writing) {
        span_set(0, 0);
    }
    if (out_room() >= PIECE + HELD_MAX) {
        count = terminal_take(own(), piece, PIECE);
    }
    for (uint32_t i = 0; i < count; i++) {
        feed(piece[i]);
    }
    report_show();
    notice_show();
    if (line_state.screen.reply_count > 0) {
        replies_type();
    }
    if (out()->span.from < out()->span.to && !line_state.is_writing &&
        line_state.serial != HANDLE_INVALID) {
        write_next();
    }
    draw_soon();
    return count > 0;
}

bool line_is_drained(void)
{
    return out()->span.from == out()->span.to && !line_state.is_writing;
}

/* --- the keyboard -------------------------------------------------------------------------- */

static void lights_set(void)
{
    uint32_t lights = keys_lights(&line_state.keys);
    if (lights != line_state.lights) {
        line_state.lights = lights;
        /* A keyboard without lights is one, too. */
        (void)qy_keyboard_set_lights(line_state.keyboard, lights, qy_deadline_after(QY_SECOND));
    }
}

static void key_done(struct qy_call *call)
{
    const struct qy_keyboard_read_call *read = &line_state.keying;
    line_state.keys.has_application_cursor = line_state.screen.has_application_cursor;
    for (uint32_t i = 0; call->status == 0 && i < read->ret_events_count; i++) {
        uint8_t bytes[KEYS_BYTES_MAX];
        uint32_t count = keys_event(&line_state.keys, &read->ret_events[i], bytes);
        keys_type(bytes, count);
    }
    if (call->status == 0) {
        terminal_changed(own());
        lights_set();
    } else if (call->status == -EPEER_DIED) {
        line_state.keys.held = 0; /* a new driver: every key is up */
    } else {
        qy_log("no keyboard: %s", qy_error_text(call->status));
        return;
    }
    qy_keyboard_read_start(&line_state.caller, &line_state.keying);
}

/* The layout that the kernel's command line asks for (keyboard=de). */
static const char *layout_wanted(const char *line)
{
    static char name[16];
    static const char word[] = "keyboard=";
    for (const char *at = line; at != NULL && *at != 0; at++) {
        bool is_start = at == line || at[-1] == ' ';
        if (is_start && qy_strnlen(at, sizeof word - 1) == sizeof word - 1 &&
            memcmp(at, word, sizeof word - 1) == 0) {
            uint32_t length = 0;
            for (at += sizeof word - 1; at[length] > ' ' && length < sizeof name - 1; length++) {
                name[length] = at[length];
            }
            return name;
        }
    }
    return LAYOUT_DEFAULT;
}

static const struct layout_text *layout_find(const char *name)
{
    for (uint32_t i = 0; i < layout_text_count; i++) {
        if (qy_streq(layout_texts[i].name, name)) {
            return &layout_texts[i];
        }
    }
    return NULL;
}

static void keyboard_init(const char *command_line)
{
    struct layout layout = {0};
    const char *wanted = layout_wanted(command_line);
    const struct layout_text *text = layout_find(wanted);
    if (text == NULL) {
        qy_log("there is no keyboard layout %s, so it is " LAYOUT_DEFAULT, wanted);
        text = layout_find(LAYOUT_DEFAULT);
    }
    if (text != NULL) {
        /* The host's tests have read them all. */
        (void)layout_parse(text->text, strlen(text->text), &layout);
    }
    keys_init(&line_state.keys, &layout);
    line_state.keyboard = qy_bootstrap_handle(BOOTSTRAP_SESSION, "keyboard");
    if (line_state.keyboard != HANDLE_INVALID) {
        line_state.keying.call = (struct qy_call){
            .session = line_state.keyboard, .deadline = DEADLINE_NEVER, .done = key_done};
        qy_keyboard_read_start(&line_state.caller, &line_state.keying);
    }
}

/* --- start --------------------------------------------------------------------------------- */

/* The pixels of the display; false: there is none that can be used. */
static bool picture_open(void)
{
    handle_t display = qy_bootstrap_handle(BOOTSTRAP_SESSION, "display");
    time_ns_t deadline = qy_deadline_after(5 * QY_SECOND);
    struct qy_display_mode told;
    handle_t memory;
    void *pixels;
    if (display == HANDLE_INVALID || qy_display_get_mode(display, &told, deadline) != 0) {
        return false;
    }
    struct picture_mode mode = {
        .width = told.width,
        .height = told.height,
        .pitch_bytes = told.pitch_bytes,
        .pixel_bits = told.pixel_bits,
        .red_shift = told.red_shift,
        .green_shift = told.green_shift,
        .blue_shift = told.blue_shift,
    };
    if (told.offset_bytes > told.size_bytes ||
        !picture_is_possible(&mode, told.size_bytes - told.offset_bytes) ||
        qy_display_get_memory(display, &memory, deadline) != 0) {
        qy_log("a screen of %ux%u pixels of %u bits cannot be used", told.width, told.height,
               told.pixel_bits);
        return false;
    }
    int error = qy_memory_map(memory, 0, told.size_bytes, MAP_READ | MAP_WRITE, &pixels);
    qy_handle_discard(memory); /* the mapping keeps it */
    struct cell *shown =
        qy_pages_map((size_t)picture_columns(&mode) * picture_rows(&mode) * sizeof *shown);
    if (error < 0 || shown == NULL) {
        qy_log("the screen cannot be mapped: %s", qy_error_text(error < 0 ? error : -ENOMEM));
        return false;
    }
    picture_init(&line_state.picture, &mode, (uint8_t *)pixels + told.offset_bytes, shown);
    return true;
}

void line_resize(void)
{
    struct qy_tty_size *size = &own()->size;
    screen_resize(&line_state.screen, size->columns, size->rows);
    draw_soon();
}

static void screen_start(void)
{
    uint32_t columns = COLUMNS_MAX, rows = ROWS_MAX;
    line_state.has_picture = picture_open();
    if (line_state.has_picture) {
        columns = line_state.picture.columns;
        rows = line_state.picture.rows;
    }
    void *memory = qy_pages_map(screen_bytes(columns, rows));
    if (memory == NULL) {
        qy_log("no memory for the screen");
        qy_process_exit(1);
    }
    screen_init(&line_state.screen, memory, columns, rows);
    struct qy_tty_size *size = &own()->size;
    if (size->columns == 0) {
        *size = (struct qy_tty_size){
            .rows = (uint16_t)(line_state.has_picture ? rows : ROWS_DEFAULT),
            .columns = (uint16_t)(line_state.has_picture ? columns : COLUMNS_DEFAULT),
        };
    }
    screen_resize(&line_state.screen, size->columns, size->rows);
    int64_t timer = qy_timer_create(qy_self_job());
    if (timer >= 0 &&
        qy_port_bind(console.server->port, (handle_t)timer, SIGNAL_FIRED, KEY_DRAW) >= 0) {
        line_state.draw_timer = (handle_t)timer;
    }
    if (line_state.has_picture) {
        draw();
    }
}

void line_init(const char *command_line)
{
    int64_t status = qy_caller_start(&line_state.caller, CALLERS, console.server->port, CALLS_BITS);
    if (status < 0) {
        qy_log("no threads: %s", qy_error_text(status));
    }
    report_init(&line_state.caller);
    screen_start();
    line_state.serial = qy_bootstrap_handle(BOOTSTRAP_SESSION, "serial");
    if (status >= 0 && line_state.serial != HANDLE_INVALID) {
        line_state.reading.call = (struct qy_call){
            .session = line_state.serial, .deadline = DEADLINE_NEVER, .done = read_done};
        qy_serial_read_start(&line_state.caller, &line_state.reading);
    }
    if (status >= 0) {
        keyboard_init(command_line);
        log_init();
    }
    terminal_changed(own()); /* output of the last instance */
}

void line_notice(uint64_t key)
{
    if (key == KEY_DRAW) {
        draw();
    } else {
        qy_caller_deliver(&line_state.caller);
    }
}

/* What was written is to be seen before the machine goes off. */
void line_flush(void)
{
    time_ns_t deadline = qy_deadline_after(QY_SECOND / 2);
    while (line_pump() && qy_clock_read() < deadline) {
    }
    if (line_state.has_picture) {
        draw();
    }
    while (line_state.is_writing && qy_clock_read() < deadline) {
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND)); /* it only sleeps */
        qy_caller_deliver(&line_state.caller);
    }
}
