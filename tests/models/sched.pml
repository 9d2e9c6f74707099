/* SPDX-License-Identifier: MIT */
/*
 * Switching, waking, stealing and idling on several CPUs: kernel/sched/{sched,run_queue}.c.
 *
 *     publish, choose, switch:  on_cpu[to] = 1; save from; current = to; on_cpu[from] = 0
 *     wake:                     win the word; on_cpu ? that CPU's queue : any; was it empty? IPI
 *     tick, while it has a queue: give a thread to a CPU that is idle
 *
 * Shows: no thread runs on two CPUs or is taken up before its registers are saved, none is in two
 * queues, no CPU halts while its queue holds a thread, every CPU whose queue holds one ticks, and
 * none is left in a queue while another CPU is idle.
 *
 * x86 lets a load overtake an older store of the same CPU: `unseen` threads are queued, but the
 * store of the queue's `top` has not reached the other CPUs. Who takes the queue's lock sees
 * everything.
 *
 * CPUS, THREADS (one runs on each CPU at first, the others wait), BLOCKS, WAKES, YIELDS: how often
 * each of these happens in all.
 */
#ifndef CPUS
#define CPUS 2
#endif
#ifndef THREADS
#define THREADS 3
#endif
#ifndef BLOCKS
#define BLOCKS 4
#endif
#ifndef WAKES
#define WAKES 4
#endif
#ifndef YIELDS
#define YIELDS 1
#endif
#define NONE 15
#define IDLE THREADS /* current, when it is the idle thread */

bool waiting[THREADS];
bool on_cpu[THREADS];
byte cpu[THREADS];
byte queue[THREADS];  /* in which run queue, or NONE; under that queue's lock */
bool unseen[THREADS];
bool saved[THREADS];  /* ghost: the registers are in the record */
byte current[CPUS];
bool ipi[CPUS];
bool ticking[CPUS];
byte blocks = BLOCKS, wakes = WAKES, yields = YIELDS;

#define OTHER         ((me + 1) % CPUS)
#define IS_QUEUED(id) (queue[id] == me)
#define IS_SEEN(id)   (queue[id] == me && !unseen[id])
#ifdef BUG_NO_SHED
#define CAN_MOVE(id)  false
#else
#define CAN_MOVE(id)  (queue[id] == me && !on_cpu[id])
#endif
#if THREADS == 3
#define ANY(what)     (what(0) || what(1) || what(2))
#else
#define ANY(what)     (what(0) || what(1) || what(2) || what(3))
#endif

inline push(t, target, self)
{
    d_step {
        assert(queue[t] == NONE && !waiting[t]);
        was_empty = true;
        i = 0;
        do
        :: i < THREADS ->
            if
            :: queue[i] == target -> was_empty = false; unseen[i] = false /* with its lock */
            :: else
            fi;
            i++
        :: else -> break
        od;
        i = 0;
        queue[t] = target;
        unseen[t] = (target != self);
        if
        :: target == self && current[self] != IDLE -> ticking[self] = true
        :: else
        fi
    }
}

/* The first thread in a queue whose top is seen to be set; with its lock, so all of it is seen. */
inline pop(from, self, is_thief, ret_t)
{
    d_step {
        ret_t = 0;
        do
        :: ret_t < THREADS && !(queue[ret_t] == from && !unseen[ret_t]) -> ret_t++
        :: else -> break
        od;
        if
        :: ret_t == THREADS -> ret_t = NONE
        :: else ->
            ret_t = 0;
            do
            :: ret_t < THREADS ->
                if :: queue[ret_t] == from -> unseen[ret_t] = false :: else fi;
                ret_t++
            :: else -> break
            od;
            ret_t = 0;
            do
            :: ret_t < THREADS && queue[ret_t] == from ->
#ifdef BUG_STEAL_ON_CPU
                break
#else
                if :: !is_thief || !on_cpu[ret_t] -> break :: else -> ret_t++ fi
#endif
            :: ret_t < THREADS && queue[ret_t] != from -> ret_t++
            :: else -> break
            od;
            if
            :: ret_t == THREADS -> ret_t = NONE
            :: else -> queue[ret_t] = NONE
            fi
        fi
    }
}

/* sched_wake of a thread whose wait was won */
inline sched_wake(t, target, self)
{
    if
#ifndef BUG_PLACE_ANYWHERE
    :: on_cpu[t] -> target = cpu[t]
    :: !on_cpu[t] -> target = 0
    :: !on_cpu[t] -> target = CPUS - 1
#else
    :: target = 0
    :: target = CPUS - 1
#endif
    fi;
    push(t, target, self);
    if
#ifndef BUG_NO_NOTICE
    :: target != self && was_empty -> d_step { unseen[t] = false; ipi[target] = true }
#endif
    :: else /* it ticks, or will */
    fi
}

/* Ends somebody's wait: t, or NONE if nobody waits. */
inline win(t)
{
    atomic {
        if
        :: waiting[0] -> t = 0
        :: waiting[1] -> t = 1
#if THREADS > 2
        :: waiting[2] -> t = 2
#endif
#if THREADS > 3
        :: waiting[3] -> t = 3
#endif
        :: else -> t = NONE
        fi;
        if :: t != NONE -> waiting[t] = false :: else fi
    }
}

