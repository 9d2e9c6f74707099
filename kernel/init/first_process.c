/* SPDX-License-Identifier: MIT */
#include "init/first_process.h"

#include <quay/abi/archive.h>
#include <quay/abi/bootstrap.h>
#include <quay/abi/memory.h>
#include <quay/abi/syscalls.h>
#include "arch/boot_info.h"
#include "arch/time.h"
#include "core/log.h"
#include "core/panic.h"
#include "init/archive.h"
#include "init/elf.h"
#include "lib/checked.h"
#include "lib/string.h"
#include "object/process.h"
#include "object/resource.h"
#include "vm/aspace.h"
#include "vm/memory.h"

#define STACK_SIZE (64ul * 1024)
#define STACK_TOP  0x00007ffffff00000ul
#define RSDP_SIZE  36 /* ACPI 6.4, 5.2.5.3 */

static void check(int error, const char *what)
{
    if (error != 0) {
        panic("cannot start init: %s: error %d", what, -error);
    }
}

/* Writes into memory whose user does not run yet. */
static void memory_fill(struct memory *memory, uint64_t offset, const void *data, uint64_t size)
{
    const char *from = data;

    while (size > 0) {
        uint64_t in_page = offset % PAGE_SIZE;
        uint64_t count = min_u64(PAGE_SIZE - in_page, size);
        struct paddr page;

        check(memory_page(memory, offset / PAGE_SIZE, &page), "page");
        memcpy((char *)arch_direct_map(page) + in_page, from, count);
        from += count;
        offset += count;
        size -= count;
    }
}

/* New memory, mapped: at `address`, or anywhere if that is 0. */
static struct memory *map_new(struct process *process, uint64_t address, uint64_t size,
                              uint32_t flags, uint64_t *ret_address)
{
    struct memory *memory;

    check(memory_create(&process->job->account, size, &memory), "memory");
    check(aspace_map(process->aspace, memory, 0, address, size,
                     flags | (address == 0 ? 0 : MAP_FIXED), flags, ret_address),
          "map");
    object_unref(&memory->object); /* the mapping keeps it */
    return memory;
}

static void load(struct process *process, const void *file, const struct elf_image *image)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        uint64_t address;
        struct memory *memory =
            map_new(process, segment->address, segment->size_bytes, segment->flags, &address);

        memory_fill(memory, segment->data_offset, (const char *)file + segment->file_offset,
                    segment->file_size);
    }
}

/* The block that init finds, as it is put together. */
struct block {
    struct process *process;
    struct bootstrap header;
    struct bootstrap_handle handles[8];
};

/* Takes the caller's reference. */
static void give(struct block *block, uint32_t kind, struct object *object, rights_t rights,
                 uint64_t value)
{
    struct handle_entry *entry;

    assert(block->header.handle_count < ARRAY_SIZE(block->handles));
    check(handle_reserve(&block->process->table, &entry), "handle");
    block->handles[block->header.handle_count++] = (struct bootstrap_handle){
        .handle = handle_install(entry, object, rights),
        .value = value,
        .kind = kind,
    };
}

static void give_memory(struct block *block, const struct boot_info *info)
{
    struct account *account = &block->process->job->account;
    struct memory *memory;

    check(memory_create_from_frames(account, info->archive,
                                    round_up_u64(info->archive_size_bytes, PAGE_SIZE), &memory),
          "archive");
    give(block, BOOTSTRAP_ARCHIVE, &memory->object, RIGHTS_BASIC | RIGHT_READ | RIGHT_EXEC,
         info->archive_size_bytes);
    if (info->acpi_rsdp.value != 0) {
        check(memory_create(account, PAGE_SIZE, &memory), "ACPI");
        memory_fill(memory, 0, arch_direct_map(info->acpi_rsdp), RSDP_SIZE);
        give(block, BOOTSTRAP_ACPI, &memory->object, RIGHTS_BASIC | RIGHT_READ, RSDP_SIZE);
    }
    if (info->framebuffer.value % PAGE_SIZE == 0 && /* without a screen its size is 0 */
        memory_create_physical(
            account, info->framebuffer,
            round_up_u64((uint64_t)info->framebuffer_pitch * info->framebuffer_height, PAGE_SIZE),
            &memory) == 0) {
        give(block, BOOTSTRAP_FRAMEBUFFER, &memory->object, RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE,
             BOOTSTRAP_FRAMEBUFFER_MODE(info->framebuffer_width, info->framebuffer_height,
                                        info->framebuffer_pitch, info->framebuffer_bpp));
    }
}

