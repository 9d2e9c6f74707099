/* SPDX-License-Identifier: MIT */
/*
 * Interrupt lines as objects. When the line interrupts, the kernel masks it and sets SIGNAL_FIRED;
 * irq_ack clears that and opens the line again. A line belongs to one object at a time, from its
 * creation (open) until its last handle is closed (masked for good).
 */
#pragma once

#include "cap/object.h"
#include "lib/compiler.h"

#define IRQ_LINES_MAX 256u

struct irq {
    struct object object;

    /* Fixed. */
    uint32_t line;
};

static inline struct irq *irq_of(struct object *object)
{
    return CONTAINER_OF(object, struct irq, object);
}

extern const struct object_ops irq_ops;

/* Takes a line. Returns a reference. 0, -EINVAL (no such line), -EBUSY (has an owner), -ENOMEM, or
 * what the CPU layer says. */
MUST_USE int irq_create(struct account *account, uint32_t line, struct irq **ret_irq);

/* Clears FIRED and opens the line. 0, or -EINVAL if the line was given up already. */
MUST_USE int irq_ack(struct irq *irq);
