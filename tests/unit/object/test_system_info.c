/* SPDX-License-Identifier: MIT */
/* What the kernel tells about itself, and its log. */
#include "unit/object/start.h"

#include "mm/inject.h"

#include <string.h>
#include <quay/abi/system_info.h>
#include "sched/thread.h"

static uint64_t make_buffer(struct fake_thread *t)
{
    return t->thread->buffer != NULL ? 1 : MAKE(t, SYS_thread_buffer, 0);
}

static const void *payload(const struct fake_thread *t)
{
    return t->thread->buffer_payload;
}

static void test_system_info_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();
    handle_t weak = with_rights(t, resource(), RIGHTS_BASIC | RIGHT_POWER);

    (void)state;
    make_buffer(t);
    assert_int_equal(fake_call(t, SYS_system_info, weak, SYSTEM_MEMORY, 0), -EACCES);
    assert_int_equal(fake_call(t, SYS_system_info, resource(), 0, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_system_info, resource(), 99, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_system_info, resource(), 1ul << 32 | SYSTEM_MEMORY, 0),
                     -EINVAL);
    assert_int_equal(fake_call(t, SYS_log_read, weak), -EACCES);
    assert_int_equal(fake_call(t, SYS_system_halt, with_rights(t, resource(), RIGHTS_BASIC), 0),
                     -EACCES);
    assert_int_equal(fake_call(t, SYS_system_halt, resource(), 7), -EINVAL);
}

static void test_system_info_needs_a_message_buffer(void **state)
{
    struct fake_thread *t = start();
    struct fake_process process;
    handle_t own;

    (void)state;
    (void)t;
    fake_process_new(job(), &process);
    own = fake_grant(&process, resource(), RIGHTS_SAME);
    fake_process_start(&process);
    assert_int_equal(fake_call(process.main, SYS_system_info, own, SYSTEM_MEMORY, 0), -ENO_BUFFER);
    assert_int_equal(fake_call(process.main, SYS_log_read, own), -ENO_BUFFER);
}

static void test_system_info_memory_adds_up(void **state)
{
    struct fake_thread *t = start();
    const struct system_memory *record;

    (void)state;
    make_buffer(t);
    assert_int_equal(fake_call(t, SYS_system_info, resource(), SYSTEM_MEMORY, 0), 1);
    assert_int_equal(fake_result2(t), 0);
    record = payload(t);
    assert_int_equal(record->total_bytes,
                     record->free_bytes + record->kernel_bytes + record->user_bytes);
    assert_true(record->user_bytes >= MESSAGE_BUFFER_SIZE);
    assert_true(record->free_bytes < record->total_bytes);
}

static void test_system_info_lists_cpus_objects_and_kernel(void **state)
{
    struct fake_thread *t = start_with(3, 0);
    const struct system_cpu *cpus;
    const struct system_object_count *objects;
    const struct system_kernel *kernel;
    int64_t count;

    (void)state;
    make_buffer(t);
    assert_int_equal(fake_call(t, SYS_system_info, resource(), SYSTEM_CPUS, 0), 3);
    cpus = payload(t);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(cpus[i].id, i);
    }
    count = fake_call(t, SYS_system_info, resource(), SYSTEM_OBJECTS, 0);
    assert_int_equal(count, OBJECT_TYPE_COUNT - 1);
    objects = payload(t);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(objects[i].type, i + 1);
        /* A channel's record holds both ends; it counts at the sender. */
        assert_true(objects[i].object_size > 0 || objects[i].type == OBJECT_CHANNEL_RECEIVER);
        if (objects[i].type == OBJECT_PROCESS) {
            assert_int_equal(objects[i].count, 1);
        }
    }
    assert_int_equal(fake_call(t, SYS_system_info, resource(), SYSTEM_KERNEL, 0), 1);
    kernel = payload(t);
    assert_int_equal(kernel->cpu_count, 3);
    assert_int_equal(kernel->debug, 1);
}

static void test_system_info_lists_every_process_once(void **state)
{
    enum {
        COUNT = 40
    };
    struct fake_thread *t = start();
    struct fake_process processes[COUNT];
    uint64_t cursor = 0;
    koid_t last = 0;
    unsigned seen = 0;

    (void)state;
    make_buffer(t);
    for (unsigned i = 0; i < COUNT; i++) {
        fake_process_create(&processes[i]);
    }
    do {
        int64_t count = fake_call(t, SYS_system_info, resource(), SYSTEM_PROCESSES, cursor);
        const struct system_process *records = payload(t);

        assert_true(count > 0);
        cursor = fake_result2(t);
        for (int64_t i = 0; i < count; i++) {
            assert_true(records[i].koid > last);
            assert_int_equal(records[i].thread_count, 1);
            last = records[i].koid;
            seen++;
        }
    } while (cursor != 0);
    assert_int_equal(seen, COUNT + 1);
}

