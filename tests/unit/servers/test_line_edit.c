/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../../servers/monitor/line_edit.h"
#include "../../../servers/monitor/words.h"

/*
 * A terminal that understands what the editor sends: one row, carriage return, line feed, erase to
 * the end, cursor right, clear. What the person sees is compared, not the bytes.
 */
struct terminal {
    char row[LINE_COLUMNS + 1];
    size_t column;
    unsigned bells;
    unsigned rows;
    char escape[8];
    size_t escape_length;
};

static void terminal_clear(struct terminal *terminal)
{
    memset(terminal->row, ' ', LINE_COLUMNS);
    terminal->row[LINE_COLUMNS] = 0;
}

static void terminal_escape(struct terminal *terminal, char byte)
{
    assert_true(terminal->escape_length < sizeof terminal->escape - 1);
    terminal->escape[terminal->escape_length++] = byte;
    terminal->escape[terminal->escape_length] = 0;
    if (byte == 'K') {
        memset(terminal->row + terminal->column, ' ', LINE_COLUMNS - terminal->column);
    } else if (byte == 'C') {
        terminal->column += strtoul(terminal->escape + 2, NULL, 10);
        assert_true(terminal->column < LINE_COLUMNS);
    } else if (byte == 'J') {
        terminal_clear(terminal);
    } else if (byte == 'H') {
        terminal->column = 0;
    } else {
        return;
    }
    terminal->escape_length = 0;
}

static void terminal_write(void *context, const char *text, size_t length)
{
    struct terminal *terminal = context;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == 0x1b || terminal->escape_length > 0) {
            terminal_escape(terminal, text[i]);
        } else if (text[i] == '\r') {
            terminal->column = 0;
        } else if (text[i] == '\n') {
            terminal->column = 0;
            terminal->rows++;
            terminal_clear(terminal);
        } else if (text[i] == '\a') {
            terminal->bells++;
        } else {
            assert_true(terminal->column < LINE_COLUMNS); /* never wraps */
            terminal->row[terminal->column++] = text[i];
        }
    }
}

struct fixture {
    struct terminal terminal;
    struct line_editor editor;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    terminal_clear(&fixture->terminal);
    line_init(&fixture->editor, "> ", terminal_write, &fixture->terminal);
    line_begin(&fixture->editor);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static enum line_event type(struct fixture *fixture, const char *keys)
{
    enum line_event event = LINE_NONE;
    for (; *keys != 0; keys++) {
        assert_int_equal(event, LINE_NONE);
        event = line_feed(&fixture->editor, (uint8_t)*keys);
    }
    return event;
}

/* The row with its trailing blanks cut, and the column of the cursor. */
static void assert_seen(struct fixture *fixture, const char *row, size_t column)
{
    char seen[LINE_COLUMNS + 1];
    memcpy(seen, fixture->terminal.row, sizeof seen);
    size_t end = LINE_COLUMNS;
    while (end > 0 && seen[end - 1] == ' ') {
        seen[--end] = 0;
    }
    size_t wanted = strlen(row);
    char trimmed[LINE_COLUMNS + 1];
    memcpy(trimmed, row, wanted + 1);
    while (wanted > 0 && trimmed[wanted - 1] == ' ') {
        trimmed[--wanted] = 0;
    }
    assert_string_equal(seen, trimmed);
    assert_int_equal(fixture->terminal.column, column);
}

static void enter(struct fixture *fixture, const char *line)
{
    (void)type(fixture, line);
    assert_int_equal(type(fixture, "\r"), LINE_READY);
    line_history_add(&fixture->editor);
    line_begin(&fixture->editor);
}

static void test_line_typing_is_echoed(void **state)
{
    (void)type(*state, "mem");
    assert_seen(*state, "> mem", 5);
    assert_int_equal(type(*state, "\r"), LINE_READY);
    assert_string_equal(((struct fixture *)*state)->editor.text, "mem");
}

static void test_line_inserts_in_the_middle(void **state)
{
    (void)type(*state, "hlp\x1b[D\x1b[De");
    assert_seen(*state, "> help", 4);
}

static void test_line_home_end_keys_of_all_terminals(void **state)
{
    static const char *const homes[] = {"\x01", "\x1b[H", "\x1bOH", "\x1b[1~", "\x1b[7~"};
    static const char *const ends[] = {"\x05", "\x1b[F", "\x1bOF", "\x1b[4~", "\x1b[8~"};
    (void)type(*state, "abc");
    for (int i = 0; i < 5; i++) {
        (void)type(*state, homes[i]);
        assert_seen(*state, "> abc", 2);
        (void)type(*state, ends[i]);
        assert_seen(*state, "> abc", 5);
    }
}

static void test_line_backspace_and_delete(void **state)
{
    (void)type(*state, "abcd\x7f");
    assert_seen(*state, "> abc", 5);
    (void)type(*state, "\x01\x1b[3~");
    assert_seen(*state, "> bc", 2);
    (void)type(*state, "\x06\x08");
    assert_seen(*state, "> c", 2);
}

static void test_line_kill_keys(void **state)
{
    (void)type(*state, "one two  three\x17");
    assert_seen(*state, "> one two  ", 11);
    (void)type(*state, "\x17");
    assert_seen(*state, "> one ", 6);
    (void)type(*state, "x\x01\x06\x0b");
    assert_seen(*state, "> o", 3);
    (void)type(*state, "pq\x15");
    assert_seen(*state, "> ", 2);
}

static void test_line_edges_ring_the_bell(void **state)
{
    struct fixture *fixture = *state;
    (void)type(fixture, "\x7f\x1b[D\x1b[C\x1b[A\x1b[B\x17\x0b");
    assert_int_equal(fixture->terminal.bells, 7);
    assert_seen(fixture, "> ", 2);
}

static void test_line_cancel_and_clear(void **state)
{
    struct fixture *fixture = *state;
    (void)type(fixture, "abc\x0c");
    assert_seen(fixture, "> abc", 5);
    assert_int_equal(type(fixture, "\x03"), LINE_CANCELLED);
    line_begin(&fixture->editor);
    assert_seen(fixture, "> ", 2);
}

static void test_line_return_and_line_feed_are_one_end(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(type(fixture, "a\r"), LINE_READY);
    line_begin(&fixture->editor);
    assert_int_equal(type(fixture, "\n"), LINE_NONE);
    assert_int_equal(type(fixture, "b\n"), LINE_READY);
    line_begin(&fixture->editor);
    assert_int_equal(type(fixture, "\n"), LINE_READY);
}

static void test_line_history_goes_back_and_forth(void **state)
{
    struct fixture *fixture = *state;
    enter(fixture, "first");
    enter(fixture, "second");
    enter(fixture, "second");
    (void)type(fixture, "dra\x1b[A");
    assert_seen(fixture, "> second", 8);
    (void)type(fixture, "\x10");
    assert_seen(fixture, "> first", 7);
    (void)type(fixture, "\x1b[A");
    assert_int_equal(fixture->terminal.bells, 1);
    (void)type(fixture, "\x1b[B\x0e");
    assert_seen(fixture, "> dra", 5);
}

static void test_line_history_forgets_the_oldest(void **state)
{
    struct fixture *fixture = *state;
    char line[8];
    for (int i = 0; i < LINE_HISTORY + 10; i++) {
        line[0] = (char)('a' + i % 26);
        line[1] = (char)('a' + i / 26);
        line[2] = 0;
        enter(fixture, line);
    }
    for (int i = 0; i < LINE_HISTORY; i++) {
        (void)type(fixture, "\x1b[A");
    }
    assert_int_equal(fixture->terminal.bells, 0);
    assert_seen(fixture, "> ka", 4);
}

static void test_line_longer_than_the_screen_scrolls(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < LINE_MAX; i++) {
        char key[2] = {(char)('a' + i % 26), 0};
        (void)type(fixture, key);
    }
    assert_int_equal(fixture->terminal.rows, 0);
    (void)type(fixture, "\x01");
    assert_memory_equal(fixture->terminal.row, "> abcdef", 8);
    (void)type(fixture, "\x05");
    assert_int_equal(type(fixture, "\r"), LINE_READY);
    assert_int_equal(strlen(fixture->editor.text), LINE_MAX);
}

