/* SPDX-License-Identifier: MIT */
/* Who waits for whom. The list is taken first and then printed: printing makes calls itself. */
#include "command.h"
#include "figures_read.h"
#include <quay/files.h>
#include <quay/protocols.h>
#include <quay/text.h>
#include <quay/waits.h>

#define TEXT_MAX    (16 * 1024u)
#define PRINT_BYTES 200u /* qy_printf cuts what is longer */

static struct {
    struct qy_waits waits;
    char text[TEXT_MAX];
} waits_state;

void cmd_waits(int count, char **words)
{
    struct qy_text text = {.text = waits_state.text, .size = sizeof waits_state.text};
    struct figures figures;
    struct system_thread thread;
    (void)count;
    (void)words;
    waits_state.waits.count = 0;
    waits_state.waits.left_out = 0;
    figures_begin(&figures, SYSTEM_THREADS, sizeof thread);
    while (figures_next(&figures, &thread)) {
        qy_waits_add(&waits_state.waits, &thread);
    }
    qy_waits_find(&waits_state.waits);
    waits_state.text[0] = 0;
    qy_waits_put(&waits_state.waits, qy_method_text, &text);
    for (size_t at = 0; at < text.length; at += PRINT_BYTES) {
        qy_printf("%.*s", (int)PRINT_BYTES, waits_state.text + at);
    }
}
