/* SPDX-License-Identifier: MIT */
/*
 * Signals and the page shared with a process (<quay/process_page.h>). Pure. The page is the
 * process's to write: every word is read once, and whatever stands there harms only the process.
 */
#pragma once

#include <stdbool.h>
#include <quay/process_page.h>

enum {
    SIGNAL_HUP = 1,
    SIGNAL_ILL = 4,
    SIGNAL_TRAP = 5,
    SIGNAL_BUS = 7,
    SIGNAL_FPE = 8,
    SIGNAL_KILL = 9,
    SIGNAL_SEGV = 11,
    SIGNAL_ALRM = 14,
    SIGNAL_CHLD = 17,
    SIGNAL_CONT = 18,
    SIGNAL_STOP = 19,
    SIGNAL_TSTP = 20,
    SIGNAL_TTIN = 21,
    SIGNAL_TTOU = 22,
    SIGNAL_URG = 23,
    SIGNAL_WINCH = 28,
};

/* Linux's si_code. */
#define CODE_USER      0
#define CODE_KERNEL    0x80
#define CODE_EXITED    1
#define CODE_KILLED    2
#define CODE_STOPPED   5
#define CODE_CONTINUED 6

static inline uint64_t signal_bit(uint32_t number)
{
    return 1ul << (number - 1);
}

#define SIGNALS_STOP                                                                               \
    (signal_bit(SIGNAL_STOP) | signal_bit(SIGNAL_TSTP) | signal_bit(SIGNAL_TTIN) |                 \
     signal_bit(SIGNAL_TTOU))

enum signal_fate {
    SIGNAL_FATE_DROP,
    SIGNAL_FATE_PEND, /* it waits: blocked, or the process is stopped */
    SIGNAL_FATE_KICK, /* the process is to take it now */
    SIGNAL_FATE_END,
    SIGNAL_FATE_HALT, /* it stops */
};

/* What becomes of a signal, 1 to PROCESS_SIGNAL_COUNT, that is sent to the process now. */
enum signal_fate signal_fate(const struct process_page *page, uint32_t number, bool is_stopped);

/* Makes it pending. False: it was to queue up, and there is no room. */
bool signal_put(struct process_page *page, uint32_t number, const struct process_signal *signal);

/* Takes pending signals away, those of the set. */
void signal_forget(struct process_page *page, uint64_t set);

/* Whether the process ignores the signal or has blocked it. */
bool signal_is_unheard(const struct process_page *page, uint32_t number);

/* Of a process that goes on after a stop: the pending signal that ends it, or 0; whether it has
 * others to take. */
uint32_t signal_fatal(const struct process_page *page);
bool signal_is_due(const struct process_page *page);
