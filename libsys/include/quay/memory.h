/* SPDX-License-Identifier: MIT */
/*
 * Memory objects and address spaces. A memory object is pages; a mapping makes some of them
 * visible in an address space and keeps the object alive by itself, so its handle may be closed.
 * No mapping is ever writable and executable at once. Sizes and offsets are bytes, multiples of
 * PAGE_SIZE.
 */
#pragma once

#include <quay/syscall.h>
#include <quay/abi/memory.h>

/* Anonymous zeroed memory, charged to the job page by page as it is touched. Returns a handle. */
static inline int64_t qy_memory_create(handle_t job, uint64_t size_bytes, uint32_t flags)
{
    return qy_syscall3(SYS_memory_create, job, size_bytes, flags);
}

/* status = size in bytes, second = bytes committed. */
static inline struct qy_result qy_memory_info(handle_t memory)
{
    return qy_syscall_full(SYS_memory_info, memory, 0, 0, 0, 0, 0);
}

/* A memory object over physical addresses outside RAM. Needs MINT_MEMORY. Returns a handle. */
static inline int64_t qy_memory_physical(handle_t resource, handle_t job, uint64_t address,
                                         uint64_t size_bytes)
{
    return qy_syscall4(SYS_memory_physical, resource, job, address, size_bytes);
}

/* Changes the size of memory that was created with MEMORY_RESIZABLE. */
static inline int64_t qy_memory_resize(handle_t memory, uint64_t size_bytes)
{
    return qy_syscall2(SYS_memory_resize, memory, size_bytes);
}

/* Gives pages back. Returns how many bytes were got over: to be called again for the rest. */
static inline int64_t qy_memory_decommit(handle_t memory, uint64_t offset, uint64_t size_bytes)
{
    return qy_syscall3(SYS_memory_decommit, memory, offset, size_bytes);
}

/* Empty memory that is a child of this one; qy_memory_snapshot fills it too. Returns a handle. */
static inline int64_t qy_memory_clone(handle_t job, handle_t memory, uint64_t offset,
                                      uint64_t size_bytes)
{
    return qy_syscall4(SYS_memory_clone, job, memory, offset, size_bytes);
}

/* Shares pages, copy-on-write. Returns how many bytes were got over. */
static inline int64_t qy_memory_supply(handle_t to, uint64_t to_offset, handle_t from,
                                       uint64_t from_offset, uint64_t size_bytes)
{
    return qy_syscall6(SYS_memory_supply, to, to_offset, from, from_offset, size_bytes, 0);
}

/* Maps memory with MAP_ flags; address 0: anywhere. Returns the address. */
static inline int64_t qy_aspace_map(handle_t aspace, handle_t memory, uint64_t offset,
                                    uint64_t address, uint64_t size_bytes, uint32_t flags)
{
    return qy_syscall6(SYS_aspace_map, aspace, memory, offset, address, size_bytes, flags);
}

/* Removes what is mapped in the range. */
static inline int64_t qy_aspace_unmap(handle_t aspace, uint64_t address, uint64_t size_bytes)
{
    return qy_syscall3(SYS_aspace_unmap, aspace, address, size_bytes);
}

/* Changes the permissions of what is mapped in the range. */
static inline int64_t qy_aspace_protect(handle_t aspace, uint64_t address, uint64_t size_bytes,
                                        uint32_t flags)
{
    return qy_syscall4(SYS_aspace_protect, aspace, address, size_bytes, flags);
}

/* Memory whose pages the receiver of the port supplies: it gets a notice with this key and
 * NOTICE_PAGE_FAULT, the offset as second word. Returns a handle. */
static inline int64_t qy_memory_pager(handle_t job, uint64_t size_bytes, handle_t port,
                                      uint64_t key, time_ns_t timeout_ns)
{
    return qy_syscall6(SYS_memory_pager, job, size_bytes, port, key, (uint64_t)timeout_ns, 0);
}

/* Fills an empty address space with what another one maps; see qy_process_fork. */
static inline int64_t qy_aspace_fork(handle_t aspace, handle_t source)
{
    return qy_syscall2(SYS_aspace_fork, aspace, source);
}

/* A copy of a part of the memory as it is now, page by page: neither side sees what the other
 * writes afterwards. Returns a handle. */
int64_t qy_memory_snapshot(handle_t job, handle_t memory, uint64_t offset, uint64_t size_bytes);

/* --- this process -------------------------------------------------------------------------- */

/* Zeroed private pages, readable and writable; NULL when there is no memory. */
void *qy_pages_map(size_t size_bytes);

/* Gives back what qy_pages_map returned, or what qy_memory_map mapped. */
void qy_pages_unmap(void *address, size_t size_bytes);

/* Maps a memory object into this process: 0 and *ret_address, or a negative error number. */
QY_MUST_USE int qy_memory_map(handle_t memory, uint64_t offset, uint64_t size_bytes, uint32_t flags,
                              void **ret_address);

/* --- memory that survives ------------------------------------------------------------------ */

/* The bootstrap name of the memory that init keeps for a server. */
#define QY_KEPT_NAME "kept"

/* What the last instance of this server has left there: zeroed pages at the very first start. The
 * program may be killed at any instruction, so what lies there must make sense after every one.
 * NULL if this program was given none, or less than size_bytes. */
void *qy_memory_kept(size_t size_bytes);
