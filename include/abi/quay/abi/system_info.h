/* SPDX-License-Identifier: MIT */
/*
 * What system_info reports, into the payload of the message buffer. Topics that list things take a
 * cursor (0 first) and return the number of records written; the next cursor stands in rdx, 0 at
 * the end. A list changes while it is read: each record is true at its own instant.
 */
#pragma once

#include <quay/abi/types.h>

enum system_topic {
    SYSTEM_MEMORY = 1,    /* one struct system_memory */
    SYSTEM_CPUS = 2,      /* struct system_cpu */
    SYSTEM_PROCESSES = 3, /* struct system_process; the cursor is a koid */
    SYSTEM_THREADS = 4,   /* struct system_thread; the cursor says nothing */
    SYSTEM_OBJECTS = 5,   /* struct system_object_count, one per type */
    SYSTEM_KERNEL = 6,    /* one struct system_kernel */
};

#define SYSTEM_NAME_MAX 24

/* In what log_read gives, each text that was written at once begins with this byte, and '0' + the
 * number of the CPU that it was written on. */
#define LOG_MARK 1

struct system_memory {
    uint64_t total_bytes; /* RAM the kernel manages */
    uint64_t free_bytes;
    uint64_t kernel_bytes; /* image, slabs, page tables, frame descriptors */
    uint64_t user_bytes;   /* pages of memory objects and message buffers */
};

struct system_cpu {
    uint32_t id;
    uint32_t apic_id;
    uint64_t idle_ns;
    uint64_t switches;
    uint64_t interrupts;
    koid_t current_thread; /* 0 = idle */
};

struct system_process {
    koid_t koid;
    koid_t job;
    uint64_t memory_bytes; /* mapped and present */
    uint64_t cpu_ns;
    uint32_t thread_count;
    uint32_t handle_count;
    char name[SYSTEM_NAME_MAX];
};

enum thread_state {
    THREAD_STATE_NEW = 0,
    THREAD_STATE_RUNNING = 1,
    THREAD_STATE_READY = 2,
    THREAD_STATE_WAIT_RECEIVE = 3, /* for a call or notice on a port */
    THREAD_STATE_WAIT_SEND = 4,    /* call queued at a port */
    THREAD_STATE_WAIT_REPLY = 5,   /* call received by a server, not answered yet */
    THREAD_STATE_WAIT_OBJECT = 6,  /* object_wait */
    THREAD_STATE_WAIT_FUTEX = 7,
    THREAD_STATE_WAIT_KERNEL = 8, /* for other CPUs in an unmap, or for the report of its fault */
    THREAD_STATE_DEAD = 9,
    THREAD_STATE_WAIT_SLEEP = 10,
    THREAD_STATE_SUSPENDED = 11,
};

struct system_thread {
    koid_t koid;
    koid_t process;
    koid_t waits_for;     /* port, session's port, or object; 0 = nothing */
    koid_t waits_process; /* process that has to act, where the kernel knows it */
    uint64_t waiting_ns;  /* for how long */
    uint64_t cpu_ns;
    uint64_t method; /* ordinal of the call under way */
    uint8_t state;   /* enum thread_state */
    uint8_t base_priority;
    uint8_t priority; /* with what was donated to it */
    uint8_t cpu;
    uint32_t reserved;
    char name[SYSTEM_NAME_MAX];
};

struct system_object_count {
    uint32_t type; /* enum object_type */
    uint32_t object_size;
    uint64_t count;
};

struct system_kernel {
    uint64_t text_bytes;
    uint64_t data_bytes;
    uint64_t log_dropped; /* bytes of log that nobody drained in time */
    uint64_t uptime_ns;
    uint32_t cpu_count;
    uint32_t debug;      /* 1: a debug kernel */
    uint64_t lock_waits; /* how often a CPU had to wait for a lock of the kernel; 0 but in a debug
                            kernel */
};

_Static_assert(sizeof(struct system_thread) == 88, "system_thread layout");
_Static_assert(sizeof(struct system_process) == 64, "system_process layout");
_Static_assert(sizeof(struct system_cpu) == 40, "system_cpu layout");
