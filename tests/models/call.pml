/* SPDX-License-Identifier: MIT */
/*
 * The wait word, with call, reply, drop, deadline, kill, server death, session end and port close:
 * kernel/object/{call,receive,port,session,thread}.c and wait_try_end of kernel/sched/thread.h. The
 * names are theirs; README.md says what is left out.
 *
 *   client --call--> [port lock] -- receiver with a slot: won by CAS --> message, wait_reply
 *                         |
 *                         +-- none: queued, wait_send --> a receiver wins it, message, wait_reply
 *
 *   a wait ends:  CAS of the word, seq|WAITING -> seq      one winner, the others do nothing;
 *                 unlink under the port lock; result in the frame; make ready
 *
 * One process is one thread's way through the kernel, or one party that ends waits. Steps are
 * atomic only where the port lock or ownership keeps everybody else away from what they touch, so
 * that each holds at most one access to a contended wait word.
 *
 * CLIENTS, CALLS (of each), SERVERS (one thread and one process each), SLOTS, LIMIT (calls of one
 * session), HELD (tokens a server keeps). DEADLINE (of how many clients), RECEIVE_DEADLINE,
 * KILL (client 0), DEATH (of this server process), INACTIVE (session 0), CLOSE (the port), HOSTILE
 * (tokens are used twice and by others), LEAVE (server 0 may do something else for ever, but for a
 * call that said ERETRY). FAST: what takes the lock twice is one section, as on the fast path.
 */
#ifndef CLIENTS
#define CLIENTS 2
#endif
#ifndef CALLS
#define CALLS 2
#endif
#ifndef SERVERS
#define SERVERS 1
#endif
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef LIMIT
#define LIMIT SLOTS
#endif
#ifndef HELD
#define HELD 1
#endif

#define THREADS (CLIENTS + SERVERS)
#define NONE 15
#define is_client(t) ((t) < CLIENTS)
#define process_of(t) ((t) - CLIENTS)

/* What a saved register frame and its message buffer hold. */
#define F_EMPTY 0
#define F_CALL 1 /* a caller's message */
#define F_OK 2   /* results, written by the winner of the wait: 2 to 7 */
#define F_TIMED_OUT 3
#define F_PEER_DIED 4
#define F_DROPPED 5
#define F_BAD_PORT 6
#define F_RETRY 7
#define F_MESSAGE 8 /* a delivered call: value and token */
#define F_REPLY 9   /* a server's answer */

/* struct thread: the wait word */
bool waiting[THREADS];
byte seq[THREADS];
/* wait_ops of a caller: wait_reply, or wait_send */
bool awaits_reply[CLIENTS];
/* under the port's lock */
bool linked[THREADS]; /* call_link of a caller, is_receiver_linked of a receiver */
byte thread_slot[THREADS];
/* owned by the thread while it runs, then by who won its wait */
byte call_slot[CLIENTS];
byte frame[THREADS];
byte frame_value[THREADS];
byte frame_slot[THREADS];
byte frame_generation[THREADS];
bool deadline_set[THREADS];
/* atomic */
bool killed[THREADS];
bool ready[THREADS];   /* in a run queue */
bool running[THREADS]; /* ghost */
bool dead[THREADS];

/* struct port, under its lock */
bool port_lock;
bool is_closed;
bool slot_free[SLOTS]; /* in the list of free slots */
byte slot_generation[SLOTS];
byte slot_session[SLOTS];
byte slot_owner[SLOTS];
byte slot_caller[SLOTS];
byte slot_wait[SLOTS]; /* caller_wait */
/* struct session, one for each client, under the port's lock */
byte session_calls[CLIENTS];
bool is_inactive[CLIENTS];
byte session_closed[CLIENTS]; /* SESSION_CLOSED notices raised */

inline lock() { d_step { !port_lock -> port_lock = true } }
inline unlock() { d_step { assert(port_lock); port_lock = false } }

/* wait_try_end */
inline wait_try_end(t, s, ret_won)
{
    d_step {
        if
        :: waiting[t] && seq[t] == (s) -> waiting[t] = false; ret_won = true
        :: else -> ret_won = false
        fi
    }
}

