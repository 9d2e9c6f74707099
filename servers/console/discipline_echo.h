/* SPDX-License-Identifier: MIT */
/* The part of the line discipline that shows the line as it is edited. */
#pragma once

#include "discipline.h"

/* The byte, after output processing. */
void echo_byte(struct discipline *discipline, const struct discipline_outside *outside,
               uint8_t byte);

/* The same; control characters as ^X if ECHOCTL is set. */
void echo_character(struct discipline *discipline, const struct discipline_outside *outside,
                    uint8_t byte);

/* After LNEXT: a ^ that the next character is shown over. */
void echo_literal(struct discipline *discipline, const struct discipline_outside *outside);

/* The whole line once more, on a new one. */
void echo_again(struct discipline *discipline, const struct discipline_outside *outside,
                uint8_t byte);

/* ERASE, WERASE and KILL: out of the line and off the screen. */
void erase_character(struct discipline *discipline, const struct discipline_outside *outside,
                     uint8_t byte);
void erase_word(struct discipline *discipline, const struct discipline_outside *outside);
void erase_line(struct discipline *discipline, const struct discipline_outside *outside,
                uint8_t byte);
