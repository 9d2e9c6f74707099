/* SPDX-License-Identifier: MIT */
/*
 * Sync rounds: kernel/core/sync.c. A grace period and a TLB shootdown in one: take the next
 * generation, interrupt the CPUs, and when each has seen that generation, let go of what waited.
 *
 * Each CPU may fill its TLB from the page tables at any time, enters the kernel, where it
 * may find the object and use it, removes an object and starts a round, and takes interrupts,
 * outside the kernel only. ROUNDS objects are removed, one after the other or at once.
 *
 * Shows: when an object is freed no CPU still uses it and no TLB still maps it; each round ends,
 * and each is freed once.
 */
#ifndef CPUS
#define CPUS 2
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#define NONE 15

bool present[ROUNDS];      /* can be found; is in the page tables */
bool is_freed[ROUNDS];
byte node_generation[ROUNDS];
bool is_waiting[ROUNDS];   /* in sync_state.waiting */
bool is_removed[ROUNDS];
byte generation;
byte seen[CPUS];
bool ipi[CPUS];
byte tlb[CPUS]; /* which object this TLB maps, or NONE */
byte uses[CPUS];

inline send_all()
{
    d_step {
        i = 0;
        do
        :: i < CPUS -> ipi[i] = true; i++
        :: else -> break
        od;
        i = 0
    }
}

/* The first round that waits, if it is complete; r is NONE if not. Under the lock. */
inline pop_complete(r)
{
    d_step {
        r = 0;
        do
        :: r < ROUNDS && !is_waiting[r] -> r++
        :: else -> break
        od;
        if
        :: r == ROUNDS -> r = NONE
        :: else ->
            i = 0;
            do
#ifdef BUG_OTHERS_UNASKED
            :: i < CPUS && i != me -> i++
#endif
            :: i < CPUS && seen[i] >= node_generation[r] -> i++
            :: else -> break
            od;
            if
            :: i < CPUS -> r = NONE
            :: else -> is_waiting[r] = false
            fi;
            i = 0
        fi
    }
}

proctype processor(byte me)
{
    byte i, r, g;

end:
    do
    :: d_step { present[0] -> uses[me] = 0 } /* a look-up in the kernel; interrupts are off */
#ifdef BUG_INTERRUPTS_ON
        if :: ipi[me] -> goto taken :: true fi;
resume:
#endif
        assert(!is_freed[0]);
        uses[me] = NONE

    :: atomic { !is_removed[0] -> is_removed[0] = true; r = 0 } /* remove, unmap */
start:
#ifdef BUG_ROUND_FIRST
        atomic { generation++; node_generation[r] = generation; is_waiting[r] = true }
        send_all();
        present[r] = false;
#else
        present[r] = false;
        atomic { generation++; node_generation[r] = generation; is_waiting[r] = true }
        send_all();
#endif
        r = 0
    :: atomic { ROUNDS > 1 && !is_removed[ROUNDS - 1] -> is_removed[ROUNDS - 1] = true;
                r = ROUNDS - 1; goto start }

    :: ipi[me] -> /* sync_interrupt */
#ifdef BUG_INTERRUPTS_ON
taken:
#endif
#ifndef BUG_ACKNOWLEDGED_LATE
        ipi[me] = false;
#endif
#ifdef BUG_FLUSH_FIRST
        tlb[me] = NONE;
        g = generation;
#else
        g = generation;
        tlb[me] = NONE;
#endif
        seen[me] = g;
        do
        :: pop_complete(r);
            if
            :: r == NONE -> break
            :: else ->
                assert(!is_freed[r]);
                d_step {
                    i = 0;
                    do
                    :: i < CPUS -> assert(tlb[i] != r && uses[i] != r); i++
                    :: else -> break
                    od;
                    i = 0
                }
                is_freed[r] = true
            fi
        od;
#ifdef BUG_ACKNOWLEDGED_LATE
        ipi[me] = false;
#endif
        r = 0; g = 0;
#ifdef BUG_INTERRUPTS_ON
        if :: uses[me] != NONE -> goto resume :: else fi
#endif
    od
}

/* A CPU may read the page tables whenever it likes, in the kernel too. */
proctype page_walker(byte me)
{
end:
    do
    :: d_step { tlb[me] == NONE && present[0] -> tlb[me] = 0 }
#if ROUNDS > 1
    :: d_step { tlb[me] == NONE && present[1] -> tlb[me] = 1 }
#endif
    od
}

proctype final()
{
    byte i;
end:
    timeout;
    do
    :: i < ROUNDS -> assert(is_removed[i] && is_freed[i]); i++ /* every round ended */
    :: else -> break
    od
}

init
{
    byte i;
    atomic {
        do
        :: i < ROUNDS -> present[i] = true; i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < CPUS -> tlb[i] = NONE; uses[i] = NONE; run processor(i); run page_walker(i); i++
        :: else -> break
        od;
        run final()
    }
}
