#include "NAME_server.h"
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/server.h>
#include <quay/thread.h>

#define SUBSCRIBERS_MAX 8

int main(int argument_count, char **arguments)
{
    static struct NAME_kept unkept; /* where nobody keeps memory for us */
    static struct qy_subscriber subscribers[SUBSCRIBERS_MAX];
    struct NAME_kept *kept = qy_memory_kept(sizeof *kept);
    struct qy_server server = {
        .dispatch = qy_NAME_dispatch,
        .handlers = &NAME_handlers,
        .subscribers = subscribers,
        .subscriber_max = SUBSCRIBERS_MAX,
    };
    (void)argument_count;
    (void)arguments;
    NAME_init(kept != NULL ? kept : &unkept);
    return qy_server_main(&server, "NAME");
}
