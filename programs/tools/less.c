/* SPDX-License-Identifier: MIT */
/*
 * Pages through a text. All lines are in memory; what a terminal cannot show is shown as ^X or
 * <XX>. Where there is no terminal it is cat.
 */
#include <ctype.h>
#include <regex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "lines.h"
#include "pager.h"
#include "tool.h"

static struct {
    char **lines;
    size_t count;
    size_t room;
    size_t first; /* on the screen */
    FILE *keys;
    struct termios modes;
    bool raw;
    unsigned rows; /* for lines */
    unsigned columns;
    regex_t expression;
    bool have_expression;
    const char *title;
    const char *message;
    bool end_at_end; /* more */
} pager;

static void add_line(char *text)
{
    if (pager.count == pager.room) {
        pager.room = 2 * pager.room + 256;
        pager.lines = tool_resize(pager.lines, pager.room * sizeof(char *));
    }
    pager.lines[pager.count++] = text;
}

static int read_lines(FILE *file, const char *path)
{
    struct line line = {0};

    (void)path;
    while (line_read(&line, file, '\n')) {
        add_line(line.text);
        line = (struct line){0};
    }
    line_fini(&line);
    return 0;
}

/* --- the screen --- */

static void leave(void)
{
    if (pager.raw) {
        (void)tcsetattr(fileno(pager.keys), TCSANOW, &pager.modes);
        (void)fputs("\r\033[K", stdout);
        (void)fflush(stdout);
        pager.raw = false;
    }
}

static void leave_by_signal(int signal)
{
    leave();
    _exit(128 + signal);
}

static bool enter(void)
{
    struct termios raw;

    if (tcgetattr(fileno(pager.keys), &pager.modes) != 0) {
        return false;
    }
    raw = pager.modes;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    pager.raw = tcsetattr(fileno(pager.keys), TCSANOW, &raw) == 0;
    (void)signal(SIGINT, leave_by_signal);
    (void)signal(SIGTERM, leave_by_signal);
    return pager.raw;
}

static void measure(void)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};

    (void)ioctl(1, TIOCGWINSZ, &size);
    pager.rows = size.ws_row > 1 ? size.ws_row - 1U : 23;
    pager.columns = size.ws_col > 0 ? size.ws_col : 80;
}

/* As much of a line as fits; `highlight` is where a match begins and ends. */
static void print_line(const char *text)
{
    unsigned column = 0;
    mbstate_t state = {0};

    while (*text && column < pager.columns) {
        wchar_t character;
        size_t length = mbrtowc(&character, text, strlen(text), &state);

        if (*text == '\t') {
            unsigned next = (column | 7) + 1;

            next = next > pager.columns ? pager.columns : next;
            printf("%*s", (int)(next - column), "");
            column = next;
            text++;
        } else if (length == (size_t)-1 || length == (size_t)-2) {
            printf("<%02X>", (unsigned char)*text++);
            column += 4;
            state = (mbstate_t){0};
        } else if (iscntrl((unsigned char)*text)) {
            printf("^%c", *text++ ^ 0x40);
            column += 2;
        } else {
            int width = wcwidth(character);

            (void)fwrite(text, 1, length, stdout);
            column += width > 0 ? (unsigned)width : 0;
            text += length;
        }
    }
}

static size_t last_first(void)
{
    return pager.count > pager.rows ? pager.count - pager.rows : 0;
}

static void draw(void)
{
    if (pager.first > last_first()) {
        pager.first = last_first();
    }
    (void)fputs("\033[H", stdout);
    for (unsigned row = 0; row < pager.rows; row++) {
        if (pager.first + row < pager.count) {
            print_line(pager.lines[pager.first + row]);
        } else {
            putchar('~');
        }
        (void)fputs("\033[K\r\n", stdout);
    }
    if (pager.message) {
        printf("\033[7m%s\033[m\033[K", pager.message);
    } else if (pager.first >= last_first()) {
        printf("\033[7m%s (END)\033[m\033[K", pager.title);
    } else {
        printf("\033[7m%s %zu%%\033[m\033[K", pager.title,
               100 * (pager.first + pager.rows) / pager.count);
    }
    pager.message = NULL;
    (void)fflush(stdout);
}

/* --- searching --- */

static void search(bool backward)
{
    size_t line = pager.first;

    if (!pager.have_expression) {
        pager.message = "No previous regular expression";
        return;
    }
    for (;;) {
        if (backward ? line == 0 : line + 1 >= pager.count) {
            pager.message = "Pattern not found";
            return;
        }
        line += backward ? -1UL : 1UL;
        if (regexec(&pager.expression, pager.lines[line], 0, NULL, 0) == 0) {
            pager.first = line;
            return;
        }
    }
}

