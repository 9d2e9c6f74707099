/* SPDX-License-Identifier: MIT */
/* Exceptions and who handles them. */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/exception.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process.h>
#include <quay/thread.h>
#include "../shared/self_spawn.h"

#define PLACE 0x7000000000ul /* where nothing is mapped */

static handle_t port;

/* Answers what is in *io, if anything, and receives an exception, or says false. */
static bool exception_receive(struct qy_received *io, struct exception_message *ret_message)
{
    const struct exception_message *message;

    if (qy_port_reply_receive(port, io, qy_deadline_after(PATIENT)) != RECEIVED_CALL) {
        return false;
    }
    message = qy_exception(&io->message);
    if (message != NULL) {
        *ret_message = *message;
    }
    return message != NULL;
}

static void answer(struct qy_received *io, uint32_t action,
                   const struct thread_registers *registers)
{
    struct qy_message message = {.header = qy_exception_answer(action, registers)};
    tap_equal(qy_port_reply(port, io->token, &message), 0, "it is answered");
    io->token = 0;
}

/* --- a thread beside us -------------------------------------------------------------------- */

static void toucher(void *argument)
{
    *(volatile uint64_t *)PLACE = (uint64_t)argument;
}

static void test_page_fault(void)
{
    struct qy_received io = {0};
    struct exception_message message;
    struct qy_thread *thread;
    tap_equal(qy_exception_bind(qy_self_process(), port, 3), 0, "exception_bind of this process");
    tap_equal(qy_thread_create(toucher, &io, 0, &thread), 0, "a thread that writes to nowhere");
    tap_ok(exception_receive(&io, &message), "is an exception");
    tap_equal((int64_t)io.badge, 3, "with our key");
    tap_equal(message.kind, EXCEPTION_PAGE_FAULT, "a page fault");
    tap_equal(message.access, EXCEPTION_WRITE, "a write");
    tap_equal((int64_t)message.address, PLACE, "there");
    tap_equal(message.code, -EFAULT, "where nothing is");
    tap_equal((int64_t)message.thread, (int64_t)qy_handle_info(thread->handle).third,
              "of that thread");
    int64_t same = qy_exception_thread(port, io.token);
    tap_equal((int64_t)qy_handle_info((handle_t)same).third, (int64_t)message.thread,
              "exception_thread gives a handle to it");
    discard(same);
    same = qy_exception_process(port, io.token);
    tap_equal((int64_t)qy_handle_info((handle_t)same).third,
              (int64_t)qy_handle_info(qy_self_process()).third,
              "exception_process one to its process");
    int64_t last = qy_process_thread((handle_t)same, message.thread - 1);
    tap_equal((int64_t)qy_handle_info((handle_t)last).third, (int64_t)message.thread,
              "process_thread finds it there");
    discard(last);
    discard(same);
    int64_t memory = qy_memory_create(qy_self_job(), PAGE_SIZE, 0);
    tap_equal(qy_aspace_map(qy_self_aspace(), (handle_t)memory, 0, PLACE, PAGE_SIZE,
                            MAP_READ | MAP_WRITE | MAP_FIXED),
              PLACE, "memory is put there");
    answer(&io, EXCEPTION_RESUME, NULL);
    tap_equal(qy_thread_join(thread, qy_deadline_after(PATIENT)), 0, "and it goes on");
    tap_ok(*(volatile uint64_t *)PLACE == (uint64_t)&io, "it has written");
    tap_equal(qy_aspace_unmap(qy_self_aspace(), PLACE, PAGE_SIZE), 0, "aspace_unmap");
    discard(memory);
    tap_equal(qy_exception_bind(qy_self_process(), HANDLE_INVALID, 0), 0, "unbound");
    tap_equal(qy_port_reply_receive(port, &io, qy_deadline_after(PATIENT)), RECEIVED_NOTICE,
              "and we are told");
    tap_equal((int64_t)io.message.words[0], NOTICE_SESSION_CLOSED, "that it is over");
}

static uint64_t seen_after;

/* rax is what the handler puts there; it also skips the ud2. */
static void stumbler(void *argument)
{
    uint64_t value = 1;
    (void)argument;
    __asm__ volatile("ud2" : "+a"(value));
    seen_after = value;
    __asm__ volatile("int3" : "+a"(value));
    seen_after += value;
}

