/* SPDX-License-Identifier: MIT */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process.h>
#include <quay/system.h>
#include <quay/thread.h>
#include "../shared/self_spawn.h"

static uint64_t usage(int64_t job, uint32_t resource)
{
    return qy_job_info((handle_t)job, resource).second;
}

static void test_charges(void)
{
    int64_t job = qy_job_create(qy_self_job());
    tap_ok(job > 0, "job_create");
    tap_equal((int64_t)usage(job, JOB_PROCESSES), 0, "it is empty");
    uint64_t parent_before = usage((int64_t)qy_self_job(), JOB_PROCESSES);
    handle_t child = HANDLE_INVALID;
    tap_equal(self_spawn("sleep", 0, (handle_t)job, NULL, 0, &child), 0, "a child in it");
    tap_equal((int64_t)usage(job, JOB_PROCESSES), 1, "is charged");
    tap_equal((int64_t)usage(job, JOB_THREADS), 1, "with its thread");
    tap_ok(usage(job, JOB_MEMORY) > 4 * PAGE_SIZE, "and its memory");
    tap_equal((int64_t)usage((int64_t)qy_self_job(), JOB_PROCESSES), (int64_t)parent_before + 1,
              "to the job above as well");
    tap_equal(qy_job_kill((handle_t)job), 0, "job_kill");
    tap_equal(qy_object_wait(child, SIGNAL_EXITED, qy_deadline_after(PATIENT)), SIGNAL_EXITED,
              "ends the process");
    discard((int64_t)child);
    time_ns_t end = qy_deadline_after(PATIENT);
    while (usage(job, JOB_PROCESSES) != 0 && qy_clock_read() < end) {
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND));
    }
    tap_equal((int64_t)usage(job, JOB_PROCESSES), 0, "and its charge goes back");
    tap_ok(qy_process_create((handle_t)job, "late", 4).status < 0,
           "a killed job takes no new process");
    discard(job);
}

static void test_limits(void)
{
    int64_t job = qy_job_create(qy_self_job());
    tap_equal(qy_job_set_limit((handle_t)job, JOB_PROCESSES, 1), 0, "job_set_limit");
    struct qy_result info = qy_job_info((handle_t)job, JOB_PROCESSES);
    tap_ok(info.status == 0 && info.third == 1, "job_info tells the limit");
    struct qy_result first = qy_process_create((handle_t)job, "one", 3);
    tap_ok(first.status > 0, "one process is allowed");
    struct qy_result second = qy_process_create((handle_t)job, "two", 3);
    tap_ok(second.status == -EQUOTA || second.status == -ENOMEM, "another is not");
    (void)qy_process_kill((handle_t)first.status);
    discard((int64_t)first.second);
    discard(first.status);

    tap_equal(qy_job_set_limit((handle_t)job, JOB_MEMORY, usage(job, JOB_MEMORY) + 1024), 0,
              "hardly any memory");
    int64_t made = 0;
    int64_t handles[64];
    int count = 0;
    while (count < 64 && (made = qy_event_create((handle_t)job)) > 0) {
        handles[count++] = made;
    }
    tap_ok(made == -ENOMEM || made == -EQUOTA, "is soon used up");
    while (count > 0) {
        discard(handles[--count]);
    }
    tap_equal(qy_job_info((handle_t)job, JOB_RESOURCE_COUNT).status, -EINVAL,
              "there is no such resource");
    discard(job);
}

static void test_depth(void)
{
    int64_t jobs[JOB_DEPTH_MAX + 2];
    int depth = 0;
    int64_t job = (int64_t)qy_self_job();
    while (depth < JOB_DEPTH_MAX + 2) {
        job = qy_job_create((handle_t)job);
        if (job < 0) {
            break;
        }
        jobs[depth++] = job;
    }
    tap_ok(job == -EQUOTA && depth <= JOB_DEPTH_MAX, "jobs nest, but not for ever");
    while (depth > 0) {
        discard(jobs[--depth]);
    }
}

static void test_priority_limit(void)
{
    int64_t job = qy_job_create(qy_self_job());
    tap_equal(qy_job_set_limit((handle_t)job, JOB_PRIORITY, 60), 0, "a job of low priority");
    struct qy_result process = qy_process_create((handle_t)job, "low", 3);
    int64_t thread = qy_sys_thread_create((handle_t)process.status);
    tap_ok(thread > 0, "a thread in it");
    tap_equal(qy_thread_set_priority((handle_t)thread, 61), -EQUOTA, "gets no higher one");
    tap_equal(qy_thread_set_priority((handle_t)thread, 60), 0, "but the highest allowed");
    (void)qy_process_kill((handle_t)process.status);
    discard(thread);
    discard((int64_t)process.second);
    discard(process.status);
    discard(job);
}

