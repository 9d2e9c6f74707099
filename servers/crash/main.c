/* SPDX-License-Identifier: MIT */
/*
 * Explains crashes. init binds the exceptions of all servers' jobs to our port: what a process
 * could not go on from comes here as a call. It is written to the log with the names of functions,
 * the process ends, and then its core is put away.
 */
#include "report.h"
#include "store.h"
#include <quay/archive.h>
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/server.h>
#include <quay/system.h>
#include <quay/text.h>

/* Of the memory that is free a core takes this part at most. */
#define SHARE_OF_FREE 8

static struct {
    struct symbols symbols;
    bool is_loaded;
    handle_t resource;
} crash_state;

/* --- symbols ------------------------------------------------------------------------------- */

static const void *archive_map(void)
{
    handle_t memory = qy_bootstrap_handle(BOOTSTRAP_ARCHIVE, NULL);
    size_t size_bytes = qy_bootstrap_value(BOOTSTRAP_ARCHIVE, NULL);
    void *archive;
    if (qy_memory_map(memory, 0, (size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1), MAP_READ,
                      &archive) < 0 ||
        qy_archive_check(archive, size_bytes, NULL) < 0) {
        return NULL;
    }
    return archive;
}

/* When they are needed first: most of the time nobody crashes. */
static void symbols_load(void)
{
    if (crash_state.is_loaded) {
        return;
    }
    crash_state.is_loaded = true;
    const void *archive = archive_map();
    const struct archive_entry *entry =
        archive != NULL ? qy_archive_find(archive, "lib/symbols") : NULL;
    if (entry == NULL ||
        !symbols_open(&crash_state.symbols, (const uint8_t *)archive + entry->offset_bytes,
                      entry->size_bytes)) {
        qy_log("no names of functions: lib/symbols of the boot archive is not there or not sound");
    }
}

/* --- cores --------------------------------------------------------------------------------- */

static struct core core;

struct file {
    uint8_t *bytes; /* NULL: there is none */
    uint64_t size_bytes, mapped_bytes;
};

static uint64_t size_limit(void)
{
    struct qy_result result = qy_system_info(crash_state.resource, SYSTEM_MEMORY, 0);
    const struct system_memory *memory = (const void *)qy_buffer()->payload;
    uint64_t share = result.status < 0 ? 0 : memory->free_bytes / SHARE_OF_FREE;
    return share < CORE_BYTES_MAX ? share : CORE_BYTES_MAX;
}

/* Into memory of ours, so that the process can end before anybody else is asked. */
static void core_make(struct target *target, struct file *ret_file)
{
    void *view;
    *ret_file = (struct file){0};
    target_core(target, &core);
    uint64_t size = core_plan(&core, size_limit());
    uint64_t mapped = (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    int64_t memory = qy_memory_create(qy_self_job(), mapped, 0);
    if (memory < 0 || qy_memory_map((handle_t)memory, 0, mapped, MAP_READ | MAP_WRITE, &view) < 0) {
        qy_log("no core: no memory for it");
        qy_handle_discard(memory < 0 ? HANDLE_INVALID : (handle_t)memory);
        return;
    }
    (void)qy_handle_close((handle_t)memory); /* the mapping keeps the pages */
    core_write(&core, target_read, target, view);
    *ret_file = (struct file){view, size, mapped};
}

/* --- the loop ------------------------------------------------------------------------------ */

static void exception_handle(struct qy_request *request, const struct exception_message *exception)
{
    static struct target target;
    handle_t port = request->server->port;
    struct qy_message answer = {.header = qy_exception_answer(EXCEPTION_END, NULL)};
    struct file file = {0};
    symbols_load();
    bool is_open = target_open(&target, port, request->in.token, exception, crash_state.resource,
                               &crash_state.symbols);
    if (is_open) {
        report(&target, &crash_state.symbols);
        core_make(&target, &file);
    } else {
        answer.header = qy_exception_answer(EXCEPTION_PASS, NULL); /* the kernel's report */
    }
    (void)qy_port_reply(port, request->in.token, &answer); /* it may have gone */
    request->in.token = 0;
    if (is_open) {
        target_close(&target);
    }
    if (file.bytes != NULL) {
        store_put(&core, exception->process, file.bytes, file.size_bytes);
        qy_pages_unmap(file.bytes, file.mapped_bytes);
    }
}

static int64_t dispatch(struct qy_request *request)
{
    const struct exception_message *message = qy_exception(&request->in.message);
    if (request->in.badge != QY_KEY_EXCEPTIONS || message == NULL) {
        return ENO_METHOD; /* there is nothing to ask */
    }
    struct exception_message copy = *message; /* the buffer is used for other things */
    exception_handle(request, &copy);
    return QY_DEFER; /* answered */
}

int main(int argument_count, char **arguments)
{
    static struct store unkept;
    struct store *kept = qy_memory_kept(sizeof *kept);
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .dispatch = dispatch,
    };
    (void)argument_count;
    (void)arguments;
    if (qy_buffer() == NULL) {
        qy_log("no message buffer");
        return 1;
    }
    crash_state.resource = qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
    store_open(kept != NULL ? kept : &unkept);
    return qy_server_main(&server, "crash");
}
