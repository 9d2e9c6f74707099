/* SPDX-License-Identifier: MIT */
/* Between the files of the test. */
#pragma once

#include <quay/clock.h>
#include <quay/syscall.h>
#include "../shared/tap.h"

/* Closes what a test made. */
void discard(int64_t handle);

/* Soon enough to end a wait that must not succeed, late enough for one that must. */
#define SHORTLY (20 * QY_MILLISECOND)
#define PATIENT (20 * QY_SECOND)

void test_handles(void);
void test_memory(void);
void test_futexes(void);
void test_channels(void);
void test_leases(void);
void test_events(void);
void test_ports(void);
void test_processes(void);
void test_fork(void);
void test_pagers(void);
void test_lending(void);
void test_threads(void);
void test_exceptions(void);
void test_debugger(void);
void test_fpu(void);
void test_redirect(void);
void test_jobs(void);
void test_system(void);
void test_libsys(void);
void test_generated(void);
void test_thousands(void);
void test_pairs(void);

/* Runs in a child process; what it returns is the exit code. */
int child_main(const char *role, uint64_t number);
int pair_child(uint64_t cpu);
int debugged_child(void);
int fpu_child(uint64_t seed);
int fpu_paying_child(void);
int fpu_poor_child(void);
