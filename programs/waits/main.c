/* SPDX-License-Identifier: MIT */
/*
 * waits: who waits for whom. The list of processes is taken first, for their names; the threads are
 * then printed as they come.
 */
#include <idl/figures.h>
#include <quay/abi/system_info.h>
#include <quay/clock.h>
#include <quay/connection.h>
#include <quay/files.h>
#include <quay/thread_text.h>

#define ANSWER_WITHIN (5 * QY_SECOND)
#define PROCESSES_MAX 256
#define PAGE_BYTES    4096

static struct qy_connection figures = QY_CONNECTION("figures");

/* A list of the kernel, page by page. */
struct list {
    uint32_t topic;
    uint32_t record_size;
    uint32_t count, next; /* in the page */
    uint64_t cursor;
    bool is_begun;
    int64_t error;
    uint8_t page[PAGE_BYTES];
};

static struct {
    struct system_process processes[PROCESSES_MAX];
    uint32_t count;
} waits_state;

static bool page_read(struct list *list)
{
    if (list->is_begun && list->cursor == 0) {
        return false;
    }
    list->error =
        qy_figures_get_on(&figures, list->topic, list->cursor, list->page, sizeof list->page,
                          &list->count, &list->cursor, qy_deadline_after(ANSWER_WITHIN));
    list->is_begun = true;
    list->next = 0;
    return list->error == 0 && list->count > 0;
}

static bool list_next(struct list *list, void *ret_record)
{
    if (list->next == list->count && !page_read(list)) {
        return false;
    }
    memcpy(ret_record, list->page + (uint64_t)list->next * list->record_size, list->record_size);
    list->next++;
    return true;
}

static int64_t processes_take(void)
{
    static struct list list = {.topic = SYSTEM_PROCESSES,
                               .record_size = sizeof(struct system_process)};
    struct system_process process;
    while (list_next(&list, &process)) {
        if (waits_state.count < PROCESSES_MAX) {
            waits_state.processes[waits_state.count++] = process;
        }
    }
    return list.error;
}

static const char *process_name(koid_t koid)
{
    for (uint32_t i = 0; i < waits_state.count; i++) {
        if (waits_state.processes[i].koid == koid) {
            return waits_state.processes[i].name;
        }
    }
    return "?";
}

static int waits_print(void)
{
    static struct list list = {.topic = SYSTEM_THREADS,
                               .record_size = sizeof(struct system_thread)};
    struct system_thread thread;
    int64_t error = processes_take();
    if (error == 0) {
        qy_printf("process      thread  waits\n");
    }
    while (error == 0 && list_next(&list, &thread)) {
        if (qy_thread_is_waiting(&thread)) {
            qy_thread_wait_print(&thread, process_name(thread.waits_process));
            qy_printf(", since %lu.%03lu s\n", thread.waiting_ns / QY_SECOND,
                      thread.waiting_ns / QY_MILLISECOND % 1000);
        }
    }
    error = error != 0 ? error : list.error;
    return error == 0 ? 0 : qy_files_report("the server figures: %s", qy_error_text(error));
}

int main(int argument_count, char **arguments)
{
    qy_files_output();
    if (argument_count > 1) {
        qy_printf("usage: waits\n\nLists the threads of all programs that wait, for what and since "
                  "when.\n");
        return qy_streq(arguments[1], "--help") ? 0 : 1;
    }
    return waits_print();
}