/* wait_publish, for the thread itself or one whose wait we have won. Only callers' sequences are
 * recorded anywhere; a receiver's stays 0 here, which saves states. */
inline wait_publish(t)
{
    d_step {
        assert(!waiting[t] && !ready[t]);
        running[t] = false;
        if :: is_client(t) -> seq[t]++ :: else fi;
        waiting[t] = true
    }
}

/* sched_wake: what happens on CPUs is the business of sched.pml. */
inline sched_wake(t)
{
    d_step {
        assert(!ready[t]);   /* twice in a run queue */
        assert(!waiting[t]); /* ready though it waits */
        assert(!running[t]);
        assert(!dead[t]);
        ready[t] = true
    }
}

/* session_call_over_locked, check_end_locked, session_end */
inline session_settle(c)
{
    if
    :: is_inactive[c] && session_calls[c] == 0 && session_closed[c] == 0 -> session_closed[c]++
    :: else
    fi
}
inline session_call_over(c)
{
    assert(session_calls[c] > 0);
    assert(session_closed[c] == 0); /* SESSION_CLOSED comes after the last call */
    session_calls[c]--;
#ifndef BUG_CLOSE_EARLY
    session_settle(c)
#endif
}

#if SLOTS == 1
#define FREE_SLOTS slot_free[0]
#elif SLOTS == 2
#define FREE_SLOTS (slot_free[0] || slot_free[1])
#else
#define FREE_SLOTS (slot_free[0] || slot_free[1] || slot_free[2])
#endif
#ifdef BUG_FREE_SLOT_UNSEEN
#define HAS_FREE_SLOT false
#else
#define HAS_FREE_SLOT FREE_SLOTS
#endif
#if CLIENTS == 1
#define HAS_CALLER linked[0]
#elif CLIENTS == 2
#define HAS_CALLER (linked[0] || linked[1])
#else
#define HAS_CALLER (linked[0] || linked[1] || linked[2])
#endif

inline find_free_slot(ret_slot)
{
    ret_slot = 0;
    do
    :: ret_slot < SLOTS && !slot_free[ret_slot] -> ret_slot++
    :: else -> break
    od;
    if :: ret_slot == SLOTS -> ret_slot = NONE :: else fi
}

/* receiver_take_locked(needs_slot): a receiver without a slot will do if one is free */
inline receiver_take(needs_slot, ret_r, won)
{
    won = false;
    ret_r = CLIENTS;
    do
    :: ret_r < THREADS ->
        if
        :: linked[ret_r] && (!needs_slot || thread_slot[ret_r] != NONE || HAS_FREE_SLOT) ->
            linked[ret_r] = false;
#ifdef BUG_POP_WITHOUT_CAS
            waiting[ret_r] = false; won = true;
#else
            wait_try_end(ret_r, seq[ret_r], won);
#endif
            if :: won -> break :: else fi
        :: else
        fi;
        ret_r++
    :: else -> ret_r = NONE; break
    od
}

/* caller_take_locked: any order stands for every order of priorities */
inline caller_take(ret_c, won)
{
    won = false;
    ret_c = 0;
    do
    :: ret_c < CLIENTS ->
        if
        :: linked[ret_c] ->
            linked[ret_c] = false;
#ifdef BUG_CALLER_NOT_WON
            won = waiting[ret_c];
#else
            wait_try_end(ret_c, seq[ret_c], won);
#endif
            if :: won -> break :: else fi
        :: else
        fi;
        ret_c++
    :: else -> ret_c = NONE; break
    od
}

/* slot_take_locked */
inline slot_take(r, ret_slot)
{
    if
    :: thread_slot[r] != NONE -> ret_slot = thread_slot[r]; thread_slot[r] = NONE
    :: else ->
        find_free_slot(ret_slot);
        if :: ret_slot != NONE -> slot_free[ret_slot] = false :: else fi
    fi
}

/* A free slot, a queued caller and a receiver: the receiver looks again. */
inline match_locked(mr, mwon)
{
    if
    :: FREE_SLOTS && HAS_CALLER ->
        receiver_take(false, mr, mwon);
        if
        :: mr != NONE -> frame[mr] = F_RETRY; sched_wake(mr)
        :: else
        fi
    :: else
    fi
}

