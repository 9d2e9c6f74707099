/* SPDX-License-Identifier: MIT */
#include <idl/names.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/message.h>
#include <quay/names.h>
#include <quay/text.h>

#define BIND_WITHIN QY_SECOND

static handle_t names_session(void)
{
    return qy_bootstrap_handle(BOOTSTRAP_SESSION, "names");
}

int64_t qy_name_bind(const char *name, handle_t port, uint32_t badge)
{
    uint64_t generation;
    int64_t status = -ENOENT;
    if (names_session() != HANDLE_INVALID) {
        status = qy_handle_dup(port, RIGHTS_BASIC | RIGHT_MINT);
    }
    if (status >= 0) {
        status = qy_names_bind(names_session(), name, badge, (handle_t)status, &generation,
                               qy_deadline_after(BIND_WITHIN));
    }
    if (status != 0) {
        qy_log("the name %s is not bound: %s", name, qy_error_text(status));
    }
    return status > 0 ? -status : status;
}
