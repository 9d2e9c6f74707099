/* SPDX-License-Identifier: MIT */
/* Starts one program on the POSIX layer without any server, and tells how it ended. */
#include <quay/archive.h>
#include <quay/bootstrap.h>
#include <quay/elf.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process.h>
#include <quay/process_start.h>
#include <quay/system.h>
#include <quay/text.h>
#include <quay/thread.h>

static const void *archive;

static int fail(const char *what, int64_t status)
{
    qy_printf("%s: %s\n", what, qy_error_text(status));
    return 1;
}

static int archive_open(void)
{
    const size_t size = qy_bootstrap_value(BOOTSTRAP_ARCHIVE, NULL);
    void *view;
    int error = qy_memory_map(qy_bootstrap_handle(BOOTSTRAP_ARCHIVE, NULL), 0,
                              (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1), MAP_READ, &view);

    archive = view;
    return error == 0 ? qy_archive_check(archive, size, NULL) : error;
}

static int64_t pages(handle_t aspace, uint64_t address, uint64_t size, uint32_t flags,
                     const void *bytes, uint64_t offset, uint64_t length)
{
    const int64_t memory = qy_memory_create(qy_self_job(), size, 0);
    void *view;

    if (memory < 0 || qy_memory_map((handle_t)memory, 0, size, MAP_READ | MAP_WRITE, &view) != 0) {
        return -ENOMEM;
    }
    memcpy((uint8_t *)view + offset, bytes, length);
    return qy_aspace_map(aspace, (handle_t)memory, 0, address, size, flags | MAP_FIXED);
}

static int64_t image_map(handle_t aspace, const uint8_t *file, const struct qy_elf *elf)
{
    int64_t status = 0;

    for (uint32_t i = 0; status >= 0 && i < elf->segment_count; i++) {
        const struct qy_elf_segment *segment = &elf->segments[i];
        const uint64_t start = segment->address & ~(PAGE_SIZE - 1);
        const uint64_t end =
            (segment->address + segment->size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

        status = pages(aspace, start, end - start, segment->map_flags, file + segment->file_offset,
                       segment->address - start, segment->file_bytes);
    }
    return status;
}

static size_t start_block(uint8_t *block)
{
    static const char strings[] = "/bin/hello\0hello\0two words\0HOME=/root";
    struct process_start *start = (void *)block;

    *start = (struct process_start){.magic = PROCESS_START_MAGIC,
                                    .size_bytes = sizeof *start + sizeof strings,
                                    .argument_count = 2,
                                    .environment_count = 1};
    for (uint32_t i = 0; i < PROCESS_HANDLES_MAX; i++) {
        start->files[i].number = PROCESS_FILE_NONE;
    }
    memcpy(start + 1, strings, sizeof strings);
    return start->size_bytes;
}

static int64_t program_memory(const struct archive_entry *program)
{
    const uint64_t size = (program->size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    const int64_t memory = qy_memory_create(qy_self_job(), size, 0);
    void *view;

    if (memory > 0 && qy_memory_map((handle_t)memory, 0, size, MAP_READ | MAP_WRITE, &view) == 0) {
        memcpy(view, (const uint8_t *)archive + program->offset_bytes, program->size_bytes);
    }
    return memory;
}

/* What proc does. */
static int64_t start(handle_t process, handle_t aspace, const struct archive_entry *layer,
                     const struct archive_entry *program)
{
    static uint8_t block[2 * PAGE_SIZE];
    struct process_page *page = (void *)block;
    const uint8_t *file = (const uint8_t *)archive + layer->offset_bytes;
    const int64_t thread = qy_sys_thread_create(process);
    const uint8_t nothing = 0;
    const char *reason = "";
    struct qy_elf elf;
    int64_t status = qy_elf_parse(file, layer->size_bytes, &elf, &reason);

    if (status != 0) {
        qy_printf("%s\n", reason);
        return status;
    }
    status = image_map(aspace, file, &elf);
    if (status >= 0) {
        status = pages(aspace, PROCESS_STACK - PROCESS_STACK_BYTES, PROCESS_STACK_BYTES,
                       MAP_READ | MAP_WRITE, &nothing, 0, 1);
    }
    memset(block, 0, sizeof block);
    page->magic = PROCESS_PAGE_MAGIC;
    page->pid = 2;
    memcpy(page->name, "hello", 6);
    page->process = (handle_t)qy_handle_grant(process, process, RIGHTS_SAME, HANDLE_COPY);
    page->aspace = (handle_t)qy_handle_grant(process, aspace, RIGHTS_SAME, HANDLE_COPY);
    page->job = (handle_t)qy_handle_grant(process, qy_self_job(), RIGHTS_SAME, HANDLE_COPY);
    page->thread = (handle_t)qy_handle_grant(process, (handle_t)thread, RIGHTS_SAME, HANDLE_COPY);
    page->handles[0] = (handle_t)qy_handle_grant(process, (handle_t)program_memory(program),
                                                 RIGHTS_SAME, HANDLE_MOVE);
    page->start_bytes = (uint32_t)start_block(block + PAGE_SIZE);
    if (status >= 0) {
        status =
            pages(aspace, PROCESS_PAGE, sizeof block, MAP_READ | MAP_WRITE, block, 0, sizeof block);
    }
    return status < 0 ? status
                      : qy_thread_start((handle_t)thread, elf.entry, PROCESS_STACK, PROCESS_PAGE);
}

static int run(const char *name)
{
    const struct archive_entry *layer = qy_archive_find(archive, "lib/posix");
    const struct archive_entry *program = qy_archive_find(archive, name);
    struct qy_result made;
    int64_t status;

    if (layer == NULL || program == NULL) {
        return fail(name, -ENOENT);
    }
    made = qy_process_create(qy_self_job(), "hello", 5);
    status =
        made.status < 0 ? made.status : start((handle_t)made.status, made.second, layer, program);
    if (status < 0) {
        return fail(name, status);
    }
    (void)qy_object_wait((handle_t)made.status, SIGNAL_EXITED, DEADLINE_NEVER);
    qy_printf("%s ended with %lu\n", name, qy_process_info((handle_t)made.status).second);
    return 0;
}

int main(int argument_count, char **arguments)
{
    int64_t status = archive_open();

    (void)argument_count;
    (void)arguments;
    if (status != 0) {
        return fail("archive", status);
    }
    return run("bin/hello") + run("bin/native") + run("bin/bad");
}
