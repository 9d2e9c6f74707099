/* SPDX-License-Identifier: MIT */
/*
 * Cycles of calls: kernel/object/chain.c. Each thread serves a port of its own and calls others:
 *
 *     call:  publish the wait (queued at the port)          or deliver, if its thread receives
 *            follow: whose port is it, does that one wait too, and for whom ...
 *            back at the caller: look once more whether all those waits are still the same
 *            yes: end the own wait with EDEADLK, unless somebody else has ended it
 *
 * Shown: threads that wait for each other in a ring do not stay so, and EDEADLK is only said where
 * there was a ring. THREADS of them, CALLS each.
 */
#ifndef THREADS
#define THREADS 3
#endif
#ifndef CALLS
#define CALLS 2
#endif

#define NONE THREADS

/* The wait word: for whose port (NONE: does not wait in a call), and the sequence. */
byte calls[THREADS] = NONE;
byte seq[THREADS];
bool receiving[THREADS];
byte served[THREADS] = NONE; /* whose call it has in hand */

/* Is there a ring through t at this moment? */
inline ring_look(t, ret_ring)
{
    ret_ring = false;
    ring_at = t;
    ring_steps = 0;
    do
    :: ring_steps == THREADS || calls[ring_at] == NONE -> break
    :: else ->
        ring_at = calls[ring_at];
        ring_steps++;
        if
        :: ring_at == t -> ret_ring = true; break
        :: else
        fi
    od;
    ring_at = 0;
    ring_steps = 0
}

/* Follows the waits from the caller on; `closed`: back at the caller. */
inline follow()
{
    at = target;
    closed = false;
    count = 0;
    do
    :: at == _pid -> closed = true; break
    :: else ->
        atomic {
            next = calls[at];
            seen[at] = seq[at]
        };
        visited[at] = true;
        count++;
        if
        :: next == NONE || count == THREADS -> break
        :: else -> at = next
        fi
    od;
    at = 0;
    next = 0;
    count = 0
}

inline check()
{
#ifdef BUG_NO_SECOND_LOOK
    skip
#else
    at = 0;
    do
    :: at == THREADS -> break
    :: else ->
        if
        :: visited[at] && (seq[at] != seen[at]) -> closed = false
        :: else
        fi;
        at++
    od;
    at = 0
#endif
}

inline forget()
{
    d_step {
        at = 0;
        do
        :: at == THREADS -> break
        :: else -> visited[at] = false; seen[at] = 0; at++
        od;
        at = 0;
        closed = false;
        ring = false;
        target = 0
    }
}

active [THREADS] proctype thread()
{
    byte made, target, at, next, count, ring_at, ring_steps;
    byte seen[THREADS];
    bool visited[THREADS];
    bool closed, ring;

    do
    :: made < CALLS ->
        made++;
        select(target : 0 .. THREADS - 1);
        if
        :: target == _pid -> target = (target + 1) % THREADS
        :: else
        fi;
#ifdef BUG_FOLLOW_FIRST
        follow();
#endif
        atomic { /* under the port's lock */
            calls[_pid] = target;
            if
            :: receiving[target] ->
                receiving[target] = false;
                served[target] = _pid;
                closed = false
            :: else
            fi
        };
        if
        :: served[target] == _pid
        :: else ->
#ifndef BUG_FOLLOW_FIRST
            follow();
#endif
            if
            :: closed ->
                d_step { ring_look(_pid, ring) };
                check();
                atomic {
                    if
                    :: closed && calls[_pid] != NONE && served[target] != _pid ->
                        assert(ring);
                        calls[_pid] = NONE;
                        seq[_pid]++
                    :: else
                    fi
                }
            :: else
            fi
        fi;
        forget();
        calls[_pid] == NONE /* answered, or EDEADLK */
    :: served[_pid] != NONE -> /* it may have called others meanwhile */
        atomic {
            calls[served[_pid]] = NONE;
            seq[served[_pid]]++;
            served[_pid] = NONE
        }
    :: served[_pid] == NONE -> /* receive */
        atomic {
            if
            :: calls[(_pid + 1) % THREADS] == _pid -> served[_pid] = (_pid + 1) % THREADS
            :: calls[(_pid + 2) % THREADS] == _pid -> served[_pid] = (_pid + 2) % THREADS
            :: else -> receiving[_pid] = true
            fi
        };
end:    !receiving[_pid]
    od
}
