/* SPDX-License-Identifier: MIT */
#include "sed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

struct sed_input sed_input;

void sed_input_finish(void)
{
    if (sed_input.file) {
        tool_close(sed_input.file);
        sed_input.file = NULL;
    }
    if (sed_input.output != stdout) {
        char *name = tool_resize(NULL, strlen(sed_input.path) + 8);

        (void)sprintf(name, "%s.sed", sed_input.path);
        if (fclose(sed_input.output) != 0 || rename(name, sed_input.path) != 0) {
            sed_input.status = tool_error_number("%s", sed_input.path);
        }
        free(name);
        sed_input.output = stdout;
    }
}

static void begin_output(void)
{
    char *name;
    struct stat status;

    if (!sed_input.in_place || sed_input.file == stdin) {
        return;
    }
    name = tool_resize(NULL, strlen(sed_input.path) + 8);
    (void)sprintf(name, "%s.sed", sed_input.path);
    sed_input.output = fopen(name, "we");
    if (!sed_input.output) {
        sed_input.output = stdout;
        exit(tool_error_number("%s", name));
    }
    if (fstat(fileno(sed_input.file), &status) == 0) {
        (void)fchmod(fileno(sed_input.output), status.st_mode & 07777);
    }
    free(name);
}

static bool next_file(void)
{
    sed_input_finish();
    while (sed_input.next < sed_input.count) {
        sed_input.path = sed_input.paths[sed_input.next++];
        sed_input.file = tool_open(sed_input.path);
        if (sed_input.file) {
            begin_output();
            if (sed_input.separate || sed_input.in_place) {
                sed_input.number = 0;
            }
            return true;
        }
        sed_input.status = 2;
    }
    return false;
}

/* With -i the file only changes when its last line is done. */
static bool fill_ahead(bool may_switch)
{
    while (!sed_input.have_ahead) {
        if (sed_input.file && line_read(&sed_input.ahead, sed_input.file, '\n')) {
            sed_input.have_ahead = true;
        } else if (!may_switch || !next_file()) {
            return false;
        }
    }
    return true;
}

bool sed_input_is_last(void)
{
    return !fill_ahead(!sed_input.in_place && !sed_input.separate);
}

const struct line *sed_input_line(void)
{
    if (!fill_ahead(true)) {
        return NULL;
    }
    sed_input.have_ahead = false;
    sed_input.number++;
    sed_input.newline = sed_input.ahead.newline;
    return &sed_input.ahead;
}
