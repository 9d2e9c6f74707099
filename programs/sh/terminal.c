/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "shell.h"
#include "variable.h"

/* How long after an escape a byte still belongs to the same key. */
#define ESCAPE_WAIT_MS 100

static struct {
    struct termios modes;
    bool raw;
} terminal;

bool terminal_begin(void)
{
    struct termios raw;

    if (tcgetattr(0, &terminal.modes) != 0) {
        return false;
    }
    raw = terminal.modes;
    raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    terminal.raw = tcsetattr(0, TCSADRAIN, &raw) == 0;
    return terminal.raw;
}

void terminal_end(void)
{
    if (terminal.raw) {
        (void)tcsetattr(0, TCSADRAIN, &terminal.modes);
        terminal.raw = false;
    }
}

unsigned terminal_columns(void)
{
    struct winsize size;
    const char *columns;

    if (ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 1) {
        return size.ws_col;
    }
    columns = variable_get("COLUMNS");
    return columns && atoi(columns) > 1 ? (unsigned)atoi(columns) : 80;
}

void terminal_write(const char *bytes, size_t length)
{
    while (length) {
        ssize_t done = write(2, bytes, length);

        if (done < 0 && errno != EINTR) {
            return;
        }
        bytes += done > 0 ? done : 0;
        length -= done > 0 ? (size_t)done : 0;
    }
}

/* A byte, or one of KEY_END and KEY_INTERRUPT. */
static int read_byte(void)
{
    unsigned char byte;

    for (;;) {
        ssize_t got = read(0, &byte, 1);

        if (got == 1) {
            return byte;
        }
        if (got == 0 || errno != EINTR) {
            return KEY_END;
        }
        if (shell_interrupted()) {
            return KEY_INTERRUPT;
        }
    }
}

static bool byte_is_near(void)
{
    struct pollfd input = {.fd = 0, .events = POLLIN};

    return poll(&input, 1, ESCAPE_WAIT_MS) > 0;
}

/* ESC [ parameters letter, and ESC [ number ~: xterm, Linux and VT. A modifier makes the arrows go
 * by words. */
static int read_sequence(void)
{
    int number = 0;
    bool modified = false;
    int byte = read_byte();

    while ((byte >= '0' && byte <= '9') || byte == ';') {
        if (byte == ';') {
            modified = true;
        } else if (!modified) {
            number = number * 10 + byte - '0';
        }
        byte = read_byte();
    }
    switch (byte) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return modified ? KEY_WORD_RIGHT : KEY_RIGHT;
    case 'D':
        return modified ? KEY_WORD_LEFT : KEY_LEFT;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_LAST;
    case '~':
        return number == 1 || number == 7   ? KEY_HOME
               : number == 4 || number == 8 ? KEY_LAST
               : number == 3                ? KEY_DELETE
                                            : KEY_NONE;
    default:
        return KEY_NONE;
    }
}

static int read_escape(void)
{
    int byte;

    if (!byte_is_near()) {
        return KEY_NONE;
    }
    byte = read_byte();
    switch (byte) {
    case '[':
    case 'O':
        return read_sequence();
    case 'b':
        return KEY_WORD_LEFT;
    case 'f':
        return KEY_WORD_RIGHT;
    case 'd':
        return KEY_DELETE_WORD;
    case 127:
    case 8:
        return KEY_RUBOUT_WORD;
    case '<':
        return KEY_FIRST;
    case '>':
        return KEY_LAST_LINE;
    case '.':
    case '_':
        return KEY_LAST_ARGUMENT;
    case 'u':
        return KEY_UPPER;
    case 'l':
        return KEY_LOWER;
    case 'c':
        return KEY_CAPITAL;
    default:
        return KEY_NONE;
    }
}

/* The rest of a character of UTF-8 whose first byte is known. */
static int read_character(int first)
{
    int length = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    int character = first & (0x3f >> length);

    if (length == 0) {
        return KEY_NONE;
    }
    while (length-- > 0) {
        int byte = read_byte();

        if (byte < 0 || (byte & 0xc0) != 0x80) {
            return KEY_NONE;
        }
        character = character << 6 | (byte & 0x3f);
    }
    return character;
}

int terminal_read_key(void)
{
    int byte = read_byte();

    if (byte == 27) {
        return read_escape();
    }
    return byte < 0x80 ? byte : read_character(byte);
}
