/* SPDX-License-Identifier: MIT */
/* Hears of the keeper's death: one end of a channel lies with it, and closes as it dies. */
#pragma once

#include <quay/handle.h>

/* Puts the end under `key`, and has the port told with `notice_key` when it is closed: then is the
 * time to put again what was there, and to call this again. Waits for a keeper that is being
 * started, some time. 0 or a negative error number. */
int64_t qy_keeper_watch(handle_t keeper, uint64_t key, handle_t port, uint64_t notice_key);