static void test_registers(void)
{
    struct qy_received io = {0};
    struct exception_message message;
    struct qy_thread *thread;
    tap_equal(qy_exception_bind(qy_self_process(), port, 4), 0, "exception_bind");
    tap_equal(qy_thread_create(stumbler, NULL, 0, &thread), 0, "a thread that stumbles");
    tap_ok(exception_receive(&io, &message), "is an exception");
    tap_equal(message.kind, EXCEPTION_OPCODE, "an instruction that is none");
    tap_equal((int64_t)message.registers.rax, 1, "with its registers");
    struct thread_registers registers = message.registers;
    registers.rax = 5;
    registers.rip = 0xffffffff80100000;
    struct qy_message bad = {.header = qy_exception_answer(EXCEPTION_RESUME, &registers)};
    tap_equal(qy_port_reply(port, io.token, &bad), -EINVAL, "it cannot be sent into the kernel");
    registers.rip = message.registers.rip + 2;
    registers.rflags |= 3u << 12;
    bad.header = qy_exception_answer(EXCEPTION_RESUME, &registers);
    tap_equal(qy_port_reply(port, io.token, &bad), -EINVAL, "nor be given I/O ports");
    registers.rflags = message.registers.rflags;
    io.message.header = qy_exception_answer(EXCEPTION_RESUME, &registers);
    tap_ok(exception_receive(&io, &message), "it goes on to its breakpoint");
    tap_equal(message.kind, EXCEPTION_BREAKPOINT, "which is one");
    tap_equal((int64_t)message.registers.rax, 5, "with the register changed");
    answer(&io, EXCEPTION_RESUME, NULL);
    tap_equal(qy_thread_join(thread, qy_deadline_after(PATIENT)), 0, "and to its end");
    tap_equal((int64_t)seen_after, 10, "it has seen the change");
    (void)qy_exception_bind(qy_self_process(), HANDLE_INVALID, 0);
    (void)qy_port_reply_receive(port, &io, qy_deadline_after(PATIENT)); /* SESSION_CLOSED */
}

/* --- processes ----------------------------------------------------------------------------- */

static void test_children(void)
{
    struct qy_received io = {0};
    struct exception_message message;
    handle_t child = HANDLE_INVALID;
    int64_t job = qy_job_create(qy_self_job());
    tap_equal(qy_exception_bind((handle_t)job, port, 5), 0, "exception_bind of a job");
    tap_equal(self_spawn("fault", 0, (handle_t)job, NULL, 0, &child), 0, "a child that faults");
    tap_ok(exception_receive(&io, &message), "comes to the job's handler");
    tap_equal((int64_t)io.badge, 5, "with its key");
    tap_equal((int64_t)message.process, (int64_t)qy_handle_info(child).third, "of that process");
    answer(&io, EXCEPTION_PASS, NULL);
    tap_equal(qy_object_wait(child, SIGNAL_EXITED, qy_deadline_after(PATIENT)), SIGNAL_EXITED,
              "passed on, it ends the process");
    discard((int64_t)child);

    tap_equal(self_spawn("fault", 0, (handle_t)job, NULL, 0, &child), 0, "one more");
    tap_ok(exception_receive(&io, &message), "comes as well");
    tap_equal(qy_token_drop(port, io.token), 0, "dropped");
    tap_equal(qy_object_wait(child, SIGNAL_EXITED, qy_deadline_after(PATIENT)), SIGNAL_EXITED,
              "it ends the process too");
    discard((int64_t)child);

    tap_equal(self_spawn("fault", 0, (handle_t)job, NULL, 0, &child), 0, "and one");
    io.token = 0;
    tap_ok(exception_receive(&io, &message), "that is killed meanwhile");
    tap_equal(qy_process_kill(child), 0, "process_kill");
    tap_equal(qy_object_wait(child, SIGNAL_EXITED, qy_deadline_after(PATIENT)), SIGNAL_EXITED,
              "ends");
    struct qy_message late = {.header = qy_exception_answer(EXCEPTION_RESUME, NULL)};
    tap_equal(qy_port_reply(port, io.token, &late), -ETOKEN_STALE, "the answer comes too late");
    discard((int64_t)child);
    discard(job);
}

void test_exceptions(void)
{
    int64_t made = qy_port_create(qy_self_job(), 4);
    port = (handle_t)made;
    tap_ok(made > 0 && qy_buffer() != NULL, "a port and a buffer for exceptions");
    test_page_fault();
    test_registers();
    test_children();
    discard(made);
}
