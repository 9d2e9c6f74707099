/* SPDX-License-Identifier: MIT */
/* What drivers use: interrupt lines and I/O ports, each an object of its own. */
#pragma once

#include <quay/syscall.h>

/* An interrupt line (ISA number or global system interrupt), unmasked. Needs MINT_IRQ. */
static inline int64_t qy_irq_create(handle_t resource, handle_t job, uint32_t line)
{
    return qy_syscall3(SYS_irq_create, resource, job, line);
}

/* Clears FIRED and unmasks the line: call it after the device was served. */
static inline int64_t qy_irq_ack(handle_t irq)
{
    return qy_syscall1(SYS_irq_ack, irq);
}

/* The I/O ports first_port to first_port + port_count - 1. Needs MINT_IO. Returns a handle. */
static inline int64_t qy_io_create(handle_t resource, handle_t job, uint32_t first_port,
                                   uint32_t port_count)
{
    return qy_syscall4(SYS_io_create, resource, job, first_port, port_count);
}

/* Reads port first_port + offset; the width is 1, 2 or 4 bytes. */
static inline int64_t qy_io_read(handle_t io, uint32_t offset, uint32_t width_bytes)
{
    return qy_syscall3(SYS_io_read, io, offset, width_bytes);
}

/* Writes port first_port + offset. */
static inline int64_t qy_io_write(handle_t io, uint32_t offset, uint32_t width_bytes,
                                  uint32_t value)
{
    return qy_syscall4(SYS_io_write, io, offset, width_bytes, value);
}
