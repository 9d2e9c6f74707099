/* SPDX-License-Identifier: MIT */
/* Memory with a pager, lent to a generated server: whichever page is away, and whenever it goes,
 * the client's function brings it and calls again, or lends a copy. */
#include "systest.h"
#include <idl/probe.h>
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/lending.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/server.h>
#include <quay/text.h>
#include <quay/thread.h>

#define PAGES    4ul
#define SIZE     (PAGES * PAGE_SIZE)
#define ACCESSES (2 * PAGES)

/* Memory that is lent, and what its pages are supplied from. */
struct paged {
    handle_t memory, store;
    uint8_t *view, *store_view;
};

static struct {
    handle_t port, pager_port;
    struct qy_server server;
    struct paged source, target; /* their keys are 0 and 1 */
    uint64_t access;             /* so many of this call */
    uint64_t away_at;            /* before this access all pages go, once; 0: never */
    bool always_away;
    uint32_t tries;
    uint64_t faults;
} lending;

/* --- the pager ----------------------------------------------------------------------------- */

static void supply(void *argument)
{
    struct qy_received in = {0};
    (void)argument;
    while (qy_port_reply_receive(lending.pager_port, &in, DEADLINE_NEVER) == RECEIVED_NOTICE) {
        const struct paged *paged = in.badge == 0 ? &lending.source : &lending.target;
        uint64_t offset = in.message.words[1];
        lending.faults++;
        (void)qy_memory_supply(paged->memory, offset, paged->store, offset, PAGE_SIZE);
    }
}

static void take_away(const struct paged *paged)
{
    for (uint64_t done = 0; done < SIZE;) {
        int64_t more = qy_memory_decommit(paged->memory, done, SIZE - done);
        if (more <= 0) {
            tap_equal(more, 1, "pages go");
            return;
        }
        done += (uint64_t)more;
    }
}

/* --- the server ---------------------------------------------------------------------------- */

static void pages_go(void)
{
    bool now = ++lending.access == lending.away_at;
    if (now || lending.always_away) {
        take_away(&lending.source);
        take_away(&lending.target);
        lending.away_at = 0;
    }
}

static int64_t copy(struct qy_request *request, const struct qy_lease *source, uint64_t offset,
                    const struct qy_lease *target, uint64_t *ret_size)
{
    static uint8_t bytes[PAGE_SIZE];
    int64_t status = 0;
    (void)request;
    (void)offset;
    lending.tries++;
    lending.access = 0;
    for (uint64_t at = 0; status == 0 && at < SIZE; at += PAGE_SIZE) {
        pages_go();
        status = qy_lease_get(source, at, bytes, PAGE_SIZE);
        if (status == 0) {
            pages_go();
            status = qy_lease_put(target, at, bytes, PAGE_SIZE);
        }
    }
    *ret_size = SIZE;
    return -status;
}

static void serve(void *argument)
{
    static const struct qy_probe_handlers handlers = {.copy = copy};
    (void)argument;
    lending.server = (struct qy_server){
        .port = lending.port, .dispatch = qy_probe_dispatch, .handlers = &handlers};
    (void)qy_server_run(&lending.server); /* until it is stopped */
}

/* --- the tests ----------------------------------------------------------------------------- */

static bool paged_make(struct paged *paged, uint64_t key)
{
    void *view = NULL, *store_view = NULL;
    int64_t store = qy_memory_create(qy_self_job(), SIZE, 0);
    int64_t memory = qy_memory_pager(qy_self_job(), SIZE, lending.pager_port, key, PATIENT);
    paged->store = (handle_t)store;
    paged->memory = (handle_t)memory;
    bool is_made = store > 0 && memory > 0 &&
                   qy_memory_map(paged->memory, 0, SIZE, MAP_READ | MAP_WRITE, &view) == 0 &&
                   qy_memory_map(paged->store, 0, SIZE, MAP_READ | MAP_WRITE, &store_view) == 0;
    paged->view = view;
    paged->store_view = store_view;
    return is_made;
}

static void paged_end(struct paged *paged)
{
    qy_pages_unmap(paged->view, SIZE);
    qy_pages_unmap(paged->store_view, SIZE);
    discard((int64_t)paged->memory);
    discard((int64_t)paged->store);
}

/* Whether one call copies everything. */
static bool is_copied(handle_t session)
{
    uint64_t size = 0;
    lending.tries = 0;
    take_away(&lending.source);
    take_away(&lending.target);
    return qy_probe_copy(session, lending.source.view, SIZE, 0, lending.target.view, SIZE, &size,
                         qy_deadline_after(PATIENT)) == 0 &&
           size == SIZE && memcmp(lending.target.view, lending.source.store_view, SIZE) == 0;
}

static void calls_try(handle_t session)
{
    uint32_t right = 0;
    for (uint64_t i = 0; i < SIZE; i++) {
        lending.source.store_view[i] = (uint8_t)(i * 7 >> 4);
        lending.target.store_view[i] = 0xee; /* pages that are not there supply none */
    }
    tap_ok(is_copied(session) && lending.tries == 2, "pages that are away are brought");
    tap_ok(lending.faults >= 2 * PAGES, "by their pager");
    for (uint64_t at = 1; at <= ACCESSES; at++) {
        lending.away_at = at;
        right += is_copied(session) && lending.tries >= 2 && lending.tries <= 4;
    }
    tap_equal(right, ACCESSES, "at every access of the server");
    lending.always_away = true;
    tap_ok(is_copied(session) && lending.tries == QY_LENDING_TOUCHES + 2,
           "pages that always go: a copy is lent");
}

void test_lending(void)
{
    struct qy_thread *server, *pager;
    int64_t port = qy_port_create(qy_self_job(), 2);
    int64_t pager_port = qy_port_create(qy_self_job(), 1);
    struct qy_result session = qy_session_create((handle_t)port, 1, 0);
    lending.port = (handle_t)port;
    lending.pager_port = (handle_t)pager_port;
    if (!paged_make(&lending.source, 0) || !paged_make(&lending.target, 1) ||
        qy_thread_create(supply, NULL, 0, &pager) != 0 ||
        qy_thread_create(serve, NULL, 0, &server) != 0) {
        tap_ok(false, "what the test needs");
        return;
    }
    calls_try(session.second);
    qy_server_stop(&lending.server);
    tap_equal(qy_thread_join(server, qy_deadline_after(PATIENT)), 0, "the server ends");
    paged_end(&lending.source);
    paged_end(&lending.target);
    discard(pager_port); /* ends the pager */
    tap_equal(qy_thread_join(pager, qy_deadline_after(PATIENT)), 0, "the pager ends");
    discard((int64_t)session.second);
    discard(session.status);
    discard(port);
}
