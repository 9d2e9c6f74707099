/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "words.h"
#include <quay/bootstrap.h>
#include <quay/text.h>

static const struct command commands[] = {
    {"help", "[COMMAND]", "list the commands, or explain one", 0, 1, cmd_help},
    {"mem", "", "memory: total, free, kernel, programs", 0, 0, cmd_mem},
    {"cpus", "", "processors: idle time, switches, interrupts", 0, 0, cmd_cpus},
    {"threads", "", "processes and their threads", 0, 0, cmd_threads},
    {"objects", "", "kernel objects by type", 0, 0, cmd_objects},
    {"waits", "", "who waits for whom, and for how long", 0, 0, cmd_waits},
    {"ping", "[CALLS]", "call the counter server and measure a call (default 1000)", 0, 1,
     cmd_ping},
    {"spawn", "[NAME]", "start a program (default hello); prints its id", 0, 1, cmd_spawn},
    {"kill", "ID|NAME", "end a program that was started here, or a server (init restarts it)", 1, 1,
     cmd_kill},
    {"servers", "", "servers: state, restarts", 0, 0, cmd_servers},
    {"names", "", "names of servers, and how often each was bound", 0, 0, cmd_names},
    {"statistics", "NAME", "what a server has answered, method by method", 1, 1, cmd_statistics},
    {"call", "[NAME[.METHOD]]", "list servers, their methods, or call one: values follow", 0,
     WORDS_MAX - 1, cmd_call},
    {"watch", "NAME", "show a server's events from now on, and what came since", 1, 1, cmd_watch},
    {"start", "NAME", "start a server that died too often", 1, 1, cmd_start},
    {"restarts", "[TIMES]", "kill every server under load, and time its return (default 10)", 0, 1,
     cmd_restarts},
    {"crash", "", "start a program that faults; everything else goes on", 0, 0, cmd_crash},
    {"stress", "[SECONDS]", "calls, handles, futexes and memory on all CPUs (default 2)", 0, 1,
     cmd_stress},
    {"log", "", "the last lines of the kernel log", 0, 0, cmd_log},
    {"uptime", "", "time since boot", 0, 0, cmd_uptime},
    {"version", "", "what runs here", 0, 0, cmd_version},
    {"reboot", "", "restart the machine", 0, 0, cmd_reboot},
    {"poweroff", "", "switch the machine off", 0, 0, cmd_poweroff},
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (qy_streq(commands[i].name, name)) {
            return &commands[i];
        }
    }
    return NULL;
}

static void usage_print(const struct command *command)
{
    qy_printf("usage: %s%s%s\n", command->name, command->arguments[0] != 0 ? " " : "",
              command->arguments);
}

static void unknown_print(const char *name)
{
    qy_printf("%.40s: no such command; help lists those there are\n", name);
}

void cmd_help(int count, char **words)
{
    if (count == 2) {
        const struct command *command = command_find(words[1]);
        if (command == NULL) {
            unknown_print(words[1]);
            return;
        }
        usage_print(command);
        qy_printf("       %s\n", command->summary);
        return;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char synopsis[40];
        (void)qy_snprintf(synopsis, sizeof synopsis, "%s %s", commands[i].name,
                          commands[i].arguments); /* cut if too long */
        qy_printf("  %-20s %s\n", synopsis, commands[i].summary);
    }
}

void command_run(char *line)
{
    char *words[WORDS_MAX];
    int count = words_split(line, words);
    if (count == 0) {
        return;
    }
    if (count < 0) {
        qy_printf("too many words: at most %d\n", WORDS_MAX);
        return;
    }
    const struct command *command = command_find(words[0]);
    if (command == NULL) {
        unknown_print(words[0]);
        return;
    }
    if (count - 1 < command->arguments_min) {
        qy_printf("%s: %s is missing\n", command->name, command->arguments);
        usage_print(command);
        return;
    }
    if (count - 1 > command->arguments_max) {
        qy_printf("%s: what is \"%.40s\" for?\n", command->name, words[command->arguments_max + 1]);
        usage_print(command);
        return;
    }
    command->run(count, words);
}

bool command_number(const char *word, const char *what, uint64_t least, uint64_t most,
                    uint64_t *ret_value)
{
    uint64_t value = 0;
    int error = qy_parse_u64(word, &value);
    if (error == -EINVAL) {
        qy_printf("%.40s: not a number; %s is a number from %lu to %lu\n", word, what, least, most);
        return false;
    }
    if (error < 0 || value < least || value > most) {
        qy_printf("%.40s: %s is from %lu to %lu\n", word, what, least, most);
        return false;
    }
    *ret_value = value;
    return true;
}

handle_t command_resource(void)
{
    return qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
}