/* slot_free_locked */
inline slot_put(put, spare, taken)
{
    assert(!slot_free[put]);
    slot_free[put] = true;
#ifndef BUG_NO_MATCH
    match_locked(spare, taken)
#endif
}

/* slot_uncache_locked */
inline slot_uncache(t, mr, mwon)
{
    if
    :: thread_slot[t] != NONE ->
        mr = thread_slot[t];
        thread_slot[t] = NONE;
        slot_put(mr, mr, mwon)
    :: else
    fi
}

/* slot_release_locked: the token is used up; keeper is a receiver that may keep the slot or NONE */
inline slot_release(k, keeper, mr, mwon)
{
    assert(slot_session[k] != NONE && !slot_free[k]);
    session_call_over(slot_session[k]);
#if defined(HOSTILE) && !defined(BUG_NO_GENERATION) /* elsewhere it could not matter */
    slot_generation[k]++;
#endif
    slot_caller[k] = NONE;
    slot_session[k] = NONE;
    slot_owner[k] = NONE;
    slot_wait[k] = 0;
    if
    :: keeper != NONE && thread_slot[keeper] == NONE -> thread_slot[keeper] = k
    :: else -> slot_put(k, mr, mwon)
    fi
}

/* message_transfer and frame_ipc_result of a call: both are owned, or the one is current. */
inline message_transfer(to, from, k)
{
    d_step {
        assert(frame[from] == F_CALL);
        assert(!running[from] || !running[to]);
        frame[to] = F_MESSAGE;
        frame_value[to] = frame_value[from];
        frame_slot[to] = k;
        frame_generation[to] = slot_generation[k]
    }
}

inline answer_transfer(to, from, dropped)
{
    d_step {
        assert(frame[from] == F_REPLY);
        frame_value[to] = frame_value[from];
        frame[to] = (dropped -> F_DROPPED : F_OK)
    }
}

/* call_delivered, with the lock held and the port open: the caller waits for the answer. */
inline call_delivered(c, r, k)
{
    assert(!slot_free[k] && slot_session[k] == NONE);
    call_slot[c] = k;
    slot_session[k] = c;
    slot_owner[k] = process_of(r);
    slot_caller[k] = c;
    awaits_reply[c] = true;
    wait_publish(c);
    slot_wait[k] = seq[c]
}

/* send_unlink, reply_unlink: port locked, the wait is won. A call that was received leaves its slot
 * with the server. */
inline call_unlink(t)
{
    if
    :: !awaits_reply[t] ->
        linked[t] = false;
        session_call_over(t)
    :: else ->
#ifndef BUG_NO_SEVER
        if
#ifdef BUG_SEVER_BLINDLY
        :: true ->
#else
        :: slot_caller[call_slot[t]] == t ->
#endif
#ifdef BUG_FREE_ON_CANCEL
            slot_session[call_slot[t]] = NONE;
            slot_owner[call_slot[t]] = NONE;
            slot_free[call_slot[t]] = true;
            session_call_over(t);
#endif
            slot_caller[call_slot[t]] = NONE;
            slot_wait[call_slot[t]] = 0
#ifndef BUG_SEVER_BLINDLY
        :: else
#endif
        fi
#else
        skip
#endif
    fi
}

/* thread_finish and port_unbind_thread of a server's thread */
inline thread_finish(t, mr, mwon)
{
    lock();
    slot_uncache(t, mr, mwon);
#ifndef BUG_RETRY_LOST
    match_locked(mr, mwon);
#endif
    unlock();
    dead[t] = true
}

