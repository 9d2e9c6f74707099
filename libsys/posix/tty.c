/* SPDX-License-Identifier: MIT */
/*
 * ioctls of terminals (ioctl_tty(2)): each is a method of the protocol tty at the session of the
 * open file. One that the terminal refuses because its caller is in the background fails as if it
 * had been interrupted: the signal is served, and the call made again.
 */
#include <idl/tty.h>
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/text.h>
#include "call.h"
#include "file.h"
#include "guest.h"
#include "path.h"
#include "tty.h"

/* <asm/termbits.h>: struct termios2; struct termios is its beginning. */
struct linux_termios {
    uint32_t input, output, control, local;
    uint8_t discipline;
    uint8_t characters[19];
    uint32_t input_speed, output_speed;
};

#define TERMIOS_SIZE 36u

_Static_assert(sizeof(struct linux_termios) == 44, "struct termios2");
_Static_assert(offsetof(struct linux_termios, input_speed) == TERMIOS_SIZE, "struct termios");

struct linux_winsize {
    uint16_t rows, columns, width, height;
};

#define CONTROL_SPEED_EXTENDED 0x1000u /* CBAUDEX */
#define CONTROL_SPEED          0x100fu /* CBAUD */
#define SPEED_DEFAULT          38400u

/* --- settings ------------------------------------------------------------------------------ */

/* The speed that the bits of the control modes stand for (B50 and so on). */
static uint32_t speed_of(uint32_t control)
{
    static const uint32_t speeds[2][16] = {
        {0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400},
        {0, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000,
         2000000, 2500000, 3000000, 3500000, 4000000},
    };
    const uint32_t bits = control & CONTROL_SPEED;
    const uint32_t speed = speeds[(bits & CONTROL_SPEED_EXTENDED) != 0][bits & 0xf];

    return bits == CONTROL_SPEED_EXTENDED ? SPEED_DEFAULT : speed;
}

static int64_t attributes_get(handle_t session, uint64_t argument, size_t size)
{
    struct qy_tty_attributes attributes;
    struct linux_termios termios;
    const int64_t status = qy_tty_get_attributes(session, &attributes, DEADLINE_NEVER);

    if (status != 0) {
        return status;
    }
    termios = (struct linux_termios){
        .input = attributes.input,
        .output = attributes.output,
        .control = attributes.control,
        .local = attributes.local,
        .discipline = attributes.discipline,
        .input_speed = attributes.input_speed,
        .output_speed = attributes.output_speed,
    };
    memcpy(termios.characters, attributes.control_characters, sizeof termios.characters);
    return guest_write(argument, &termios, size);
}

static int64_t attributes_set(handle_t session, qy_tty_moment_t moment, uint64_t argument,
                              size_t size)
{
    struct qy_tty_attributes attributes;
    struct linux_termios termios = {0};

    if (guest_read(&termios, argument, size) < 0) {
        return -EFAULT;
    }
    if (size == TERMIOS_SIZE) {
        termios.input_speed = termios.output_speed = speed_of(termios.control);
    }
    attributes = (struct qy_tty_attributes){
        .input = termios.input,
        .output = termios.output,
        .control = termios.control,
        .local = termios.local,
        .discipline = termios.discipline,
        .input_speed = termios.input_speed,
        .output_speed = termios.output_speed,
    };
    memcpy(attributes.control_characters, termios.characters, sizeof termios.characters);
    return qy_tty_set_attributes(session, moment, &attributes, DEADLINE_NEVER);
}

static int64_t size_get(handle_t session, uint64_t argument)
{
    struct qy_tty_size size;
    struct linux_winsize window;
    const int64_t status = qy_tty_get_size(session, &size, DEADLINE_NEVER);

    if (status != 0) {
        return status;
    }
    window = (struct linux_winsize){size.rows, size.columns, size.width, size.height};
    return guest_write(argument, &window, sizeof window);
}

static int64_t size_set(handle_t session, uint64_t argument)
{
    struct linux_winsize window;
    struct qy_tty_size size;

    if (guest_read(&window, argument, sizeof window) < 0) {
        return -EFAULT;
    }
    size = (struct qy_tty_size){
        .rows = window.rows,
        .columns = window.columns,
        .width = window.width,
        .height = window.height,
    };
    return qy_tty_set_size(session, &size, DEADLINE_NEVER);
}

