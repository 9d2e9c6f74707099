/* SPDX-License-Identifier: MIT */
/*
 * Linux's user interface on x86-64, as far as the layer serves it: numbers and layouts (man 2 of
 * each call; include/uapi of the kernel). Error numbers that <quay/abi/errno.h> has are not
 * repeated: both are Linux's.
 */
#pragma once

#include <quay/abi/errno.h>
#include <quay/abi/types.h>

#define ECHILD       10
#define ENOTBLK      15
#define EXDEV        18
#define ENOTDIR      20
#define EISDIR       21
#define ENFILE       23
#define ENOTTY       25
#define ETXTBSY      26
#define EFBIG        27
#define ESPIPE       29
#define EROFS        30
#define EMLINK       31
#define EPIPE        32
#define EDOM         33
#define ENAMETOOLONG 36
#define ENOLCK       37
#define ENOTEMPTY    39
#define ELOOP        40
#define ENODATA      61
#define EPROTO       71
#define EBADMSG      74
#define ELIBBAD      80
#define EILSEQ       84
#define ERESTART     85
#define EUSERS       87
#define ENOTSOCK     88
#define EOPNOTSUPP   95
#define EAFNOSUPPORT 97
#define ENOBUFS      105
#define ESTALE       116
#define EDQUOT       122

#define LINUX_PATH_MAX 4096 /* with the zero */

/* --- memory --- */

#define LINUX_PROT_READ  1u
#define LINUX_PROT_WRITE 2u
#define LINUX_PROT_EXEC  4u

#define LINUX_MAP_SHARED          0x01u
#define LINUX_MAP_PRIVATE         0x02u
#define LINUX_MAP_SHARED_VALIDATE 0x03u
#define LINUX_MAP_TYPE            0x0fu
#define LINUX_MAP_FIXED           0x10u
#define LINUX_MAP_ANONYMOUS       0x20u
#define LINUX_MAP_32BIT           0x40u
#define LINUX_MAP_GROWSDOWN       0x100u
#define LINUX_MAP_FIXED_NOREPLACE 0x100000u

#define LINUX_MREMAP_MAYMOVE   1u
#define LINUX_MREMAP_FIXED     2u
#define LINUX_MREMAP_DONTUNMAP 4u

#define LINUX_MADV_DONTNEED 4
#define LINUX_MADV_FREE     8

/* --- auxiliary vector (getauxval(3)) --- */

#define LINUX_AT_NULL        0u
#define LINUX_AT_PHDR        3u
#define LINUX_AT_PHENT       4u
#define LINUX_AT_PHNUM       5u
#define LINUX_AT_PAGESZ      6u
#define LINUX_AT_BASE        7u
#define LINUX_AT_FLAGS       8u
#define LINUX_AT_ENTRY       9u
#define LINUX_AT_UID         11u
#define LINUX_AT_EUID        12u
#define LINUX_AT_GID         13u
#define LINUX_AT_EGID        14u
#define LINUX_AT_PLATFORM    15u
#define LINUX_AT_HWCAP       16u
#define LINUX_AT_CLKTCK      17u
#define LINUX_AT_SECURE      23u
#define LINUX_AT_RANDOM      25u
#define LINUX_AT_HWCAP2      26u
#define LINUX_AT_EXECFN      31u
#define LINUX_AT_MINSIGSTKSZ 51u

/* --- time --- */

struct linux_timespec {
    int64_t seconds, nanoseconds;
};

struct linux_timeval {
    int64_t seconds, microseconds;
};

#define LINUX_CLOCK_REALTIME         0
#define LINUX_CLOCK_MONOTONIC        1
#define LINUX_CLOCK_PROCESS_CPUTIME  2
#define LINUX_CLOCK_THREAD_CPUTIME   3
#define LINUX_CLOCK_MONOTONIC_RAW    4
#define LINUX_CLOCK_REALTIME_COARSE  5
#define LINUX_CLOCK_MONOTONIC_COARSE 6
#define LINUX_CLOCK_BOOTTIME         7
#define LINUX_TIMER_ABSTIME          1u

/* --- threads --- */

#define LINUX_CLONE_VM             0x00000100u
#define LINUX_CLONE_FS             0x00000200u
#define LINUX_CLONE_FILES          0x00000400u
#define LINUX_CLONE_SIGHAND        0x00000800u
#define LINUX_CLONE_VFORK          0x00004000u
#define LINUX_CLONE_THREAD         0x00010000u
#define LINUX_CLONE_SYSVSEM        0x00040000u
#define LINUX_CLONE_SETTLS         0x00080000u
#define LINUX_CLONE_PARENT_SETTID  0x00100000u
#define LINUX_CLONE_CHILD_CLEARTID 0x00200000u
#define LINUX_CLONE_DETACHED       0x00400000u
#define LINUX_CLONE_CHILD_SETTID   0x01000000u
#define LINUX_CLONE_SIGNAL         0x000000ffu

