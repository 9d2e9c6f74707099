/* SPDX-License-Identifier: MIT */
#include "children.h"
#include "command.h"
#include "line_edit.h"
#include "terminal.h"
#include <quay/text.h>

static struct line_editor editor;

static void line_run(enum line_event event)
{
    switch (event) {
    case LINE_READY:
        line_history_add(&editor);
        terminal_flush(); /* the typed line comes before what the command lets others say */
        command_run(editor.text);
        break;
    case LINE_TOO_LONG:
        qy_printf("that line is too long: at most %d characters; nothing was done\n", LINE_MAX);
        break;
    case LINE_CANCELLED:
    case LINE_NONE:
        break;
    }
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    terminal_init();
    line_init(&editor, "quay> ", terminal_write, NULL);
    qy_printf("\nWelcome to Quay. Type help for the list of commands.\n");
    for (;;) {
        children_report();
        line_begin(&editor);
        enum line_event event;
        do {
            event = line_feed(&editor, terminal_read());
        } while (event == LINE_NONE);
        line_run(event);
    }
}
