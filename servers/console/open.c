/* SPDX-License-Identifier: MIT */
/*
 * Descriptions and the protocol device. The badge of a description is
 *
 *   63         48 47        32 31         0
 *   [ generation ][ index + 1 ][     2     ]
 */
#include "console.h"
#include <idl/device.h>
#include <quay/handle.h>
#include "handlers.h"

#define MAJOR_TTY     4u
#define MAJOR_CONSOLE 5u
#define MAJOR_PAIR    136u

/* --- descriptions -------------------------------------------------------------------------- */

static uint64_t badge_of(const struct description *description)
{
    uint64_t index = (uint64_t)(description - console.kept->descriptions);
    return (uint64_t)description->generation << 48 | (index + 1) << 32 | BADGE_DESCRIPTION;
}

struct description *description_of(uint64_t badge)
{
    uint64_t index = (badge >> 32 & 0xffff) - 1;
    if ((uint32_t)badge != BADGE_DESCRIPTION || index >= DESCRIPTIONS_MAX) {
        return NULL;
    }
    struct description *description = &console.kept->descriptions[index];
    return description->is_used && description->generation == badge >> 48 ? description : NULL;
}

struct terminal *description_terminal(const struct description *description)
{
    return &console.kept->terminals[description->terminal];
}

static struct description *description_find_free(void)
{
    for (uint32_t i = 0; i < DESCRIPTIONS_MAX; i++) {
        if (!console.kept->descriptions[i].is_used) {
            return &console.kept->descriptions[i];
        }
    }
    return NULL;
}

int64_t description_open(struct terminal *terminal, enum side side, uint32_t flags,
                         handle_t *ret_session)
{
    struct description *description = description_find_free();
    if (description == NULL) {
        return QY_FILE_FAILURE_NO_SPACE;
    }
    description->generation++;
    struct qy_result made = qy_session_create(console.server->port, badge_of(description), 0);
    if (made.status < 0) {
        return QY_FILE_FAILURE_NO_MEMORY;
    }
    (void)qy_handle_close((handle_t)made.status); /* it is never revoked */
    description->is_hung_up = false;
    description->terminal = terminal_number(terminal);
    description->side = side;
    description->flags = flags & (QY_FILE_FLAGS_READ | QY_FILE_FLAGS_WRITE | QY_FILE_FLAGS_APPEND |
                                  QY_FILE_FLAGS_NONBLOCK);
    terminal->opens[side]++;
    terminal->was_opened = terminal->was_opened || side == SIDE_SLAVE;
    __atomic_store_n(&description->is_used, true, __ATOMIC_RELEASE);
    *ret_session = (handle_t)made.second;
    return 0;
}

void description_closed(uint64_t badge)
{
    struct description *description = description_of(badge);
    if (description == NULL) {
        return;
    }
    struct terminal *terminal = description_terminal(description);
    wait_forget(description);
    description->is_used = false;
    terminal->opens[description->side]--;
    if (description->side == SIDE_MASTER && terminal->opens[SIDE_MASTER] == 0) {
        terminal->is_hung_up = true;
        job_hang_up(terminal);
    }
    terminal_changed(terminal);
    if (terminal_number(terminal) != 0 && terminal->opens[SIDE_SLAVE] == 0 &&
        terminal->opens[SIDE_MASTER] == 0) {
        terminal->is_used = false;
    }
}

/* --- the protocol device ------------------------------------------------------------------- */

static struct terminal *pair_make(void)
{
    for (uint32_t i = 1; i < TERMINALS_MAX; i++) {
        struct terminal *terminal = &console.kept->terminals[i];
        if (!terminal->is_used) {
            terminal_init(terminal);
            terminal->is_locked = true;
            return terminal;
        }
    }
    return NULL;
}

static struct terminal *pair_find(uint64_t number)
{
    if (number >= TERMINALS_MAX - 1) {
        return NULL;
    }
    struct terminal *terminal = &console.kept->terminals[number + 1];
    return terminal->is_used && terminal->opens[SIDE_MASTER] > 0 ? terminal : NULL;
}

/* What a number means: a terminal and a side, or an error. */
static int64_t device_find(uint64_t number, uint64_t job, struct terminal **ret_terminal,
                           enum side *ret_side)
{
    uint64_t major = number >> 8 & 0xfff;
    uint64_t minor = (number & 0xff) | (number >> 12 & 0xfff00);
    *ret_side = SIDE_SLAVE;
    *ret_terminal = NULL;
    if (major == MAJOR_PAIR) {
        *ret_terminal = pair_find(minor);
        if (*ret_terminal != NULL && (*ret_terminal)->is_locked) {
            return QY_FILE_FAILURE_IO;
        }
    } else if (major == MAJOR_TTY || (major == MAJOR_CONSOLE && minor == 1)) {
        *ret_terminal = &console.kept->terminals[0]; /* screen and serial line are one */
    } else if (major == MAJOR_CONSOLE && minor == 0) {
        *ret_terminal = job_terminal(job);
    } else if (major == MAJOR_CONSOLE && minor == 2) {
        *ret_side = SIDE_MASTER;
        *ret_terminal = pair_make();
        return *ret_terminal == NULL ? QY_FILE_FAILURE_NO_SPACE : 0;
    }
    return *ret_terminal == NULL ? QY_FILE_FAILURE_NO_SUCH_DEVICE : 0;
}

static int64_t device_open(struct qy_request *request, uint64_t number, qy_dir_open_flags_t flags,
                           uint64_t job, handle_t *ret_description, uint64_t *ret_opened,
                           qy_dir_kind_t *ret_kind)
{
    struct terminal *terminal;
    enum side side;
    (void)request;
    int64_t status = device_find(number, job, &terminal, &side);
    if (status == 0) {
        status = description_open(terminal, side, flags, ret_description);
    }
    if (status != 0) {
        if (terminal != NULL && side == SIDE_MASTER && terminal->opens[SIDE_MASTER] == 0) {
            terminal->is_used = false;
        }
        return status;
    }
    if (side == SIDE_SLAVE && (flags & QY_DIR_OPEN_FLAGS_NO_TERMINAL) == 0) {
        job_opened(terminal, job);
    }
    terminal_changed(terminal);
    *ret_opened = terminal_device(terminal);
    *ret_kind = QY_DIR_KIND_TERMINAL;
    return 0;
}

const struct qy_device_handlers open_handlers = {.open = device_open};