proctype client(byte me)
{
    byte n, r, k;
    bool won;

    do
    :: atomic {
           n < CALLS && !killed[me] ->
           n++;
           frame[me] = F_CALL;
           frame_value[me] = n;
#ifdef DEADLINE
           if
           :: deadline_set[me] = false
           :: deadline_set[me] = (me < DEADLINE)
           fi;
#endif
           lock();
           if
           :: is_closed || is_inactive[me] || session_calls[me] == LIMIT -> /* EPEER_DIED, EQUOTA */
               unlock();
               goto over
           :: else
           fi;
           session_calls[me]++;
           receiver_take(true, r, won);
           if
           :: r == NONE ->
               awaits_reply[me] = false;
               linked[me] = true;
#ifdef BUG_PUBLISH_AFTER_UNLOCK
               unlock();
               goto publish
#else
               wait_publish(me);
               unlock();
               goto wait
#endif
           :: else ->
               slot_take(r, k);
               assert(k != NONE);
#ifndef FAST /* on the fast path all of it is one section */
               unlock()
#endif
           fi
       }
       atomic {
#ifndef FAST
           lock();
#endif
           if
           :: is_closed ->
               slot_put(k, k, won);
               session_call_over(me);
               unlock();
               frame[r] = F_RETRY;
               sched_wake(r);
               goto over
           :: else
           fi;
           message_transfer(r, me, k);
#ifdef BUG_READY_BEFORE_PUBLISH
           unlock();
           sched_wake(r)
       }
       atomic {
           lock();
           call_delivered(me, r, k);
           unlock();
           goto wait
#else
           call_delivered(me, r, k);
           unlock();
           sched_wake(r);
           goto wait
#endif
       }
#ifdef BUG_PUBLISH_AFTER_UNLOCK
publish:
       atomic { wait_publish(me) }
#endif
wait:
       if
       :: atomic { ready[me] ->
              ready[me] = false;
              running[me] = true;
              assert(!waiting[me] && !linked[me]);
              assert(frame[me] >= F_OK && frame[me] < F_RETRY);
              assert(frame[me] != F_OK || frame_value[me] == n); /* the answer to this call */
              assert(frame[me] != F_TIMED_OUT || deadline_set[me]);
over:
              frame[me] = F_EMPTY;
              frame_value[me] = 0;
              awaits_reply[me] = false;
              call_slot[me] = 0;
              r = 0; k = 0; won = false
          }
       :: dead[me] -> goto gone
       fi
    :: atomic {
           !(n < CALLS && !killed[me]) ->
           dead[me] = true;
gone:
           running[me] = false;
           frame[me] = F_EMPTY; frame_value[me] = 0;
           deadline_set[me] = false; awaits_reply[me] = false; call_slot[me] = 0;
           n = 0; r = 0; k = 0; won = false;
           break
       }
    od
}

/* reply_send and port_token_drop with the port locked: ret_c is the caller, to be made ready by us,
 * or NONE. */
inline token_end(k, g, p, keeper, ret_c, mr, won)
{
    ret_c = NONE;
    if
#ifdef BUG_NO_OWNER
    :: slot_generation[k] == g && slot_session[k] != NONE ->
        assert(slot_owner[k] == p);
#else
    :: slot_generation[k] == g && slot_session[k] != NONE && slot_owner[k] == p ->
#endif
        ret_c = slot_caller[k];
        if
        :: ret_c != NONE ->
#ifdef BUG_NO_SEQUENCE
            wait_try_end(ret_c, seq[ret_c], won);
#else
            wait_try_end(ret_c, slot_wait[k], won);
#endif
            if :: !won -> ret_c = NONE :: else fi
        :: else
        fi;
        slot_release(k, keeper, mr, won)
    :: else
    fi
}

