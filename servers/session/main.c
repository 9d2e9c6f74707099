/* SPDX-License-Identifier: MIT */
/*
 * Waits until the program has ended, and ends with it: whether another one is started, and when, is
 * init's affair, as the manifest says.
 */
#include "session.h"
#include <quay/bootstrap.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/server.h>
#include <quay/text.h>

#define KEY_ENDED 1

static struct {
    struct kept *kept;
    handle_t process;
    bool is_over;
    int64_t code;
} main_state;

static void notice(struct qy_server *server, uint64_t key, uint64_t signals)
{
    (void)signals;
    if (key == KEY_ENDED) {
        main_state.code = (int64_t)qy_process_info(main_state.process).second;
        main_state.kept->pid = 0;
        main_state.is_over = true;
        qy_server_stop(server);
    }
}

/* Nobody has a session of this port; it is there for notices. */
static int64_t dispatch(struct qy_request *request)
{
    return qy_request_refuse(request, ENO_METHOD);
}

int main(int argument_count, char **arguments)
{
    static struct kept unkept; /* where nobody keeps memory for us */
    struct kept *kept = qy_memory_kept(sizeof *kept);
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL), .dispatch = dispatch, .notice = notice};
    main_state.kept = kept != NULL ? kept : &unkept;
    if (argument_count < 2) {
        qy_log("no program to start");
        return 1;
    }
    int64_t error =
        session_open(main_state.kept, argument_count - 1, arguments + 1, &main_state.process);
    if (error == 0) {
        (void)qy_port_unbind(server.port, main_state.process); /* the last instance's */
        error = qy_port_bind(server.port, main_state.process, SIGNAL_EXITED, KEY_ENDED);
    }
    if (error == 0) {
        error = qy_server_run(&server);
    }
    if (error < 0) {
        qy_log("cannot go on: %s", qy_error_text(error));
        return 1;
    }
    if (!main_state.is_over) { /* the machine is being switched off */
        session_end();
        return 0;
    }
    return (int)main_state.code;
}
