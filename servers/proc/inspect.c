/* SPDX-License-Identifier: MIT */
/* What servers ask for and do: the console, /proc, ps. */
#include <quay/server.h>
#include <quay/text.h>
#include "deliver.h"
#include "methods.h"

static struct process *process_of_job(koid_t job)
{
    for (uint32_t i = 1; job != 0 && i < PROCESS_MAX; i++) {
        struct process *process = process_at(i);
        if (process != NULL && machine_job(&process->machine) == job) {
            return process;
        }
    }
    return NULL;
}

int64_t proc_identify(struct qy_request *request, uint64_t job,
                      struct qy_proc_identity *ret_identity)
{
    if (!caller_may(request, QY_PROC_ACCESS_INSPECT)) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    const struct process *process = process_of_job(job);
    if (process == NULL) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    identity_fill(process, ret_identity);
    return 0;
}

int64_t proc_signal_group(struct qy_request *request, int32_t pgid, uint32_t number)
{
    if (!caller_may(request, QY_PROC_ACCESS_CONTROL)) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    if (number == 0 || number > PROCESS_SIGNAL_COUNT) {
        return QY_PROC_FAILURE_INVALID;
    }
    struct group *group = group_find(pgid);
    if (group == NULL) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    const struct process_signal signal = {.code = CODE_KERNEL};
    signal_send_group(group, number, &signal);
    return 0;
}

int64_t proc_background(struct qy_request *request, uint64_t job, uint32_t number,
                        qy_proc_outcome_t *ret_outcome)
{
    if (!caller_may(request, QY_PROC_ACCESS_CONTROL)) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    if (number != SIGNAL_TTIN && number != SIGNAL_TTOU) {
        return QY_PROC_FAILURE_INVALID;
    }
    const struct process *process = process_of_job(job);
    if (process == NULL || process->machine.page == NULL) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    if (signal_is_unheard(process->machine.page, number)) {
        *ret_outcome = QY_PROC_OUTCOME_IGNORED;
    } else if (group_is_orphaned(process->group)) {
        *ret_outcome = QY_PROC_OUTCOME_ORPHANED;
    } else {
        const struct process_signal signal = {.code = CODE_KERNEL};
        signal_send_group(process->group, number, &signal);
        *ret_outcome = QY_PROC_OUTCOME_SENT;
    }
    return 0;
}

int64_t proc_group_session(struct qy_request *request, int32_t pgid, int32_t *ret_sid)
{
    if (!caller_may(request, QY_PROC_ACCESS_INSPECT)) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    const struct group *group = group_find(pgid);
    if (group == NULL) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    *ret_sid = group->session->sid;
    return 0;
}

int64_t proc_terminal_set(struct qy_request *request, int32_t sid, uint32_t terminal)
{
    if (!caller_may(request, QY_PROC_ACCESS_CONTROL)) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    struct session *session = session_find(sid);
    if (session == NULL) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    session->terminal = terminal;
    return 0;
}

/* --- looking ------------------------------------------------------------------------------- */

static qy_proc_state_t state_of(const struct process *process)
{
    switch (process->state) {
    case PROCESS_STARTING:
        return QY_PROC_STATE_STARTING;
    case PROCESS_STOPPED:
        return QY_PROC_STATE_STOPPED;
    case PROCESS_ENDED:
        return QY_PROC_STATE_ENDED;
    case PROCESS_RUNNING:
    case PROCESS_FREE:
        break;
    }
    return QY_PROC_STATE_RUNNING;
}

/* Names are the program's own words: what is no text is shown as '?'. */
static void name_copy(char *to, const char *from, size_t size)
{
    size_t i = 0;
    for (; i + 1 < size && from[i] != 0; i++) {
        to[i] = from[i] >= ' ' && from[i] < 0x7f ? from[i] : '?';
    }
    to[i] = 0;
}

static void page_tell(const struct process_page *page, struct qy_proc_record *record)
{
    record->pending_signals = page->pending;
    record->blocked_signals = page->blocked;
    record->ignored_signals = page->ignored;
    record->caught_signals = page->caught;
    name_copy(record->name, page->name, sizeof record->name);
}

int64_t proc_get(struct qy_request *request, uint32_t index, struct qy_proc_record *ret_record)
{
    if (!caller_may(request, QY_PROC_ACCESS_INSPECT)) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    if (index >= PROCESS_MAX) {
        return QY_PROC_FAILURE_INVALID;
    }
    struct process *process = process_at(index);
    if (process == NULL) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    struct machine_figures figures;
    machine_figures(&process->machine, &figures);
    bool has_ended = process->state == PROCESS_ENDED;
    *ret_record = (struct qy_proc_record){
        .job = machine_job(&process->machine),
        .process = machine_process(&process->machine),
        .cpu_ns = has_ended ? process->cpu_ns : figures.cpu_ns,
        .children_cpu_ns = process->children_cpu_ns,
        .memory_bytes = has_ended ? process->memory_bytes : figures.memory_bytes,
        .started_ns = process->started_ns,
        .state = state_of(process),
        .wait_status = process->status,
        .terminal = process->group->session->terminal,
        .thread_count = figures.thread_count,
    };
    identity_fill(process, &ret_record->identity);
    if (process->machine.page != NULL) {
        page_tell(process->machine.page, ret_record);
    } else if (process == process_system()) {
        (void)qy_strlcpy(ret_record->name, "system", sizeof ret_record->name);
    }
    return 0;
}

#define TEXT_MAX 4000u

int64_t proc_command_line(struct qy_request *request, int32_t pid, uint8_t *ret_text,
                          uint32_t *ret_text_count)
{
    if (!caller_may(request, QY_PROC_ACCESS_INSPECT)) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    const struct process *process = process_find(pid);
    if (process == NULL) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    *ret_text_count = 0;
    const struct process_page *page = process->machine.page;
    uint64_t size = page != NULL ? page->arguments_bytes : 0;
    if (size > 0) {
        int64_t count = machine_read(&process->machine, page->arguments, ret_text,
                                     size < TEXT_MAX ? size : TEXT_MAX);
        *ret_text_count = count > 0 ? (uint32_t)count : 0; /* what it says may be wrong */
    }
    return 0;
}

int64_t proc_open(struct qy_request *request, int32_t pid, handle_t *ret_process)
{
    if (!caller_may(request, QY_PROC_ACCESS_CONTROL)) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    const struct process *process = process_find(pid);
    if (process == NULL || process->machine.page == NULL) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    int64_t made = machine_open(&process->machine);
    if (made < 0) {
        return QY_PROC_FAILURE_NO_MEMORY;
    }
    *ret_process = (handle_t)made;
    return 0;
}
