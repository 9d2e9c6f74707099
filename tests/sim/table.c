/* SPDX-License-Identifier: MIT */
/* The table of ends: per call, how often it succeeded and how often each error came. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sim.h"

/* Above the last number in <quay/abi/errno.h>. */
#define ERRNO_MAX 1024

static const char *const call_names[SYSCALL_NUMBER_MAX + 1] = {
#define SYSCALL(number, name, arguments, summary) [number] = #name,
#include <quay/abi/syscalls.def>
#undef SYSCALL
};

static const struct {
    uint64_t number;
    uint16_t errors[24];
} documented[] = {
#define ERRORS(call, ...) {SYS_##call, {__VA_ARGS__}},
#include "errors.def"
#undef ERRORS
};

static struct {
    uint64_t successes[SYSCALL_NUMBER_MAX + 1];
    uint32_t errors[SYSCALL_NUMBER_MAX + 1][ERRNO_MAX];
    uint64_t calls, succeeded, compared;
} table;

const char *table_call_name(uint64_t number)
{
    const char *name = number <= SYSCALL_NUMBER_MAX ? call_names[number] : NULL;

    return name != NULL ? name : "?";
}

const char *table_error_name(int64_t error)
{
    static char text[24];
    static const struct {
        int number;
        const char *name;
    } names[] = {
#define NAME(e) {e, #e}
        NAME(EBADF),        NAME(EREVOKED),       NAME(EWRONG_TYPE), NAME(EACCES), NAME(EINVAL),
        NAME(EFAULT),       NAME(ENOMEM),         NAME(EQUOTA),      NAME(EBUSY),  NAME(EEXIST),
        NAME(EAGAIN),       NAME(ETIMEDOUT),      NAME(EPEER_DIED),  NAME(ERETRY), NAME(ENO_BUFFER),
        NAME(ELEASE),       NAME(EPERM),          NAME(EIO),         NAME(EINTR),  NAME(EMSGSIZE),
        NAME(ETOKEN_STALE), NAME(ETOKEN_DROPPED), NAME(ENOENT),      NAME(ESRCH),  NAME(ECANCELED),
        NAME(E2BIG),        NAME(ERANGE),         NAME(ENOTSUP),     NAME(EMFILE), NAME(ENOSYS),
        NAME(EDEADLK),
#undef NAME
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].number == (error < 0 ? -error : error)) {
            return names[i].name;
        }
    }
    snprintf(text, sizeof(text), "%ld", (long)error);
    return text;
}

static bool is_error(int64_t result)
{
    return result < 0 && result >= -QY_ERRNO_MAX;
}

bool table_is_documented(uint64_t number, int64_t result)
{
    if (!is_error(result)) {
        return true;
    }
    if (number > SYSCALL_NUMBER_MAX || call_names[number] == NULL) {
        return result == -ENOSYS;
    }
    for (size_t i = 0; i < sizeof(documented) / sizeof(documented[0]); i++) {
        if (documented[i].number != number) {
            continue;
        }
        for (unsigned j = 0; j < 24 && documented[i].errors[j] != 0; j++) {
            if (documented[i].errors[j] == -result) {
                return true;
            }
        }
    }
    return false;
}

void table_count(uint64_t number, int64_t result)
{
    table.calls++;
    if (number > SYSCALL_NUMBER_MAX) {
        return;
    }
    if (!is_error(result)) {
        table.successes[number]++;
        table.succeeded++;
    } else if (-result < ERRNO_MAX) {
        table.errors[number][-result]++;
    }
}

void table_note_compared(uint64_t count)
{
    table.compared = count;
}

uint64_t table_calls(void)
{
    return table.calls;
}

unsigned table_success_percent(void)
{
    return table.calls == 0 ? 0 : (unsigned)(table.succeeded * 100 / table.calls);
}

unsigned table_print(void)
{
    unsigned cells = 0, missing = 0;

    printf("# %-20s %9s  errors (documented ones; - never reached)\n", "call", "success");
    for (size_t i = 0; i < sizeof(documented) / sizeof(documented[0]); i++) {
        uint64_t number = documented[i].number;

        printf("# %-20s %9lu ", table_call_name(number), (unsigned long)table.successes[number]);
        cells++;
        missing += table.successes[number] == 0;
        for (unsigned j = 0; j < 24 && documented[i].errors[j] != 0; j++) {
            uint32_t count = table.errors[number][documented[i].errors[j]];

            cells++;
            if (count == 0) {
                missing++;
                printf(" %s -", table_error_name(documented[i].errors[j]));
            } else {
                printf(" %s %u", table_error_name(documented[i].errors[j]), count);
            }
        }
        printf("\n");
    }
    printf("# %lu calls, %u%% succeeded; %u of %u cells reached\n", (unsigned long)table.calls,
           table_success_percent(), cells - missing, cells);
    printf("# %lu calls compared with the model\n", (unsigned long)table.compared);
    return missing;
}

static void transfer_fail(void)
{
    fprintf(stderr, "sim: the table of a run was lost\n");
    exit(1);
}

void table_reset(void)
{
    memset(&table, 0, sizeof(table));
}

void table_save(int fd)
{
    const char *data = (const char *)&table;

    for (size_t done = 0; done < sizeof(table);) {
        ssize_t part = write(fd, data + done, sizeof(table) - done);

        if (part <= 0) {
            transfer_fail();
        }
        done += (size_t)part;
    }
}

void table_add(int fd)
{
    uint64_t *to = table.successes;
    size_t bytes = 0;
    static __typeof__(table) other;

    while (bytes < sizeof(other)) {
        ssize_t part = read(fd, (char *)&other + bytes, sizeof(other) - bytes);

        if (part <= 0) {
            return; /* the run failed; its exit status says so */
        }
        bytes += (size_t)part;
    }
    for (unsigned i = 0; i <= SYSCALL_NUMBER_MAX; i++) {
        to[i] += other.successes[i];
        for (unsigned j = 0; j < ERRNO_MAX; j++) {
            table.errors[i][j] += other.errors[i][j];
        }
    }
    table.calls += other.calls;
    table.succeeded += other.succeeded;
    table.compared += other.compared;
}
