/* SPDX-License-Identifier: MIT */
/*
 * Kicks of a thread that redirects: thread_kick, kick_again (kernel/object/thread.c), sched_wait,
 * kernel/sched/redirect.c, and the library's way back to its guest (quay/abi/redirect.h).
 *
 * Some kickers each leave a signal and kick. The thread's guest runs, or does system calls; its
 * library clears `kicked`, handles the signals it finds, and waits, or goes back to the guest by the
 * exit window or by thread_resume. Interrupts come between any two steps in user mode, and may put
 * the thread back into the run queue. A wait may also end by itself.
 *
 * Shows: when nothing is left to happen, every signal was handled: the thread neither runs in its
 * guest nor waits with one pending. There is no interrupt that comes by chance to hide a hole, but
 * some may.
 */
#ifndef KICKERS
#define KICKERS 2
#endif
#ifndef CALLS
#define CALLS 1 /* that the guest does */
#endif
#ifndef WAITS
#define WAITS 2
#endif
#ifndef TIMERS
#define TIMERS 1 /* interrupts for another reason */
#endif

#define IS_WAITING (wait & 1)

mtype = { GUEST, ENTRY, SIGNALS, CHOOSE, LOOK, RESTORE, BLOCK, RESUME };
mtype pc = GUEST;
bool is_user = true; /* on its CPU, in user mode */
bool is_ready;       /* in the run queue */
bool signals;        /* left for the library */
bool kicked;         /* in struct redirect */
bool flag_kicked, flag_chased, flag_more;
byte wait;
bool is_round, is_seen, ipi; /* sync.pml has the rounds themselves */
byte calls, waits, timers;

/* Whoever ends a wait says how: with EINTR the library looks for signals, else it goes on. */
inline wake(result)
{
    assert(!is_ready && !is_user);
    pc = result;
    is_ready = true
}

/* redirect_kick: about to go on where it was interrupted. */
inline redirect_kick()
{
    if
    :: flag_kicked ->
        if
#ifndef BUG_NO_REWIND
        :: pc == LOOK || pc == RESTORE ->
#ifdef BUG_LOOK_OUTSIDE
            if :: pc == RESTORE -> skip :: else fi
#else
            pc = LOOK
#endif
#endif
#ifdef BUG_DROP_UNFLAGGED
        :: pc == GUEST && !kicked -> flag_kicked = false
        :: pc == GUEST && kicked ->
#else
        :: pc == GUEST ->
#endif
            pc = ENTRY;
            flag_kicked = false
        :: else ->
#ifdef BUG_TAKE_IN_LIBRARY
            flag_kicked = false
#else
            skip
#endif
        fi
    :: else
    fi
}

inline interrupt_return()
{
    redirect_kick();
    if
    :: atomic { is_user = false; is_ready = true } /* preempted */
    :: skip
    fi
}

