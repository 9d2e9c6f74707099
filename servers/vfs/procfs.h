/* SPDX-License-Identifier: MIT */
/*
 * /proc: a file system whose nodes are processes and figures of the system. What it says is asked
 * of proc and of the kernel when a file is opened.
 *
 *   node   pid << 8 | which (enum in procfs.c); pid 0: of the whole system
 */
#pragma once

#include "session.h"

int64_t procfs_walk(struct qy_request *request, uint64_t node, uint64_t root, uint32_t flags,
                    const uint8_t *path, uint32_t length, struct qy_fs_place *ret_place,
                    uint32_t *ret_mode);
int64_t procfs_open(struct qy_request *request, uint64_t node, uint64_t root, uint32_t flags,
                    const uint8_t *path, uint32_t length, handle_t *ret_description,
                    struct qy_fs_place *ret_place, uint32_t *ret_mode);
int64_t procfs_lookup(struct qy_request *request, uint64_t node, uint64_t root, bool is_followed,
                      const uint8_t *path, uint32_t length, struct qy_file_stat *ret_stat,
                      struct qy_fs_place *ret_place);
int64_t procfs_readlink(struct qy_request *request, uint64_t node, uint8_t *ret_text,
                        uint32_t *ret_length);
int64_t procfs_entries(struct qy_request *request, uint64_t node, uint64_t cursor, uint32_t size,
                       uint8_t *ret_entries, uint32_t *ret_count, uint64_t *ret_next);
int64_t procfs_name(struct qy_request *request, uint64_t node, uint64_t *ret_parent,
                    uint8_t *ret_name, uint32_t *ret_length);
int64_t procfs_describe(struct qy_dir_space *ret_space, char *ret_type);