proctype server(byte me)
{
    byte c, r, k, n, m, held;
    byte slot[HELD], generation[HELD], value[HELD];
#ifdef HOSTILE
    byte stale_slot = NONE, stale_generation;
#endif
    bool won, receives, drops;
#ifdef LEAVE
    bool is_to_retry;
#endif
#ifdef FAST
    bool is_locked;
#endif

    do
#ifdef LEAVE
    :: atomic { me == CLIENTS && held == 0 && !is_to_retry -> /* does not come back to receive */
           skip
       }
end_left:
       killed[me]
#endif
    :: atomic { killed[me] && !dead[me] -> /* the interrupt of the sync round */
           thread_finish(me, m, won);
           goto gone
       }

    :: atomic { /* answer a token or drop it, then perhaps receive in the same call */
           held > 0 && !dead[me] && !is_closed -> /* closed: nobody has a handle to answer with */
           held--;
           frame[me] = F_REPLY;
           frame_value[me] = value[held];
           if
           :: drops = false; if :: receives = (held == 0) :: receives = false fi
           :: drops = true; receives = false
           fi;
           k = slot[held]; n = generation[held];
#ifdef HOSTILE
           stale_slot = k; stale_generation = n;
#endif
           slot[held] = 0; generation[held] = 0; value[held] = 0;
           lock();
           assert(is_closed || (slot_session[k] != NONE && slot_generation[k] == n &&
               slot_owner[k] == process_of(me))); /* a token stays until its server ends it */
           c = (receives -> me : NONE);
           token_end(k, n, process_of(me), c, r, m, won);
#ifdef FAST
           if :: receives -> is_locked = true; goto copy :: else fi;
#endif
           unlock()
       }
#ifdef FAST
copy:
#endif
       atomic {
#ifndef BUG_COPY_AFTER_PUBLISH
           if :: r != NONE -> answer_transfer(r, me, drops) :: else fi;
#endif
           if
           :: receives -> goto look
           :: else
           fi;
           if :: r != NONE -> sched_wake(r) :: else fi;
           goto again
       }

    :: atomic { /* receive; a server that holds a token only polls */
           held < HELD && !dead[me] && !is_closed ->
           receives = (held == 0);
           r = NONE; /* no caller to switch to afterwards */
look:
           c = NONE;
#ifdef FAST
           if :: !is_locked -> lock() :: else -> is_locked = false fi;
#else
           lock();
#endif
           if
           :: is_closed ->
               slot_uncache(me, m, won);
               unlock();
               if :: r != NONE -> sched_wake(r) :: else fi;
               goto again
           :: else
           fi;
           slot_take(me, k);
           if
           :: k != NONE -> caller_take(c, won)
           :: else
           fi;
           if
           :: c != NONE -> unlock(); goto take_call
           :: else
           fi;
           thread_slot[me] = k;
           if
           :: !receives ->
               slot_uncache(me, m, won);
               unlock();
               goto again
           :: else
           fi;
           linked[me] = true;
#ifndef BUG_COPY_AFTER_PUBLISH
           frame[me] = F_EMPTY;
#endif
           wait_publish(me);
           unlock();
#ifdef BUG_COPY_AFTER_PUBLISH
       }
       atomic {
           if :: r != NONE -> answer_transfer(r, me, false) :: else fi;
#endif
           if :: r != NONE -> sched_wake(r) :: else fi;
           goto end_wait
       }
take_call: /* the caller is ours, so is the slot */
       atomic { message_transfer(me, c, k) }
       atomic {
           lock();
           if
#ifndef BUG_DELIVER_TO_CLOSED
           :: is_closed ->
               slot_put(k, m, won);
               session_call_over(c);
               unlock();
               frame[c] = F_PEER_DIED;
               sched_wake(c);
               if :: r != NONE -> sched_wake(r) :: else fi;
               goto again
#endif
           :: else ->
#ifdef BUG_CALLER_NOT_WON
               waiting[c] = false;
#endif
               call_delivered(c, me, k)
           fi;
           unlock();
           if :: r != NONE -> sched_wake(r) :: else fi;
           goto got
       }
end_wait:
       if
       :: atomic { ready[me] ->
              ready[me] = false;
              running[me] = true;
got:
              if
              :: frame[me] == F_MESSAGE ->
                  slot[held] = frame_slot[me];
                  generation[held] = frame_generation[me];
                  value[held] = frame_value[me];
                  held++
              :: else ->
                  assert(frame[me] == F_TIMED_OUT || frame[me] == F_RETRY ||
                      frame[me] == F_BAD_PORT)
              fi;
#ifdef LEAVE
              is_to_retry = (frame[me] == F_RETRY);
#endif
again:
              frame[me] = F_EMPTY; frame_slot[me] = 0; frame_generation[me] = 0;
              frame_value[me] = 0;
              c = 0; r = 0; k = 0; n = 0; m = 0; won = false; receives = false; drops = false
          }
       :: dead[me] -> goto gone
       fi

#ifdef HOSTILE
    :: atomic { /* uses a token twice, or another process's */
           !dead[me] && !is_closed && stale_slot != NONE ->
           lock();
           token_end(stale_slot, stale_generation, process_of(me), NONE, r, m, won);
           stale_slot = NONE; stale_generation = 0;
           goto stolen
       }
    :: atomic {
           !dead[me] && slot_session[0] != NONE && slot_owner[0] != process_of(me) ->
           lock();
           token_end(0, slot_generation[0], process_of(me), NONE, r, m, won);
stolen:
           n = 0;
           unlock();
           if
           :: r != NONE -> frame_value[r] = 0; frame[r] = F_OK; sched_wake(r)
           :: else
           fi;
           goto again
       }
#endif
    :: atomic { is_closed && !killed[me] -> /* EBADF: it gives up */
           thread_finish(me, m, won);
gone:
           running[me] = false;
           frame[me] = F_EMPTY; frame_slot[me] = 0; frame_generation[me] = 0; frame_value[me] = 0;
           c = 0; r = 0; k = 0; n = 0; m = 0; won = false; receives = false; drops = false;
           break
       }
    od
}