proctype thread()
{
end:
    do
    /* User mode. */
    :: is_user && pc == GUEST && calls < CALLS -> atomic { calls++; pc = ENTRY }
#ifdef BUG_CLEAR_LATE
    :: atomic { is_user && pc == ENTRY -> signals = false; pc = SIGNALS }
    :: atomic { is_user && pc == SIGNALS -> kicked = false; pc = CHOOSE }
#else
    :: atomic { is_user && pc == ENTRY -> kicked = false; pc = SIGNALS }
    :: atomic { is_user && pc == SIGNALS -> signals = false; pc = CHOOSE }
#endif
    :: atomic { is_user && pc == CHOOSE -> pc = LOOK }
    :: atomic { is_user && pc == CHOOSE -> pc = RESUME }
    :: atomic { is_user && pc == CHOOSE && waits < WAITS -> waits++; pc = BLOCK }
    :: atomic { is_user && pc == LOOK && kicked -> pc = ENTRY }
    :: atomic { is_user && pc == LOOK && !kicked -> pc = RESTORE }
    :: is_user && pc == RESTORE -> pc = GUEST

    /* A system call that waits; interrupts are off. */
    :: is_user && pc == BLOCK ->
        atomic { is_user = false; wait++ } /* wait_publish */
        if
#ifndef BUG_NO_LOOK_IN_WAIT
        :: atomic { flag_kicked -> flag_kicked = false }
            if
            :: atomic { IS_WAITING -> wait++; wake(ENTRY) }
            :: else ->
#ifndef BUG_TAKE_IN_VAIN
                flag_kicked = true
#else
                skip
#endif
            fi
#endif
        :: else
        fi

    :: is_user && pc == RESUME -> /* thread_resume */
        is_user = false;
        if
#ifndef BUG_RESUME_BLIND
        :: atomic { flag_kicked -> flag_kicked = false; pc = ENTRY }
        :: else ->
            if
            :: kicked -> pc = ENTRY
            :: else -> pc = GUEST
            fi
#else
        :: atomic { flag_kicked = false; pc = GUEST }
#endif
        fi;
        is_user = true

    /* switch_to. */
    :: is_ready ->
        is_ready = false;
#ifndef BUG_NO_LOOK_AT_SWITCH
        redirect_kick();
#endif
        is_user = true

    /* Interrupts: of this thread, or of what runs instead of it. */
    :: ipi ->
        atomic { ipi = false; is_seen = is_round }
        if
        :: is_user -> interrupt_return()
        :: else
        fi
    :: is_user && timers < TIMERS -> timers++; interrupt_return()
    od
}

/* try_kick; `done` tells. */
inline try_kick()
{
    if
    :: atomic { IS_WAITING -> seen_wait = wait }
        if
        :: atomic { flag_kicked -> flag_kicked = false }
            if
            :: atomic { wait == seen_wait -> wait++; wake(ENTRY); done = true; seen_wait = 0 }
#ifdef BUG_NO_CHASE_AFTER
            :: atomic { wait != seen_wait -> flag_kicked = true; seen_wait = 0 }
#else
            :: atomic { wait != seen_wait -> flag_kicked = true; flag_more = true; seen_wait = 0 }
#endif
            fi
        :: atomic { !flag_kicked -> seen_wait = 0 }
        fi
    :: !IS_WAITING
    fi
}

inline round_begin()
{
    atomic { is_round = true; is_seen = false; ipi = true }
}

proctype kicker()
{
    byte seen_wait;
    bool done;

    signals = true;
    flag_kicked = true;
#if !defined(BUG_FLAG_ONLY) && !defined(BUG_FLAG_LATE)
    kicked = true;
#endif
    try_kick();
    if
    :: done
    :: else ->
        if
#ifdef BUG_CHASED_ONCE
        :: atomic { flag_chased -> skip }
#else
        :: atomic { flag_chased -> flag_more = true }
#endif
        :: atomic { !flag_chased -> flag_chased = true } round_begin()
        fi
    fi
#ifdef BUG_FLAG_LATE
    ; kicked = true
#endif
}

proctype kick_again()
{
    byte seen_wait;
    bool done;

end:
    do
    :: atomic { is_round && is_seen -> is_round = false; is_seen = false }
        try_kick();
        if
        :: atomic { flag_more -> flag_more = false } round_begin()
        :: atomic { !flag_more -> flag_chased = false }
        fi;
        done = false
    od
}

/* A wait that ends by itself, once. */
proctype waker()
{
    byte seen_wait;

end:
    atomic { IS_WAITING -> seen_wait = wait }
    if
    :: atomic { wait == seen_wait -> wait++; wake(CHOOSE) }
    :: else
    fi
}

proctype final()
{
end:
    timeout;
    assert(!signals)
}

init
{
    byte i;
    atomic {
        run thread();
        run kick_again();
        run waker();
        do
        :: i < KICKERS -> run kicker(); i++
        :: else -> break
        od;
        i = 0;
        run final()
    }
}
