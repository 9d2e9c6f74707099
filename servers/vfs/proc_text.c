/* SPDX-License-Identifier: MIT */
#include "proc_text.h"
#include <idl/dir.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/names.h>
#include <quay/system.h>
#include <quay/thread.h>
#include <quay/wall.h>
#include "mount.h"

#define PATIENCE (2 * QY_SECOND)
#define TICKS    100 /* a second, in /proc */
#define KIB      1024ul

static struct qy_connection proc = {.name = "proc", .open = qy_connect};

/* --- proc ---------------------------------------------------------------------------------- */

/* 0, no_such_process for a free place, `invalid` at the end. */
static int64_t record_get(uint32_t index, struct qy_proc_record *ret_record)
{
    int64_t status = qy_proc_get_on(&proc, index, ret_record, qy_deadline_after(PATIENCE));
    return status < 0 ? EINVAL : status;
}

bool proc_record_find(int32_t pid, struct qy_proc_record *ret_record)
{
    for (uint32_t i = 0;; i++) {
        int64_t status = record_get(i, ret_record);
        if (status == EINVAL) {
            return false;
        }
        if (status == 0 && ret_record->identity.pid == pid) {
            return true;
        }
    }
}

int32_t proc_pid_from(int32_t pid)
{
    struct qy_proc_record record;
    int32_t least = 0;
    int64_t status;
    for (uint32_t i = 0; (status = record_get(i, &record)) != EINVAL; i++) {
        int32_t found = record.identity.pid;
        if (status == 0 && found >= pid && (least == 0 || found < least)) {
            least = found;
        }
    }
    return least;
}

int32_t proc_pid_of_job(uint64_t job)
{
    struct qy_proc_identity identity;
    int64_t status = qy_proc_identify_on(&proc, job, &identity, qy_deadline_after(PATIENCE));
    return status == 0 ? identity.pid : 0;
}

static int64_t command_line(int32_t pid, uint8_t *ret_text, uint32_t *ret_length)
{
    int64_t status =
        qy_proc_command_line_on(&proc, pid, ret_text, ret_length, qy_deadline_after(PATIENCE));
    return status == 0 ? 0 : ENOENT;
}

/* --- processes ----------------------------------------------------------------------------- */

int64_t proc_text_cmdline(struct text_file *text, int32_t pid)
{
    uint8_t line[4000];
    uint32_t length;
    int64_t status = command_line(pid, line, &length);
    if (status == 0) {
        text_file_add(text, line, length);
    }
    return status;
}

int64_t proc_text_comm(struct text_file *text, int32_t pid)
{
    struct qy_proc_record record;
    if (!proc_record_find(pid, &record)) {
        return ENOENT;
    }
    text_file_print(text, "%s\n", record.name);
    return 0;
}

static char state_letter(const struct qy_proc_record *record)
{
    switch (record->state) {
    case QY_PROC_STATE_STOPPED:
        return 'T';
    case QY_PROC_STATE_ENDED:
        return 'Z';
    default:
        return 'S';
    }
}

static const char *state_word(char letter)
{
    return letter == 'T' ? "T (stopped)" : letter == 'Z' ? "Z (zombie)" : "S (sleeping)";
}

static uint64_t ticks(uint64_t ns)
{
    return ns / (uint64_t)(QY_SECOND / TICKS);
}

