/* SPDX-License-Identifier: MIT */
#include "names.h"
#include <quay/bootstrap.h>
#include <quay/memory.h>
#include <quay/text.h>

static struct directory private_directory; /* where nobody keeps one for us */

/* Which names an entry of the manifest sees; without it, those that have a view see nothing. */
static void manifest_map(struct qy_manifest *ret_manifest)
{
    handle_t memory = qy_bootstrap_handle(BOOTSTRAP_MEMORY, "manifest");
    uint64_t size_bytes = qy_bootstrap_value(BOOTSTRAP_MEMORY, "manifest");
    uint64_t mapped_bytes = (size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    const char *reason = "";
    void *view;
    int error = qy_memory_map(memory, 0, mapped_bytes, MAP_READ, &view);
    if (error == 0) {
        error = qy_manifest_read(view, size_bytes, ret_manifest, &reason);
    }
    if (error < 0) {
        qy_log("no manifest: %s%s", qy_error_text(error), reason);
    }
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    struct directory *kept = qy_memory_kept(sizeof *kept);
    struct qy_manifest manifest = {0};
    manifest_map(&manifest);
    names_init(kept != NULL ? kept : &private_directory, &manifest);
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, ""),
        .dispatch = names_dispatch,
        .handlers = &names_handlers,
        .cancelled = names_cancelled,
    };
    const struct bootstrap_handle *handle;
    for (uint32_t i = 0; (handle = qy_bootstrap_at(i)) != NULL; i++) {
        if (handle->kind == BOOTSTRAP_PORT && handle->name[0] != 0) {
            names_preset(handle->name, (uint32_t)handle->value, handle->handle);
        }
    }
    int64_t error = qy_server_run(&server);
    if (error < 0) {
        qy_log("receiving failed: %s", qy_error_text(error));
    }
    return error < 0;
}
