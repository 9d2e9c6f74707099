/* SPDX-License-Identifier: MIT */
#include <idl/figures.h>
#include <idl/proc.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/message.h>
#include <quay/names.h>
#include <quay/protocols.h>
#include <quay/server.h>
#include <quay/system.h>
#include <quay/text.h>
#include <quay/thread.h>
#include <quay/waits.h>

#define WAITS_TEXT_MAX  (64 * 1024u)
#define PROC_WITHIN     (200 * QY_MILLISECOND)
#define RING_LOOK_AFTER (50 * QY_MILLISECOND)

static struct qy_connection proc = {.name = "proc", .open = qy_connect};

static struct {
    struct qy_waits waits, before;
    char text[WAITS_TEXT_MAX];
} waits_state;

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

/* --- who waits for whom -------------------------------------------------------------------- */

static int64_t threads_take(struct qy_waits *waits)
{
    uint64_t cursor = 0;
    waits->count = 0;
    waits->left_out = 0;
    do {
        struct qy_result result =
            qy_system_info(qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL), SYSTEM_THREADS, cursor);
        if (result.status < 0) {
            return result.status;
        }
        for (int64_t i = 0; i < result.status; i++) {
            struct system_thread thread;
            memcpy(&thread, qy_buffer()->payload + i * sizeof thread, sizeof thread);
            qy_waits_add(waits, &thread);
        }
        cursor = result.second;
    } while (cursor != 0);
    qy_waits_find(waits);
    return 0;
}

static void name_set(struct qy_waits *waits, koid_t process, const char *name)
{
    for (uint32_t i = 0; i < waits->count; i++) {
        if (waits->threads[i].process == process) {
            (void)qy_strlcpy(waits->threads[i].name, name, sizeof waits->threads[i].name);
        }
    }
}

/* A process of POSIX loads one program after the other, and the kernel knows the name of the first
 * one only. If proc hangs itself, that one has to do. */
static void names_take(struct qy_waits *waits)
{
    time_ns_t deadline = qy_deadline_after(PROC_WITHIN);
    struct qy_proc_record record;
    int64_t status = 0;
    for (uint32_t i = 0; status == 0 || status == QY_PROC_FAILURE_NO_SUCH_PROCESS; i++) {
        status = qy_proc_get_on(&proc, i, &record, deadline);
        if (status == 0 && record.process != 0 && record.name[0] != 0) {
            name_set(waits, record.process, record.name);
        }
    }
}

static int64_t waits(struct qy_request *request, const struct qy_lease *lease, uint64_t *ret_length)
{
    struct qy_waits *list = &waits_state.waits;
    struct qy_text text = {.text = waits_state.text, .size = sizeof waits_state.text};
    (void)request;
    waits_state.text[0] = 0;
    if (threads_take(list) != 0) {
        return QY_FIGURES_FAILURE_NO_TOPIC;
    }
    if (list->ring_count > 0) {
        waits_state.before = *list;
        (void)qy_thread_sleep(qy_deadline_after(RING_LOOK_AFTER)); /* it only sleeps */
        if (threads_take(list) != 0) {
            return QY_FIGURES_FAILURE_NO_TOPIC;
        }
        qy_waits_confirm(list, &waits_state.before);
    }
    names_take(list);
    qy_waits_put(list, qy_method_text, &text);
    uint64_t length = strlen(waits_state.text);
    *ret_length = length < lease->size ? length : lease->size;
    if (qy_lease_put(lease, 0, waits_state.text, *ret_length) != 0) {
        return QY_FIGURES_FAILURE_BAD_MEMORY;
    }
    return 0;
}

int main(int argument_count, char **arguments)
{
    static const struct qy_figures_handlers handlers = {.get = get, .waits = waits};
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .dispatch = qy_figures_dispatch,
        .handlers = &handlers,
    };
    (void)argument_count;
    (void)arguments;
    return qy_server_main(&server, "figures");
}
