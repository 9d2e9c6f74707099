/* SPDX-License-Identifier: MIT */
#include "symbols.h"
#include <quay/text.h>

_Static_assert(sizeof(struct symbols_head) == 24, "as tools/mksymbols writes it");
_Static_assert(sizeof(struct symbols_program) == 64, "the same");

static bool program_valid(const struct symbols *symbols, const struct symbols_program *program)
{
    const struct symbols_head *head = symbols->head;
    if (program->first > head->symbol_count ||
        program->count > head->symbol_count - program->first ||
        program->name[SYMBOL_NAME_MAX - 1] != 0) {
        return false;
    }
    for (uint32_t i = 0; i < program->count; i++) {
        const struct symbol *symbol = &symbols->symbols[program->first + i];
        if (symbol->name >= head->names_bytes || (i > 0 && symbol->offset < symbol[-1].offset)) {
            return false;
        }
    }
    return true;
}

bool symbols_open(struct symbols *symbols, const void *file, size_t size_bytes)
{
    const struct symbols_head *head = file;
    *symbols = (struct symbols){0};
    if (size_bytes < sizeof *head || head->magic != SYMBOLS_MAGIC || head->names_bytes == 0) {
        return false;
    }
    size_t rest = size_bytes - sizeof *head;
    size_t programs_bytes = head->program_count * sizeof(struct symbols_program);
    size_t symbols_bytes = head->symbol_count * sizeof(struct symbol);
    if (programs_bytes > rest || symbols_bytes > rest - programs_bytes ||
        head->names_bytes != rest - programs_bytes - symbols_bytes) {
        return false;
    }
    struct symbols made = {.head = head, .programs = (const void *)(head + 1)};
    made.symbols = (const void *)(made.programs + head->program_count);
    made.names = (const void *)(made.symbols + head->symbol_count);
    if (made.names[head->names_bytes - 1] != 0) {
        return false;
    }
    for (uint32_t i = 0; i < head->program_count; i++) {
        if (!program_valid(&made, &made.programs[i])) {
            return false;
        }
    }
    *symbols = made;
    return true;
}

const struct symbols_program *symbols_find(const struct symbols *symbols, const uint8_t *build_id)
{
    for (uint32_t i = 0; symbols->head != NULL && i < symbols->head->program_count; i++) {
        if (memcmp(symbols->programs[i].build_id, build_id, BUILD_ID_BYTES) == 0) {
            return &symbols->programs[i];
        }
    }
    return NULL;
}

bool symbols_name(const struct symbols *symbols, const struct symbols_program *program,
                  uint64_t base, uint64_t address, const char **ret_name, uint64_t *ret_offset)
{
    const struct symbol *all = &symbols->symbols[program->first];
    uint32_t low = 0, high = program->count; /* the first one that is too high */
    if (address < base) {
        return false;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (all[middle].offset <= address - base) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0 || symbols->names[all[low - 1].name] == 0) {
        return false;
    }
    *ret_name = &symbols->names[all[low - 1].name];
    *ret_offset = address - base - all[low - 1].offset;
    return true;
}
