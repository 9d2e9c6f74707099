/* SPDX-License-Identifier: MIT */
/*
 * Sits at the console's terminal and does what a line says. No process manager is there, and no job
 * control: whoever has the session may use it.
 */
#include <idl/device.h>
#include <idl/file.h>
#include <idl/power.h>
#include <idl/servers.h>
#include <idl/tty.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/names.h>
#include <quay/text.h>
#include <quay/thread.h>

#define CONSOLE  (5u << 8 | 1)
#define PTMX     (5u << 8 | 2)
#define LINE_MAX 200u
#define BOTH     (QY_DIR_OPEN_FLAGS_READ | QY_DIR_OPEN_FLAGS_WRITE)

static struct qy_connection console;
static handle_t terminal;

static void write_all(handle_t file, const char *text, size_t length)
{
    while (length > 0) {
        uint32_t piece = length < QY_FILE_INLINE_MAX ? (uint32_t)length : QY_FILE_INLINE_MAX;
        uint32_t count;
        int64_t status =
            qy_file_write(file, QY_FILE_HERE, (const uint8_t *)text, piece, &count, DEADLINE_NEVER);
        if (status == -EPEER_DIED) {
            continue;
        }
        if (status != 0) {
            qy_log("writing failed: %s", qy_error_text(status));
            return;
        }
        text += count;
        length -= count;
    }
}

static void output(void *context, const char *text, size_t length)
{
    (void)context;
    write_all(terminal, text, length);
}

static int64_t open(uint32_t number, handle_t *ret_file)
{
    uint64_t opened;
    qy_dir_kind_t kind;
    return qy_device_open(console.session, number, BOTH, 0, ret_file, &opened, &kind,
                          DEADLINE_NEVER);
}

/* One line, or what there is; negative: an error. */
static int64_t read_line(handle_t file, char *to, uint32_t max)
{
    uint8_t bytes[QY_FILE_INLINE_MAX];
    uint32_t count;
    int64_t status;
    do {
        status = qy_file_read(file, QY_FILE_HERE, max, bytes, &count, DEADLINE_NEVER);
    } while (status == -EPEER_DIED); /* another console goes on */
    if (status != 0) {
        return status < 0 ? status : -status;
    }
    memcpy(to, bytes, count);
    return count;
}

/* --- what it can do ------------------------------------------------------------------------ */

static void cmd_size(void)
{
    struct qy_tty_size size = {0};
    (void)qy_tty_get_size(terminal, &size, DEADLINE_NEVER); /* zeros, then */
    qy_printf("%u columns, %u rows\n", size.columns, size.rows);
}

/* Shows the bytes that keys make, until q. */
static void cmd_keys(void)
{
    struct qy_tty_attributes before, raw;
    if (qy_tty_get_attributes(terminal, &before, DEADLINE_NEVER) != 0) {
        return;
    }
    raw = before;
    raw.input = 0;
    raw.local = 0;
    (void)qy_tty_set_attributes(terminal, QY_TTY_MOMENT_FLUSHED, &raw, DEADLINE_NEVER);
    qy_printf("raw\n");
    for (;;) {
        char bytes[64];
        int64_t count = read_line(terminal, bytes, sizeof bytes);
        if (count <= 0 || bytes[0] == 'q') {
            break;
        }
        for (int64_t i = 0; i < count; i++) {
            qy_printf("%02x ", (uint8_t)bytes[i]);
        }
        qy_printf("\n");
    }
    (void)qy_tty_set_attributes(terminal, QY_TTY_MOMENT_DRAINED, &before, DEADLINE_NEVER);
}

static void cmd_colors(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        qy_printf("\033[48;5;%um %3u%s", i, i, i % 16 == 15 ? "\033[m\n" : "");
    }
    qy_printf("\033[1mbold\033[m \033[4munderlined\033[m \033[7minverse\033[m \033[9mstruck\033[m "
              "\033[31mred\033[92mgreen\033[m\n");
    qy_printf("\xc3\xa4\xc3\xb6\xc3\xbc \xc3\x9f \xe2\x82\xac \xce\xb1\xce\xb2\xce\xb3 "
              "\xd0\x96\xd0\xb8\xd0\xb7\xd0\xbd\xd1\x8c \xe2\x94\x8c\xe2\x94\x80\xe2\x94\x90 "
              "\xe2\x96\x88\xe2\x96\x93\xe2\x96\x92\xe2\x96\x91 \xe2\x86\x92 \xe2\x89\xa4 "
              "\xe4\xb8\xad\n");
    qy_printf("\033(0lqqqk\033(B\n\033(0x\033(B   \033(0x\033(B\n\033(0mqqqj\033(B\n");
}

static void cmd_lines(uint64_t count)
{
    time_ns_t begun = qy_clock_read();
    for (uint64_t i = 0; i < count; i++) {
        qy_printf("line %lu of %lu, and some text behind it to make it longer\n", i + 1, count);
    }
    (void)qy_tty_drain(terminal, DEADLINE_NEVER);
    qy_printf("%lu lines in %lu us\n", count, (unsigned long)(qy_clock_read() - begun) / 1000);
}

