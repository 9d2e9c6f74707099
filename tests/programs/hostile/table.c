/* SPDX-License-Identifier: MIT */
/*
 * What each argument of each system call is. A row is an array named <call>_arguments; the ledger
 * below asks for one by name for each of its lines.
 */
#include "hostile.h"
#include <quay/abi/exception.h>
#include <quay/abi/ipc.h>
#include <quay/abi/job.h>
#include <quay/abi/memory.h>
#include <quay/abi/system_info.h>
#include <quay/abi/trace.h>

#define KERNEL_ADDRESS 0xffff800000001000ul
#define HUGE_SIZE      (UINT64_MAX & ~(PAGE_SIZE - 1))
#define NEGATIVE       ((uint64_t)INT64_MIN)

#define HANDLE(object_type, needed)                                                                \
    {                                                                                              \
        .kind = ARGUMENT_HANDLE, .type = (object_type), .rights = (needed)                         \
    }
#define VALUE(value)                                                                               \
    {                                                                                              \
        .kind = ARGUMENT_VALUE, .good = (value)                                                    \
    }
#define CHECKED(value, list)                                                                       \
    {                                                                                              \
        .kind = ARGUMENT_VALUE, .good = (value), .bad = (list)                                     \
    }
#define TEXT(list)                                                                                 \
    {                                                                                              \
        .kind = ARGUMENT_TEXT, .bad = (list)                                                       \
    }
#define WORD                                                                                       \
    {                                                                                              \
        .kind = ARGUMENT_WORD, .bad = bad_words                                                    \
    }
#define ROW(name) static const struct argument name##_arguments[ARGUMENTS]
#define BAD(name) static const struct bad_value name[]
#define END                                                                                        \
    {                                                                                              \
        0, 0                                                                                       \
    }

BAD(bad_texts) = {{1, -EFAULT},
                  {USER_BASE - 1, -EFAULT},
                  {USER_LIMIT, -EFAULT},
                  {USER_LIMIT - 1, -EFAULT},
                  {0x800000000000, -EFAULT},
                  {KERNEL_ADDRESS, -EFAULT},
                  {UINT64_MAX, -EFAULT},
                  END};
BAD(bad_words) = {{1, -EINVAL},
                  {4, -EFAULT},
                  {USER_LIMIT, -EFAULT},
                  {0x800000000000, -EFAULT},
                  {KERNEL_ADDRESS, -EFAULT},
                  {UINT64_MAX, -EINVAL},
                  {UINT64_MAX - 3, -EFAULT},
                  END};
BAD(bad_times) = {{NEGATIVE, ANY_ERROR}, {UINT64_MAX, ANY_ERROR}, END};
BAD(bad_headers) = {{IPC_HEADER(1, 0, 0) | 1ul << 60, -EINVAL},
                    {IPC_HEADER(1, 0, 0) | 1ul << 63, -EINVAL},
                    {IPC_HEADER(1, 4097, 0), -EMSGSIZE},
                    {IPC_HEADER(1, 65535, 0), -EMSGSIZE},
                    {IPC_HEADER(1, 0, 17), -EMSGSIZE},
                    {IPC_HEADER(1, 0, 255), -EMSGSIZE},
                    {IPC_HEADER(1, 65, 0), -ENO_BUFFER},
                    {IPC_HEADER(1, 0, 1), -ENO_BUFFER},
                    END};
BAD(bad_tokens) = {
    {1, -ETOKEN_STALE}, {1ul << 32, -ETOKEN_STALE}, {UINT64_MAX, -ETOKEN_STALE}, END};
BAD(bad_sizes) = {{PAGE_SIZE - 1, -EINVAL},
                  {HUGE_SIZE, ANY_ERROR},
                  {UINT64_MAX, -EINVAL},
                  {1ul << 63, ANY_ERROR},
                  END};
BAD(bad_map_addresses) = {{USER_BASE + 1, -EINVAL},
                          {USER_LIMIT, -EFAULT},
                          {KERNEL_ADDRESS, -EFAULT},
                          {USER_LIMIT - PAGE_SIZE + 1, -EINVAL},
                          END};
