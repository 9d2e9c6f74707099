/* SPDX-License-Identifier: MIT */
/* Who waits for whom. The list is taken first and then printed: printing makes calls itself. */
#include "command.h"
#include "figures_read.h"
#include <quay/clock.h>
#include <quay/protocols.h>
#include <quay/text.h>
#include <quay/thread.h>
#include <quay/waits.h>

#define TEXT_MAX    (16 * 1024u)
#define PRINT_BYTES 200u /* qy_printf cuts what is longer */

#define LOOK_AFTER (50 * QY_MILLISECOND)

static struct {
    struct qy_waits waits, before;
    char text[TEXT_MAX];
} waits_state;

static void threads_take(struct qy_waits *waits)
{
    struct figures figures;
    struct system_thread thread;
    waits->count = 0;
    waits->left_out = 0;
    figures_begin(&figures, SYSTEM_THREADS, sizeof thread);
    while (figures_next(&figures, &thread)) {
        qy_waits_add(waits, &thread);
    }
    qy_waits_find(waits);
}

void cmd_waits(int count, char **words)
{
    struct qy_text text = {.text = waits_state.text, .size = sizeof waits_state.text};
    (void)count;
    (void)words;
    threads_take(&waits_state.waits);
    if (waits_state.waits.ring_count > 0) {
        waits_state.before = waits_state.waits;
        (void)qy_thread_sleep(qy_deadline_after(LOOK_AFTER)); /* it only sleeps */
        threads_take(&waits_state.waits);
        qy_waits_confirm(&waits_state.waits, &waits_state.before);
    }
    waits_state.text[0] = 0;
    qy_waits_put(&waits_state.waits, qy_method_text, &text);
    for (size_t at = 0; at < text.length; at += PRINT_BYTES) {
        qy_printf("%.*s", (int)PRINT_BYTES, waits_state.text + at);
    }
}
