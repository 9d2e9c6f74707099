/* SPDX-License-Identifier: MIT */
/* Until there are terminals: no file is one. */
#include "file.h"

int64_t posix_tty_ioctl(const struct posix_fd *fd, uint32_t request, uint64_t argument)
{
    (void)fd;
    (void)request;
    (void)argument;
    return -ENOTTY;
}