/* Waits for a key with the events of a console that is killed meanwhile. */
static void cmd_poll(void)
{
    handle_t readable, writable;
    if (qy_file_readiness(terminal, &readable, &writable, DEADLINE_NEVER) != 0) {
        qy_printf("no events\n");
        return;
    }
    qy_printf("can be written: %ld\n", (long)qy_object_wait(writable, SIGNAL_USER, DEADLINE_POLL));
    (void)qy_servers_kill(qy_bootstrap_handle(BOOTSTRAP_SESSION, "servers"), "console",
                          DEADLINE_NEVER);
    (void)qy_thread_sleep(qy_deadline_after(QY_SECOND / 2)); /* it only sleeps */
    int64_t status = qy_object_wait(readable, SIGNAL_USER, DEADLINE_POLL);
    qy_printf("nothing to read: %ld\n", (long)status);
    status = qy_object_wait(readable, SIGNAL_USER, qy_deadline_after(20 * QY_SECOND));
    qy_printf("woken: %ld\n", (long)status);
    (void)qy_handle_close(readable);
    (void)qy_handle_close(writable);
}

/* A pseudo-terminal, and both of its ends. */
static void cmd_pair(void)
{
    handle_t master, slave;
    char text[LINE_MAX];
    uint32_t number = 0;
    int64_t status = open(PTMX, &master);
    if (status == 0) {
        status = qy_tty_pair_number(master, &number, DEADLINE_NEVER);
    }
    qy_printf("master: %s, number %u\n", status == 0 ? "open" : qy_error_text(status), number);
    status = open(136u << 8 | number, &slave);
    qy_printf("locked: %ld\n", (long)status);
    (void)qy_tty_pair_lock(master, false, DEADLINE_NEVER);
    status = open(136u << 8 | number, &slave);
    qy_printf("unlocked: %ld\n", (long)status);
    if (status != 0) {
        return;
    }
    write_all(master, "heklo\x7f\x7f\x7flo\r", 11);
    int64_t count = read_line(slave, text, LINE_MAX);
    qy_printf("slave reads %.*s", (int)(count > 0 ? count : 0), text);
    write_all(slave, "out\n", 4);
    count = read_line(master, text, LINE_MAX);
    qy_printf("master reads %ld bytes\n", (long)count);
    (void)qy_handle_close(master);
    count = read_line(slave, text, LINE_MAX);
    qy_printf("slave reads %ld after the end\n", (long)count);
    (void)qy_handle_close(slave);
}

/* Whether a prompt is to follow. */
static bool command(const char *line)
{
    uint64_t number;
    if (qy_streq(line, "size")) {
        cmd_size();
    } else if (qy_streq(line, "keys")) {
        cmd_keys();
    } else if (qy_streq(line, "colors")) {
        cmd_colors();
    } else if (qy_streq(line, "poll")) {
        cmd_poll();
    } else if (qy_streq(line, "pair")) {
        cmd_pair();
    } else if (qy_streq(line, "off")) {
        struct qy_connection power = {0};
        (void)qy_connection_open(&power, "power", DEADLINE_NEVER);
        (void)qy_power_off(power.session, DEADLINE_NEVER);
    } else if (qy_streq(line, "later")) {
        qy_printf("> ");
        (void)qy_thread_sleep(qy_deadline_after(QY_SECOND)); /* it only sleeps */
        qy_log("warning: later");
        return false;
    } else if (memcmp(line, "kill ", 5) == 0) {
        handle_t servers = qy_bootstrap_handle(BOOTSTRAP_SESSION, "servers");
        int64_t status = qy_servers_kill(servers, line + 5, DEADLINE_NEVER);
        qy_printf("killed: %ld\n", (long)status);
    } else if (memcmp(line, "log ", 4) == 0) {
        qy_log("%s", line + 4);
    } else if (memcmp(line, "lines ", 6) == 0 && qy_parse_u64(line + 6, &number) == 0) {
        cmd_lines(number);
    } else if (line[0] != 0) {
        qy_printf("you said: %s\n", line);
    }
    return true;
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    int64_t status = qy_connection_open(&console, "console", DEADLINE_NEVER);
    if (status == 0) {
        status = open(CONSOLE, &terminal);
    }
    if (status != 0) {
        qy_log("no terminal: %s", qy_error_text(status));
        return 1;
    }
    qy_output_set(output, NULL);
    qy_printf("This is the terminal.\n");
    for (bool wants_prompt = true;;) {
        char line[LINE_MAX + 1];
        if (wants_prompt) {
            qy_printf("\033[32m>\033[m ");
        }
        wants_prompt = true;
        int64_t count = read_line(terminal, line, LINE_MAX);
        if (count < 0) {
            qy_log("reading failed: %s", qy_error_text(count));
            return 1;
        }
        if (count == 0) {
            qy_printf("end of file\n");
            continue;
        }
        line[count - (line[count - 1] == '\n')] = 0;
        wants_prompt = command(line);
    }
}
