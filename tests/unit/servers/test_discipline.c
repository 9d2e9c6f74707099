/* SPDX-License-Identifier: MIT */
/*
 * The line discipline. The cases of the table were answered by Linux: typed into the master of a
 * pseudo-terminal of Linux 6.18, echo and reads are what came back.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../../servers/console/discipline.h"
#include "../../../servers/console/unicode.h"
#include <quay/syscall.h>

#define TEXT_MAX 8192

static struct world {
    struct discipline discipline;
    uint8_t shown[TEXT_MAX];
    size_t shown_count;
    int signals[8];
    size_t signal_count;
    unsigned discards;
} world;

static void send(void *context, const uint8_t *bytes, size_t count)
{
    struct world *to = context;
    assert_true(count > 0 && count <= TEXT_MAX - to->shown_count);
    memcpy(to->shown + to->shown_count, bytes, count);
    to->shown_count += count;
}

static void output_discard(void *context)
{
    struct world *to = context;
    to->discards++;
    to->shown_count = 0;
}

static void signal_note(void *context, int number)
{
    struct world *to = context;
    to->signals[to->signal_count++ % 8] = number;
}

static const struct discipline_outside outside = {
    .send = send,
    .output_discard = output_discard,
    .signal = signal_note,
    .context = &world,
};

static void settings(uint32_t input, uint32_t output, uint32_t local)
{
    struct qy_tty_attributes attributes = world.discipline.attributes;
    attributes.input = input;
    attributes.output = output;
    attributes.local = local;
    discipline_set(&world.discipline, &attributes);
}

static int begin(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    discipline_init(&world.discipline);
    return 0;
}

static void type(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        discipline_receive(&world.discipline, &outside, (uint8_t)text[i]);
    }
}

static void type_text(const char *text)
{
    type(text, strlen(text));
}

/* --- as Linux does it ---------------------------------------------------------------------- */

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *name;
    uint32_t input, output, local;
    const char *typed;
    size_t typed_length;
    const char *shown;
    size_t shown_length;
    const char *reads; /* each between < and > */
    size_t reads_length;
} cases[] = {
    {"a_line", 0x4500, 0x5, 0x8a3b, BYTES("hello\r"), BYTES("hello\r\n"), BYTES("<hello\n>")},
    {"erase_takes_a_character", 0x4500, 0x5, 0x8a3b, BYTES("helx\177lo\r"),
     BYTES("helx\b \blo\r\n"), BYTES("<hello\n>")},
    {"erase_of_nothing", 0x4500, 0x5, 0x8a3b, BYTES("\177\177a\r"), BYTES("a\r\n"), BYTES("<a\n>")},
    {"erase_takes_a_whole_utf8_character", 0x4500, 0x5, 0x8a3b, BYTES("caf\303\251\177e\r"),
     BYTES("caf\303\251\b \be\r\n"), BYTES("<cafe\n>")},
    {"erase_takes_the_caret_too", 0x4500, 0x5, 0x8a3b, BYTES("a\001\177b\r"),
     BYTES("a^A\b \b\b \bb\r\n"), BYTES("<ab\n>")},
    {"erase_takes_a_tab", 0x4500, 0x5, 0x8a3b, BYTES("ab\tc\177\177x\r"),
     BYTES("ab\tc\b \b\b\b\b\b\b\bx\r\n"), BYTES("<abx\n>")},
    {"erase_takes_a_tab_after_a_tab", 0x4500, 0x5, 0x8a3b, BYTES("\t\t\177\177x\r"),
     BYTES("\t\t\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\bx\r\n"), BYTES("<x\n>")},
    {"word_erase", 0x4500, 0x5, 0x8a3b, BYTES("one two  \027x\r"),
     BYTES("one two  \b \b\b \b\b \b\b \b\b \bx\r\n"), BYTES("<one x\n>")},
    {"word_erase_of_signs", 0x4500, 0x5, 0x8a3b, BYTES("one --\027x\r"),
     BYTES("one --\b \b\b \b\b \b\b \b\b \b\b \bx\r\n"), BYTES("<x\n>")},
    {"kill", 0x4500, 0x5, 0x8a3b, BYTES("wrong\025right\r"),
     BYTES("wrong\b \b\b \b\b \b\b \b\b \bright\r\n"), BYTES("<right\n>")},
    {"kill_without_echoke", 0x4500, 0x5, 0x823b, BYTES("wrong\025right\r"),
     BYTES("wrong^U\r\nright\r\n"), BYTES("<right\n>")},
    {"kill_on_another_line", 0x4500, 0x5, 0x802b, BYTES("wrong\025right\r"),
     BYTES("wrong\025\r\nright\r\n"), BYTES("<right\n>")},
    {"erase_without_echoe", 0x4500, 0x5, 0x8a2b, BYTES("ab\177c\r"), BYTES("ab^?c\r\n"),
     BYTES("<ac\n>")},
    {"reprint", 0x4500, 0x5, 0x8a3b, BYTES("ab\022c\r"), BYTES("ab^R\r\nabc\r\n"),
     BYTES("<abc\n>")},
    {"literal", 0x4500, 0x5, 0x8a3b, BYTES("\026\003\026\025\r"), BYTES("^\b^C^\b^U\r\n"),
     BYTES("<\003\025\n>")},
    {"literal_line_feed", 0x4500, 0x5, 0x8a3b, BYTES("a\026\nb\r"), BYTES("a^\b^Jb\r\n"),
     BYTES("<a\nb\n>")},
    {"end_of_file", 0x4500, 0x5, 0x8a3b, BYTES("\004"), BYTES(""), BYTES("<>")},
    {"end_of_file_after_text", 0x4500, 0x5, 0x8a3b, BYTES("abc\004"), BYTES("abc"), BYTES("<abc>")},
    {"two_lines", 0x4500, 0x5, 0x8a3b, BYTES("one\rtwo\r"), BYTES("one\r\ntwo\r\n"),
     BYTES("<one\n><two\n>")},
    {"no_echo", 0x4500, 0x5, 0x8a33, BYTES("secret\177\r"), BYTES(""), BYTES("<secre\n>")},
    {"no_echo_but_line_feeds", 0x4500, 0x5, 0x8a73, BYTES("secret\r"), BYTES("\r\n"),
     BYTES("<secret\n>")},
    {"no_echoctl", 0x4500, 0x5, 0x883b, BYTES("a\001b\r"), BYTES("a\001b\r\n"),
     BYTES("<a\001b\n>")},
    {"icrnl_off", 0x4400, 0x5, 0x8a3b, BYTES("a\rb\n"), BYTES("a^Mb\r\n"), BYTES("<a\rb\n>")},
    {"igncr", 0x4480, 0x5, 0x8a3b, BYTES("a\rb\n"), BYTES("ab\r\n"), BYTES("<ab\n>")},
    {"inlcr", 0x4440, 0x5, 0x8a3b, BYTES("a\nb\004"), BYTES("a^Mb"), BYTES("<a\rb>")},
    {"istrip", 0x4520, 0x5, 0x8a3b, BYTES("\341\342\r"), BYTES("ab\r\n"), BYTES("<ab\n>")},
    {"raw", 0x0, 0x0, 0x0, BYTES("a\r\177\003\004"), BYTES(""), BYTES("<a\r\177\003\004>")},
    {"raw_with_echo", 0x0, 0x5, 0x8, BYTES("a\rb\nc\001"), BYTES("a\rb\r\nc\001"),
     BYTES("<a\rb\nc\001>")},
    {"cbreak_with_echo", 0x4500, 0x5, 0x8a39, BYTES("a\rb\nc\001"), BYTES("a\r\nb^Jc^A"),
     BYTES("<a\nb\nc\001>")},
    {"xtabs", 0x4500, 0x1805, 0x8a3b, BYTES("a\tb\177\177\r"),
     BYTES("a       b\b \b\b\b\b\b\b\b\b\r\n"), BYTES("<a\n>")},
    {"olcuc", 0x4500, 0x7, 0x8a3b, BYTES("abc\r"), BYTES("ABC\r\n"), BYTES("<abc\n>")},
    {"no_onlcr", 0x4500, 0x1, 0x8a3b, BYTES("abc\r"), BYTES("abc\n"), BYTES("<abc\n>")},
    {"no_iexten", 0x4500, 0x5, 0xa3b, BYTES("a b\027\022\026\r"), BYTES("a b^W^R^V\r\n"),
     BYTES("<a b\027\022\026\n>")},
    {"interrupt", 0x4500, 0x5, 0x8a3b, BYTES("abc\003def\r"), BYTES("^Cdef\r\n"), BYTES("<def\n>")},
    {"quit_and_suspend", 0x4500, 0x5, 0x8a3b, BYTES("a\034b\032c\r"), BYTES("^Zc\r\n"),
     BYTES("<c\n>")},
    {"interrupt_with_noflsh", 0x4500, 0x5, 0x8abb, BYTES("one\rab\003cd\r"),
     BYTES("one\r\nab^Ccd\r\n"), BYTES("<one\n><abcd\n>")},
    {"no_isig", 0x4500, 0x5, 0x8a3a, BYTES("a\003b\r"), BYTES("a^Cb\r\n"), BYTES("<a\003b\n>")},
    {"lines_without_utf8", 0x500, 0x5, 0x8a3b, BYTES("\303\251\177\177\r"),
     BYTES("\303\251\b \b\b \b\r\n"), BYTES("<\n>")},
};

