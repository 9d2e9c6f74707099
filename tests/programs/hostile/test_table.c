/* SPDX-License-Identifier: MIT */
/* Each argument of each call wrong in every way, while the others are right. */
#include "hostile.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/process.h>
#include <quay/thread.h>
#include "../shared/self_spawn.h"

/* Results of one row are summed up in one line; the wrong ones are said in comments. */
struct tally {
    const struct row *row;
    uint32_t tried, wrong;
};

static void try_call(struct tally *tally, int index, uint64_t value, int64_t expected,
                     const char *what)
{
    uint64_t arguments[ARGUMENTS];
    fixture_arguments(tally->row, arguments);
    arguments[index] = value;
    int64_t status = call_raw(tally->row->number, arguments);
    tally->tried++;
    if (expected == ANY_ERROR ? status < 0 : status == expected) {
        return;
    }
    tally->wrong++;
    qy_printf("# %s: argument %d = 0x%lx (%s): got %ld, expected %ld\n", tally->row->name, index,
              value, what, (long)status, (long)expected);
}

static void handles_bad_try(struct tally *tally, int index)
{
    handle_t good = fixture_handle(tally->row->arguments[index].type);
    int64_t stale = qy_handle_dup(good, RIGHTS_SAME);
    discard(stale);
    if (tally->row->number != SYS_exception_bind || index != 1) { /* there it means none */
        try_call(tally, index, 0, -EBADF, "no handle");
    }
    try_call(tally, index, 1, -EBADF, "a small number");
    try_call(tally, index, (uint64_t)stale, -EBADF, "a closed handle");
    try_call(tally, index, good + (1ul << 24), -EBADF, "another generation");
    try_call(tally, index, good & 0xffffff, -EBADF, "no generation");
    try_call(tally, index, good | 0xffffff, -EBADF, "the last index");
    try_call(tally, index, 0x7fffffffffffffff, -EBADF, "a huge number");
    try_call(tally, index, UINT64_MAX, -EBADF, "all bits");
    try_call(tally, index, 0xffff800000000000, -EBADF, "a kernel address");
}

static void handle_revoked_try(struct tally *tally, int index)
{
    if (tally->row->number == SYS_handle_close) {
        return; /* the one thing that may be done with it */
    }
    handle_t good = fixture_handle(tally->row->arguments[index].type);
    int64_t parent = qy_handle_dup(good, RIGHTS_SAME);
    int64_t child = qy_handle_dup((handle_t)parent, RIGHTS_SAME);
    (void)qy_handle_revoke((handle_t)parent);
    try_call(tally, index, (uint64_t)child, -EREVOKED, "a revoked handle");
    discard(child);
    discard(parent);
}

static void types_try(struct tally *tally, int index)
{
    enum object_type wanted = tally->row->arguments[index].type;
    for (enum object_type type = OBJECT_JOB; type < OBJECT_TYPE_COUNT; type++) {
        bool is_as_good = tally->row->number == SYS_exception_bind && type <= OBJECT_THREAD;
        if (wanted != OBJECT_NONE && type != wanted && !is_as_good) {
            try_call(tally, index, fixture_handle(type), -EWRONG_TYPE, "another type");
        }
    }
}

static void rights_try(struct tally *tally, int index)
{
    const struct argument *argument = &tally->row->arguments[index];
    for (unsigned bit = 0; bit < 32; bit++) {
        if ((argument->rights & 1u << bit) != 0) {
            int64_t weak = qy_handle_dup(fixture_handle(argument->type), ~(1u << bit));
            try_call(tally, index, (uint64_t)weak, -EACCES, "a right is missing");
            discard(weak);
        }
    }
}

static void values_try(struct tally *tally, int index)
{
    const struct bad_value *bad = tally->row->arguments[index].bad;
    for (; bad != NULL && (bad->value != 0 || bad->expected != 0); bad++) {
        try_call(tally, index, bad->value, bad->expected, "a wrong value");
    }
}

static uint32_t row_try(const struct row *row)
{
    struct tally tally = {.row = row};
    for (int i = 0; i < ARGUMENTS; i++) {
        if (row->arguments[i].kind == ARGUMENT_HANDLE) {
            handles_bad_try(&tally, i);
            handle_revoked_try(&tally, i);
            types_try(&tally, i);
            rights_try(&tally, i);
        } else {
            values_try(&tally, i);
        }
    }
    tap_ok(tally.wrong == 0, "%s refuses %u wrong calls", row->name, tally.tried);
    return tally.tried;
}

/* Memory that is not mapped is the program's own fault: it is ended, and nothing else happens. */
static void unmapped_try(uint32_t index)
{
    const struct row *row = &rows[index];
    for (int i = 0; i < ARGUMENTS; i++) {
        if (row->arguments[i].kind != ARGUMENT_TEXT) {
            continue;
        }
        handle_t child = HANDLE_INVALID;
        if (!tap_equal(self_spawn("unmapped", index, qy_self_job(), NULL, 0, &child), 0,
                       "a child that gives %s unmapped memory", row->name)) {
            continue;
        }
        tap_equal(qy_object_wait(child, SIGNAL_EXITED, qy_deadline_after(PATIENT)), SIGNAL_EXITED,
                  "it ends");
        tap_ok((int64_t)qy_process_info(child).second < 0, "by a fault");
        discard((int64_t)child);
    }
}

/* A futex word that is not mapped is an error: the kernel only reads it where it is. */
static void unmapped_word_try(void)
{
    uint64_t arguments[ARGUMENTS] = {UNMAPPED, 0, 0, 0, 0, 0};
    tap_equal(call_raw(SYS_futex_wait, arguments), -EFAULT, "futex_wait on unmapped memory");
    arguments[1] = 1;
    tap_equal(call_raw(SYS_futex_wake, arguments), -EFAULT, "futex_wake on unmapped memory");
}

/* What has ended is freed after grace periods, which end at the latest when the CPUs go idle. */
static uint64_t memory_used(void)
{
    for (unsigned i = 0; i < 4; i++) {
        (void)qy_thread_sleep((time_ns_t)qy_clock_read() + 10 * 1000 * 1000);
    }
    return qy_job_info(qy_self_job(), JOB_MEMORY).second;
}

void test_table(void)
{
    uint32_t tried = 0;
    for (uint32_t i = 0; i < row_count; i++) {
        tried += row_try(&rows[i]);
    }
    qy_printf("# %u wrong calls in %u rows\n", tried, row_count);
    struct qy_result job = qy_handle_info(fixture_handle(OBJECT_JOB));
    tap_ok(job.status == OBJECT_JOB, "the objects tried on are still there");

    uint64_t before = memory_used();
    for (uint32_t i = 0; i < row_count; i++) {
        (void)row_try(&rows[i]);
    }
    tap_equal((int64_t)memory_used(), (int64_t)before, "a second round leaves no memory behind");

    for (uint32_t i = 0; i < row_count; i++) {
        unmapped_try(i);
    }
    unmapped_word_try();
}
