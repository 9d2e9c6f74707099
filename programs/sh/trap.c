/* SPDX-License-Identifier: MIT */
#include "trap.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"
#include "shell.h"

static struct {
    char *commands[TRAP_SIGNALS]; /* NULL: none */
    bool ignored_at_start[TRAP_SIGNALS];
    bool known_at_start[TRAP_SIGNALS];
    bool running_exit;
    volatile sig_atomic_t came[TRAP_SIGNALS];
    volatile sig_atomic_t any;
    volatile sig_atomic_t interrupt;
} traps;

static const struct {
    const char *name;
    int signal;
} signals[] = {
    {"EXIT", TRAP_EXIT}, {"HUP", SIGHUP},   {"INT", SIGINT},       {"QUIT", SIGQUIT},
    {"ILL", SIGILL},     {"TRAP", SIGTRAP}, {"ABRT", SIGABRT},     {"BUS", SIGBUS},
    {"FPE", SIGFPE},     {"KILL", SIGKILL}, {"USR1", SIGUSR1},     {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2},   {"PIPE", SIGPIPE}, {"ALRM", SIGALRM},     {"TERM", SIGTERM},
    {"STKFLT", 16},      {"CHLD", SIGCHLD}, {"CONT", SIGCONT},     {"STOP", SIGSTOP},
    {"TSTP", SIGTSTP},   {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},     {"URG", SIGURG},
    {"XCPU", SIGXCPU},   {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF},
    {"WINCH", SIGWINCH}, {"IO", SIGIO},     {"PWR", SIGPWR},       {"SYS", SIGSYS},
};

#define SIGNAL_COUNT (sizeof(signals) / sizeof(signals[0]))

int signal_number(const char *name)
{
    if (isdigit((unsigned char)name[0])) {
        char *end;
        long number = strtol(name, &end, 10);

        return *end || number >= TRAP_SIGNALS ? -1 : (int)number;
    }
    if (strncasecmp(name, "SIG", 3) == 0) {
        name += 3;
    }
    for (size_t index = 0; index < SIGNAL_COUNT; index++) {
        if (strcasecmp(signals[index].name, name) == 0) {
            return signals[index].signal;
        }
    }
    return -1;
}

const char *signal_name(int signal)
{
    for (size_t index = 0; index < SIGNAL_COUNT; index++) {
        if (signals[index].signal == signal) {
            return signals[index].name;
        }
    }
    return NULL;
}

static void note(int signal)
{
    traps.came[signal] = 1;
    traps.any = 1;
    if (signal == SIGINT) {
        traps.interrupt = 1;
    }
}

static void set_action(int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(signal, &action, NULL);
}

/* Signals that were ignored when the shell began stay so (nohup). */
static bool was_ignored(int signal)
{
    struct sigaction action;

    if (!traps.known_at_start[signal]) {
        traps.known_at_start[signal] = true;
        traps.ignored_at_start[signal] =
            sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
    }
    return traps.ignored_at_start[signal] && !shell.interactive;
}

/* What the shell itself does with a signal that has no trap. */
static void (*own_handler(int signal))(int)
{
    if (shell.subshell) {
        return SIG_DFL;
    }
    switch (signal) {
    case SIGINT:
        return shell.interactive ? note : SIG_DFL;
    case SIGQUIT:
    case SIGTERM:
        return shell.interactive ? SIG_IGN : SIG_DFL;
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        return shell.job_control ? SIG_IGN : SIG_DFL;
    default:
        return SIG_DFL;
    }
}

static void apply(int signal)
{
    const char *commands = traps.commands[signal];

    if (signal == TRAP_EXIT || signal == SIGKILL || signal == SIGSTOP || was_ignored(signal)) {
        return;
    }
    if (!commands) {
        set_action(signal, own_handler(signal));
    } else {
        set_action(signal, *commands ? note : SIG_IGN);
    }
}

void trap_setup(void)
{
    static const int own[] = {SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};

    for (size_t index = 0; index < sizeof(own) / sizeof(own[0]); index++) {
        apply(own[index]);
    }
}

void trap_set(int signal, const char *commands)
{
    free(traps.commands[signal]);
    traps.commands[signal] = commands ? text_copy(commands) : NULL;
    apply(signal);
}

const char *trap_get(int signal)
{
    return traps.commands[signal];
}

bool trap_pending(void)
{
    return traps.any;
}

int trap_pending_signal(void)
{
    for (int signal = 1; signal < TRAP_SIGNALS; signal++) {
        if (traps.came[signal] && traps.commands[signal]) {
            return signal;
        }
    }
    return 0;
}

/* The trap sees and leaves the status of the command before, except by exit or return. */
static void run(const char *commands)
{
    int status = shell.status;
    char *copy = text_copy(commands);

    (void)shell_run_text(copy);
    if (shell.flow == FLOW_NONE) {
        shell.status = status;
    }
    free(copy);
}

void trap_run_pending(void)
{
    if (!traps.any) {
        return;
    }
    traps.any = 0;
    for (int signal = 1; signal < TRAP_SIGNALS; signal++) {
        if (traps.came[signal]) {
            traps.came[signal] = 0;
            if (traps.commands[signal] && *traps.commands[signal]) {
                traps.interrupt = signal == SIGINT ? 0 : traps.interrupt;
                run(traps.commands[signal]);
            }
        }
    }
}

void trap_run_exit(void)
{
    char *commands = traps.commands[TRAP_EXIT];

    traps.commands[TRAP_EXIT] = NULL;
    if (commands && *commands) {
        int status = shell.status;

        shell.flow = FLOW_NONE;
        (void)shell_run_text(commands);
        if (shell.flow != FLOW_EXIT) {
            shell.status = status;
        }
    }
    free(commands);
}

bool trap_interrupted(void)
{
    return traps.interrupt;
}

void trap_clear_interrupt(void)
{
    traps.interrupt = 0;
    traps.came[SIGINT] = 0;
}

void trap_enter_subshell(void)
{
    for (int signal = 0; signal < TRAP_SIGNALS; signal++) {
        traps.came[signal] = 0;
        if (traps.commands[signal] && *traps.commands[signal]) {
            trap_set(signal, NULL);
        }
    }
    traps.any = 0;
    traps.interrupt = 0;
    trap_setup();
}

void trap_restore_for_program(bool ignore_interrupt)
{
    static const int own[] = {SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};

    for (size_t index = 0; index < sizeof(own) / sizeof(own[0]); index++) {
        if (own_handler(own[index]) == SIG_IGN && !traps.commands[own[index]]) {
            set_action(own[index], SIG_DFL);
        }
    }
    if (ignore_interrupt) {
        set_action(SIGINT, SIG_IGN);
        set_action(SIGQUIT, SIG_IGN);
    }
}
