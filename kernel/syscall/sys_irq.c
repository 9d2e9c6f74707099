/* SPDX-License-Identifier: MIT */
#include "object/irq.h"
#include "object/job.h"
#include "syscall/door.h"

DOOR_OF(irq_create, object, OBJECT_RESOURCE, RIGHT_MINT_IRQ)
{
    struct object *job;
    struct irq *irq;
    int status = door_lookup(a1, OBJECT_JOB, RIGHT_CREATE, &job);

    if (status == 0 && a2 > UINT32_MAX) {
        status = -EINVAL;
    }
    if (status == 0) {
        status = irq_create(&job_of(job)->account, (uint32_t)a2, &irq);
    }
    return status != 0 ? status : door_new(&irq->object, RIGHTS_IRQ);
}

DOOR_OF(irq_ack, irq, OBJECT_IRQ, RIGHT_ACK)
{
    return irq_ack(irq);
}