int64_t proc_text_stat(struct text_file *text, int32_t pid)
{
    struct qy_proc_record r;
    if (!proc_record_find(pid, &r)) {
        return ENOENT;
    }
    text_file_print(text, "%d (%s) %c %d %d %d %u %d 0 0 0 0 0 ", pid, r.name, state_letter(&r),
                    r.identity.ppid, r.identity.pgid, r.identity.sid, r.terminal, -1);
    text_file_print(text, "%lu 0 %lu 0 20 0 1 0 %lu %lu %lu ", ticks(r.cpu_ns),
                    ticks(r.children_cpu_ns), ticks((uint64_t)r.started_ns), r.memory_bytes,
                    r.memory_bytes / PAGE_SIZE);
    text_file_print(text, "18446744073709551615 0 0 0 0 0 %lu %lu %lu %lu ",
                    r.pending_signals & 0x7fffffff, r.blocked_signals & 0x7fffffff,
                    r.ignored_signals & 0x7fffffff, r.caught_signals & 0x7fffffff);
    text_file_print(text, "0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
    return 0;
}

int64_t proc_text_statm(struct text_file *text, int32_t pid)
{
    struct qy_proc_record r;
    if (!proc_record_find(pid, &r)) {
        return ENOENT;
    }
    uint64_t pages = r.memory_bytes / PAGE_SIZE;
    text_file_print(text, "%lu %lu 0 0 0 %lu 0\n", pages, pages, pages);
    return 0;
}

int64_t proc_text_status(struct text_file *text, int32_t pid)
{
    struct qy_proc_record r;
    if (!proc_record_find(pid, &r)) {
        return ENOENT;
    }
    text_file_print(text, "Name:\t%s\nUmask:\t0022\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\n",
                    r.name, state_word(state_letter(&r)), pid, pid);
    text_file_print(text, "PPid:\t%d\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n",
                    r.identity.ppid);
    text_file_print(text, "VmSize:\t%8lu kB\nVmRSS:\t%8lu kB\nThreads:\t1\n", r.memory_bytes / KIB,
                    r.memory_bytes / KIB);
    text_file_print(text, "SigPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
                    r.pending_signals, r.blocked_signals, r.ignored_signals, r.caught_signals);
    return 0;
}

/* The program's path is what argument 0 says, if that is a path. */
int64_t proc_exe(int32_t pid, uint8_t *ret_text, uint32_t *ret_length)
{
    uint8_t line[4000];
    uint32_t length, end = 0;
    int64_t status = command_line(pid, line, &length);
    if (status != 0) {
        return status;
    }
    while (end < length && line[end] != 0) {
        end++;
    }
    if (end == 0 || line[0] != '/') {
        return ENOENT;
    }
    memcpy(ret_text, line, end);
    *ret_length = end;
    return 0;
}

/* --- the system ---------------------------------------------------------------------------- */

/* Figures of the kernel, in the message buffer; NULL: we may not ask. */
static const void *figures(uint32_t topic, uint32_t *ret_count)
{
    handle_t resource = qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
    struct message_buffer *buffer = qy_buffer();
    if (resource == HANDLE_INVALID || buffer == NULL) {
        return NULL;
    }
    struct qy_result got = qy_system_info(resource, topic, 0);
    *ret_count = got.status < 0 ? 0 : (uint32_t)got.status;
    return got.status > 0 ? buffer->payload : NULL;
}

int64_t proc_text_meminfo(struct text_file *text, int32_t pid)
{
    uint32_t count;
    const struct system_memory *memory = figures(SYSTEM_MEMORY, &count);
    (void)pid;
    if (memory == NULL) {
        return EACCES;
    }
    text_file_print(text, "MemTotal:       %8lu kB\nMemFree:        %8lu kB\n",
                    memory->total_bytes / KIB, memory->free_bytes / KIB);
    text_file_print(text, "MemAvailable:   %8lu kB\nBuffers:        %8lu kB\n",
                    memory->free_bytes / KIB, 0ul);
    text_file_print(text, "Cached:         %8lu kB\nSwapCached:     %8lu kB\n", 0ul, 0ul);
    text_file_print(text, "SwapTotal:      %8lu kB\nSwapFree:       %8lu kB\n", 0ul, 0ul);
    text_file_print(text, "AnonPages:      %8lu kB\nSlab:           %8lu kB\n",
                    memory->user_bytes / KIB, memory->kernel_bytes / KIB);
    return 0;
}

/* CPUs, their idle time in all. */
static uint32_t cpus(uint64_t *ret_idle_ns, uint64_t *ret_switches, uint64_t *ret_interrupts)
{
    uint32_t count = 0;
    const struct system_cpu *cpu = figures(SYSTEM_CPUS, &count);
    *ret_idle_ns = *ret_switches = *ret_interrupts = 0;
    for (uint32_t i = 0; cpu != NULL && i < count; i++) {
        *ret_idle_ns += cpu[i].idle_ns;
        *ret_switches += cpu[i].switches;
        *ret_interrupts += cpu[i].interrupts;
    }
    return cpu != NULL && count > 0 ? count : 1;
}

int64_t proc_text_uptime(struct text_file *text, int32_t pid)
{
    uint64_t idle_ns, switches, interrupts;
    (void)pid;
    (void)cpus(&idle_ns, &switches, &interrupts);
    uint64_t up = (uint64_t)qy_clock_read() / 10000000, idle = idle_ns / 10000000;
    text_file_print(text, "%lu.%02lu %lu.%02lu\n", up / 100, up % 100, idle / 100, idle % 100);
    return 0;
}

int64_t proc_text_system_stat(struct text_file *text, int32_t pid)
{
    uint64_t idle_ns, switches, interrupts;
    (void)pid;
    uint32_t count = cpus(&idle_ns, &switches, &interrupts);
    uint64_t all = (uint64_t)qy_clock_read() * count;
    uint64_t user = ticks(all > idle_ns ? all - idle_ns : 0), idle = ticks(idle_ns);
    text_file_print(text, "cpu  %lu 0 0 %lu 0 0 0 0 0 0\n", user, idle);
    for (uint32_t i = 0; i < count; i++) {
        text_file_print(text, "cpu%u %lu 0 0 %lu 0 0 0 0 0 0\n", i, user / count, idle / count);
    }
    text_file_print(text, "intr %lu\nctxt %lu\nbtime %ld\nprocs_running 1\nprocs_blocked 0\n",
                    interrupts, switches, (qy_wall_now() - qy_clock_read()) / QY_SECOND);
    return 0;
}

int64_t proc_text_cpuinfo(struct text_file *text, int32_t pid)
{
    uint64_t idle_ns, switches, interrupts;
    (void)pid;
    uint32_t count = cpus(&idle_ns, &switches, &interrupts);
    for (uint32_t i = 0; i < count; i++) {
        text_file_print(text, "processor\t: %u\ncpu MHz\t\t: %lu.%03lu\n\n", i,
                        qy_tsc_hz() / 1000000, qy_tsc_hz() / 1000 % 1000);
    }
    return 0;
}

/* Nobody counts how long threads wait to run. */
int64_t proc_text_loadavg(struct text_file *text, int32_t pid)
{
    struct qy_proc_record record;
    uint32_t total = 0, last = 0;
    int64_t status;
    (void)pid;
    for (uint32_t i = 0; (status = record_get(i, &record)) != EINVAL; i++) {
        total += status == 0;
        last = status == 0 && (uint32_t)record.identity.pid > last ? (uint32_t)record.identity.pid
                                                                   : last;
    }
    text_file_print(text, "0.00 0.00 0.00 1/%u %u\n", total, last);
    return 0;
}

int64_t proc_text_version(struct text_file *text, int32_t pid)
{
    (void)pid;
    text_file_print(text, "Quay version 0.1.0\n");
    return 0;
}

int64_t proc_text_filesystems(struct text_file *text, int32_t pid)
{
    (void)pid;
    text_file_print(text, "nodev\ttmpfs\nnodev\tproc\nnodev\tboot\n");
    return 0;
}

int64_t proc_text_mounts(struct text_file *text, int32_t pid)
{
    const struct mount *mount;
    (void)pid;
    for (uint64_t i = 0; (mount = mount_get(i)) != NULL; i++) {
        struct qy_dir_space space;
        char type[16];
        if (mount_describe((struct spot){i, NODE_ROOT}, &space, type) == 0) {
            text_file_print(text, "%s %s %s %s 0 0\n",
                            mount->source != NULL ? mount->source : "proc", mount->path, type,
                            (space.flags & 1) != 0 ? "ro" : "rw");
        }
    }
    return 0;
}
