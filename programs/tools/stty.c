/* SPDX-License-Identifier: MIT */
/* stty and reset: the modes of a terminal. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "tool.h"

static const char usage[] =
    "usage: stty [-a | -g | SETTING...]\n\n"
    "Prints or changes the modes of the terminal on standard input.\n\n"
    "  -a  all of them  -g  in a form that stty reads again\n\n"
    "Settings: [-]NAME for a flag, sane, raw, cooked, -raw, rows N, columns N,\n"
    "          intr C, quit C, erase C, kill C, eof C, susp C with C as ^X or a character\n";

struct flag {
    const char *name;
    tcflag_t bit;
    size_t place; /* which member of struct termios */
};

#define INPUT   offsetof(struct termios, c_iflag)
#define OUTPUT  offsetof(struct termios, c_oflag)
#define CONTROL offsetof(struct termios, c_cflag)
#define LOCAL   offsetof(struct termios, c_lflag)

static const struct flag flags[] = {
    {"brkint", BRKINT, INPUT},   {"icrnl", ICRNL, INPUT},   {"igncr", IGNCR, INPUT},
    {"inlcr", INLCR, INPUT},     {"istrip", ISTRIP, INPUT}, {"ixoff", IXOFF, INPUT},
    {"ixon", IXON, INPUT},       {"ixany", IXANY, INPUT},   {"iutf8", IUTF8, INPUT},
    {"opost", OPOST, OUTPUT},    {"onlcr", ONLCR, OUTPUT},  {"ocrnl", OCRNL, OUTPUT},
    {"isig", ISIG, LOCAL},       {"icanon", ICANON, LOCAL}, {"echo", ECHO, LOCAL},
    {"echoe", ECHOE, LOCAL},     {"echok", ECHOK, LOCAL},   {"echonl", ECHONL, LOCAL},
    {"echoctl", ECHOCTL, LOCAL}, {"echoke", ECHOKE, LOCAL}, {"noflsh", NOFLSH, LOCAL},
    {"tostop", TOSTOP, LOCAL},   {"iexten", IEXTEN, LOCAL}, {"cread", CREAD, CONTROL},
    {"clocal", CLOCAL, CONTROL}, {"hupcl", HUPCL, CONTROL},
};

#define FLAG_COUNT (sizeof(flags) / sizeof(flags[0]))

static const struct {
    const char *name;
    unsigned place;
    cc_t sane;
} characters[] = {
    {"intr", VINTR, 3},      {"quit", VQUIT, 28},   {"erase", VERASE, 127},  {"kill", VKILL, 21},
    {"eof", VEOF, 4},        {"start", VSTART, 17}, {"stop", VSTOP, 19},     {"susp", VSUSP, 26},
    {"werase", VWERASE, 23}, {"lnext", VLNEXT, 22}, {"rprnt", VREPRINT, 18},
};

#define CHARACTER_COUNT (sizeof(characters) / sizeof(characters[0]))

static tcflag_t *flag_of(struct termios *modes, const struct flag *flag)
{
    return (tcflag_t *)(void *)((char *)modes + flag->place);
}

static void make_sane(struct termios *modes)
{
    modes->c_iflag = BRKINT | ICRNL | IXON | IUTF8;
    modes->c_oflag = OPOST | ONLCR;
    modes->c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
    modes->c_cflag |= CREAD;
    for (size_t index = 0; index < CHARACTER_COUNT; index++) {
        modes->c_cc[characters[index].place] = characters[index].sane;
    }
    modes->c_cc[VMIN] = 1;
    modes->c_cc[VTIME] = 0;
}

static void make_raw(struct termios *modes)
{
    modes->c_iflag = 0;
    modes->c_oflag &= ~(tcflag_t)OPOST;
    modes->c_lflag &= ~(tcflag_t)(ISIG | ICANON);
    modes->c_cc[VMIN] = 1;
    modes->c_cc[VTIME] = 0;
}

static void print_character(const char *name, cc_t value)
{
    if (value == 0) {
        printf("%s = <undef>; ", name);
    } else if (value < 32 || value == 127) {
        printf("%s = ^%c; ", name, value ^ 0x40);
    } else {
        printf("%s = %c; ", name, value);
    }
}

/* Without `all`, only what is not sane. */
static void print_modes(struct termios *modes, bool all)
{
    struct winsize size = {0};
    struct termios sane = *modes;
    size_t printed = 0;

    make_sane(&sane);
    (void)ioctl(0, TIOCGWINSZ, &size);
    printf("rows %u; columns %u;\n", size.ws_row, size.ws_col);
    for (size_t index = 0; index < CHARACTER_COUNT; index++) {
        cc_t value = modes->c_cc[characters[index].place];

        if (all || value != characters[index].sane) {
            print_character(characters[index].name, value);
            printed++;
        }
    }
    printf("%s", printed ? "\n" : "");
    for (size_t index = 0; index < FLAG_COUNT; index++) {
        bool on = *flag_of(modes, &flags[index]) & flags[index].bit;

        if (all || on != !!(*flag_of(&sane, &flags[index]) & flags[index].bit)) {
            printf("%s%s ", on ? "" : "-", flags[index].name);
            printed++;
        }
    }
    printf("%s", printed ? "\n" : "");
}

