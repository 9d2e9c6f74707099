/* SPDX-License-Identifier: MIT */
#include "object/irq.h"
#include "object/job.h"
#include "syscall/door.h"

DOOR(irq_create)
{
    struct handle_entry *entry;
    struct object *resource, *job;
    struct irq *irq;
    int status = door_lookup(a0, OBJECT_RESOURCE, RIGHT_MINT_IRQ, &resource);

    UNUSED3();
    if (status == 0) {
        status = door_lookup(a1, OBJECT_JOB, RIGHT_CREATE, &job);
    }
    if (status == 0 && a2 > UINT32_MAX) {
        status = -EINVAL;
    }
    if (status == 0) {
        status = handle_reserve(thread_current()->table, &entry);
    }
    if (status != 0) {
        return status;
    }
    status = irq_create(&job_of(job)->account, (uint32_t)a2, &irq);
    if (status != 0) {
        handle_unreserve(entry);
        return status;
    }
    return (int64_t)handle_install(entry, &irq->object, RIGHTS_BASIC | RIGHT_ACK);
}

DOOR(irq_ack)
{
    struct object *irq;
    int status = door_lookup(a0, OBJECT_IRQ, RIGHT_ACK, &irq);

    UNUSED5();
    return status != 0 ? status : irq_ack(irq_of(irq));
}
