/* SPDX-License-Identifier: MIT */
#include "signals.h"
#include <quay/protocol.h>

/* By default all others end the process. */
#define SIGNALS_IGNORED                                                                            \
    (signal_bit(SIGNAL_CHLD) | signal_bit(SIGNAL_CONT) | signal_bit(SIGNAL_URG) |                  \
     signal_bit(SIGNAL_WINCH))

#define SIGNALS_ALWAYS (signal_bit(SIGNAL_KILL) | signal_bit(SIGNAL_STOP))

static uint64_t load(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST); /* pairs with the process's stores */
}

enum signal_fate signal_fate(const struct process_page *page, uint32_t number, bool is_stopped)
{
    uint64_t bit = signal_bit(number);
    if ((bit & SIGNALS_ALWAYS) != 0) {
        return number == SIGNAL_KILL ? SIGNAL_FATE_END : SIGNAL_FATE_HALT;
    }
    if ((load(&page->blocked) & bit) != 0) {
        return SIGNAL_FATE_PEND;
    }
    bool is_caught = (load(&page->caught) & bit) != 0;
    if ((load(&page->ignored) & bit) != 0 || (!is_caught && (bit & SIGNALS_IGNORED) != 0)) {
        return SIGNAL_FATE_DROP;
    }
    if (is_stopped) {
        return SIGNAL_FATE_PEND;
    }
    if (is_caught) {
        return SIGNAL_FATE_KICK;
    }
    return (bit & SIGNALS_STOP) != 0 ? SIGNAL_FATE_HALT : SIGNAL_FATE_END;
}

static bool queue_put(struct process_page *page, uint32_t number,
                      const struct process_signal *signal)
{
    static uint64_t order; /* of all processes: only who is first matters */
    for (uint32_t i = 0; i < PROCESS_QUEUE_MAX; i++) {
        struct process_queued *queued = &page->queue[i];
        if (load(&queued->order) == 0) {
            queued->number = number;
            queued->signal = *signal;
            /* pairs with the process's look for the lowest order */
            __atomic_store_n(&queued->order, ++order, __ATOMIC_RELEASE);
            return true;
        }
    }
    return false;
}

bool signal_put(struct process_page *page, uint32_t number, const struct process_signal *signal)
{
    uint64_t bit = signal_bit(number);
    if (number >= PROCESS_SIGNAL_STANDARD) {
        if (!queue_put(page, number, signal)) {
            return false;
        }
    } else if ((load(&page->pending) & bit) == 0) {
        page->info[number] = *signal;
    }
    (void)__atomic_fetch_or(&page->pending, bit, __ATOMIC_SEQ_CST); /* pairs with who takes it */
    return true;
}

void signal_forget(struct process_page *page, uint64_t set)
{
    (void)__atomic_fetch_and(&page->pending, ~set, __ATOMIC_SEQ_CST); /* as signal_put */
}

bool signal_is_unheard(const struct process_page *page, uint32_t number)
{
    return ((load(&page->blocked) | load(&page->ignored)) & signal_bit(number)) != 0;
}

uint32_t signal_fatal(const struct process_page *page)
{
    uint64_t set = load(&page->pending) & ~(load(&page->blocked) | load(&page->caught) |
                                            load(&page->ignored) | SIGNALS_IGNORED | SIGNALS_STOP);
    return set != 0 ? (uint32_t)__builtin_ctzl(set) + 1 : 0;
}

bool signal_is_due(const struct process_page *page)
{
    return (load(&page->pending) & ~load(&page->blocked)) != 0;
}