/* --- numbers ------------------------------------------------------------------------------- */

typedef int64_t number_get_fn(handle_t session, uint32_t *ret_number, time_ns_t deadline);

static int64_t number_get(handle_t session, number_get_fn *get, uint64_t argument)
{
    uint32_t number;
    const int64_t status = get(session, &number, DEADLINE_NEVER);

    return status != 0 ? status : guest_write(argument, &number, sizeof number);
}

static int64_t output_queued(handle_t session, uint32_t *ret_number, time_ns_t deadline)
{
    uint32_t input;

    return qy_tty_queued(session, &input, ret_number, deadline);
}

static int64_t lock_get(handle_t session, uint32_t *ret_number, time_ns_t deadline)
{
    bool is_locked = false;
    const int64_t status = qy_tty_pair_is_locked(session, &is_locked, deadline);

    *ret_number = is_locked;
    return status;
}

static int64_t discipline_get(handle_t session, uint32_t *ret_number, time_ns_t deadline)
{
    (void)session;
    (void)deadline;
    *ret_number = 0; /* N_TTY */
    return 0;
}

static int64_t number_read(uint64_t argument, uint32_t *ret_number)
{
    return guest_read(ret_number, argument, sizeof *ret_number) < 0 ? -EFAULT : 0;
}

static int64_t group_set(handle_t session, uint64_t argument)
{
    uint32_t group;
    const int64_t status = number_read(argument, &group);

    return status != 0 ? status : qy_tty_set_group(session, group, DEADLINE_NEVER);
}

static int64_t lock_set(handle_t session, uint64_t argument)
{
    uint32_t is_locked;
    const int64_t status = number_read(argument, &is_locked);

    return status != 0 ? status : qy_tty_pair_lock(session, is_locked != 0, DEADLINE_NEVER);
}

/* --- what is done at once ------------------------------------------------------------------ */

static int64_t flush(handle_t session, uint64_t which)
{
    return which > 2 ? -EINVAL : qy_tty_flush(session, (uint32_t)which + 1, DEADLINE_NEVER);
}

static int64_t flow(handle_t session, uint64_t action)
{
    return action > 3 ? -EINVAL : qy_tty_flow(session, (qy_tty_flow_t)action, DEADLINE_NEVER);
}

/* The other side of a pseudo-terminal as a new descriptor. */
static int64_t peer_open(handle_t session, uint64_t open)
{
    const uint32_t access = (uint32_t)open & LINUX_O_ACCMODE;
    const uint32_t flags = (access != LINUX_O_WRONLY ? QY_FILE_FLAGS_READ : 0) |
                           (access != LINUX_O_RDONLY ? QY_FILE_FLAGS_WRITE : 0) |
                           ((uint32_t)open & LINUX_O_NONBLOCK);
    struct posix_fd fd = {
        .open = (uint32_t)open & ~LINUX_O_CLOEXEC,
        .kind = QY_DIR_KIND_TERMINAL,
        .close_on_exec = (open & LINUX_O_CLOEXEC) != 0,
    };
    const int64_t status = qy_tty_pair_open(session, flags, &fd.handle, DEADLINE_NEVER);

    return status != 0 ? posix_error(status) : posix_fd_install(&fd, 0);
}

/* --- where it is --------------------------------------------------------------------------- */

#define DEVICE_CONSOLE 0x501u /* makedev(5, 1) */
#define MAJOR_PAIR     136u

bool posix_tty_path(const struct posix_fd *fd, char ret_path[POSIX_TTY_PATH])
{
    struct qy_file_stat stat;

    if (fd->kind != QY_DIR_KIND_TERMINAL || fd->handle == HANDLE_INVALID ||
        qy_file_stat(fd->handle, &stat, DEADLINE_NEVER) != 0) {
        return false;
    }
    if (stat.special >> 8 == MAJOR_PAIR) {
        (void)qy_snprintf(ret_path, POSIX_TTY_PATH, "/dev/pts/%u", (unsigned)stat.special & 0xff);
        return true;
    }
    (void)qy_strlcpy(ret_path, stat.special == DEVICE_CONSOLE ? "/dev/console" : "/dev/ptmx",
                     POSIX_TTY_PATH);
    return true;
}

