/* SPDX-License-Identifier: MIT */
#include <quay/text.h>
#include <quay/abi/errno.h>

static const struct {
    int number;
    const char *text;
} error_texts[] = {
    {EPERM, "not permitted (EPERM)"},
    {ENOENT, "no such thing (ENOENT)"},
    {ESRCH, "no such process (ESRCH)"},
    {EINTR, "interrupted (EINTR)"},
    {EIO, "the device failed (EIO)"},
    {ENXIO, "no such device or address (ENXIO)"},
    {E2BIG, "too long a list (E2BIG)"},
    {ENOEXEC, "not a program that can run here (ENOEXEC)"},
    {EBADF, "no such handle (EBADF)"},
    {EAGAIN, "not now, try again (EAGAIN)"},
    {ENOMEM, "out of memory (ENOMEM)"},
    {EACCES, "the handle lacks a right (EACCES)"},
    {EFAULT, "bad address (EFAULT)"},
    {EBUSY, "busy (EBUSY)"},
    {EEXIST, "exists already (EEXIST)"},
    {ENODEV, "no such device (ENODEV)"},
    {EINVAL, "invalid argument (EINVAL)"},
    {EMFILE, "the handle table is full (EMFILE)"},
    {ENOSPC, "no space left (ENOSPC)"},
    {ERANGE, "out of range (ERANGE)"},
    {EDEADLK, "would wait for itself (EDEADLK)"},
    {ENOSYS, "no such call (ENOSYS)"},
    {EOVERFLOW, "too large a value (EOVERFLOW)"},
    {EMSGSIZE, "message too long (EMSGSIZE)"},
    {ENOTSUP, "not supported (ENOTSUP)"},
    {ETIMEDOUT, "the deadline passed (ETIMEDOUT)"},
    {ECANCELED, "cancelled (ECANCELED)"},
    {EPEER_DIED, "the other side died (EPEER_DIED)"},
    {EREVOKED, "the handle was revoked (EREVOKED)"},
    {ERETRY, "to be repeated (ERETRY)"},
    {EWRONG_TYPE, "a handle of another type (EWRONG_TYPE)"},
    {ETOKEN_STALE, "the reply token is spent (ETOKEN_STALE)"},
    {ETOKEN_DROPPED, "the server gave no answer (ETOKEN_DROPPED)"},
    {ENO_BUFFER, "a message buffer is missing (ENO_BUFFER)"},
    {EQUOTA, "a limit is reached (EQUOTA)"},
    {ELEASE, "the memory lent cannot be accessed (ELEASE)"},
    {EPAGER, "a page has to be fetched first (EPAGER)"},
    {EBAD_MESSAGE, "not a message of this interface (EBAD_MESSAGE)"},
    {ESESSION_STALE, "the server does not know the session any more (ESESSION_STALE)"},
    {ENO_METHOD, "the server has no such method (ENO_METHOD)"},
};

const char *qy_error_text(int64_t error)
{
    if (error < 0) {
        error = -error;
    }
    if (error == 0) {
        return "no error";
    }
    for (size_t i = 0; i < sizeof error_texts / sizeof error_texts[0]; i++) {
        if (error_texts[i].number == error) {
            return error_texts[i].text;
        }
    }
    return "unknown error";
}
