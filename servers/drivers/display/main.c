/* SPDX-License-Identifier: MIT */
#include <idl/display.h>
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/server.h>

static struct {
    handle_t memory; /* HANDLE_INVALID: there is no screen */
    struct qy_display_mode mode;
} display_state;

static int64_t display_get_mode(struct qy_request *request, struct qy_display_mode *ret_mode)
{
    (void)request;
    if (display_state.memory == HANDLE_INVALID) {
        return QY_DISPLAY_FAILURE_NO_SCREEN;
    }
    *ret_mode = display_state.mode;
    return 0;
}

static int64_t display_get_memory(struct qy_request *request, handle_t *ret_memory)
{
    (void)request;
    int64_t copy = display_state.memory == HANDLE_INVALID
                       ? -ENODEV
                       : qy_handle_dup(display_state.memory, RIGHTS_SAME);
    if (copy < 0) {
        return QY_DISPLAY_FAILURE_NO_SCREEN;
    }
    *ret_memory = (handle_t)copy;
    return 0;
}

static const struct qy_display_handlers handlers = {
    .get_mode = display_get_mode,
    .get_memory = display_get_memory,
};

/* What the kernel packed: BOOTSTRAP_FRAMEBUFFER_MODE. */
static void mode_find(void)
{
    uint64_t packed = qy_bootstrap_value(BOOTSTRAP_FRAMEBUFFER, NULL);
    handle_t memory = qy_bootstrap_handle(BOOTSTRAP_FRAMEBUFFER, NULL);
    struct qy_result info = {0};
    if (memory != HANDLE_INVALID) {
        info = qy_memory_info(memory);
    }
    if (memory == HANDLE_INVALID || info.status < 0) {
        return;
    }
    display_state.mode = (struct qy_display_mode){
        .width = packed & 0xffff,
        .height = packed >> 16 & 0xffff,
        .pitch_bytes = packed >> 32 & 0xffff,
        .pixel_bits = (uint8_t)(packed >> 48),
        .red_shift = 16,
        .green_shift = 8,
        .blue_shift = 0,
        .size_bytes = (uint64_t)info.status,
    };
    display_state.memory = memory;
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    mode_find();
    struct qy_server server = {.dispatch = qy_display_dispatch, .handlers = &handlers};
    return qy_server_main(&server, "display");
}
