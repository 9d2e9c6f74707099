/* SPDX-License-Identifier: MIT */
#include <quay/bootstrap.h>
#include <quay/text.h>
#include <quay/abi/syscalls.h>

/* Whether `count` terminated strings follow each other in exactly `size` bytes or fewer. */
static bool strings_valid(const char *strings, size_t size, uint64_t count)
{
    while (count > 0) {
        size_t length = qy_strnlen(strings, size);
        if (length == size) {
            return false;
        }
        strings += length + 1;
        size -= length + 1;
        count--;
    }
    return true;
}

bool qy_bootstrap_valid(const void *block, size_t mapped_bytes)
{
    const struct bootstrap *head = block;
    if (mapped_bytes < sizeof *head || head->magic != BOOTSTRAP_MAGIC ||
        head->abi_version >> 16 != ABI_VERSION >> 16) {
        return false;
    }
    if (head->size_bytes == 0 || head->size_bytes % PAGE_SIZE != 0 ||
        head->size_bytes > BOOTSTRAP_SIZE_MAX || head->size_bytes > mapped_bytes) {
        return false;
    }
    uint64_t handles_end =
        sizeof *head + (uint64_t)head->handle_count * sizeof(struct bootstrap_handle);
    if (handles_end > head->size_bytes || head->strings_offset < handles_end ||
        head->strings_offset > head->size_bytes ||
        head->strings_size > head->size_bytes - head->strings_offset) {
        return false;
    }
    const struct bootstrap_handle *handles = (const struct bootstrap_handle *)(head + 1);
    for (uint32_t i = 0; i < head->handle_count; i++) {
        if (qy_strnlen(handles[i].name, BOOTSTRAP_NAME_MAX) == BOOTSTRAP_NAME_MAX) {
            return false;
        }
    }
    return strings_valid((const char *)block + head->strings_offset, head->strings_size,
                         (uint64_t)head->argument_count + head->environment_count);
}

const struct bootstrap_handle *qy_bootstrap_lookup(const struct bootstrap *block, uint32_t kind,
                                                   const char *name)
{
    const struct bootstrap_handle *handles = (const struct bootstrap_handle *)(block + 1);
    for (uint32_t i = 0; i < block->handle_count; i++) {
        if (handles[i].kind == kind && (name == NULL || qy_streq(handles[i].name, name))) {
            return &handles[i];
        }
    }
    return NULL;
}
