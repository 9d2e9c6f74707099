/* SPDX-License-Identifier: MIT */
#include "device.h"
#include <idl/device.h>
#include <idl/random.h>
#include <quay/clock.h>
#include <quay/text.h>

#define PATIENCE (2 * QY_SECOND)
#define PTS_MODE (MODE_CHARACTER | 0620)

/* Opened when they are needed; what they know of us is nothing. */
static struct qy_connection console = {.name = "console", .open = qy_connect};
static struct qy_connection random_server = {.name = "random", .open = qy_connect};

static const struct server {
    uint32_t major;
    struct qy_connection *connection;
} servers[] = {
    {MAJOR_TERMINAL, &console},
    {MAJOR_TTY, &console},
    {MAJOR_PTS, &console},
};

/* A pseudo-terminal has come to be: its node, if it is not there yet. */
static void pts_make(uint64_t number)
{
    char path[32];
    struct qy_fs_place place;
    uint32_t length =
        (uint32_t)qy_snprintf(path, sizeof path, "dev/pts/%u", (uint32_t)number & 0xff);
    struct spot top = {0, NODE_ROOT};
    /* It is there already, or there is no /dev/pts: nothing depends on it. */
    (void)mount_make(top, 0, number, PTS_MODE, (const uint8_t *)path, length, &place);
}

static int64_t server_open(const struct server *server, struct qy_request *request, uint64_t number,
                           uint32_t flags, handle_t *ret_description, qy_dir_kind_t *ret_kind)
{
    uint64_t opened;
    int64_t status =
        qy_device_open_on(server->connection, number, flags, request->in.sender_job,
                          ret_description, &opened, ret_kind, qy_deadline_after(PATIENCE));
    if (status == 0 && opened >> 8 == MAJOR_PTS) {
        pts_make(opened);
    }
    return status >= 0 ? status : ENXIO;
}

int64_t device_open(struct qy_request *request, uint64_t number, uint32_t flags,
                    handle_t *ret_description, qy_dir_kind_t *ret_kind)
{
    uint64_t major = number >> 8, minor = number & 0xff;
    *ret_kind = QY_DIR_KIND_DEVICE;
    if (major == MAJOR_MEMORY) {
        struct session *session;
        if (minor != DEVICE_NULL && minor != DEVICE_ZERO && minor != DEVICE_FULL &&
            minor != DEVICE_RANDOM && minor != DEVICE_URANDOM) {
            return ENXIO;
        }
        int64_t error =
            session_open(request->server, SESSION_DEVICE, flags, &session, ret_description);
        if (error == 0) {
            session->device = (uint32_t)minor;
        }
        return error;
    }
    for (uint32_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        if (servers[i].major == major) {
            return server_open(&servers[i], request, number, flags, ret_description, ret_kind);
        }
    }
    return ENXIO;
}

static int64_t random_read(uint8_t *to, uint32_t count)
{
    for (uint32_t done = 0; done < count;) {
        uint8_t data[QY_RANDOM_READ_MAX];
        uint32_t piece = count - done < sizeof data ? count - done : sizeof data, got = 0;
        int64_t status = qy_random_read_on(&random_server, piece, false, data, &got,
                                           qy_deadline_after(PATIENCE));
        if (status != 0 || got == 0) {
            return status > 0 ? status : EIO;
        }
        memcpy(to + done, data, got);
        done += got;
    }
    return 0;
}

int64_t device_read(struct session *session, uint32_t count, uint8_t *ret_data, uint32_t *ret_count)
{
    if ((session->flags & QY_FILE_FLAGS_READ) == 0) {
        return EBADF;
    }
    *ret_count = session->device == DEVICE_NULL ? 0 : count;
    switch (session->device) {
    case DEVICE_RANDOM:
    case DEVICE_URANDOM:
        return random_read(ret_data, count);
    default:
        memset(ret_data, 0, *ret_count);
        return 0;
    }
}

int64_t device_read_lent(struct session *session, const struct qy_lease *data, uint64_t *ret_count)
{
    uint8_t piece[QY_FILE_INLINE_MAX];
    uint64_t done = 0;
    uint32_t got;
    while (done < data->size) {
        uint32_t wanted =
            data->size - done < sizeof piece ? (uint32_t)(data->size - done) : sizeof piece;
        int64_t status = device_read(session, wanted, piece, &got);
        if (status != 0) {
            return done > 0 ? 0 : status;
        }
        if (got == 0) {
            break;
        }
        if (qy_lease_put(data, done, piece, got) != 0) {
            return QY_FILE_FAILURE_BAD_MEMORY;
        }
        done += got;
        *ret_count = done;
        if (session->device != DEVICE_ZERO && session->device != DEVICE_FULL && done >= 256) {
            break; /* what random devices give at once */
        }
    }
    *ret_count = done;
    return 0;
}

int64_t device_write(const struct session *session)
{
    if ((session->flags & QY_FILE_FLAGS_WRITE) == 0) {
        return EBADF;
    }
    return session->device == DEVICE_FULL ? ENOSPC : 0;
}
