/* SPDX-License-Identifier: MIT */
/*
 * Who called whom, by frame pointers. All of it is what a program that has gone wrong left: nothing
 * is believed, and the walk ends in any case. Pure, tested on the host.
 */
#pragma once

#include <stdbool.h>
#include <quay/syscall.h>
#include <quay/abi/registers.h>

#define BACKTRACE_MAX 32

/* Copies from the program's memory. False: it is not there. */
typedef bool memory_read_fn(void *context, uint64_t address, void *to, size_t size_bytes);

/* Where the return address lies that no frame pointer leads to: of a function that has just begun,
 * or of a call to nowhere. */
enum backtrace_top {
    BACKTRACE_FRAME,  /* there is none */
    BACKTRACE_CALLED, /* at rsp */
    BACKTRACE_PUSHED, /* behind the frame pointer at rsp */
};

/* The instruction, then where each function returns to; how many there are. */
uint32_t backtrace(const struct thread_registers *registers, enum backtrace_top top,
                   memory_read_fn *read, void *context, uint64_t ret_addresses[BACKTRACE_MAX]);