#define LINUX_FUTEX_WAIT        0u
#define LINUX_FUTEX_WAKE        1u
#define LINUX_FUTEX_REQUEUE     3u
#define LINUX_FUTEX_CMP_REQUEUE 4u
#define LINUX_FUTEX_WAIT_BITSET 9u
#define LINUX_FUTEX_WAKE_BITSET 10u
#define LINUX_FUTEX_PRIVATE     128u
#define LINUX_FUTEX_CLOCK_RT    256u
#define LINUX_FUTEX_WAITERS     0x80000000u
#define LINUX_FUTEX_OWNER_DIED  0x40000000u
#define LINUX_FUTEX_TID_MASK    0x3fffffffu

#define LINUX_ARCH_SET_GS 0x1001
#define LINUX_ARCH_SET_FS 0x1002
#define LINUX_ARCH_GET_FS 0x1003
#define LINUX_ARCH_GET_GS 0x1004

/* --- signals --- */

#define LINUX_SIGNAL_COUNT 64 /* 1 to 64; sets are bit (number - 1) */

#define LINUX_SIGHUP    1
#define LINUX_SIGINT    2
#define LINUX_SIGQUIT   3
#define LINUX_SIGILL    4
#define LINUX_SIGTRAP   5
#define LINUX_SIGABRT   6
#define LINUX_SIGBUS    7
#define LINUX_SIGFPE    8
#define LINUX_SIGKILL   9
#define LINUX_SIGUSR1   10
#define LINUX_SIGSEGV   11
#define LINUX_SIGUSR2   12
#define LINUX_SIGPIPE   13
#define LINUX_SIGALRM   14
#define LINUX_SIGTERM   15
#define LINUX_SIGSTKFLT 16
#define LINUX_SIGCHLD   17
#define LINUX_SIGCONT   18
#define LINUX_SIGSTOP   19
#define LINUX_SIGTSTP   20
#define LINUX_SIGTTIN   21
#define LINUX_SIGTTOU   22
#define LINUX_SIGURG    23
#define LINUX_SIGXCPU   24
#define LINUX_SIGXFSZ   25
#define LINUX_SIGVTALRM 26
#define LINUX_SIGPROF   27
#define LINUX_SIGWINCH  28
#define LINUX_SIGIO     29
#define LINUX_SIGPWR    30
#define LINUX_SIGSYS    31

#define LINUX_SIG_DFL 0ul
#define LINUX_SIG_IGN 1ul

#define LINUX_SA_NOCLDSTOP 0x00000001ul
#define LINUX_SA_NOCLDWAIT 0x00000002ul
#define LINUX_SA_SIGINFO   0x00000004ul
#define LINUX_SA_RESTORER  0x04000000ul
#define LINUX_SA_ONSTACK   0x08000000ul
#define LINUX_SA_RESTART   0x10000000ul
#define LINUX_SA_NODEFER   0x40000000ul
#define LINUX_SA_RESETHAND 0x80000000ul

struct linux_sigaction {
    uint64_t handler; /* LINUX_SIG_DFL, LINUX_SIG_IGN or an address */
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
};

#define LINUX_SI_USER     0
#define LINUX_SI_KERNEL   0x80
#define LINUX_SI_QUEUE    (-1)
#define LINUX_SI_TIMER    (-2)
#define LINUX_SI_TKILL    (-6)
#define LINUX_SEGV_MAPERR 1
#define LINUX_SEGV_ACCERR 2

struct linux_siginfo {
    int32_t number, error, code, pad;
    union {
        struct {
            int32_t pid;
            uint32_t uid;
            union {
                int32_t status; /* SIGCHLD */
                uint64_t value; /* sigqueue, timers */
            };
            int64_t user_time, system_time;
        };
        uint64_t address; /* SIGSEGV, SIGBUS, SIGILL, SIGFPE */
        uint8_t bytes[112];
    };
};

_Static_assert(sizeof(struct linux_siginfo) == 128, "siginfo_t");

#define LINUX_SS_ONSTACK    1u
#define LINUX_SS_DISABLE    2u
#define LINUX_SS_AUTODISARM 0x80000000u
#define LINUX_MINSIGSTKSZ   2048u

struct linux_stack {
    uint64_t base;
    uint32_t flags, pad;
    uint64_t size;
};

struct linux_sigcontext {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, trap, old_mask, fault_address;
    uint64_t fpu; /* address of the XSAVE area */
    uint64_t reserved[8];
};

_Static_assert(sizeof(struct linux_sigcontext) == 256, "struct sigcontext");

struct linux_ucontext {
    uint64_t flags, link;
    struct linux_stack stack;
    struct linux_sigcontext context;
    uint64_t mask;
};

#define LINUX_SIG_BLOCK   0
#define LINUX_SIG_UNBLOCK 1
#define LINUX_SIG_SETMASK 2

/* --- files --- */