static void test_discipline_cases_of_linux_are_the_same(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t reads[TEXT_MAX];
        size_t length = 0;
        (void)begin(state);
        settings(cases[i].input, cases[i].output, cases[i].local);
        type(cases[i].typed, cases[i].typed_length);
        for (int k = 0; k < 3 && discipline_is_readable(&world.discipline, 1); k++) {
            reads[length++] = '<';
            length += discipline_read(&world.discipline, reads + length, 100);
            reads[length++] = '>';
        }
        if (world.shown_count != cases[i].shown_length ||
            memcmp(world.shown, cases[i].shown, world.shown_count) != 0) {
            fail_msg("%s: shown: %.*s", cases[i].name, (int)world.shown_count, world.shown);
        }
        if (length != cases[i].reads_length || memcmp(reads, cases[i].reads, length) != 0) {
            fail_msg("%s: read: %.*s", cases[i].name, (int)length, reads);
        }
    }
}

/* --- what a table does not show ------------------------------------------------------------ */

static void test_discipline_signals_flush_and_tell(void **state)
{
    (void)state;
    type_text("one\rtwo\003");
    assert_int_equal(world.signal_count, 1);
    assert_int_equal(world.signals[0], DISCIPLINE_SIGINT);
    assert_int_equal(world.discards, 1);
    assert_int_equal(discipline_available(&world.discipline), 0);
    type_text("\032\034");
    assert_int_equal(world.signals[1], DISCIPLINE_SIGTSTP);
    assert_int_equal(world.signals[2], DISCIPLINE_SIGQUIT);
}

