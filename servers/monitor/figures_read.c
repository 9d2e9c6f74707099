/* SPDX-License-Identifier: MIT */
#include "figures_read.h"
#include "command.h"
#include <quay/system.h>
#include <quay/text.h>
#include <quay/thread.h>

/* A list is copied out page by page before anything is printed, because printing needs the message
 * buffer too. */
static struct {
    uint8_t page[IPC_PAYLOAD_MAX];
} figures_state;

void figures_begin(struct figures *figures, uint32_t topic, uint32_t record_size)
{
    *figures = (struct figures){.topic = topic, .record_size = record_size};
}

static bool page_read(struct figures *figures, bool is_first)
{
    if (!is_first && figures->cursor == 0) {
        return false;
    }
    if (qy_buffer() == NULL) {
        figures->error = -ENO_BUFFER;
        return false;
    }
    struct qy_result result = qy_system_info(command_resource(), figures->topic, figures->cursor);
    if (result.status < 0) {
        figures->error = result.status;
        return false;
    }
    figures->count = result.status;
    figures->cursor = result.second;
    figures->next = 0;
    memcpy(figures_state.page, qy_buffer()->payload, sizeof figures_state.page);
    return figures->count > 0;
}

bool figures_next(struct figures *figures, void *ret_record)
{
    if (figures->next == figures->count && !page_read(figures, figures->count == 0)) {
        if (figures->error < 0) {
            qy_printf("the kernel tells nothing: %s\n", qy_error_text(figures->error));
        }
        return false;
    }
    memcpy(ret_record, figures_state.page + (uint64_t)figures->next * figures->record_size,
           figures->record_size);
    figures->next++;
    return true;
}

bool figures_one(uint32_t topic, void *ret_record, uint32_t record_size)
{
    struct figures figures;
    figures_begin(&figures, topic, record_size);
    return figures_next(&figures, ret_record);
}
