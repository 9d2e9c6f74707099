/* SPDX-License-Identifier: MIT */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process.h>
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

void test_jobs(void)
{
    test_charges();
    test_limits();
    test_depth();
}
