/* SPDX-License-Identifier: MIT */
/* The compiled manifest, as init and the name service read it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <quay/archive.h>
#include <quay/manifest.h>
#include <quay/text.h>

#define COUNT 3

static struct {
    struct qy_manifest_head head;
    struct qy_manifest_entry entries[COUNT];
} file;

/* Zeros behind it, as the form wants. */
static void name_set(char name[16], const char *text)
{
    memset(name, 0, 16);
    (void)qy_strlcpy(name, text, 16);
}

static void seal(void)
{
    file.head.checksum = qy_crc32(0, file.entries, sizeof file.entries);
}

/* Three servers; the second needs the first, the third holds a device and a session. */
static int setup(void **state)
{
    static const char *const names[COUNT] = {"names", "vfs", "driver"};
    (void)state;
    memset(&file, 0, sizeof file);
    file.head = (struct qy_manifest_head){.magic = QY_MANIFEST_MAGIC,
                                          .version = QY_MANIFEST_VERSION,
                                          .entry_bytes = sizeof file.entries[0],
                                          .entry_count = COUNT};
    for (uint32_t i = 0; i < COUNT; i++) {
        struct qy_manifest_entry *entry = &file.entries[i];
        (void)qy_strlcpy(entry->name, names[i], sizeof entry->name);
        (void)qy_strlcpy(entry->program, names[i], sizeof entry->program);
        (void)qy_strlcpy(entry->serves[0].name, names[i], sizeof entry->serves[0].name);
        entry->serves_count = 1;
        entry->tokens = 32;
    }
    file.entries[1].after = 1;
    (void)qy_strlcpy(file.entries[1].needs[0].name, "names", 16);
    file.entries[1].needs_count = 1;
    file.entries[2].grants[0] =
        (struct qy_manifest_grant){.kind = QY_MANIFEST_GRANT_KIND_IO, .value = 0x3f8, .count = 8};
    file.entries[2].grants[1] =
        (struct qy_manifest_grant){.kind = QY_MANIFEST_GRANT_KIND_SESSION, .entry = 1};
    (void)qy_strlcpy(file.entries[2].grants[1].name, "vfs", 16);
    file.entries[2].grants_count = 2;
    seal();
    return 0;
}

static struct qy_manifest manifest;

static const char *read(size_t size)
{
    const char *reason = "";
    int status = qy_manifest_read(&file, size, &manifest, &reason);
    assert_int_equal(status, reason[0] == 0 ? 0 : -EINVAL);
    return reason;
}

static void test_sound_manifest_is_read(void **state)
{
    (void)state;
    assert_string_equal(read(sizeof file), "");
    assert_int_equal(manifest.count, COUNT);
    assert_int_equal(qy_manifest_find(&manifest, "vfs"), 1);
    assert_int_equal(qy_manifest_find(&manifest, "none"), -ENOENT);
    assert_int_equal(qy_manifest_find_served(&manifest, "driver"), 2);
    assert_true(qy_manifest_may_connect(&manifest.entries[1], "names"));
    assert_false(qy_manifest_may_connect(&manifest.entries[1], "driver"));
    assert_true(qy_manifest_may_bind(&manifest.entries[1], "vfs"));
    assert_false(qy_manifest_may_bind(&manifest.entries[1], "names"));
}

static void test_star_stands_for_every_name(void **state)
{
    (void)state;
    name_set(file.entries[1].needs[0].name, "*");
    seal();
    assert_string_equal(read(sizeof file), "");
    assert_true(qy_manifest_may_connect(&manifest.entries[1], "anything"));
    assert_false(qy_manifest_may_bind(&manifest.entries[1], "anything"));
}

static void test_short_or_foreign_file_is_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof file; size += 97) {
        assert_string_not_equal(read(size), "");
    }
    file.head.version++;
    assert_string_equal(read(sizeof file), "it is none, or of another version");
    setup(NULL);
    file.head.entry_bytes--;
    assert_string_equal(read(sizeof file), "it is none, or of another version");
    setup(NULL);
    file.head.entry_count = UINT32_MAX;
    assert_string_equal(read(sizeof file), "it is shorter than its entries");
    setup(NULL);
    file.entries[1].kept_bytes++;
    assert_string_equal(read(sizeof file), "its checksum is wrong");
}

static void refused(const char *reason)
{
    seal();
    assert_string_equal(read(sizeof file), reason);
    (void)setup(NULL);
}

static void test_everything_in_an_entry_is_checked(void **state)
{
    struct qy_manifest_entry *entry = &file.entries[2];
    (void)state;
    memset(entry->name, 'x', sizeof entry->name);
    refused("an entry is not what its interface says");
    entry->name[0] = 0;
    refused("an entry is not what its interface says");
    entry->restart = 17;
    refused("an entry is not what its interface says");
    entry->serves_count = 9;
    refused("an entry counts more than it has");
    entry->needs_count = UINT32_MAX;
    refused("an entry counts more than it has");
    entry->argument_count = 3000;
    refused("an entry counts more than it has");
    entry->grants[0].count = 65537;
    refused("an entry is granted what there is not");
    entry->grants[0].value = 65536;
    refused("an entry is granted what there is not");
    entry->grants[1].entry = COUNT;
    refused("an entry is granted what there is not");
    entry->grants[1].kind = QY_MANIFEST_GRANT_KIND_NOTHING;
    refused("an entry is granted what there is not");
    entry->after = 1u << 2; /* itself */
    refused("an entry is to be started after one that comes later");
    entry->delay_min_ns = 2;
    refused("an entry has times out of range");
    entry->window_ns = UINT64_MAX;
    refused("an entry has times out of range");
    entry->tokens = 0;
    refused("an entry has a port of no size");
    name_set(entry->name, "vfs");
    refused("a name is there twice");
    name_set(entry->serves[0].name, "vfs");
    refused("a name is there twice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sound_manifest_is_read, setup),
        cmocka_unit_test_setup(test_star_stands_for_every_name, setup),
        cmocka_unit_test_setup(test_short_or_foreign_file_is_refused, setup),
        cmocka_unit_test_setup(test_everything_in_an_entry_is_checked, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
