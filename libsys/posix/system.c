/* SPDX-License-Identifier: MIT */
/* Calls about the machine, and about users: there is one, root, and no other can be had. */
#include <idl/power.h>
#include <idl/random.h>
#include <idl/time.h>
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process.h>
#include <quay/process_page.h>
#include <quay/text.h>
#include "call.h"
#include "guest.h"
#include "signal.h"
#include "system.h"
#include "time.h"

#define UNAME_FIELD         65
#define GRND_NONBLOCK       1u
#define GRND_ALL            7u
#define WAIT_FOR_SERVER     (2 * QY_SECOND)
#define RANDOM_AT_ONCE      (1ul << 20)
#define PR_SET_PDEATHSIG    1
#define PR_GET_DUMPABLE     3
#define PR_SET_DUMPABLE     4
#define PR_SET_NAME         15
#define PR_GET_NAME         16
#define PR_CAPBSET_READ     23
#define PR_GET_NO_NEW_PRIVS 39
#define CPUS_MAX            64
#define REBOOT_MAGIC        0xfee1deadu
#define REBOOT_RESTART      0x01234567u
#define REBOOT_HALT         0xcdef0123u
#define REBOOT_POWER_OFF    0x4321fedcu

/* --- servers --------------------------------------------------------------------------------- */

static struct qy_connection random = QY_CONNECTION("random");

/* Whether there is such a server, which is waited for a little. */
static bool is_there(struct qy_connection *connection)
{
    handle_t session;

    return qy_connection_session(connection, &session, qy_deadline_after(WAIT_FOR_SERVER)) == 0;
}

static struct {
    struct qy_mutex mutex;
    struct qy_connection connection;
    const struct qy_time_page *page; /* NULL: none yet */
    bool is_absent;
} wall = {.connection = QY_CONNECTION("time")};

static void time_page_map(void)
{
    handle_t memory;
    void *page;

    if (is_there(&wall.connection) &&
        qy_time_page_on(&wall.connection, &memory, qy_deadline_after(QY_SECOND)) == 0) {
        if (qy_memory_map(memory, 0, PAGE_SIZE, MAP_READ | MAP_FORK_SHARE, &page) == 0) {
            wall.page = page;
        }
        (void)qy_handle_close(memory); /* ours; the mapping keeps it */
    }
    wall.is_absent = wall.page == NULL;
}

static const volatile struct qy_time_page *time_page(void)
{
    qy_mutex_lock(&wall.mutex);
    if (wall.page == NULL && !wall.is_absent) {
        time_page_map();
    }
    qy_mutex_unlock(&wall.mutex);
    return wall.page;
}