/* sched_end_wait by the deadline. Reading the word and the compare-and-swap are one step, because
 * with an old word it only loses; that it never acts on an old deadline is shown by timer.pml. */
proctype deadline(byte t)
{
end:
    do
    :: atomic { waiting[t] && deadline_set[t] ->
#ifdef BUG_UNLINK_FIRST
           lock(); call_unlink(t); unlock()
       }
       atomic { waiting[t] && deadline_set[t] ->
#endif
           waiting[t] = false
       }
#ifdef BUG_READY_FIRST
       atomic { frame[t] = F_TIMED_OUT; sched_wake(t) }
#endif
       atomic {
           lock();
           call_unlink(t);
           unlock();
#ifndef BUG_READY_FIRST
           frame[t] = F_TIMED_OUT;
           sched_wake(t)
#endif
       }
    od
}

/* The same for a receiver. */
proctype receive_deadline(byte t)
{
    byte m;
    bool won;
end:
    do
    :: atomic { waiting[t] -> waiting[t] = false }
       atomic {
           lock();
           linked[t] = false;
           slot_uncache(t, m, won);
           unlock();
           frame[t] = F_TIMED_OUT;
           sched_wake(t);
           m = 0; won = false
       }
    od
}

/* thread_kill, try_finish and its chase: whoever finds the thread waiting or in a run queue has it;
 * a thread that runs sees the flag itself. What is between these is tried again after a round. */
proctype killer(byte t)
{
    killed[t] = true;
    if
    :: dead[t]
    :: atomic { waiting[t] -> waiting[t] = false }
       atomic { lock(); call_unlink(t); unlock(); dead[t] = true }
    :: atomic { ready[t] -> ready[t] = false; dead[t] = true }
    fi
}

/* Ends what slot k holds, if it is of process p or that is NONE: slot_fail_locked. */
inline fail_token(k, p, c, s, m, won)
{
    atomic {
        lock();
        if
        :: slot_session[k] != NONE && (p == NONE || slot_owner[k] == p) ->
            c = slot_caller[k];
            s = slot_wait[k];
            slot_caller[k] = NONE;
            if
            :: c != NONE ->
                wait_try_end(c, s, won);
                if :: won -> frame[c] = F_PEER_DIED; sched_wake(c) :: else fi
            :: else
            fi;
            slot_release(k, NONE, m, won)
        :: else
        fi;
        unlock();
        c = 0; s = 0; m = 0; won = false
    }
}

#ifdef BUG_DRAIN_FIRST
#define DRAIN_EARLY true
#else
#define DRAIN_EARLY false
#endif

