/* SPDX-License-Identifier: MIT */
#include "object/irq.h"

#include "arch/cpu.h"
#include "arch/upcalls.h"
#include "object/process.h"
#include <quay/abi/errno.h>

static struct {
    struct spinlock lock;
    /* Written under the lock. Read without in the interrupt: objects outlive the kernel entry. */
    struct irq *lines[IRQ_LINES_MAX];
} irq_state = {.lock = SPINLOCK_INIT(LOCK_RANK_OBJECT)};

static void irq_destroy(struct object *object);
static void irq_unreachable(struct object *object);

const struct object_ops irq_ops = {
    OBJECT_RECORD(irq, OBJECT_IRQ, _Alignof(struct irq)),
    .destroy = irq_destroy,
    .unreachable = irq_unreachable,
};

/* Makes the object the owner of its line, masked. */
static int line_take(struct irq *irq)
{
    int status = -EBUSY;

    spin_lock(&irq_state.lock);
    if (irq_state.lines[irq->line] == NULL) {
        status = arch_irq_setup(irq->line);
        if (status == 0) {
            __atomic_store_n(&irq_state.lines[irq->line], irq, __ATOMIC_RELEASE);
        }
    }
    spin_unlock(&irq_state.lock);
    return status;
}

int irq_create(struct account *account, uint32_t line, struct irq **ret_irq)
{
    struct object *object;
    struct irq *irq;
    int status;

    if (line >= arch_irq_count() || line >= IRQ_LINES_MAX) {
        return -EINVAL;
    }
    status = object_create(&irq_ops, account, &object);
    if (status != 0) {
        return status;
    }
    irq = irq_of(object);
    irq->line = line;
    status = line_take(irq);
    if (status != 0) {
        object_unref(object);
        return status;
    }
    arch_irq_unmask(line);
    *ret_irq = irq;
    return 0;
}

int irq_ack(struct irq *irq)
{
    int status = -EINVAL;

    object_signal(&irq->object, SIGNAL_FIRED, 0);
    spin_lock(&irq_state.lock);
    if (irq_state.lines[irq->line] == irq) {
        arch_irq_unmask(irq->line);
        status = 0;
    }
    spin_unlock(&irq_state.lock);
    return status;
}

void upcall_irq(uint32_t line)
{
    struct irq *irq = NULL;

    if (line < IRQ_LINES_MAX) {
        irq = __atomic_load_n(&irq_state.lines[line], __ATOMIC_ACQUIRE);
    }
    if (irq != NULL) {
        object_signal(&irq->object, 0, SIGNAL_FIRED);
        thread_interrupt_return();
    }
}

/* The line is free for the next driver at once, whatever bindings are left. */
static void irq_unreachable(struct object *object)
{
    struct irq *irq = irq_of(object);

    spin_lock(&irq_state.lock);
    if (irq_state.lines[irq->line] == irq) {
        arch_irq_mask(irq->line);
        __atomic_store_n(&irq_state.lines[irq->line], NULL, __ATOMIC_RELEASE);
    }
    spin_unlock(&irq_state.lock);
}

static void irq_destroy(struct object *object)
{
    irq_unreachable(object); /* one that never had a handle */
    object_free(object);
}