int64_t posix_clock_offset(void)
{
    const volatile struct qy_time_page *page = time_page();
    uint32_t sequence;
    int64_t offset;

    if (page == NULL) {
        return 0;
    }
    do {
        sequence = page->sequence;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        offset = page->offset_ns;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (sequence % 2 != 0 || sequence != page->sequence);
    return offset;
}

/* Whoever sees the name `power` may do it. It returns only if it did not work; a machine that is
 * halted and stays on is of no use here, so it is switched off. */
int64_t posix_reboot(uint64_t magic, uint64_t magic2, uint64_t command, uint64_t argument)
{
    static struct qy_connection power = QY_CONNECTION("power");
    handle_t session;
    (void)argument;

    if ((uint32_t)magic != REBOOT_MAGIC || magic2 == 0) {
        return -EINVAL;
    }
    if (command != REBOOT_RESTART && command != REBOOT_HALT && command != REBOOT_POWER_OFF) {
        return -EINVAL;
    }
    if (qy_connection_session(&power, &session, qy_deadline_after(WAIT_FOR_SERVER)) != 0) {
        return -EPERM;
    }
    return posix_error(command == REBOOT_RESTART ? qy_power_reboot(session, DEADLINE_NEVER)
                                                 : qy_power_off(session, DEADLINE_NEVER));
}

int64_t posix_getrandom(uint64_t address, uint64_t size, uint64_t flags)
{
    const bool waits = (flags & GRND_NONBLOCK) == 0;
    uint64_t given = 0;
    int64_t status;

    if ((flags & ~(uint64_t)GRND_ALL) != 0) {
        return -EINVAL;
    }
    size = size < RANDOM_AT_ONCE ? size : RANDOM_AT_ONCE;
    if (!guest_may(address, size)) {
        return -EFAULT;
    }
    if (size == 0) {
        return 0;
    }
    if (!is_there(&random)) {
        return -ENOSYS; /* the C library looks for /dev/urandom then */
    }
    status =
        qy_random_fill_on(&random, waits, (void *)(uintptr_t)address, size, &given, DEADLINE_NEVER);
    return status == 0 ? (int64_t)given : posix_error(status);
}

void posix_random_early(uint8_t *bytes, size_t size)
{
    uint64_t given;

    if (is_there(&random)) {
        (void)qy_random_fill_on(&random, false, bytes, size, &given, qy_deadline_after(QY_SECOND));
    }
}

/* --- the machine ----------------------------------------------------------------------------- */

int64_t posix_uname(uint64_t ret_names)
{
    static const char names[6][UNAME_FIELD] = {
        "Quay", "quay", "6.1.0", "#1 Quay 0.1", "x86_64", "(none)",
    };

    return guest_write(ret_names, names, sizeof names);
}

int64_t posix_sysinfo(uint64_t ret_info)
{
    struct {
        int64_t uptime;
        uint64_t loads[3], total, free, shared, buffer, swap_total, swap_free;
        uint16_t processes, pad;
        uint64_t high_total, high_free;
        uint32_t unit;
    } info = {.uptime = qy_clock_read() / QY_SECOND, .processes = 1, .unit = 1};
    const struct qy_result memory = qy_job_info(qy_process_page()->job, JOB_MEMORY);

    if (memory.status == 0 && memory.third != JOB_UNLIMITED) {
        info.total = memory.third;
        info.free = memory.third > memory.second ? memory.third - memory.second : 0;
    }
    return guest_write(ret_info, &info, sizeof info);
}

int64_t posix_getcpu(uint64_t ret_cpu, uint64_t ret_node)
{
    const uint32_t zero = 0;

    if (ret_cpu != 0 && guest_write(ret_cpu, &zero, sizeof zero) < 0) {
        return -EFAULT;
    }
    return ret_node != 0 ? guest_write(ret_node, &zero, sizeof zero) : 0;
}

struct affinity {
    uint64_t mask;
    int64_t status;
};

static bool affinity_set(struct posix_thread *thread, void *context)
{
    struct affinity *affinity = context;

    affinity->status = qy_thread_set_affinity(thread->handle, affinity->mask);
    return true;
}

int64_t posix_sched_setaffinity(uint64_t id, uint64_t size, uint64_t mask)
{
    struct affinity affinity = {0};
    const uint32_t wanted = (uint32_t)id != 0 ? (uint32_t)id : posix_self()->id;

    if (guest_read(&affinity.mask, mask, size < sizeof affinity.mask ? size : 8) < 0) {
        return -EFAULT;
    }
    const int64_t status = posix_thread_visit(wanted, affinity_set, &affinity);
    return status == 0 ? affinity.status : status;
}

/* The kernel does not tell how many CPUs there are to who has no right to know: one then. */
int64_t posix_sched_getaffinity(uint64_t id, uint64_t size, uint64_t ret_mask)
{
    const uint64_t mask = 1;

    (void)id;
    if (size < sizeof mask || size % sizeof mask != 0) {
        return -EINVAL;
    }
    return guest_write(ret_mask, &mask, sizeof mask) < 0 ? -EFAULT : (int64_t)sizeof mask;
}

int64_t posix_getpriority(uint64_t which, uint64_t who)
{
    (void)who;
    return which <= 2 ? 20 : -EINVAL; /* nice value 0 */
}

/* Accepted and without effect, as if the machine had time for all. */
int64_t posix_setpriority(uint64_t which, uint64_t who, uint64_t value)
{
    (void)who;
    (void)value;
    return which <= 2 ? 0 : -EINVAL;
}

int64_t posix_prctl(uint64_t what, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct process_page *page = qy_process_page();
    char name[PROCESS_NAME_MAX] = {0};

    (void)b;
    (void)c;
    (void)d;
    switch (what) {
    case PR_SET_NAME: {
        const int64_t length = guest_read_string(name, a, sizeof name);

        if (length == -EFAULT) {
            return -EFAULT;
        }
        name[sizeof name - 1] = 0;
        memcpy(page->name, name, sizeof name);
        return 0;
    }
    case PR_GET_NAME:
        return guest_write(a, page->name, sizeof page->name);
    case PR_SET_PDEATHSIG:
    case PR_SET_DUMPABLE:
    case PR_GET_NO_NEW_PRIVS:
        return 0;
    case PR_GET_DUMPABLE:
    case PR_CAPBSET_READ:
        return 1;
    default:
        return -EINVAL;
    }
}

/* --- users ----------------------------------------------------------------------------------- */

int64_t posix_getuid(void)
{
    return 0;
}

int64_t posix_getgid(void)
{
    return 0;
}

int64_t posix_geteuid(void)
{
    return 0;
}

int64_t posix_getegid(void)
{
    return 0;
}

static int64_t only_root(uint64_t a, uint64_t b, uint64_t c)
{
    const uint32_t unchanged = UINT32_MAX;

    return ((uint32_t)a == 0 || (uint32_t)a == unchanged) &&
                   ((uint32_t)b == 0 || (uint32_t)b == unchanged) &&
                   ((uint32_t)c == 0 || (uint32_t)c == unchanged)
               ? 0
               : -EPERM;
}

int64_t posix_setuid(uint64_t user)
{
    return only_root(user, 0, 0);
}

int64_t posix_setgid(uint64_t group)
{
    return only_root(group, 0, 0);
}

int64_t posix_setreuid(uint64_t real, uint64_t effective)
{
    return only_root(real, effective, 0);
}

int64_t posix_setregid(uint64_t real, uint64_t effective)
{
    return only_root(real, effective, 0);
}

int64_t posix_setresuid(uint64_t real, uint64_t effective, uint64_t saved)
{
    return only_root(real, effective, saved);
}

int64_t posix_setresgid(uint64_t real, uint64_t effective, uint64_t saved)
{
    return only_root(real, effective, saved);
}

static int64_t three_zeros(uint64_t a, uint64_t b, uint64_t c)
{
    const uint32_t zero = 0;

    return guest_write(a, &zero, sizeof zero) < 0 || guest_write(b, &zero, sizeof zero) < 0 ||
                   guest_write(c, &zero, sizeof zero) < 0
               ? -EFAULT
               : 0;
}

int64_t posix_getresuid(uint64_t real, uint64_t effective, uint64_t saved)
{
    return three_zeros(real, effective, saved);
}

int64_t posix_getresgid(uint64_t real, uint64_t effective, uint64_t saved)
{
    return three_zeros(real, effective, saved);
}

int64_t posix_getgroups(uint64_t count, uint64_t ret_groups)
{
    const uint32_t root = 0;

    if ((int32_t)count < 0) {
        return -EINVAL;
    }
    if ((uint32_t)count > 0 && guest_write(ret_groups, &root, sizeof root) < 0) {
        return -EFAULT;
    }
    return 1;
}

int64_t posix_setgroups(uint64_t count, uint64_t groups)
{
    (void)groups;
    return (uint32_t)count <= 65536 ? 0 : -EINVAL;
}