static void test_discipline_stop_and_start_are_not_read(void **state)
{
    uint8_t bytes[8];
    (void)state;
    type_text("\023");
    assert_true(world.discipline.is_stopped);
    type_text("a\021\r");
    assert_false(world.discipline.is_stopped);
    assert_int_equal(discipline_read(&world.discipline, bytes, 8), 2);
}

static void test_discipline_interrupt_starts_output_again(void **state)
{
    (void)state;
    type_text("\023\003");
    assert_false(world.discipline.is_stopped);
}

static void test_discipline_output_goes_on_without_flow_control(void **state)
{
    (void)state;
    type_text("\023");
    settings(0x4500, 5, 0x8a33);
    assert_true(world.discipline.is_stopped);
    settings(0x4100, 5, 0x8a33);
    assert_false(world.discipline.is_stopped);
}

static void test_discipline_wide_character_is_erased_in_two_columns(void **state)
{
    (void)state;
    type_text("\xe4\xb8\xad\x7f");
    assert_int_equal(world.shown_count, 3 + 6);
    assert_memory_equal(world.shown + 3, "\b \b\b \b", 6);
}

static void test_discipline_short_reads_get_one_line_in_pieces(void **state)
{
    uint8_t bytes[8];
    (void)state;
    type_text("abcde\rx\r");
    assert_int_equal(discipline_read(&world.discipline, bytes, 4), 4);
    assert_int_equal(discipline_read(&world.discipline, bytes, 8), 2);
    assert_memory_equal(bytes, "e\n", 2);
    assert_int_equal(discipline_read(&world.discipline, bytes, 8), 2);
}

