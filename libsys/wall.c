/* SPDX-License-Identifier: MIT */
#include <idl/time.h>
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/wall.h>

#define PATIENCE (50 * QY_MILLISECOND)
#define AGAIN    QY_SECOND

static struct {
    const struct qy_time_page *page; /* NULL: not known yet */
    int64_t asked;
} wall_state;

static void page_get(void)
{
    struct qy_connection connection;
    handle_t memory;
    void *address;
    time_ns_t deadline = qy_deadline_after(PATIENCE);
    if (qy_connection_open(&connection, "time", deadline) != 0) {
        return;
    }
    if (qy_time_page(connection.session, &memory, deadline) == 0) {
        if (qy_memory_map(memory, 0, PAGE_SIZE, MAP_READ, &address) == 0) {
            wall_state.page = address;
        }
        (void)qy_handle_close(memory); /* the mapping keeps it */
    }
    qy_connection_close(&connection);
}

int64_t qy_wall_now(void)
{
    int64_t now = qy_clock_read();
    if (wall_state.page == NULL && (wall_state.asked == 0 || now - wall_state.asked > AGAIN)) {
        wall_state.asked = now;
        page_get();
    }
    /* One word, which is read at once. */
    return wall_state.page == NULL
               ? now
               : now + __atomic_load_n(&wall_state.page->offset_ns, __ATOMIC_RELAXED);
}
