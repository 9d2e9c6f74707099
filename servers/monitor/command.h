/* SPDX-License-Identifier: MIT */
/* The commands. Each prints to the terminal; words[0] is its name. */
#pragma once

#include <stdbool.h>
#include <quay/syscall.h>

struct command {
    const char *name;
    const char *arguments; /* as in the usage line */
    const char *summary;
    int arguments_min, arguments_max;
    void (*run)(int count, char **words);
};

/* Splits and runs a line; says what is wrong with it. */
void command_run(char *line);

/* A number argument within bounds; says what is wrong and returns false otherwise. */
bool command_number(const char *word, const char *what, uint64_t least, uint64_t most,
                    uint64_t *ret_value);

/* Prints bytes as "12.3 MiB", a time as "1.234 s". For one printf: four calls keep their texts. */
const char *text_bytes(uint64_t bytes);
const char *text_duration(uint64_t nanoseconds);

/* Ends a server; says how that went. */
void server_kill(const char *name);

/* What a server calls its method number `number`; valid until the next call. */
const char *method_name(handle_t session, uint32_t number);

/* Commands that are programs of the shell too (tool.c). They print, or report what is wrong and
 * return false. */
bool names_run(int count, char **words);
bool statistics_run(int count, char **words);

/* The resource that the kernel's figures come by. */
handle_t command_resource(void);

void cmd_help(int count, char **words);
void cmd_mem(int count, char **words);
void cmd_cpus(int count, char **words);
void cmd_threads(int count, char **words);
void cmd_objects(int count, char **words);
void cmd_waits(int count, char **words);
void cmd_uptime(int count, char **words);
void cmd_version(int count, char **words);
void cmd_log(int count, char **words);
void cmd_ping(int count, char **words);
void cmd_spawn(int count, char **words);
void cmd_kill(int count, char **words);
void cmd_servers(int count, char **words);
void cmd_names(int count, char **words);
void cmd_call(int count, char **words);
void cmd_watch(int count, char **words);
void cmd_start(int count, char **words);
void cmd_restarts(int count, char **words);
void cmd_crash(int count, char **words);
void cmd_statistics(int count, char **words);
void cmd_stress(int count, char **words);
void cmd_reboot(int count, char **words);
void cmd_poweroff(int count, char **words);
