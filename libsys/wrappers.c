/* SPDX-License-Identifier: MIT */
/* Every line of the ledger has a wrapper: a new call without one does not compile. */
#include <quay/channel.h>
#include <quay/clock.h>
#include <quay/device.h>
#include <quay/event.h>
#include <quay/exception.h>
#include <quay/futex.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/system.h>
#include <quay/thread.h>
#include <quay/trace.h>

#define SYSCALL(number, name, arguments, summary)                                                  \
    _Static_assert(sizeof(&qy_##name) == sizeof(void *), #name);
#include <quay/abi/syscalls.def>
#undef SYSCALL