BAD(bad_map_flags) = {{MAP_READ | MAP_WRITE | MAP_EXEC, -EACCES},
                      {1u << 20, -EINVAL},
                      {1ul << 40, -EINVAL},
                      {MAP_WRITE, -EINVAL},
                      END};

/* --- handles */
ROW(handle_close) = {HANDLE(OBJECT_NONE, 0)};
BAD(no_bad) = {END};
ROW(handle_dup) = {HANDLE(OBJECT_NONE, RIGHT_DUP), CHECKED(RIGHTS_SAME, no_bad)};
ROW(handle_revoke) = {HANDLE(OBJECT_NONE, 0)};
ROW(handle_info) = {HANDLE(OBJECT_NONE, 0)};
BAD(bad_operations) = {{2, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(handle_grant) = {HANDLE(OBJECT_PROCESS, RIGHT_MANAGE),
                     HANDLE(OBJECT_NONE, RIGHT_TRANSFER | RIGHT_DUP), VALUE(RIGHTS_SAME),
                     CHECKED(HANDLE_COPY, bad_operations)};
ROW(handle_fork) = {HANDLE(OBJECT_PROCESS, RIGHT_MANAGE), HANDLE(OBJECT_PROCESS, RIGHT_MANAGE)};
ROW(object_wait) = {HANDLE(OBJECT_NONE, RIGHT_WAIT), VALUE(SIGNAL_USER),
                    CHECKED((uint64_t)DEADLINE_POLL, bad_times)};

/* --- memory */
BAD(bad_memory_sizes) = {
    {0, -EINVAL}, {HUGE_SIZE, ANY_ERROR}, {UINT64_MAX, ANY_ERROR}, {1ul << 62, ANY_ERROR}, END};
BAD(bad_memory_flags) = {{MEMORY_CONTIGUOUS, -ENOTSUP},
                         {MEMORY_RESIZABLE | MEMORY_LARGE, -EINVAL},
                         {8, -EINVAL},
                         {1ul << 32, -EINVAL},
                         END};
ROW(memory_create) = {HANDLE(OBJECT_JOB, RIGHT_CREATE), CHECKED(PAGE_SIZE, bad_memory_sizes),
                      CHECKED(0, bad_memory_flags)};
ROW(memory_info) = {HANDLE(OBJECT_MEMORY, RIGHT_INSPECT)};
BAD(bad_ranges) = {{1, -EINVAL}, {PAGE_SIZE, -ERANGE}, {HUGE_SIZE, ANY_ERROR}, END};
BAD(bad_range_sizes) = {
    {0, -EINVAL}, {1, -EINVAL}, {2 * PAGE_SIZE, -ERANGE}, {HUGE_SIZE, ANY_ERROR}, END};
ROW(memory_resize) = {HANDLE(OBJECT_MEMORY, RIGHT_RESIZE), CHECKED(PAGE_SIZE, bad_memory_sizes)};
ROW(memory_decommit) = {HANDLE(OBJECT_MEMORY, RIGHT_WRITE), CHECKED(0, bad_ranges),
                        CHECKED(PAGE_SIZE, bad_range_sizes)};
ROW(memory_clone) = {HANDLE(OBJECT_JOB, RIGHT_CREATE), HANDLE(OBJECT_MEMORY, RIGHT_READ),
                     CHECKED(0, bad_ranges), CHECKED(PAGE_SIZE, bad_range_sizes)};
/* Both handles name one memory here, which comes before its range. */
BAD(bad_places) = {{1, -EINVAL}, {PAGE_SIZE, -EINVAL}, {HUGE_SIZE, ANY_ERROR}, END};
ROW(memory_supply) = {HANDLE(OBJECT_MEMORY, RIGHT_WRITE), CHECKED(0, bad_places),
                      HANDLE(OBJECT_MEMORY, RIGHT_READ), CHECKED(0, bad_places),
                      CHECKED(PAGE_SIZE, bad_places)};
BAD(bad_physical) = {
    {0xfec00001, -EINVAL}, {2ul << 20, -EACCES}, {HUGE_SIZE, ANY_ERROR}, {1ul << 52, -EINVAL}, END};
BAD(bad_physical_sizes) = {
    {0, -EINVAL}, {1, -EINVAL}, {HUGE_SIZE, ANY_ERROR}, {1ul << 52, ANY_ERROR}, END};
BAD(bad_timeouts) = {{0, -EINVAL}, {NEGATIVE, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(memory_pager) = {HANDLE(OBJECT_JOB, RIGHT_CREATE), CHECKED(PAGE_SIZE, bad_memory_sizes),
                     HANDLE(OBJECT_PORT, RIGHT_BIND), VALUE(9), CHECKED(1000, bad_timeouts)};
ROW(memory_physical) = {HANDLE(OBJECT_RESOURCE, RIGHT_MINT_MEMORY),
                        HANDLE(OBJECT_JOB, RIGHT_CREATE), CHECKED(0xfec00000, bad_physical),
                        CHECKED(PAGE_SIZE, bad_physical_sizes)};
BAD(bad_offsets) = {{1, -EINVAL}, {PAGE_SIZE, -ERANGE}, {HUGE_SIZE, ANY_ERROR}, END};
ROW(aspace_map) = {HANDLE(OBJECT_ASPACE, RIGHT_MAP), HANDLE(OBJECT_MEMORY, RIGHT_READ),
                   CHECKED(0, bad_offsets),          CHECKED(UNMAPPED, bad_map_addresses),
                   CHECKED(PAGE_SIZE, bad_sizes),    CHECKED(MAP_READ | MAP_FIXED, bad_map_flags)};
ROW(aspace_fork) = {HANDLE(OBJECT_ASPACE, RIGHT_MAP), HANDLE(OBJECT_ASPACE, RIGHT_MAP)};
ROW(aspace_unmap) = {HANDLE(OBJECT_ASPACE, RIGHT_MAP), CHECKED(UNMAPPED, bad_map_addresses),
                     CHECKED(PAGE_SIZE, bad_sizes)};
ROW(aspace_protect) = {HANDLE(OBJECT_ASPACE, RIGHT_MAP), CHECKED(UNMAPPED, bad_map_addresses),
                       CHECKED(PAGE_SIZE, bad_sizes), CHECKED(MAP_READ, bad_map_flags)};
BAD(bad_futex_times) = {{NEGATIVE, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(futex_wait) = {WORD, VALUE(0), CHECKED((uint64_t)DEADLINE_POLL, bad_futex_times)};
ROW(futex_wake) = {WORD, VALUE(1)};
ROW(futex_requeue) = {WORD, VALUE(1), VALUE(0), WORD, VALUE(1)};

/* --- ports */
BAD(bad_token_counts) = {{UINT32_MAX, ANY_ERROR}, {UINT64_MAX, ANY_ERROR}, END};
ROW(port_create) = {HANDLE(OBJECT_JOB, RIGHT_CREATE), CHECKED(4, bad_token_counts)};
BAD(bad_call_times) = {{0, -ETIMEDOUT}, {1, -ETIMEDOUT}, {NEGATIVE, ANY_ERROR}, END};
BAD(bad_reserved) = {{1, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(port_call) = {HANDLE(OBJECT_SESSION, RIGHT_CALL), CHECKED(0, bad_headers),
                  CHECKED((uint64_t)DEADLINE_NEVER, bad_call_times), CHECKED(0, bad_reserved)};
ROW(port_reply_receive) = {HANDLE(OBJECT_PORT, RIGHT_RECV), VALUE(0),
                           CHECKED((uint64_t)DEADLINE_POLL, bad_call_times),
                           CHECKED(0, bad_tokens)};
ROW(port_reply) = {HANDLE(OBJECT_PORT, RIGHT_RECV), CHECKED(1, bad_tokens),
                   CHECKED(0, bad_headers)};
ROW(token_drop) = {HANDLE(OBJECT_PORT, RIGHT_RECV), CHECKED(1, bad_tokens)};
BAD(bad_wide) = {{1ul << 32, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(session_create) = {HANDLE(OBJECT_PORT, RIGHT_MINT), VALUE(7), CHECKED(1, bad_wide)};
BAD(bad_signals) = {{0, -EINVAL}, {1ul << 32, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(port_bind) = {HANDLE(OBJECT_PORT, RIGHT_BIND), HANDLE(OBJECT_NONE, RIGHT_WAIT),
                  CHECKED(SIGNAL_USER, bad_signals), VALUE(9)};
ROW(port_unbind) = {HANDLE(OBJECT_PORT, RIGHT_BIND), HANDLE(OBJECT_NONE, 0)};
ROW(exception_bind) = {HANDLE(OBJECT_PROCESS, RIGHT_MANAGE), HANDLE(OBJECT_PORT, RIGHT_BIND),
                       VALUE(7)};
BAD(bad_booleans) = {{2, -EINVAL}, {UINT64_MAX, -EINVAL}, {1ul << 32, -EINVAL}, END};
ROW(thread_suspend) = {HANDLE(OBJECT_THREAD, RIGHT_WRITE_STATE), CHECKED(0, bad_booleans)};
ROW(thread_read_state) = {HANDLE(OBJECT_THREAD, RIGHT_READ_STATE)};
ROW(thread_write_state) = {HANDLE(OBJECT_THREAD, RIGHT_WRITE_STATE)};
ROW(thread_read_fpu) = {HANDLE(OBJECT_THREAD, RIGHT_READ_STATE)};
ROW(thread_write_fpu) = {HANDLE(OBJECT_THREAD, RIGHT_WRITE_STATE)};
BAD(bad_indexes) = {{4, -EINVAL}, {UINT64_MAX, -EINVAL}, {1ul << 32, -EINVAL}, END};
BAD(bad_places_to_break) = {
    {USER_LIMIT, -EINVAL}, {KERNEL_ADDRESS, -EINVAL}, {UINT64_MAX, -EINVAL}, {1, -EINVAL}, END};
BAD(bad_kinds) = {{4, -EINVAL}, {1ul << 32, -EINVAL}, {BREAKPOINT_EXEC, -EINVAL}, END};
BAD(bad_break_sizes) = {{0, -EINVAL}, {3, -EINVAL}, {16, -EINVAL}, {1ul << 33, -EINVAL}, END};
ROW(thread_set_breakpoint) = {HANDLE(OBJECT_THREAD, RIGHT_WRITE_STATE), CHECKED(0, bad_indexes),
                              CHECKED(UNMAPPED, bad_places_to_break),
                              CHECKED(BREAKPOINT_WRITE, bad_kinds), CHECKED(8, bad_break_sizes)};
BAD(bad_ours) = {{1, -EFAULT},
                 {USER_LIMIT, -EFAULT},
                 {USER_LIMIT - 1, -EFAULT},
                 {KERNEL_ADDRESS, -EFAULT},
                 {UINT64_MAX, -EFAULT},
                 END};
BAD(bad_theirs) = {{0, -EIO},
                   {1, -EIO},
                   {USER_LIMIT, -EIO},
                   {USER_LIMIT - 1, -EIO},
                   {KERNEL_ADDRESS, -EIO},
                   {UINT64_MAX, -EIO},
                   END};
ROW(process_mapping) = {HANDLE(OBJECT_PROCESS, RIGHT_READ_STATE), VALUE(KERNEL_ADDRESS)};
ROW(process_read) = {HANDLE(OBJECT_PROCESS, RIGHT_READ_STATE), CHECKED(UNMAPPED, bad_theirs),
                     CHECKED(UNMAPPED, bad_ours), VALUE(8)};
ROW(process_write) = {HANDLE(OBJECT_PROCESS, RIGHT_WRITE_STATE), CHECKED(UNMAPPED, bad_theirs),
                      CHECKED(UNMAPPED, bad_ours), VALUE(8)};
ROW(exception_thread) = {HANDLE(OBJECT_PORT, RIGHT_RECV), CHECKED(1, bad_tokens)};
ROW(exception_process) = {HANDLE(OBJECT_PORT, RIGHT_RECV), CHECKED(1, bad_tokens)};
ROW(process_thread) = {HANDLE(OBJECT_PROCESS, RIGHT_MANAGE | RIGHT_READ_STATE), VALUE(0)};
ROW(port_notify) = {HANDLE(OBJECT_PORT, RIGHT_NOTIFY), VALUE(1)};

BAD(bad_lease_tokens) = {
    {0, -ETOKEN_STALE}, {1ul << 32, -ETOKEN_STALE}, {UINT64_MAX, -ETOKEN_STALE}, END};
BAD(bad_lease_addresses) = {{USER_LIMIT, -EFAULT},
                            {USER_LIMIT - 8, -EFAULT},
                            {KERNEL_ADDRESS, -EFAULT},
                            {UINT64_MAX, -EFAULT},
                            {0, -EFAULT},
                            END};
BAD(bad_lease_sizes) = {{UINT64_MAX, -EFAULT}, {HUGE_SIZE, -EFAULT}, {USER_LIMIT, -EFAULT}, END};
ROW(lease_read) = {
    HANDLE(OBJECT_PORT, RIGHT_RECV),        CHECKED(1, bad_lease_tokens), VALUE(0), VALUE(0),
    CHECKED(UNMAPPED, bad_lease_addresses), CHECKED(64, bad_lease_sizes)};
ROW(lease_write) = {
    HANDLE(OBJECT_PORT, RIGHT_RECV),        CHECKED(1, bad_lease_tokens), VALUE(0), VALUE(0),
    CHECKED(UNMAPPED, bad_lease_addresses), CHECKED(64, bad_lease_sizes)};
ROW(lease_info) = {HANDLE(OBJECT_PORT, RIGHT_RECV), CHECKED(1, bad_lease_tokens), VALUE(0)};

/* --- channels */
BAD(bad_slot_counts) = {{0, -EINVAL}, {4097, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
BAD(bad_payload_sizes) = {
    {4097, -EINVAL}, {UINT32_MAX, -EINVAL}, {1ul << 63, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
BAD(bad_handle_counts) = {{17, -EINVAL}, {1ul << 32, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
BAD(bad_channel_headers) = {{IPC_HEADER(1, 0, 0) | 1ul << 56, -EINVAL},
                            {IPC_HEADER(1, 4097, 0), -EMSGSIZE},
                            {IPC_HEADER(1, 0, 17), -EMSGSIZE},
                            {IPC_HEADER(1, 9, 0), -EMSGSIZE},
                            {IPC_HEADER(1, 0, 2), -EMSGSIZE},
                            {IPC_HEADER(1, 0, 1), -ENO_BUFFER},
                            END};
ROW(channel_create) = {HANDLE(OBJECT_JOB, RIGHT_CREATE), CHECKED(2, bad_slot_counts),
                       CHECKED(8, bad_payload_sizes), CHECKED(0, bad_handle_counts)};
ROW(channel_send) = {HANDLE(OBJECT_CHANNEL_SENDER, RIGHT_SEND), CHECKED(0, bad_channel_headers)};
ROW(channel_receive) = {HANDLE(OBJECT_CHANNEL_RECEIVER, RIGHT_RECV)};

/* --- events, timers, devices */
ROW(event_create) = {HANDLE(OBJECT_JOB, RIGHT_CREATE)};
ROW(event_signal) = {HANDLE(OBJECT_EVENT, RIGHT_SIGNAL), VALUE(0), VALUE(0)};
BAD(bad_bits) = {{0, -EINVAL}, END};
BAD(bad_consume) = {{2, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(event_wait) = {HANDLE(OBJECT_EVENT, RIGHT_WAIT), CHECKED(1, bad_bits), CHECKED(0, bad_consume),
                   CHECKED((uint64_t)DEADLINE_POLL, bad_futex_times)};
ROW(timer_create) = {HANDLE(OBJECT_JOB, RIGHT_CREATE)};
ROW(timer_set) = {HANDLE(OBJECT_TIMER, RIGHT_SET), VALUE((uint64_t)DEADLINE_NEVER), VALUE(0),
                  VALUE(0)};
BAD(bad_lines) = {{100000, ANY_ERROR}, {UINT32_MAX, ANY_ERROR}, {UINT64_MAX, ANY_ERROR}, END};
ROW(irq_create) = {HANDLE(OBJECT_RESOURCE, RIGHT_MINT_IRQ), HANDLE(OBJECT_JOB, RIGHT_CREATE),
                   CHECKED(5, bad_lines)};
ROW(irq_ack) = {HANDLE(OBJECT_IRQ, RIGHT_ACK)};
BAD(bad_first_ports) = {
    {0x10000, ANY_ERROR}, {UINT32_MAX, ANY_ERROR}, {UINT64_MAX, ANY_ERROR}, END};
BAD(bad_port_counts) = {
    {0, ANY_ERROR}, {0x10001, ANY_ERROR}, {UINT32_MAX, ANY_ERROR}, {UINT64_MAX, ANY_ERROR}, END};
ROW(io_create) = {HANDLE(OBJECT_RESOURCE, RIGHT_MINT_IO), HANDLE(OBJECT_JOB, RIGHT_CREATE),
                  CHECKED(0x80, bad_first_ports), CHECKED(1, bad_port_counts)};
BAD(bad_io_offsets) = {{1, ANY_ERROR}, {UINT32_MAX, ANY_ERROR}, {UINT64_MAX, ANY_ERROR}, END};
BAD(bad_widths) = {{0, -EINVAL}, {3, -EINVAL}, {8, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(io_read) = {HANDLE(OBJECT_IO, RIGHT_USE), CHECKED(0, bad_io_offsets), CHECKED(1, bad_widths)};
ROW(io_write) = {HANDLE(OBJECT_IO, RIGHT_USE), CHECKED(0, bad_io_offsets), CHECKED(1, bad_widths),
                 VALUE(0)};

/* --- processes, threads, jobs */
BAD(bad_name_lengths) = {{256, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(process_create) = {HANDLE(OBJECT_JOB, RIGHT_CREATE), TEXT(bad_texts),
                       CHECKED(8, bad_name_lengths)};
ROW(process_exit) = {{.kind = ARGUMENT_NONE}};
ROW(process_kill) = {HANDLE(OBJECT_PROCESS, RIGHT_MANAGE)};
ROW(process_info) = {HANDLE(OBJECT_PROCESS, RIGHT_INSPECT)};
ROW(thread_create) = {HANDLE(OBJECT_PROCESS, RIGHT_MANAGE)};
BAD(bad_entries) = {
    {0, -EINVAL}, {USER_LIMIT, -EINVAL}, {KERNEL_ADDRESS, -EINVAL}, {0x800000000000, -EINVAL}, END};
BAD(bad_stacks) = {
    {KERNEL_ADDRESS, -EINVAL}, {0x800000000000, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(thread_start) = {HANDLE(OBJECT_THREAD, RIGHT_MANAGE), CHECKED(UNMAPPED, bad_entries),
                     CHECKED(UNMAPPED, bad_stacks), VALUE(0)};
ROW(thread_exit) = {{.kind = ARGUMENT_NONE}};
ROW(thread_kill) = {HANDLE(OBJECT_THREAD, RIGHT_MANAGE)};
BAD(bad_graces) = {{NEGATIVE, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(thread_kick) = {HANDLE(OBJECT_THREAD, RIGHT_MANAGE), CHECKED(0, bad_graces)};
ROW(thread_yield) = {{.kind = ARGUMENT_NONE}};
BAD(bad_priorities) = {{256, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(thread_set_priority) = {HANDLE(OBJECT_THREAD, RIGHT_MANAGE), CHECKED(10, bad_priorities)};
BAD(bad_masks) = {{0, -EINVAL}, {1ul << 63, -EINVAL}, END};
ROW(thread_set_affinity) = {HANDLE(OBJECT_THREAD, RIGHT_MANAGE), CHECKED(1, bad_masks)};
BAD(bad_buffers) = {{1, ANY_ERROR},
                    {USER_LIMIT, ANY_ERROR},
                    {USER_LIMIT - PAGE_SIZE, ANY_ERROR},
                    {KERNEL_ADDRESS, ANY_ERROR},
                    {HUGE_SIZE, ANY_ERROR},
                    END};
ROW(thread_buffer) = {CHECKED(0, bad_buffers)};
BAD(bad_which) = {{2, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
BAD(bad_bases) = {{KERNEL_ADDRESS, -EINVAL}, {USER_LIMIT, -EINVAL}, {0x800000000000, -EINVAL}, END};
ROW(thread_set_base) = {CHECKED(1, bad_which), CHECKED(0, bad_bases)};
BAD(bad_switches) = {{2, -EINVAL}, {1ul << 32, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(thread_redirect) = {CHECKED(0, bad_switches)};
ROW(thread_resume) = {{.kind = ARGUMENT_NONE}};
ROW(thread_sleep) = {VALUE(0)};
ROW(job_create) = {HANDLE(OBJECT_JOB, RIGHT_CREATE)};
BAD(bad_resources) = {{JOB_RESOURCE_COUNT, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(job_set_limit) = {HANDLE(OBJECT_JOB, RIGHT_MANAGE), CHECKED(JOB_MEMORY, bad_resources),
                      VALUE(JOB_UNLIMITED)};
ROW(job_info) = {HANDLE(OBJECT_JOB, RIGHT_INSPECT), CHECKED(JOB_MEMORY, bad_resources)};
ROW(job_kill) = {HANDLE(OBJECT_JOB, RIGHT_MANAGE)};

/* --- the rest */
ROW(clock_read) = {{.kind = ARGUMENT_NONE}};
BAD(bad_log_lengths) = {{513, -EMSGSIZE}, {UINT64_MAX, -EMSGSIZE}, END};
ROW(debug_log) = {TEXT(bad_texts), CHECKED(8, bad_log_lengths)};
ROW(log_read) = {HANDLE(OBJECT_RESOURCE, RIGHT_SYSTEM_INFO)};
ROW(log_bind) = {HANDLE(OBJECT_RESOURCE, RIGHT_SYSTEM_INFO), HANDLE(OBJECT_PORT, RIGHT_BIND),
                 VALUE(3)};
BAD(bad_records) = {
    {0, ANY_ERROR}, {65, ANY_ERROR}, {1ul << 60, ANY_ERROR}, {UINT64_MAX, ANY_ERROR}, END};
ROW(trace_open) = {HANDLE(OBJECT_RESOURCE, RIGHT_TRACE), HANDLE(OBJECT_JOB, RIGHT_CREATE),
                   CHECKED(64, bad_records)};
BAD(bad_trace_kinds) = {{TRACE_ALL + 1, -EINVAL}, {1ul << 32, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(trace_control) = {HANDLE(OBJECT_RESOURCE, RIGHT_TRACE), CHECKED(0, bad_trace_kinds)};
BAD(bad_filters) = {
    {TRACE_FILTER_COUNT, -EINVAL}, {1ul << 32, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
BAD(bad_filter_places) = {
    {TRACE_FILTER_VALUES, -EINVAL}, {1ul << 32, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(trace_filter) = {HANDLE(OBJECT_RESOURCE, RIGHT_TRACE), CHECKED(TRACE_BY_PORT, bad_filters),
                     CHECKED(0, bad_filter_places), VALUE(0)};
BAD(bad_numbers) = {{1ul << 32, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(trace_emit) = {CHECKED(1, bad_numbers), VALUE(0), VALUE(0)};
BAD(bad_topics) = {{0, ANY_ERROR}, {99, ANY_ERROR}, {UINT64_MAX, ANY_ERROR}, END};
ROW(system_info) = {HANDLE(OBJECT_RESOURCE, RIGHT_SYSTEM_INFO), CHECKED(SYSTEM_MEMORY, bad_topics),
                    VALUE(0)};
BAD(bad_hows) = {{1, -EINVAL}, {UINT64_MAX, -EINVAL}, END};
ROW(system_halt) = {HANDLE(OBJECT_RESOURCE, RIGHT_POWER), CHECKED(0, bad_hows)};
ROW(abi_version) = {{.kind = ARGUMENT_NONE}};

const struct row rows[] = {
#define SYSCALL(ledger_number, ledger_name, arguments_text, summary)                               \
    {.name = #ledger_name, .number = (ledger_number), .arguments = ledger_name##_arguments},
#include <quay/abi/syscalls.def>
#undef SYSCALL
};
const uint32_t row_count = sizeof rows / sizeof rows[0];
