/* SPDX-License-Identifier: MIT */
#include "children.h"
#include "command.h"
#include "terminal.h"
#include <quay/clock.h>
#include <quay/text.h>

/* A program that ends at once shall have its say before the next prompt. */
#define MOMENT (200 * QY_MILLISECOND)

static void program_start(const char *name)
{
    koid_t id = 0;
    int error = children_start(name, &id);
    if (error == -ENOENT) {
        qy_printf("%.40s: no such program\n", name);
        children_names_print();
        return;
    }
    if (error < 0) {
        qy_printf("%.40s: cannot start: %s\n", name, qy_error_text(error));
        return;
    }
    qy_printf("%s started, id %lu\n", name, id);
    terminal_flush();
    children_wait(id, qy_deadline_after(MOMENT));
}

void cmd_spawn(int count, char **words)
{
    program_start(count == 2 ? words[1] : "hello");
}

void cmd_crash(int count, char **words)
{
    (void)count;
    (void)words;
    program_start("crash");
}

void cmd_kill(int count, char **words)
{
    (void)count;
    uint64_t id;
    if (words[1][0] < '0' || words[1][0] > '9') {
        server_kill(words[1]);
        return;
    }
    if (!command_number(words[1], "the id", 1, INT64_MAX, &id)) {
        return;
    }
    int error = children_kill(id);
    if (error == -ESRCH) {
        qy_printf("%lu: no program of that id was started here, or it has ended\n", id);
        return;
    }
    if (error < 0) {
        qy_printf("%lu: cannot end it: %s\n", id, qy_error_text(error));
        return;
    }
    children_wait(id, qy_deadline_after(MOMENT));
}