static void test_line_too_long_is_told(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < LINE_MAX + 50; i++) {
        (void)type(fixture, "x");
    }
    assert_int_equal(fixture->terminal.bells, 50);
    assert_int_equal(type(fixture, "\r"), LINE_TOO_LONG);
}

static void test_line_unknown_sequences_are_swallowed(void **state)
{
    struct fixture *fixture = *state;
    (void)type(fixture, "a\x1b[1;5C\x1b[15~\x1b[Zb\x1bxc");
    assert_string_equal(fixture->editor.text, "abc");
}

static void test_line_random_keys_keep_the_screen_true(void **state)
{
    struct fixture *fixture = *state;
    static const char *const keys[] = {"a",      "b", " ",          "\x1b[D",  "\x1b[C", "\x01",
                                       "\x05",   "x", "\x7f",       "\x1b[3~", "\x17",   "\x1b[A",
                                       "\x1b[B", "y", "long word ", "\r",      "\x0b"};
    uint64_t random = 3;
    for (int round = 0; round < 50000; round++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        if (type(fixture, keys[(random >> 33) % (sizeof keys / sizeof keys[0])]) != LINE_NONE) {
            line_history_add(&fixture->editor);
            line_begin(&fixture->editor);
        }
        struct line_editor *editor = &fixture->editor;
        assert_int_equal(strlen(editor->text), editor->length);
        assert_int_equal(fixture->terminal.column, 2 + editor->cursor - editor->first);
        char window[LINE_COLUMNS + 1] = "> ";
        strncat(window, editor->text + editor->first, LINE_COLUMNS - 3);
        assert_seen(fixture, window, fixture->terminal.column);
    }
}

static void test_words_are_split_at_spaces(void **state)
{
    (void)state;
    char line[] = "  spawn   hello ";
    char *words[WORDS_MAX];
    assert_int_equal(words_split(line, words), 2);
    assert_string_equal(words[0], "spawn");
    assert_string_equal(words[1], "hello");
    char empty[] = "   ";
    assert_int_equal(words_split(empty, words), 0);
    char many[] = "a b c d e f g h i j k l m n o p q";
    assert_int_equal(words_split(many, words), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_line_typing_is_echoed),
        TEST(test_line_inserts_in_the_middle),
        TEST(test_line_home_end_keys_of_all_terminals),
        TEST(test_line_backspace_and_delete),
        TEST(test_line_kill_keys),
        TEST(test_line_edges_ring_the_bell),
        TEST(test_line_cancel_and_clear),
        TEST(test_line_return_and_line_feed_are_one_end),
        TEST(test_line_history_goes_back_and_forth),
        TEST(test_line_history_forgets_the_oldest),
        TEST(test_line_longer_than_the_screen_scrolls),
        TEST(test_line_too_long_is_told),
        TEST(test_line_unknown_sequences_are_swallowed),
        TEST(test_line_random_keys_keep_the_screen_true),
        cmocka_unit_test(test_words_are_split_at_spaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
