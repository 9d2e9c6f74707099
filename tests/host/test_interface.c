/* SPDX-License-Identifier: MIT */
/* Calls made from text with the description that a server gives of itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <idl/probe.h>
#include <quay/handle.h>
#include <quay/host.h>
#include <quay/interface.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 8

static struct {
    struct qy_server server;
    handle_t session;
    _Alignas(8) uint8_t bytes[QY_INTERFACE_SIZE_MAX];
    uint32_t size;
    struct qy_interface interface;
    struct qy_arguments arguments;
    char text[4096];
    struct qy_probe_shape shapes[4];
} the;

/* --- a server that gives back what it got -------------------------------------------------- */

static int64_t add(struct qy_request *request, uint64_t a, uint64_t b, uint64_t *ret_sum)
{
    (void)request;
    *ret_sum = a + b;
    return a == 1024 ? QY_PROBE_FAILURE_TOO_ODD : 0;
}

static int64_t total(struct qy_request *request, const uint8_t *data, uint32_t data_count,
                     uint64_t *ret_sum)
{
    (void)request;
    *ret_sum = 0;
    for (uint32_t i = 0; i < data_count; i++) {
        *ret_sum += data[i];
    }
    return 0;
}

static int64_t echo(struct qy_request *request, const struct qy_probe_record *record,
                    struct qy_probe_record *ret_record)
{
    (void)request;
    *ret_record = *record;
    return 0;
}

static int64_t greet(struct qy_request *request, const char *name, qy_probe_color_t color,
                     char *ret_text)
{
    (void)request;
    (void)snprintf(ret_text, 41, "%s/%u", name, color); /* it fits */
    return 0;
}

static int64_t configure(struct qy_request *request, const struct qy_probe_settings *settings,
                         const uint32_t *limit, qy_probe_mode_t mode,
                         struct qy_probe_settings *ret_settings)
{
    (void)request;
    *ret_settings = *settings;
    if (limit != NULL) {
        ret_settings->has_depth = true;
        ret_settings->depth = *limit + mode;
    }
    return 0;
}

static int64_t draw(struct qy_request *request, const struct qy_probe_shape *shape,
                    const struct qy_probe_value *value, const struct qy_probe_point *corners,
                    uint32_t corners_count, bool flag, struct qy_probe_shape *ret_shapes,
                    uint32_t *ret_shapes_count)
{
    (void)request;
    ret_shapes[0] = *shape;
    ret_shapes[1] = (struct qy_probe_shape){.tag = QY_PROBE_SHAPE_LENGTH,
                                            .as.length = flag ? value->as.number : 0};
    ret_shapes[2] =
        (struct qy_probe_shape){.tag = QY_PROBE_SHAPE_DOT, .as.dot = corners[corners_count - 1]};
    *ret_shapes_count = 3;
    return 0;
}

static void note(struct qy_request *request, uint32_t number)
{
    (void)request;
    assert_int_equal(number, 3);
}

static int64_t colors(struct qy_request *request, const qy_probe_color_t *list, uint32_t list_count,
                      const uint8_t six[6], uint8_t ret_six[6], qy_probe_mood_t *ret_mood)
{
    (void)request;
    (void)list;
    memcpy(ret_six, six, 6);
    *ret_mood = (qy_probe_mood_t)list_count;
    return 0;
}

static int64_t copy(struct qy_request *request, const struct qy_lease *source, uint64_t offset,
                    const struct qy_lease *target, uint64_t *ret_size)
{
    (void)request;
    char bytes[64];
    *ret_size = source->size - offset;
    assert_int_equal(qy_lease_get(source, offset, bytes, *ret_size), 0);
    return qy_lease_put(target, 0, bytes, *ret_size) == 0 ? 0 : QY_PROBE_FAILURE_TOO_ODD;
}

static int setup(void **unused)
{
    static const struct qy_probe_handlers handlers = {
        .add = add,
        .total = total,
        .echo = echo,
        .greet = greet,
        .configure = configure,
        .draw = draw,
        .note = note,
        .colors = colors,
        .copy = copy,
    };
    (void)unused;
    qy_host_reset();
    the.server = (struct qy_server){.dispatch = qy_probe_dispatch, .handlers = &handlers};
    the.session = qy_host_session(&the.server, 1);
    int64_t size = qy_interface_get(the.session, the.bytes, sizeof the.bytes, DEADLINE_NEVER);
    assert_true(size > 0);
    the.size = (uint32_t)size;
    assert_true(qy_interface_open(&the.interface, the.bytes, the.size));
    return 0;
}

/* Splits at spaces, calls, and returns what would be printed. */
static const char *call(const char *line)
{
    char copy_of_line[512], *words[WORDS_MAX], *state;
    int count = 0;
    struct qy_text text = {.text = the.text, .size = sizeof the.text};
    (void)snprintf(copy_of_line, sizeof copy_of_line, "%s", line); /* it fits */
    for (char *word = strtok_r(copy_of_line, " ", &state); word != NULL;
         word = strtok_r(NULL, " ", &state)) {
        words[count++] = word;
    }
    const struct qy_described_method *method = qy_interface_method(&the.interface, words[0]);
    assert_non_null(method);
    the.text[0] = 0;
    if (qy_arguments_parse(&the.interface, method, count - 1, words + 1, &the.arguments, &text)) {
        (void)qy_interface_call(&the.interface, method, the.session, &the.arguments, &text,
                                DEADLINE_NEVER);
    }
    return the.text;
}