/* CPU time of a process, from the figures. */
static time_ns_t cpu_time(koid_t koid)
{
    handle_t resource = qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
    struct system_process process = {0};
    if (qy_system_info(resource, SYSTEM_PROCESSES, koid).status > 0) {
        memcpy(&process, qy_buffer()->payload, sizeof process);
    }
    return process.koid == koid ? (time_ns_t)process.cpu_ns : 0;
}

/* Four threads that compute share a fifth of one CPU, however many there are. */
static void test_bandwidth(void)
{
    int64_t job = qy_job_create(qy_self_job());
    int64_t inner = qy_job_create((handle_t)job);
    tap_equal(qy_job_set_limit((handle_t)job, JOB_CPU_TIME, JOB_CPU_PERIOD_NS / 5), 0,
              "a fifth of a CPU for a job");
    handle_t child = HANDLE_INVALID;
    tap_equal(self_spawn("spin", 3, (handle_t)inner, NULL, 0, &child), 0,
              "a process in the job below computes in four threads");
    koid_t koid = qy_handle_info(child).third;
    (void)qy_thread_sleep(qy_deadline_after(200 * QY_MILLISECOND));
    time_ns_t began = qy_clock_read();
    time_ns_t used = -cpu_time(koid);
    (void)qy_thread_sleep(qy_deadline_after(QY_SECOND));
    used += cpu_time(koid);
    time_ns_t share = used * 100 / (qy_clock_read() - began);
    tap_ok(share >= 12 && share <= 28, "gets its fifth: %lu %%", (uint64_t)share);
    tap_equal(qy_job_set_limit((handle_t)job, JOB_CPU_TIME, 0), 0, "nothing for the job");
    (void)qy_thread_sleep(qy_deadline_after(100 * QY_MILLISECOND));
    used = cpu_time(koid);
    (void)qy_thread_sleep(qy_deadline_after(300 * QY_MILLISECOND));
    tap_ok(used > 0 && cpu_time(koid) == used, "stops it");
    tap_equal(qy_job_kill((handle_t)job), 0, "and it can be killed");
    tap_equal(qy_object_wait(child, SIGNAL_EXITED, qy_deadline_after(PATIENT)), SIGNAL_EXITED,
              "while it is stopped");
    discard((int64_t)child);
    discard(inner);
    discard(job);
}

/* A page at a time, until the job says that it is low; then some go back. */
static void test_low_memory(void)
{
    const uint64_t size = 64 * PAGE_SIZE;
    int64_t job = qy_job_create(qy_self_job());
    int64_t memory = qy_memory_create((handle_t)job, size, 0);
    int64_t address =
        qy_aspace_map(qy_self_aspace(), (handle_t)memory, 0, 0, size, MAP_READ | MAP_WRITE);
    tap_equal(qy_job_set_limit((handle_t)job, JOB_MEMORY, size), 0, "a job with little memory");
    tap_equal(qy_job_set_limit((handle_t)job, JOB_MEMORY_LOW, size / 2), 0, "wants to be told");
    tap_equal(qy_object_wait((handle_t)job, SIGNAL_LOW_MEMORY, DEADLINE_POLL), -ETIMEDOUT,
              "but half of it is left");
    uint64_t at = 0;
    while (at < size - 2 * PAGE_SIZE &&
           qy_object_wait((handle_t)job, SIGNAL_LOW_MEMORY, DEADLINE_POLL) < 0) {
        *(volatile uint64_t *)(uintptr_t)(address + (int64_t)at) = 1;
        at += PAGE_SIZE;
    }
    tap_ok(at > size / 4 && at <= size / 2, "until %lu bytes are used", at);
    tap_equal(qy_memory_decommit((handle_t)memory, 0, 8 * PAGE_SIZE), 8 * PAGE_SIZE,
              "some of it goes back");
    time_ns_t end = qy_deadline_after(PATIENT);
    while (qy_object_wait((handle_t)job, SIGNAL_LOW_MEMORY, DEADLINE_POLL) > 0 &&
           qy_clock_read() < end) {
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND));
    }
    tap_ok(qy_clock_read() < end, "and memory is not low any more");
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)address, size);
    discard(memory);
    discard(job);
}

void test_jobs(void)
{
    test_low_memory();
    test_charges();
    test_limits();
    test_depth();
    test_priority_limit();
    test_bandwidth();
}
