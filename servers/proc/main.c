/* SPDX-License-Identifier: MIT */
#include <quay/bootstrap.h>
#include <quay/exception.h>
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/server.h>
#include <quay/text.h>
#include "alarms.h"
#include "deliver.h"
#include "image.h"
#include "life.h"
#include "machine_setup.h"
#include "methods.h"

/* Keys of notices and a badge of ours: neither processes nor sessions by name have them. */
#define KEY_FAULTS (1ul << 62)
#define KEY_KEEPER (1ul << 61)

#define SUBSCRIBERS_MAX 8

static bool is_explained; /* whoever is asked next about an exception reports it */

static void alarms_ring(struct qy_server *server, struct qy_server_timer *timer)
{
    (void)server;
    (void)timer;
    const struct process_signal signal = {.code = CODE_KERNEL};
    struct process *process;
    while ((process = alarm_take(machine_now())) != NULL) {
        (void)signal_send(process, SIGNAL_ALRM, &signal); /* it does not queue up */
    }
    machine_timer_set(alarms_next());
}

static void notice(struct qy_server *server, uint64_t key, uint64_t signals)
{
    (void)server;
    struct process *process = process_of_badge(key);
    if (key == KEY_KEEPER) {
        life_keep_all();
        machine_watch_keeper(KEY_KEEPER);
    } else if (process != NULL && (signals & SIGNAL_EXITED) != 0) {
        life_ended(process);
    }
}

/* The caller of a spawn has gone; the new process stays. */
static void cancelled(struct qy_server *server, uint64_t token)
{
    for (uint32_t i = 1; i < PROCESS_MAX; i++) {
        struct process *process = process_at(i);
        if (process != NULL && qy_pending_cancel(server, &process->spawn_call, token)) {
            return;
        }
    }
}

/* A program without a POSIX layer, or the layer itself, has done what it cannot go on from. */
static uint32_t fault_signal(const struct exception_message *exception)
{
    switch (exception->kind) {
    case EXCEPTION_DIVIDE:
        return SIGNAL_FPE;
    case EXCEPTION_DEBUG:
    case EXCEPTION_BREAKPOINT:
        return SIGNAL_TRAP;
    case EXCEPTION_OPCODE:
        return SIGNAL_ILL;
    default:
        return SIGNAL_SEGV;
    }
}

/* Whether its POSIX layer has said which signal it is: then there is nothing to tell of the layer.
 */
static bool fault_note(const struct exception_message *exception)
{
    for (uint32_t i = 1; i < PROCESS_MAX; i++) {
        struct process *process = process_at(i);
        if (process != NULL && machine_process(&process->machine) == exception->process) {
            const struct process_page *page = process->machine.page;
            uint32_t told = page != NULL ? page->fatal_signal : 0;
            bool is_told = told > 0 && told <= PROCESS_SIGNAL_COUNT;
            uint32_t signal = is_told ? told : fault_signal(exception);
            process->killer = process->killer != 0 ? process->killer : signal;
            return is_told;
        }
    }
    return false;
}

static int64_t dispatch(struct qy_request *request)
{
    if (request->in.badge != KEY_FAULTS) {
        return qy_proc_dispatch(request);
    }
    const struct exception_message *exception = qy_exception(&request->in.message);
    bool is_told = exception != NULL && fault_note(exception);
    uint32_t action = is_explained ? EXCEPTION_PASS : is_told ? EXCEPTION_END : EXCEPTION_KILL;
    request->in.message.header = qy_exception_answer(action, NULL);
    return 0;
}

int main(int argument_count, char **arguments)
{
    is_explained = argument_count > 1 && qy_streq(arguments[1], "explain-crashes");
    static struct qy_subscriber subscribers[SUBSCRIBERS_MAX];
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .badge = QY_PROC_ACCESS_INSPECT,
        .dispatch = dispatch,
        .handlers = &proc_handlers,
        .subscribers = subscribers,
        .subscriber_max = SUBSCRIBERS_MAX,
        .notice = notice,
        .cancelled = cancelled,
    };
    void *kept = qy_memory_kept(TABLE_BYTES);
    bool is_restart = false;
    alarms_init();
    life_init(&server);
    if (kept != NULL) {
        is_restart = table_use(kept);
    } else {
        table_init();
    }
    image_load("lib/posix");
    int error = machine_setup(&server, alarms_ring);
    if (error == 0) {
        error = machine_watch_faults(KEY_FAULTS);
    }
    if (error == 0 && is_restart) {
        life_restore();
    }
    machine_watch_keeper(KEY_KEEPER);
    if (error < 0) {
        qy_log("cannot start: %s", qy_error_text(error));
        return 1;
    }
    /* Whoever has this name may end everybody; without it there is still the other one. */
    (void)qy_name_bind("proc_control", server.port,
                       QY_PROC_ACCESS_INSPECT | QY_PROC_ACCESS_CONTROL);
    return qy_server_main(&server, "proc");
}
