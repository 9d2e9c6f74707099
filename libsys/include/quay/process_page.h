/* SPDX-License-Identifier: MIT */
/*
 * The page that a POSIX process shares with proc, and how such a process starts.
 *
 *   PROCESS_PAGE    struct process_page     read and written by both; a fork has a new one
 *     + PAGE_SIZE   the start block         what spawn was given, as its caller made it
 *   ...           the layer's data and small memory (posix.ld, pages.c)
 *   PROCESS_STACK - PROCESS_STACK_BYTES     stack of the first thread; below it nothing is mapped
 *   PROCESS_STACK                           its end, a multiple of QY_STACK_WINDOW
 *
 * Both lie in one region of 2 MiB, next to the image of the POSIX layer: each page table that a
 * process has is made, copied and freed with it.
 *
 * proc maps the image of the POSIX layer where its program headers say, and starts the first thread
 * at its entry with rsp = PROCESS_STACK and rdi = PROCESS_PAGE. The layer loads the program that
 * the start block names, and says `started` or `start_failed`.
 *
 * Who may write what stands at each field. What the process writes is its own affair: proc believes
 * it about this process and nobody else, and reads each word once.
 *
 * Signals. proc sets bits in `pending`, the process clears them (both atomically) when it takes a
 * signal; then proc kicks the thread that `signal_thread` of the protocol named, the first one at
 * the beginning. Whoever is kicked and finds that another thread has to take a signal kicks that.
 *   - Standard signals: proc writes info[] of a signal whose bit is clear, and sets the bit.
 *   - Real-time signals: one entry of queue[] each; the bit is set if there is one. To take one:
 *     clear the bit, take the entry with the lowest `order`, set the bit again if there are more.
 *   - Default actions are proc's: it ends, stops and continues, also who cannot run. A signal that
 *     was blocked and pending is the process's: when it unblocks one whose action is the default,
 *     it ends by PROCESS_EXIT_SIGNAL, or calls `stop`.
 *   - SIGKILL, SIGSTOP and SIGCONT never wait for anybody. SIGCONT is pending afterwards only if it
 *     is caught.
 *
 * Waiting. `children` changes with each change of a child that wait would tell. Without something
 * to tell, `wait` answers at once; whoever wants to wait reads `children`, calls, counts himself in
 * `waiting`, and sleeps on `children` while it is the same (a futex). proc wakes if `waiting` is
 * not 0.
 */
#pragma once

#include <quay/abi/types.h>

#define PROCESS_PAGE        0x7e003fe00000ul
#define PROCESS_STACK       0x7e0040000000ul
#define PROCESS_STACK_BYTES (64 * 1024ul)

#define PROCESS_PAGE_MAGIC 0x43505951u /* "QYPC" */

/* Exit codes (process_exit): 0 to 255 is exit status, this and a number death by a signal. */
#define PROCESS_EXIT_SIGNAL 0x100

#define PROCESS_SIGNAL_COUNT    64 /* 1 to 64; sets have bit (number - 1) */
#define PROCESS_SIGNAL_STANDARD 32 /* below: one of each is pending at most */
#define PROCESS_QUEUE_MAX       64
#define PROCESS_HANDLES_MAX     8
#define PROCESS_NAME_MAX        16

/* process_page.flags. */
#define PROCESS_NO_CHILD_STOP 1u /* no SIGCHLD when children stop (SA_NOCLDSTOP) */
#define PROCESS_NO_CHILD_WAIT 2u /* children leave nothing to wait for (SA_NOCLDWAIT, SIG_IGN) */
#define PROCESS_EXECUTED      4u /* another program was loaded since the start or fork */

struct process_signal {
    int32_t code;   /* Linux's si_code */
    int32_t pid;    /* of the sender, or of the child */
    uint64_t value; /* SIGCHLD: status; else what sigqueue gave */
};

struct process_queued {
    uint64_t order; /* 0: free; proc writes it last, the process clears it */
    uint32_t number;
    uint32_t reserved;
    struct process_signal signal;
};

struct process_page {
    /* Written by proc before the start. */
    uint32_t magic;
    uint32_t start_bytes;                        /* of the start block; 0 after a fork */
    handle_t process, aspace, job, thread, proc; /* of this process; they survive no fork */
    handle_t handles[PROCESS_HANDLES_MAX];       /* what spawn gave, in its order */
    int32_t pid;
    uint32_t reserved;

    /* Written by proc. */
    int32_t parent, group, session;
    uint32_t children;
    uint64_t pending; /* and by the process */

    /* Written by the process. */
    uint32_t waiting;
    uint32_t flags;
    uint64_t blocked;   /* by all of its threads */
    uint64_t ignored;   /* SIG_IGN */
    uint64_t caught;    /* has a handler; neither: default */
    uint64_t arguments; /* address of the command line, strings with zeros, and its size */
    uint64_t arguments_bytes;
    char name[PROCESS_NAME_MAX]; /* for the eyes of people */
    /* Ended by a signal that stands for a crash: which, and where the struct thread_registers lies
     * that has what the program had (without the bases). Then the layer itself has an exception. */
    uint32_t fatal_signal;
    uint32_t reserved_2;
    uint64_t fatal_registers;

    struct process_signal info[PROCESS_SIGNAL_STANDARD]; /* by number */
    struct process_queued queue[PROCESS_QUEUE_MAX];
};

_Static_assert(sizeof(struct process_page) <= 4096, "process_page is a page");

static inline struct process_page *qy_process_page(void)
{
    return (struct process_page *)PROCESS_PAGE;
}