static void test_discipline_end_of_file_after_a_full_read_is_not_another(void **state)
{
    uint8_t bytes[8];
    (void)state;
    type_text("abc\004");
    assert_int_equal(discipline_read(&world.discipline, bytes, 3), 3);
    assert_false(discipline_is_readable(&world.discipline, 1));
}

static void test_discipline_full_line_can_still_be_ended(void **state)
{
    static uint8_t bytes[TEXT_MAX];
    (void)state;
    settings(0x4500, 5, 0x8a33); /* no echo */
    for (uint32_t i = 0; i < DISCIPLINE_INPUT + 100; i++) {
        type_text("a");
    }
    assert_int_equal(discipline_room(&world.discipline), DISCIPLINE_INPUT);
    assert_int_equal(world.discipline.lost, 101);
    type_text("\r");
    assert_int_equal(discipline_room(&world.discipline), 0);
    assert_int_equal(discipline_read(&world.discipline, bytes, TEXT_MAX), DISCIPLINE_INPUT);
    assert_int_equal(bytes[DISCIPLINE_INPUT - 1], '\n');
}

static void test_discipline_change_to_raw_gives_the_line_as_it_is(void **state)
{
    uint8_t bytes[8];
    (void)state;
    type_text("ab");
    assert_false(discipline_is_readable(&world.discipline, 1));
    settings(0, 5, 0);
    assert_int_equal(discipline_read(&world.discipline, bytes, 8), 2);
}

static void test_discipline_change_to_lines_makes_one_of_what_is_there(void **state)
{
    uint8_t bytes[8];
    (void)state;
    settings(0, 5, 0);
    type_text("ab");
    settings(0x4500, 5, 0x8a3b);
    type_text("c\r");
    assert_int_equal(discipline_read(&world.discipline, bytes, 8), 2);
    assert_int_equal(discipline_read(&world.discipline, bytes, 8), 2);
}

static void test_discipline_keys_after_a_restart_are_in_their_places(void **state)
{
    uint8_t bytes[8];
    (void)state;
    world.discipline.tail = world.discipline.line = world.discipline.head = UINT32_MAX - 1;
    type_text("abc\x7f\r");
    assert_int_equal(discipline_read(&world.discipline, bytes, 8), 3);
    assert_memory_equal(bytes, "ab\n", 3);
}

/* --- MIN and TIME -------------------------------------------------------------------------- */

static void raw(uint8_t min, uint8_t tenths)
{
    settings(0, 0, 0);
    world.discipline.attributes.control_characters[QY_TTY_MIN] = min;
    world.discipline.attributes.control_characters[QY_TTY_TIME] = tenths;
}

static bool is_due(uint32_t max, int64_t started, int64_t last, int64_t now, int64_t *ret_due)
{
    return discipline_is_due(&world.discipline, max, started, last, now, ret_due);
}

static void test_discipline_min_waits_for_so_many(void **state)
{
    int64_t due;
    (void)state;
    raw(3, 0);
    type_text("ab");
    assert_false(is_due(100, 0, 0, 1000000000, &due));
    assert_int_equal(due, DEADLINE_NEVER);
    assert_true(is_due(2, 0, 0, 0, &due)); /* a read for less */
    type_text("c");
    assert_true(is_due(100, 0, 0, 0, &due));
}

static void test_discipline_time_without_min_is_a_deadline(void **state)
{
    int64_t due;
    (void)state;
    raw(0, 5);
    assert_false(is_due(100, 1000, 0, 2000, &due));
    assert_int_equal(due, 500001000);
    assert_true(is_due(100, 1000, 0, 500001000, &due));
    type_text("a");
    assert_true(is_due(100, 1000, 0, 2000, &due));
}

static void test_discipline_time_with_min_runs_between_bytes(void **state)
{
    int64_t due;
    (void)state;
    raw(3, 1);
    assert_false(is_due(100, 0, 0, 9000000000, &due));
    assert_int_equal(due, DEADLINE_NEVER);
    type_text("a");
    assert_false(is_due(100, 0, 50000000, 60000000, &due));
    assert_int_equal(due, 150000000);
    assert_true(is_due(100, 0, 50000000, 150000000, &due));
}

