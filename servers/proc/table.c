/* SPDX-License-Identifier: MIT */
#include "table.h"
#include <idl/proc.h>

#define PID_BUCKETS 256u

#define TABLE_MAGIC 0x3142544359512055ul /* of this layout */

struct table {
    uint64_t magic;
    struct process processes[PROCESS_MAX];
    struct session sessions[PROCESS_MAX]; /* of these, what terminals they have */
    int32_t last_pid;
};

_Static_assert(sizeof(struct table) <= TABLE_BYTES, "room for the table");

static struct table own_table;

static struct {
    struct table *table;
    struct process *free; /* by pid_next */
    struct process *by_pid[PID_BUCKETS];
    struct group groups[PROCESS_MAX];
    uint32_t group_top, session_top; /* from here on they were never used */
} table_state = {.table = &own_table};

static struct process **bucket(int32_t pid)
{
    return &table_state.by_pid[(uint32_t)pid % PID_BUCKETS];
}

struct process *process_system(void)
{
    return &table_state.table->processes[0];
}

struct process *process_at(uint32_t index)
{
    struct process *process = index < PROCESS_MAX ? &table_state.table->processes[index] : NULL;
    return process != NULL && process->state != PROCESS_FREE ? process : NULL;
}

struct process *process_find(int32_t pid)
{
    struct process *process = *bucket(pid);
    while (process != NULL && process->pid != pid) {
        process = process->pid_next;
    }
    return process;
}

struct process *process_of_badge(uint64_t badge)
{
    uint32_t low = (uint32_t)badge;
    if ((low & BADGE_PROCESS) == 0) {
        return NULL;
    }
    struct process *process = process_at(low & ~(uint32_t)BADGE_PROCESS);
    return process != NULL && process->state != PROCESS_ENDED &&
                   (uint64_t)(uint32_t)process->pid == badge >> 32
               ? process
               : NULL;
}

/* --- groups and sessions ------------------------------------------------------------------- */

struct group *group_find(int32_t pgid)
{
    for (uint32_t i = 0; pgid > 0 && i < table_state.group_top; i++) {
        if (table_state.groups[i].pgid == pgid) {
            return &table_state.groups[i];
        }
    }
    return NULL;
}

struct session *session_find(int32_t sid)
{
    for (uint32_t i = 0; sid > 0 && i < table_state.session_top; i++) {
        if (table_state.table->sessions[i].sid == sid) {
            return &table_state.table->sessions[i];
        }
    }
    return NULL;
}

static void group_leave(struct process *process)
{
    struct group *group = process->group;
    list_remove(&process->members);
    if (list_is_empty(&group->members)) {
        group->pgid = 0;
        if (--group->session->group_count == 0) {
            group->session->sid = 0;
        }
    }
}

static void group_enter(struct process *process, struct group *group)
{
    process->group = group;
    process->sid = group->session->sid;
    process->pgid = group->pgid;
    list_add(&group->members, &process->members);
}

/* There are as many places as processes, and whoever gets a new one leaves an old one or was just
 * made: so there is always one, and the same holds for sessions. It is the caller's to leave. */
static struct group *group_make(int32_t pgid, struct session *session)
{
    uint32_t at = 0;
    while (table_state.groups[at].pgid != 0) {
        at++;
    }
    table_state.group_top = at < table_state.group_top ? table_state.group_top : at + 1;
    struct group *group = &table_state.groups[at];
    group->pgid = pgid;
    group->session = session;
    list_init(&group->members);
    session->group_count++;
    return group;
}

static struct session *session_make(int32_t sid)
{
    uint32_t at = 0;
    while (table_state.table->sessions[at].sid != 0) {
        at++;
    }
    table_state.session_top = at < table_state.session_top ? table_state.session_top : at + 1;
    table_state.table->sessions[at] = (struct session){.sid = sid};
    return &table_state.table->sessions[at];
}

static bool is_alone(const struct process *process)
{
    return process->group->members.next == process->group->members.previous;
}

uint32_t group_join(struct process *process, int32_t pgid)
{
    struct session *session = process->group->session;
    if (process->pid == session->sid) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    if (pgid == process->group->pgid) {
        return 0;
    }
    struct group *group = group_find(pgid);
    if (group != NULL ? group->session != session : pgid != process->pid) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    if (group == NULL && is_alone(process)) {
        process->group->pgid = pgid; /* nobody else knows the group that goes */
        process->pgid = pgid;
        return 0;
    }
    group = group != NULL ? group : group_make(pgid, session);
    group_leave(process);
    group_enter(process, group);
    return 0;
}

uint32_t session_begin(struct process *process)
{
    if (group_find(process->pid) != NULL) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    group_leave(process); /* first, so that there is a place */
    group_enter(process, group_make(process->pid, session_make(process->pid)));
    return 0;
}

bool group_is_orphaned(const struct group *group)
{
    LIST_EACH(each, &group->members)
    {
        const struct process *process = LIST_ENTRY(each, struct process, members);
        const struct process *parent = process->parent;
        if (process->state != PROCESS_ENDED && parent != NULL && parent->group != group &&
            parent->group->session == group->session) {
            return false;
        }
    }
    return true;
}

bool group_has_stopped(const struct group *group)
{
    LIST_EACH(each, &group->members)
    {
        if (LIST_ENTRY(each, struct process, members)->state == PROCESS_STOPPED) {
            return true;
        }
    }
    return false;
}

