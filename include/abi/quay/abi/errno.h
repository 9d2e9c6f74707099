/* SPDX-License-Identifier: MIT */
/*
 * Error numbers. A system call returns 0 or a positive result, or the negative of one of these.
 * Numbers below 512 are Linux's; those from 512 on are Quay's own, most of them about the
 * transport of a message rather than about what was asked.
 */
#pragma once

#define EPERM     1
#define ENOENT    2
#define ESRCH     3
#define EINTR     4
#define EIO       5
#define ENXIO     6
#define E2BIG     7
#define ENOEXEC   8
#define EBADF     9 /* no such handle, or a stale one */
#define EAGAIN    11
#define ENOMEM    12 /* out of memory, of the machine's or of the job's */
#define EACCES    13 /* the handle lacks a right */
#define EFAULT    14 /* an address outside user space */
#define EBUSY     16
#define EEXIST    17
#define ENODEV    19
#define EINVAL    22
#define EMFILE    24 /* the handle table is full */
#define ENOSPC    28
#define ERANGE    34
#define EDEADLK   35
#define ENOSYS    38
#define EOVERFLOW 75
#define EMSGSIZE  90
#define ENOTSUP   95
#define ETIMEDOUT 110
#define ECANCELED 125

#define EPEER_DIED     512 /* the other side ended before it answered */
#define EREVOKED       513 /* the handle was revoked; close it */
#define ERETRY         514 /* nothing was done; do it again */
#define EWRONG_TYPE    515 /* the handle names an object of another type */
#define ETOKEN_STALE   516 /* the reply token was used, cancelled, or never was yours */
#define ETOKEN_DROPPED 517 /* the server dropped the call without an answer */
#define ENO_BUFFER     518 /* the message needs a message buffer that one side does not have */
#define EQUOTA         519 /* a limit of a job or of a session is reached */
#define ELEASE         520 /* the memory lent with the call cannot be accessed */
#define EPAGER         522 /* the page has to come from a pager first: its user has to touch it */
#define EBAD_MESSAGE   530 /* a message is not what its interface says */
#define ENO_METHOD     531 /* the server has no such method */
#define ESESSION_STALE 532 /* the server does not know this session any more: open a new one */

#define QY_ERRNO_MAX 4095
