/* SPDX-License-Identifier: MIT */
#include "power.h"
#include "acpi_power.h"
#include <idl/servers.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/device.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/system.h>
#include <quay/text.h>
#include <quay/thread.h>

#define KEYBOARD_STATUS_PORT 0x64 /* 8042: status, and commands */
#define KEYBOARD_INPUT_FULL  0x02
#define KEYBOARD_PULSE_RESET 0xfe
#define PM1_CONTROL_BYTES    2

/* init gives each server its own time, but nobody waits longer than this for all. */
#define STOP_WITHIN (20 * QY_SECOND)

static struct {
    struct acpi_power acpi;
    handle_t resource, job;
} power_state;

static const void *physical_map(void *context, uint64_t address, size_t size_bytes)
{
    (void)context;
    uint64_t first = address & ~(PAGE_SIZE - 1);
    if (address > UINT64_MAX - size_bytes - PAGE_SIZE) {
        return NULL;
    }
    uint64_t mapped = ((address + size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)) - first;
    int64_t memory = qy_memory_physical(power_state.resource, power_state.job, first, mapped);
    if (memory < 0) {
        return NULL;
    }
    void *view;
    int error = qy_memory_map((handle_t)memory, 0, mapped, MAP_READ, &view);
    (void)qy_handle_close((handle_t)memory); /* the mapping keeps it */
    return error == 0 ? (const uint8_t *)view + (address - first) : NULL;
}

void power_init(void)
{
    power_state.resource = qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
    power_state.job = qy_self_job();
    const struct acpi_reader reader = {.map = physical_map};
    const char *reason = "there is no root pointer of ACPI";
    void *rsdp;
    int error =
        qy_memory_map(qy_bootstrap_handle(BOOTSTRAP_ACPI, NULL), 0, PAGE_SIZE, MAP_READ, &rsdp);
    if (error == 0) {
        error = acpi_power_find(&reader, rsdp, qy_bootstrap_value(BOOTSTRAP_ACPI, NULL),
                                &power_state.acpi, &reason);
    }
    if (error < 0) {
        qy_log("ACPI: %s", reason);
    } else if (!power_state.acpi.off_known) {
        qy_log("ACPI: no way to switch off is described");
    }
}

/* One port register; nobody else may own these ports at the moment it is used. */
static int64_t port_access(uint16_t port, uint32_t width, bool is_write, uint32_t value)
{
    int64_t io = qy_io_create(power_state.resource, power_state.job, port, width);
    if (io < 0) {
        return io;
    }
    int64_t result =
        is_write ? qy_io_write((handle_t)io, 0, width, value) : qy_io_read((handle_t)io, 0, width);
    (void)qy_handle_close((handle_t)io); /* done with it */
    return result;
}

static int64_t port_write(uint16_t port, uint32_t width, uint32_t value)
{
    return port_access(port, width, true, value);
}

static int64_t port_read(uint16_t port, uint32_t width)
{
    return port_access(port, width, false, 0);
}

/* Brings the machine into ACPI mode, where the firmware has not done it (ACPI 6.4, 16.3.1). */
static void acpi_mode_enable(const struct acpi_power *acpi)
{
    if (acpi->smi_command_port == 0 || acpi->acpi_enable == 0) {
        return;
    }
    int64_t control = port_read(acpi->pm1a_control_port, PM1_CONTROL_BYTES);
    if (control >= 0 && (control & ACPI_SCI_ENABLE) != 0) {
        return;
    }
    (void)port_write(acpi->smi_command_port, 1, acpi->acpi_enable); /* the next loop tells */
    for (int i = 0; i < 100; i++) {
        control = port_read(acpi->pm1a_control_port, PM1_CONTROL_BYTES);
        if (control < 0 || (control & ACPI_SCI_ENABLE) != 0) {
            return;
        }
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND)); /* it only sleeps */
    }
}

/* What the caller learns when the machine is still on. */
static int64_t failure_of(int64_t error)
{
    return error == -EACCES ? QY_POWER_FAILURE_NO_ACCESS : QY_POWER_FAILURE_NOT_DONE;
}

/* Everything that runs ends in order, so that nothing is lost. Whatever comes of it, the machine is
 * switched off then. */
static void servers_stop(void)
{
    handle_t servers = qy_bootstrap_handle(BOOTSTRAP_SESSION, "servers");
    int64_t status = qy_servers_stop_all(servers, qy_deadline_after(STOP_WITHIN));
    if (status != 0) {
        qy_log("not everything was stopped: %s", qy_error_text(status));
    }
}

static int64_t power_off(struct qy_request *request)
{
    (void)request;
    const struct acpi_power *acpi = &power_state.acpi;
    if (!acpi->off_known) {
        return QY_POWER_FAILURE_NOT_SUPPORTED;
    }
    servers_stop();
    qy_log("switching off");
    acpi_mode_enable(acpi);
    int64_t error = port_write(acpi->pm1a_control_port, PM1_CONTROL_BYTES,
                               (uint32_t)acpi->sleep_type_a << 10 | ACPI_SLEEP_ENABLE);
    if (error >= 0 && acpi->pm1b_control_port != 0) {
        error = port_write(acpi->pm1b_control_port, PM1_CONTROL_BYTES,
                           (uint32_t)acpi->sleep_type_b << 10 | ACPI_SLEEP_ENABLE);
    }
    (void)qy_thread_sleep(qy_deadline_after(QY_SECOND)); /* it only sleeps */
    return failure_of(error);
}

static void keyboard_reset(void)
{
    for (int i = 0; i < 100; i++) {
        int64_t status = port_read(KEYBOARD_STATUS_PORT, 1);
        if (status < 0 || (status & KEYBOARD_INPUT_FULL) == 0) {
            break;
        }
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND)); /* it only sleeps */
    }
    (void)port_write(KEYBOARD_STATUS_PORT, 1, KEYBOARD_PULSE_RESET); /* or the next way */
}

/* Three ways, each given a tenth of a second: the reset register, the keyboard controller, the
 * kernel's own. */
static int64_t power_reboot(struct qy_request *request)
{
    (void)request;
    servers_stop();
    qy_log("restarting");
    if (power_state.acpi.reset_known) {
        (void)port_write(power_state.acpi.reset_port, 1, power_state.acpi.reset_value);
        (void)qy_thread_sleep(qy_deadline_after(QY_SECOND / 10)); /* it only sleeps */
    }
    keyboard_reset();
    (void)qy_thread_sleep(qy_deadline_after(QY_SECOND / 10)); /* it only sleeps */
    return failure_of(qy_system_halt(power_state.resource, 0));
}

const struct qy_power_handlers power_handlers = {
    .off = power_off,
    .reboot = power_reboot,
};
