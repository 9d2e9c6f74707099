#include "NAME_server.h"
#include <quay/server.h>
#include <quay/text.h>

static struct NAME_kept *kept;

void NAME_init(struct NAME_kept *memory)
{
    kept = memory;
}

static int64_t get(struct qy_request *request, char *ret_text)
{
    (void)request;
    if (kept->current == 0) {
        return QY_CAPITALS_FAILURE_NOTHING;
    }
    (void)qy_strlcpy(ret_text, kept->texts[kept->current], TEXT_MAX + 1); /* as long */
    return 0;
}

/* Written where nobody looks, then made the one. */
static int64_t set(struct qy_request *request, const char *text)
{
    uint32_t next = kept->current == 1 ? 2 : 1;
    (void)qy_strlcpy(kept->texts[next], text, TEXT_MAX + 1); /* as long */
    __atomic_store_n(&kept->current, next, __ATOMIC_RELEASE);
    qy_NAME_changed_send(request->server, text);
    return 0;
}

const struct qy_NAME_handlers NAME_handlers = {
    .get = get,
    .set = set,
};