/* process_kill of a server process: its thread, and when that is gone, its tokens. */
proctype death(byte t)
{
    byte k, c, s, m;
    bool won;

#ifdef BUG_DRAIN_FIRST
    goto drain;
kill:
#endif
    killed[t] = true;
    if
    :: dead[t] -> goto killed_it
    :: atomic { waiting[t] ->
           waiting[t] = false
       }
       atomic {
           lock();
           linked[t] = false;
           slot_uncache(t, m, won);
           unlock()
       }
       goto finish
    :: atomic { ready[t] -> ready[t] = false; goto finish }
#ifdef BUG_NO_CHASE
    :: !dead[t] && !waiting[t] && !ready[t]
#endif
    fi;
finish:
    atomic { true -> thread_finish(t, m, won) }
killed_it:
#ifdef BUG_DRAIN_FIRST
    goto out;
drain:
#endif
    dead[t] || DRAIN_EARLY; /* process_thread_gone */
    do
    :: k < SLOTS -> fail_token(k, process_of(t), c, s, m, won); k++
    :: k == SLOTS -> k = 0; m = 0; won = false; break
    od
#ifdef BUG_DRAIN_FIRST
    goto kill;
out:
    skip
#endif
}

/* port_inactive and close_step: nobody can receive any more. */
proctype port_close()
{
    byte k, c, s, m;
    bool won;

    atomic { lock(); is_closed = true; unlock() }
    do
    :: atomic {
           lock();
           caller_take(c, won);
           if :: c != NONE -> session_call_over(c) :: else fi;
           unlock();
           if
           :: c != NONE -> frame[c] = F_PEER_DIED; sched_wake(c)
           :: else -> c = 0; break
           fi
       }
    od;
    do
    :: k < SLOTS -> fail_token(k, NONE, c, s, m, won); k++
    :: k == SLOTS -> k = 0; break
    od;
    do
    :: atomic {
           lock();
           receiver_take(false, c, won);
           unlock();
           if
           :: c != NONE -> frame[c] = F_BAD_PORT; sched_wake(c)
           :: else -> c = 0; won = false; break
           fi
       }
    od
}

/* session_inactive: the last handle that could call is gone. */
proctype session_inactive(byte c)
{
    atomic {
        lock();
        is_inactive[c] = true;
#ifdef BUG_CLOSE_EARLY
        session_closed[c]++;
#else
        session_settle(c);
#endif
        unlock()
    }
}

/* Runs when nothing else can: what must then be true. */
proctype final()
{
    byte i, free;
    timeout;
    d_step {
        assert(!port_lock);
        i = 0;
        do
        :: i < CLIENTS ->
            assert(dead[i]); /* every call ended: no lost wake-up, no lost kill */
            assert(session_calls[i] == 0);
            assert(session_closed[i] == (is_inactive[i] -> 1 : 0));
            i++
        :: else -> break
        od;
        do
        :: i < THREADS ->
#ifdef LEAVE
            assert(dead[i] || (running[i] && i == CLIENTS && !killed[i]) ||
                (waiting[i] && linked[i] && !killed[i] && !is_closed));
#else
            assert(dead[i] || (waiting[i] && linked[i] && !killed[i] && !is_closed));
#endif
            if :: thread_slot[i] != NONE -> assert(!dead[i]); free++ :: else fi;
            i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < SLOTS ->
            assert(slot_session[i] == NONE);
            if :: slot_free[i] -> free++ :: else fi;
            i++
        :: else -> break
        od;
        assert(free == SLOTS) /* none lost, none twice */
    }
}

init
{
    byte i;
    atomic {
        do
        :: i < THREADS -> running[i] = true; thread_slot[i] = NONE; i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < SLOTS ->
            slot_caller[i] = NONE; slot_owner[i] = NONE; slot_session[i] = NONE;
            slot_free[i] = true; i++
        :: else -> break
        od;
        run final();
        i = 0;
        do
        :: i < CLIENTS -> run client(i); i++
        :: else -> break
        od;
        do
        :: i < THREADS -> run server(i); i++
        :: else -> break
        od;
#ifdef DEADLINE
        i = 0;
        do
        :: i < DEADLINE -> run deadline(i); i++
        :: else -> break
        od;
#endif
#ifdef RECEIVE_DEADLINE
        run receive_deadline(CLIENTS);
#endif
#ifdef KILL
        run killer(0);
#endif
#ifdef DEATH
        run death(CLIENTS + DEATH);
#endif
#ifdef CLOSE
        run port_close();
#endif
#ifdef INACTIVE
        run session_inactive(0);
#endif
        i = 0
    }
}