static void ask_expression(bool backward)
{
    char text[200];
    size_t length = 0;
    int key;

    printf("\r\033[K%c", backward ? '?' : '/');
    (void)fflush(stdout);
    while ((key = getc(pager.keys)) != EOF && key != '\n' && key != '\r') {
        if (key == 27) {
            return;
        }
        if (key == 127 || key == 8) {
            if (length == 0) {
                return;
            }
            length--;
            (void)fputs("\b \b", stdout);
        } else if (length + 1 < sizeof(text)) {
            text[length++] = (char)key;
            putchar(key);
        }
        (void)fflush(stdout);
    }
    text[length] = 0;
    if (length > 0) {
        if (pager.have_expression) {
            regfree(&pager.expression);
        }
        pager.have_expression = regcomp(&pager.expression, text, REG_EXTENDED | REG_NOSUB) == 0;
        if (!pager.have_expression) {
            pager.message = "Invalid pattern";
            return;
        }
    }
    search(backward);
}

/* --- keys --- */

/* A cursor key as the letter that does the same. */
static int read_key(void)
{
    int key = getc(pager.keys);

    if (key != 27) {
        return key;
    }
    key = getc(pager.keys);
    if (key != '[' && key != 'O') {
        return key;
    }
    key = getc(pager.keys);
    switch (key) {
    case 'A':
        return 'k';
    case 'B':
        return 'j';
    case 'H':
        return 'g';
    case 'F':
        return 'G';
    case '5':
    case '6':
        (void)getc(pager.keys);
        return key == '5' ? 'b' : ' ';
    default:
        return 0;
    }
}

static void move(long lines)
{
    long first = (long)pager.first + lines;

    pager.first = first < 0 ? 0 : (size_t)first;
}

/* False if it is to end. */
static bool handle_key(int key)
{
    bool at_end = pager.first >= last_first();

    switch (key) {
    case EOF:
    case 'q':
    case 'Q':
        return false;
    case ' ':
    case 'f':
    case 6:
        if (at_end && pager.end_at_end) {
            return false;
        }
        move((long)pager.rows);
        break;
    case 'b':
    case 2:
        move(-(long)pager.rows);
        break;
    case 'd':
    case 4:
        move((long)pager.rows / 2);
        break;
    case 'u':
    case 21:
        move(-(long)pager.rows / 2);
        break;
    case '\r':
    case '\n':
    case 'j':
    case 'e':
        if (at_end && pager.end_at_end) {
            return false;
        }
        move(1);
        break;
    case 'k':
    case 'y':
        move(-1);
        break;
    case 'g':
    case '<':
        pager.first = 0;
        break;
    case 'G':
    case '>':
        pager.first = last_first();
        break;
    case '/':
    case '?':
        ask_expression(key == '?');
        break;
    case 'n':
    case 'N':
        search(key == 'N');
        break;
    case 'h':
        pager.message = "space b d u j k g G move, / ? n N search, q ends";
        break;
    default:
        break;
    }
    return true;
}

static int show(const char *title)
{
    pager.title = title;
    pager.keys = fopen("/dev/tty", "re");
    if (!pager.keys && isatty(2)) {
        pager.keys = fdopen(dup(2), "r");
    }
    if (!isatty(1) || !pager.keys || !enter()) {
        for (size_t index = 0; index < pager.count; index++) {
            puts(pager.lines[index]);
        }
        return 0;
    }
    setvbuf(pager.keys, NULL, _IONBF, 0);
    (void)fputs("\033[2J", stdout);
    do {
        measure();
        draw();
    } while (handle_key(read_key()));
    leave();
    return 0;
}

int pager_show(FILE *file, const char *title)
{
    (void)read_lines(file, title);
    return show(title);
}

static int run(int argc, char **argv)
{
    int status;
    int option;

    while ((option = tool_option(argc, argv, "eFRSX")) != -1) {
        if (option == '?') {
            return tool_usage();
        }
    }
    if (optind == argc && isatty(0)) {
        (void)tool_error("missing filename");
        return tool_usage();
    }
    pager.end_at_end = strcmp(tool_name, "more") == 0;
    status = tool_each_file(argc - optind, argv + optind, read_lines);
    (void)show(optind < argc ? argv[optind] : "");
    return status;
}

static const char usage[] =
    "usage: less [-eFRSX] [FILE...]\n       more [-eFRSX] [FILE...]\n\nShows texts page by "
    "page.\n\n"
    "  space, f, PageDown  forward     b, PageUp  backward\n"
    "  d, u                half a page  j, k       a line\n"
    "  g, G                the beginning, the end\n"
    "  /, ?                search for a regular expression, forward, backward\n"
    "  n, N                once more, the other way\n  q                   end\n\n"
    "The options have no effect.\n";

const struct tool tool_less = {.name = "less", .usage = usage, .run = run};
const struct tool tool_more = {.name = "more", .usage = usage, .run = run};