#define LINUX_O_RDONLY    0u
#define LINUX_O_WRONLY    01u
#define LINUX_O_RDWR      02u
#define LINUX_O_ACCMODE   03u
#define LINUX_O_CREAT     0100u
#define LINUX_O_EXCL      0200u
#define LINUX_O_NOCTTY    0400u
#define LINUX_O_TRUNC     01000u
#define LINUX_O_APPEND    02000u
#define LINUX_O_NONBLOCK  04000u
#define LINUX_O_ASYNC     020000u
#define LINUX_O_DIRECTORY 0200000u
#define LINUX_O_NOFOLLOW  0400000u
#define LINUX_O_CLOEXEC   02000000u
#define LINUX_O_PATH      010000000u
#define LINUX_O_LARGEFILE 0100000u

#define LINUX_S_IFMT   0170000u
#define LINUX_S_IFREG  0100000u
#define LINUX_S_IFDIR  0040000u
#define LINUX_S_IFLNK  0120000u
#define LINUX_S_IFIFO  0010000u
#define LINUX_S_IFCHR  0020000u
#define LINUX_S_IFBLK  0060000u
#define LINUX_S_IFSOCK 0140000u

#define LINUX_F_DUPFD         0
#define LINUX_F_GETFD         1
#define LINUX_F_SETFD         2
#define LINUX_F_GETFL         3
#define LINUX_F_SETFL         4
#define LINUX_F_GETLK         5
#define LINUX_F_SETLK         6
#define LINUX_F_SETLKW        7
#define LINUX_F_OFD_GETLK     36
#define LINUX_F_OFD_SETLK     37
#define LINUX_F_OFD_SETLKW    38
#define LINUX_F_DUPFD_CLOEXEC 1030
#define LINUX_F_SETPIPE_SZ    1031
#define LINUX_F_GETPIPE_SZ    1032
#define LINUX_FD_CLOEXEC      1u

#define LINUX_F_RDLCK 0
#define LINUX_F_WRLCK 1
#define LINUX_F_UNLCK 2

struct linux_flock {
    int16_t type, whence;
    int32_t pad;
    int64_t start, length;
    int32_t pid, pad2;
};

#define LINUX_LOCK_SH 1u
#define LINUX_LOCK_EX 2u
#define LINUX_LOCK_NB 4u
#define LINUX_LOCK_UN 8u

struct linux_iovec {
    uint64_t base, size;
};

#define LINUX_IOV_MAX 1024u

struct linux_stat {
    uint64_t device, inode, links;
    uint32_t mode, user, group, pad;
    uint64_t special;
    int64_t size, block_size, blocks;
    struct linux_timespec accessed, modified, changed;
    int64_t reserved[3];
};

_Static_assert(sizeof(struct linux_stat) == 144, "struct stat");

#define LINUX_AT_FDCWD            (-100)
#define LINUX_AT_SYMLINK_NOFOLLOW 0x100u
#define LINUX_AT_REMOVEDIR        0x200u
#define LINUX_AT_SYMLINK_FOLLOW   0x400u
#define LINUX_AT_EMPTY_PATH       0x1000u

#define LINUX_TCGETS      0x5401u
#define LINUX_TCSETS      0x5402u /* and the two behind it: drained, flushed */
#define LINUX_TCSETSW     0x5403u
#define LINUX_TCSETSF     0x5404u
#define LINUX_TCSBRK      0x5409u
#define LINUX_TCXONC      0x540au
#define LINUX_TCFLSH      0x540bu
#define LINUX_TIOCSCTTY   0x540eu
#define LINUX_TIOCGPGRP   0x540fu
#define LINUX_TIOCSPGRP   0x5410u
#define LINUX_TIOCOUTQ    0x5411u
#define LINUX_TIOCGWINSZ  0x5413u
#define LINUX_TIOCSWINSZ  0x5414u
#define LINUX_TIOCNOTTY   0x5422u
#define LINUX_TIOCGETD    0x5424u
#define LINUX_TCSBRKP     0x5425u
#define LINUX_TIOCGSID    0x5429u
#define LINUX_TIOCGPTPEER 0x5441u
#define LINUX_TCGETS2     0x802c542au
#define LINUX_TCSETS2     0x402c542bu
#define LINUX_TCSETSW2    0x402c542cu
#define LINUX_TCSETSF2    0x402c542du
#define LINUX_TIOCGPTN    0x80045430u
#define LINUX_TIOCSPTLCK  0x40045431u
#define LINUX_TIOCGPTLCK  0x80045439u

#define LINUX_FIONREAD 0x541bu
#define LINUX_FIONBIO  0x5421u
#define LINUX_FIONCLEX 0x5450u
#define LINUX_FIOCLEX  0x5451u

/* --- poll, select, epoll; the bits are those of file.idl --- */

struct linux_pollfd {
    int32_t descriptor;
    uint16_t events, ready;
};

#define LINUX_POLLNVAL 0x20u

#define LINUX_EPOLL_CLOEXEC 02000000u
#define LINUX_EPOLL_ADD     1
#define LINUX_EPOLL_DEL     2
#define LINUX_EPOLL_MOD     3
#define LINUX_EPOLLET       0x80000000u
#define LINUX_EPOLLONESHOT  0x40000000u

struct linux_epoll_event {
    uint32_t events;
    uint32_t data[2]; /* 64 bits, which need no alignment */
};

_Static_assert(sizeof(struct linux_epoll_event) == 12, "struct epoll_event");
