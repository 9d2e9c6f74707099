/* SPDX-License-Identifier: MIT */
#include "core.h"
#include <quay/elf_format.h>
#include <quay/text.h>
#include <quay/abi/memory.h>

#define NOTE_PRSTATUS 1u
#define NOTE_FPREGSET 2u
#define NOTE_PRPSINFO 3u
#define NOTE_FILE     0x46494c45u

/* Where user code runs, as the kernel's GDT has it, and Linux's. */
#define USER_CS 0x33
#define USER_SS 0x2b

/* Below the stack pointer a function may have data. */
#define RED_ZONE 128

struct note {
    uint32_t name_bytes, bytes, type;
    char name[8];
};

/* Linux's struct elf_prstatus of x86-64. */
struct prstatus {
    int32_t signal, code, error;
    int16_t current_signal;
    uint16_t pad;
    uint64_t pending, held;
    int32_t pid, parent, group, session;
    uint64_t times[8];
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax;
    uint64_t rip, cs, rflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
    int32_t has_fpu;
    uint32_t pad_end;
};

/* Linux's struct elf_prpsinfo. */
struct prpsinfo {
    char state, state_name, is_zombie, nice;
    uint32_t pad;
    uint64_t flags;
    uint32_t user, group_id;
    int32_t pid, parent, group, session;
    char name[16], arguments[80];
};

_Static_assert(sizeof(struct prstatus) == 336, "elf_prstatus of x86-64");
_Static_assert(offsetof(struct prstatus, r15) == 112, "the same");
_Static_assert(sizeof(struct prpsinfo) == 136, "elf_prpsinfo of x86-64");

