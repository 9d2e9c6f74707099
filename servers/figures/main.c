/* SPDX-License-Identifier: MIT */
#include <idl/figures.h>
#include <quay/bootstrap.h>
#include <quay/message.h>
#include <quay/names.h>
#include <quay/server.h>
#include <quay/system.h>
#include <quay/text.h>

static uint32_t record_size(uint32_t topic)
{
    switch (topic) {
    case SYSTEM_MEMORY:
        return sizeof(struct system_memory);
    case SYSTEM_CPUS:
        return sizeof(struct system_cpu);
    case SYSTEM_PROCESSES:
        return sizeof(struct system_process);
    case SYSTEM_THREADS:
        return sizeof(struct system_thread);
    case SYSTEM_OBJECTS:
        return sizeof(struct system_object_count);
    case SYSTEM_KERNEL:
        return sizeof(struct system_kernel);
    default:
        return 0;
    }
}

/* The records come in the message buffer, which the lease needs too: they are copied between. */
static int64_t get(struct qy_request *request, uint32_t topic, uint64_t cursor,
                   const struct qy_lease *records, uint32_t *ret_count, uint64_t *ret_next)
{
    static uint8_t page[IPC_PAYLOAD_MAX];
    uint32_t size = record_size(topic);
    (void)request;
    if (size == 0) {
        return QY_FIGURES_FAILURE_NO_TOPIC;
    }
    struct qy_result result =
        qy_system_info(qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL), topic, cursor);
    if (result.status < 0) {
        return QY_FIGURES_FAILURE_NO_TOPIC;
    }
    uint64_t length = (uint64_t)result.status * size;
    if (length > records->size) {
        return QY_FIGURES_FAILURE_BAD_MEMORY;
    }
    memcpy(page, qy_buffer()->payload, length);
    if (qy_lease_put(records, 0, page, length) != 0) {
        return QY_FIGURES_FAILURE_BAD_MEMORY;
    }
    *ret_count = (uint32_t)result.status;
    *ret_next = result.second;
    return 0;
}

int main(int argument_count, char **arguments)
{
    static const struct qy_figures_handlers handlers = {.get = get};
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .dispatch = qy_figures_dispatch,
        .handlers = &handlers,
    };
    (void)argument_count;
    (void)arguments;
    return qy_server_main(&server, "figures");
}
