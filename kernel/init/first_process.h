/* SPDX-License-Identifier: MIT */
/* Starting init, the one process that the kernel makes itself. */
#pragma once

struct boot_info;

/* Makes the root job and init from the boot archive, which has been checked, hands init the root
 * handles and makes its first thread ready. Panics with one clear line if that cannot be done. */
void first_process_start(const struct boot_info *info);