/* sched_switch on this CPU, from its current thread (or idle) to another (or idle). */
inline switch_to(from, to, self)
{
    if
    :: to != IDLE -> d_step {
#ifndef BUG_HANDOFF_ON_CPU
           assert(!on_cpu[to]);
#endif
           assert(queue[to] == NONE);
           cpu[to] = self;
           on_cpu[to] = true
       }
    :: else
    fi;
#ifdef BUG_CLEAR_EARLY
    if :: from != IDLE -> on_cpu[from] = false :: else fi;
#endif
    if :: from != IDLE -> assert(!saved[from]); saved[from] = true :: else fi;
    d_step {
        if
        :: to != IDLE -> assert(saved[to]); saved[to] = false
        :: else
        fi;
        current[self] = to
    }
    if :: from != IDLE -> on_cpu[from] = false :: else fi
}

inline choose(from, t, self)
{
    pop(self, self, false, t);
    if
    :: t == NONE -> pop((self + 1) % CPUS, self, true, t)
    :: else
    fi;
    if
    :: t == NONE -> t = IDLE
    :: else
    fi
}

proctype processor(byte me)
{
    byte from, t, target, i;
    bool was_empty, is_told;

end_user:
    do
    :: atomic { /* block */
           current[me] != IDLE && blocks > 0 ->
           blocks--; from = current[me]; waiting[from] = true
        }
        choose(from, t, me);
        goto leave

    :: atomic { /* call or answer: hand the CPU over */
           current[me] != IDLE && blocks > 0 && wakes > 0 ->
           blocks--; wakes--; from = current[me]
        }
        win(t);
        waiting[from] = true;
        if
        :: t == NONE -> choose(from, t, me); goto leave
        :: t != NONE
        fi;
        if
#ifdef BUG_HANDOFF_ON_CPU
        :: true -> goto leave
#else
        :: !on_cpu[t] -> goto leave
        :: on_cpu[t] ->
            sched_wake(t, target, me);
            choose(from, t, me);
            goto leave
#endif
        fi

    :: atomic { current[me] != IDLE && wakes > 0 -> wakes-- }
        win(t);
        if
        :: t != NONE -> sched_wake(t, target, me)
        :: else
        fi;
        t = 0; target = 0

    :: atomic { /* yield, or the end of a slice */
           current[me] != IDLE && yields > 0 ->
           yields--; from = current[me]
        }
        push(from, me, me);
        choose(from, t, me);
leave:
        if
        :: t == from -> assert(!saved[t]) /* woken before it had left */
        :: else -> switch_to(from, t, me)
        fi;
        from = 0; t = 0; target = 0; was_empty = false

    :: atomic { /* it goes on */
           current[me] != IDLE && ipi[me] ->
           ipi[me] = false;
           ticking[me] = ticking[me] || ANY(IS_QUEUED)
       }

    :: atomic { /* the tick: a thread goes to an idle CPU */
           current[me] != IDLE && ticking[me] && ANY(CAN_MOVE) && current[OTHER] == IDLE ->
           t = 0;
           do
           :: !CAN_MOVE(t) -> t++
           :: else -> break
           od;
           queue[t] = NONE;
           push(t, OTHER, me);
           unseen[t] = false;
           ipi[OTHER] = true;
           t = 0; was_empty = false
       }

    :: atomic { /* the tick: nothing is queued */
           current[me] != IDLE && ticking[me] && !ANY(IS_SEEN) -> ticking[me] = false
       }

    :: current[me] == IDLE -> /* sched_idle */
        choose(IDLE, t, me);
        if
        :: t != IDLE ->
            switch_to(IDLE, t, me);
            ticking[me] = ticking[me] || (is_told && ANY(IS_QUEUED)); /* end of the interrupt */
            is_told = false
        :: else ->
            is_told = false;
end_halt:   atomic { ipi[me] -> ipi[me] = false; is_told = true }
        fi;
        from = 0; t = 0; target = 0; was_empty = false
    od
}

/* Stores reach the other CPUs in the end. */
proctype store_buffers()
{
    byte i;
end:
    do
    :: atomic { unseen[0] -> unseen[0] = false }
    :: atomic { unseen[1] -> unseen[1] = false }
#if THREADS > 2
    :: atomic { unseen[2] -> unseen[2] = false }
#endif
#if THREADS > 3
    :: atomic { unseen[3] -> unseen[3] = false }
#endif
    od
}

proctype final()
{
    byte i;
end:
    timeout;
    i = 0;
    do
    :: i < THREADS ->
        assert(waiting[i] || on_cpu[i] || queue[i] != NONE);
        if
        :: queue[i] != NONE ->
            assert(current[queue[i]] != IDLE); /* not left behind */
            assert(current[(queue[i] + 1) % CPUS] != IDLE);
            assert(ticking[queue[i]])
        :: else
        fi;
        i++
    :: else -> break
    od
}

init
{
    byte i;
    atomic {
        do
        :: i < THREADS ->
            queue[i] = NONE;
            if
            :: i < CPUS -> on_cpu[i] = true; cpu[i] = i; current[i] = i
            :: else -> waiting[i] = true; saved[i] = true
            fi;
            i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < CPUS -> run processor(i); i++
        :: else -> break
        od;
        run store_buffers();
        run final()
    }
}