/* --- processes ----------------------------------------------------------------------------- */

static void parent_set(struct process *process, struct process *parent)
{
    process->parent = parent;
    process->ppid = parent->pid;
    list_add(&parent->children, &process->siblings);
}

static void links_init(struct process *process)
{
    list_init(&process->children);
    list_init(&process->siblings);
    list_init(&process->members);
    list_init(&process->alarms);
    process->pid_next = *bucket(process->pid);
    *bucket(process->pid) = process;
}

static void process_init(struct process *process, int32_t pid)
{
    *process = (struct process){.pid = pid,
                                .index = process->index,
                                .state = PROCESS_FREE,
                                .memory_limit = UINT64_MAX,
                                .thread_limit = UINT64_MAX,
                                .alarm_deadline = DEADLINE_NEVER};
    links_init(process);
}

static void system_init(void)
{
    struct process *system = process_system();
    process_init(system, PID_SYSTEM);
    system->state = PROCESS_RUNNING;
    group_enter(system, group_make(PID_SYSTEM, session_make(PID_SYSTEM)));
}

static void place_free(struct process *process)
{
    process->state = PROCESS_FREE;
    process->pid = 0;
    process->pid_next = table_state.free;
    table_state.free = process;
}

static void derived_clear(struct table *table)
{
    __builtin_memset(&table_state, 0, sizeof table_state);
    table_state.table = table;
    for (uint32_t i = 0; i < PROCESS_MAX; i++) {
        table->processes[i].index = i;
        table->sessions[i] = (struct session){0};
    }
}

void table_init(void)
{
    __builtin_memset(&own_table, 0, sizeof own_table);
    (void)table_use(&own_table); /* nobody is there */
}

/* --- what the last instance knew ----------------------------------------------------------- */

static bool is_sound(const struct process *process)
{
    return process->state > PROCESS_FREE && process->state <= PROCESS_ENDED &&
           process->pid > PID_SYSTEM && process->pgid > 0 && process->sid > 0 &&
           process_find(process->pid) == NULL;
}

static uint32_t terminal_of(const struct session *sessions, int32_t sid)
{
    for (uint32_t i = 0; i < PROCESS_MAX; i++) {
        if (sessions[i].sid == sid) {
            return sessions[i].terminal;
        }
    }
    return 0;
}

/* `before` are the sessions of the last instance. */
static void group_restore(struct process *process, const struct session *before)
{
    struct group *group = group_find(process->pgid);
    if (group == NULL) {
        struct session *session = session_find(process->sid);
        if (session == NULL) {
            session = session_make(process->sid);
            session->terminal = terminal_of(before, process->sid);
        }
        group = group_make(process->pgid, session);
    }
    group_enter(process, group);
}

bool table_use(void *memory)
{
    struct table *table = memory;
    static struct session before[PROCESS_MAX];
    bool is_old = table->magic == TABLE_MAGIC;
    __builtin_memcpy(before, table->sessions, sizeof before);
    derived_clear(table);
    system_init();
    for (uint32_t i = PROCESS_MAX; i-- > 1;) {
        struct process *process = &table->processes[i];
        if (is_old && is_sound(process)) {
            process->machine = (struct machine){0};
            process->spawn_call = (struct qy_pending){0};
            links_init(process);
            group_restore(process, before);
        } else {
            place_free(process);
        }
    }
    for (uint32_t i = 1; i < PROCESS_MAX; i++) {
        struct process *process = process_at(i);
        if (process != NULL) {
            struct process *parent = process_find(process->ppid);
            bool is_there = parent != NULL && parent->state != PROCESS_ENDED && parent != process;
            parent_set(process, is_there ? parent : process_system());
        }
    }
    table->last_pid = table->last_pid >= PID_SYSTEM ? table->last_pid : PID_SYSTEM;
    table->magic = TABLE_MAGIC;
    return is_old;
}

static int32_t pid_next(void)
{
    int32_t pid = table_state.table->last_pid;
    do {
        pid = pid < PID_MAX ? pid + 1 : PID_SYSTEM + 1;
    } while (process_find(pid) != NULL || group_find(pid) != NULL || session_find(pid) != NULL);
    table_state.table->last_pid = pid;
    return pid;
}

struct process *process_add(struct process *parent)
{
    struct process *process = table_state.free;
    if (process == NULL) {
        return NULL;
    }
    table_state.free = process->pid_next;
    process_init(process, pid_next());
    process->memory_limit = parent->memory_limit;
    process->thread_limit = parent->thread_limit;
    parent_set(process, parent);
    group_enter(process, parent->group);
    __atomic_store_n(&process->state, PROCESS_STARTING, __ATOMIC_RELEASE); /* all else is there */
    return process;
}

void process_remove(struct process *process)
{
    struct process **at = bucket(process->pid);
    __atomic_store_n(&process->state, PROCESS_FREE, __ATOMIC_RELEASE); /* before all else */
    while (*at != process) {
        at = &(*at)->pid_next;
    }
    *at = process->pid_next;
    list_remove(&process->siblings);
    group_leave(process);
    place_free(process);
}

void process_orphan_children(struct process *process)
{
    LIST_EACH_SAFE(each, after, &process->children)
    {
        struct process *child = LIST_ENTRY(each, struct process, siblings);
        list_remove(&child->siblings);
        parent_set(child, process_system());
    }
}
