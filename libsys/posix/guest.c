/* SPDX-License-Identifier: MIT */
#include "guest.h"
#include <quay/abi/ipc.h>
#include <quay/text.h>
#include "access.h"
#include "call.h"
#include "thread.h"

/* What entry.S is written from. */
_Static_assert(offsetof(struct redirect, registers.r15) == 0, "entry.S");
_Static_assert(offsetof(struct redirect, registers.r10) == 56, "entry.S");
_Static_assert(offsetof(struct redirect, registers.rax) == 80, "entry.S");
_Static_assert(offsetof(struct redirect, registers.rip) == 120, "entry.S");
_Static_assert(offsetof(struct redirect, registers.rsp) == 136, "entry.S");
_Static_assert(offsetof(struct redirect, reason) == 160, "entry.S");
_Static_assert(offsetof(struct redirect, kicked) == 184, "entry.S");
_Static_assert(offsetof(struct redirect, stack) == 216, "entry.S");
_Static_assert(REDIRECT_SYSCALL == 0 && REDIRECT_KICK == 3, "entry.S");
_Static_assert(SYS_thread_resume == 322 && EFAULT == 14, "entry.S");

_Static_assert(EINTR == 4 && POSIX_CALL_COUNT == 512, "entry.S");
_Static_assert(offsetof(struct posix_thread, is_special) == 48, "entry.S");

#define REASON_NONE 0x100u

int64_t guest_access(uint64_t a, uint64_t b, uint64_t c, posix_access_routine *routine)
{
    struct redirect *redirect = posix_redirect();
    const struct thread_registers saved = redirect->registers;
    const uint64_t reason = redirect->reason;
    const uint64_t detail[2] = {redirect->detail[0], redirect->detail[1]};
    int64_t status;

    redirect->reason = REASON_NONE;
    status = posix_access_run(a, b, c, routine);
    if (redirect->reason != REASON_NONE) { /* it faulted, or was kicked: what was there is lost */
        redirect->registers = saved;
        redirect->detail[0] = detail[0];
        redirect->detail[1] = detail[1];
        (void)qy_thread_kick(posix_self()->handle, 0); /* ours; the kick was used up */
    }
    redirect->reason = reason;
    return status;
}

int64_t guest_read(void *to, uint64_t from, size_t size)
{
    if (!guest_may(from, size)) {
        return -EFAULT;
    }
    return guest_access((uint64_t)(uintptr_t)to, from, size, posix_access_copy);
}

int64_t guest_write(uint64_t to, const void *from, size_t size)
{
    if (!guest_may(to, size)) {
        return -EFAULT;
    }
    return guest_access(to, (uint64_t)(uintptr_t)from, size, posix_access_copy);
}

int64_t guest_zero(uint64_t to, size_t size)
{
    return guest_may(to, size) ? guest_access(to, 0, size, posix_access_zero) : -EFAULT;
}

int64_t guest_read_string(char *to, uint64_t from, size_t size)
{
    int64_t taken;

    if (!guest_may(from, 1)) {
        return -EFAULT;
    }
    taken = guest_access((uint64_t)(uintptr_t)to, from, size, posix_access_string);
    if (taken < 0) {
        return taken;
    }
    return (size_t)taken <= size ? taken - 1 : -ENAMETOOLONG;
}

int64_t guest_exchange(uint64_t word, uint32_t *expected, uint32_t desired)
{
    int64_t found;

    if (!guest_may(word, sizeof(uint32_t))) {
        return -EFAULT;
    }
    found = guest_access(word, *expected, desired, posix_access_exchange);
    if (found == -EFAULT) {
        return -EFAULT;
    }
    *expected = (uint32_t)found;
    return 0;
}
