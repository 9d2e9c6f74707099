/* SPDX-License-Identifier: MIT */
/* The files that came with the kernel. */
#pragma once

#include <quay/archive.h>

/* Maps and checks the archive; 0 or a negative error number, said on the log. */
int boot_archive_open(void);

/* The name of entry number `index`; NULL: there are no more. */
const char *boot_archive_name(uint32_t index);

/* A file by name: 0, or -ENOENT. The bytes stay mapped. */
int boot_archive_find(const char *name, const void **ret_bytes, size_t *ret_size_bytes);
