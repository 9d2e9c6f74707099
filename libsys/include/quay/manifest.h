/* SPDX-License-Identifier: MIT */
/*
 * Reading a compiled manifest (include/idl/manifest.idl, docs/manifest.md): one struct head, then
 * its entries. Whoever has changed the boot archive may have written it, so nothing of it is used
 * before all of it was checked.
 */
#pragma once

#include <idl/manifest.h>
#include <stdbool.h>
#include <stddef.h>

struct qy_manifest {
    const struct qy_manifest_entry *entries; /* in the order of their start */
    uint32_t count;
};

/* Checks everything about a manifest of which size_bytes can be read, and there may be more than
 * it needs: 0; or -EINVAL, and in *ret_reason (unless NULL) what is wrong. Pure. */
int qy_manifest_read(const void *bytes, size_t size_bytes, struct qy_manifest *ret_manifest,
                     const char **ret_reason);

/* The index of the entry with this name, or that has this name for its port; -ENOENT. */
int qy_manifest_find(const struct qy_manifest *manifest, const char *name);
int qy_manifest_find_served(const struct qy_manifest *manifest, const char *name);

/* Whether a name is in a list of them; "*" stands for every name. */
bool qy_manifest_lists(const struct qy_manifest_need *names, uint32_t count, const char *name);

/* Whether an entry may connect to a name, and whether it may bind it. */
bool qy_manifest_may_connect(const struct qy_manifest_entry *entry, const char *name);
bool qy_manifest_may_bind(const struct qy_manifest_entry *entry, const char *name);