#define RECORD(inside) "{id=7,points=[{x=1,y=-2},{x=3,y=4}]," inside "}"

static void test_calls_print_what_came_back(void **unused)
{
    (void)unused;
    static const char *const cases[][2] = {
        {"add 2 0x10", "sum = 18\n"},
        {"add a=2 b=3", "sum = 5\n"},
        {"add 1024 1", "it says: too_odd\n"},
        {"total [1,2,3]", "sum = 6\n"},
        {"total []", "sum = 0\n"},
        {"total abc", "sum = 294\n"},
        {"total \"a\\x01\\n\"", "sum = 108\n"},
        {"greet Ada,[}= green", "text = \"Ada,[}=/2\"\n"},
        {"greet \"\" red", "text = \"/1\"\n"},
        {"configure {depth=3,origin={1,2},color=red} none 0",
         "settings = {depth=3,origin={x=1,y=2},color=red}\n"},
        {"configure {} 5 read|write", "settings = {depth=8}\n"},
        {"configure {} none read", "settings = {}\n"},
        {"draw color:green number:9 [{1,2},{-3,4}] true",
         "shapes = [color:green,length:9,dot:{x=-3,y=4}]\n"},
        {"draw dot:{5,6} number:9 [{1,2}] false",
         "shapes = [dot:{x=5,y=6},length:0,dot:{x=1,y=2}]\n"},
        {"note 3", ""},
        {"colors [red,green] [0,1,2,3,4,255]", "six = [0,1,2,3,4,255]\nmood = 2\n"},
        {"colors [red] [104,105,33,33,33,10]", "six = \"hi!!!\\n\"\nmood = good\n"},
        {"copy hello 1 4", "size = 4\ntarget = \"ello\"\n"},
        {"slow", "the server has no such method (ENO_METHOD)\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(call(cases[i][0]), cases[i][1]);
    }
}

static void test_what_is_printed_can_be_given(void **unused)
{
    (void)unused;
    static const char *const records[] = {
        RECORD("color=red,active=true,mode=read|execute,name=\"a,\\\"b\",scores=[1,65535],rank=9"),
        RECORD("color=green,active=false,mode=0,name=\"\",scores=[],rank=none"),
    };
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        char line[300], wanted[300];
        (void)snprintf(line, sizeof line, "echo %s", records[i]);           /* it fits */
        (void)snprintf(wanted, sizeof wanted, "record = %s\n", records[i]); /* it fits */
        assert_string_equal(call(line), wanted);
    }
}

