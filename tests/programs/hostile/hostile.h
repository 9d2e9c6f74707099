/* SPDX-License-Identifier: MIT */
/* Between the files of the test. */
#pragma once

#include <quay/clock.h>
#include <quay/syscall.h>
#include <quay/abi/object.h>
#include "../shared/tap.h"

#define PATIENT (20 * QY_SECOND)
#define SHORTLY (20 * QY_MILLISECOND)

/* A page that is in user space and never mapped. */
#define UNMAPPED 0x500000000ul

#define ARGUMENTS 6
#define ANY_ERROR 0 /* as expectation: some error, whichever */

enum argument_kind {
    ARGUMENT_NONE,
    ARGUMENT_HANDLE,
    ARGUMENT_VALUE,
    ARGUMENT_TEXT, /* address of memory whose length is the next argument */
    ARGUMENT_WORD, /* address of an aligned 32-bit word */
};

/* A wrong value and what the call has to answer. */
struct bad_value {
    uint64_t value;
    int64_t expected; /* an error, or ANY_ERROR */
};

struct argument {
    enum argument_kind kind;
    enum object_type type; /* of a handle; OBJECT_NONE: any */
    rights_t rights;       /* each of which it needs */
    uint64_t good;
    const struct bad_value *bad; /* ends with one whose value and expectation are 0; may be NULL */
};

struct row {
    const char *name;
    uint32_t number;
    const struct argument *arguments;
};

extern const struct row rows[];
extern const uint32_t row_count;

/* Any system call with any registers; keeps what C wants kept. calls.S */
int64_t call_raw(uint64_t number, const uint64_t arguments[ARGUMENTS]);

/* One handle of each type with all rights, and the row's arguments made with them. */
void fixture_make(void);
handle_t fixture_handle(enum object_type type);
void fixture_arguments(const struct row *row, uint64_t arguments[ARGUMENTS]);

void discard(int64_t handle);

void test_table(void);
void test_races(void);
void test_peers(void);
void test_deadlines(void);
void test_messages(void);
void test_random(void);

int child_main(const char *role, uint64_t number);
