/* SPDX-License-Identifier: MIT */
/*
 * Job control. Who calls is known by the job of the caller, which only the kernel can say; which
 * process that is, and in which group and session, proc tells. It is asked each time: groups
 * change. Without proc there is no job control, and everybody may use every terminal.
 */
#include "console.h"
#include <idl/proc.h>
#include <quay/handle.h>

#define PROC_PATIENCE (5 * QY_SECOND) /* it answers at once, or is being started again */

static struct {
    handle_t proc; /* HANDLE_INVALID: there is none */
    handle_t events;
} job_state;

static time_ns_t patience(void)
{
    return qy_deadline_after(PROC_PATIENCE);
}

/* --- proc ---------------------------------------------------------------------------------- */

static void subscribe(void)
{
    if (job_state.events != HANDLE_INVALID) {
        (void)qy_port_unbind(console.server->port, job_state.events);
        (void)qy_handle_close(job_state.events);
        job_state.events = HANDLE_INVALID;
    }
    if (qy_proc_subscribe(job_state.proc, &job_state.events, patience()) != 0) {
        job_state.events = HANDLE_INVALID;
        return;
    }
    (void)qy_port_bind(console.server->port, job_state.events, SIGNAL_READABLE | SIGNAL_PEER_CLOSED,
                       KEY_PROC);
}

void job_init(handle_t proc)
{
    job_state.proc = proc;
    if (proc != HANDLE_INVALID) {
        subscribe();
    }
}

/* Whether it is known who has this job. */
static bool job_identify(uint64_t job, struct qy_proc_identity *ret_identity)
{
    return job_state.proc != HANDLE_INVALID &&
           qy_proc_identify(job_state.proc, job, ret_identity, patience()) == 0;
}

void job_signal(int32_t group, int signal)
{
    if (group > 0 && job_state.proc != HANDLE_INVALID) {
        /* A group that is gone needs no signal. */
        (void)qy_proc_signal_group(job_state.proc, group, (uint32_t)signal, patience());
    }
}

static void session_tell(int32_t session, uint32_t terminal)
{
    if (session > 0 && job_state.proc != HANDLE_INVALID) {
        (void)qy_proc_terminal_set(job_state.proc, session, terminal, patience()); /* for ps */
    }
}

/* --- whose it is --------------------------------------------------------------------------- */

static void session_ended(void *context, int32_t sid);

static struct terminal *session_terminal(int32_t session)
{
    for (uint32_t i = 0; session > 0 && i < TERMINALS_MAX; i++) {
        struct terminal *terminal = &console.kept->terminals[i];
        if (terminal->is_used && terminal->session == session) {
            return terminal;
        }
    }
    return NULL;
}

struct terminal *job_terminal(uint64_t job)
{
    struct qy_proc_identity identity;
    return job_identify(job, &identity) ? session_terminal(identity.sid) : NULL;
}

static void session_set(struct terminal *terminal, const struct qy_proc_identity *identity)
{
    terminal->session = identity->sid;
    terminal->group = identity->pgid;
    session_tell(identity->sid, (uint32_t)terminal_device(terminal));
}

/* The end of its session may have been told while we, or proc, were dead. */
static void session_look(const struct terminal *terminal)
{
    struct qy_proc_identity leader;
    int32_t session = terminal->session;
    int64_t status = session > 0 && job_state.proc != HANDLE_INVALID
                         ? qy_proc_relations(job_state.proc, session, &leader, patience())
                         : 0;
    if (status == QY_PROC_FAILURE_NO_SUCH_PROCESS) {
        session_ended(NULL, session);
    }
}

void job_opened(struct terminal *terminal, uint64_t job)
{
    struct qy_proc_identity identity;
    session_look(terminal);
    if (terminal->session == 0 && job_identify(job, &identity) && identity.pid == identity.sid &&
        session_terminal(identity.sid) == NULL) {
        session_set(terminal, &identity);
    }
}

void job_hang_up(struct terminal *terminal)
{
    int32_t group = terminal->group, session = terminal->session;
    session_tell(session, 0);
    terminal->group = 0;
    terminal->session = 0;
    if (session > 0 && session != group) {
        job_signal(session, DISCIPLINE_SIGHUP); /* the group of its leader */
        job_signal(session, DISCIPLINE_SIGCONT);
    }
    job_signal(group, DISCIPLINE_SIGHUP);
    job_signal(group, DISCIPLINE_SIGCONT);
}

/* What its processes still have open of the machine's own terminal is of no use any more, so that
 * the next session does not share its keys with the last one. A pseudo-terminal is its master's. */
static void descriptions_hang_up(struct terminal *terminal)
{
    struct discipline *discipline = &terminal->discipline;
    uint32_t column = discipline->column;
    for (uint32_t i = 0; i < DESCRIPTIONS_MAX; i++) {
        struct description *description = &console.kept->descriptions[i];
        if (description->is_used && description->side == SIDE_SLAVE &&
            description_terminal(description) == terminal) {
            description->is_hung_up = true;
        }
    }
    discipline_init(discipline);
    discipline->column = column;
    terminal->is_flow_stopped = false;
}