void posix_tty_stat(const struct posix_fd *fd, struct qy_file_stat *stat)
{
    char text[POSIX_TTY_PATH];
    struct posix_path path;
    struct qy_file_stat node;

    if (!posix_tty_path(fd, text) || posix_path_own(text, &path) != 0) {
        return;
    }
    if (POSIX_DIR_AGAIN(&path, qy_dir_lookup, true, path.rest, path.length, &node) == 0 &&
        node.special == stat->special) {
        *stat = node;
    }
    posix_path_end(&path);
}

/* --- the call ------------------------------------------------------------------------------ */

/* 0, or what the server said. */
static int64_t request_serve(handle_t session, uint32_t request, uint64_t argument)
{
    switch (request) {
    case LINUX_TCGETS:
        return attributes_get(session, argument, TERMIOS_SIZE);
    case LINUX_TCGETS2:
        return attributes_get(session, argument, sizeof(struct linux_termios));
    case LINUX_TCSETS:
    case LINUX_TCSETSW:
    case LINUX_TCSETSF:
        return attributes_set(session, (qy_tty_moment_t)(request - LINUX_TCSETS), argument,
                              TERMIOS_SIZE);
    case LINUX_TCSETS2:
    case LINUX_TCSETSW2:
    case LINUX_TCSETSF2:
        return attributes_set(session, (qy_tty_moment_t)(request - LINUX_TCSETS2), argument,
                              sizeof(struct linux_termios));
    case LINUX_TIOCGWINSZ:
        return size_get(session, argument);
    case LINUX_TIOCSWINSZ:
        return size_set(session, argument);
    case LINUX_TIOCGPGRP:
        return number_get(session, qy_tty_get_group, argument);
    case LINUX_TIOCSPGRP:
        return group_set(session, argument);
    case LINUX_TIOCGSID:
        return number_get(session, qy_tty_get_session, argument);
    case LINUX_TIOCSCTTY:
        return qy_tty_control(session, DEADLINE_NEVER);
    case LINUX_TIOCNOTTY:
        return qy_tty_control_end(session, DEADLINE_NEVER);
    case LINUX_TIOCOUTQ:
        return number_get(session, output_queued, argument);
    case LINUX_TCSBRK: /* a break is not sent: no terminal of ours has one */
    case LINUX_TCSBRKP:
        return qy_tty_drain(session, DEADLINE_NEVER);
    case LINUX_TCXONC:
        return flow(session, argument);
    case LINUX_TCFLSH:
        return flush(session, argument);
    case LINUX_TIOCGETD:
        return number_get(session, discipline_get, argument);
    case LINUX_TIOCGPTN:
        return number_get(session, qy_tty_pair_number, argument);
    case LINUX_TIOCSPTLCK:
        return lock_set(session, argument);
    case LINUX_TIOCGPTLCK:
        return number_get(session, lock_get, argument);
    default:
        return -ENOTTY;
    }
}

bool posix_tty_is_to_repeat(const struct posix_fd *fd, int64_t status)
{
    return status == -EPEER_DIED && fd->kind == QY_DIR_KIND_TERMINAL &&
           qy_object_wait(fd->handle, SIGNAL_PEER_CLOSED, DEADLINE_POLL) < 0;
}

int64_t posix_tty_ioctl(const struct posix_fd *fd, uint32_t request, uint64_t argument)
{
    int64_t status;

    if (fd->kind != QY_DIR_KIND_TERMINAL || fd->handle == HANDLE_INVALID) {
        return -ENOTTY;
    }
    if (request == LINUX_TIOCGPTPEER) {
        return peer_open(fd->handle, argument);
    }
    do {
        status = request_serve(fd->handle, request, argument);
    } while (posix_tty_is_to_repeat(fd, status));
    return status == -ENO_METHOD ? -ENOTTY : posix_error(status);
}
