/* SPDX-License-Identifier: MIT */
#include <quay/waits.h>
#include <quay/clock.h>
#include <quay/text.h>
#include <quay/thread_text.h>

void qy_waits_add(struct qy_waits *waits, const struct system_thread *thread)
{
    if (waits->count == QY_WAITS_THREADS) {
        waits->left_out++;
        return;
    }
    struct system_thread *added = &waits->threads[waits->count++];
    *added = *thread;
    added->name[sizeof added->name - 1] = 0;
}

/* --- rings --------------------------------------------------------------------------------- */

/* Whether it waits for another process that is known. Who calls its own process has other threads
 * there, of which nobody knows which is to answer. */
static bool is_edge(const struct system_thread *thread)
{
    bool is_call =
        thread->state == THREAD_STATE_WAIT_SEND || thread->state == THREAD_STATE_WAIT_REPLY;
    return is_call && thread->waits_process != 0 && thread->waits_process != thread->process;
}

/* The threads on the ways that begin with the wait of `from`, itself first; how many. */
static uint32_t follow(const struct qy_waits *waits, uint32_t from, uint16_t *ret_reached)
{
    bool is_reached[QY_WAITS_THREADS] = {0};
    uint32_t count = 0;
    is_reached[from] = true;
    ret_reached[count++] = (uint16_t)from;
    for (uint32_t i = 0; i < count; i++) {
        koid_t next = waits->threads[ret_reached[i]].waits_process;
        for (uint32_t j = 0; j < waits->count; j++) {
            const struct system_thread *thread = &waits->threads[j];
            if (!is_reached[j] && thread->process == next && is_edge(thread)) {
                is_reached[j] = true;
                ret_reached[count++] = (uint16_t)j;
            }
        }
    }
    return count;
}

static bool leads_to(const struct qy_waits *waits, uint32_t from, koid_t process)
{
    uint16_t reached[QY_WAITS_THREADS];
    uint32_t count = follow(waits, from, reached);
    for (uint32_t i = 0; i < count; i++) {
        if (waits->threads[reached[i]].waits_process == process) {
            return true;
        }
    }
    return false;
}

void qy_waits_find(struct qy_waits *waits)
{
    waits->ring_count = 0;
    memset(waits->rings, 0, sizeof waits->rings);
    for (uint32_t i = 0; i < waits->count; i++) {
        koid_t process = waits->threads[i].process;
        if (!is_edge(&waits->threads[i]) || waits->rings[i] != 0 || !leads_to(waits, i, process)) {
            continue;
        }
        uint16_t reached[QY_WAITS_THREADS];
        uint32_t count = follow(waits, i, reached);
        uint16_t ring = (uint16_t)++waits->ring_count;
        for (uint32_t j = 0; j < count; j++) {
            if (leads_to(waits, reached[j], process)) {
                waits->rings[reached[j]] = ring;
            }
        }
    }
}

static bool is_same(const struct system_thread *thread, const struct system_thread *before)
{
    return thread->koid == before->koid && thread->waits_for == before->waits_for &&
           thread->waits_process == before->waits_process && thread->method == before->method;
}

static bool was_in_ring(const struct qy_waits *before, const struct system_thread *thread)
{
    for (uint32_t i = 0; i < before->count; i++) {
        if (before->rings[i] != 0 && is_same(thread, &before->threads[i])) {
            return true;
        }
    }
    return false;
}

void qy_waits_confirm(struct qy_waits *waits, const struct qy_waits *before)
{
    for (uint32_t i = 0; i < waits->count; i++) {
        uint16_t ring = waits->rings[i];
        if (ring == 0 || was_in_ring(before, &waits->threads[i])) {
            continue;
        }
        for (uint32_t j = 0; j < waits->count; j++) {
            waits->rings[j] = waits->rings[j] == ring ? 0 : waits->rings[j];
        }
    }
}

static bool is_going_on(const struct system_thread *thread)
{
    return thread->state == THREAD_STATE_RUNNING || thread->state == THREAD_STATE_READY ||
           thread->state == THREAD_STATE_WAIT_SLEEP || thread->state == THREAD_STATE_WAIT_KERNEL;
}

bool qy_waits_is_deadlock(const struct qy_waits *waits, uint32_t ring)
{
    for (uint32_t i = 0; i < waits->count; i++) {
        for (uint32_t j = 0; waits->rings[i] == ring && j < waits->count; j++) {
            const struct system_thread *thread = &waits->threads[j];
            if (thread->process == waits->threads[i].process && is_going_on(thread)) {
                return false;
            }
        }
    }
    return true;
}

/* --- text ---------------------------------------------------------------------------------- */

static const char *process_name(const struct qy_waits *waits, koid_t koid)
{
    for (uint32_t i = 0; koid != 0 && i < waits->count; i++) {
        if (waits->threads[i].process == koid) {
            return waits->threads[i].name;
        }
    }
    return "?";
}

static const char *ring_word(const struct qy_waits *waits, uint32_t ring)
{
    return qy_waits_is_deadlock(waits, ring) ? "deadlock" : "ring";
}

static void thread_put(const struct qy_waits *waits, uint32_t index,
                       const char *(*method)(uint64_t number), struct qy_text *text)
{
    const struct system_thread *thread = &waits->threads[index];
    uint16_t ring = waits->rings[index];
    qy_thread_wait_put(thread, process_name(waits, thread->waits_process), method(thread->method),
                       text);
    qy_text_put(text, ", since %lu.%03lu s", thread->waiting_ns / QY_SECOND,
                thread->waiting_ns / QY_MILLISECOND % 1000);
    if (ring != 0) {
        qy_text_put(text, ", %s %u", ring_word(waits, ring), ring);
    }
    qy_text_put(text, "\n");
}

/* The first thread of the ring that is of this process. */
static const struct system_thread *ring_thread(const struct qy_waits *waits, uint32_t ring,
                                               koid_t process)
{
    for (uint32_t i = 0; i < waits->count; i++) {
        if (waits->rings[i] == ring && (process == 0 || waits->threads[i].process == process)) {
            return &waits->threads[i];
        }
    }
    return NULL;
}

#define RING_SHOWN 16

/* One way around; there may be others in it. */
static void ring_put(const struct qy_waits *waits, uint32_t ring, struct qy_text *text)
{
    const struct system_thread *first = ring_thread(waits, ring, 0);
    const struct system_thread *thread = first;
    if (first == NULL) { /* not confirmed */
        return;
    }
    qy_text_put(text, "%s %u: %.24s", ring_word(waits, ring), ring, first->name);
    for (uint32_t i = 0; i < RING_SHOWN && thread != NULL && (i == 0 || thread != first); i++) {
        qy_text_put(text, " waits for %s", process_name(waits, thread->waits_process));
        thread = ring_thread(waits, ring, thread->waits_process);
        qy_text_put(text, thread != NULL && thread != first ? ", which" : "");
    }
    qy_text_put(text, "\n");
}

void qy_waits_put(const struct qy_waits *waits, const char *(*method)(uint64_t number),
                  struct qy_text *text)
{
    qy_text_put(text, "process      thread  waits\n");
    for (uint32_t i = 0; i < waits->count; i++) {
        if (qy_thread_is_waiting(&waits->threads[i])) {
            thread_put(waits, i, method, text);
        }
    }
    if (waits->left_out > 0) {
        qy_text_put(text, "and %u threads more\n", waits->left_out);
    }
    for (uint32_t ring = 1; ring <= waits->ring_count; ring++) {
        ring_put(waits, ring, text);
    }
}