static void session_ended(void *context, int32_t sid)
{
    struct terminal *terminal = session_terminal(sid);
    (void)context;
    if (terminal == NULL) {
        return;
    }
    int32_t group = terminal->group;
    terminal->group = 0;
    terminal->session = 0;
    if (terminal_number(terminal) == 0) {
        descriptions_hang_up(terminal);
    }
    job_signal(group, DISCIPLINE_SIGHUP);
    job_signal(group, DISCIPLINE_SIGCONT);
    terminal_changed(terminal);
}

void job_event(void)
{
    static const struct qy_proc_events functions = {.session_ended = session_ended};
    int64_t status;
    do {
        status = qy_proc_receive(job_state.events, &functions, NULL, DEADLINE_POLL);
    } while (status == 0);
    if (status != -ETIMEDOUT && status != -EAGAIN) {
        subscribe(); /* to the next instance of proc */
    }
}

/* --- in the background --------------------------------------------------------------------- */

int64_t job_background(struct terminal *terminal, uint64_t job, int signal)
{
    struct qy_proc_identity identity;
    qy_proc_outcome_t outcome;
    if (terminal->session == 0 || terminal->group == 0 || !job_identify(job, &identity) ||
        identity.sid != terminal->session || identity.pgid == terminal->group) {
        return 0;
    }
    if (qy_proc_background(job_state.proc, job, (uint32_t)signal, &outcome, patience()) != 0) {
        return 0;
    }
    if (outcome == QY_PROC_OUTCOME_SENT) {
        return QY_TTY_FAILURE_BACKGROUND;
    }
    bool may = outcome == QY_PROC_OUTCOME_IGNORED && signal == DISCIPLINE_SIGTTOU;
    return may ? 0 : QY_TTY_FAILURE_HUNG_UP;
}

/* --- the methods --------------------------------------------------------------------------- */

/* Whether it controls the caller's session; the master may always ask. */
static bool is_own(const struct terminal *terminal, enum side side, uint64_t job,
                   struct qy_proc_identity *ret_identity)
{
    *ret_identity = (struct qy_proc_identity){0};
    if (side == SIDE_MASTER) {
        return true;
    }
    return job_identify(job, ret_identity) && ret_identity->sid == terminal->session &&
           terminal->session != 0;
}

int64_t job_group_get(struct terminal *terminal, enum side side, uint64_t job, int32_t *ret_group)
{
    struct qy_proc_identity identity;
    if (!is_own(terminal, side, job, &identity)) {
        return QY_TTY_FAILURE_NO_TERMINAL;
    }
    *ret_group = terminal->group;
    return 0;
}

int64_t job_session_get(struct terminal *terminal, enum side side, uint64_t job,
                        int32_t *ret_session)
{
    struct qy_proc_identity identity;
    if (!is_own(terminal, side, job, &identity) || terminal->session == 0) {
        return QY_TTY_FAILURE_NO_TERMINAL;
    }
    *ret_session = terminal->session;
    return 0;
}

int64_t job_group_set(struct terminal *terminal, enum side side, uint64_t job, uint32_t group)
{
    struct qy_proc_identity identity;
    int32_t session;
    if (side == SIDE_MASTER || !is_own(terminal, side, job, &identity)) {
        return QY_TTY_FAILURE_NO_TERMINAL;
    }
    int64_t status = job_background(terminal, job, DISCIPLINE_SIGTTOU);
    if (status != 0) {
        return status;
    }
    if (group == 0 || group > INT32_MAX) {
        return QY_TTY_FAILURE_BAD_VALUE;
    }
    if (qy_proc_group_session(job_state.proc, (int32_t)group, &session, patience()) != 0) {
        return QY_TTY_FAILURE_NO_SUCH_GROUP;
    }
    if (session != terminal->session) {
        return QY_TTY_FAILURE_NO_ACCESS;
    }
    terminal->group = (int32_t)group;
    return 0;
}

int64_t job_control(struct terminal *terminal, uint64_t job)
{
    struct qy_proc_identity identity;
    session_look(terminal);
    if (!job_identify(job, &identity)) {
        return QY_TTY_FAILURE_NO_ACCESS;
    }
    struct terminal *own = session_terminal(identity.sid);
    if (own == terminal && identity.pid == identity.sid) {
        return 0;
    }
    if (identity.pid != identity.sid || own != NULL || terminal->session != 0) {
        return QY_TTY_FAILURE_NO_ACCESS;
    }
    session_set(terminal, &identity);
    return 0;
}

int64_t job_control_end(struct terminal *terminal, uint64_t job)
{
    struct qy_proc_identity identity;
    if (!is_own(terminal, SIDE_SLAVE, job, &identity)) {
        return QY_TTY_FAILURE_NO_TERMINAL;
    }
    if (identity.pid != identity.sid) {
        return QY_TTY_FAILURE_NO_ACCESS;
    }
    int32_t group = terminal->group;
    session_tell(terminal->session, 0);
    terminal->session = 0;
    terminal->group = 0;
    job_signal(group, DISCIPLINE_SIGHUP);
    job_signal(group, DISCIPLINE_SIGCONT);
    return 0;
}
