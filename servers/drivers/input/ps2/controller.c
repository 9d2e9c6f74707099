/* SPDX-License-Identifier: MIT */
/*
 * The 8042. Every wait is bounded: a controller that is not there, or that hangs, costs a second at
 * the start and nothing later. There is no interrupt while it is set up, so it is looked at each
 * millisecond.
 */
#include "driver.h"
#include "ps2_regs.h"
#include <quay/clock.h>
#include <quay/device.h>
#include <quay/text.h>

#define WAIT_COUNT  20u  /* of PAUSE: what answers at once has answered */
#define RESET_COUNT 750u /* the keyboard tests itself */
#define PAUSE       QY_MILLISECOND
#define STALE_MAX   64u /* bytes that lie around at the start */

static struct {
    handle_t data, control;
    bool is_set_2;
    uint64_t time_outs;
} controller_state;

static uint32_t status_read(void)
{
    return (uint32_t)qy_io_read(controller_state.control, 0, 1); /* init has looked: it works */
}

static void pause(void)
{
    (void)qy_thread_sleep(qy_deadline_after(PAUSE)); /* it only sleeps */
}

/* Until it has taken our last byte. */
static bool wait_to_write(void)
{
    for (uint32_t i = 0; i < WAIT_COUNT; i++) {
        if ((status_read() & PS2_STATUS_INPUT_FULL) == 0) {
            return true;
        }
        pause();
    }
    controller_state.time_outs++;
    return false;
}

/* The next byte, whoever it is from; -ETIMEDOUT. */
static int wait_to_read(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if ((status_read() & PS2_STATUS_OUTPUT_FULL) != 0) {
            return (int)qy_io_read(controller_state.data, 0, 1);
        }
        pause();
    }
    controller_state.time_outs++;
    return -ETIMEDOUT;
}

static bool command(uint8_t byte)
{
    return wait_to_write() && qy_io_write(controller_state.control, 0, 1, byte) >= 0;
}

static bool data_write(uint8_t byte)
{
    return wait_to_write() && qy_io_write(controller_state.data, 0, 1, byte) >= 0;
}

static void stale_drop(void)
{
    for (uint32_t i = 0; i < STALE_MAX && (status_read() & PS2_STATUS_OUTPUT_FULL) != 0; i++) {
        (void)qy_io_read(controller_state.data, 0, 1); /* nobody wants it */
    }
}

/* To the keyboard; whether it said yes. */
static bool keyboard_tell(uint8_t byte)
{
    for (uint32_t i = 0; i < 3; i++) {
        if (!data_write(byte)) {
            return false;
        }
        int answer = wait_to_read(WAIT_COUNT);
        if (answer != PS2_RESEND) {
            return answer == PS2_ACKNOWLEDGE;
        }
    }
    return false;
}

static bool configuration_write(int configuration)
{
    return command(PS2_WRITE_CONFIGURATION) && data_write((uint8_t)configuration);
}

/* Interrupts of the keyboard, none of the mouse, and set 1 where it can be had. */
static int configure(void)
{
    if (!command(PS2_READ_CONFIGURATION)) {
        return -ENODEV;
    }
    int found = wait_to_read(WAIT_COUNT);
    if (found < 0 || !command(PS2_TEST_CONTROLLER)) {
        return -ENODEV;
    }
    if (wait_to_read(RESET_COUNT) != PS2_CONTROLLER_PASSED) {
        return -EIO;
    }
    int wanted = (found | PS2_CONFIGURATION_INTERRUPT | PS2_CONFIGURATION_TRANSLATE) &
                 ~(PS2_CONFIGURATION_AUXILIARY_INTERRUPT | PS2_CONFIGURATION_KEYBOARD_OFF);
    if (!configuration_write(wanted) || !command(PS2_READ_CONFIGURATION)) {
        return -EIO;
    }
    int got = wait_to_read(WAIT_COUNT);
    controller_state.is_set_2 = got >= 0 && (got & PS2_CONFIGURATION_TRANSLATE) == 0;
    return got < 0 ? got : 0;
}

static void keyboard_init(void)
{
    if (!keyboard_tell(PS2_RESET) || wait_to_read(RESET_COUNT) != PS2_SELF_TESTED) {
        qy_log("the keyboard does not answer"); /* it may be put in later */
        stale_drop();
    }
    if (!keyboard_tell(PS2_ENABLE_SCAN)) {
        stale_drop();
    }
}

int controller_init(handle_t data, handle_t control)
{
    controller_state.data = data;
    controller_state.control = control;
    int64_t status = qy_io_read(control, 0, 1);
    if (status < 0) {
        return (int)status;
    }
    if (status == 0xff) {
        return -ENODEV; /* nothing drives the bus */
    }
    if (!command(PS2_DISABLE_KEYBOARD) || !command(PS2_DISABLE_AUXILIARY)) {
        return -ENODEV;
    }
    stale_drop();
    int error = configure();
    if (error == 0 && !command(PS2_ENABLE_KEYBOARD)) {
        error = -EIO;
    }
    if (error == 0) {
        keyboard_init();
    }
    return error;
}

bool controller_is_set_2(void)
{
    return controller_state.is_set_2;
}

int controller_receive(void)
{
    for (uint32_t i = 0; i < STALE_MAX; i++) {
        uint32_t status = status_read();
        if (status == 0xff || (status & PS2_STATUS_OUTPUT_FULL) == 0) {
            return -EAGAIN;
        }
        int byte = (int)qy_io_read(controller_state.data, 0, 1);
        if ((status & PS2_STATUS_AUXILIARY) == 0) {
            return byte;
        }
    }
    return -EAGAIN;
}

bool controller_send(uint8_t byte)
{
    return (status_read() & PS2_STATUS_INPUT_FULL) == 0 &&
           qy_io_write(controller_state.data, 0, 1, byte) >= 0;
}

uint64_t controller_time_outs(void)
{
    return controller_state.time_outs;
}