static void test_system_info_lists_every_thread_and_what_it_waits_for(void **state)
{
    enum {
        COUNT = 120
    };
    struct fake_thread *t = start();
    struct fake_process process;
    handle_t event = MAKE(t, SYS_event_create, job()), own;
    koid_t event_koid;
    uint64_t cursor = 0;
    unsigned seen = 0, waiting = 0;

    (void)state;
    make_buffer(t);
    assert_int_equal(fake_call(t, SYS_handle_info, event), OBJECT_EVENT);
    event_koid = fake_result3(t);
    fake_process_new(job(), &process);
    own = fake_grant(&process, event, RIGHTS_SAME);
    fake_process_start(&process);
    for (unsigned i = 0; i < COUNT; i++) {
        struct fake_thread *thread = fake_thread_create(&process, NULL);

        if (i % 4 == 0) {
            assert_int_equal(fake_call(thread, SYS_event_wait, own, 1, 0, DEADLINE_NEVER),
                             FAKE_BLOCKED);
        }
    }
    do {
        int64_t count = fake_call(t, SYS_system_info, resource(), SYSTEM_THREADS, cursor);
        const struct system_thread *records = payload(t);

        assert_true(count > 0);
        cursor = fake_result2(t);
        for (int64_t i = 0; i < count; i++) {
            seen++;
            if (records[i].state == THREAD_STATE_WAIT_OBJECT) {
                assert_int_equal(records[i].waits_for, event_koid);
                waiting++;
            }
        }
    } while (cursor != 0);
    assert_int_equal(seen, COUNT + 2);
    assert_int_equal(waiting, COUNT / 4);
}

static void test_debug_log_takes_short_text_only(void **state)
{
    struct fake_thread *t = start();

    (void)state;
    assert_true(fake_write_bytes(t, FAKE_DATA, "a word from init\n", 18));
    assert_int_equal(fake_call(t, SYS_debug_log, FAKE_DATA, 17), 0);
    assert_non_null(strstr(fake_log(), "a word from init"));
    assert_int_equal(fake_call(t, SYS_debug_log, FAKE_DATA, 513), -EMSGSIZE);
    assert_int_equal(fake_call(t, SYS_debug_log, 0xffff800000000000ul, 5), -EFAULT);
    assert_int_equal(fake_call(t, SYS_debug_log, USER_LIMIT - 2, 5), -EFAULT);
    assert_int_equal(fake_call(t, SYS_debug_log, FAKE_DATA, 0), 0);
}

static void test_log_reader_hears_of_text_and_lets_go_when_it_exits(void **state)
{
    struct fake_thread *t = start();
    struct fake_process driver;
    handle_t own_resource, own_port, port = MAKE(t, SYS_port_create, job(), 2);
    uint64_t words[8];

    (void)state;
    fake_process_new(job(), &driver);
    own_resource = fake_grant(&driver, resource(), RIGHTS_SAME);
    own_port = fake_grant(&driver, port, RIGHTS_SAME);
    fake_process_start(&driver);
    (void)MAKE(driver.main, SYS_thread_buffer, 0);
    assert_int_equal(fake_call(driver.main, SYS_log_bind, own_resource, own_port, 77), 0);
    while (fake_call(driver.main, SYS_log_read, own_resource) > 0) {
    }
    while (fake_reply_receive(driver.main, own_port, 0, DEADLINE_POLL, 0, words) ==
           RECEIVED_NOTICE) {
    }
    assert_int_equal(fake_reply_receive(driver.main, own_port, 0, DEADLINE_NEVER, 0, words),
                     FAKE_BLOCKED);
    assert_true(fake_write_bytes(t, FAKE_DATA, "hello driver\n", 13));
    assert_int_equal(fake_call(t, SYS_debug_log, FAKE_DATA, 13), 0);
    assert_int_equal(fake_wait(driver.main), RECEIVED_NOTICE);
    assert_int_equal(driver.main->registers.rdi, 77);
    assert_int_equal(driver.main->registers.rbx, SIGNAL_READABLE);
    assert_int_equal(fake_call(driver.main, SYS_log_read, own_resource), 15);
    assert_memory_equal(payload(driver.main), "\0010hello driver\n", 15);
    assert_int_equal(fake_call(driver.main, SYS_log_read, own_resource), 0);
    /* Another key fails, and the first one stays. */
    inject_fail_after(1);
    assert_int_equal(fake_call(driver.main, SYS_log_bind, own_resource, own_port, 78), -ENOMEM);
    inject_fail_after(0);
    assert_int_equal(fake_call(t, SYS_debug_log, FAKE_DATA, 13), 0);
    fake_settle();
    assert_int_equal(fake_reply_receive(driver.main, own_port, 0, DEADLINE_POLL, 0, words),
                     RECEIVED_NOTICE);
    assert_int_equal(driver.main->registers.rdi, 77);
    /* Then it does not, and hears of what is there by the new one. */
    assert_int_equal(fake_call(driver.main, SYS_log_bind, own_resource, own_port, 78), 0);
    assert_int_equal(fake_reply_receive(driver.main, own_port, 0, DEADLINE_POLL, 0, words),
                     RECEIVED_NOTICE);
    assert_int_equal(driver.main->registers.rdi, 78);
    assert_int_equal(fake_call(driver.main, SYS_log_read, own_resource), 15);
    assert_int_equal(fake_call(t, SYS_process_kill, driver.process), 0);
    fake_run_for(1000000000);
    assert_int_equal(fake_call(t, SYS_debug_log, FAKE_DATA, 13), 0);
    assert_int_equal(fake_reply_receive(t, port, 0, DEADLINE_POLL, 0, words), -ETIMEDOUT);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_system_info_refuses_what_is_wrong),
    FAKE_TEST(test_system_info_needs_a_message_buffer),
    FAKE_TEST(test_system_info_memory_adds_up),
    FAKE_TEST(test_system_info_lists_cpus_objects_and_kernel),
    FAKE_TEST(test_system_info_lists_every_process_once),
    FAKE_TEST(test_system_info_lists_every_thread_and_what_it_waits_for),
    FAKE_TEST(test_debug_log_takes_short_text_only),
    FAKE_TEST(test_log_reader_hears_of_text_and_lets_go_when_it_exits),
};

FAKE_TEST_MAIN(tests)
