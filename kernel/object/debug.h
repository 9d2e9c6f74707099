/* SPDX-License-Identifier: MIT */
/* What a debugger does with threads that have stopped, and with the memory of a process. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "lib/compiler.h"

struct process;
struct thread;
struct thread_registers;

/* The registers of a thread that is suspended or waits for the answer to its exception; reading
 * them also while it is suspended and still waits. 0, -EBUSY (it has not stopped). */
MUST_USE int thread_registers_read(struct thread *thread, struct thread_registers *ret_registers);

/* Also -EINVAL: user mode cannot have these. */
MUST_USE int thread_registers_write(struct thread *thread,
                                    const struct thread_registers *registers);

/* The FPU state of such a thread, in the CPU's layout, arch_fpu_state_size() bytes. How many, or 0
 * for writing; -EBUSY, -ENOENT (it has not used the FPU), -ERETRY (it is just leaving its CPU);
 * writing also -EINVAL (the CPU cannot load these). */
MUST_USE int thread_fpu_read(struct thread *thread, void *to);
MUST_USE int thread_fpu_write(struct thread *thread, const void *from);

struct breakpoint {
    uint64_t index, address, kind, size_bytes; /* as they were given */
};

/* One hardware breakpoint of such a thread, as thread_registers_write. */
MUST_USE int thread_breakpoint_set(struct thread *thread, struct breakpoint breakpoint);

/* Copies up to `size` bytes between our memory at `ours` and that of a process at `theirs`. Returns
 * how many (at most LEASE_COPY_MAX); -EFAULT (our memory), -EIO (theirs). */
MUST_USE int64_t process_copy(struct process *process, uint64_t theirs, uint64_t ours,
                              uint64_t size, bool to_process);