static void print_numbers(const struct termios *modes)
{
    printf("%x:%x:%x:%x", modes->c_iflag, modes->c_oflag, modes->c_cflag, modes->c_lflag);
    for (size_t index = 0; index < NCCS; index++) {
        printf(":%x", modes->c_cc[index]);
    }
    putchar('\n');
}

static bool read_numbers(const char *text, struct termios *modes)
{
    tcflag_t *members[] = {&modes->c_iflag, &modes->c_oflag, &modes->c_cflag, &modes->c_lflag};
    char *end;

    for (size_t index = 0; index < 4 + NCCS; index++) {
        unsigned long value = strtoul(text, &end, 16);

        if (end == text) {
            return false;
        }
        if (index < 4) {
            *members[index] = (tcflag_t)value;
        } else {
            modes->c_cc[index - 4] = (cc_t)value;
        }
        text = end + (*end == ':');
    }
    return !*text;
}

static bool set_size(const char *name, const char *value)
{
    struct winsize size = {0};
    int number = atoi(value);

    (void)ioctl(0, TIOCGWINSZ, &size);
    if (strcmp(name, "rows") == 0) {
        size.ws_row = (unsigned short)number;
    } else {
        size.ws_col = (unsigned short)number;
    }
    if (ioctl(0, TIOCSWINSZ, &size) != 0) {
        (void)tool_error_number("standard input");
        return false;
    }
    return true;
}

static bool set_flag(struct termios *modes, const char *name)
{
    bool on = *name != '-';

    name += !on;
    for (size_t index = 0; index < FLAG_COUNT; index++) {
        if (strcmp(flags[index].name, name) == 0) {
            tcflag_t *member = flag_of(modes, &flags[index]);

            *member = on ? *member | flags[index].bit : *member & ~flags[index].bit;
            return true;
        }
    }
    return false;
}

static bool set_character(struct termios *modes, const char *name, const char *value)
{
    for (size_t index = 0; index < CHARACTER_COUNT; index++) {
        if (strcmp(characters[index].name, name) == 0) {
            bool undefined = strcmp(value, "undef") == 0 || strcmp(value, "^-") == 0;
            cc_t control = value[1] == '?' ? 127 : (cc_t)(value[1] & 31);

            modes->c_cc[characters[index].place] = undefined                     ? 0
                                                   : value[0] == '^' && value[1] ? control
                                                                                 : (cc_t)value[0];
            return true;
        }
    }
    return false;
}

/* Takes one setting at *index; false, reported, if it is none. */
static bool set_one(struct termios *modes, int argc, char **argv, int *index)
{
    const char *name = argv[*index];
    const char *value = *index + 1 < argc ? argv[*index + 1] : NULL;

    if (strcmp(name, "sane") == 0) {
        make_sane(modes);
    } else if (strcmp(name, "raw") == 0) {
        make_raw(modes);
    } else if (strcmp(name, "-raw") == 0 || strcmp(name, "cooked") == 0) {
        modes->c_iflag |= BRKINT | ICRNL | IXON;
        modes->c_oflag |= OPOST;
        modes->c_lflag |= ISIG | ICANON;
    } else if (value && (strcmp(name, "rows") == 0 || strcmp(name, "columns") == 0 ||
                         strcmp(name, "cols") == 0)) {
        (*index)++;
        return set_size(name, value);
    } else if (value && set_character(modes, name, value)) {
        (*index)++;
    } else if (!set_flag(modes, name) && !read_numbers(name, modes)) {
        (void)tool_error("invalid argument '%s'", name);
        return false;
    }
    return true;
}

static int run_stty(int argc, char **argv)
{
    struct termios modes;

    if (tcgetattr(0, &modes) != 0) {
        return tool_error_number("standard input");
    }
    if (argc == 1 || (argc == 2 && strcmp(argv[1], "-a") == 0)) {
        print_modes(&modes, argc == 2);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "-g") == 0) {
        print_numbers(&modes);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "size") == 0) {
        struct winsize size = {0};

        (void)ioctl(0, TIOCGWINSZ, &size);
        printf("%u %u\n", size.ws_row, size.ws_col);
        return 0;
    }
    for (int index = 1; index < argc; index++) {
        if (!set_one(&modes, argc, argv, &index)) {
            return tool_usage();
        }
    }
    return tcsetattr(0, TCSADRAIN, &modes) != 0 ? tool_error_number("standard input") : 0;
}

const struct tool tool_stty = {.name = "stty", .usage = usage, .run = run_stty};

static int run_reset(int argc, char **argv)
{
    struct termios modes;

    (void)argc, (void)argv;
    if (tcgetattr(0, &modes) == 0) {
        make_sane(&modes);
        (void)tcsetattr(0, TCSADRAIN, &modes);
    }
    (void)fputs("\033c\033[m\033[?25h\033[H\033[2J", stdout);
    return 0;
}

const struct tool tool_reset = {
    .name = "reset",
    .usage = "usage: reset\n\nSets the terminal to modes that work, and clears it.\n",
    .run = run_reset,
    .no_arguments = true};