static uint64_t page_up(uint64_t address)
{
    return (address + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static uint64_t note_bytes(uint64_t bytes)
{
    return sizeof(struct note) + ((bytes + 3) & ~3ul);
}

static uint64_t files_bytes(const struct core *core)
{
    uint64_t bytes = 16;
    for (uint32_t i = 0; i < core->image_count; i++) {
        bytes += 24 + strlen(core->images[i].name) + 1;
    }
    return bytes;
}

static uint64_t notes_bytes(const struct core *core)
{
    uint64_t bytes = note_bytes(sizeof(struct prpsinfo)) + note_bytes(files_bytes(core));
    for (uint32_t i = 0; i < core->thread_count; i++) {
        bytes += note_bytes(sizeof(struct prstatus));
        bytes += core->threads[i].has_fpu ? note_bytes(CORE_FPU_BYTES) : 0;
    }
    return bytes;
}

static uint64_t notes_offset(const struct core *core)
{
    return sizeof(struct elf_header) + (core->segment_count + 1) * sizeof(struct elf_segment);
}

/* --- what goes in -------------------------------------------------------------------------- */

static bool has_stack(const struct core *core, const struct core_segment *segment)
{
    for (uint32_t i = 0; i < core->thread_count; i++) {
        if (core->threads[i].registers.rsp - segment->address < segment->size_bytes) {
            return true;
        }
    }
    return false;
}

static bool has_image(const struct core *core, const struct core_segment *segment)
{
    for (uint32_t i = 0; i < core->image_count; i++) {
        if (core->images[i].base == segment->address) {
            return true;
        }
    }
    return false;
}

static void segment_plan(const struct core *core, struct core_segment *segment, uint64_t *left)
{
    uint64_t wanted = (segment->map_flags & MAP_WRITE) != 0 ? segment->size_bytes
                      : has_image(core, segment)            ? PAGE_SIZE
                                                            : 0;
    if ((segment->map_flags & MAP_READ) == 0) {
        wanted = 0;
    }
    segment->file_bytes = wanted < *left ? wanted : *left & ~(PAGE_SIZE - 1);
    *left -= segment->file_bytes;
}

/* What lies below all stack pointers in a segment is of no use any more. */
static void stack_trim(const struct core *core, struct core_segment *segment)
{
    uint64_t lowest = UINT64_MAX;
    for (uint32_t i = 0; i < core->thread_count; i++) {
        uint64_t rsp = core->threads[i].registers.rsp;
        if (rsp - segment->address < segment->size_bytes && rsp < lowest) {
            lowest = rsp;
        }
    }
    uint64_t begin = (lowest - RED_ZONE) & ~(PAGE_SIZE - 1);
    if (lowest != UINT64_MAX && begin > segment->address) {
        segment->size_bytes -= begin - segment->address;
        segment->address = begin;
    }
}

uint64_t core_plan(struct core *core, uint64_t size_bytes)
{
    uint64_t offset = page_up(notes_offset(core) + notes_bytes(core));
    uint64_t left = size_bytes > offset ? size_bytes - offset : 0;
    for (int pass = 0; pass < 3; pass++) { /* images, stacks, all else */
        for (uint32_t i = 0; i < core->segment_count; i++) {
            struct core_segment *segment = &core->segments[i];
            bool is_stack = has_stack(core, segment) && (segment->map_flags & MAP_WRITE) != 0;
            int turn = has_image(core, segment) ? 0 : is_stack ? 1 : 2;
            if (turn == pass) {
                if (is_stack) {
                    stack_trim(core, segment);
                }
                segment_plan(core, segment, &left);
            }
        }
    }
    for (uint32_t i = 0; i < core->segment_count; i++) {
        offset += core->segments[i].file_bytes;
    }
    return offset;
}

/* --- writing ------------------------------------------------------------------------------- */

static uint8_t *note_begin(uint8_t *at, uint32_t type, uint64_t bytes)
{
    struct note note = {.name_bytes = 5, .bytes = (uint32_t)bytes, .type = type, .name = "CORE"};
    memcpy(at, &note, sizeof note);
    return at + sizeof note;
}

static uint8_t *note_write(uint8_t *at, uint32_t type, const void *what, uint64_t bytes)
{
    memcpy(note_begin(at, type, bytes), what, bytes);
    return at + note_bytes(bytes);
}

static uint8_t *thread_write(uint8_t *at, const struct core *core, const struct core_thread *thread)
{
    const struct thread_registers *r = &thread->registers;
    struct prstatus status = {
        .signal = (int32_t)core->signal,
        .current_signal = (int16_t)core->signal,
        .pid = (int32_t)thread->id,
        .r15 = r->r15,
        .r14 = r->r14,
        .r13 = r->r13,
        .r12 = r->r12,
        .rbp = r->rbp,
        .rbx = r->rbx,
        .r11 = r->r11,
        .r10 = r->r10,
        .r9 = r->r9,
        .r8 = r->r8,
        .rax = r->rax,
        .rcx = r->rcx,
        .rdx = r->rdx,
        .rsi = r->rsi,
        .rdi = r->rdi,
        .orig_rax = UINT64_MAX,
        .rip = r->rip,
        .cs = USER_CS,
        .rflags = r->rflags,
        .rsp = r->rsp,
        .ss = USER_SS,
        .fs_base = r->fs_base,
        .gs_base = r->gs_base,
        .has_fpu = thread->has_fpu,
    };
    at = note_write(at, NOTE_PRSTATUS, &status, sizeof status);
    return thread->has_fpu ? note_write(at, NOTE_FPREGSET, thread->fpu, sizeof thread->fpu) : at;
}

static uint8_t *info_write(uint8_t *at, const struct core *core)
{
    struct prpsinfo info = {.state_name = 'R', .pid = core->pid, .group = core->pid};
    (void)qy_strlcpy(info.name, core->name, sizeof info.name);           /* cut, as Linux does */
    (void)qy_strlcpy(info.arguments, core->name, sizeof info.arguments); /* it fits */
    return note_write(at, NOTE_PRPSINFO, &info, sizeof info);
}

/* Count, size of a page; begin, end and place in the file of each; names. */
static uint8_t *files_write(uint8_t *at, const struct core *core)
{
    uint64_t bytes = files_bytes(core);
    uint8_t *content = note_begin(at, NOTE_FILE, bytes);
    const uint64_t head[2] = {core->image_count, PAGE_SIZE};
    memcpy(content, head, sizeof head);
    content += sizeof head;
    for (uint32_t i = 0; i < core->image_count; i++) {
        const uint64_t range[3] = {core->images[i].base, core->images[i].end, 0};
        memcpy(content, range, sizeof range);
        content += sizeof range;
    }
    for (uint32_t i = 0; i < core->image_count; i++) {
        size_t length = strlen(core->images[i].name) + 1;
        memcpy(content, core->images[i].name, length);
        content += length;
    }
    return at + note_bytes(bytes);
}

static uint32_t elf_flags(uint32_t map_flags)
{
    uint32_t flags = (map_flags & MAP_READ) != 0 ? ELF_FLAG_READ : 0;
    flags |= (map_flags & MAP_WRITE) != 0 ? ELF_FLAG_WRITE : 0;
    return flags | ((map_flags & MAP_EXEC) != 0 ? ELF_FLAG_EXEC : 0);
}

static void headers_write(const struct core *core, uint8_t *file)
{
    uint64_t notes = notes_offset(core), size = notes_bytes(core), offset = page_up(notes + size);
    const struct elf_header header = {
        .magic = ELF_MAGIC,
        .class = ELF_CLASS_64,
        .data = ELF_LITTLE_ENDIAN,
        .ident_version = ELF_VERSION,
        .type = ELF_TYPE_CORE,
        .machine = ELF_MACHINE_X86_64,
        .version = ELF_VERSION,
        .segments_offset = sizeof header,
        .header_size = sizeof header,
        .segment_entry_size = sizeof(struct elf_segment),
        .segment_count = (uint16_t)(core->segment_count + 1),
    };
    struct elf_segment segment = {.type = ELF_SEGMENT_NOTE, .offset = notes, .file_size = size};
    memcpy(file, &header, sizeof header);
    file += sizeof header;
    memcpy(file, &segment, sizeof segment);
    for (uint32_t i = 0; i < core->segment_count; i++) {
        const struct core_segment *from = &core->segments[i];
        segment = (struct elf_segment){
            .type = ELF_SEGMENT_LOAD,
            .flags = elf_flags(from->map_flags),
            .offset = offset,
            .address = from->address,
            .file_size = from->file_bytes,
            .memory_size = from->size_bytes,
            .alignment = PAGE_SIZE,
        };
        offset += from->file_bytes;
        memcpy(file + (i + 1) * sizeof segment, &segment, sizeof segment);
    }
}

void core_write(const struct core *core, memory_read_fn *read, void *context, uint8_t *file)
{
    headers_write(core, file);
    uint8_t *at = file + notes_offset(core);
    for (uint32_t i = 0; i < core->thread_count; i++) {
        at = thread_write(at, core, &core->threads[i]);
        at = i == 0 ? info_write(at, core) : at; /* gdb takes what comes before as the process's */
    }
    at = files_write(at, core);
    at = file + page_up((uint64_t)(at - file));
    for (uint32_t i = 0; i < core->segment_count; i++) {
        const struct core_segment *segment = &core->segments[i];
        for (uint64_t done = 0; done < segment->file_bytes; done += PAGE_SIZE) {
            (void)read(context, segment->address + done, at + done, PAGE_SIZE); /* or zeros */
        }
        at += segment->file_bytes;
    }
}
