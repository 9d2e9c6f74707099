/* SPDX-License-Identifier: MIT */
/* The parts of the ELF-64 format that loaders, and writers of core files, know (System V gABI,
 * chapters 4 and 5). */
#pragma once

#include <stdint.h>

#define ELF_MAGIC          0x464c457fu /* 7f 'E' 'L' 'F' */
#define ELF_CLASS_64       2
#define ELF_LITTLE_ENDIAN  1
#define ELF_VERSION        1
#define ELF_TYPE_EXEC      2
#define ELF_TYPE_DYN       3
#define ELF_TYPE_CORE      4
#define ELF_MACHINE_X86_64 62

#define ELF_SEGMENT_LOAD      1u
#define ELF_SEGMENT_DYNAMIC   2u
#define ELF_SEGMENT_INTERP    3u
#define ELF_SEGMENT_NOTE      4u
#define ELF_SEGMENT_TLS       7u
#define ELF_SEGMENT_GNU_STACK 0x6474e551u

#define ELF_FLAG_EXEC  1u
#define ELF_FLAG_WRITE 2u
#define ELF_FLAG_READ  4u

struct elf_header {
    uint32_t magic;
    uint8_t class, data, ident_version, abi, abi_version, pad[7];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry;
    uint64_t segments_offset, sections_offset;
    uint32_t flags;
    uint16_t header_size, segment_entry_size, segment_count;
    uint16_t section_entry_size, section_count, section_names;
};

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, address, physical;
    uint64_t file_size, memory_size, alignment;
};

_Static_assert(sizeof(struct elf_header) == 64, "gABI: e_ehsize");
_Static_assert(sizeof(struct elf_segment) == 56, "gABI: e_phentsize");
