/* SPDX-License-Identifier: MIT */
/*
 * Starting the fake machine: memory, CPUs, a boot archive with a program of two segments as init.
 * The program's code is never executed; tests play it.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <quay/abi/archive.h>
#include <quay/abi/bootstrap.h>
#include "arch/boot_info.h"
#include "fake_host.h"
#include "machine.h"

#define ARCHIVE_SIZE   (3 * PAGE_SIZE) /* header, ELF header, code */
#define MEMORY_DEFAULT (16ul << 20)

static uint32_t crc32_of(const uint8_t *data, size_t size)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        }
    }
    return ~crc;
}

static void make_program(uint8_t *file)
{
    Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = FAKE_CODE,
        .e_phoff = sizeof(header),
        .e_ehsize = sizeof(header),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 2,
    };
    Elf64_Phdr segments[2] = {
        {
            .p_type = PT_LOAD,
            .p_flags = PF_R | PF_X,
            .p_offset = PAGE_SIZE,
            .p_vaddr = FAKE_CODE,
            .p_paddr = FAKE_CODE,
            .p_filesz = PAGE_SIZE,
            .p_memsz = PAGE_SIZE,
            .p_align = PAGE_SIZE,
        },
        {
            .p_type = PT_LOAD,
            .p_flags = PF_R | PF_W,
            .p_offset = 2 * PAGE_SIZE,
            .p_vaddr = FAKE_DATA,
            .p_paddr = FAKE_DATA,
            .p_filesz = 0,
            .p_memsz = FAKE_DATA_SIZE,
            .p_align = PAGE_SIZE,
        },
    };

    memcpy(file, &header, sizeof(header));
    memcpy(file + sizeof(header), segments, sizeof(segments));
    memset(file + PAGE_SIZE, 0xcc, PAGE_SIZE);
}

static void make_archive(uint8_t *memory)
{
    struct archive_header header = {
        .magic = ARCHIVE_MAGIC,
        .size_bytes = ARCHIVE_SIZE,
        .entry_count = 1,
    };
    struct archive_entry entry = {
        .name = "init",
        .offset_bytes = PAGE_SIZE,
        .size_bytes = 2 * PAGE_SIZE,
    };

    memset(memory, 0, ARCHIVE_SIZE);
    memcpy(memory, &header, sizeof(header));
    memcpy(memory + sizeof(header), &entry, sizeof(entry));
    header.crc32 = crc32_of(memory, sizeof(header) + sizeof(entry));
    memcpy(memory, &header, sizeof(header));
    make_program(memory + PAGE_SIZE);
}

const struct boot_info *fake_boot_info(void)
{
    static struct boot_info info;
    uint64_t archive = fake_machine.memory_bytes - ARCHIVE_SIZE;

    info = (struct boot_info){
        .loader = {"fake machine"},
        .range_count = 1,
        .ranges = {{paddr_of(FAKE_RAM_START), archive - FAKE_RAM_START, BOOT_RANGE_RAM}},
        .archive = paddr_of(archive),
        .archive_size_bytes = ARCHIVE_SIZE,
    };
    if (fake_machine.config.command_line != NULL) {
        strncpy(info.command_line, fake_machine.config.command_line, sizeof(info.command_line) - 1);
    }
    make_archive((uint8_t *)FAKE_PHYSICAL_BASE + archive);
    return &info;
}

static void make_machine(const struct fake_config *config)
{
    if (config != NULL) {
        fake_machine.config = *config;
    }
    fake_machine.cpu_count = fake_machine.config.cpus != 0 ? fake_machine.config.cpus : 1;
    fake_machine.memory_bytes =
        fake_machine.config.memory_bytes != 0 ? fake_machine.config.memory_bytes : MEMORY_DEFAULT;
    if (fake_machine.config.seed == 0) {
        fake_machine.config.seed = 1;
    }
    fake_machine.random_state = fake_machine.config.seed * 0x2545f4914f6cdd1dul;
    fake_machine.now = 1000000;
    fake_host_map((void *)FAKE_PHYSICAL_BASE, fake_machine.memory_bytes);
    fake_machine.frame_used = fake_host_map(NULL, fake_machine.memory_bytes >> PAGE_SHIFT);
    fake_machine.frame_tlb = fake_host_map(NULL, (fake_machine.memory_bytes >> PAGE_SHIFT) * 2);
    for (unsigned i = 0; i < fake_machine.cpu_count; i++) {
        struct fake_cpu *cpu = &fake_machine.cpus[i];

        cpu->record.self = &cpu->record;
        cpu->record.id = i;
        cpu->record.hardware_id = i;
        cpu->record.bit = (uint64_t)1 << i;
        cpu->timer = DEADLINE_NEVER;
        cpu->stack = fake_host_map(NULL, FAKE_STACK_SIZE);
    }
}

static bool boot_cpus_up(void)
{
    for (unsigned i = 0; i < fake_machine.cpu_count; i++) {
        if (fake_machine.cpus[i].state == CPU_OFF || fake_machine.cpus[i].state == CPU_KERNEL) {
            return false;
        }
    }
    return true;
}

void fake_boot(const struct fake_config *config)
{
    FAKE_CHECK(!fake_machine.booted);
    make_machine(config);
    cpu_register(&fake_machine.cpus[0].record);
    fake_enter(&fake_machine.cpus[0], ENTRY_MAIN, 0, 0);
    fake_settle();
    if (fake_machine.panicked) {
        return;
    }
    fake_machine.booted = true;
    FAKE_CHECK(boot_cpus_up());
    fake_bootstrap_find(fake_init_thread());
}