/* "init" and the kernel's command line are its two arguments. */
static uint64_t block_map(struct block *block, const struct boot_info *info)
{
    struct bootstrap *header = &block->header;
    uint64_t handles_size = header->handle_count * sizeof(struct bootstrap_handle);
    uint64_t line_size = strlen(info->command_line) + 1;
    struct memory *memory;
    uint64_t address;

    header->magic = BOOTSTRAP_MAGIC;
    header->abi_version = ABI_VERSION;
    header->size_bytes = PAGE_SIZE;
    header->argument_count = 2;
    header->strings_offset = (uint32_t)(sizeof(*header) + handles_size);
    header->strings_size = (uint32_t)(sizeof("init") + line_size);
    header->tsc_hz = arch_time_tsc_hz();
    memory = map_new(block->process, 0, PAGE_SIZE, MAP_READ, &address);
    memory_fill(memory, 0, header, sizeof(*header));
    memory_fill(memory, sizeof(*header), block->handles, handles_size);
    memory_fill(memory, header->strings_offset, "init", sizeof("init"));
    memory_fill(memory, header->strings_offset + sizeof("init"), info->command_line, line_size);
    return address;
}

void first_process_start(const struct boot_info *info)
{
    const char *archive = arch_direct_map(info->archive);
    const struct archive_entry *file = archive_find(archive, "init");
    struct job *job = job_create_root();
    struct block block = {0};
    struct elf_image image;
    struct thread *thread;
    uint64_t stack;
    const char *error;

    if (file == NULL) {
        panic("cannot start init: the boot archive has no file of that name");
    }
    error = elf_parse(archive + file->offset_bytes, file->size_bytes, &image);
    if (error != NULL) {
        panic("cannot start init: %s", error);
    }
    check(process_create(job, "init", 4, &block.process), "process");
    check(thread_create(block.process, &thread), "thread");
    block.process->is_init = true;
    load(block.process, archive + file->offset_bytes, &image);
    (void)map_new(block.process, STACK_TOP - STACK_SIZE, STACK_SIZE, MAP_READ | MAP_WRITE,
                  &stack); /* nothing to fill in */

    object_ref(&block.process->object);
    object_ref(&block.process->aspace->object);
    object_ref(&thread->object);
    object_ref(resource_root());
    give(&block, BOOTSTRAP_PROCESS, &block.process->object, RIGHTS_PROCESS, 0);
    give(&block, BOOTSTRAP_THREAD, &thread->object, RIGHTS_THREAD, 0);
    give(&block, BOOTSTRAP_ASPACE, &block.process->aspace->object, RIGHTS_ASPACE, 0);
    give(&block, BOOTSTRAP_JOB, &job->object, RIGHTS_JOB, 0);
    give(&block, BOOTSTRAP_RESOURCE, resource_root(), RIGHTS_RESOURCE, 0);
    give_memory(&block, info);

    /* psABI: at the entry of a function rsp is 8 below a multiple of 16; _start is entered with a
     * multiple of 16, as at a process's start. */
    check(thread_start(thread, image.entry, STACK_TOP, block_map(&block, info)), "start");
    log_info("init: started, %u KiB", (unsigned)(file->size_bytes / 1024));
}
