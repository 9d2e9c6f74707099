/* SPDX-License-Identifier: MIT */
/*
 * Lazy thread timers: deadline_due, deadline_fire and sched_arm_deadline of kernel/sched/sched.c
 * with kernel/sched/timer.c. A node stays armed when its thread's wait ends early; when the thread
 * waits again, on any CPU, nothing is touched if the node is armed on this CPU and early enough.
 *
 * Shows: a deadline is never missed, and no wait is ended before its own.
 *
 * A CPU takes its timer interrupt only outside the kernel. `word_unseen`: the store of the wait
 * word has not reached the other CPUs; taking a lock makes it so.
 *
 * WAITS, LAST (time goes from 0 to that).
 */
#ifndef WAITS
#define WAITS 3
#endif
#ifndef LAST
#define LAST 3
#endif
#define CPUS 2
#define NEVER 99
#define NONE 15

byte now;
bool waiting;
byte seq;
bool word_unseen;
byte publisher = NONE; /* on which CPU the word was stored */
byte deadline = NEVER;
byte at = NEVER; /* of the node; NEVER: not linked */
byte home;       /* the node's timer.cpu */
bool lock[CPUS];
bool in_kernel[CPUS];
bool is_finished;

#define sees_waiting(self) (waiting && !(word_unseen && publisher != (self)))

inline acquire(k) { d_step { !lock[k] -> lock[k] = true; word_unseen = false } }
inline release(k) { lock[k] = false }

/* The thread, each time on some CPU. */
proctype thread()
{
    byte n, self, d;

    do
    :: n < WAITS ->
        n++;
        if
        :: self = 0
        :: self = 1
        fi;
        atomic { !in_kernel[self] -> in_kernel[self] = true }
        if
        :: d = NEVER
        :: d = (now < LAST -> now + 1 : LAST)
        :: d = LAST
        fi;
        deadline = d;
#ifndef BUG_ARM_BEFORE_PUBLISH
        atomic { seq++; waiting = true; word_unseen = true; publisher = self }
#endif
        /* sched_arm_deadline */
        if
#ifdef BUG_HOME_UNCHECKED
        :: d != NEVER && at > d ->
#else
        :: d != NEVER && (home != self || at > d) ->
#endif
            acquire(0); /* lock_both */
            acquire(1);
            atomic {
                if
                :: at > d -> at = d; home = self
                :: else
                fi
            }
            release(0);
            release(1)
        :: else
        fi;
#ifdef BUG_ARM_BEFORE_PUBLISH
        atomic { seq++; waiting = true; word_unseen = true; publisher = self }
#endif
        in_kernel[self] = false;
        !waiting
    :: else -> break
    od;
    is_finished = true
}

/* An answer: ends any wait, or leaves it to its deadline. */
proctype answer()
{
end:
    do
    :: atomic { waiting && deadline == NEVER -> waiting = false; word_unseen = false }
    :: atomic { waiting -> waiting = false; word_unseen = false }
    :: waiting && deadline != NEVER -> break
    od
}

proctype late_answer()
{
end:
    do
    :: atomic { waiting && deadline == NEVER -> waiting = false; word_unseen = false }
    od
}

/* timer_interrupt on one CPU */
proctype interrupt(byte self)
{
    byte due, seen;
    bool is_waiting;
end:
    do
    :: atomic { at <= now && home == self && !in_kernel[self] -> in_kernel[self] = true }
        /* pop_due */
        acquire(self);
        if
        :: at <= now && home == self ->
            at = NEVER;
            due = NEVER;
            is_waiting = sees_waiting(self);
            if
            :: is_waiting -> due = deadline
            :: else
            fi;
            if
#ifdef BUG_NOT_REARMED
            :: due > now -> release(self); goto out
#else
            :: due > now ->
                if :: due != NEVER -> at = due :: else fi;
                release(self);
                goto out
#endif
            :: due <= now
            fi
        :: else -> release(self); goto out
        fi;
        release(self);
        /* deadline_fire */
#ifdef BUG_DEADLINE_FIRST
        due = deadline;
        d_step { seen = seq; is_waiting = sees_waiting(self) }
#else
        d_step { seen = seq; is_waiting = sees_waiting(self) }
        due = deadline;
#endif
        if
        :: is_waiting && due <= now ->
            d_step {
                if
                :: waiting && seq == seen ->
                    assert(deadline <= now); /* not too early */
                    waiting = false;
                    word_unseen = false
                :: else
                fi
            }
        :: else
        fi;
out:
        atomic { due = 0; seen = 0; is_waiting = false; in_kernel[self] = false }
    od
}

proctype clock()
{
    do
    :: now < LAST -> now++
    :: now == LAST -> break
    od
}

proctype store_buffer()
{
end:
    do
    :: word_unseen -> word_unseen = false
    od
}

proctype final()
{
end:
    timeout;
    assert(is_finished) /* no deadline missed */
}

init
{
    atomic {
        run thread();
        run answer();
        run late_answer();
        run interrupt(0);
        run interrupt(1);
        run clock();
        run store_buffer();
        run final()
    }
}
