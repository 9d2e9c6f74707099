/* SPDX-License-Identifier: MIT */
/*
 * Signals: the traps of a script, and what an interactive shell does not die of.
 *
 * A handler only notes the signal. The commands of a trap run between two commands, or when wait is
 * interrupted.
 */
#pragma once

#include <stdbool.h>

#define TRAP_EXIT    0
#define TRAP_SIGNALS 65

/* Once at the start and whenever the shell becomes interactive or job control changes. */
void trap_setup(void);
/* NULL clears, "" ignores. False for a signal that was ignored when the shell began. */
void trap_set(int signal, const char *commands);
const char *trap_get(int signal);
bool trap_pending(void);
/* The number of a signal that came and has a trap, 0 if there is none: for wait. */
int trap_pending_signal(void);
void trap_run_pending(void);
/* The commands of `trap ... EXIT`, once. */
void trap_run_exit(void);
bool trap_interrupted(void);
void trap_clear_interrupt(void);

/* In a child that goes on as a shell: caught signals are as they were by default. */
void trap_enter_subshell(void);
/* In a child that becomes a program; memory is not changed. */
void trap_restore_for_program(bool ignore_interrupt);

/* The number of a signal from its name (with or without SIG) or digits, -1 if there is none. */
int signal_number(const char *name);
/* Its name without SIG, NULL if it has none. */
const char *signal_name(int signal);