static void test_what_is_wrong_is_said(void **unused)
{
    (void)unused;
    static const char *const cases[][2] = {
        {"add 1", "takes 2 arguments, not 1"},
        {"note 1 2", "takes 1 argument, not 2"},
        {"add 1 x", "b: \"x\" is not of type u64"},
        {"add 1 -1", "b: \"-1\" is not of type u64"},
        {"add 1 18446744073709551616", "b: \"18446744073709551616\" is not of type u64"},
        {"note 4294967296", "number: \"4294967296\" is not of type u32"},
        {"greet Ada blue", "color: \"blue\" is not of type color"},
        {"greet abcdefghijklmnopqrstuvwxyz red", "name: longer than 20 bytes"},
        {"greet \"Ada red", "name: a closing \" is missing"},
        {"total [1,2", "data: a closing ] is missing"},
        {"total [1,256]", "data: \"256]\" is not of type u8"},
        {"configure {shape=1} none 0", "settings: \"shape=1}\" is not a member of settings"},
        {"configure {color=red,depth=1} none 0",
         "settings: \"1}\" is not in the order of settings"},
        {"configure {} none fly", "mode: \"fly\" is not of type mode"},
        {"draw dot:{1} number:1 [] true", "shape: \"}\" is not a field y"},
        {"draw circle:1 number:1 [] true", "shape: \"circle:1\" is not a member of shape"},
        {"draw length:1 number:1 [] yes", "flag: \"yes\" is not of type bool"},
        {"colors [] [1,2]", "six: enough for array<u8, 6> is missing"},
        {"give 1 true none", "event: a handle cannot be given as text"},
        {"copy x 0 4097",
         "target: \"4097\" is not a number of bytes to lend for writing, at most 4096"},
        {"note 3,4", "number: \",4\" is not the end"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(call(cases[i][0]), cases[i][1]);
    }
}

static void test_methods_are_shown_as_they_are_written(void **unused)
{
    (void)unused;
    static const char *const cases[][2] = {
        {"add", "add(a: u64, b: u64) -> (sum: u64)"},
        {"copy", "copy(source: lease in, offset: u64, target: lease out) -> (size: u64)"},
        {"changed", "event changed(what: u32)"},
        {"greet", "greet(name: string<20>, color: color) -> (text: string<40>)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct qy_text text = {.text = the.text, .size = sizeof the.text};
        qy_method_print(&the.interface, qy_interface_method(&the.interface, cases[i][0]), "",
                        &text);
        assert_string_equal(the.text, cases[i][1]);
    }
    struct qy_text text = {.text = the.text, .size = sizeof the.text};
    qy_method_print(&the.interface, qy_interface_method(&the.interface, "changed"), "it", &text);
    assert_string_equal(the.text, "event it.changed(what: u32)");
    const struct qy_described_method *method = qy_interface_method(&the.interface, "later");
    assert_string_equal(qy_interface_text(&the.interface, method->doc),
                        "Answered when its port is notified.");
    assert_null(qy_interface_method(&the.interface, "old"));
}

static void test_description_is_given_in_parts(void **unused)
{
    (void)unused;
    struct qy_message message;
    uint32_t offset = the.size - 4;
    qy_message_set(&message, QY_METHOD_DESCRIBE, &offset, sizeof offset);
    assert_int_equal(qy_message_call(the.session, &message, DEADLINE_NEVER), 0);
    assert_int_equal(IPC_HEADER_LENGTH(message.header), 4);
    assert_memory_equal(message.words, the.bytes + offset, 4);
    offset = the.size + 1;
    qy_message_set(&message, QY_METHOD_DESCRIBE, &offset, sizeof offset);
    assert_int_equal(qy_message_call(the.session, &message, DEADLINE_NEVER), -EBAD_MESSAGE);
    assert_int_equal(qy_interface_get(the.session, the.bytes, 64, DEADLINE_NEVER), -EBAD_MESSAGE);
}

/* Whatever a server sends, it is refused, or nothing beyond its bytes is touched (the sanitizers
 * look). */
static void test_damaged_description_does_no_harm(void **unused)
{
    (void)unused;
    static const char *const lines[] = {"1 2",
                                        RECORD("color=red,active=true,mode=0,name=a,"
                                               "scores=[1],rank=9"),
                                        "{depth=3,origin={1,2}} none 0", "[1,2,3] x y z"};
    uint8_t payload[IPC_PAYLOAD_MAX];
    memset(payload, 1, sizeof payload);
    srand(1);
    uint32_t opened = 0;
    for (uint32_t i = 0; i < 200000; i++) {
        uint8_t *damaged = aligned_alloc(8, (the.size + 7) & ~7u);
        memcpy(damaged, the.bytes, the.size);
        for (int changes = rand() % 3; changes >= 0; changes--) {
            uint32_t at = 8 + (uint32_t)rand() % (the.size - 8);
            damaged[at] = (uint8_t)(rand() % 2 == 0 ? rand() : damaged[at] + rand() % 3 - 1);
        }
        struct qy_interface interface;
        if (qy_interface_open(&interface, damaged, the.size) && interface.head->method_count > 0) {
            opened++;
            const struct qy_described_method *method =
                &interface.methods[(uint32_t)rand() % interface.head->method_count];
            char line[200], *words[WORDS_MAX], *state;
            int count = 0;
            (void)snprintf(line, sizeof line, "%s", lines[rand() % 4]); /* it fits */
            for (char *word = strtok_r(line, " ", &state); word != NULL;
                 word = strtok_r(NULL, " ", &state)) {
                words[count++] = word;
            }
            struct qy_text text = {.text = the.text, .size = sizeof the.text};
            (void)qy_arguments_parse(&interface, method, count, words, &the.arguments, &text);
            text.length = 0;
            qy_method_print(&interface, method, "x", &text);
            (void)qy_results_print(&interface, method, true, payload, (uint32_t)rand() % 200,
                                   &text);
            (void)qy_results_print(&interface, method, false, payload, (uint32_t)rand() % 200,
                                   &text);
        }
        free(damaged);
    }
    assert_true(opened > 1000);
}

static void test_messages_are_told_by_the_description_of_a_server(void **state)
{
    (void)state;
    struct qy_interface interface;
    char told[100] = "";
    struct qy_text text = {.text = told, .size = sizeof told};
    uint64_t sum = 5;
    uint32_t at = 0, size = qy_probe_description->size;
    assert_true(qy_interface_next(&interface, qy_probe_description, size, &at));
    assert_in_range(at, size, size + 7);
    assert_false(qy_interface_next(&interface, qy_probe_description, size, &at));
    assert_true(qy_message_print(&interface, QY_REPLY, QY_PROBE_METHOD_ADD, 0, &sum, 8, &text));
    assert_string_equal(told, "probe.add -> (sum = 5)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_calls_print_what_came_back, setup),
        cmocka_unit_test_setup(test_what_is_printed_can_be_given, setup),
        cmocka_unit_test_setup(test_what_is_wrong_is_said, setup),
        cmocka_unit_test_setup(test_methods_are_shown_as_they_are_written, setup),
        cmocka_unit_test_setup(test_description_is_given_in_parts, setup),
        cmocka_unit_test_setup(test_damaged_description_does_no_harm, setup),
        cmocka_unit_test_setup(test_messages_are_told_by_the_description_of_a_server, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