static void test_discipline_neither_min_nor_time_never_waits(void **state)
{
    int64_t due;
    (void)state;
    raw(0, 0);
    assert_true(is_due(100, 0, 0, 0, &due));
}

/* --- UTF-8 --------------------------------------------------------------------------------- */

static void test_unicode_decodes_what_it_encodes(void **state)
{
    (void)state;
    for (uint32_t character = 0; character < 0x110000; character += 7) {
        struct utf8_decoder decoder = {0};
        uint32_t characters[2], found = 0;
        uint8_t bytes[4];
        if (character >= 0xd800 && character < 0xe000) {
            continue;
        }
        uint32_t length = utf8_encode(character, bytes);
        for (uint32_t i = 0; i < length; i++) {
            assert_int_equal(found, 0);
            found = utf8_decode(&decoder, bytes[i], characters);
        }
        assert_int_equal(found, 1);
        assert_int_equal(characters[0], character);
    }
}

static void test_unicode_broken_sequences_become_replacements(void **state)
{
    static const struct {
        const char *bytes;
        uint32_t characters[4];
    } broken[] = {
        {"\xc3"
         "a",
         {UNICODE_REPLACEMENT, 'a'}},
        {"\x80"
         "b",
         {UNICODE_REPLACEMENT, 'b'}},
        {"\xc0\xaf", {UNICODE_REPLACEMENT, UNICODE_REPLACEMENT}},
        {"\xe0\x80\xaf", {UNICODE_REPLACEMENT}},
        {"\xed\xa0\x80", {UNICODE_REPLACEMENT}},
        {"\xf4\x90\x80\x80", {UNICODE_REPLACEMENT}},
        {"\xe2\xc3\xa9", {UNICODE_REPLACEMENT, 0xe9}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct utf8_decoder decoder = {0};
        uint32_t all[8] = {0}, count = 0;
        for (const char *at = broken[i].bytes; *at != 0; at++) {
            uint32_t characters[2];
            uint32_t found = utf8_decode(&decoder, (uint8_t)*at, characters);
            for (uint32_t k = 0; k < found; k++) {
                all[count++] = characters[k];
            }
        }
        assert_memory_equal(all, broken[i].characters, sizeof broken[i].characters);
    }
}

static void test_unicode_widths(void **state)
{
    (void)state;
    assert_int_equal(character_width('a'), 1);
    assert_int_equal(character_width(0xe9), 1);
    assert_int_equal(character_width(0x301), 0);
    assert_int_equal(character_width(0x4e2d), 2);
    assert_int_equal(character_width(0x2500), 1);
    assert_int_equal(character_width(0x1f600), 2);
    assert_int_equal(character_width(0x10ffff), 1);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_discipline_cases_of_linux_are_the_same),
        TEST(test_discipline_signals_flush_and_tell),
        TEST(test_discipline_stop_and_start_are_not_read),
        TEST(test_discipline_interrupt_starts_output_again),
        TEST(test_discipline_output_goes_on_without_flow_control),
        TEST(test_discipline_wide_character_is_erased_in_two_columns),
        TEST(test_discipline_short_reads_get_one_line_in_pieces),
        TEST(test_discipline_end_of_file_after_a_full_read_is_not_another),
        TEST(test_discipline_full_line_can_still_be_ended),
        TEST(test_discipline_change_to_raw_gives_the_line_as_it_is),
        TEST(test_discipline_change_to_lines_makes_one_of_what_is_there),
        TEST(test_discipline_keys_after_a_restart_are_in_their_places),
        TEST(test_discipline_min_waits_for_so_many),
        TEST(test_discipline_time_without_min_is_a_deadline),
        TEST(test_discipline_time_with_min_runs_between_bytes),
        TEST(test_discipline_neither_min_nor_time_never_waits),
        TEST(test_unicode_decodes_what_it_encodes),
        TEST(test_unicode_broken_sequences_become_replacements),
        TEST(test_unicode_widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
