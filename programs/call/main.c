/* SPDX-License-Identifier: MIT */
/*
 * call                          which servers there are
 * call NAME                     their methods and events
 * call NAME.METHOD ARGUMENT...  calls one: a value for each parameter, or NAME=VALUE
 *
 * Exit status: 0 answered, 1 it did not work or the server said no. The code is the monitor's.
 */
#include <quay/files.h>
#include <quay/text.h>
#include "call.h"

#define WORDS_MAX  64
#define NAME_BYTES 128

static const char usage[] =
    "usage: call\n       call SERVER\n       call SERVER.METHOD [VALUE | NAME=VALUE]...\n\n"
    "Lists the servers that programs of this session can call, or the methods of one, or calls\n"
    "one. Values are written as the list of methods shows them.\n";

int main(int argument_count, char **arguments)
{
    static char name[NAME_BYTES];
    static char *words[WORDS_MAX];

    qy_files_output();
    if (argument_count == 2 && qy_streq(arguments[1], "--help")) {
        qy_printf("%s", usage);
        return 0;
    }
    int count = argument_count < WORDS_MAX ? argument_count : WORDS_MAX;
    memcpy(words, arguments, (size_t)count * sizeof words[0]);
    if (count > 1) { /* it is cut in two; ours cannot be written to */
        (void)qy_strlcpy(name, arguments[1], sizeof name); /* longer than names are */
        words[1] = name;
    }
    return call_run(count, words) ? 0 : 1;
}
